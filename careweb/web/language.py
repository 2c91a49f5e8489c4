"""Choosing the language of the pages; never part of a link that someone may share."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from careweb.rendering import interfaces
from careweb.web.bodies import read_fields
from careweb.web.cookies import LANGUAGE, set_cookie


async def choose_language(request: Request) -> Response:
    fields = await read_fields(request)
    response = RedirectResponse(own_path(fields.get("back", "/")), 303)
    if (chosen := fields.get("lang", "")) in interfaces():
        set_cookie(request, response, LANGUAGE, chosen)
    return response


def own_path(path: str) -> str:
    """A path on this site; anything that leads elsewhere becomes the first page."""
    parts = urlsplit(path)
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and "\\" not in path
    return parts.path if ours and path.isprintable() else "/"
