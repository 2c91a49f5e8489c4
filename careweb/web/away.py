"""PostgreSQL cannot be reached: who can be called meanwhile, and the form that was being sent, ready to be sent again."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from careweb.rendering import render_html
from careweb.storage.away import is_away
from careweb.storage.database import Engine, reading, run
from careweb.web.bodies import NO_FIELDS, Fields
from careweb.web.interfaces import interface_of

MOST_BYTES = 1024  # of the page, beside what the person wrote
AGAIN_SECONDS = 10
_EVERY_SECONDS = 60.0
_FILE = "groups.json"


@dataclass(frozen=True)
class Line:
    slug: str
    name: str
    phone: str


class Lines:
    """The groups' telephone numbers, as they were when the database last answered; kept beside it for the next start."""

    def __init__(self, state: Path) -> None:
        self._file = state / _FILE
        self.known: Sequence[Line] = ()
        with suppress(OSError, ValueError, TypeError):
            self.known = [Line(*one) for one in json.loads(self._file.read_text(encoding="utf-8"))]

    async def refresh(self, engine: Engine) -> None:
        try:
            async with reading(engine) as tx:
                rows = await run(tx, "all_groups")
        except Exception as error:
            if is_away(error):
                return
            raise
        lines = [Line(row["slug"], row["name"], row["phone_line"]) for row in rows if row["phone_line"]]
        if lines != self.known:
            self.known = lines
            with suppress(OSError):  # a state folder that may not be written: the next start has to ask
                self._keep(lines)

    def _keep(self, lines: Sequence[Line]) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps([[one.slug, one.name, one.phone] for one in lines]), encoding="utf-8")
        fresh.replace(self._file)


@asynccontextmanager
async def kept_fresh(lines: Lines, engine: Engine) -> AsyncIterator[None]:
    async def go_on() -> None:
        while True:
            with suppress(Exception):  # whatever it is, the pages say so; the numbers stay as they were
                await lines.refresh(engine)
            await asyncio.sleep(_EVERY_SECONDS)

    going = asyncio.create_task(go_on())
    try:
        yield
    finally:
        going.cancel()
        await asyncio.wait([going])


def away_page(request: Request) -> HTMLResponse:
    """503. As many numbers as there is room for; the group whose page it is comes first."""
    fields = getattr(request.state, "fields", NO_FIELDS)
    lines = _nearest_first(request.app.state.lines.known, request.url.path)
    frame = len(_drawn(request, lines[:1], fields, kept=())) - _bytes(lines[:1])
    while lines and frame + _bytes(lines) > MOST_BYTES:
        lines = lines[:-1]
    html = _drawn(request, lines, fields, kept=fields.multi_items())
    headers = {"retry-after": str(AGAIN_SECONDS), "content-language": interface_of(request).tag}
    return HTMLResponse(html, 503, headers | {"vary": "Accept-Language, Cookie"})


def _nearest_first(lines: Sequence[Line], path: str) -> list[Line]:
    return sorted(lines, key=lambda line: f"/{line.slug}/" not in f"{path}/")


def _bytes(lines: Sequence[Line]) -> int:
    return sum(
        len(f'<li><bdi>{escape(x.name)}</bdi> <a href="tel:{x.phone}" dir="ltr">{x.phone}</a></li>\n'.encode())
        for x in lines
    )


def _drawn(request: Request, lines: Sequence[Line], fields: Fields, *, kept: Sequence[tuple[str, str]]) -> bytes:
    html = render_html(
        interface_of(request).tag, "away.html", lines=lines, kept=kept, sending=bool(fields), once="form_id" in fields,
        path=request.url.path,
    )  # fmt: skip
    return html.encode()
