"""A site whose clock stands still until it is moved and whose chance is always the same: two runs differ by what is put in."""

import json
import os
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from careweb.config import Settings
from careweb.delivery.messages import Message
from careweb.flows.signin import open_session
from careweb.storage.database import Engine, open_engine, transaction
from careweb.storage.logins import Login, open_login
from careweb.storage.promises import hand_over
from careweb.web import records, visits
from careweb.web.app import create_app
from tests.web.site import Person, Seen, site_settings
from tests.world import NOON, VAULT, World
from workers.jobs import do
from workers.records import Figures
from workers.workshop import Clock, Workshop

T = TypeVar("T")
ROWS = """SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
    AND table_name NOT IN ('zone', 'zone_near', 'zone_around', 'zone_region', 'region', 'spatial_ref_sys', 'postal_area', 'migration', 'language')
    ORDER BY 1"""


@dataclass
class Stopped:
    """`seen`: every answer, message and line of a log, as bytes could be told apart."""

    app: Any
    portal: Any
    settings: Settings
    operator: Engine  # sees everything; the site itself comes as the web, the workers as the matcher
    now: datetime = NOON
    seen: list[str] = field(default_factory=list)

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def call(self, what: Callable[[], Awaitable[T]]) -> T:
        done: T = self.portal.call(what)
        return done

    def run(self, verb: Callable[[World], Awaitable[T]]) -> T:
        async def go() -> T:
            async with transaction(self.operator) as tx:
                return await verb(World(tx=tx, now=self.now))

        return self.call(go)

    def person(self, **whose: Any) -> "Watched":
        person = Watched(self.app, headers={"accept-language": "en"}, raise_server_exceptions=False)
        person.portal, person.seen = self.portal, self.seen
        person.cookies.set("careweb-session", self.run(lambda world: open_session(world.ctx, **whose)))
        return person

    def work(self) -> None:
        """Every job that is due; of those due together always in the same order, which workers do not promise."""
        self.call(self._work)

    async def _work(self) -> None:
        engine = open_login(Login.MATCHER, self.settings, VAULT)
        try:
            await self._do_all(self._workshop(engine))
        finally:
            await engine.dispose()

    async def _do_all(self, workshop: Workshop) -> None:
        while True:
            async with transaction(workshop.engine) as tx:
                handed = await hand_over(tx, now=self.now, most=10_000)
            if not handed:
                return
            for one in sorted(handed, key=lambda one: (one.job, one.subject)):
                await do(workshop, one.job, one.subject)

    def _workshop(self, engine: Engine) -> Workshop:
        ways: Any = SimpleNamespace(send=self._send)
        return Workshop(
            engine=engine, groups=self.app.state.engine, vault=VAULT, settings=self.settings, ways=ways,
            figures=Figures(),
        )  # fmt: skip

    async def _send(self, message: Message) -> None:
        self.seen.append(f"mail to {message.to}: {message.subject} {message.text} {message.html}")

    def rows(self) -> list[str]:
        async def every(world: World) -> list[str]:
            found = []
            for table in await world.rows(ROWS):
                name = table["table_name"]
                rows = await world.rows(f"SELECT (to_jsonb(t) - 'created_at')::text AS row FROM {name} t ORDER BY 1")  # noqa: S608
                found += [f"{name} {row['row']}" for row in rows]
            return found

        return self.run(every)


class Watched(Person):
    seen: list[str]

    def see(self, path: str, **more: Any) -> Seen:
        return self._noted(super().see(path, **more))

    def press(self, path: str, data: Any = None, **more: Any) -> Seen:
        return self._noted(super().press(path, data, **more))

    def _noted(self, page: Seen) -> Seen:
        headers = json.dumps(sorted(page.response.headers.items()))
        self.seen.append(f"{page.path} {page.status} {headers} {page.html}")
        return page


@contextmanager
def stopped(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stopped]:
    """On a database of its own. What it said, logs too, is in `seen` afterwards."""
    chance = Random(1)
    settings = site_settings(database)
    with monkeypatch.context() as patch, capture_logs() as logged:
        client = TestClient(app := create_app(settings))
        with client:
            one = Stopped(app, client.portal, settings, operator := open_engine(database))
            stands = type("Stands", (datetime,), {"now": staticmethod(lambda _=UTC: one.now)})
            patch.setattr(visits, "datetime", stands)
            patch.setattr(Clock, "now", lambda _: one.now)
            patch.setattr(records, "time", SimpleNamespace(perf_counter=lambda: 0.0))
            patch.setattr(os, "urandom", chance.randbytes)
            patch.setattr(random, "_urandom", chance.randbytes)
            yield one
            client.portal.call(operator.dispose)  # type: ignore[union-attr]
        one.seen += [
            json.dumps({key: value for key, value in line.items() if key != "ms"}, default=str) for line in logged
        ]
