"""`make mutation`: drops every constraint and every guard of a move, one at a time, and sees that a test notices.

Constraints are dropped in a transaction on a database of our own. Guards (tools/guards.py finds them) are dropped from the
query in memory, in a process of its own for each. First every file of tests runs once as things are, and it is written down
which test runs which query: these are the tests of its guards, the quickest first.

What was noticed is remembered in .cache/mutation until the code or that test changes, so that the whole may be done in
parts: `make mutation ARGS='--minutes 5'` until it says that nothing is left. Words choose those whose name holds them all.
"""

import argparse
import asyncio
import hashlib
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from pathlib import Path

import pytest

from careweb.storage.database import Engine, driver, open_engine
from tools.apart import Ran, apart, beside, run_tests
from tools.guards import Guard, guards

ROOT = Path(__file__).parent.parent
KEPT = ROOT / ".cache" / "mutation" / "noticed.json"
CONSTRAINTS, LIST = ROOT / "tests/storage/test_each_constraint.py", ROOT / "tests/storage/constraints.txt"
ROOMS = ("storage", "flows", "delivery", "ticking", "workers", "web")
# They start processes of their own, whose queries are whole; or they count to many, and others do the same once.
NOT_THOSE = {"test_flood.py", "test_herd.py", "test_renewal.py", "test_story.py", "test_faults.py", "test_solver.py"}
MOST_TESTS = 60  # of one guard
LONGEST = 90.0  # seconds; where a guard's absence makes a test wait for ever, it is noticed
AT_ONCE = 60  # constraints in one process
NOT_DONE = 75  # how a part ends after which something is left

# What no test can notice: without it the same rows are what they were, and why it is there all the same.
_SAVES = "rows that are already so are not written again"
_BY_LEASE = "held twice: a CHECK ties the lease, which is asked for too, to this state"
ALIKE = {
    "forget_weeks: task_times[1] <= CAST(:now AS timestamptz) - interval '7 days'": _SAVES,
    "forget_weeks: ask_times[1] <= CAST(:now AS timestamptz) - interval '7 days'": _SAVES,
    "forget_weeks: cardinality(move_times) > 1": _SAVES,
    "forget_weeks: move_times[1] <= CAST(:now AS timestamptz) - interval '30 days'": _SAVES,
    "forget_need_everywhere: needs @> ARRAY[CAST(:need_id AS uuid)]": _SAVES,
    "list_all_again: listed": _SAVES,
    "stop_mail_to_asker: NOT mail_stopped": _SAVES,
    "call_asker_back: NOT call_back": _SAVES,
    "add_claims: (claim.market, claim.offer_id, claim.tier) IS DISTINCT FROM (excluded.market, excluded.offer_id, excluded.tier)": _SAVES,
    "claim_notice: state = 'claimed'": _BY_LEASE,
    "notice_sent: state = 'claimed'": _BY_LEASE,
    "notice_not_sent: state = 'claimed'": _BY_LEASE,
    "hand_over_lost_promises: handed_at <= CAST(:now AS timestamptz) - CAST(:lost_after AS interval)": "the next one asks for no less; this finds the few by an index",
    "time_out_ask: a.member_id = m.id": "the member is looked up from the ask",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Digests:
    code: str  # of all that a test may run, but the files of tests
    files: dict[str, str]  # of each of these

    def of(self, test: str) -> str:
        return self.code + self.files.get(test.partition("::")[0], "")


@dataclass(kw_only=True)
class Memory:
    digests: Digests
    tests: dict[str, dict[str, tuple[float, list[str]]]] = field(
        default_factory=dict
    )  # by file, with seconds and queries
    digest_of: dict[str, str] = field(default_factory=dict)  # of a file of tests when it was run
    noticed: dict[str, tuple[str, str]] = field(default_factory=dict)  # by which test, and its digest then

    def by(self, what: str) -> str:
        by, digest = self.noticed.get(what, ("", ""))
        return by if digest == self.digests.of(by) else ""

    def remember(self, what: str, by: str) -> None:
        self.noticed[what] = (by, self.digests.of(by))
        self.write()

    def write(self) -> None:
        kept = {"tests": self.tests, "digest_of": self.digest_of, "noticed": self.noticed}
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(kept), encoding="utf-8")


def remembered() -> Memory:
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    files = [file for room in ROOMS for file in (ROOT / "tests" / room).glob("test_*.py")]
    shared = [file for file in (ROOT / "tests").rglob("*.py") if not file.name.startswith("test_")]
    rooms = [file for room in ("careweb", "workers", "sql", "templates") for file in (ROOT / room).rglob("*.*")]
    code = [file for file in rooms if file.is_file() and "__pycache__" not in file.parts]
    digests = Digests(code=_digest([*code, *shared]), files={_name(file): _digest([file]) for file in files})
    return Memory(digests=digests, **kept)


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(_name(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def learn(memory: Memory, until: float) -> list[str]:
    """Runs the files of tests that are not known as they are; returns what fails before anything is dropped."""
    failing: list[str] = []
    new = [
        name
        for name in sorted(memory.digests.files)
        if Path(name).name not in NOT_THOSE and memory.digest_of.get(name) != memory.digests.of(name)
    ]
    in_time = takewhile(lambda _: time.monotonic() < until, new)
    for name, ran in beside(((name, partial(run_tests, name)) for name in in_time), 300):
        failed = [one.test for one in ran if not one.passed] if ran else [name]
        say(
            "as it is",
            f"{name}: {len(ran or [])} tests, {sum(one.seconds for one in ran or []):.0f} s, failing: {len(failed)}",
        )
        failing += failed
        memory.tests[name] = {
            one.test: (one.seconds, list(one.queries)) for one in ran or [] if one.passed and one.queries
        }
        memory.digest_of[name] = "" if failed else memory.digests.of(name)
        memory.write()
    return failing


def tests_of(memory: Memory, query: str) -> list[str]:
    known = [one for tests in memory.tests.values() for one in tests.items()]
    running = [(query not in test, seconds, test) for test, (seconds, ran) in known if query in ran]
    return [test for _, _, test in sorted(running)[:MOST_TESTS]]


def without(memory: Memory, guard: Guard) -> list[Ran]:
    """How the tests of its query go without it."""
    tests = tests_of(memory, guard.query)
    return run_tests(*tests, spoilt=(guard.query, guard.without)) if tests else []


def noticed_by(ran: list[Ran] | None) -> str:
    """The test that notices, or nothing."""
    if ran is None:
        return f"a test that had no end within {LONGEST:.0f} s"
    return next((one.test for one in ran if not one.passed and _passes_alone(one.test)), "")


_alone: dict[str, bool] = {}


def _passes_alone(test: str) -> bool:
    """As things are: in the company it had just now it might have failed by itself."""
    if test not in _alone:
        ran: list[Ran] = apart(lambda: run_tests(test), LONGEST) or []
        _alone[test] = bool(ran) and all(one.passed for one in ran)
    return _alone[test]


def drop_constraints(lines: list[str]) -> dict[str, bool]:
    """Whether each is missed: its test is called as it is, in a transaction without the constraint."""
    return asyncio.run(_without_each(lines))


async def _without_each(lines: list[str]) -> dict[str, bool]:
    from careweb.cli.postgres import start_postgres
    from tests import servers

    servers.STATE.mkdir(parents=True, exist_ok=True)
    server = start_postgres(servers.STATE, durable=False)
    url = await servers.clone(server, await servers.ensure_template(server))
    engine = open_engine(url)
    try:
        return {line: await _is_missed(engine, line) for line in lines}
    finally:
        await engine.dispose()
        await servers.drop(server, url)


async def _is_missed(engine: Engine, line: str) -> bool:
    """Whether the test of this constraint fails without it."""
    from tests.storage.test_each_constraint import CONSTRAINTS, refuses

    constraint = next(one for one in CONSTRAINTS.values() if line.startswith(f"{one.table} {one.name}: "))
    of_table = f"ALTER TABLE {constraint.table} DROP CONSTRAINT {constraint.name} CASCADE"
    async with engine.connect() as tx:
        transaction = await tx.begin()
        connection = await driver(tx)
        await connection.execute(f"DROP INDEX {constraint.name}" if constraint.is_index else of_table)
        missed = await _fails(refuses(connection, constraint))
        await transaction.rollback()
    return missed


async def _fails(test: Awaitable[None]) -> bool:
    try:
        await test
    except (AssertionError, pytest.fail.Exception):
        return True
    return False


def say(how: str, what: str) -> None:
    print(f"{how:8}  {what}", flush=True)  # noqa: T201


def told(what: str, by: str) -> list[str]:
    """What nobody noticed."""
    say("noticed" if by else "SURVIVES", f"{what}  [{by}]")
    return [] if by else [what]


def try_constraints(memory: Memory, lines: list[str], until: float) -> list[str]:
    """Returns those that nobody noticed."""
    alive: list[str] = []
    new = [line for line in lines if not memory.by(line)]
    for some in (new[at : at + AT_ONCE] for at in range(0, len(new), AT_ONCE)):
        if time.monotonic() > until:
            break
        found = apart(lambda: drop_constraints(some), 300)  # noqa: B023  done before the next
        for line, missed in (found or {}).items():
            name = line.partition(":")[0].partition(" ")[2]
            by = f"{_name(CONSTRAINTS)}::test_what_breaks_one_constraint_is_refused[{name}]" if missed else ""
            alive += told(line.partition(":")[0], by)
            if by:
                memory.remember(line, by)
    return alive


def try_guards(memory: Memory, dropped: list[Guard], until: float) -> list[str]:
    """The same of guards, once their tests are known."""
    alive: list[str] = []
    if failing := learn(memory, until):
        raise SystemExit("these fail before anything is dropped:\n" + "\n".join(failing))
    new = takewhile(lambda _: time.monotonic() < until, (one for one in dropped if not memory.by(one.name)))
    for guard, ran in beside(((one, partial(without, memory, one)) for one in new), LONGEST):
        by = noticed_by(ran)
        alive += told(guard.name, by)
        if by:
            memory.remember(guard.name, by)
    return alive


def main() -> int:
    read = argparse.ArgumentParser(prog="make mutation ARGS=...", description="Drops constraints and guards.")
    read.add_argument("words", nargs="*", help="only those whose name holds all of these")
    read.add_argument("--minutes", type=float, default=1e6, help="end after so many; the next run goes on from there")
    asked, started = read.parse_args(), time.monotonic()
    until = started + asked.minutes * 60
    memory = remembered()
    for module in ("careweb.web.app", "careweb.cli", "workers.jobs"):  # once for all the processes to come
        importlib.import_module(module)
    listed = LIST.read_text(encoding="utf-8").splitlines()
    lines = [line for line in listed if all(word in line for word in asked.words)]
    every = list(guards())
    if gone := ALIKE.keys() - {one.name for one in every}:
        raise SystemExit(f"these stand in ALIKE and are no guards any more: {', '.join(gone)}")
    dropped = [one for one in every if one.name not in ALIKE and all(word in one.name for word in asked.words)]
    alive = [*try_constraints(memory, lines, until), *try_guards(memory, dropped, until)]
    left = sum(not memory.by(what) for what in [*lines, *(one.name for one in dropped)]) - len(alive)
    print(  # noqa: T201
        f"dropped one by one in {time.monotonic() - started:.0f} s: {len(lines)} constraints and "
        f"{len(dropped)} guards ({len(ALIKE)} more save work only, or are held twice); not noticed: {len(alive)}; left for another run: {left}"
    )
    return 1 if alive else NOT_DONE if left else 0


if __name__ == "__main__":
    sys.exit(main())
