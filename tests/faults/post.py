"""The mail server of a run: one door for each worker, so that it knows who sends, and can kill them in the middle."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, kw_only=True)
class Delivery:
    at: float  # on the monotonic clock
    worker: str
    to: str
    notice: str  # the id in its Message-ID
    text: str = field(repr=False)
    told: bool  # the sender was told that it was taken; it may have been gone by then


@dataclass
class PostOffice:
    read: Callable[[Delivery], None]
    kill: Callable[[str], None]
    deliveries: list[Delivery] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)  # notices that got a permanent no
    reply: str = ""  # instead of taking anything
    stalls: bool = False
    late: bool = False
    kill_next: bool = False
    hit: int = 0  # messages that were refused, stalled or late
    servers: list[asyncio.Server] = field(default_factory=list)

    async def open_door(self, worker: str) -> int:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(_Door(self, worker), hostname="sink.test", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
        )
        self.servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def close(self) -> None:
        for server in self.servers:
            server.close()


class _Door:
    def __init__(self, office: PostOffice, worker: str) -> None:
        self._office, self._worker = office, worker

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        office = self._office
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
        notice = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        office.hit += bool(office.reply or office.stalls or office.late)
        if office.reply:
            if office.reply.startswith("5"):
                office.refused.add(notice)
            return office.reply
        if office.stalls:
            await asyncio.sleep(3600)
        self._take(mail, notice)
        if office.kill_next:
            office.kill_next = False
            office.kill(self._worker)
        if office.late:
            await asyncio.sleep(3600)
        return "250 OK"

    def _take(self, mail: EmailMessage, notice: str) -> None:
        office = self._office
        body = mail.get_body(("plain",))
        delivery = Delivery(
            at=time.monotonic(), worker=self._worker, to=str(mail["To"]), notice=notice,
            text=body.get_content() if body else "", told=not (office.late or office.kill_next),
        )  # fmt: skip
        office.deliveries.append(delivery)
        office.read(delivery)
