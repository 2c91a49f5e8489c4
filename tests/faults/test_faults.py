"""A short run of `make faults`, with what its checker would say if something were wrong."""

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from careweb import paths
from tests.faults.__main__ import told
from tests.faults.checker import Verdict, unexcused
from tests.faults.post import Delivery
from tests.faults.run import Outcome, Plan, play
from tests.faults.schedule import DECK, POSTGRES, POSTGRES_LEAST, REDIS, REDIS_LEAST, Fault, schedule

ELSEWHERE = {
    Fault.POSTGRES_KILLED: "ops/test_private_servers.py", Fault.REDIS_FLUSHED: "workers/test_faults.py",
    Fault.WORKER_KILLED: "workers/test_faults.py", Fault.WORKER_ENDED: "workers/test_story.py",
    Fault.SOLVER_KILLED: "workers/test_solver.py", Fault.WEB_KILLED: "here, in mid-accept",
    Fault.MAIL_REFUSED: "workers/test_story.py", Fault.MAIL_STALLED: "delivery/test_mail.py",
}  # fmt: skip
SHORT = tuple(fault for fault in Fault if fault not in ELSEWHERE)


@pytest.fixture
def state() -> Iterator[Path]:
    yield paths.ROOT / ".cache" / "faults-test"
    shutil.rmtree(paths.ROOT / ".cache" / "faults-test" / "logs", ignore_errors=True)


async def test_while_everything_fails_nothing_is_lost_and_nothing_happens_twice(state: Path) -> None:
    plan = Plan(needs=50, faults=len(SHORT), seed=1, seconds=11, solvers=0, deck=SHORT)
    outcome = await play(plan, state)
    assert outcome.good, told(outcome)
    assert outcome.posted >= 5
    assert outcome.faults == outcome.planned, told(outcome)


def test_the_same_seed_gives_the_same_faults_and_a_full_run_has_enough_of_each() -> None:
    assert schedule(7, 84) == schedule(7, 84) != schedule(8, 84)
    planned = [due.fault for due in schedule(1, 84)]
    assert set(planned) == set(Fault) == set(DECK)
    assert sum(fault in POSTGRES for fault in planned) >= POSTGRES_LEAST
    assert sum(fault in REDIS for fault in planned) >= REDIS_LEAST


def after(planned: int, **happened: int) -> Outcome:
    """Of a run in which all was well, but for how often some faults happened."""
    faults = Counter(due.fault for due in schedule(1, planned))
    return Outcome(
        verdict=Verdict(wrong={}, counts={}, repeats=0), posted=9, planned=faults, deliveries=9, drained=1.0, blocks=1, slowest=1.0, ran=9.0, unasked=[],
        faults=Counter({**faults, **{Fault[name]: count for name, count in happened.items()}}),
    )  # fmt: skip


def test_a_full_run_in_which_too_few_faults_happened_is_red_and_says_which() -> None:
    everything = after(84)
    assert everything.good
    assert "84 of 84 planned faults happened: PostgreSQL 21, Redis 15" in told(everything)
    assert "did not happen" not in told(everything)

    one_less = after(84, PAUSED=2)
    assert one_less.good
    assert "83 of 84 planned faults happened" in told(one_less)
    assert "  1 did not happen: a pause in mid-accept" in told(one_less)

    assert not (never := after(84, PAUSED=0)).good
    assert "too few faults: never happened: a pause in mid-accept" in told(never)
    assert not (restarted := after(84, POSTGRES_RESTARTED=16)).good
    assert "too few faults: PostgreSQL was restarted 19 times, of at least 20" in told(restarted)
    assert not (hit := after(84, REDIS_FULL=1, REDIS_FROZEN=1, REDIS_KILLED=1)).good
    assert "too few faults: Redis was hit 9 times, of at least 10" in told(hit)
    assert after(20).good, "a short one asks for nothing of the kind"


def test_a_message_that_came_twice_is_excused_only_where_its_sender_could_not_know() -> None:
    now = time.monotonic()

    def delivery(at: float, *, told: bool = True) -> Delivery:
        return Delivery(at=now + at, worker="worker0", to="a@example.org", notice="n", text="", told=told)

    twice = [delivery(0), delivery(20)]
    assert len(unexcused(twice, {"worker0": []})) == 1
    assert unexcused(twice, {"worker0": [(now + 1, now + 1)]}) == []
    assert len(unexcused(twice, {"worker0": [(now + 15, now + 16)]})) == 1
    assert unexcused([delivery(0, told=False), delivery(20)], {"worker0": []}) == []
