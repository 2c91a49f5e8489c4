"""People of one language at browsers of their own, before a site with a worker and a mail server."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.message import EmailMessage
from functools import cache
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from careweb.domain.ids import GroupId, MemberId
from careweb.flows.groups import open_group
from careweb.rendering import Interface, _environment, cldr, interfaces, translations
from careweb.storage.database import Engine, transaction
from tests.delivery.stubs import Stub
from tests.servers import MailSink
from tests.web.alphabets import NAMES
from tests.world import SCARBOROUGH, World
from tools.catalogues import read_catalogue, said

PHONE: ViewportSize = {"width": 360, "height": 780}
_WORD = re.compile(r"[A-Za-z]{2,}")
_NOT_WORDS = re.compile(r"%\(\w+\)[sd]|<[^>]+>|https?://\S+|\S+@\S+")
# Names, words that a person typed, codes and addresses are in whatever language they are in.
_READ = """() => {
    const odd = (e) => { const found = e.closest('bdi, q, option, script, style, [lang], [dir=auto], [dir=ltr]');
        return found && found !== document.documentElement; };
    const words = [document.title, ...[...document.querySelectorAll('main [alt], main section[aria-label], main aside[aria-label]')]
        .map(e => e.alt ?? e.ariaLabel)];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (!odd(walk.currentNode.parentElement)) words.push(walk.currentNode.data);
    const page = document.documentElement;
    return {lang: page.lang, dir: page.dir, flows: getComputedStyle(document.querySelector('main')).direction,
        wide: page.scrollWidth > innerWidth, words};
}"""


@dataclass(frozen=True, kw_only=True)
class Tongue:
    """A language of the pages, and what its people say."""

    tag: str
    spoken: str
    names: tuple[str, str]  # of an asker and of a volunteer
    words: str
    group: str
    few: bool = False  # so few people speak it in Scarborough that a wider place is offered

    @property
    def interface(self) -> Interface:
        return interfaces()[self.tag]

    def says(self, message: str, /, **values: object) -> str:
        """What the catalogue has for it. Fails on a sentence that is nowhere."""
        words = translations(self.tag).gettext(message)
        assert self.tag == "en" or words != message, message
        return words % values if values else words

    def day(self, day: date) -> str:
        return _environment(html=False).from_string("{{ day|day }}").render(interface=self.interface, day=day)

    def counts(self, one: str, many: str, n: int) -> str:
        return translations(self.tag).ngettext(one, many, n) % {"n": n, "times": n}


TONGUES = {
    one.tag: one
    for one in (
        Tongue(tag="en", spoken="en", names=("Po", "Ada"), words="Rice and greens, please", group="East side"),
        Tongue(tag="zh-Hant", spoken="yue", names=("阿寶", "詠欣"), words="想要一些米和青菜", group="東區街坊"),
        Tongue(tag="ur", spoken="ur", names=("زینب", "عمران"), words="چاول اور سبزی چاہیے", group="مشرقی محلہ"),
        Tongue(tag="bo", spoken="bo", names=("བསོད་ནམས་", "སྒྲོལ་མ་"), words="འབྲས་དང་སྔོ་ཚལ་དགོས།", group="ཤར་ཕྱོགས་", few=True),
    )
}  # fmt: skip


@cache
def borrowed(tag: str) -> frozenset[str]:
    """Latin words of the translations themselves, as names and examples of what to type, and those of CLDR, as PM."""
    strings = [one for message in read_catalogue(tag) for one in said(message)]
    strings += [word for forms in cldr(tag).day_periods.values() for words in forms.values() for word in words.values()]
    return frozenset(word for one in strings for word in _WORD.findall(_NOT_WORDS.sub(" ", one)))


def english_in(tag: str, text: str) -> set[str]:
    """Latin words in a text of another script that no translation put there."""
    return set() if tag == "en" else set(_WORD.findall(_NOT_WORDS.sub(" ", text))) - borrowed(tag) - set(NAMES)


@dataclass(frozen=True, kw_only=True)
class House:
    url: str
    engine: Engine
    smtp: MailSink
    gateway: Stub  # of ntfy

    async def do(self, verb: Callable[[World], Awaitable[Any]]) -> Any:
        async with transaction(self.engine) as tx:
            return await verb(World(tx=tx, now=datetime.now(UTC)))

    async def group(self, slug: str, tongue: Tongue) -> GroupId:
        group: GroupId = await self.do(
            lambda world: open_group(world.ctx, slug, tongue.group, area_code=SCARBOROUGH, languages=(tongue.spoken,))
        )
        return group

    async def helper(self, group: GroupId, tongue: Tongue, address: str, **changes: Any) -> MemberId:
        """Admitted, and asked at any hour."""

        async def make(world: World) -> MemberId:
            stated = {"languages": (tongue.spoken,), "name": tongue.names[1]} | changes
            member = await world.helper(group, address=address, **stated)
            await world.rows("UPDATE member SET locale = $2 WHERE id = $1", member, tongue.tag)
            return member

        member: MemberId = await self.do(make)
        return member

    async def mail(self, to: str, tongue: Tongue, message: str) -> str:
        """The text of the first one to this address that says so; it is in that language from head to foot."""
        words = tongue.says(message)
        async with asyncio.timeout(15):
            while not (found := [one for one in self.smtp.to(to) if words in text_of(one)]):  # noqa: ASYNC110  another thread
                await asyncio.sleep(0.02)
        mail, text = found[0], text_of(found[0])
        html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
        assert mail["content-language"] == tongue.tag
        assert mail["subject"] == tongue.says("You have a message")
        assert f'<html lang="{tongue.tag}" dir="{tongue.interface.dir}">' in html
        assert english_in(tongue.tag, f"{mail['subject']} {text}") == set()
        return text

    async def text(self, topic: str) -> str:
        """The first one that came to this topic."""
        async with asyncio.timeout(15):
            while not (found := [one for one in self.gateway.requests if one.path == f"/{topic}"]):  # noqa: ASYNC110  another thread
                await asyncio.sleep(0.02)
        return str(json.loads(found[0].body)["message"])

    @asynccontextmanager
    async def someone(
        self, chromium: Browser, tongue: Tongue, *, scripts: bool, session: str = "", locale: str = ""
    ) -> AsyncIterator["Person"]:
        """At a phone whose browser asks for their language; under the policy that the pages have."""
        context = await chromium.new_context(
            viewport=PHONE,
            java_script_enabled=scripts,
            locale=locale or f"{tongue.tag}-CA",
        )
        if session:
            await context.add_cookies([{"name": "careweb-session", "value": session, "url": self.url}])
        context.set_default_timeout(20_000)
        page = await context.new_page()
        person = Person(house=self, tongue=tongue, scripts=scripts, context=context, page=page)
        person.page.on("pageerror", lambda error: person.wrong.append(str(error)))
        person.page.on("console", lambda one: person.wrong.append(one.text) if "Security Policy" in one.text else None)
        try:
            yield person
        finally:
            await context.close()
        assert person.wrong == []


def text_of(mail: EmailMessage) -> str:
    text: str = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    return text


def link_in(text: str) -> str:
    """The first link: what a message is about."""
    return str(re.findall(r"https?://\S+", text)[0])


def code_in(text: str, digits: int) -> str:
    """The one line that is so many digits."""
    (code,) = [line for line in text.splitlines() if re.fullmatch(rf"\d{{{digits}}}", line)]
    return code


@dataclass(kw_only=True)
class Person:
    house: House
    tongue: Tongue
    scripts: bool
    context: BrowserContext
    page: Page
    wrong: list[str] = field(default_factory=list)

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    async def opens(self, address: str) -> None:
        await self.page.goto(address if address.startswith("http") else self.house.url + address)
        await self.looks()

    async def reads(self, message: str, **values: object) -> None:
        await expect(self.main).to_contain_text(self.tongue.says(message, **values))

    async def sees(self, words: str) -> None:
        await expect(self.main).to_contain_text(words)

    async def presses(self, message: str) -> None:
        await self.goes_by(self.main.get_by_role("button", name=self.tongue.says(message), exact=True))

    async def follows(self, message: str, **values: object) -> None:
        await self.goes_by(self.page.get_by_role("link", name=self.tongue.says(message, **values)).first)

    async def goes_by(self, way: Locator) -> None:
        async with self.page.expect_navigation():
            await way.click()
        await self.looks()

    async def has_kept(self, **typed: str) -> None:
        """What they typed stands there still."""
        assert {name: await self.page.locator(f"#{name}").input_value() for name in typed} == typed

    async def looks(self) -> None:
        """At the page as a whole: its language, its direction, nothing left in English, nothing off the side."""
        await self.page.wait_for_load_state()
        seen = await self.page.evaluate(_READ)
        told, one = f"{self.page.url} in {self.tongue.tag}", self.tongue.interface
        assert (seen["lang"], seen["dir"], seen["flows"]) == (one.tag, one.dir, one.dir), told
        english = english_in(one.tag, "\n".join(seen["words"]))
        assert not english, f"{told}: {english}"
        assert not seen["wide"], told

    async def is_told(self, errors: dict[str, str]) -> None:
        """A summary that comes first and leads to each field, which says the same; `errors` are fields and their words."""
        links = self.page.locator("[role=alert] a")
        found = {str(await one.get_attribute("href"))[1:]: await one.inner_text() for one in await links.all()}
        wanted = {name: self.tongue.says(words) for name, words in errors.items()}
        assert found == wanted, (found, wanted)
        heading = self.tongue.counts("One thing to check", "%(n)s things to check", len(found))
        assert await self.page.locator("[role=alert] h2").inner_text() == heading
        assert await self.page.evaluate("document.querySelector('main').firstElementChild.role") == "alert"
        for name, words in found.items():
            assert await self.page.locator(f"#{name}-error").inner_text() == words
            assert await self.page.locator(f'[aria-describedby~="{name}-error"]').count() == 1, name
        await links.last.click()
        assert await self.page.locator(":target").get_attribute("id") == list(found)[-1]
