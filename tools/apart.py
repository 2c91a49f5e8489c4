"""Tests in a process of their own each time, begun as a copy of this one: what takes long to import is there already."""

import contextlib
import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import aiosql
import pytest

from careweb.storage.database import queries

K = TypeVar("K")
T = TypeVar("T")


class BrokeError(Exception):
    """A copy of this process ended without an answer."""


@dataclass(kw_only=True)
class _Copy:
    pid: int
    until: float
    got: bytes = b""

    def end(self, pipe: int) -> None:
        os.close(pipe)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # and what it started
        os.waitpid(self.pid, 0)


def beside(
    works: Iterable[tuple[K, Callable[[], T]]], longest: float, at_once: int = 2
) -> Iterator[tuple[K, T | None]]:
    """What each returns, done in a copy of this process that ends with it; None if it took more seconds."""
    left, running = iter(works), dict[int, tuple[K, _Copy]]()
    while True:
        while len(running) < at_once and (found := next(left, None)):
            pipe, copy = _begin(found[1], longest)
            running[pipe] = (found[0], copy)
        if not running:
            return
        soonest = min(copy.until for _, copy in running.values())
        heard = select.select([*running], [], [], max(0.0, soonest - time.monotonic()))[0]
        for pipe in [*running]:
            key, copy = running[pipe]
            part = os.read(pipe, 1 << 16) if pipe in heard else None
            copy.got += part or b""
            if part == b"" or (part is None and time.monotonic() > copy.until):
                del running[pipe]
                copy.end(pipe)
                if part == b"" and not copy.got:
                    raise BrokeError(f"{key}: run it with CAREWEB_LOUD=1 to read why")
                yield key, pickle.loads(copy.got) if part == b"" else None  # noqa: S301  our own


def apart(work: Callable[[], T], longest: float) -> T | None:
    return next(beside([(None, work)], longest))[1]


def _begin(work: Callable[[], object], longest: float) -> tuple[int, _Copy]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _silently(work, writing)
    os.close(writing)
    return reading, _Copy(pid=child, until=time.monotonic() + longest)


def _silently(work: Callable[[], object], writing: int) -> None:
    os.setpgid(0, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2) if not os.environ.get("CAREWEB_LOUD") else (0,):
        os.dup2(nothing, stream)
    try:
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(work(), pipe)
    except BaseException:  # nobody is here to catch it
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(0)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One test: how it went, how long it took, and which queries it ran."""

    test: str
    passed: bool
    seconds: float
    queries: tuple[str, ...]


class _Record:
    """A plugin of pytest."""

    def __init__(self) -> None:
        self.ran: dict[str, Ran] = {}
        self._queries: set[str] = set()
        for name in queries().available_queries:
            setattr(queries(), name, self._heard(name, getattr(queries(), name)))

    def _heard(self, name: str, query: Any) -> Any:
        def heard(*values: Any, **named: Any) -> Any:
            self._queries.add(name)
            return query(*values, **named)

        heard.__dict__.update(query.__dict__)  # its SQL
        return heard

    def pytest_runtest_logstart(self) -> None:
        self._queries = set()

    def pytest_runtest_logreport(self, report: Any) -> None:
        before = self.ran.get(report.nodeid)
        self.ran[report.nodeid] = Ran(
            test=report.nodeid,
            passed=not report.failed and (before is None or before.passed),
            seconds=round(report.duration + (before.seconds if before else 0), 3),
            queries=tuple(sorted(self._queries)),
        )


def run_tests(*tests: str, spoilt: tuple[str, str] | None = None) -> list[Ran]:
    """`spoilt`: the name of a query, and the text that takes its place; then the first failure is enough."""
    if spoilt:
        name, text = spoilt
        setattr(queries(), name, getattr(aiosql.from_str(text, "asyncpg"), name))
    record = _Record()
    here = "ignore::pytest.PytestAssertRewriteWarning"  # what is imported before pytest begins
    options = ["-W", here, "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist", *(["-x"] if spoilt else [])]
    pytest.main([*options, *tests], plugins=[record])
    return list(record.ran.values())
