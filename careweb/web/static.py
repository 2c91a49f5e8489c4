"""What is the same for everybody: stylesheet, icons, scripts, and what a phone needs to install the site."""

import re
from functools import cache

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from careweb import paths
from careweb.domain.errors import NotHereError
from careweb.web.headers import KEEPING
from careweb.web.interfaces import interface_of

_TYPES = {
    "careweb.css": "text/css", "icon.svg": "image/svg+xml", "icon-192.png": "image/png", "icon-512.png": "image/png",
} | dict.fromkeys(("passkey.js", "keep.js", "push.js", "push-worker.js"), "text/javascript")  # fmt: skip
_AN_HOUR = {"cache-control": "public, max-age=3600"}


@cache
def stylesheet() -> bytes:
    """Without comments and needless spaces: 200 bytes of the 14 KB that a page may have."""
    css = re.sub(r"/\*.*?\*/", "", (paths.STATIC / "careweb.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r":\s+", ":", re.sub(r"\s*([{};,])\s*", r"\1", css)).strip().encode()


async def static_file(request: Request) -> Response:
    """An address with its digest may be kept for ever."""
    name = request.path_params["name"]
    if name not in _TYPES:
        raise NotHereError
    keep = {"cache-control": "public, max-age=31536000, immutable"} if request.url.query else _AN_HOUR
    if name == "careweb.css":
        return Response(stylesheet(), media_type="text/css", headers=keep)
    return FileResponse(paths.STATIC / name, media_type=_TYPES[name], headers=keep)


async def service_worker(_: Request) -> Response:
    """At the root, because it answers for all pages; it may fetch from here alone."""
    headers = KEEPING | {"cache-control": "no-cache"}
    return FileResponse(paths.STATIC / "sw.js", media_type="text/javascript", headers=headers)


async def manifest(request: Request) -> Response:
    icons = [{"src": "/static/icon.svg", "type": "image/svg+xml", "sizes": "any"}] + [
        {"src": f"/static/icon-{size}.png", "type": "image/png", "sizes": f"{size}x{size}"} for size in (192, 512)
    ]
    told = {
        "id": "/", "name": "careweb", "short_name": "careweb", "start_url": "/", "display": "minimal-ui", "icons": icons,
        "lang": interface_of(request).tag, "dir": interface_of(request).dir, "background_color": "#fbf6ee", "theme_color": "#fffdf9",
    }  # fmt: skip
    headers = _AN_HOUR | {"vary": "Accept-Language, Cookie"}
    return JSONResponse(told, media_type="application/manifest+json", headers=headers)
