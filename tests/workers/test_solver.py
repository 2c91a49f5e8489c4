"""Solver processes: each market is ticked by one at a time, whatever dies, and without Redis."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
import redis.asyncio as redis

from careweb import paths
from careweb.storage.database import Deadlock, Engine, driver, transaction
from tests.servers import MailSink
from tests.workers.shop import Circle, Workers, do_all_due, fetch, now, until
from workers.solver import Solver, aside
from workers.workshop import Workshop

NOWHERE = "unix:///nowhere/redis.sock"


async def ticks(engine: Engine) -> int:
    return sum(row["ticks"] for row in await fetch(engine, "SELECT ticks FROM market"))


async def due_now(engine: Engine) -> None:
    await fetch(engine, "UPDATE market SET due_at = now() - interval '1 second'")


async def test_a_solver_asks_without_any_redis_or_worker(workers: Workers, circle: Circle, engine: Engine) -> None:
    await circle.open(helpers=2)
    await circle.post()
    solver = workers.start(NOWHERE, solver=True)
    await until(lambda: has_claims(engine, 1), seconds=120)
    assert await circle.states() == ["planned", "planned"]
    assert await circle.promised("deliver_notice") >= 2
    assert '"tick"' in solver.log
    for line in solver.log.splitlines():
        assert set(json.loads(line)) <= {"event", "level", "timestamp", "ms", "count"}


async def has_claims(engine: Engine, ticked: int) -> bool:
    return await ticks(engine) >= ticked


async def test_a_solver_killed_in_mid_tick_leaves_nothing_and_the_next_carries_on(
    workers: Workers, circle: Circle, engine: Engine
) -> None:
    await circle.open(helpers=3)
    await circle.post()
    async with transaction(engine) as tx:
        await (await driver(tx)).execute("LOCK TABLE claim IN EXCLUSIVE MODE")  # it has solved, and cannot write
        solver = workers.start(NOWHERE, solver=True)
        await until(lambda: waits_for_claims(engine), seconds=120)
        second = workers.start(NOWHERE, solver=True)
        await second.ready()
        await asyncio.sleep(1.5)
        assert await ticking_now(engine) == 1, "the other keeps off this market"
        solver.kill()
    await until(lambda: has_claims(engine, 1), seconds=60)
    rows = await fetch(engine, "SELECT member_id FROM ask")
    assert len(rows) == len({row["member_id"] for row in rows}) == 3
    counted = await fetch(engine, "SELECT cardinality(ask_times) AS asks FROM member")
    assert {row["asks"] for row in counted} == {1}


async def waits_for_claims(engine: Engine) -> bool:
    return bool(await fetch(engine, "SELECT 1 FROM pg_locks WHERE relation = 'claim'::regclass AND NOT granted"))


async def ticking_now(engine: Engine) -> int:
    rows = await fetch(engine, "SELECT 1 FROM pg_locks WHERE relation = 'claim'::regclass AND NOT granted")
    return len(rows)


async def test_an_emptied_redis_changes_nothing_for_a_tick(
    workers: Workers, redis_url: str, circle: Circle, engine: Engine, smtp: MailSink
) -> None:
    await circle.open(helpers=2)
    workers.start(redis_url, solver=True, tick_every="PT1S")
    workers.start(redis_url)
    await circle.post()
    await until(lambda: has_claims(engine, 1), seconds=120)
    async with redis.Redis.from_url(redis_url) as client:
        await client.flushdb()
    await circle.post()
    before = await ticks(engine)
    await until(lambda: has_claims(engine, before + 2), seconds=60)
    await until(lambda: len(smtp.to("helper0@example.org")) >= 2 and len(smtp.to("helper1@example.org")) >= 2)
    rows = await fetch(engine, "SELECT member_id FROM ask WHERE state IN ('planned', 'sent')")
    assert len(rows) == len({row["member_id"] for row in rows})


async def test_two_solvers_at_once_double_nothing(engine: Engine, workshop: Workshop, circle: Circle) -> None:
    await circle.open(helpers=6)
    for _ in range(4):
        await circle.post()
    solvers = [Solver(workshop) for _ in range(4)]
    for _ in range(3):
        await due_now(engine)
        assert sum(await asyncio.gather(*[solver.look() for solver in solvers])) <= len(solvers)
    rows = await fetch(engine, "SELECT member_id FROM ask WHERE state IN ('planned', 'sent')")
    assert len(rows) == len({row["member_id"] for row in rows}) == 6
    assert await fetch(engine, "SELECT 1 FROM claim GROUP BY member_id HAVING count(*) > 5") == []


async def test_a_solver_and_workers_at_once_double_nothing(engine: Engine, workshop: Workshop, circle: Circle) -> None:
    await circle.open(helpers=8)
    for _ in range(3):
        for _ in range(4):
            await circle.post(helpers=2)
        await due_now(engine)
        await asyncio.gather(
            Solver(workshop).look(), do_all_due(workshop), do_all_due(workshop), Solver(workshop).look()
        )
    await do_all_due(workshop)
    rows = await fetch(engine, "SELECT member_id, urgent FROM ask WHERE state IN ('planned', 'sent')")
    assert len(rows) == len({row["member_id"] for row in rows}) == 8
    over = await fetch(
        engine,
        "SELECT 1 FROM member m WHERE cardinality(ask_times) <> (SELECT count(*) FROM ask a WHERE a.member_id = m.id)",
    )
    assert over == []
    waits = await fetch(
        engine,
        "SELECT 1 FROM need n WHERE state = 'open' AND NOT EXISTS (SELECT FROM promise p WHERE p.job = 'match_need' AND p.subject = n.id)",
    )
    assert waits == [], "every open need is still owed another look"


async def test_a_tick_that_fails_is_not_tried_again_at_once(
    workshop: Workshop, engine: Engine, circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    await circle.open()
    await circle.post()

    async def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("somebody's words")

    monkeypatch.setattr("careweb.flows.ticking.ask_waves", broken)
    solver = Solver(workshop)
    assert await solver.look() is False
    [market] = await fetch(engine, "SELECT due_at, ticks FROM market")
    assert market["due_at"] > now()
    assert market["ticks"] == 0
    assert await circle.states() == []
    assert await fetch(engine, "SELECT 1 FROM claim") == [], "all of a tick or nothing of it"
    monkeypatch.undo()
    await due_now(engine)
    assert await solver.look() is True
    assert await circle.states() == ["planned"]


async def test_a_tick_that_meets_somebody_the_other_way_around_is_tried_again_at_once(
    workshop: Workshop, engine: Engine, circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    await circle.open()
    await circle.post()

    async def deadlocked(*_: Any, **__: Any) -> Any:
        raise Deadlock

    monkeypatch.setattr("careweb.flows.ticking.ask_waves", deadlocked)
    solver = Solver(workshop)
    assert await solver.look() is True
    monkeypatch.undo()
    assert await solver.look() is True
    assert await circle.states() == ["planned"]


async def test_what_runs_aside_gives_its_answer_or_its_error() -> None:
    assert await aside(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await aside(divmod, 7, 0)


async def test_without_a_solver_needs_are_matched_one_by_one(
    workers: Workers, redis_url: str, circle: Circle, smtp: MailSink
) -> None:
    await circle.open()
    workers.start(redis_url)
    await circle.post()
    await until(lambda: len(smtp.to("helper0@example.org")) >= 2)
    await until(lambda: all_sent(circle))


async def all_sent(circle: Circle) -> bool:
    return await circle.states() == ["sent"]


async def test_told_to_end_a_solver_ends_at_once(workers: Workers, engine: Engine) -> None:
    solver = workers.start(NOWHERE, solver=True)
    await until(lambda: has_claims(engine, 1), seconds=30)
    solver.process.terminate()
    assert await solver.ended(seconds=5) == 0


@pytest.mark.parametrize("start", ["import workers.process", "import careweb.web.app, careweb.cli.serve"])
def test_only_a_solver_has_numba_and_the_solve_in_memory(start: str) -> None:
    script = f"{start}\nimport sys\nprint([m for m in sys.modules if m.split('.')[0] in ('numba', 'llvmlite') or '.solving' in m or m.endswith('.ticking')])"
    done = subprocess.run([sys.executable, "-c", script], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_the_figures_tell_how_old_the_plan_is(workshop: Workshop, circle: Circle) -> None:
    await circle.open()
    await circle.post()
    await Solver(workshop).look()
    from workers.sweep import Sweep

    await Sweep(workshop).measure()
    value = workshop.figures.registry.get_sample_value
    assert value("careweb_tick_needs", {"market": "all"}) == 1
    assert value("careweb_tick_planned", {"market": "all"}) == 1
    age = value("careweb_tick_age_seconds", {"market": "all"})
    assert age is not None
    assert 0 <= age < 60
    assert value("careweb_jobs_total", {"job": "tick", "outcome": "done"}) == 1
