"""What people do beside asking and answering (test_bare.py): by keyboard alone, with scripts off, without styles and with them."""

import base64
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from careweb.domain.contacts import read_email
from careweb.domain.ids import MemberId, NeedId
from careweb.domain.reviews import Cause
from careweb.domain.states import Role
from careweb.flows.asks import accept
from careweb.flows.groups import grant_role
from careweb.flows.reports import Said, report_helper
from careweb.flows.signin import CODE_DIGITS, add_member, open_session
from careweb.storage.database import open_engine, transaction
from careweb.storage.factors import app_code
from careweb.wording import MEMBERSHIP_STATES
from tests import servers
from tests.browser.conftest import Running, served
from tests.browser.test_bare import bare, to
from tests.cast import HELPER, Cast, gather
from tests.world import VAULT, World

STYLES = (False, True) if os.environ.get("CAREWEB_EVERY") else (False,)
PRESSED = {"Space", "Enter"}  # what is typed otherwise, letter by letter
SEND = "button[value=send]:not(.unseen)"
Told = str | Callable[[str, str], str]  # the keys, or what makes them of the page's address and its words


@dataclass(frozen=True, kw_only=True)
class Walk:
    who: str
    page: str
    keys: tuple[tuple[str, Told], ...]  # where Tab leads to, and what is pressed there
    words: str  # read at the end
    again: bool = False  # on the page where it began


def mailed(url: str, _: str) -> str:
    return VAULT.digits("sign_in", UUID(urlsplit(url).path.rpartition("/")[2]), CODE_DIGITS)


def shown_by_the_app(_: str, key: str) -> str:
    return app_code(base64.b32decode(key.replace(" ", "")), datetime.now(UTC))


def next_week(*_: str) -> str:
    return (datetime.now(UTC) + timedelta(days=8)).strftime("%m%d%Y")


WALKS = {
    "sign in": Walk(who="", page="/sign-in", words="Hello, Wing", keys=(("#contact", HELPER), ("form[action='/sign-in'] button", "Enter"), ("#code", mailed), ("main form button", "Enter"))),
    "offer": Walk(who="newcomer", page="/g/east/offer", words=MEMBERSHIP_STATES["awaiting"], keys=(("#name", "Ari"), ("[name=categories][value=groceries]", "Space"), ("#language", "Cantonese"), ("#place", "M1S"), (SEND, "Enter"))),
    "change an offer": Walk(who="helper", page="offer", words="A ride", keys=(("[name=categories][value=ride]", "Space"), (SEND, "Enter"))),
    "my week": Walk(who="helper", page="/me", words="of 3 tasks this week", keys=(("#per_week", "3"), ("form[action='/me/pace'] button", "Enter"))),
    "rest": Walk(who="resting", page="/me", words="You are resting until", keys=(("#until", next_week), ("form[action='/me/rest'] button", "Enter"))),
    "channels": Walk(who="resting", page="/me/channels", words="Use it again", keys=(("button[value=stop]", "Enter"),)),
    "change a need": Walk(who="asker", page="change", words="Rice and tea", keys=(("#text", " and tea"), (SEND, "Enter"))),
    "what is held": Walk(who="asker", page="need", words="Who opened your details", keys=(("a[href$='/privacy']", "Enter"),)),
    "erase": Walk(who="asker", page="erased", words="Everything is erased", keys=(("a[href$='/erase']", "Enter"), ("form[action$='/erase'] button", "Enter"))),
    "report": Walk(who="asker", page="report", words="I did not feel safe", keys=(("[name=cause]", "Space"), ("#text", "He shouted"), (SEND, "Enter"))),
    "block": Walk(who="helper", page="block", words="kept apart", keys=(("button[value=block]", "Enter"),)),
    "cannot come": Walk(who="helper", page="task", words="This did not happen", again=True, keys=(("a[href$='/cannot']", "Enter"), ("form[action$='/cannot'] button", "Enter"),)),
    "second step": Walk(who="fresh", page="/second-step/own", words="Codes on paper", keys=(("form[action='/second-step/app'] button", "Enter"), ("#code", shown_by_the_app), ("main form button", "Enter"))),
    "admit": Walk(who="coordinator", page="/staff/east/people", words="admitted", keys=(("[name=note]", "My neighbour"), ("form[action$='/admit'] button", "Enter"))),
    "release": Walk(who="coordinator", page="held", words="She is real", again=True, keys=(("[name=action]", "Space"), ("#reason", "She is real"), ("form[action$='/decide'] button", "Enter"))),
    "decide": Walk(who="coordinator", page="reported", words="Both agree", again=True, keys=(("[name=action]", "Space"), ("#reason", "Both agree"), ("form[action$='/decide'] button", "Enter"))),
}  # fmt: skip


async def connected(world: World, cast: Cast, helper: MemberId) -> tuple[NeedId, UUID]:
    need = await world.need(
        cast.group, contact=read_email(f"asker{world.now.timestamp()}{os.urandom(4).hex()}@example.org")
    )
    await world.match(need)
    await accept(world.ctx, await world.ask_of(need, helper), helper)
    return need, await world.one("SELECT id FROM match WHERE need_id = $1", need)


async def people(world: World, cast: Cast) -> tuple[dict[str, str], dict[str, str]]:
    """Their sessions, and the pages of what is theirs."""
    ctx = world.ctx
    need, erased, held = [await world.need(cast.group, languages=("lo",), text="Rice") for _ in range(3)]
    told, blocked, cannot, reported = [await connected(world, cast, cast.helper) for _ in range(4)]
    await report_helper(ctx, reported[0], reported[1], Said(cause=Cause.UNSAFE, text="He followed me"))  # type: ignore[arg-type]
    await world.rows("UPDATE need SET state = 'held', held_reason = 'many' WHERE id = $1", held)
    await world.helper(cast.group, name="Zed", admitted=False, languages=("bo",))
    newcomer = await add_member(
        ctx, read_email("ari@example.org"), locale="en", time_zone="America/Toronto", confirmed=True
    )
    members = {
        "newcomer": newcomer, "helper": cast.helper, "resting": await world.helper(cast.group, languages=("ti",)),
        "coordinator": cast.coordinator, "fresh": await grant_role(ctx, cast.group, read_email("mo@example.org"), Role.COORDINATOR, name="Mo"),
    }  # fmt: skip
    sessions = {name: await open_session(ctx, member_id=member) for name, member in members.items()}
    sessions["asker"] = await open_session(ctx, needs=[need, erased, told[0]])
    review, offer = "SELECT id FROM review WHERE need_id = $1", "SELECT id FROM offer WHERE member_id = $1"
    pages = {
        "offer": f"/me/offers/{await world.one(offer, cast.helper)}",
        "change": f"/need/{need}/change", "need": f"/need/{need}", "erased": f"/need/{erased}",
        "report": f"/need/{told[0]}/matches/{told[1]}/report", "block": f"/task/{blocked[1]}/report", "task": f"/task/{cannot[1]}",
        "held": f"/staff/east/reviews/{await world.one(review, held)}", "reported": f"/staff/east/reviews/{await world.one(review, reported[0])}",
    }  # fmt: skip
    return sessions, pages


@pytest_asyncio.fixture(scope="module", params=STYLES, ids=lambda styles: "styles" if styles else "bare")
async def house(
    postgres: str, template: str, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Running, dict[str, str], bool]]:
    url = await servers.clone(postgres, template)
    engine = open_engine(url)
    cast = await gather(engine)
    async with transaction(engine) as tx:
        sessions, pages = await people(World(tx=tx, now=datetime.now(UTC)), cast)
    await engine.dispose()
    with served(url) as address:
        yield Running(url=address, sessions=sessions, pages={}), pages, request.param
    await servers.drop(postgres, url)


async def press(page: Page, wanted: str, told: Told) -> None:
    await to(page, wanted)
    if callable(told):
        key = page.locator("main .code")
        told = told(page.url, await key.first.inner_text() if await key.count() else "")
    if told not in PRESSED:
        await page.keyboard.press("End")
        await page.keyboard.type(told)
    elif told == "Enter":
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
    else:
        await page.keyboard.press(told)


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
async def test_it_is_done_by_keyboard_alone(
    chromium: Browser, house: tuple[Running, dict[str, str], bool], walk: Walk
) -> None:
    running, pages, styles = house
    async with bare(chromium, running, walk.who, styles=styles) as page:
        await page.goto(running.url + pages.get(walk.page, walk.page))
        for wanted, told in walk.keys:
            await press(page, wanted, told)
        if walk.again:
            await page.goto(running.url + pages[walk.page])
        await expect(page.locator("main")).to_contain_text(walk.words)
