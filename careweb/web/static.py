"""The stylesheet, the icon and the few scripts; an address with its digest may be kept for ever."""

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from careweb import paths
from careweb.domain.errors import NotHereError

_SCRIPTS = ("passkey.js", "push.js", "push-worker.js")
_TYPES = {"careweb.css": "text/css", "icon.svg": "image/svg+xml"} | dict.fromkeys(_SCRIPTS, "text/javascript")


async def static_file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _TYPES:
        raise NotHereError
    keep = "public, max-age=31536000, immutable" if request.url.query else "public, max-age=3600"
    return FileResponse(paths.STATIC / name, media_type=_TYPES[name], headers={"cache-control": keep})
