"""A browser that is only a socket: one connection, kept open; cookies; forms. Quick, so that it is not what is measured."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_COOKIE = re.compile(rb"\r\nset-cookie: *([^=]+)=([^;\r]*)", re.IGNORECASE)
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


@dataclass(frozen=True)
class Answer:
    status: int
    head: bytes
    body: bytes

    def hidden(self) -> dict[str, str]:
        """The hidden fields of the page; later ones, of the form proper, win."""
        return dict(_HIDDEN.findall(self.body.decode()))


class Browser:
    def __init__(self, port: int, cookies: Mapping[str, str] | None = None, *, gzip: bool = False) -> None:
        self._port = port
        self.cookies = dict(cookies or {})
        self._encoding = "accept-encoding: gzip\r\n" if gzip else ""

    async def __aenter__(self) -> "Browser":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def get(self, path: str) -> Answer:
        return await self._ask(self.request("GET", path))

    async def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        return await self._ask(self.request("POST", path, urlencode(fields).encode()))

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        lines = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{self._port}\r\nsec-fetch-site: same-origin\r\n{self._encoding}"
        lines += f"cookie: {cookies}\r\n" if cookies else ""
        if body:
            lines += f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n"
        return f"{lines}\r\n".encode() + body

    async def _ask(self, request: bytes) -> Answer:
        answer = await self.exchange(request)
        for name, value in _COOKIE.findall(answer.head):
            self.cookies[name.decode()] = value.decode()
        return answer

    async def exchange(self, request: bytes) -> Answer:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await self._reader.readexactly(int(length[1])) if length else b""
        return Answer(int(head[9:12]), head, body)
