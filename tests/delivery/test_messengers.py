"""Texts and messengers through the real Apprise, against a gateway on loopback; and that an address is never a URL.

Twilio, Telegram and WhatsApp have addresses of their own built into Apprise: of these a test leads what Apprise sends to the stub.
"""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, quote
from uuid import uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from careweb.config import Settings
from careweb.delivery.messages import DeliveryError, Message
from careweb.delivery.messengers import Messengers
from careweb.domain.channels import TYPED, AddressError, ChannelKind, read_address
from tests.delivery.stubs import Stub, Stubbed

GOOD = {
    ChannelKind.SMS: "+14165550199", ChannelKind.SIGNAL: "+14165550199", ChannelKind.WHATSAPP: "+14165550199",
    ChannelKind.TELEGRAM: "123456789", ChannelKind.MATRIX: "@wing:example.org", ChannelKind.NTFY: "wing-7",
}  # fmt: skip
REAL = {
    "sms_url": f"twilio://AC{'a' * 32}:{'b' * 32}@+14165550100/{{to}}",
    "telegram_url": f"tgram://123456789:{'a' * 35}/{{to}}",
    "signal_url": "signal://localhost:8080/+14165550100/{to}",
    "whatsapp_url": f"whatsapp://{'t' * 20}@12345678901234/{{to}}",
    "matrix_url": "matrixs://user:password@matrix.example.org/{to}",
    "ntfy_url": "ntfys://ntfy.example.org/{to}",
}


@pytest.fixture
def gateway() -> Iterator[Stub]:
    with Stubbed() as stub:
        yield stub


def messengers(**urls: str) -> Messengers:
    return Messengers(Settings.model_validate({"smtp_timeout": 4} | urls))


def message(kind: ChannelKind, **more: Any) -> Message:
    about: dict[str, Any] = {
        "id": uuid4(), "to": GOOD[kind], "subject": "You have a message", "text": "You have a message: https://care.example.org/a/x",
        "html": "", "locale": "en", "written_at": datetime(2026, 11, 23, tzinfo=UTC), "channel": kind,
    }  # fmt: skip
    return Message(**about | more)


EVERY = messengers(**REAL)


async def refused(way: Messengers, one: Message) -> DeliveryError:
    with pytest.raises(DeliveryError) as told:
        await way.send(one)
    return told.value


async def test_a_signal_message_goes_to_the_operators_gateway_and_to_that_number(gateway: Stub) -> None:
    way = messengers(signal_url=f"signal://127.0.0.1:{gateway.port}/+14165550100/{{to}}")
    await way.send(message(ChannelKind.SIGNAL))
    [request] = gateway.requests
    sent = json.loads(request.body)
    assert (sent["number"], sent["recipients"]) == ("+14165550100", ["+14165550199"])
    assert "You have a message: https://care.example.org/a/x" in sent["message"]


async def test_an_ntfy_message_goes_to_that_topic(gateway: Stub) -> None:
    way = messengers(ntfy_url=f"ntfy://127.0.0.1:{gateway.port}/{{to}}")
    await way.send(message(ChannelKind.NTFY))
    assert "wing-7" in gateway.requests[0].path + gateway.requests[0].body.decode()


async def test_a_gateway_of_ones_own_gets_number_and_text_and_the_same_key_each_time(gateway: Stub) -> None:
    way = messengers(sms_url=f"json://127.0.0.1:{gateway.port}/send?:to={{to}}&+Idempotency-Key={{key}}")
    one = message(ChannelKind.SMS)
    await way.send(one)
    await way.send(one)
    assert [json.loads(request.body)["to"] for request in gateway.requests] == ["+14165550199"] * 2
    assert {request.headers["idempotency-key"] for request in gateway.requests} == {one.id.hex}


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (401, False), (429, False), (500, False), (502, False)])
async def test_each_failure_says_whether_it_is_for_good(gateway: Stub, status: int, permanent: bool) -> None:
    gateway.answers = [status]
    error = await refused(
        messengers(signal_url=f"signal://127.0.0.1:{gateway.port}/+14165550100/{{to}}"), message(ChannelKind.SIGNAL)
    )
    assert (error.permanent, error.unsure) == (permanent, False)
    assert "5550199" not in str(error)


async def test_no_answer_may_have_arrived(gateway: Stub) -> None:
    gateway.answers = [0]
    error = await refused(messengers(ntfy_url=f"ntfy://127.0.0.1:{gateway.port}/{{to}}"), message(ChannelKind.NTFY))
    assert (error.permanent, error.unsure) == (False, True)


async def test_nobody_is_followed_elsewhere(gateway: Stub) -> None:
    gateway.answers = [307]
    await refused(messengers(sms_url=f"json://127.0.0.1:{gateway.port}/send?:to={{to}}"), message(ChannelKind.SMS))
    assert [request.path.partition("?")[0].rstrip("/") for request in gateway.requests] == ["/send"]


async def test_many_at_once_do_not_mix(gateway: Stub) -> None:
    way = messengers(signal_url=f"signal://127.0.0.1:{gateway.port}/+14165550100/{{to}}")
    numbers = [f"+1416555{n:04d}" for n in range(8)]
    await asyncio.gather(*[way.send(message(ChannelKind.SIGNAL, to=number)) for number in numbers])
    sent = [json.loads(request.body)["recipients"] for request in gateway.requests]
    assert sorted(sent) == [[number] for number in numbers]


LINK = "https://care.example.org/a/x_y_z-1*2_3"
BUILT_IN = {  # services whose address is in Apprise: where it is kept, and what is put in its place
    ChannelKind.SMS: ("notify_sms_url", "/{sid}/Messages.json"),
    ChannelKind.TELEGRAM: ("notify_url", "/bot"),
    ChannelKind.WHATSAPP: ("notify_url", "/{fb_ver}/{phone_id}/messages"),
}


class Led(Messengers):
    """The same services, led to the gateway."""

    origin = ""

    def service(self, kind: ChannelKind, to: str, key: str = "") -> Any:
        found = super().service(kind, to, key)
        name, path = BUILT_IN[kind]
        setattr(found, name, self.origin + path)
        return found


def led(gateway: Stub) -> Led:
    way = Led(Settings.model_validate({"smtp_timeout": 4} | REAL))
    way.origin = gateway.origin
    return way


def sent_to(kind: ChannelKind, body: bytes) -> tuple[str, str]:
    """Whom, and what they read there."""
    if kind is ChannelKind.SMS:
        fields = dict(parse_qsl(body.decode()))
        return fields["To"], fields["Body"]
    given = json.loads(body)
    if kind is ChannelKind.WHATSAPP:
        return given["to"], given["text"]["body"]
    return str(given["chat_id"]), unescape(given["text"]) if given["parse_mode"] == "HTML" else "not as it was written"


@pytest.mark.parametrize("kind", sorted(BUILT_IN))
async def test_services_with_an_address_of_their_own_get_the_number_and_the_text_as_it_is(
    gateway: Stub, kind: ChannelKind
) -> None:
    text = (
        f"You have a message: {LINK} Answer Y 4821 or N 4821. STOP ends this. " + "Groceries, Tue, Nov 24, near. " * 4
    )
    await led(gateway).send(message(kind, text=text.strip()))
    [request] = gateway.requests
    whom, read = sent_to(kind, request.body)
    assert whom.lstrip("+") == GOOD[kind].lstrip("+")
    assert read.strip() == text.strip(), "in one piece, and the link whole"


@pytest.mark.parametrize(
    ("kind", "status", "said", "permanent"),
    [
        (ChannelKind.SMS, 400, {"code": 21610, "message": "said STOP"}, True), (ChannelKind.SMS, 400, {"code": 21211}, True),
        (ChannelKind.SMS, 401, {"code": 20003}, False), (ChannelKind.SMS, 429, {"code": 20429}, False), (ChannelKind.SMS, 503, {}, False),
        (ChannelKind.TELEGRAM, 403, {"description": "bot was blocked by the user"}, True), (ChannelKind.TELEGRAM, 401, {}, False),
        (ChannelKind.TELEGRAM, 404, {}, False), (ChannelKind.TELEGRAM, 400, {"description": "chat not found"}, True),
        (ChannelKind.WHATSAPP, 400, {"error": {"code": 131026, "message": "undeliverable"}}, True),
        (ChannelKind.WHATSAPP, 401, {"error": {"code": 190, "message": "token"}}, False),
    ],
)  # fmt: skip
async def test_what_each_service_says_of_the_recipient_is_for_good_and_of_us_is_not(
    gateway: Stub, kind: ChannelKind, status: int, said: dict[str, Any], permanent: bool
) -> None:
    gateway.answers, gateway.said = [status], json.dumps(said).encode()
    error = await refused(led(gateway), message(kind))
    assert (error.permanent, error.unsure) == (permanent, False)


@pytest.mark.parametrize("kind", sorted(TYPED))
def test_apprise_takes_the_address_as_the_one_recipient_of_each_service(kind: ChannelKind) -> None:
    service = EVERY.service(kind, GOOD[kind])
    assert GOOD[kind].lstrip("+@") in quote_free(service.url())
    assert "evil" not in service.url()


def quote_free(url: str) -> str:
    from urllib.parse import unquote

    return unquote(url)


HOSTILE = [
    "http://10.0.0.1/", "//evil.example", "x@evil.example", "../../etc", "a/b", "a?b=c", "a#b", "a%2fb", "{to}", "{key}", "a\nb", "a b",
    "-1001234567890", "@wing:evil.example/..", "@wing:10.0.0.1:80", "@wing:[::1]", "+14165550199/evil", "tgram://x", "", "\x00", "é",
]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(TYPED))
@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_address_of_its_kind_is_refused(kind: ChannelKind, text: str) -> None:
    with pytest.raises(AddressError):
        read_address(kind, text)


TYPED_SO = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=40), st.text(alphabet="0123456789+-() ./@:?#%&=a", max_size=24),
    st.from_regex(r"\+1[2-9][0-9]{9}", fullmatch=True), st.from_regex(r"@[a-z0-9._=+-]{1,9}:[a-z0-9-]{1,9}\.[a-z]{2,5}", fullmatch=True),
)  # fmt: skip


@settings(deadline=None)
@given(kind=st.sampled_from(sorted(TYPED)), text=TYPED_SO)
@example(kind=ChannelKind.SMS, text=GOOD[ChannelKind.SMS])
@example(kind=ChannelKind.MATRIX, text=GOOD[ChannelKind.MATRIX])
def test_whatever_is_typed_changes_nothing_of_the_url_but_its_place(kind: ChannelKind, text: str) -> None:
    try:
        address = read_address(kind, text)
    except AddressError:
        return
    url = EVERY.address(kind, address, "")
    before, _, after = REAL[f"{kind}_url"].partition("{to}")
    assert url == before + quote(address, safe="") + after
    assert not set(quote(address, safe="")) & set("/?#@:&\\ ")


@pytest.mark.parametrize(
    "template", ["json://{to}/", "json://{to}@host/", "json://host:{to}/", "json://host/", "json://host/{to}/{to}", "json:{to}", "{to}"]
)  # fmt: skip
def test_a_template_with_the_address_elsewhere_is_refused_at_the_start(template: str) -> None:
    with pytest.raises(ValidationError) as told:
        Settings.model_validate({"sms_url": template})
    assert "behind the host" in str(told.value)
    own_words = "as {to}, once"
    assert template not in str(told.value).replace(own_words, ""), "it holds secrets"
