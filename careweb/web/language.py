"""Choosing the language of the pages; never part of a link that someone may share."""

from urllib.parse import urlsplit

from starlette.responses import Response

from careweb.flows.offers import speak_in
from careweb.rendering import interfaces
from careweb.web.cookies import LANGUAGE, set_cookie
from careweb.web.visits import Visit, see_other


async def choose_language(visit: Visit) -> Response:
    """Of the pages; and for someone signed in, of their messages."""
    response = see_other(own_path(visit.fields.get("back", "/")))
    if (chosen := visit.fields.get("lang", "")) in interfaces():
        set_cookie(visit.request, response, LANGUAGE, chosen)
        if visit.visitor.member_id:
            await speak_in(visit.ctx, visit.visitor.member_id, locale=chosen, time_zone=visit.visitor.time_zone)
    return response


def own_path(path: str) -> str:
    """A path on this site; anything that leads elsewhere becomes the first page."""
    parts = urlsplit(path)
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and "\\" not in path
    return parts.path if ours and path.isprintable() else "/"
