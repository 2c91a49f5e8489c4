"""Texts and messengers, through Apprise. The operator's template says which service and host; a person's address only goes
quoted into its place there, so that it can never say where a message is sent to."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from careweb.config import Settings
from careweb.delivery.messages import DeliveryError, Message
from careweb.domain.channels import TYPED, ChannelKind

# What Apprise says of an answer that was no yes, and which of these mean that this recipient can never be reached so. What
# speaks of our account, our template or the gateway is worth another try, and an operator's look once it is parked.
_ANSWER = re.compile(r"error=(\d+)")
_NEVER: Mapping[ChannelKind, frozenset[int]] = {
    ChannelKind.SMS: frozenset({404, 410, 21211, 21610, 21614}),  # Twilio's: no number, said STOP, no mobile
    ChannelKind.TELEGRAM: frozenset({400, 403}),  # no such chat, or they blocked the bot
    ChannelKind.SIGNAL: frozenset({400}),
    ChannelKind.WHATSAPP: frozenset({131026}),
    ChannelKind.MATRIX: frozenset({403, 404}),
    ChannelKind.NTFY: frozenset({404, 410}),
}


class Messengers:
    def __init__(self, settings: Settings) -> None:
        self._timeout = settings.smtp_timeout.total_seconds()
        self._templates = {kind: getattr(settings, f"{kind}_url").get_secret_value() for kind in TYPED}

    async def send(self, message: Message) -> None:
        """Raises DeliveryError. Apprise has no key for a message; a template may hand ours on with {key}."""
        try:
            async with asyncio.timeout(self._timeout):
                taken, answers = await asyncio.to_thread(self._notify, message)
        except TimeoutError:
            raise DeliveryError("TimeoutError", permanent=False, unsure=True) from None
        if not taken:
            reason = f"{message.channel} {answers[-1] if answers else 'without an answer'}"
            never = bool(_NEVER[message.channel].intersection(answers))
            raise DeliveryError(reason, permanent=never, unsure=not answers)

    def address(self, kind: ChannelKind, to: str, key: str) -> str:
        """For one message to one person; it holds the operator's secrets, and is written nowhere."""
        return str(self._templates[kind].replace("{to}", quote(to, safe="")).replace("{key}", key))

    def service(self, kind: ChannelKind, to: str, key: str = "") -> Any:
        """None where Apprise knows no service of this template."""
        from apprise import Apprise, AppriseAsset

        asset = AppriseAsset(http_redirects=False, async_mode=False, secure_logging=True)
        return Apprise.instantiate(self.address(kind, to, key), asset=asset)

    def _notify(self, message: Message) -> tuple[bool, list[int]]:
        from apprise import Apprise, NotifyFormat

        found = self.service(message.channel, message.to, message.id.hex)
        if found is None:
            raise DeliveryError(f"no {message.channel} by this template", permanent=False)
        found.socket_connect_timeout = found.socket_read_timeout = self._timeout / 2
        one = Apprise()
        one.add(found)
        result = one.notify(body=message.text, body_format=NotifyFormat.TEXT)
        return bool(result), [int(code) for entry in result.logs() for code in _ANSWER.findall(entry.message)]
