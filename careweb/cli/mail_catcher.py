"""The demonstration's mail server: takes everything on loopback and lets nothing out.

Run as `python -m careweb.cli.mail_catcher WHERE FOLDER`: WHERE is HOST:PORT, or the number of a socket that is
already open. A message is one file in FOLDER, newest last by name.
"""

import asyncio
import itertools
import os
import signal
import socket
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

_KEPT = 1000


class Catcher:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        name = f"{time.time_ns():020d}-{next(self._numbers):06d}.eml"
        unfinished = self._folder / f".{name}"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        unfinished.rename(self._folder / name)
        self._forget_old()
        return "250 kept"

    def _forget_old(self) -> None:
        for old in sorted(self._folder.glob("[0-9]*.eml"))[:-_KEPT]:
            old.unlink(missing_ok=True)


async def _serve(listening: socket.socket, folder: Path) -> None:
    loop, catcher, ended = asyncio.get_running_loop(), Catcher(folder), asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, ended.set)
    server = await loop.create_server(
        lambda: SMTP(catcher, hostname="demo.invalid", enable_SMTPUTF8=True, loop=loop), sock=listening
    )
    await ended.wait()
    server.close()


def main() -> None:
    where, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    host, _, port = where.rpartition(":")
    listening = socket.create_server((host, int(port))) if host else socket.socket(fileno=int(port))
    asyncio.run(_serve(listening, folder))


if __name__ == "__main__":
    main()
