"""For whoever runs this: does it live, could it serve, how is it doing."""

import ipaddress

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from careweb.domain.errors import NotHereError
from careweb.storage.away import is_away
from careweb.storage.migrations import pending

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")


async def healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    try:
        missing = await pending(request.app.state.engine)
    except Exception as error:
        if not is_away(error):
            raise
        return PlainTextResponse("the database is away\n", 503)
    return PlainTextResponse(f"migrations are missing: {len(missing)}\n", 503) if missing else PlainTextResponse("ok\n")


async def metrics(request: Request) -> Response:
    """Only for this machine, and not through a proxy on it."""
    forwarded = any(name in request.headers for name in _FORWARDED)
    if forwarded or request.client is None or not _is_loopback(request.client.host):
        raise NotHereError
    return Response(request.app.state.figures.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
