"""Askers and volunteers of a run: they only see pages and mail, and try again until somebody answers them."""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from bench.browser import Answer, Browser
from tests.faults.post import Delivery
from tests.world import VAULT

_NEED = re.compile(rb'href="/need/([0-9a-f-]{36})"')
_ASK = re.compile(r"^http\S+?(/a/\S+)\s*$", re.MULTILINE)
_CODE = re.compile(r"^(\d{4})\s*$", re.MULTILINE)
_CHOOSE = re.compile(rb'action="(/need/[0-9a-f-]{36}/matches/([0-9a-f-]{36})/choose)"')
_REPORT = re.compile(rb'href="(/need/[0-9a-f-]{36}/matches/([0-9a-f-]{36})/report)"')
_MAIL = re.compile(rb'href="mailto:([^"]+)"')
_TASK = re.compile(rb"location: /task/([0-9a-f-]{36})", re.IGNORECASE)
_BLOCKED = re.compile(rb"location: \S+/reviews", re.IGNORECASE)
_ANSWER_SECONDS = 12.0
CATEGORIES, LANGUAGES, GROUPS = (
    ("groceries", "meals", "call", "forms", "household"),
    ("yue", "en", "fr"),
    ("east", "west"),
)
Trap = Callable[["Volunteer", str, Callable[[], Awaitable[Answer]]], Awaitable[Answer]]


@dataclass
class Diary:
    """What people were told, and what they did. The checker holds it against what is in PostgreSQL."""

    posted: dict[str, set[UUID]] = field(default_factory=dict)  # form -> needs it was said to have made
    pressed_yes: set[UUID] = field(default_factory=set)  # asks whose volunteer said yes
    chose: set[UUID] = field(default_factory=set)  # matches an asker said yes to
    taken: set[UUID] = field(default_factory=set)  # matches a volunteer was shown
    seen: list[tuple[float, UUID]] = field(default_factory=list)  # a match's page with a way to reach the other
    shown: list[tuple[float, UUID, UUID]] = field(default_factory=list)  # the same on an asker's page: need and member
    parted: list[tuple[float, UUID, UUID]] = field(
        default_factory=list
    )  # since when who asked for a need and a member are
    blocked: list[tuple[float, UUID]] = field(
        default_factory=list
    )  # and the two of a match, who pressed it on its page
    answers: dict[str, int] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)  # how long one post took, faults included


@dataclass
class Town:
    ports: list[int]
    chance: random.Random
    diary: Diary = field(default_factory=Diary)
    volunteers: dict[str, "Volunteer"] = field(default_factory=dict)
    askers: dict[str, "Asker"] = field(default_factory=dict)
    traps: list[Trap] = field(default_factory=list)  # the next to say yes walks into one
    mistakes: list[str] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def read(self, delivery: Delivery) -> None:
        """Whoever gets a message does something about it, a little later."""
        if volunteer := self.volunteers.get(delivery.to):
            self.start(volunteer.react(delivery.text))
        elif asker := self.askers.get(delivery.to):
            self.start(asker.react())

    def start(self, doing: Awaitable[None]) -> None:
        task = asyncio.ensure_future(doing)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Future[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.mistakes.append(repr(error)[:300])  # of this play, not of the product: the run is red all the same

    async def quiet(self) -> None:
        while self._tasks:
            await asyncio.wait(set(self._tasks), timeout=1)

    async def ask(self, cookies: dict[str, str], do: Callable[[Browser], Awaitable[Answer]], port: int = 0) -> Answer:
        """Until the site answers with anything but "try again", on whichever of its processes."""
        while True:
            try:
                async with (
                    asyncio.timeout(_ANSWER_SECONDS),
                    Browser(port or self.chance.choice(self.ports), cookies) as browser,
                ):
                    answer = await do(browser)
                    cookies.update(browser.cookies)
                if answer.status < 500:
                    return answer
            except (OSError, EOFError, TimeoutError):
                pass
            port = 0
            await asyncio.sleep(0.15)

    async def send(
        self, cookies: dict[str, str], page: str, action: str, fields: Mapping[str, str], port: int = 0
    ) -> Answer:
        """Opens a page, fills in a form of it, and sends the same form until it is answered."""
        shown = await self.ask(cookies, lambda browser: browser.get(page))
        hidden = shown.hidden()
        if "token" not in hidden:
            return shown
        return await self.ask(cookies, lambda browser: browser.post(action, {**hidden, **fields}), port)

    async def block(self, cookies: dict[str, str], page: str, match: UUID) -> None:
        """By the form of this page; only from when it is answered it is promised to hold."""
        answer = await self.send(cookies, page, page, {"do": "block"})
        if _BLOCKED.search(answer.head):
            self.diary.blocked.append((time.monotonic(), match))


@dataclass
class Asker:
    town: Town
    number: int
    see_first: bool
    fields: Mapping[str, str]
    group: str
    cookies: dict[str, str] = field(default_factory=dict)
    need: UUID | None = None

    @property
    def address(self) -> str:
        return f"asker{self.number}@example.org"

    async def post(self) -> None:
        """The same form is sent again until its page with the code is shown; one in ten sends it twice at once."""
        town, path, since = self.town, f"/g/{self.group}/ask", time.monotonic()
        form = (await town.ask(self.cookies, lambda browser: browser.get(path))).hidden()
        sent = {**form, **self.fields}
        times = 2 if town.chance.random() < 0.1 else 1
        answers = await asyncio.gather(
            *[town.ask(dict(self.cookies), lambda browser: browser.post(path, sent)) for _ in range(times - 1)],
            town.ask(self.cookies, lambda browser: browser.post(path, sent)),
        )
        for answer in answers:
            found = _NEED.search(answer.body)
            if answer.status != 200 or not found:
                raise AssertionError(f"a need was refused: {answer.status} {answer.body[:2000]!r}")
            self.need = UUID(found[1].decode())
            town.diary.posted.setdefault(form["form_id"], set()).add(self.need)
        town.diary.waits.append(time.monotonic() - since)

    async def react(self) -> None:
        """Looks at their page when a message comes; decides, and now and then is done or stops looking."""
        await asyncio.sleep(self.town.chance.uniform(0.0, 1.0))
        if self.need is None:
            return
        page = await self.look()
        for action, match in _CHOOSE.findall(page.body):
            yes = self.town.chance.random()
            if yes < 0.85:
                if yes < 0.75:
                    self.town.diary.chose.add(UUID(match.decode()))
                answer = "yes" if yes < 0.75 else "no"
                await self.town.send(self.cookies, f"/need/{self.need}", action.decode(), {"answer": answer})
        mood = self.town.chance.random()
        if mood < 0.04:
            await self.withdraw()
        elif mood < 0.10:
            await self.town.send(self.cookies, f"/need/{self.need}", f"/need/{self.need}/done", {})
        elif mood < 0.13 and (found := _REPORT.search(page.body)):
            await self.town.block(self.cookies, found[1].decode(), UUID(found[2].decode()))
            await self.look()

    async def look(self) -> Answer:
        since = time.monotonic()
        page = await self.town.ask(self.cookies, lambda browser: browser.get(f"/need/{self.need}"))
        for address in _MAIL.findall(page.body):
            if self.need and (helper := self.town.volunteers.get(address.decode())):
                self.town.diary.shown.append((since, self.need, helper.member))
        return page

    async def withdraw(self) -> None:
        await self.town.send(self.cookies, f"/need/{self.need}/withdraw", f"/need/{self.need}/withdraw", {})


@dataclass
class Volunteer:
    town: Town
    member: UUID
    address: str
    cookies: dict[str, str]  # with a session

    async def react(self, text: str) -> None:
        chance = self.town.chance
        ask, code = _ASK.search(text), _CODE.search(text)
        await asyncio.sleep(chance.uniform(0.05, 1.5))
        if not ask or not code:
            return
        path, mood = ask[1], chance.random()
        if mood < 0.7:
            await self.say_yes(path, code[1])
        elif mood < 0.92:
            await self.town.send({}, path, path, {"code": code[1], "answer": "no"})

    async def say_yes(self, path: str, code: str) -> None:
        """By the code of the message, or signed in; one in ten presses the button twice."""
        town = self.town
        if ask := VAULT.verify("ask", path.removeprefix("/a/")):
            town.diary.pressed_yes.add(ask)
        cookies = self.cookies if town.chance.random() < 0.6 else {}
        fields = {"code": code, "answer": "yes"}
        trap = town.traps.pop(0) if town.traps else None
        port = town.chance.choice(town.ports)

        async def press() -> Answer:
            return await town.send(dict(cookies), path, path, fields, port)

        if trap:
            answer = await trap(self, path, press)
        else:
            answer, *_ = await asyncio.gather(*[press() for _ in range(2 if town.chance.random() < 0.1 else 1)])
        self._note(answer)
        if found := _TASK.search(answer.head):
            await self._task(UUID(found[1].decode()))

    def _note(self, answer: Answer) -> None:
        told = "refused" if answer.status >= 400 else "answered"
        self.town.diary.answers[told] = self.town.diary.answers.get(told, 0) + 1

    async def _task(self, match: UUID) -> None:
        """Looks at what they took on, and now and then cannot after all, or is done with it."""
        town = self.town
        town.diary.taken.add(match)
        for _ in range(2):
            await self.look(match)
            await asyncio.sleep(town.chance.uniform(0.0, 0.5))
        mood = town.chance.random()
        if mood < 0.05:
            await town.send(self.cookies, f"/task/{match}/cannot", f"/task/{match}/cannot", {})
        elif mood < 0.2:
            await town.send(self.cookies, f"/task/{match}", f"/task/{match}/done", {})
        elif mood < 0.23:
            await town.block(self.cookies, f"/task/{match}/report", match)
            await self.look(match)

    async def look(self, match: UUID) -> None:
        since = time.monotonic()
        page = await self.town.ask(self.cookies, lambda browser: browser.get(f"/task/{match}"))
        if b"mailto:" in page.body:
            self.town.diary.seen.append((since, match))

    async def pause(self) -> None:
        until = (date.today() + timedelta(days=7)).isoformat()  # noqa: DTZ011
        await self.town.send(self.cookies, "/me", "/me/rest", {"until": until})
        await self.town.send(self.cookies, "/me", "/me/resume", {})


def new_asker(town: Town, number: int) -> Asker:
    chance = town.chance
    urgent, kind = chance.random() < 0.4, "email" if chance.random() < 0.75 else "code"
    # Who left no address hears of nobody to choose: one helper after the other would wait for them in vain.
    see_first = kind == "email" and chance.random() < 0.2
    asker = Asker(town=town, number=number, see_first=see_first, fields={}, group=chance.choice(GROUPS))
    soon = date.today() + timedelta(days=4)  # noqa: DTZ011
    fields = {
        "category": chance.choice(CATEGORIES), "text": "Something small", "place": "M1S",
        "language": chance.choice(LANGUAGES), "urgency": "urgent" if urgent else "medium",
        "by": "" if urgent else soon.isoformat(),
        "helpers": chance.choice(("1", "1", "1", "2", "3")), "name": "A neighbour", "contact_kind": kind,
        "contact": asker.address if kind == "email" else "", "reach": chance.choice(("group", "alliance")),
        "see_first": "yes" if see_first else "no", "consent": "yes",
    }  # fmt: skip
    asker.fields = {name: value for name, value in fields.items() if value}
    town.askers[asker.address] = asker
    return asker
