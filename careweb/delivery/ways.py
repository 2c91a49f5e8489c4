"""Every way out of a process, by the kind of channel."""

from collections.abc import Awaitable, Callable, Mapping

from careweb.config import Settings
from careweb.delivery.mail import Mailer
from careweb.delivery.messages import Message
from careweb.delivery.messengers import Messengers
from careweb.delivery.push import Push
from careweb.domain.channels import ChannelKind


class Ways:
    """Give one to a process."""

    def __init__(self, settings: Settings, push_key: bytes) -> None:
        self._mailer, self._push, self._messengers = Mailer(settings), Push(settings, push_key), Messengers(settings)
        self._own: Mapping[ChannelKind, Callable[[Message], Awaitable[None]]] = {
            ChannelKind.EMAIL: self._mailer.send,
            ChannelKind.PUSH: self._push.send,
        }

    async def send(self, message: Message) -> None:
        """Raises DeliveryError."""
        await self._own.get(message.channel, self._messengers.send)(message)

    async def close(self) -> None:
        await self._mailer.close()
        await self._push.close()
