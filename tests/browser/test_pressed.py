"""Pages that come of a form or of a failure only: as accessible, as narrow and as small as those with an address."""

import gzip
from typing import Any
from unittest.mock import patch

import pytest
from playwright.async_api import Browser, Page

from careweb.web import visits
from tests.browser.conftest import Running
from tests.browser.drawing import Drawn, drawing
from tests.browser.looks import EVERY, LOCALES, LOOKS, ONCE, LookingOver, looking
from tests.browser.pressing import (
    ASKED,
    AWAY,
    FOREIGN,
    MISHAPS,
    PRESSES,
    REFUSED,
    SAME_FIELDS,
    Press,
    Ready,
    made_ready,
    send,
)
from tests.browser.test_pages import MOST_BYTES, weight
from tests.figures import record

Prepared = tuple[str, dict[str, str], dict[str, tuple[str, str]]]
pytestmark = pytest.mark.parametrize("locale", LOCALES)
FORM = "/find"  # a page with a form, for anybody


async def pressed(page: Page, ready: Ready, press: Press) -> None:
    await page.goto(ready.running.url + FORM)
    with drawing() as drawn:
        status = await send(page, ready.address(press), ready.values(press))
    assert (status, drawn) == (press.status, [press.draws]), page.url


async def size(page: Page) -> int:
    return len(gzip.compress((await page.content()).encode(), 6))


async def test_axe_finds_nothing_on_pages_that_come_of_a_form(
    chromium: Browser, running: Running, prepared: Prepared, locale: str
) -> None:
    over, sizes = LookingOver(locale), dict[str, int]()
    sheet = weight(running.url + "/static/careweb.css", "")
    async with made_ready(prepared[0], running) as ready:
        for name, press in PRESSES.items():
            async with looking(chromium, ready.running, press.who, locale=locale) as page:
                await pressed(page, ready, press)
                sizes[name] = sheet + await size(page)
                await over.look(page, name)
    over.done()
    record("bytes", pages=sizes, sheet=sheet, languages=1)
    assert max(sizes.values()) <= MOST_BYTES, sizes


async def test_axe_finds_nothing_where_a_form_was_refused(
    chromium: Browser, running: Running, prepared: Prepared, locale: str
) -> None:
    over, unsaid = LookingOver(locale), list[str]()
    async with made_ready(prepared[0], running) as ready:
        for who in {press.who: "" for press in REFUSED.values()}:
            async with looking(chromium, ready.running, who, locale=locale) as page:
                for name, press in REFUSED.items():
                    if press.who != who or (name in SAME_FIELDS and not EVERY):
                        continue
                    await pressed(page, ready, press)
                    if not await page.locator("[role=alert] a").count():
                        unsaid.append(name)
                    await over.look(page, f"{name}, refused", LOOKS if name == "ask" else ONCE)
    assert unsaid == []
    over.done()


async def test_axe_finds_nothing_on_the_page_with_the_code_sent_once_or_twice(
    chromium: Browser, running: Running, locale: str
) -> None:
    over = LookingOver(locale)
    async with looking(chromium, running, locale=locale) as page:
        await page.goto(running.url + "/g/east/ask")
        await send(page, running.url + "/g/east/ask", ASKED)
        code = await page.locator("#code").inner_text()
        await page.reload()
        assert await page.locator("#code").inner_text() == code
        assert await page.locator(".note a[href$='/change']").count(), "it was posted before"
        await over.look(page, "posted, again")
    over.done()


async def test_axe_finds_nothing_on_what_people_are_told_when_something_goes_wrong(
    chromium: Browser, running: Running, locale: str
) -> None:
    over = LookingOver(locale)
    async with looking(chromium, running, locale=locale) as page:
        for kind, error in MISHAPS.items():
            with patch.object(visits, "reading", side_effect=error), drawing() as drawn:
                await page.goto(running.url + "/help")
            await seen(over, page, kind, drawn, ("error.html", kind))
        with drawing() as drawn:  # an empty page of nobody's
            await page.goto("about:blank")
            await send(page, running.url + FORM, {})
        await seen(over, page, "foreign", drawn, FOREIGN)
    over.done()


async def seen(
    over: LookingOver, page: Page, name: str, drawn: list[Drawn], expected: Drawn, looks: Any = ONCE, **how: Any
) -> None:
    assert drawn[:1] == [expected]  # a browser asks for an icon where a page names none
    await over.look(page, name, looks, **how)


async def test_axe_finds_nothing_on_what_people_see_while_the_database_is_away(
    chromium: Browser, running: Running, locale: str
) -> None:
    """It has no stylesheet, so that it stays within one kilobyte."""
    over, gone = LookingOver(locale), FileNotFoundError()
    async with looking(chromium, running, locale=locale) as page:
        for sending in (False, True):
            await page.goto(running.url + FORM)
            with (
                patch.object(visits, "reading", side_effect=gone),
                patch.object(visits, "transaction", side_effect=gone),
                drawing() as drawn,
            ):
                if sending:
                    assert await send(page, running.url + "/g/east/ask", ASKED) == 503
                else:
                    await page.goto(running.url + "/help")
            assert bool(await page.locator("form").count()) == sending
            assert await page.locator("a[href^='tel:']").count()
            # drawn there anyway; axe takes what is not said to be white
            await page.evaluate("document.documentElement.style.backgroundColor = 'Canvas'")
            name = "away, with a form" if sending else "away"
            await seen(over, page, name, drawn, AWAY, LOOKS, styled=False)
    over.done()
