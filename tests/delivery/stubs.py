"""A server on loopback that keeps what it is sent and answers as told: a push service, or the gateway of a messenger."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Stub:
    requests: list[Request] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # 0: hangs up without one
    usual: int = 200
    said: bytes = b"{}"
    port: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self) -> int:
        return self.answers.pop(0) if self.answers else self.usual


class Stubbed:
    """Runs one on a thread of its own."""

    def __enter__(self) -> Stub:
        self.stub = stub = Stub()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                stub.requests.append(Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                if status := stub.answer():
                    self.send_response(status)
                    if status in (301, 302, 307, 308):
                        self.send_header("location", f"{stub.origin}/elsewhere")
                    self.send_header("content-length", str(len(stub.said)))
                    self.end_headers()
                    self.wfile.write(stub.said)

            do_PUT = do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                """It says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        stub.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return stub

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
