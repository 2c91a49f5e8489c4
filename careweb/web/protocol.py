"""The HTTP of uvicorn; what it answers itself, to what is no HTTP at all, says to browsers what every page says."""

from copy import copy

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from careweb.config import settings
from careweb.web.headers import headers_of


class Protocol(HttpToolsProtocol):
    def send_400_response(self, msg: str) -> None:
        said = headers_of(settings()) | {"cache-control": "no-store"}
        self.server_state = copy(self.server_state)  # for this connection alone, which ends with it
        self.server_state.default_headers = [(name.encode(), value.encode()) for name, value in said.items()]
        super().send_400_response(msg)
