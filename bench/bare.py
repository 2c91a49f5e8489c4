"""What the pages are measured against: a Starlette page rendered by Jinja2 from a list of lines, and nothing else.

No database, no languages, no forms bound to a browser, no headers of its own. Run as `python -m bench.bare PORT SIZES`,
SIZES as {"ask": 30000}: a page at /ask of that many bytes; the same at /packed/ask through Starlette's own compression.
"""

import json
import sys
from collections.abc import Awaitable, Callable

import uvicorn
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.templating import Jinja2Templates

_PAGE = """<!doctype html>
<html lang="{{ lang }}"><head><meta charset="utf-8"><title>{{ title }}</title></head><body>
<h1>{{ title }}</h1>
{% for text in lines %}<p>{{ text }}</p>
{% endfor %}</body></html>
"""
_LINE = "{}. Volunteers of the group are asked; nobody sees your name before you both agree."


def bare_app(sizes: dict[str, int]) -> Starlette:
    templates = Jinja2Templates(env=Environment(loader=DictLoader({"page.html": _PAGE}), autoescape=True))
    pages: list[BaseRoute] = [Route(f"/{name}", _page(templates, size)) for name, size in sizes.items()]
    packed = Starlette(routes=pages, middleware=[Middleware(GZipMiddleware, minimum_size=500)])
    return Starlette(routes=[*pages, Mount("/packed", packed)])


def _page(templates: Jinja2Templates, size: int) -> Callable[[Request], Awaitable[Response]]:
    shown = {"lang": "en", "title": "What do you need?", "lines": list(_lines(size))}

    async def page(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", dict(shown))

    return page


def _lines(size: int) -> list[str]:
    lines = [_LINE.format(number) for number in range(size // len(_LINE))]
    while sum(len(line) + 8 for line in lines) > size:
        lines.pop()
    return lines


if __name__ == "__main__":
    uvicorn.run(
        bare_app(json.loads(sys.argv[2])),
        port=int(sys.argv[1]),
        access_log=False,
        server_header=False,
        log_level="warning",
    )
