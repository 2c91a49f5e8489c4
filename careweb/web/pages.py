"""A template into a response: the words every page needs, and the pages of what went wrong."""

import hashlib
import secrets
from collections.abc import Mapping
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Match

from careweb import paths
from careweb.rendering import interfaces, render_html
from careweb.web.cookies import BROWSER, form_token, read_cookie, set_cookie
from careweb.web.headers import KEEPING, SENSITIVE
from careweb.web.interfaces import SPEAK, interface_of
from careweb.web.outcomes import ended


@cache
def asset(name: str) -> str:
    """An address that changes with what it holds, so that it may be kept for ever."""
    digest = hashlib.sha256((paths.STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?{digest}"


class FormToken:
    """Rendered into a form; a browser without its cookie gets one with that page."""

    def __init__(self, request: Request) -> None:
        self.browser = read_cookie(request, BROWSER)
        self.planted = False

    def __str__(self) -> str:
        if not self.browser:
            self.browser, self.planted = secrets.token_urlsafe(24), True
        return form_token(self.browser)


def page(
    request: Request, name: str, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
) -> HTMLResponse:
    token = FormToken(request)
    return answer(request, name, drawn(request, name, form_token=token, **context), token, status, headers)


def drawn(request: Request, name: str, **context: Any) -> str:
    settings = request.app.state.settings
    frame = {
        "interfaces": list(interfaces().values()),
        "stylesheet": asset("careweb.css"),
        "script": asset("keep.js") if name in SENSITIVE else "",
        "path": request.url.path,
        "page_address": back_to(request),
        "typed": False,  # set by pages with a form
        "speak": SPEAK,
        "demo": settings.demo,
        "purge_days": settings.purge_after.days,
        "visitor": getattr(request.state, "visitor", None),
    }
    return render_html(interface_of(request).tag, name, **frame | context)


LONGEST_BACK = 400  # characters


def back_to(request: Request) -> str:
    """This page, for whoever reads it in another language; after a form, the nearest page at or above its address."""
    path, query = request.url.path, request.url.query
    if request.method in ("GET", "HEAD"):
        return f"{path}?{query}" if query and len(query) <= LONGEST_BACK else path
    while path and not _may_be_looked_at(request, path):
        path = path.rpartition("/")[0]
    return path or "/"


def _may_be_looked_at(request: Request, path: str) -> bool:
    scope = {"type": "http", "method": "GET", "path": path, "root_path": ""}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


def answer(
    request: Request,
    name: str,
    html: str | bytes,
    token: FormToken,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """`name`: of the template it was drawn from."""
    scripts = KEEPING if name in SENSITIVE else {}
    response = HTMLResponse(html, status, {**scripts, **(headers or {})}, media_type="text/html")
    response.headers["content-language"] = interface_of(request).tag
    response.headers["vary"] = "Accept-Language, Cookie"
    if token.planted:
        set_cookie(request, response, BROWSER, token.browser)
    return response


def error_page(
    request: Request, status: int, kind: str, *, reference: str = "", headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """`kind` is a name in templates/error.html, which has the words."""
    ended(request, kind)
    return page(request, "error.html", status, headers, kind=kind, reference=reference)
