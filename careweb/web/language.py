"""Choosing the language of the pages; never part of a link that someone may share."""

from urllib.parse import urlsplit

from starlette.responses import Response

from careweb.flows.following import read_in
from careweb.flows.offers import speak_in
from careweb.rendering import interfaces
from careweb.web.cookies import LANGUAGE, set_cookie
from careweb.web.shields import hides_its_site
from careweb.web.visits import Visit, see_other


async def choose_language(visit: Visit) -> Response:
    """Of the pages; and of their messages, for someone signed in, or for whoever reads the page of their need."""
    response = see_other(own_address(visit.fields.get("back", "/")))
    if (chosen := visit.fields.get("lang", "")) in interfaces():
        set_cookie(visit.request, response, LANGUAGE, chosen)
        if not hides_its_site(visit.request.headers):
            await _write_in(visit, chosen)
    return response


async def _write_in(visit: Visit, chosen: str) -> None:
    if visit.visitor.member_id:
        await speak_in(visit.ctx, visit.visitor.member_id, locale=chosen, time_zone=visit.visitor.time_zone)
    read = own_path(visit.fields.get("back", "/"))
    for need_id in visit.visitor.needs:
        if f"{read}/".startswith(f"/need/{need_id}/"):
            await read_in(visit.ctx, need_id, chosen)


def own_path(address: str) -> str:
    """A path on this site; anything that leads elsewhere becomes the first page."""
    return urlsplit(own_address(address)).path


def own_address(address: str) -> str:
    """The same with what the page was asked for, as the filter of a list."""
    parts = urlsplit(address)
    ours = (
        address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc and "\\" not in address
    )
    return parts._replace(fragment="").geturl() if ours and address.isprintable() else "/"
