"""What scripts add: leaving at once, a draft and a page kept only if wanted, counted characters, a page that looks again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Error, Page

from tests.browser.conftest import Running
from tests.browser.test_push import another_session

KEPT = """async () => ({drafts: localStorage.length, pages: (await caches.has("kept")) ? (await (await caches.open("kept")).keys()).length : 0})"""
PAGES = """async () => (await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()))).flat()
    .map((one) => new URL(one.url).pathname).filter((path) => !path.startsWith("/static/")).sort()"""
KEEP = "[data-keep=yes]"


@asynccontextmanager
async def phone(chromium: Browser, running: Running, who: str = "") -> AsyncIterator[tuple[BrowserContext, Page]]:
    """With scripts, under the policy that the pages have."""
    context = await chromium.new_context(viewport={"width": 360, "height": 780}, locale="en-CA")
    if who:
        await context.add_cookies([{"name": "careweb-session", "value": running.sessions[who], "url": running.url}])
    page = await context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield context, page
    await context.close()
    assert wrong == []


async def ask(page: Page, running: Running) -> None:
    """Posts a need, which this phone may then follow."""
    await page.goto(running.url + "/g/east/ask")
    await page.locator("input[value=meals]").check()
    await page.locator("#place").fill("M1S")
    await page.locator("#language").select_option("yue")
    await page.locator("input[value=low]").check()
    await page.locator("#name").fill("Po")
    await page.locator("input[name=contact_kind][value=code]").check()
    await page.locator("#consent").check()
    await page.get_by_role("button", name="Look for someone").click()
    await page.locator("#code").wait_for()


async def kept(page: Page) -> Any:
    return await page.evaluate(KEPT)


async def test_leaving_opens_an_empty_page_and_back_does_not_lead_to_it(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running) as (_, page):
        await page.goto(running.url + "/")
        await page.goto(running.url + "/g/east/ask")
        await page.locator("#leave").click()
        await page.wait_for_url("about:blank")
        await page.go_back()
        assert page.url == running.url + "/"


async def test_leaving_works_without_scripts_too(chromium: Browser, running: Running) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(running.url + "/g/east/ask")
    await page.locator("#leave").click()
    await page.wait_for_url("about:blank")
    await context.close()


async def test_a_draft_is_kept_only_after_keep_was_tapped(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running) as (_, page):
        await page.goto(running.url + "/g/east/ask")
        await page.locator("#name").fill("Po")
        assert await kept(page) == {"drafts": 0, "pages": 0}
        await page.reload()
        assert await page.locator("#name").input_value() == ""
        await page.locator(KEEP).click()
        await page.locator("#name").fill("Po")
        await page.locator("input[value=groceries]").check()
        await page.reload()
        assert await page.locator("#name").input_value() == "Po"
        assert await page.locator("input[value=groceries]").is_checked()
        await page.get_by_role("button", name="Kept. Take it away").click()
        assert await kept(page) == {"drafts": 0, "pages": 0}


async def test_leaving_and_posting_clear_the_draft(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running) as (_, page):
        await page.goto(running.url + "/g/east/ask")
        await page.locator(KEEP).click()
        assert (await kept(page))["drafts"] == 1
        await page.locator("#leave").click()
        await page.wait_for_url("about:blank")
        await page.goto(running.url + "/g/east/ask")
        assert await kept(page) == {"drafts": 0, "pages": 0}
        await page.locator(KEEP).click()
        assert (await kept(page))["drafts"] == 1
        await ask(page, running)
        assert await kept(page) == {"drafts": 0, "pages": 0}


OLDER = "(ms) => { const one = JSON.parse(localStorage.draft); one.at -= ms; localStorage.draft = JSON.stringify(one) }"
DAY = 24 * 3600 * 1000


async def test_a_draft_goes_after_a_day_whichever_page_is_opened(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running, "helper") as (_, page):
        await page.goto(running.url + "/g/east/ask")
        await page.locator(KEEP).click()
        await page.evaluate(OLDER, DAY - 60_000)
        await page.goto(running.url + "/me")
        assert (await kept(page))["drafts"] == 1
        await page.evaluate(OLDER, 60_000)
        await page.reload()
        assert (await kept(page))["drafts"] == 0


async def test_a_draft_outlives_a_lost_connection(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running) as (context, page):
        await page.goto(running.url + "/g/east/ask")
        await page.locator(KEEP).click()
        await context.set_offline(True)
        await page.locator("#name").fill("Po")
        with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
            await page.reload()
        await context.set_offline(False)
        await page.goto(running.url + "/g/east/ask")
        assert await page.locator("#name").input_value() == "Po"


async def test_signing_out_takes_a_draft_away(
    chromium: Browser, running: Running, prepared: tuple[str, dict[str, str], Any]
) -> None:
    own = {"leaver": await another_session(prepared[0], running.sessions["helper"])}
    async with phone(chromium, replace(running, sessions=own), "leaver") as (_, page):
        await page.goto(running.url + "/g/east/ask")
        await page.locator(KEEP).click()
        await page.goto(running.url + "/me")
        assert (await kept(page))["drafts"] == 1
        await page.locator("form[action='/sign-out'] button").click()
        await page.wait_for_url(lambda url: "/me" not in url)
        assert await kept(page) == {"drafts": 0, "pages": 0}


async def test_the_status_page_opens_without_a_connection_only_where_it_was_kept(
    chromium: Browser, running: Running
) -> None:
    async with phone(chromium, running) as (context, page):
        await ask(page, running)
        await page.get_by_role("link", name="See what is happening").click()
        address = page.url
        assert await kept(page) == {"drafts": 0, "pages": 0}
        await page.locator(KEEP).click()
        await page.get_by_role("button", name="Kept. Take it away").wait_for()
        await page.evaluate("navigator.serviceWorker.ready")
        assert await kept(page) == {"drafts": 0, "pages": 1}
        await context.set_offline(True)
        await page.goto(address)
        await page.get_by_text("No connection. This is how it stood last time.").wait_for()
        assert await page.get_by_text("What you asked for").is_visible()
        await page.goto(running.url + "/me")
        assert await page.get_by_text("This page needs the internet.").is_visible()
        await context.set_offline(False)
        await page.goto(running.url + "/me")
        await page.goto(address)
        assert await page.evaluate(PAGES) == sorted(["/offline", address.removeprefix(running.url)]), (
            "no other page is kept"
        )
        await page.get_by_role("button", name="Forget this on this phone").click()
        await page.wait_for_url(running.url + "/")
        assert await kept(page) == {"drafts": 0, "pages": 0}


AS_APP = """() => {
    const before = window.matchMedia.bind(window);
    window.matchMedia = (query) => query.includes("%s") ? { matches: true } : before(query);
}"""
WORKERS = "async () => (await navigator.serviceWorker.getRegistrations()).map((one) => new URL(one.scope).pathname)"


@pytest.mark.parametrize("mode", ["standalone", "minimal-ui"])
async def test_an_app_on_the_home_screen_has_its_shell_and_keeps_nothing_of_anybody(
    chromium: Browser, running: Running, mode: str
) -> None:
    async with phone(chromium, running, "helper") as (context, page):
        await page.add_init_script(f"({AS_APP % mode})()")
        await page.goto(running.url + "/me")
        await page.evaluate("navigator.serviceWorker.ready")
        assert await page.evaluate(WORKERS) == ["/"]
        assert await page.evaluate(PAGES) == ["/offline"]
        await context.set_offline(True)
        await page.goto(running.url + "/me")
        assert await page.get_by_text("This page needs the internet.").is_visible()
        assert await kept(page) == {"drafts": 0, "pages": 0}


async def test_in_a_browser_there_is_no_worker_before_keep_is_tapped(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running, "helper") as (_, page):
        await page.goto(running.url + "/me")
        assert await page.evaluate(WORKERS) == []


@pytest.mark.parametrize("end", ["withdraw", "erase"])
async def test_withdrawing_and_erasing_take_away_what_was_kept(chromium: Browser, running: Running, end: str) -> None:
    async with phone(chromium, running) as (_, page):
        await ask(page, running)
        await page.get_by_role("link", name="See what is happening").click()
        address = page.url
        await page.locator(KEEP).click()
        await page.get_by_role("button", name="Kept. Take it away").wait_for()
        await page.goto(running.url + "/g/east/ask")
        await page.locator(KEEP).click()
        assert await kept(page) == {"drafts": 1, "pages": 1}
        await page.goto(f"{address}/{end}")
        await page.locator("main form button").click()
        await page.wait_for_url(address if end == "withdraw" else f"{address}/erase")
        await page.get_by_text("You withdrew this." if end == "withdraw" else "Everything is erased").first.wait_for()
        assert await kept(page) == {"drafts": 0, "pages": 0}


async def test_characters_are_counted(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running) as (_, page):
        await page.goto(running.url + "/g/east/ask")
        await page.locator("#text").fill("Rice")
        assert await page.get_by_text("4 / 500").is_visible()


@pytest.mark.parametrize("typing", [False, True])
async def test_the_status_page_looks_again_by_itself_but_not_while_somebody_types(
    chromium: Browser, running: Running, typing: bool
) -> None:
    async with phone(chromium, running, "asker") as (context, page):
        await page.clock.install()
        address = running.url + running.pages["connected"][0]
        await page.goto(address)
        note = page.locator("textarea[name=note]").first
        await note.wait_for()
        if typing:
            await note.fill("I am")
        other = await context.new_page()
        await other.goto(address)
        said = f"The red door, {typing}"
        await other.locator("textarea[name=note]").first.fill(said)
        await other.get_by_role("button", name="Send the note").first.click()
        await other.get_by_text(said).wait_for()
        await page.bring_to_front()
        await page.clock.fast_forward(16_000)
        if typing:
            await page.wait_for_timeout(500)
            assert await note.input_value() == "I am"
            assert not await page.get_by_text(said).count()
        else:
            await page.get_by_text(said).wait_for()
            assert await page.get_by_text("0 / 500").first.is_visible()


async def test_an_older_stylesheet_goes_when_a_newer_one_is_kept(chromium: Browser, running: Running) -> None:
    sheets = """async () => (await (await caches.open("shell")).keys()).map((one) => one.url).filter((url) => url.includes("careweb.css"))"""
    async with phone(chromium, running, "asker") as (_, page):
        await page.goto(running.url + running.pages["unmet"][0])
        await page.locator(KEEP).click()
        await page.evaluate("() => navigator.serviceWorker.ready")
        await page.evaluate("""async () => {
            const shell = await caches.open("shell"), [sheet] = (await shell.keys()).filter((one) => one.url.includes("careweb.css"));
            await shell.put(sheet.url.replace(/\\?.*/, "?v=older"), await shell.match(sheet));
            await shell.delete(sheet);
        }""")
        (older,) = await page.evaluate(sheets)
        await page.goto(running.url + running.pages["unmet"][0])
        await page.wait_for_function(
            "async () => (await (await caches.open('shell')).keys()).every((one) => !one.url.includes('older'))"
        )
        (newer,) = await page.evaluate(sheets)
        assert newer != older
