"""`make mutation`: drops every constraint and every guard of a move or a function, one at a time, and sees that a test notices.

Constraints are dropped in a transaction (tools/constraints.py). Guards are dropped in one session of pytest: those of a query
(tools/guards.py finds them) in memory; those inside a function or a trigger of the schema (tools/functions.py) and those of
rows (tools/policies.py) in each database of this session, never in the template they are cloned from. First the test that
noticed before is run, and those that name the query or function. For what these do not notice every test of a room runs once
as things are, and it is written down which queries it runs; these are the tests of their guards, the quickest first. Pages
come last. A test that notices must pass with the guard in its place, and fail again without it.

What was noticed, and what was not and by which test, is remembered (tools/memory.py), so that the whole may be done in parts:
`make mutation ARGS='--minutes 5'` until it says that nothing is left. Words choose those whose name holds them all: `inside`
those of functions and triggers, `rows of` the policies.
"""

import argparse
import asyncio
import inspect
import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import aiosql
import asyncpg
import pytest
from _pytest.runner import runtestprotocol

from careweb.cli.postgres import start_postgres
from careweb.storage.database import queries
from tests import servers
from tools.constraints import LIST, database, try_constraints
from tools.functions import guards_of_functions
from tools.guards import Guard, guards
from tools.memory import QUICK, ROOMS, SLOW, Memory, remembered, say
from tools.policies import guards_of_rows

# They start processes of their own, whose queries are whole; or count to many what others do once; or are about the schema.
NOT_THOSE = {
    "test_flood.py", "test_herd.py", "test_renewal.py", "test_story.py", "test_faults.py", "test_solver.py",
    "test_migrations.py", "test_upgrade.py", "test_queries.py", "test_each_constraint.py", "test_logins.py", "test_area_not_point.py",
}  # fmt: skip
MOST_TESTS = 400  # of one guard, at some fifty milliseconds each
LONGEST = 60  # seconds; where a guard's absence makes a test wait for ever, it is noticed
NOT_DONE = 75  # how a part ends after which something is left

# What no test can notice: without it the same rows are what they were, and why it is there all the same.
_SAVES = "rows that are already so are not written again"
_BY_LEASE = "held twice: a CHECK ties the lease, which is asked for too, to this state"
_ENDLESS = "without it the walk from key to key never ends, nor does the test"
_NULL = "what is not known equals nothing, and is nobody's"
_FEW = "the pair that was said asks for no less; this finds the few by an index"
ALIKE = {
    "forget_weeks: task_times[1] <= CAST(:now AS timestamptz) - interval '7 days'": _SAVES,
    "forget_weeks: ask_times[1] <= CAST(:now AS timestamptz) - interval '7 days'": _SAVES,
    "forget_weeks: cardinality(move_times) > 1": _SAVES,
    "forget_weeks: move_times[1] <= CAST(:now AS timestamptz) - interval '30 days'": _SAVES,
    "forget_need_everywhere: needs @> ARRAY[CAST(:need_id AS uuid)]": _SAVES,
    "list_all_again: listed": _SAVES,
    "stop_mail_to_asker: NOT mail_stopped": _SAVES,
    "restart_mail_to_asker: mail_stopped": _SAVES,
    "call_asker_back: NOT call_back": _SAVES,
    "add_claims: (claim.market, claim.offer_id, claim.tier) IS DISTINCT FROM (excluded.market, excluded.offer_id, excluded.tier)": _SAVES,
    "claim_notice: state = 'claimed'": _BY_LEASE,
    "notice_sent: state = 'claimed'": _BY_LEASE,
    "notice_not_sent: state = 'claimed'": _BY_LEASE,
    "hand_over_lost_promises: handed_at <= CAST(:now AS timestamptz) - CAST(:lost_after AS interval)": "the next one asks for no less; this finds the few by an index",
    "revive_promises: handed_at IS NOT NULL": "what was tried so often was handed over; this finds the few by an index",
    "take_slot: filled < helpers": "held twice: a CHECK lets no need be open that is full, and open is asked for too",
    "inside masters: k.master > f.version": _ENDLESS,
    "inside masters: f.version IS NOT NULL": _ENDLESS,
    "inside asker_indexes: n.member_id IS NOT NULL": _NULL,
    "inside asker_indexes: n.contact_index IS NOT NULL": _NULL,
    "inside member_indexes: n.contact_index IS NOT NULL": _NULL,
    "inside audit_line_stays_whole: as a whole": "held twice: lines are not emptied without their links, which refuse too",
    "inside let_together: r.member_id IN ( SELECT m.id FROM member m WHERE m.contact_index = ANY (ARRAY[p.one, p.other]) UNION SELECT n.member_id FROM need n WHERE n.contact_index = ANY (ARRAY[p.one, p.other]) )": _FEW,
    "inside let_together: m.contact_index = ANY (ARRAY[p.one, p.other])": _FEW,
    "inside let_together: n.contact_index = ANY (ARRAY[p.one, p.other])": _FEW,
    "time_out_ask: a.member_id = m.id": "the member is looked up from the ask",
}  # fmt: skip


class Guards:
    """A plugin of pytest, which runs the tests it has collected in a loop of its own: without each guard, and as things are."""

    def __init__(self, memory: Memory, dropped: list[Guard], until: float) -> None:
        self._memory, self._dropped, self._until = memory, dropped, until
        self._items: dict[str, pytest.Item] = {}
        self._quick: dict[str, pytest.Item] = {}  # of these, all but pages
        self._heard: set[str] = set()
        self._clones_get = ""  # what a database is changed by when a test makes one
        servers.clone = self._changed(servers.clone)
        self.failing: list[str] = []
        self.alive: list[str] = []
        for name in queries().available_queries:
            setattr(queries(), name, self._listened(name, getattr(queries(), name)))

    def _listened(self, name: str, query: Any) -> Any:
        def listened(*values: Any, **named: Any) -> Any:
            self._heard.add(name)
            return query(*values, **named)

        listened.__dict__.update(query.__dict__)  # its SQL
        return listened

    def _changed(self, clone: Any) -> Any:
        async def changed(server: str, template: str) -> str:
            url: str = await clone(server, template)
            if self._clones_get and template.startswith("template_"):
                await _execute(url, self._clones_get)
            return url

        return changed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        self._quick = {test: item for test, item in self._items.items() if test.split("/")[1] in QUICK}
        signal.signal(signal.SIGALRM, _too_long)
        for guard in self._left():
            self._drop(guard, self._near(guard))
        for rooms in ROOMS:
            if left := self._left():
                self._learn(rooms)
            alive = [one.name for one in left if not self._drop(one, tests_of(self._memory, one.callers))]
            self.alive = alive if rooms == SLOW else []
        session._setupstate.teardown_exact(None)
        return True

    def _left(self) -> list[Guard]:
        return [one for one in self._dropped if not self._memory.by(one.name)]

    def _near(self, guard: Guard) -> list[str]:
        """The test that noticed before something changed, those that name it or its callers, and those of the same files."""
        before, _ = self._memory.noticed.get(guard.name, ("", ""))
        own = [test for test, item in self._quick.items() if guard.subject in _words_of(item)]
        naming = [test for test, item in self._quick.items() if guard.callers & _words_of(item)]
        beside = [test for test, item in self._quick.items() if guard.callers & _words_in(item.path)]
        return list(dict.fromkeys([before, *own, *naming, *beside]))[:MOST_TESTS]

    def _learn(self, rooms: Iterable[str]) -> None:
        """Runs the files of tests that are not known as they are."""
        for name, digest in self._memory.digests.files.items():
            items = [item for item in self._items.values() if item.nodeid.startswith(f"{name}::")]
            known = self._memory.digest_of.get(name) == self._memory.digests.of(name)
            if name.split("/")[1] not in rooms or known or not items or time.monotonic() > self._until:
                continue
            tests: dict[str, tuple[float, list[str]]] = {}
            failing = []
            for item in items:
                started, self._heard = time.monotonic(), set()
                if self._passes(item) or self._passes(item):  # what another test left behind fails it once
                    tests[item.nodeid] = (round(time.monotonic() - started, 3), sorted(self._heard))
                else:
                    failing.append(item.nodeid)
            say("as it is", f"{name}: {len(items)} tests, failing: {len(failing)}")
            self.failing += failing
            self._memory.tests[name] = tests
            self._memory.digest_of[name] = "" if failing else digest and self._memory.digests.of(name)
            self._memory.write()

    def _passes(self, item: pytest.Item) -> bool:
        with suppress(Exception):  # without a guard these may have spoilt what they tidy
            item.session._setupstate.teardown_exact(item)  # of another file's
        signal.alarm(LONGEST)
        try:
            rest: Any = item.parent  # what comes next may share its file, and is not itself
            return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=rest))
        finally:
            signal.alarm(0)

    def _drop(self, guard: Guard, tests: list[str]) -> str:
        """The test that notices, or nothing."""
        if time.monotonic() > self._until:
            return "not tried"
        new = [self._items[test] for test in tests if test in self._items and self._memory.is_new(guard.name, test)]
        by = next((item.nodeid for item in new if self._notices(guard, item)), "")
        if by:
            self._memory.remember(guard.name, by)
        else:
            self._memory.write()
        say("noticed" if by else "?", f"{guard.name}  [{by or len(new)}]")
        return by or ("not tried" if time.monotonic() > self._until else "")

    def _notices(self, guard: Guard, item: pytest.Item) -> bool:
        """Whether it fails without the guard, passes with it, and fails again: what another test left behind fails it once."""
        if time.monotonic() > self._until:
            return False
        if self._passes_without(guard, item):
            self._memory.passed.setdefault(guard.name, {})[item.nodeid] = self._memory.digests.of(item.nodeid)
            return False
        return self._passes(item) and not self._passes_without(guard, item)

    def _passes_without(self, guard: Guard, item: pytest.Item) -> bool:
        with self._gone_from_databases(guard) if guard.whole else _gone_from_memory(guard):
            return self._passes(item)

    @contextmanager
    def _gone_from_databases(self, guard: Guard) -> Iterator[None]:
        asyncio.run(_change_databases(guard.without))
        self._clones_get = guard.without
        try:
            yield
        finally:
            self._clones_get = ""
            asyncio.run(_change_databases(guard.whole))


@contextmanager
def _gone_from_memory(guard: Guard) -> Iterator[None]:
    whole = getattr(queries(), guard.subject)
    setattr(queries(), guard.subject, getattr(aiosql.from_str(guard.without, "asyncpg"), guard.subject))
    try:
        yield
    finally:
        setattr(queries(), guard.subject, whole)


async def _change_databases(sql: str) -> None:
    """Those of this session that a test may find: its own that is not dropped yet, that of its file, that of all."""
    server = start_postgres(servers.STATE, durable=False)
    for name in await _execute(server, f"SELECT datname FROM pg_database WHERE datname LIKE 'run\\_{os.getpid()}\\_%'"):  # noqa: S608
        await _execute(servers.database_url(server, name), sql)


async def _execute(url: str, sql: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(sql)]
    finally:
        await connection.close()


@cache
def _words_of(item: pytest.Item) -> set[str]:
    source = inspect.getsource(item.function) if isinstance(item, pytest.Function) else ""
    return set(re.findall(r"\w+", item.nodeid + source))


@cache
def _words_in(path: Path) -> set[str]:
    return set(re.findall(r"\w+", path.read_text(encoding="utf-8")))


def _too_long(*_: object) -> None:
    raise TimeoutError


def tests_of(memory: Memory, callers: frozenset[str]) -> list[str]:
    """Those that run one of them: first those named for it, then the quickest."""
    known = [one for tests in memory.tests.values() for one in tests.items()]
    running = [
        (not any(name in test for name in callers), seconds, test)
        for test, (seconds, ran) in known
        if not callers.isdisjoint(ran)
    ]
    return [test for _, _, test in sorted(running)[:MOST_TESTS]]


def try_guards(memory: Memory, dropped: list[Guard], until: float) -> list[str]:
    """The same of guards."""
    trial = Guards(memory, dropped, until)
    rooms = [f"tests/{room}" for room in (*QUICK, *SLOW)]
    ignored = [f"--ignore-glob=*/{name}" for name in NOT_THOSE]
    ignoring = [
        "ignore::pytest.PytestAssertRewriteWarning",  # what is imported before pytest begins
        "ignore::pytest.PytestUnraisableExceptionWarning",  # a test that took too long left its connections open
    ]
    warnings = [word for one in ignoring for word in ("-W", one)]
    pytest.main(
        ["-q", "--no-header", "--no-summary", *warnings, "-p", "no:cacheprovider", "-p", "no:xdist", *ignored, *rooms],
        plugins=[trial],
    )
    if trial.failing:
        raise SystemExit("these fail before anything is dropped:\n" + "\n".join(trial.failing))
    for name in trial.alive:
        say("SURVIVES", name)
    return trial.alive


async def _guards_of_schema() -> list[Guard]:
    async with database() as url:
        return [*await guards_of_functions(url), *await guards_of_rows(url)]


def main() -> int:
    read = argparse.ArgumentParser(prog="make mutation ARGS=...", description="Drops constraints and guards.")
    read.add_argument("words", nargs="*", help="only those whose name holds all of these")
    read.add_argument("--minutes", type=float, default=1e6, help="end after so many; the next run goes on from there")
    asked, started = read.parse_args(), time.monotonic()
    until = started + asked.minutes * 60
    memory = remembered()
    listed = LIST.read_text(encoding="utf-8").splitlines()
    lines = [line for line in listed if all(word in line for word in asked.words)]
    every = [*guards(), *asyncio.run(_guards_of_schema())]
    if gone := ALIKE.keys() - {one.name for one in every}:
        raise SystemExit(f"these stand in ALIKE and are no guards any more: {', '.join(gone)}")
    dropped = [one for one in every if one.name not in ALIKE and all(word in one.name for word in asked.words)]
    whats = [*lines, *(one.name for one in dropped)]
    known = sum(bool(memory.by(what)) for what in whats)
    alive = [*try_constraints(memory, lines, until), *try_guards(memory, dropped, until)]
    left = sum(not memory.by(what) for what in whats) - len(alive)
    print(  # noqa: T201
        f"dropped one by one in {time.monotonic() - started:.0f} s, {known} in an earlier run of the same code: {len(lines)} constraints and "
        f"{len(dropped)} guards ({len(ALIKE)} more save work only, or are held twice); not noticed: {len(alive)}; left for another run: {left}"
    )
    return 1 if alive else NOT_DONE if left else 0


if __name__ == "__main__":
    sys.exit(main())
