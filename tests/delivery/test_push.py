"""Web Push against a push service that decrypts as a browser would: real keys, real encryption, real signatures."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import http_ece
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from careweb.config import Settings
from careweb.delivery.messages import DeliveryError, Message
from careweb.delivery.push import Push, public_key
from careweb.domain.channels import AddressError, ChannelKind, read_subscription
from careweb.storage.sealing import Vault
from tests.delivery.stubs import Stub, Stubbed
from tests.world import VAULT

KEY = VAULT.push_key()


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """What a browser keeps of a subscription."""

    def __init__(self, origin: str) -> None:
        self.key, self.auth = ec.generate_private_key(ec.SECP256R1()), b"a" * 16
        public = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": text(public), "auth": text(self.auth)}
        self.subscription = json.dumps({"endpoint": f"{origin}/send/one", "expirationTime": None, "keys": keys})

    def read(self, body: bytes) -> Any:
        plain = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")  # type: ignore[no-untyped-call]
        return json.loads(plain)


@pytest.fixture
def service() -> Iterator[Stub]:
    with Stubbed() as stub:
        stub.usual = 201
        yield stub


@pytest_asyncio.fixture
async def push(service: Stub) -> AsyncIterator[Push]:
    settings = Settings.model_validate(
        {"push_services": service.origin, "mail_from": "A <post@care.example.org>", "smtp_timeout": 2}
    )
    push = Push(settings, KEY)
    yield push
    await push.close()


def message(to: str, **more: Any) -> Message:
    about: dict[str, Any] = {
        "id": uuid4(), "subject": "Vous avez un message", "text": "", "html": "", "locale": "fr",
        "written_at": datetime(2026, 11, 23, tzinfo=UTC), "channel": ChannelKind.PUSH, "link": "https://care.example.org/a/x",
    }  # fmt: skip
    return Message(to=to, **about | more)


async def test_only_the_browser_reads_it_and_it_says_that_there_is_a_message_and_where(
    push: Push, service: Stub
) -> None:
    browser = Browser(service.origin)
    kept = read_subscription(browser.subscription, (service.origin,))
    sent = message(kept)
    await push.send(sent)
    [request] = service.requests
    assert request.path == "/send/one"
    assert b"message" not in request.body
    told = browser.read(request.body)
    assert told == {
        "title": "Vous avez un message", "body": "", "url": "https://care.example.org/a/x", "tag": text(sent.id.bytes), "lang": "fr",
    }  # fmt: skip
    assert (request.headers["content-encoding"], request.headers["ttl"]) == ("aes128gcm", "86400")


async def test_the_push_service_can_tell_that_it_is_this_installation(push: Push, service: Stub) -> None:
    await push.send(message(Browser(service.origin).subscription))
    scheme, _, rest = service.requests[0].headers["authorization"].partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, given["k"]) == ("vapid", public_key(KEY)), "the key that the browser subscribed with"
    head, claims, signature = given["t"].split(".")
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(given["k"]))
    r, s = (int.from_bytes(half) for half in (raw(signature)[:32], raw(signature)[32:]))
    point.verify(encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    said = json.loads(raw(claims))
    assert (said["aud"], said["sub"]) == (service.origin, "mailto:post@care.example.org")


async def test_tried_twice_it_has_the_same_topic_so_that_one_is_shown(push: Push, service: Stub) -> None:
    one = message(Browser(service.origin).subscription)
    await push.send(one)
    await push.send(one)
    assert len({request.headers["topic"] for request in service.requests}) == 1


@pytest.mark.parametrize(
    ("status", "permanent", "unsure"),
    [
        (404, True, False),
        (410, True, False),
        (429, False, False),
        (503, False, False),
        (403, False, False),
        (0, False, True),
    ],
)
async def test_what_is_gone_is_gone_and_the_rest_passes(
    push: Push, service: Stub, status: int, permanent: bool, unsure: bool
) -> None:
    service.answers = [status]
    with pytest.raises(DeliveryError) as told:
        await push.send(message(Browser(service.origin).subscription))
    assert (told.value.permanent, told.value.unsure) == (permanent, unsure)
    assert "send/one" not in str(told.value)


async def test_nobody_is_followed_elsewhere(push: Push, service: Stub) -> None:
    service.answers = [307]
    with pytest.raises(DeliveryError):
        await push.send(message(Browser(service.origin).subscription))
    assert [request.path for request in service.requests] == ["/send/one"]


async def test_a_service_that_is_not_on_the_list_any_more_is_not_asked(push: Push, service: Stub) -> None:
    elsewhere = Browser(service.origin.replace("127.0.0.1", "localhost")).subscription
    with pytest.raises(DeliveryError) as told:
        await push.send(message(elsewhere))
    assert told.value.permanent
    assert service.requests == []


async def test_a_key_that_is_no_point_of_the_curve_is_refused_for_good(push: Push, service: Stub) -> None:
    keys = {"p256dh": text(b"\x04" + b"\x01" * 64), "auth": text(b"a" * 16)}
    with pytest.raises(DeliveryError) as told:
        await push.send(message(json.dumps({"endpoint": f"{service.origin}/x", "keys": keys})))
    assert told.value.permanent


SERVICES = ("fcm.googleapis.com", "*.push.apple.com")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x", "https://fcm.googleapis.com:8443/x", "https://me@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@10.0.0.1/x", "https://10.0.0.1/fcm.googleapis.com", "https://fcm.googleapis.com.evil.example/x",
        "https://push.apple.com.evil.example/", "https://evilpush.apple.com/", "file:///etc/passwd", "https://fcm.googleapis.com\\@evil.example/",
        "https://fcm.googleapis.com /x", "", "//fcm.googleapis.com/x", "https://FCM.googleapis.com%2f@evil.example/",
    ],
)  # fmt: skip
def test_a_browser_names_no_other_server_of_ours_or_of_anybody(endpoint: str) -> None:
    given = json.loads(Browser("https://fcm.googleapis.com").subscription)
    assert read_subscription(json.dumps(given), SERVICES)
    with pytest.raises(AddressError):
        read_subscription(json.dumps(given | {"endpoint": endpoint}), SERVICES)


@pytest.mark.parametrize("given", ["", "[]", "null", "{}", '{"endpoint": 1, "keys": {}}', '{"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "é", "auth": "x"}}'])  # fmt: skip
def test_what_is_no_subscription_is_refused(given: str) -> None:
    with pytest.raises(AddressError):
        read_subscription(given, SERVICES)


def test_the_key_comes_from_the_installations_own_and_stays_when_that_is_renewed() -> None:
    renewed = Vault({2: b"n" * 32, 1: bytes(range(32))})
    assert renewed.push_key() == KEY
    assert Vault({1: b"o" * 32}).push_key() != KEY
    assert raw(public_key(KEY))[0] == 4
