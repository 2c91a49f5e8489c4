"""What was kept on a phone goes with every way of ending it: also the page of a need, and also where another phone ended it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from careweb.flows.signin import open_session
from careweb.storage.database import open_engine, transaction
from tests.browser.conftest import Running
from tests.browser.test_keep import KEEP, ask, kept, phone
from tests.world import World

NOTHING, BOTH = {"drafts": 0, "pages": 0}, {"drafts": 1, "pages": 1}


async def keep_both(page: Page, running: Running) -> str:
    """The page of a need and the draft of another; returns the address of the need."""
    await ask(page, running)
    await page.get_by_role("link", name="See what is happening").click()
    address = page.url
    await page.locator(KEEP).click()
    await page.get_by_role("button", name="Kept. Take it away").wait_for()
    await page.evaluate("navigator.serviceWorker.ready")
    await page.goto(running.url + "/g/east/ask")
    await page.locator(KEEP).click()
    assert await kept(page) == BOTH
    return address


async def newcomer(database: str, context: BrowserContext, running: Running) -> None:
    """Signs in somebody of whom no other test knows: they may end every session, or be removed."""
    engine = open_engine(database)
    async with transaction(engine) as tx:
        world = World(tx=tx, now=datetime.now(UTC))
        member = await world.helper(await world.one("SELECT id FROM care_group WHERE slug = 'east'"), name="Rui")
        secret = await open_session(world.ctx, member_id=member)
    await engine.dispose()
    await context.add_cookies([{"name": "careweb-session", "value": secret, "url": running.url}])


async def test_leaving_takes_away_the_page_of_a_need_too(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running) as (context, page):
        address = await keep_both(page, running)
        await page.goto(address)
        await page.locator("#leave").click()
        await page.wait_for_url("about:blank")
        await page.goto(running.url + "/g/east/ask")
        assert await kept(page) == NOTHING
        await context.set_offline(True)
        await page.goto(address)
        assert await page.get_by_text("This page needs the internet.").is_visible()


@pytest.mark.parametrize(
    ("path", "button"),
    [
        ("", "Forget this on this phone"), ("", "Forget this everywhere"), ("/me", "Sign out"), ("/me", "Sign out everywhere"),
        ("/me/remove", "Remove me"),
    ],
)  # fmt: skip
async def test_every_end_takes_away_what_was_kept_and_waits_for_no_answer(
    chromium: Browser, running: Running, prepared: tuple[str, Any, Any], path: str, button: str
) -> None:
    """Without a connection, so that it is not the answer that tells the browser to clear this site."""
    async with phone(chromium, running) as (context, page):
        if path:
            await newcomer(prepared[0], context, running)
        address = await keep_both(page, running)
        await page.goto(running.url + path if path else address)
        await context.set_offline(True)
        await page.get_by_role("button", name=button, exact=True).click()
        await page.wait_for_url("chrome-error://**")
        await context.set_offline(False)
        await page.goto(running.url + "/g/east/ask")
        assert await kept(page) == NOTHING


@pytest.mark.parametrize("opened", ["again", "still"])
async def test_what_another_phone_made_all_forget_is_not_kept_on_this_one(
    chromium: Browser, running: Running, opened: str
) -> None:
    async with phone(chromium, running) as (context, page), phone(chromium, running) as (elsewhere, other):
        address = await keep_both(page, running)
        if opened == "still":
            await page.goto(address)
        await elsewhere.add_cookies(await context.cookies())  # type: ignore[arg-type]
        await other.goto(address)
        await other.get_by_role("button", name="Forget this everywhere").click()
        await other.wait_for_url(running.url + "/find")
        if opened == "still":
            await page.evaluate("window.dispatchEvent(new Event('online'))")
        else:
            await page.goto(address)
        await page.get_by_text("There is nothing here").first.wait_for()
        assert (await kept(page))["pages"] == 0
        await context.set_offline(True)
        await page.goto(address)
        assert await page.get_by_text("This page needs the internet.").is_visible()


async def test_a_form_with_a_field_called_action_is_sent_and_nothing_goes_wrong(
    chromium: Browser, running: Running
) -> None:
    async with phone(chromium, running, "coordinator") as (_, page):
        await page.goto(running.url + running.pages["review"][0])
        assert await page.locator("form [name=action]").count() > 1
        async with page.expect_navigation():
            await page.get_by_role("button", name="Decide").click()
        assert await page.locator("[role=alert] a").count() == 2
