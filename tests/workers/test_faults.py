"""Redis and processes may go at any moment; PostgreSQL holds the truth."""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import redis.asyncio as redis
import uvloop

from careweb.config import Settings
from careweb.storage.database import Engine, driver, transaction
from careweb.storage.promises import Handed, hand_over, promise
from tests.servers import MailSink
from tests.workers.shop import (
    Circle,
    OwnValkey,
    Workers,
    fetch,
    now,
    quick_settings,
    running_valkey,
    until,
    workshop_of,
)
from tests.world import committed
from workers.jobs import DONE, FAILED, NOT_OURS, do
from workers.queue import Queue, QueueAwayError, is_redis_away
from workers.relay import Relay, lane_of
from workers.workshop import Workshop

SLOW = "PT600S"  # long enough that what is found again was not found by waiting


async def asker_has_mail(circle: Circle, smtp: MailSink, count: int = 1, seconds: float = 30) -> float:
    return await until(lambda: len(smtp.to("asker@example.org")) >= count, seconds=seconds)


async def test_delivered_many_times_over_a_job_is_done_once(
    workers: Workers, redis_url: str, circle: Circle, engine: Engine, smtp: MailSink
) -> None:
    await circle.post()
    queue = Queue(redis_url)
    async with transaction(engine) as tx:
        handed = await hand_over(tx, now=now(), most=10)
    for _ in range(5):
        await queue.put(handed, lane_of)
    await queue.close()
    worker = workers.start(redis_url)
    await asker_has_mail(circle, smtp)
    await until(lambda: worker.log.count(f'"{NOT_OURS}"') >= 4 * len(handed))
    assert len(smtp.to("asker@example.org")) == 1
    assert len(await fetch(engine, "SELECT 1 FROM need_event WHERE kind = 'exhausted'")) == 1


async def test_an_emptied_redis_costs_a_second_and_nothing_else(
    workers: Workers, valkey: OwnValkey, circle: Circle, smtp: MailSink
) -> None:
    settings = quick_settings(workers.database, valkey.url, smtp, lost_after=SLOW, sweep_every=SLOW)
    queue = Queue(valkey.url)
    await circle.post()
    async with workshop_of(settings) as workshop:
        assert await Relay(workshop, queue).look() > 0
        assert await Relay(workshop, queue).look() == 0, "all of it is in Redis now"
    async with redis.Redis.from_url(valkey.url) as client:
        await client.flushall()
    workers.start(valkey.url, lost_after=SLOW, sweep_every=SLOW)
    await asker_has_mail(circle, smtp)
    await queue.close()


async def test_lost_promises_are_found_in_postgresql_even_if_redis_looks_as_before(
    workers: Workers, valkey: OwnValkey, circle: Circle, engine: Engine
) -> None:
    queue = Queue(valkey.url)
    await queue.lost_everything()  # from here on this Redis is known, and nothing about it looks lost
    await queue.close()
    worker = workers.start(valkey.url)
    await worker.ready()
    async with committed(engine, now()) as world:
        need = await world.need(await world.group())
        await hand_over(world.tx, now=now(), most=10)  # and the queue never hears of it
    await until(lambda: exhausted(engine, need))
    assert '"lost promises handed over again"' in worker.log


async def test_while_the_queue_is_crowded_nothing_counts_as_lost(
    valkey: OwnValkey, workshop: Workshop, engine: Engine
) -> None:
    queue = Queue(valkey.url)
    relay = Relay(workshop, queue)
    async with transaction(engine) as tx:
        await promise(tx, "match_need", uuid4(), now())
    assert await relay.look() >= 1
    await queue.put([Handed(job="match_need", subject=uuid4(), tries=1)] * 300, lane_of)
    await fetch(engine, "UPDATE promise SET handed_at = now() - interval '1 hour'")
    relay._looked_for_lost = 0.0
    assert await relay.look() == 0
    async with redis.Redis.from_url(valkey.url) as client:
        await client.delete("careweb:work")
    relay._looked_for_lost = 0.0
    assert await relay.look() >= 1
    await queue.close()


async def test_a_worker_that_has_not_asked_the_database_for_the_time_judges_nothing_by_its_own_clock(
    valkey: OwnValkey, workshop: Workshop, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It started while the database was away, on a machine ten minutes ahead: a lease that still runs is not over."""
    ahead = type("Ahead", (datetime,), {"now": staticmethod(lambda tz: datetime.now(tz) + timedelta(minutes=10))})
    monkeypatch.setattr("workers.workshop.datetime", ahead)
    await fetch(engine, "DELETE FROM promise")
    async with transaction(engine) as tx:
        await promise(tx, "deliver_notice", uuid4(), now() + timedelta(minutes=5))
    queue = Queue(valkey.url)
    assert await Relay(workshop, queue).look() == 0
    async with workshop.begin() as ctx:
        assert abs(ctx.now - now()) < timedelta(minutes=1)
    await queue.close()


async def exhausted(engine: Engine, need: object) -> bool:
    return bool(await fetch(engine, "SELECT 1 FROM need WHERE id = $1 AND exhausted_at IS NOT NULL", need))


async def test_a_worker_killed_in_mid_job_costs_seconds(
    workers: Workers, redis_url: str, circle: Circle, engine: Engine, smtp: MailSink
) -> None:
    await circle.open()
    need = await circle.post()
    async with transaction(engine) as tx:
        await (await driver(tx)).execute("SELECT 1 FROM need WHERE id = $1 FOR UPDATE", need)
        worker = workers.start(redis_url, lost_after="PT3S")
        await until(lambda: waits_for_a_lock(engine), seconds=20)
        await workers.start(redis_url, lost_after="PT3S").ready()
        worker.kill()
    assert await circle.promised("match_need") == 1, "what was not done is still promised"
    killed = time.monotonic()
    await until(lambda: asked(engine, need), seconds=20)
    assert time.monotonic() - killed < 3 + 1 + 4, "lost after 3 s, looked for every second; the rest is a busy machine"
    assert len(await fetch(engine, "SELECT 1 FROM ask")) == 1


async def test_a_worker_waits_for_a_need_with_empty_hands(workshop: Workshop, circle: Circle, engine: Engine) -> None:
    """Whoever has the need may promise that it is looked at again: the two would stand in a circle."""
    await circle.open()
    need = await circle.post()
    async with transaction(engine) as tx:
        await hand_over(tx, now=now(), most=10)
    async with transaction(engine) as page:
        await (await driver(page)).execute("SELECT 1 FROM need WHERE id = $1 FOR UPDATE", need)
        looking = asyncio.create_task(do(workshop, "match_need", need))
        await until(lambda: waits_for_a_lock(engine))
        await (await driver(page)).execute("SET LOCAL lock_timeout = '0.3s'")
        await promise(page, "match_need", need, now())
    assert await looking == DONE
    assert await asked(engine, need)


async def waits_for_a_lock(engine: Engine) -> bool:
    rows = await fetch(
        engine,
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
        "AND query LIKE '%FROM need%FOR%UPDATE%'",
    )
    return bool(rows)


async def asked(engine: Engine, need: object) -> bool:
    return bool(await fetch(engine, "SELECT 1 FROM ask WHERE need_id = $1", need))


def test_a_redis_that_hung_up_between_two_writes_is_away_and_ends_nobody(tmp_path: Path) -> None:
    async def write_to_a_closed_server() -> None:
        server = await asyncio.start_unix_server(lambda _, writer: writer.close(), tmp_path / "s.sock")
        _, writer = await asyncio.open_unix_connection(tmp_path / "s.sock")
        writer.transport.abort()
        await asyncio.sleep(0)
        server.close()
        writer.writelines([b"PING"])

    with pytest.raises(RuntimeError) as told:
        uvloop.run(write_to_a_closed_server())
    assert is_redis_away(told.value)
    assert not is_redis_away(RuntimeError("anything else"))


async def test_a_frozen_redis_neither_blocks_the_relay_nor_loses_a_promise(
    valkey: OwnValkey, workshop: Workshop, engine: Engine
) -> None:
    queue = Queue(valkey.url)
    relay = Relay(workshop, queue)
    await relay.look()
    async with transaction(engine) as tx:
        await promise(tx, "match_need", uuid4(), now())
    valkey.freeze()
    relay._looked_for_lost = time.monotonic()  # so that it freezes between the question and the handing over
    started = time.monotonic()
    with pytest.raises(QueueAwayError):
        await relay.look()
    assert time.monotonic() - started < 3
    [row] = await fetch(engine, "SELECT handed_at, tries FROM promise WHERE job = 'match_need'")
    assert (row["handed_at"], row["tries"]) == (None, 0)
    async with asyncio.timeout(1), transaction(engine) as tx:  # nobody who posts a need waits for it
        await promise(tx, "match_need", uuid4(), now())
    with pytest.raises(QueueAwayError):
        await relay.look()
    valkey.thaw()
    assert await relay.look() == 2
    await queue.close()


async def test_a_worker_goes_on_when_a_frozen_redis_thaws(
    workers: Workers, valkey: OwnValkey, circle: Circle, smtp: MailSink
) -> None:
    await workers.start(valkey.url).ready()
    valkey.freeze()
    await circle.post()
    await asyncio.sleep(5)
    valkey.thaw()
    await asker_has_mail(circle, smtp)


async def test_a_worker_goes_on_when_redis_was_killed_and_started_again_empty(
    workers: Workers, valkey: OwnValkey, circle: Circle, smtp: MailSink
) -> None:
    worker = workers.start(valkey.url, lost_after=SLOW)
    await worker.ready()
    valkey.kill()
    await circle.post()
    await asyncio.sleep(1)
    valkey.start()
    await asker_has_mail(circle, smtp)
    assert worker.process.poll() is None


async def test_a_worker_waits_for_a_redis_that_is_not_there_yet(
    workers: Workers, short_folder: Path, circle: Circle, smtp: MailSink
) -> None:
    later = OwnValkey(short_folder / "v.sock")
    worker = workers.start(later.url)
    await until(lambda: "redis away" in worker.log)
    await circle.post()
    with running_valkey(short_folder):
        await asker_has_mail(circle, smtp)


async def test_a_worker_goes_on_when_every_database_connection_is_cut(
    workers: Workers, redis_url: str, circle: Circle, engine: Engine, smtp: MailSink
) -> None:
    worker = workers.start(redis_url)
    await worker.ready()
    for _ in range(3):
        await fetch(
            engine,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        await asyncio.sleep(0.2)
    await circle.post()
    await asker_has_mail(circle, smtp)
    assert worker.process.poll() is None


async def test_a_redis_that_may_throw_jobs_away_is_refused(workers: Workers, short_folder: Path) -> None:
    with running_valkey(short_folder, "--maxmemory-policy", "allkeys-lru") as valkey:
        worker = workers.start(valkey.url)
        assert await worker.ended() == 2
    assert "noeviction" in worker.log


async def test_a_promise_that_is_gone_from_the_table_is_made_again_from_the_facts(
    workers: Workers, redis_url: str, circle: Circle, engine: Engine, smtp: MailSink
) -> None:
    await circle.open()
    await circle.post()
    await fetch(engine, "DELETE FROM promise")
    workers.start(redis_url)
    await until(lambda: len(smtp.to("helper0@example.org")) >= 1)
    await asker_has_mail(circle, smtp)
    await until(lambda: circle_has(circle, {"expire_need", "time_out_ask"}))


async def circle_has(circle: Circle, jobs: set[str]) -> bool:
    return {row["job"] for row in await fetch(circle.engine, "SELECT job FROM promise")} >= jobs


async def test_a_job_nobody_knows_fails_and_stays_promised(workshop: Workshop, engine: Engine, quick: Settings) -> None:
    subject = uuid4()
    async with transaction(engine) as tx:
        await promise(tx, "from_a_later_version", subject, now())
        [handed] = await hand_over(tx, now=now(), most=10)
    assert handed == Handed(job="from_a_later_version", subject=subject, tries=1)
    assert await do(workshop, handed.job, handed.subject) == FAILED
    assert len(await fetch(engine, "SELECT 1 FROM promise WHERE subject = $1", subject)) == 1


async def test_a_job_that_meets_a_page_the_other_way_around_is_done_at_once(
    workshop: Workshop, circle: Circle, engine: Engine
) -> None:
    await circle.open()
    need = await circle.post()
    async with transaction(engine) as tx:
        await hand_over(tx, now=now(), most=10)
    async with transaction(engine) as page:
        connection = await driver(page)
        await connection.execute("SELECT 1 FROM need WHERE id = $1 FOR UPDATE", need)
        job = asyncio.create_task(do(workshop, "match_need", need))
        await until(lambda: waits_for_a_lock(engine))
        await connection.execute("SELECT 1 FROM promise WHERE subject = $1 AND job = 'match_need' FOR UPDATE", need)
    assert await job == DONE
    assert await asked(engine, need)
