"""How pages are looked at: in which languages, how wide, in which colours, and what is measured of each."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from careweb.rendering import interfaces
from tests.browser.conftest import Running
from tests.figures import record

# `make pages EVERY=1` looks at every page in every language, in more ways.
Scheme = Literal["light", "dark"]
EVERY = bool(os.environ.get("CAREWEB_EVERY"))
LOCALES = [f"{tag}-CA" for tag in interfaces()] if EVERY else ["en-CA"]
LOOKS: list[tuple[int, Scheme]] = [(320, "light"), (1280, "dark")]  # 320 pixels are what 400 % zoom leaves of 1280
if EVERY:
    LOOKS = [(width, scheme) for width in (320, 768, 1280) for scheme in ("light", "dark")]
PHONE = 360  # pixels
ONCE = LOOKS if EVERY else LOOKS[:1]  # of a page whose parts were all seen in the dark elsewhere

# Not Axe().run, which brings its half megabyte of script once more for every look.
AXE = Axe().axe_script
FOUND = "options => axe.run(options).then(result => result.violations)"

# All that can be pressed, in lists that are folded too; but for links within a mail of the demonstration.
SMALL = """() => { document.querySelectorAll('details').forEach(one => one.open = true);
        return [...document.querySelectorAll('a[href], button, summary, select, textarea, input:not([type=hidden])')]
        .map(e => [e.closest('label') || e, e])
        .filter(([box, e]) => e.getClientRects().length && !e.classList.contains('unseen') && !e.closest('.mail'))
        .map(([box]) => [box.outerHTML.slice(0, 90), box.getBoundingClientRect()])
        .filter(([, box]) => Math.min(box.width, box.height) < 43.5).map(([it, box]) => [it, box.width, box.height]) }"""


@asynccontextmanager
async def looking(
    chromium: Browser,
    running: Running,
    who: str = "",
    *,
    width: int = PHONE,
    scheme: Scheme = "light",
    scripts: bool = True,
    locale: str = "en-CA",
) -> AsyncIterator[Page]:
    """`scripts` lets axe run; the pages have none, and their policy forbids any."""
    context = await chromium.new_context(
        viewport={"width": width, "height": 780}, color_scheme=scheme, java_script_enabled=scripts, bypass_csp=scripts,
        locale=locale,
    )  # fmt: skip
    if who:
        await context.add_cookies([{"name": "careweb-session", "value": running.sessions[who], "url": running.url}])
    try:
        yield await context.new_page()
    finally:
        await context.close()


def broken(found: Any) -> list[str]:
    """Which rules, and where."""
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


def every_page(running: Running) -> list[tuple[str, str, str]]:
    return [(name, running.url + path, who) for name, (path, who) in running.pages.items()]


async def opened(page: Page, address: str) -> None:
    """The page that was asked for, and not the way to it, as signing in or a second step: whatever is measured then would
    be measured of that."""
    answer = await page.goto(address)
    assert page.url == address
    assert answer
    assert answer.status == (404 if address.endswith("/nothing") else 200), address


def rules(scheme: Scheme) -> dict[str, Any]:
    """Only colours are others in the dark: all else was seen in the light. What is well is not listed: it takes half the time."""
    return {"resultTypes": ["violations"]} | ({"runOnly": ["color-contrast"]} if scheme == "dark" else {})


class LookingOver:
    """Each page is looked at in every way, as it stands: it comes once."""

    def __init__(self, locale: str) -> None:
        self._locale = locale
        self._pages: dict[tuple[int, Scheme], int] = dict.fromkeys(LOOKS, 0)
        self._axe: dict[tuple[int, Scheme], dict[str, list[str]]] = {look: {} for look in LOOKS}
        self._wide: dict[tuple[int, Scheme], list[str]] = {look: [] for look in LOOKS}
        self._small: dict[str, Any] = {}
        self._sized = 0

    async def look(
        self, page: Page, name: str, looks: Sequence[tuple[int, Scheme]] = LOOKS, *, styled: bool = True
    ) -> None:
        """`styled`: what has no stylesheet is as large as the browser draws it."""
        self._sized += styled
        await page.evaluate(AXE)
        for width, scheme in looks:
            self._pages[width, scheme] += 1
            await page.set_viewport_size({"width": width, "height": 780})
            # a colour on its way to another has the contrast of neither
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if found := await page.evaluate(FOUND, rules(scheme)):
                self._axe[width, scheme][name] = broken(found)
            if await page.evaluate("document.documentElement.scrollWidth") > width:
                self._wide[width, scheme].append(name)
        await page.set_viewport_size({"width": PHONE, "height": 780})
        if styled and (small := await page.evaluate(SMALL)):
            self._small[name] = small

    def done(self) -> None:
        for (width, scheme), pages in self._pages.items():
            axe, wide = self._axe[width, scheme], self._wide[width, scheme]
            kind = "contrast" if scheme == "dark" else "all"
            record("sideways", language=self._locale, width=width, pages=pages, broken=wide)
            record("axe", language=self._locale, width=width, scheme=scheme, rules=kind, pages=pages, broken=axe)
        record("targets", language=self._locale, pages=self._sized, broken=list(self._small))
        broken_ones, wide_ones = ({look: one for look, one in of.items() if one} for of in (self._axe, self._wide))
        assert not broken_ones, broken_ones
        assert not wide_ones, wide_ones
        assert not self._small, self._small
