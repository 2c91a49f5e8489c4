import base64
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, async_playwright

from careweb.domain.contacts import read_email, read_phone
from careweb.domain.ids import MemberId
from careweb.domain.reviews import Action, Cause
from careweb.domain.states import Role
from careweb.flows.asks import accept
from careweb.flows.auditing import note
from careweb.flows.context import Context
from careweb.flows.groups import grant_role
from careweb.flows.matches import add_note, helped, thank
from careweb.flows.messages import STOP_MEMBER
from careweb.flows.needs import withdraw_need
from careweb.flows.openings import ask_to_open
from careweb.flows.reports import Said, appeal, report_helper
from careweb.flows.reviewing import decide_review
from careweb.flows.second_step import Kind, add_one, begin_app, begun_app, confirm_app
from careweb.flows.shortages import write_recruiting
from careweb.flows.signin import Post, open_session
from careweb.storage.database import open_engine, transaction
from careweb.storage.factors import app_code
from careweb.web.app import create_app
from tests import servers
from tests.cast import Cast, gather
from tests.flows.pool import solved
from tests.web.site import site_settings
from tests.web.two_groups import channel_of
from tests.world import BURNABY, NORTH_YORK, OTTAWA, SCARBOROUGH, World

MAIL = "00001763860000000000-000001.eml"  # as the demonstration names what it caught
CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-quic", "--no-first-run",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Running:
    """A site on a port of its own, its people's session secrets, and the pages worth looking at."""

    url: str
    sessions: dict[str, str]
    pages: dict[str, tuple[str, str]]  # name -> path, whose session


@pytest_asyncio.fixture(scope="session")
async def prepared(
    postgres: str, template: str
) -> AsyncIterator[tuple[str, dict[str, str], dict[str, tuple[str, str]]]]:
    url = await servers.clone(postgres, template)
    engine = open_engine(url)
    cast = await gather(engine)
    async with transaction(engine) as tx:
        sessions, pages = await _story(World(tx=tx, now=_now()), cast)
    await engine.dispose()
    yield url, sessions, pages
    await servers.drop(postgres, url)


def _now() -> datetime:
    return datetime.now(UTC)


async def _looked_at(world: World, cast: Cast, caller: Any) -> tuple[Any, ...]:
    """A held need, a report, an appeal, a contact that was opened, and lines of the audit."""
    ctx: Context = world.ctx
    post = Post(group_id=cast.group, slug="east", name="East", role=Role.COORDINATOR, second_step=False)
    kim = await grant_role(ctx, cast.group, read_email("kim@example.org"), Role.COORDINATOR, name="Kim")
    held, needs = await world.need(cast.group, text="Held"), []
    await world.rows("UPDATE need SET state = 'held', held_reason = 'many' WHERE id = $1", held)
    for address in ("ada@example.org", "bo@example.org"):
        helper = await world.helper(cast.group, name="Lin", languages=("lo",))
        need = await world.need(cast.group, languages=("lo",), contact=read_email(address))
        await world.match(need)
        await accept(ctx, await world.ask_of(need, helper), helper)
        match = await world.one("SELECT id FROM match WHERE need_id = $1", need)
        await report_helper(ctx, need, match, Said(cause=Cause.UNSAFE, text="He followed me home"))
        needs.append((need, await world.one("SELECT id FROM review WHERE need_id = $1", need)))
        await world.rows("UPDATE offer SET state = 'ended' WHERE member_id = $1", helper)
    (first, review), (second, appealed) = needs
    await decide_review(ctx, cast.group, kim, appealed, Action.RELEASED, "Both say it was a misunderstanding")
    await appeal(ctx, appealed, "It was not", need_id=second)
    await note(ctx, cast.group, "coordinator", cast.coordinator, "opened_contact", "need", first, "She called")
    opening = await ask_to_open(ctx, post, cast.coordinator, "need", caller, "She asked to be called back")
    await ask_to_open(ctx, post, kim, "need", first, "The clinic called about her")
    return held, first, review, appealed, opening


async def _after(world: World, cast: Cast) -> tuple[dict[str, Any], list[Any]]:
    """A day that has passed with nothing said, and a task that was done, with thanks of both; one comes every week."""
    ids: dict[str, Any] = {}
    helper = await world.helper(cast.group, name="Mai", languages=("hak",), per_week=50)
    for name, until in (("whether", None), ("thanked", (world.now + timedelta(days=30)).date())):
        ids[name] = await world.need(cast.group, languages=("hak",), repeats_until=until, text="Soup")
        await world.match(ids[name])
        await accept(world.ctx, await world.ask_of(ids[name], helper), helper)
        ids[f"{name} task"] = await world.one("SELECT id FROM match WHERE need_id = $1", ids[name])
    await add_note(world.ctx, ids["thanked task"], ids["thanked"], "asker", "The red door")
    await helped(world.ctx, ids["thanked task"], helper)
    for author in ("asker", "helper"):
        await thank(world.ctx, ids["thanked task"], ids["thanked"], author, "You saved my day")
    await world.rows("UPDATE need SET needed_by = $2 WHERE id = $1", ids["whether"], world.now - timedelta(hours=5))
    await world.rows("UPDATE offer SET state = 'ended' WHERE member_id = $1", helper)
    ids["helper"] = helper
    return ids, [ids["whether"], ids["thanked"]]


async def _passed(ctx: Context, member: MemberId) -> str:
    """A session in which the second step was shown: a group of so many staff wants one."""
    app, session = await begin_app(ctx, member), await open_session(ctx, member_id=member)
    secret = base64.b32decode((await begun_app(ctx, member, app)).secret)
    await confirm_app(ctx, member, app, app_code(secret, ctx.now), session=session)
    return session


async def keyed(ctx: Context, member: MemberId) -> str:
    """A session of someone who has a passkey and has not shown it."""
    held = json.dumps({"id": base64.b64encode(member.bytes).decode(), "public_key": ""})
    await add_one(ctx, member, Kind.PASSKEY, held, credential_index=member.bytes, confirmed_at=ctx.now)
    return await open_session(ctx, member_id=member)


async def _story(world: World, cast: Cast) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Needs at every stage: open, someone said yes, unmet, done."""
    ctx: Context = world.ctx
    contact = read_email("someone-with-quite-a-long-name.and-another@neighbourhood-association.example.org")
    taken = await world.need(cast.group, contact=contact, text="Rice and greens", show_text=True)
    await world.match(taken)
    ask_id = await world.ask_of(taken, cast.helper)
    choosing = await world.need(cast.group, see_first=True)
    await accept(ctx, ask_id, cast.helper)
    await world.match(choosing)
    await accept(ctx, await world.ask_of(choosing, cast.helper), cast.helper)
    unmet = await world.need(cast.group, languages=("ti",), text="Tea with my mother")
    await world.match(unmet)
    still = await world.need(cast.group, due_in=100)
    await world.match(still)
    open_ask = await world.ask_of(still, cast.helper)
    await world.rows("UPDATE ask SET state = 'sent', sent_at = $2 WHERE id = $1", open_ask, world.now)
    await world.helper(cast.group, name="Dolma", admitted=False, languages=("bo",))
    (task,) = await world.rows("SELECT id FROM match WHERE need_id = $1", taken)
    (offer,) = await world.rows("SELECT id FROM offer WHERE member_id = $1", cast.helper)
    late = await world.need(cast.group, helpers=2)
    await world.match(late)
    await accept(ctx, await world.ask_of(late, cast.helper), cast.helper)
    await world.rows(
        "UPDATE need SET needed_by = $2, expires_at = $3 WHERE id = $1",
        late, world.now - timedelta(days=2), world.now - timedelta(days=1),
    )  # fmt: skip
    caller = await world.need(cast.group, contact=read_phone("416 555 0123"))
    await world.rows("UPDATE need SET confirmed = false, call_back = true WHERE id = $1", caller)
    withdrawn = await world.need(cast.group)
    await withdraw_need(ctx, withdrawn)
    imported = await world.helper(cast.group, name="Tenzin", languages=("bo",))
    await world.rows("UPDATE offer SET state = 'paused' WHERE member_id = $1", imported)
    await world.rows("UPDATE member SET mail_stopped = true WHERE id = $1", imported)
    lacking = [await world.need(cast.group, languages=tongues, category=category, zone_code=zone) for tongues, category, zone in (
        (("ti",), "ride", SCARBOROUGH), (("ti", "am"), "ride", SCARBOROUGH), (("bo",), "call", BURNABY),
        (("ta",), "translation", OTTAWA), (("fr", "en"), "appointment", OTTAWA), (("yue",), "groceries", NORTH_YORK),
    )]  # fmt: skip
    await write_recruiting(ctx, "all", await solved(world, [unmet, *lacking]))
    guarded, fresh, with_key = [
        await grant_role(ctx, cast.group, read_email(f"{name.lower()}@example.org"), Role.COORDINATOR, name=name)
        for name in ("Ana", "Mo", "Kay")
    ]
    await channel_of(world, cast.helper)
    held, reported, review, appealed, opening = await _looked_at(world, cast, caller)
    after, of_asker = await _after(world, cast)
    sessions = {
        "thanked": await open_session(ctx, member_id=after["helper"]),
        "passed": await _passed(ctx, guarded),
        "guarded": await open_session(ctx, member_id=guarded),
        "fresh": await open_session(ctx, member_id=fresh),
        "keyed": await keyed(ctx, with_key),
        "asker": await open_session(
            ctx, needs=[held, reported, taken, choosing, unmet, late, withdrawn, still, *of_asker]
        ),
        "imported": await open_session(ctx, member_id=imported),
        "helper": await open_session(ctx, member_id=cast.helper),
        "coordinator": await _passed(ctx, cast.coordinator),
    }
    staff = "/staff/east"
    pages = {
        "home": ("/", ""), "group": ("/g/east", ""), "ask": ("/g/east/ask", ""), "help": ("/help", ""),
        "privacy": ("/privacy", ""), "find": ("/find", ""), "sign in": ("/sign-in", ""), "nothing": ("/nothing", ""),
        "offline": ("/offline", ""), "me thanked": ("/me", "thanked"),
        "whether": (f"/need/{after['whether']}", "asker"), "thanked": (f"/need/{after['thanked']}", "asker"),
        "whether task": (f"/task/{after['whether task']}", "thanked"), "thanked task": (f"/task/{after['thanked task']}", "thanked"),
        "code": ("/sign-in/7b0cf2f2-2f7e-4c1e-9a53-0d8f4b8f6a11", ""), "offer start": ("/g/east/offer", ""),
        "link": (f"/n/{ctx.vault.sign('need', taken)}", ""), "connected": (f"/need/{taken}", "asker"),
        "choosing": (f"/need/{choosing}", "asker"), "unmet": (f"/need/{unmet}", "asker"),
        "change": (f"/need/{unmet}/change", "asker"), "withdraw": (f"/need/{unmet}/withdraw", "asker"),
        "answer": (f"/a/{ctx.vault.sign('ask', open_ask)}", ""),
        "answer signed in": (f"/a/{ctx.vault.sign('ask', open_ask)}", "helper"),
        "task": (f"/task/{task['id']}", "helper"), "cannot": (f"/task/{task['id']}/cannot", "helper"),
        "me": ("/me", "helper"), "channels": ("/me/channels", "helper"), "me imported": ("/me", "imported"), "late": (f"/need/{late}", "asker"),
        "over": (f"/need/{withdrawn}?late=yes", "asker"), "unconfirmed": (f"{staff}/needs/{caller}", "coordinator"),
        "offer": ("/g/east/offer", "helper"), "my offer": (f"/me/offers/{offer['id']}", "helper"),
        "board": (staff, "coordinator"), "province": (f"{staff}?province=ON", "coordinator"),
        "town": (f"{staff}?province=ON&region=toronto", "coordinator"), "needs": (f"{staff}/needs", "coordinator"),
        "recruiting": (f"{staff}/recruiting", "coordinator"), "lacking": (f"{staff}/needs/{lacking[0]}", "coordinator"),
        "searching": (f"/need/{still}", "asker"),
        "need": (f"{staff}/needs/{unmet}", "coordinator"), "staff change": (f"{staff}/needs/{unmet}/change", "coordinator"),
        "post": (f"{staff}/post", "coordinator"), "calls": (f"{staff}/calls", "coordinator"),
        "people": (f"{staff}/people", "coordinator"), "demo": ("/demo", ""),
        "report": (f"/need/{taken}/matches/{task['id']}/report", "asker"), "task report": (f"/task/{task['id']}/report", "helper"),
        "my reports": (f"/need/{reported}/reviews", "asker"), "opened": (f"/need/{reported}/privacy", "asker"),
        "my own reports": ("/me/reviews", "helper"), "opened to me": ("/me/opened", "helper"),
        "reviews": (f"{staff}/reviews", "coordinator"), "review": (f"{staff}/reviews/{review}", "coordinator"),
        "appealed": (f"{staff}/reviews/{appealed}", "coordinator"), "open contact": (f"{staff}/needs/{caller}/contact", "coordinator"),
        "openings": (f"{staff}/openings", "coordinator"), "contact": (f"{staff}/openings/{opening}", "coordinator"),
        "held": (f"/need/{held}", "asker"), "erase kept": (f"/need/{reported}/erase", "asker"),
        "remove": ("/me/remove", "helper"), "not by a click": ("/me/remove", "coordinator"),
        "second step": ("/second-step", "guarded"), "own second step": ("/second-step/own", "fresh"),
        "app": (f"/second-step/app/{await begin_app(ctx, fresh)}", "fresh"),
        "passkey": ("/second-step/own", "passed"), "colleagues": (f"{staff}/colleagues", "coordinator"),
        "needs of a language": (f"{staff}/needs?language=ti&unmet=yes", "coordinator"),
        "volunteer's contact": (f"{staff}/people/{imported}/contact", "coordinator"),
        "channels of a need": (f"/need/{taken}/channels", "asker"), "erase": (f"/need/{unmet}/erase", "asker"),
        "link to sign in": (f"/s/{ctx.vault.sign('sign_in', uuid4())}", ""),
        "link to confirm": (f"/c/{ctx.vault.sign('confirm', cast.helper)}", ""),
        "link to stop": (f"/stop/{ctx.vault.sign(STOP_MEMBER, cast.helper)}", ""),
        "second step by passkey": ("/second-step", "keyed"), "message": (f"/demo/{MAIL}", ""),
    }  # fmt: skip
    return sessions, pages


@contextmanager
def served(database: str, **settings: Any) -> Iterator[str]:
    """The address of a site on a port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = create_app(site_settings(database, port=port, **settings))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def running(
    prepared: tuple[str, dict[str, str], dict[str, tuple[str, str]]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    database, sessions, pages = prepared
    folder, mail = tmp_path_factory.mktemp("mail"), EmailMessage()
    mail["To"], mail["Subject"] = "someone@example.org", "You have a message"
    mail.set_content("Someone would like help:\n\nhttp://127.0.0.1:8000/a/a-token-as-long-as-they-are\n\n123456\n")
    (folder / MAIL).write_bytes(bytes(mail))
    with served(database, demo=True, demo_mail=folder) as url:
        yield Running(url=url, sessions=sessions, pages=pages)


@pytest.fixture(scope="session")
def earnest(prepared: tuple[str, dict[str, str], dict[str, tuple[str, str]]]) -> Iterator[Running]:
    """The same for real people, which offers all channels."""
    database, sessions, pages = prepared
    with served(database, ntfy_url="ntfys://ntfy.example.org/{to}") as url:
        yield Running(url=url, sessions=sessions, pages=pages)


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()
