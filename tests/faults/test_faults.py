"""A short run of `make faults`, with what its checker would say if something were wrong."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from careweb import paths
from tests.faults.__main__ import told
from tests.faults.checker import unexcused
from tests.faults.post import Delivery
from tests.faults.run import Plan, play
from tests.faults.schedule import DECK, POSTGRES, REDIS, Fault, schedule

SHORT = (
    Fault.POSTGRES_RESTARTED, Fault.REDIS_KILLED, Fault.REDIS_FROZEN, Fault.JOBS_TWICE, Fault.POISON, Fault.WORKER_KILLED_SENDING,
    Fault.WORKER_SKEWED, Fault.WEB_KILLED_ACCEPTING, Fault.MAIL_LATE, Fault.BLOCKED, Fault.WITHDRAWN, Fault.REDIS_FULL,
)  # fmt: skip


@pytest.fixture
def state() -> Iterator[Path]:
    yield paths.ROOT / ".cache" / "faults-test"
    shutil.rmtree(paths.ROOT / ".cache" / "faults-test" / "logs", ignore_errors=True)


async def test_while_everything_fails_nothing_is_lost_and_nothing_happens_twice(state: Path) -> None:
    plan = Plan(needs=50, faults=len(SHORT), seed=1, seconds=9, solvers=0, deck=SHORT)
    outcome = await play(plan, state)
    assert outcome.good, told(outcome)
    assert outcome.posted >= 5
    assert sum(outcome.faults.values()) >= len(SHORT) - 3, "a trap may find nobody to walk into it"


def test_the_same_seed_gives_the_same_faults_and_a_full_run_has_enough_of_each() -> None:
    assert schedule(7, 84) == schedule(7, 84) != schedule(8, 84)
    planned = [due.fault for due in schedule(1, 84)]
    assert set(planned) == set(Fault) == set(DECK)
    assert sum(fault in POSTGRES for fault in planned) >= 20
    assert sum(fault in REDIS for fault in planned) >= 10


def test_a_message_that_came_twice_is_excused_only_where_its_sender_could_not_know() -> None:
    now = time.monotonic()

    def delivery(at: float, *, told: bool = True) -> Delivery:
        return Delivery(at=now + at, worker="worker0", to="a@example.org", notice="n", text="", told=told)

    twice = [delivery(0), delivery(20)]
    assert len(unexcused(twice, {"worker0": []})) == 1
    assert unexcused(twice, {"worker0": [(now + 1, now + 1)]}) == []
    assert len(unexcused(twice, {"worker0": [(now + 15, now + 16)]})) == 1
    assert unexcused([delivery(0, told=False), delivery(20)], {"worker0": []}) == []
