"""`make mutation`: drops every constraint and every guard of a move, one at a time, and sees that a test notices.

Constraints are dropped in a transaction; guards in a copy of the tree, whose queries it may spoil. A guard is a condition on the state (or the
count) a row is in. Each is dropped alone, and the one test that is named for it must fail.
"""

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from careweb.storage.database import Engine, Transaction, open_engine
from tests.storage import test_constraints
from tests.storage.test_guarded_moves import MOVES

ROOT = Path(__file__).parent.parent
COPY = ROOT / ".cache" / "mutation"
LIST = "tests/storage/constraints.txt"
_HERE = "tests/storage/test_guarded_moves.py -k"
_LEFT_OUT = {".git", ".venv", ".cache", ".careweb"}
_HELD_TWICE = {
    "claim_notice: state = 'claimed'",
    "notice_sent: state = 'claimed'",
    "notice_not_sent: state = 'claimed'",
}  # by the lease, which the CHECK ties to the state
_STATE = re.compile(r"(?<![\w.])(?:\w\.)?state (?:=|<>|IN|NOT IN) (?:'\w+'|\([^)]*\))")
_APART = ("NOT EXISTS (SELECT FROM apart p WHERE p.one", "NOT EXISTS (SELECT FROM apart p WHERE false AND p.one")
_MORE = {  # guards that are no states: query, what takes the place of what, the tests
    "keep_promise": (" AND handed_at IS NOT NULL", "", f"{_HERE} kept_by_nobody"),
    "postpone_promise": (" AND handed_at IS NOT NULL", "", f"{_HERE} kept_by_nobody"),
    "take_task": ("< per_week", "< 1000", f"{_HERE} week"),
    "count_ask": ("< coalesce(weekly_asks, :cap)", "< 1000 + CAST(:cap AS int)", f"{_HERE} week"),
    "hold_membership": ("s.state = 'admitted' FROM", "true FROM", f"{_HERE} admitted"),
    "claim_notice": ("lease_until <= :now", "(lease_until <= :now OR true)", f"{_HERE} lease"),
    "notice_sent": (" AND lease_until = :lease_until", " AND CAST(:lease_until AS timestamptz) IS NOT NULL", f"{_HERE} lease"),
    "connect_match": (*_APART, "tests/flows/test_apart.py"),
    "accept_ask": (*_APART, "tests/flows/test_apart.py"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Mutant:
    what: str
    file: str  # that is spoilt
    spoilt: str
    tests: str


async def drop_constraints(words: list[str]) -> list[str]:
    """Those that no test notices. In one transaction each, on a database of our own; the tests are called as they are."""
    from careweb.cli.postgres import start_postgres
    from tests import servers

    server = start_postgres(servers.STATE, durable=False)
    url = await servers.clone(server, await servers.ensure_template(server))
    engine = open_engine(url)
    alive = []
    try:
        for line in (ROOT / LIST).read_text(encoding="utf-8").splitlines():
            if all(word in line for word in words):
                noticed = await _noticed_without(engine, line)
                alive += [line] * (not noticed)
                say(line.partition(":")[0], ", ".join(noticed))
    finally:
        await engine.dispose()
        await servers.drop(server, url)
    return alive


async def _noticed_without(engine: Engine, line: str) -> list[str]:
    of, _, definition = line.partition(": ")
    table, name = of.split(" ")
    drop = (
        f"DROP INDEX {name}"
        if definition.startswith("CREATE")
        else f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"
    )
    async with engine.connect() as tx:
        transaction = await tx.begin()
        world = await test_constraints.two_needs(tx)
        await world.rows(drop)
        failed = [
            what
            for what in test_constraints.REFUSED
            if await _fails(tx, test_constraints.test_the_database_refuses(world, what))
        ]
        if await _fails(tx, test_constraints.test_every_constraint_is_on_the_list_and_none_is_missing(tx)):
            failed.append("the list")
        await transaction.rollback()
    return failed


async def _fails(tx: Transaction, test: Awaitable[None]) -> bool:
    inner = await tx.begin_nested()
    try:
        await test
    except (AssertionError, pytest.fail.Exception, asyncpg.PostgresError):
        return True
    finally:
        await inner.rollback()
    return False


def say(what: str, noticed_by: str) -> None:
    print(f"{'noticed ' if noticed_by else 'SURVIVES'}  {what}  [{noticed_by}]", flush=True)  # noqa: T201


def guards() -> Iterator[Mutant]:
    """Of every query that test_guarded_moves has: each condition on a state of its, dropped."""
    for file in sorted((ROOT / "sql" / "queries").glob("*.sql")):
        text = file.read_text(encoding="utf-8")
        for match in re.finditer(r"^-- name: (\w+).*?(?=^-- name|\Z)", text, re.MULTILINE | re.DOTALL):
            name, body = match[1], match[0]
            if name in MOVES:
                for guard in [one for one in _STATE.finditer(body) if _is_condition(body, one)]:
                    spoilt = body[: guard.start()] + "true" + body[guard.end() :]
                    yield _of_query(name, file, text, match, spoilt, guard[0], f"{_HERE} {name}")
            if name in _MORE:
                old, new, tests = _MORE[name]
                if old not in body:
                    raise SystemExit(f"{name} has no guard {old!r} any more")
                yield _of_query(name, file, text, match, body.replace(old, new, 1), old.strip(), tests)


def _is_condition(body: str, found: "re.Match[str]") -> bool:
    """Not in a comment, not what the move sets, and not a case of it."""
    before = body[: found.start()]
    line = before[before.rfind("\n") + 1 :]
    in_set = before.rfind("SET ") > max(before.rfind("WHERE"), before.rfind("FROM"))
    return not (line.startswith("--") or in_set or re.search(r"(CASE|THEN|ELSE|SELECT)\s*$", before))


def _of_query(name: str, file: Path, text: str, match: "re.Match[str]", spoilt: str, guard: str, tests: str) -> Mutant:
    whole = text[: match.start()] + spoilt + text[match.end() :]
    return Mutant(what=f"{name}: {guard}", file=f"sql/queries/{file.name}", spoilt=whole, tests=tests)


def copy() -> None:
    COPY.mkdir(parents=True, exist_ok=True)
    for kept in ("sql", "tests"):
        shutil.rmtree(COPY / kept, ignore_errors=True)
    for one in ROOT.iterdir():
        if one.name not in _LEFT_OUT:
            if one.is_dir():
                shutil.copytree(one, COPY / one.name, dirs_exist_ok=True)
            else:
                shutil.copy2(one, COPY / one.name)


def passes(tests: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *shlex.split(tests)]
    done = subprocess.run(
        command, cwd=COPY, env=os.environ | {"PYTHONPATH": str(COPY)}, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout[-3000:] + done.stderr[-3000:])
    return done.returncode == 0


def survives(mutant: Mutant) -> bool:
    path = COPY / mutant.file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(mutant.spoilt, encoding="utf-8")
    try:
        return passes(mutant.tests)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")


def drop_guards(words: list[str]) -> list[str]:
    mutants = [one for one in guards() if one.what not in _HELD_TWICE and all(word in one.what for word in words)]
    copy()
    if not passes(" ".join(sorted({re.split(r" |::", one.tests)[0] for one in mutants}))):
        raise SystemExit("the tests fail before anything is dropped")
    alive = []
    for mutant in mutants:
        lives = survives(mutant)
        alive += [mutant.what] * lives
        say(mutant.what, "" if lives else mutant.tests)
    return alive


def main() -> int:
    words, started = sys.argv[1:], time.monotonic()
    alive = [*asyncio.run(drop_constraints(words)), *drop_guards(words)]
    print(f"dropped one by one in {time.monotonic() - started:.0f} s; not noticed: {len(alive)}")  # noqa: T201
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
