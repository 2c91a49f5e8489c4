"""The pages that no address leads to: what is pressed, by whom, and what comes of it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from playwright.async_api import Page
from starlette.exceptions import HTTPException

from careweb.domain import errors
from careweb.domain.contacts import read_email
from careweb.domain.states import Role
from careweb.flows.groups import grant_role
from careweb.flows.messages import STOP_MEMBER
from careweb.flows.signin import open_session
from careweb.storage.database import open_engine, transaction
from careweb.web.bodies import BodyTooLargeError
from careweb.web.errors import StaleFormError
from careweb.web.slowing import CrowdedError
from tests.browser.conftest import Running
from tests.browser.drawing import Drawn
from tests.browser.stages import keyed
from tests.world import World


@dataclass(frozen=True, kw_only=True)
class Press:
    """`to`: a path with names of what was made ready in it, or the name of a page to whose address `more` is added."""

    draws: Drawn
    to: str
    more: str = ""
    who: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


ASKED = {
    "category": "groceries", "place": "M1S", "language": "yue", "urgency": "urgent", "helpers": "1", "name": "Po",
    "contact_kind": "code", "reach": "group", "see_first": "no", "consent": "yes", "do": "send",
}  # fmt: skip
_BY_LIST = {name: value for name, value in ASKED.items() if name != "place"} | {"language": "en", "province": "ON"}


def _page(name: str, variant: str = "") -> Drawn:
    return f"{name}.html", variant


# Done once; what they need is made ready for each run through them.
PRESSES = {
    "posted": Press(draws=_page("needs/posted"), to="/g/east/ask", fields=ASKED),
    "posted for a caller": Press(draws=_page("needs/posted"), to="/staff/east/post", who="coordinator", fields=ASKED),
    "list of towns": Press(draws=_page("places/where", "town"), to="/g/east/ask", fields=_BY_LIST),
    "list of parts": Press(draws=_page("places/where", "zone"), to="/g/east/ask", fields=_BY_LIST | {"town": "Toronto"}),
    "wider places": Press(
        draws=_page("places/where", "wider"), to="/g/east/ask", fields=ASKED | {"language": "ug"}, status=422
    ),
    "erased": Press(draws=_page("needs/erased"), to="/need/{need}/erase", who="erases"),
    "declined": Press(draws=_page("asks/answered"), to="/a/{ask}", who="declines", fields={"answer": "no"}),
    "yes by code": Press(draws=_page("asks/answered"), to="/a/{by_code}", fields={"answer": "yes", "code": "{digits}"}),
    "stopped": Press(draws=_page("signin/stopped"), to="/stop/{stop}", fields={"sure": "yes"}),
    "removed": Press(draws=_page("members/removed"), to="/me/remove", who="removes"),
    "codes on paper": Press(draws=_page("second/codes"), to="/second-step/codes", who="passed"),
    "a passkey is made": Press(draws=_page("second/passkey"), to="/second-step/passkey", who="passed"),
    "a passkey is shown": Press(draws=_page("second/passkey"), to="/second-step/passkey/show", who="has a key"),
}  # fmt: skip


def _refused(name: str, to: str, more: str = "", who: str = "", *, variant: str = "", **fields: str) -> Press:
    return Press(draws=_page(name, variant), to=to, more=more, who=who, fields=fields, status=422)


# Sent with nothing in them, or as little.
REFUSED = {
    "ask": _refused("needs/ask", "/g/east/ask", do="send"),
    "list of towns": replace(PRESSES["list of towns"], fields=_BY_LIST | {"town": ""}, status=422),
    "offer": _refused("offers/offer", "/g/east/offer", who="helper", do="send"),
    "my offer": _refused("offers/offer", "my offer", who="helper", do="send"),
    "find": _refused("signin/find", "/find", do="code"),
    "sign in": _refused("signin/start", "/sign-in"),
    "code": _refused("signin/code", "code"),
    "link": _refused("signin/link", "link", variant="need"),
    "link to sign in": _refused("signin/link", "link to sign in", variant="sign_in"),
    "link to confirm": _refused("signin/link", "link to confirm", variant="confirm"),
    "link to stop": _refused("signin/link", "link to stop", variant="stop"),
    "change": _refused("needs/change", "change", who="asker", do="send"),
    "report": _refused("reviews/report", "report", who="asker"),
    "note": _refused("needs/status", "connected", "/matches/{task}/note", "asker", note="49.1234, -123.1234"),
    "answer": _refused("asks/answer", "answer", answer="yes"),
    "task note": _refused("asks/task", "task", "/note", "helper", note="49.1234, -123.1234"),
    "channels": _refused("members/channels", "channels", who="helper"),
    "channels of a need": _refused("members/channels", "channels of a need", who="asker"),
    "rest": _refused("members/me", "me", "/rest", "helper", until="x"),
    "app": _refused("second/app", "app", who="fresh"),
    "second step": _refused("second/show", "second step by passkey", who="keyed"),
    "post": _refused("board/post", "post", who="coordinator", do="send"),
    "staff change": _refused("board/change", "staff change", who="coordinator", do="send"),
    "close": _refused("board/need", "need", "/close", "coordinator"),
    "admit": _refused("board/people", "people", "/{waiting}/admit", "coordinator"),
    "vouch": _refused("board/colleagues", "colleagues", "/{waiting}/vouch", "coordinator"),
    "number": _refused("board/calls", "calls", "/{need}/number", "coordinator"),
    "open contact": _refused("board/ask_contact", "open contact", who="coordinator"),
    "decide": _refused("board/review", "review", "/decide", "coordinator"),
}
SAME_FIELDS = {"my offer", "change", "post", "staff change"}  # as the forms of an offer and of a need

# What the rules say when something goes wrong, and what people are told.
MISHAPS: Mapping[str, Exception] = {
    "over": errors.OverError(),
    "not_now": errors.NotNowError(),
    "at_capacity": errors.AtCapacityError(),
    "not_admitted": errors.NotAdmittedError(),
    "wrong_code": errors.WrongCodeError(),
    "stale": StaleFormError(),
    "too_much": BodyTooLargeError(),
    "crowded": CrowdedError(),
    "refused": HTTPException(400),
    "unexpected": RuntimeError(),
}
FOREIGN, AWAY = ("error.html", "foreign"), ("away.html", "")
AFTERWARDS: frozenset[Drawn] = frozenset(
    {one.draws for one in (*PRESSES.values(), *REFUSED.values())} | {("error.html", kind) for kind in MISHAPS} | {FOREIGN, AWAY}
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A site where each of them can be pressed once, by sessions of their own."""

    running: Running
    made: Mapping[str, str]

    def address(self, press: Press) -> str:
        path = self.running.pages[press.to][0] if press.to in self.running.pages else press.to
        return self.running.url + (path.partition("?")[0] + press.more).format(**self.made)

    def values(self, press: Press) -> dict[str, str]:
        return {name: value.format(**self.made) for name, value in press.fields.items()}


@asynccontextmanager
async def made_ready(database: str, running: Running) -> AsyncIterator[Ready]:
    engine = open_engine(database)
    async with transaction(engine) as tx:
        made, sessions = await _made(World(tx=tx, now=datetime.now(UTC)))
    await engine.dispose()
    yield Ready(running=replace(running, sessions=running.sessions | sessions), made=made | _in_pages(running))


def _in_pages(running: Running) -> dict[str, str]:
    return {"task": running.pages["task"][0].rpartition("/")[2]}


async def _made(world: World) -> tuple[dict[str, str], dict[str, str]]:
    ctx = world.ctx
    group = await world.one("SELECT id FROM care_group WHERE slug = 'east'")
    asks, helpers = [], []
    for _ in range(2):
        helpers.append(await world.helper(group, name="Ari", languages=("am",)))
        need = await world.need(group, languages=("am",), text="Rice")
        await world.match(need)
        asks.append(await world.ask_of(need, helpers[-1]))
        await world.rows("UPDATE offer SET state = 'ended' WHERE member_id = $1", helpers[-1])
    await world.rows("UPDATE offer SET state = 'active' WHERE member_id = $1", helpers[1])
    erased, removed = await world.need(group), await world.helper(group, name="Ari", languages=("ps",))
    waiting = await world.helper(group, name="Lhamo", admitted=False, languages=("ps",))
    holder = await grant_role(ctx, group, read_email(f"{uuid4().hex}@example.org"), Role.COORDINATOR, name="Kay")
    made: dict[str, Any] = {
        "need": erased, "ask": ctx.vault.sign("ask", asks[0]), "by_code": ctx.vault.sign("ask", asks[1]),
        "digits": ctx.vault.digits("ask", asks[1], 4), "stop": ctx.vault.sign(STOP_MEMBER, helpers[0]), "waiting": waiting,
    }  # fmt: skip
    sessions = {
        "erases": await open_session(ctx, needs=[erased]),
        "declines": await open_session(ctx, member_id=helpers[0]),
        "removes": await open_session(ctx, member_id=removed),
        "has a key": await keyed(ctx, holder),
    }
    return {name: str(value) for name, value in made.items()}, sessions


_SEND = """([action, fields]) => { const form = document.createElement('form');
    Object.assign(form, { method: 'post', action });
    const token = document.querySelector('main [name=token]');
    for (const [name, value] of [...Object.entries(fields), ...(token ? [['token', token.value]] : [])])
        form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
    document.body.append(form); form.submit(); }"""


async def send(page: Page, address: str, fields: Mapping[str, str]) -> int:
    """From the page that is open, as its form would; the status of the answer."""
    async with page.expect_navigation() as gone:
        await page.evaluate(_SEND, [address, {"form_id": uuid4().hex, **fields}])
    answer = await gone.value
    assert answer
    return answer.status
