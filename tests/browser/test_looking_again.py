"""A helper's page of a task looks again by itself as the asker's page does, and never takes a note that somebody is writing."""

import pytest
from playwright.async_api import Browser, Page

from tests.browser.conftest import Running
from tests.browser.test_keep import KEEP, kept, phone


async def asker_writes(chromium: Browser, running: Running, words: str) -> None:
    async with phone(chromium, running, "asker") as (_, page):
        await page.goto(running.url + running.pages["connected"][0])
        await page.locator("textarea[name=note]").first.fill(words)
        await page.get_by_role("button", name="Send the note").first.click()
        await page.get_by_text(words).wait_for()


async def open_task(page: Page, running: Running) -> None:
    await page.clock.install()
    await page.goto(running.url + running.pages["task"][0])


async def test_the_page_of_a_task_looks_again_by_itself(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running, "helper") as (context, page):
        await open_task(page, running)
        await asker_writes(chromium, running, "The blue door")
        async with page.expect_request(running.url + running.pages["task"][0]) as looks:
            await page.clock.fast_forward(16_000)
        assert (await looks.value).headers["x-careweb-looks"] == "again"  # so that it keeps nobody signed in
        await page.get_by_text("The blue door").wait_for()
        assert await page.get_by_text("0 / 500").first.is_visible()
        said = await page.locator("p.unseen[role=status]").inner_text()
        assert said == "You are connected. Talk to each other about when and where.", "what is read aloud"
        await context.set_offline(True)
        await page.locator("#offline").wait_for()
        await context.set_offline(False)
        await page.locator("#offline").wait_for(state="hidden")


@pytest.mark.parametrize("still", [True, False], ids=["in the field", "elsewhere on the page"])
async def test_a_half_written_note_stays(chromium: Browser, running: Running, still: bool) -> None:
    async with phone(chromium, running, "helper") as (_, page):
        await open_task(page, running)
        note = page.locator("textarea[name=note]")
        await note.fill("I am")
        if not still:
            await note.blur()
        words = f"The side door, {still}"
        await asker_writes(chromium, running, words)
        async with page.expect_response(running.url + running.pages["task"][0]):
            await page.clock.fast_forward(16_000)
        await page.wait_for_timeout(300)
        assert await note.input_value() == "I am"
        assert not await page.get_by_text(words).count()
        await page.get_by_role("button", name="Send the note").click()
        await page.get_by_text(words).wait_for()
        assert await page.get_by_text("I am", exact=True).count()


async def test_what_became_of_a_form_is_not_looked_at_again(chromium: Browser, running: Running) -> None:
    """An empty note: the page with the error stands where only forms go, and stays."""
    async with phone(chromium, running, "helper") as (_, page):
        await open_task(page, running)
        await page.get_by_role("button", name="Send the note").click()
        await page.locator("[role=alert]").wait_for()
        async with page.expect_response(page.url):
            await page.clock.fast_forward(16_000)
        await page.wait_for_timeout(300)
        assert await page.locator("[role=alert]").is_visible()


async def test_a_task_keeps_nothing_and_takes_nothing_away_that_was_kept(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running, "asker") as (context, page):
        await page.goto(running.url + running.pages["unmet"][0])
        await page.locator(KEEP).click()
        await page.get_by_role("button", name="Kept. Take it away").wait_for()
        await context.add_cookies(
            [{"name": "careweb-session", "value": running.sessions["thanked"], "url": running.url}]
        )
        await page.goto(running.url + running.pages["thanked task"][0])
        assert await page.locator("[data-live=over]").count() == 1
        await page.wait_for_timeout(300)
        assert await kept(page) == {"drafts": 0, "pages": 1}
        assert await page.locator("#keep").count() == 0


async def test_a_task_that_is_not_theirs_any_more_goes_from_the_screen(chromium: Browser, running: Running) -> None:
    async with phone(chromium, running, "helper") as (context, page):
        await open_task(page, running)
        await context.clear_cookies()
        await page.clock.fast_forward(16_000)
        await page.wait_for_url(lambda url: "/task/" not in url or "sign-in" in url)
        assert await page.locator("#thread").count() == 0
