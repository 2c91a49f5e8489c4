"""Every page in a real browser: accessible, small, alone with its origin, no sideways scrolling, without JavaScript."""

import gzip
from pathlib import Path
from urllib.request import Request, urlopen

import axe_playwright_python
import pytest
from playwright.async_api import Browser, Response

from careweb.rendering import interfaces
from tests.browser.conftest import Running
from tests.browser.looks import LOCALES, LOOKS, ONCE, LookingOver, every_page, looking, opened
from tests.figures import record

MOST_BYTES = 14 * 1024
# Between them these have all that pages are made of; in each run they are looked at in the dark too.
IN_THE_DARK = {"home", "ask", "connected", "choosing", "thanked", "task", "me", "channels", "board", "need", "recruiting", "review", "opened", "own second step", "message"}  # fmt: skip


@pytest.mark.parametrize("locale", LOCALES)
async def test_every_page_is_accessible_fits_and_asks_nobody_else(
    chromium: Browser, running: Running, locale: str
) -> None:
    """Axe, no scrolling sideways, targets of 44 pixels; and all that a page needs it names itself, of its own origin, so that
    it is whole after its own answer and one more: nothing leads to something else."""
    over, asked, chains = LookingOver(locale), set[str](), dict[str, list[str]]()
    for who in ("", *running.sessions):
        async with looking(chromium, running, who, locale=locale) as page:
            page.on("request", lambda request: asked.add(request.url))
            for name, address, theirs in every_page(running):
                if theirs == who:
                    await opened(page, address)
                    found = await page.evaluate("performance.getEntriesByType('resource').map(e => e.initiatorType)")
                    if later := [kind for kind in found if kind not in ("link", "script", "img", "other")]:
                        chains[name] = later
                    await over.look(page, name, LOOKS if name in IN_THE_DARK else ONCE)
    record("trips", trips=2, pages=len(running.pages), broken=chains)
    over.done()
    assert running.pages.keys() >= IN_THE_DARK
    assert asked
    assert {one for one in asked if not one.startswith(running.url + "/")} == set()
    assert chains == {}


@pytest.mark.parametrize("locale", ["en-CA", "ur-CA"])
@pytest.mark.parametrize("width", [320, 360, 1280])
async def test_the_list_of_languages_opens_in_a_row_of_its_own(
    chromium: Browser, running: Running, width: int, locale: str
) -> None:
    """Below all else of the header, above the strip with "Leave this page", and over neither."""
    edges = """() => ['.brand', 'nav', '.tongues details', '.leave'].map(one => document.querySelector(one).getBoundingClientRect())
        .map(box => [box.top, box.bottom])"""
    hidden = """() => [...document.querySelectorAll('.tongues summary, .tongues button:not(.unseen), .brand, .top nav a, #leave')].filter(e => {
        const box = e.getBoundingClientRect(), seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return !(e === seen || e.contains(seen)); }).map(e => e.outerHTML.slice(0, 80))"""
    async with looking(chromium, running, width=width, locale=locale) as page:
        await page.goto(running.url + "/g/east/ask")
        await page.locator(".tongues summary").click()
        brand, nav, listed, strip = await page.evaluate(edges)
        assert max(brand[1], nav[1]) <= listed[0] < listed[1] <= strip[0]
        assert await page.evaluate(hidden) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_page_with_its_stylesheet_is_at_most_14_kilobytes_compressed(running: Running) -> None:
    """In the language in which it is heaviest: letters of three bytes compress less."""
    sizes = {}
    sheet = weight(running.url + "/static/careweb.css", "")
    for name, address, who in every_page(running):
        session = running.sessions.get(who, "")
        sizes[name] = sheet + max(weight(address, session, tag) for tag in interfaces())
    record("bytes", pages=sizes, sheet=sheet, languages=len(interfaces()))
    assert max(sizes.values()) <= MOST_BYTES, sizes


def weight(address: str, session: str, language: str = "en") -> int:
    headers = {"Accept-Encoding": "gzip", "Accept-Language": language, "Cookie": f"careweb-session={session}"}
    try:
        answer = urlopen(Request(address, headers=headers))  # noqa: S310  our own server
    except OSError as error:
        answer = error
    with answer:
        assert answer.url == address
        body: bytes = answer.read()
        assert answer.headers.get("content-encoding") == "gzip" or len(body) < 500
        assert gzip.decompress(body) if answer.headers.get("content-encoding") else True
    return len(body)


FLOW_MOST = 30 * 1024
FLOW = ("/g/east", "/g/east/ask")


@pytest.mark.parametrize("tag", interfaces())
async def test_the_whole_of_asking_fits_and_is_at_most_30_kilobytes_compressed(
    chromium: Browser, running: Running, tag: str
) -> None:
    """The group's page, the form, the page with the code and its long link, the page of the need; the stylesheet once.

    By a list of towns it is longer: tests/web/test_weight.py.
    """
    sizes = {"stylesheet": weight(running.url + "/static/careweb.css", "")}
    wide = []
    async with looking(chromium, running, width=320, locale=tag) as page:

        async def seen(name: str, answer: Response | None) -> None:
            assert answer
            sizes[name] = len(gzip.compress(await answer.body(), 6))
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(name)

        for path in FLOW:
            await seen(path, await page.goto(running.url + path))
        for box in ("[value=company]", "[value=low]", "[name=contact_kind][value=code]", "#consent"):
            await page.locator(f"main {box}").check()
        await page.locator("#place").fill("M1S")
        await page.locator("#language").select_option("yue")
        await page.locator("#name").fill("Po")
        for name, button in (
            ("code", page.locator("main button[value=send]:visible").last),
            ("status", page.locator("main a.button[href^='/need/']")),
        ):
            async with page.expect_event(
                "response", lambda one: one.request.is_navigation_request() and one.ok
            ) as coming:
                await button.click()
            await page.wait_for_load_state()
            await seen(name, await coming.value)
    record("flow", sizes=sizes, language=tag)
    assert wide == []
    assert sum(sizes.values()) <= FLOW_MOST, sizes


async def test_someone_asks_on_a_phone_by_keyboard_alone_with_javascript_off(
    chromium: Browser, running: Running
) -> None:
    async with looking(chromium, running, scripts=False) as page:
        await page.goto(running.url + "/g/east/ask")
        await page.locator("input[value=groceries]").press("Space")
        await page.locator("#place").fill("M1S")
        await page.locator("#language").select_option("yue")
        await page.locator("input[value=urgent]").press("Space")
        await page.locator("#name").fill("Po")
        await page.locator("input[name=contact_kind][value=code]").press("Space")
        await page.locator("#consent").press("Space")
        await page.locator("#name").press("Enter")
        assert (await page.locator("#code").inner_text()).count(" ") == 3
        await page.get_by_role("link", name="See what is happening").press("Enter")
        assert await page.get_by_text("We are looking for someone").is_visible()


async def test_the_summary_leads_to_the_field(chromium: Browser, running: Running) -> None:
    async with looking(chromium, running, scripts=False) as page:
        await page.goto(running.url + "/g/east/ask")
        await page.get_by_role("button", name="Look for someone").click()
        await page.get_by_role("link", name="Choose the language you speak best.").click()
        assert page.url.endswith("#language")


async def test_focus_is_visible(chromium: Browser, running: Running) -> None:
    async with looking(chromium, running) as page:
        await page.goto(running.url)
        await page.keyboard.press("Tab")
        outline = await page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle + document.activeElement.className"
        )
        assert outline == "solidskip"


def test_the_axe_that_ran_is_a_current_one() -> None:
    script = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    assert "axe v4." in script[:200]
