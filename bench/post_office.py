"""A mail server that takes everything, and notes when it did: just enough SMTP for one client of ours."""

import asyncio
import base64
import re
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import cast
from uuid import UUID

_ASK_LINK = re.compile(r"/a/([A-Za-z0-9_-]+)")
_REPLIES = {b"EHLO": b"250-bench\r\n250 SMTPUTF8\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}
_END = b"\r\n.\r\n"


@dataclass
class PostOffice:
    """`letters`: when the last byte of each was here (time.monotonic), just before it was accepted, and its text."""

    letters: list[tuple[float, bytes]] = field(default_factory=list)
    port: int = 0

    async def open(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Counter(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._server.close()

    def asks_arrived(self) -> dict[UUID, float]:
        """When each ask arrived, by its id: the link in the message begins with it."""
        arrived: dict[UUID, float] = {}
        for at, letter in self.letters:
            ask = _ask_of(letter)
            if ask:
                arrived.setdefault(ask, at)
        return arrived


def _ask_of(letter: bytes) -> UUID | None:
    body = message_from_bytes(letter, policy=policy.default).get_body(("plain",))
    link = _ASK_LINK.search(body.get_content()) if body else None
    return UUID(bytes=base64.urlsafe_b64decode(link[1] + "=" * (-len(link[1]) % 4))[:16]) if link else None


class _Counter(asyncio.Protocol):
    """One connection. Commands come one by one: nothing is announced that would let a client send ahead."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office
        self._waiting = b""
        self._in_letter = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own kind is no subclass
        self._transport.write(b"220 bench\r\n")

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        end = _END if self._in_letter else b"\r\n"
        while end in self._waiting:
            part, _, self._waiting = self._waiting.partition(end)
            if self._in_letter:
                self._office.letters.append((time.monotonic(), part))
            self._transport.write(self._answer(part[:4].upper()))
            end = _END if self._in_letter else b"\r\n"

    def _answer(self, command: bytes) -> bytes:
        self._in_letter = not self._in_letter and command == b"DATA"
        return _REPLIES.get(command, b"250 fine\r\n")
