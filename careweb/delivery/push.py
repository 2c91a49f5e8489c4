"""Web Push (RFC 8030, 8291, 8292): a message encrypted to one browser, handed to the push service that browser chose."""

import base64
import json
import time
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from careweb.config import Settings
from careweb.delivery.messages import DeliveryError, Message
from careweb.domain.channels import is_of_service

if TYPE_CHECKING:
    from aiohttp import ClientSession

_LIVES = 24 * 3600  # seconds the push service keeps it for a browser that is away
_TAKEN = frozenset({200, 201, 202, 204})
_GONE = frozenset({404, 410})  # the subscription; anything else is about us, or passes


class Push:
    """Give one to a process. Its libraries are loaded with the first message: most processes never send one."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        self._key, self._hosts = key, settings.push_hosts
        self._timeout = settings.smtp_timeout.total_seconds()
        self._subject = f"mailto:{parseaddr(settings.mail_from)[1]}"
        self._session: ClientSession | None = None

    async def send(self, message: Message) -> None:
        """Raises DeliveryError."""
        from aiohttp import ClientConnectorError, ClientError

        subscription = json.loads(message.to)
        endpoint = subscription["endpoint"]
        if not is_of_service(endpoint, self._hosts):  # the operator took it off the list
            raise DeliveryError("not a push service", permanent=True)
        body, headers = self._wire(message, subscription)
        try:
            async with self._open().post(endpoint, data=body, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except ClientConnectorError as error:
            raise DeliveryError(type(error).__name__, permanent=False) from None
        except (ClientError, TimeoutError) as error:
            raise DeliveryError(type(error).__name__, permanent=False, unsure=True) from None
        if status not in _TAKEN:
            raise DeliveryError(f"push {status}", permanent=status in _GONE)

    def _wire(self, message: Message, subscription: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        """The same topic however often it is tried: the push service keeps the last one, and the browser shows one."""
        from py_vapid import Vapid02
        from pywebpush import WebPusher, WebPushException

        tag = _text(message.id.bytes)
        shown = {
            "title": message.subject,
            "body": message.text,
            "url": message.link,
            "tag": tag,
            "lang": message.locale,
        }
        parts = urlsplit(subscription["endpoint"])
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "sub": self._subject,
            "exp": int(time.time()) + _LIVES // 2,
        }
        try:
            body: bytes = WebPusher(subscription).encode(json.dumps(shown).encode())["body"]
        except (WebPushException, ValueError) as error:  # a key that is no point of the curve
            raise DeliveryError(type(error).__name__, permanent=True) from None
        signed = Vapid02.from_raw(_text(self._key).encode()).sign(claims)  # type: ignore[no-untyped-call]
        return body, {**signed, "content-encoding": "aes128gcm", "ttl": str(_LIVES), "urgency": "high", "topic": tag}

    def _open(self) -> "ClientSession":
        from aiohttp import ClientSession, ClientTimeout

        if self._session is None:
            self._session = ClientSession(timeout=ClientTimeout(total=self._timeout))
        return self._session

    async def close(self) -> None:
        if self._session:
            await self._session.close()


def public_key(key: bytes) -> str:
    """What a browser is given to subscribe with."""
    public = ec.derive_private_key(int.from_bytes(key), ec.SECP256R1()).public_key()
    return _text(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
