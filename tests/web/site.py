"""A site and the people at its pages, who see and press what a person could."""

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx2
from bs4 import BeautifulSoup, Tag
from starlette.applications import Starlette
from starlette.testclient import TestClient

from careweb.config import Settings
from careweb.domain.ids import MemberId, NeedId
from careweb.flows.signin import open_session
from careweb.storage.database import open_engine, transaction
from tests.cast import Cast
from tests.world import World

T = TypeVar("T")
KEYS = "1:" + base64.b64encode(bytes(range(32))).decode()  # the keys of tests.world


def site_settings(database_url: str, **changes: Any) -> Settings:
    return Settings.model_validate(
        {"database_url": database_url, "keys": KEYS, "port": 8000, "second_step": "many"} | changes
    )


class Seen:
    """An answer, as a person reads it."""

    def __init__(self, person: "Browsing", response: httpx2.Response) -> None:
        self.response, self._person = response, person
        self.status = response.status_code
        self.html = response.text
        self.soup = BeautifulSoup(response.text, "html.parser")
        self.path = response.url.path

    @property
    def text(self) -> str:
        return " ".join(self.soup.get_text(" ").split())

    @property
    def errors(self) -> dict[str, str]:
        """What is said beside the fields."""
        return {str(p["id"]).removesuffix("-error"): p.get_text() for p in self.soup.select(".error[id]")}

    def form(self, action: str = "") -> Tag:
        forms = [
            one for one in self.soup.select("main form") if not action or str(one.get("action", "")).endswith(action)
        ]
        assert forms, f"no form {action!r} on {self.path}: {self.text[:300]}"
        return forms[0]

    def send(self, action: str = "", /, **fields: Any) -> "Seen":
        """Fills in and sends a form: what it holds already stays, unless `fields` say otherwise; None leaves out."""
        form = self.form(action)
        values: dict[str, Any] = held(form) | fields
        where = str(form.get("action") or self.path)
        return self._person.press(where, {name: value for name, value in values.items() if value is not None})


def held(form: Tag) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        name, value = str(field["name"]), _value(field)
        if value is not None:
            values[name] = [*values[name], value] if isinstance(values.get(name), list) else (
                [values[name], value] if name in values else value
            )  # fmt: skip
    return values


def _value(field: Tag) -> str | None:
    if field.name == "textarea":
        return field.get_text()
    if field.name == "select":
        chosen = field.select_one("option[selected]") or field.select_one("option")
        return str(chosen["value"]) if chosen else None
    if field.get("type") in ("radio", "checkbox") and not field.has_attr("checked"):
        return None
    return str(field.get("value", ""))


class Browsing(httpx2.Client):
    """What a person does in a browser, in whatever way the pages come."""

    def see(self, path: str, **more: Any) -> Seen:
        return Seen(self, self.get(path, **more))

    def press(self, path: str, data: Any = None, **more: Any) -> Seen:
        headers = {"sec-fetch-site": "same-origin"} | (more.pop("headers", None) or {})
        return Seen(self, self.post(path, data=data, headers=headers, **more))


class Person(TestClient, Browsing):
    """A browser of one's own, at a site in this process."""


class Site:
    def __init__(self, app: Starlette, portal: Any, cast: Cast, database: str) -> None:
        self.app, self._portal, self.cast, self.database = app, portal, cast, database
        self.operator = open_engine(database)  # sees everything; the site itself comes as the web

    def person(self, session: str = "", *, language: str = "en", address: str = "testclient") -> Person:
        """`address`: theirs, where it matters from which network they come."""
        person = Person(
            self.app, headers={"accept-language": language}, raise_server_exceptions=False, client=(address, 50000)
        )
        person.portal = self._portal
        if session:
            person.cookies.set("careweb-session", session)
        return person

    def member(self, member_id: MemberId) -> Person:
        return self.person(self.run(lambda world: open_session(world.ctx, member_id=member_id)))

    @property
    def helper(self) -> Person:
        return self.member(self.cast.helper)

    @property
    def coordinator(self) -> Person:
        return self.member(self.cast.coordinator)

    @property
    def outsider(self) -> Person:
        return self.member(self.cast.outsider)

    def run(self, verb: Callable[[World], Awaitable[T]]) -> T:
        """One verb in a transaction of its own, in the loop of the site."""

        async def go() -> T:
            async with transaction(self.operator) as tx:
                return await verb(World(tx=tx, now=datetime.now(UTC)))

        return self.call(go)

    def call(self, what: Callable[[], Awaitable[T]]) -> T:
        """In the loop of the site."""
        done: T = self._portal.call(what)
        return done

    def posted(self, **changes: Any) -> NeedId:
        """A need of the east group, not yet matched."""
        return self.run(lambda world: world.need(self.cast.group, **changes))

    def asked(self, need_id: NeedId) -> str:
        """Matches a need; the path of the link that the helper is sent. Their week starts anew for each test."""

        async def match(world: World) -> str:
            await world.rows("UPDATE member SET ask_times = '{}', task_times = '{}' WHERE id = $1", self.cast.helper)
            await world.rows(
                "UPDATE ask SET state = 'declined' WHERE member_id = $1 AND state IN ('planned', 'sent')",
                self.cast.helper,
            )
            await world.match(need_id)
            return f"/a/{world.ctx.vault.sign('ask', await world.ask_of(need_id, self.cast.helper))}"

        return self.run(match)

    def asker_of(self, need_id: NeedId) -> Person:
        return self.person(self.run(lambda world: open_session(world.ctx, needs=[need_id])))
