"""What PostgreSQL alone shows: work nobody promised, and how things stand."""

import asyncio
import socket
import urllib.request
from datetime import timedelta
from typing import Any

import pytest

from careweb.flows.asks import accept
from careweb.flows.matching import match_need
from careweb.flows.needs import withdraw_need
from careweb.storage.database import Engine, transaction
from careweb.storage.promises import STUCK_AFTER, hand_over, promise, promise_forgotten, stuck
from tests.servers import MailSink
from tests.workers.shop import Circle, Workers, do_all_due, fetch, now, until
from tests.world import SETTINGS, World, committed
from workers.jobs import EVERY, NOBODY
from workers.sweep import Sweep
from workers.workshop import Workshop


async def promised(engine: Engine) -> set[tuple[str, Any]]:
    return {(row["job"], row["subject"]) for row in await fetch(engine, "SELECT job, subject FROM promise")}


async def forget_and_look(world: World) -> dict[str, Any]:
    """All promises are gone: which are made again, and for when?"""
    await world.one("DELETE FROM promise")
    await promise_forgotten(
        world.tx,
        now=world.now,
        met_after=SETTINGS.met_after,
        purge_after=SETTINGS.purge_after,
        urgent_lapse=SETTINGS.urgent_choice_lapses,
        lapse=SETTINGS.choice_lapses,
        most=1000,
    )
    return {row["job"]: row["due_at"] for row in await world.rows("SELECT job, due_at FROM promise")}


@pytest.fixture
def world(tx: Any) -> World:
    return World(tx=tx)


async def asked(world: World, **changes: Any) -> tuple[Any, Any, Any]:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group, **changes)
    await match_need(world.ctx, need)
    return need, helper, await world.ask_of(need, helper)


async def test_an_open_need_and_its_asks_are_promised_again(world: World) -> None:
    await asked(world)
    again = await forget_and_look(world)
    assert set(again) == {"match_need", "expire_need", "time_out_ask", "deliver_notice"}
    assert again["match_need"] == again["deliver_notice"] == world.now
    assert again["time_out_ask"] == world.now + SETTINGS.urgent_ask_timeout


async def test_a_helper_the_asker_has_not_chosen_yet_lapses_in_time(world: World) -> None:
    _, helper, ask = await asked(world, see_first=True)
    await accept(world.ctx, ask, helper)
    again = await forget_and_look(world)
    assert again["lapse_match"] == world.now + SETTINGS.urgent_choice_lapses
    assert "close_silent_need" in again


async def test_a_need_that_is_over_is_forgotten_in_time(world: World) -> None:
    need, _, _ = await asked(world)
    await withdraw_need(world.ctx, need)
    again = await forget_and_look(world)
    assert again["purge_need"] == world.now + SETTINGS.purge_after
    assert "match_need" not in again


async def test_an_exhausted_need_waits_for_people_and_not_for_a_worker(world: World) -> None:
    need = await world.need(await world.group())
    await match_need(world.ctx, need)
    assert await world.one("SELECT exhausted_at IS NOT NULL FROM need WHERE id = $1", need)
    assert "match_need" not in await forget_and_look(world)


@pytest.mark.parametrize(
    ("change", "job"),
    [
        ("need SET confirmed = false", "match_need"), ("need SET expires_at = posted_at", "match_need"),
        ("need SET filled = 1", "expire_need"), ("need SET state = 'withdrawn', closed_at = posted_at", "expire_need"),
        ("need SET state = 'met', filled = 1, closed_at = posted_at", "close_silent_need"),
        ("need SET state = 'met', closed_at = posted_at, purged_at = posted_at", "purge_need"),
        ("ask SET state = 'declined'", "time_out_ask"), ("match SET state = 'connected'", "lapse_match"),
        ("notice SET state = 'sent'", "deliver_notice"), ("review SET purged_at = opened_at", "purge_review"),
    ],
)  # fmt: skip
async def test_what_waits_for_nothing_is_not_promised(world: World, change: str, job: str) -> None:
    need, helper, ask = await asked(world, helpers=2, see_first=True)
    if job in ("lapse_match", "close_silent_need"):
        await accept(world.ctx, ask, helper)
    await world.rows(
        "INSERT INTO review (group_id, kind, need_id, cause, urgent, opened_at, due_at, kept_until) "
        "SELECT group_id, 'held', $1, 'other', false, posted_at, posted_at, posted_at FROM need", need,
    )  # fmt: skip
    await world.rows(f"UPDATE {change}")
    assert job not in await forget_and_look(world)


async def test_what_is_promised_takes_no_place_of_what_is_not(world: World) -> None:
    await asked(world)
    await world.rows("DELETE FROM promise WHERE job = 'deliver_notice'")
    times = {"met_after": SETTINGS.met_after, "purge_after": SETTINGS.purge_after}
    await promise_forgotten(world.tx, now=world.now, urgent_lapse=SETTINGS.choice_lapses, lapse=SETTINGS.choice_lapses, most=1, **times)  # fmt: skip
    assert "deliver_notice" in await world.owed()


async def found_stuck(world: World, **later: float) -> set[str]:
    return {one.what for one in await stuck(world.tx, now=world.now + timedelta(**later))}


async def test_what_waits_for_a_worker_a_time_or_a_person_is_not_stuck(world: World) -> None:
    _, helper, ask = await asked(world, see_first=True)
    await hand_over(world.tx, now=world.now, most=100)
    assert await found_stuck(world, minutes=6) == set()
    await accept(world.ctx, ask, helper)
    await world.one("UPDATE promise SET handed_at = now()")
    assert await found_stuck(world, minutes=6) == set()
    lonely = await world.need(await world.group("west"))
    await match_need(world.ctx, lonely)
    await world.one("DELETE FROM notice")
    await world.one("DELETE FROM promise WHERE job = 'match_need'")
    await world.one("UPDATE need SET exhausted_at = posted_at")
    assert await found_stuck(world, minutes=6) == set(), "a coordinator has it on the board"


@pytest.mark.parametrize(
    ("forgotten", "what"),
    [("match_need", "need"), ("time_out_ask", "ask"), ("lapse_match", "match"), ("deliver_notice", "notice")],
)
async def test_what_is_open_for_five_minutes_and_waits_for_nothing_is_stuck(
    world: World, forgotten: str, what: str
) -> None:
    _, helper, ask = await asked(world, see_first=what == "match", helpers=2)
    if what == "match":
        await accept(world.ctx, ask, helper)
    await world.one("UPDATE promise SET handed_at = now()")
    await world.one("UPDATE ask SET times_out_at = planned_at")
    await world.one("DELETE FROM promise WHERE job = $1", forgotten)
    assert await found_stuck(world, minutes=4) == set()
    assert await found_stuck(world, minutes=6) == {what}


async def test_a_message_that_is_parked_waits_for_whoever_mends_what_does_not_take_it(world: World) -> None:
    await asked(world)
    await world.one("UPDATE promise SET handed_at = now()")
    await world.one("DELETE FROM promise WHERE job = 'deliver_notice'")
    await world.one("UPDATE notice SET state = 'parked'")
    assert await found_stuck(world, minutes=4) == set()
    assert await found_stuck(world, minutes=6) == {"notice"}


async def test_a_promise_that_is_parked_or_that_nobody_hands_over_is_no_promise(world: World) -> None:
    await asked(world)
    assert "promise" in await found_stuck(world, minutes=6), "no relay runs"
    await world.one("UPDATE promise SET handed_at = now(), tries = 11")
    assert await found_stuck(world, minutes=6) >= {"need", "notice"}
    assert timedelta(minutes=5) == STUCK_AFTER


async def test_nothing_is_promised_twice_and_one_worker_looks_at_a_time(workshop: Workshop, engine: Engine) -> None:
    async with committed(engine, now()) as world:
        await asked(world)
        await world.one("DELETE FROM promise")
    found = await asyncio.gather(*[Sweep(workshop).look() for _ in range(4)])
    assert sorted(found)[-1] >= 4
    before = await promised(engine)
    assert await Sweep(workshop).look() == 0
    assert await promised(engine) == before


async def test_jobs_about_nobody_are_done_again_and_again(workshop: Workshop, engine: Engine) -> None:
    await Sweep(workshop).look()
    assert await promised(engine) >= {(job, NOBODY) for job in EVERY}
    async with transaction(engine) as tx:
        for job in EVERY:
            await promise(tx, job, NOBODY, now() - timedelta(days=1))
    assert {outcome for _, outcome in await do_all_due(workshop)} == {"done"}
    assert await promised(engine) >= {(job, NOBODY) for job in EVERY}


async def test_the_figures_tell_how_work_stands(
    workers: Workers, redis_url: str, circle: Circle, smtp: MailSink
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    await circle.open()
    worker = workers.start(redis_url, metrics_port=port)
    second = workers.start(redis_url, metrics_port=port)
    await circle.post()
    await until(lambda: len(smtp.messages) >= 3)
    await worker.ready()
    await second.ready()  # the port is taken; it works all the same

    def read() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            return str(answer.read().decode())

    async def shown() -> bool:
        text = await asyncio.to_thread(read)
        wanted = (
            'careweb_promises{kind="parked"} 0.0',
            'careweb_notices{state="owed"} 0.0',
            'careweb_stuck{what="need"} 0.0',
            "careweb_redis_up 1.0",
        )
        return all(line in text for line in wanted)

    await until(shown)
    assert "metrics port taken" in worker.log + second.log
    assert "example.org" not in await asyncio.to_thread(read)
