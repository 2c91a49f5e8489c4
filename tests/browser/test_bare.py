"""Asking and answering by keyboard alone, without styles, without scripts; and what comes out of a printer."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from careweb.flows.signin import open_session
from careweb.storage.database import open_engine, transaction
from tests.browser.conftest import Running
from tests.browser.looks import looking
from tests.world import World

STOPS_MOST = 90  # of the tab key, on the longest page
Prepared = tuple[str, dict[str, str], dict[str, tuple[str, str]]]
Act = Callable[[Page], Awaitable[None]]


@asynccontextmanager
async def bare(chromium: Browser, running: Running, who: str = "", *, styles: bool = True) -> AsyncIterator[Page]:
    async with looking(chromium, running, who, scripts=False) as page:
        if not styles:
            await page.route("**/*.css*", lambda route: route.abort())
        yield page


async def to(page: Page, wanted: str) -> None:
    """Presses Tab until the focus is there. It is seen wherever it stops."""
    for _ in range(STOPS_MOST):
        await page.keyboard.press("Tab")
        focus = page.locator(":focus")
        if await focus.count() and await focus.evaluate(f"e => e.matches({wanted!r}) && e.getClientRects().length > 0"):
            return
    raise AssertionError(f"the tab key does not lead to {wanted} on {page.url}")


async def ask_by_keyboard(page: Page) -> None:
    keys = page.keyboard
    await to(page, "[name=category]")
    await keys.press("Space")
    await to(page, "#text")
    await keys.type("Rice and greens")
    await to(page, "#place")
    await keys.type("M1S")
    await to(page, "#language")
    await keys.type("Cantonese")
    await to(page, "[name=urgency]")
    await keys.press("Space")
    await to(page, "#name")
    await keys.type("Po")
    await to(page, "[name=contact_kind]")
    await keys.press("ArrowUp")  # from the first around to the last: the code
    await to(page, "#consent")
    await keys.press("Space")
    await to(page, "button[value=send]:not(.unseen)")
    await keys.press("Enter")
    await page.locator("#code").wait_for()


@pytest.mark.parametrize("styles", [True, False])
async def test_someone_asks_by_keyboard_alone(chromium: Browser, running: Running, styles: bool) -> None:
    async with bare(chromium, running, styles=styles) as page:
        await page.goto(running.url + "/")
        await to(page, "a[href='/g/east']")
        await page.keyboard.press("Enter")
        await to(page, "a[href='/g/east/ask']")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/ask")
        await ask_by_keyboard(page)
        assert re.fullmatch(r"\d{4} \d{4} \d{4} \d{4}", await page.locator("#code").inner_text())
        await to(page, "main a[href^='/need/']")
        await page.keyboard.press("Enter")
        await page.get_by_text("We are looking for someone").wait_for()
        await to(page, "a[href$='/withdraw']")
        await page.keyboard.press("Enter")
        await to(page, "main form button")
        await page.keyboard.press("Enter")
        await page.get_by_text("You withdrew this.").wait_for()


async def someone_asked(prepared: Prepared, running: Running) -> str:
    """A helper of their own, with an ask; the path of its link. Their session is `answering`."""
    engine = open_engine(prepared[0])
    async with transaction(engine) as tx:
        world = World(tx=tx, now=datetime.now(UTC))
        group = await world.one("SELECT id FROM care_group WHERE slug = 'east'")
        helper = await world.helper(group, name="Ari", languages=("am",))
        need = await world.need(group, languages=("am",), text="Rice")
        await world.match(need)
        link = f"/a/{world.ctx.vault.sign('ask', await world.ask_of(need, helper))}"
        running.sessions["answering"] = await open_session(world.ctx, member_id=helper)
        await world.rows("UPDATE offer SET state = 'ended' WHERE member_id = $1", helper)
        await world.rows("UPDATE offer SET state = 'active' WHERE member_id = $1", helper)
    await engine.dispose()
    return link


@pytest.mark.parametrize("styles", [True, False])
async def test_a_helper_answers_by_keyboard_alone(
    chromium: Browser, running: Running, prepared: Prepared, styles: bool
) -> None:
    link = await someone_asked(prepared, running)
    try:
        async with bare(chromium, running, "answering", styles=styles) as page:
            await page.goto(running.url + link)
            await to(page, "button[value=yes]")
            await page.keyboard.press("Enter")
            await page.get_by_text("You are connected.").wait_for()
            await to(page, "textarea[name=note]")
            await page.keyboard.type("At six")
            await to(page, "form[action$='/note'] button")
            await page.keyboard.press("Enter")
            await page.get_by_text("At six").wait_for()
            await to(page, "form[action$='/done'] button")
            await page.keyboard.press("Enter")
            await page.get_by_text("This is done. Thank you!").wait_for()
            await to(page, "#thanks")
            await page.keyboard.type("It was a good evening")
            await page.keyboard.press("Enter")
            await page.get_by_text("It was a good evening").wait_for()
    finally:
        del running.sessions["answering"]


async def test_focus_is_seen_wherever_the_tab_key_stops(chromium: Browser, running: Running) -> None:
    unseen = """() => { const e = document.activeElement, s = (x) => getComputedStyle(x).outlineStyle;
        const box = e.closest('.pick') ?? e; return s(e) === 'none' && s(box) === 'none' ? e.outerHTML.slice(0, 90) : '' }"""
    for name in ("ask", "connected", "task", "me"):
        path, who = running.pages[name]
        async with looking(chromium, running, who) as page:
            await page.goto(running.url + path)
            for _ in range(STOPS_MOST):
                await page.keyboard.press("Tab")
                if await page.evaluate("document.activeElement === document.body"):
                    break
                assert await page.evaluate(unseen) == "", name


async def test_what_is_focused_is_not_under_the_strip_that_stays(chromium: Browser, running: Running) -> None:
    """WCAG 2.4.11, also backwards, when a page scrolls up to what is focused."""
    hidden = """() => { const e = document.activeElement, strip = document.querySelector('.leave');
        if (strip.contains(e) || strip.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING) return false;
        return e.getBoundingClientRect().bottom <= strip.getBoundingClientRect().bottom && e.getBoundingClientRect().top >= 0 }"""
    path, who = running.pages["connected"]
    async with looking(chromium, running, who) as page:
        await page.goto(running.url + path)
        await page.keyboard.press("End")
        await page.locator("footer a").last.focus()
        for _ in range(STOPS_MOST):
            await page.keyboard.press("Shift+Tab")
            if await page.evaluate(
                "document.activeElement.closest('header') || document.activeElement === document.body"
            ):
                break
            await page.wait_for_function(
                f"!({hidden})()", timeout=5000
            )  # the page scrolls there after the key, not with it


async def printed(page: Page, words: str) -> None:
    await page.emulate_media(media="print")
    assert await page.get_by_text(words).first.is_visible(), words
    shown: Any = await page.evaluate(
        "[...document.querySelectorAll('button, input:not([type=hidden]), textarea, nav, footer, .leave, .skip')].filter(e => e.getClientRects().length).map(e => e.outerHTML.slice(0, 80))"
    )
    assert shown == [], words
    colours = await page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"], words


async def test_print_has_the_words_and_none_of_the_buttons(chromium: Browser, running: Running) -> None:
    for name, words in (
        ("connected", "What you asked for"),
        ("task", "In their words"),
        ("privacy", "As little as we can"),
    ):
        path, who = running.pages[name]
        async with looking(chromium, running, who, width=700) as page:
            await page.goto(running.url + path)
            await printed(page, words)


async def test_the_codes_that_are_kept_on_paper_can_be_printed(chromium: Browser, running: Running) -> None:
    async with bare(chromium, running) as page:
        await page.goto(running.url + "/g/east/ask")
        await ask_by_keyboard(page)
        await printed(page, await page.locator("#code").inner_text())
        size: str = await page.locator("#code").evaluate("e => getComputedStyle(e).fontSize")
        assert float(size.removesuffix("px")) >= 28, "read from paper by whoever sees badly"
    async with bare(chromium, running, "passed") as page:
        await page.goto(running.url + "/second-step/own")
        await page.locator("form[action='/second-step/codes'] button").click()
        codes = await page.locator("main .code").all_inner_texts()
        assert len(codes) > 5
        for code in codes:
            await printed(page, code)


async def test_tibetan_wraps_after_its_tsheg(chromium: Browser, running: Running) -> None:
    """Every line but the last of a paragraph ends with a tsheg, a shad or a blank: no syllable is torn, none is clipped."""
    ends = """() => { const found = [], walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
        for (let node; (node = walk.nextNode());) {
            let above = null;
            for (let at = 0; at < node.length; at++) {
                const range = document.createRange(); range.setStart(node, at); range.setEnd(node, at + 1);
                const box = range.getClientRects()[0];
                if (!box || !box.width) continue;
                if (above !== null && box.top > above + box.height / 2) found.push(node.data.slice(at - 1, at));
                above = box.top;
            }
        } return found }"""
    async with looking(chromium, running, width=320, locale="bo") as page:
        await page.goto(running.url + "/help")
        found: list[str] = await page.evaluate(ends)
    assert len(found) > 20, "it is a page of many lines"
    assert {one for one in found if one not in "\u0f0b\u0f0c\u0f0d\u0f0e\u0f14 \n-"} == set()


async def test_without_styles_the_page_reads_in_order_and_is_not_torn(chromium: Browser, running: Running) -> None:
    for name in ("home", "ask", "connected", "answer", "task", "me"):
        path, who = running.pages[name]
        async with bare(chromium, running, who, styles=False) as page:
            await page.goto(running.url + path)
            assert await page.locator("h1").count() == 1, name
            drawn = await page.evaluate(
                "[...document.querySelectorAll('main svg')].map(e => e.getBoundingClientRect().height)"
            )
            assert all(height <= 120 for height in drawn), (name, max(drawn))
            assert not await page.locator("#keep:visible, #offline:visible").count(), "what only scripts show"
