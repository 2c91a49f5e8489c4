"""Each story from its first page to its last, in four scripts, with JavaScript off and on: the site, a worker, its mail."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import pytest_asyncio
import redis
from playwright.async_api import Browser, expect

from careweb.domain.contacts import read_email
from careweb.domain.ids import NeedId
from careweb.domain.places import Province
from careweb.domain.states import Role
from careweb.flows.asks import accept
from careweb.flows.auditing import note
from careweb.flows.groups import grant_role
from careweb.flows.signin import open_session
from careweb.rendering import province_name
from careweb.storage.database import open_engine
from careweb.wording import ACTORS, CATEGORIES, CAUSES, ERRORS, EVENTS, REVIEW_STATES
from tests import servers
from tests.browser.conftest import served
from tests.browser.looks import EVERY
from tests.browser.steps import (
    ASK,
    CANNOT,
    POSTED,
    THANKS,
    WELCOME,
    answer,
    ask,
    choose_the_language,
    find_by_code,
    let_in,
    need_of,
    offer,
    open_from_the_mail,
    see_the_week_and_rest,
    see_who_helps,
    sign_in,
    thank,
)
from tests.browser.telling import TONGUES, House, Tongue
from tests.browser.weeks import (
    a_week_later,
    ask_every_week,
    choose_how_to_be_told,
    read_how_it_works,
    say_that_one_cannot,
    see_the_next_and_no_other,
    see_what_is_held,
)
from tests.delivery.stubs import Stubbed
from tests.servers import MailServer
from tests.workers.shop import Workers
from tests.world import World

ASKED = ("One volunteer was asked", "%(n)s volunteers were asked")

# In the suite each language once, in turns with scripts and without; `make pages EVERY=1` tells all of them both ways.
TELLINGS = [
    pytest.param(tongue, scripts, id=f"{name}-{'with' if scripts else 'without'} scripts")
    for number, (name, tongue) in enumerate(TONGUES.items())
    for scripts in ((False, True) if EVERY else (bool(number % 2),))
]
pytestmark = pytest.mark.parametrize(("tongue", "scripts"), TELLINGS)


@pytest_asyncio.fixture(scope="module")
async def house(
    postgres: str,
    template: str,
    _redis_database: str,
    _mail_server: MailServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[House]:
    """All of the product, once for all stories: each has a group of its own."""
    database, sink = await servers.clone(postgres, template), _mail_server.sink
    sink.clear()
    with redis.Redis.from_url(_redis_database) as client:
        client.flushdb()
    workers = Workers(database, sink, Path(tmp_path_factory.mktemp("house")))
    engine = open_engine(database)
    with (
        Stubbed() as gateway,
        served(database, redis_url=_redis_database, smtp_port=sink.port, ntfy_url=f"json://127.0.0.1:{gateway.port}/{{to}}") as url,
    ):  # fmt: skip
        worker = workers.start(_redis_database, base_url=url, ntfy_url=f"json://127.0.0.1:{gateway.port}/{{to}}")
        await worker.ready()
        yield House(url=url, engine=engine, smtp=sink, gateway=gateway)
        worker.kill()
    await engine.dispose()
    await servers.drop(postgres, database)


def named(story: str, tongue: Tongue, scripts: bool) -> str:
    """What the group of a story is called in addresses, and those of its people begin with."""
    return f"{story}-{tongue.tag.lower()}-{'scripts' if scripts else 'plain'}"


async def test_someone_asks_looks_again_by_code_and_withdraws(
    chromium: Browser, house: House, tongue: Tongue, scripts: bool
) -> None:
    slug = named("asks", tongue, scripts)
    group = await house.group(slug, tongue)
    await house.helper(group, tongue, f"{slug}-helper@example.org", categories=("ride",))
    async with house.someone(chromium, tongue, scripts=scripts, locale="de-CH") as asker:
        await choose_the_language(asker)
        await asker.goes_by(asker.page.locator(f"main a[href='/g/{slug}']"))
        await asker.follows("I need help")
        await ask(asker, f"{slug}@example.org")
        code = await asker.page.locator("#code").inner_text()
        assert re.fullmatch(r"\d{4} \d{4} \d{4} \d{4}", code)
        await house.mail(f"{slug}-helper@example.org", tongue, ASK)
        await house.mail(f"{slug}@example.org", tongue, POSTED)
        await asker.follows("See what is happening")
        await asker.reads(CATEGORIES["ride"])
        await asker.reads("We are looking for someone.")
        await asker.sees(tongue.counts(*ASKED, 1))
        await asker.sees(tongue.words)
        address = urlsplit(asker.page.url).path
        await asker.presses("Forget this on this phone")
        await asker.opens(address)
        await asker.reads("There is nothing here")
        await find_by_code(asker, code)
        assert urlsplit(asker.page.url).path == address
        await asker.follows("I no longer need it")
        await asker.reads("Stop looking?")
        await asker.presses("Yes, stop looking")
        await asker.reads("You withdrew this. Nobody is asked any more.")


async def test_a_volunteer_offers_is_asked_says_yes_is_thanked_and_rests(
    chromium: Browser, house: House, tongue: Tongue, scripts: bool
) -> None:
    slug = named("helps", tongue, scripts)
    group = await house.group(slug, tongue)
    to_asker, to_helper = f"{slug}-asker@example.org", f"{slug}@example.org"
    async with (
        house.someone(chromium, tongue, scripts=scripts) as helper,
        house.someone(chromium, tongue, scripts=scripts) as asker,
    ):
        await helper.opens(f"/g/{slug}")
        await helper.follows("I can help")
        await sign_in(helper, to_helper, button="Send me a link")
        await offer(helper, slug)
        await house.do(lambda world: let_in(world, group, to_helper))
        await house.mail(to_helper, tongue, WELCOME)
        await house.do(lambda world: need_of(world, group, tongue, to_asker))
        await answer(helper, to_helper, to_asker)
        await see_who_helps(asker, to_asker, to_helper)
        await helper.presses("It is done")
        await helper.reads("This is done. Thank you!")
        await thank(asker)
        await house.mail(to_helper, tongue, THANKS)
        await see_the_week_and_rest(helper)


async def test_a_coordinator_finds_what_is_unmet_by_region_and_opens_it(
    chromium: Browser, house: House, tongue: Tongue, scripts: bool
) -> None:
    slug = named("looks", tongue, scripts)
    group, address = await house.group(slug, tongue), f"{slug}@example.org"

    async def begin(world: World) -> None:
        await grant_role(
            world.ctx, group, read_email(address), Role.COORDINATOR, name=tongue.names[1], locale=tongue.tag
        )
        need = await need_of(world, group, tongue, f"{slug}-asker@example.org", category="household")
        await world.match(need)

    await house.do(begin)
    async with house.someone(chromium, tongue, scripts=scripts) as staff:
        await staff.opens(f"/staff/{slug}")
        await staff.page.locator("#contact").fill(tongue.names[1])
        await staff.presses("Send me a link")
        await staff.is_told({"contact": ERRORS["contact"]})
        await staff.has_kept(contact=tongue.names[1])
        await sign_in(staff, address, button="Send me a link")
        await expect(staff.page.locator("h1")).to_have_text(tongue.group)
        await staff.sees(tongue.counts("One need is open", "%(n)s needs are open", 1))
        for level, place in (("By province", province_name(tongue.tag, Province.ON)), ("By town", "Toronto")):
            await staff.reads(level)
            await staff.goes_by(staff.page.get_by_role("rowheader").get_by_role("link", name=place))
        await staff.reads("By zone")
        await staff.goes_by(staff.page.locator("td a", has=staff.page.locator(".clay")).first)
        await staff.reads("Needs with nobody left to ask")
        await staff.goes_by(
            staff.page.get_by_role("rowheader").get_by_role("link", name=tongue.says(CATEGORIES["household"]))
        )
        await staff.reads("Why nobody?")
        await staff.reads(EVENTS["exhausted"])
        await staff.sees(tongue.words)
        await staff.sees(tongue.names[0])


async def test_one_reports_the_other_blocks_and_a_coordinator_has_it_to_look_at(
    chromium: Browser, house: House, tongue: Tongue, scripts: bool
) -> None:
    slug = named("reports", tongue, scripts)
    group = await house.group(slug, tongue)
    member = await house.helper(group, tongue, f"{slug}@example.org")

    async def begin(world: World) -> tuple[list[str], list[str]]:
        ids, paths = [], []
        for number in range(2):
            need = await need_of(world, group, tongue, f"{slug}-{number}@example.org")
            await world.match(need)
            await accept(world.ctx, await world.ask_of(need, member), member)
            ids.append(need)
            paths.append(await world.one("SELECT id FROM match WHERE need_id = $1", need))
        kim = await grant_role(world.ctx, group, read_email(f"{slug}-kim@example.org"), Role.COORDINATOR)
        sessions: list[dict[str, Any]] = [{"needs": ids[:1]}, {"member_id": member}, {"member_id": kim}]
        return (
            [await open_session(world.ctx, **one) for one in sessions],
            [f"/need/{ids[0]}/matches/{paths[0]}/report", f"/task/{paths[1]}/report", f"/staff/{slug}/reviews"],
        )

    sessions, paths = await house.do(begin)
    async with (
        house.someone(chromium, tongue, scripts=scripts, session=sessions[0]) as asker,
        house.someone(chromium, tongue, scripts=scripts, session=sessions[1]) as helper,
        house.someone(chromium, tongue, scripts=scripts, session=sessions[2]) as staff,
    ):
        await asker.opens(paths[0])
        await asker.page.locator("#text").fill(tongue.words)
        await asker.presses("Send the report")
        await asker.is_told({"cause": ERRORS["cause"]})
        await asker.has_kept(text=tongue.words)
        await asker.page.locator("[name=cause][value=unkind]").check()
        await asker.presses("Send the report")
        await asker.reads(REVIEW_STATES["open"])
        await helper.opens(paths[1])
        await helper.sees(tongue.names[0])
        await helper.presses("Never match us again")
        await helper.reads("There is nothing here. If you asked only to be kept apart, that is done.")
        await staff.opens(paths[2])
        await staff.goes_by(staff.main.locator("h2 a"))
        await staff.reads(CAUSES["unkind"])
        await staff.reads(ACTORS["asker"])
        await staff.sees(tongue.words)


async def test_someone_asks_for_every_week_is_told_another_way_and_sees_what_is_held(
    chromium: Browser, house: House, tongue: Tongue, scripts: bool
) -> None:
    slug = named("weeks", tongue, scripts)
    group = await house.group(slug, tongue)
    kim = await house.do(
        lambda world: grant_role(world.ctx, group, read_email(f"{slug}-kim@example.org"), Role.COORDINATOR)
    )
    why, until = tongue.names[1], datetime.now(UTC).date() + timedelta(days=40)
    async with house.someone(chromium, tongue, scripts=scripts) as asker:
        await asker.opens("/help")
        await read_how_it_works(asker)
        await asker.opens(f"/g/{slug}/ask")
        await ask_every_week(asker, f"{slug}@example.org", until)
        need = NeedId(UUID(urlsplit(asker.page.url).path.rpartition("/")[2]))
        await choose_how_to_be_told(asker, slug)
        await house.do(lambda world: note(world.ctx, group, "coordinator", kim, "opened_contact", "need", need, why))
        await see_what_is_held(asker, why)
        await house.do(lambda world: a_week_later(world, need))
        await see_the_next_and_no_other(asker, until)


async def test_a_helper_cannot_after_all_and_somebody_else_is_asked(
    chromium: Browser, house: House, tongue: Tongue, scripts: bool
) -> None:
    slug = named("cannot", tongue, scripts)
    group, to_asker = await house.group(slug, tongue), f"{slug}-asker@example.org"
    member = await house.helper(group, tongue, f"{slug}@example.org")

    async def begin(world: World) -> tuple[str, str]:
        need = await need_of(world, group, tongue, to_asker)
        await world.match(need)
        await accept(world.ctx, await world.ask_of(need, member), member)
        task = await world.one("SELECT id FROM match WHERE need_id = $1", need)
        return await open_session(world.ctx, member_id=member), f"/task/{task}"

    session, task = await house.do(begin)
    await house.helper(group, tongue, f"{slug}-next@example.org")
    async with (
        house.someone(chromium, tongue, scripts=scripts, session=session) as helper,
        house.someone(chromium, tongue, scripts=scripts) as asker,
    ):
        await say_that_one_cannot(helper, task)
        await house.mail(f"{slug}-next@example.org", tongue, ASK)
        await open_from_the_mail(asker, to_asker, CANNOT)
        await asker.reads("We are looking for someone.")
