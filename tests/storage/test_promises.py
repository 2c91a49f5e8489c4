"""The outbox: promising twice is promising once, and one worker keeps each."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from careweb.storage.database import Transaction, transaction
from careweb.storage.promises import (
    Handed,
    call_off,
    count_promises,
    due_at,
    hand_over,
    hand_over_lost,
    hasten,
    keep,
    parked_promises,
    postpone,
    promise,
    promise_many,
    revive_promises,
    take_back,
    take_back_all,
    unpromise,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOST_AFTER = timedelta(seconds=15)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def due(tx: Transaction, now: datetime = NOW) -> list[UUID]:
    return [one.subject for one in await hand_over(tx, now=now, most=100)]


async def lost(tx: Transaction, now: datetime) -> list[int]:
    return [one.tries for one in await hand_over_lost(tx, now=now, lost_after=LOST_AFTER, most=100)]


async def test_what_is_promised_is_handed_over_once_when_it_is_due(tx: Transaction) -> None:
    now, later = uuid4(), uuid4()
    await promise(tx, "match_need", now, NOW)
    await promise(tx, "match_need", later, after(60))
    assert await due(tx) == [now]
    assert await due(tx) == []
    assert await due(tx, after(60)) == [later]


async def test_promising_twice_keeps_the_earlier_time(tx: Transaction) -> None:
    need = uuid4()
    await promise(tx, "match_need", need, after(60))
    await promise(tx, "match_need", need, after(10))
    await promise(tx, "match_need", need, after(90))
    assert await due(tx, after(9)) == []
    assert await due(tx, after(10)) == [need]
    assert await due(tx, after(100)) == []


async def test_what_was_handed_over_is_not_again_for_a_later_promise(tx: Transaction) -> None:
    one, many = uuid4(), uuid4()
    for later in (0, 60):
        await promise(tx, "match_need", one, after(later))
        await promise_many(tx, "match_need", [many], after(later))
        assert set(await due(tx, after(later))) == (set() if later else {one, many})


async def test_a_promise_moved_to_an_earlier_time_is_handed_over_again(tx: Transaction) -> None:
    need = uuid4()
    await promise(tx, "match_need", need, NOW)
    assert await due(tx) == [need]
    await promise(tx, "match_need", need, after(-1))
    assert not await keep(tx, "match_need", need)
    assert await due(tx) == [need]


async def test_many_are_promised_at_once_and_a_subject_named_twice_counts_once(tx: Transaction) -> None:
    needs = [uuid4() for _ in range(5)]
    await promise_many(tx, "match_need", [*needs, needs[0]], NOW)
    await promise_many(tx, "match_need", [], NOW)
    assert sorted(await due(tx)) == sorted(needs)


async def test_a_promise_is_kept_once(tx: Transaction) -> None:
    need = uuid4()
    await promise(tx, "match_need", need, NOW)
    assert not await keep(tx, "match_need", need), "it was not handed over yet"
    await due(tx)
    assert await keep(tx, "match_need", need)
    assert not await keep(tx, "match_need", need)


async def test_a_second_delivery_does_not_take_what_its_job_promised_for_later(tx: Transaction) -> None:
    need = uuid4()
    await promise(tx, "match_need", need, NOW)
    await due(tx)
    assert await keep(tx, "match_need", need)
    await promise(tx, "match_need", need, after(300))
    assert not await keep(tx, "match_need", need)
    assert await due(tx, after(300)) == [need]


async def test_what_is_not_owed_any_more_is_not_handed_over(tx: Transaction) -> None:
    need = uuid4()
    await promise(tx, "expire_need", need, NOW)
    await unpromise(tx, "expire_need", need)
    assert await due(tx) == []


async def test_a_lost_promise_is_handed_over_again_each_time_after_twice_as_long(tx: Transaction) -> None:
    await promise(tx, "match_need", uuid4(), NOW)
    await due(tx)
    assert await lost(tx, after(14)) == []
    assert await lost(tx, after(15)) == [2]
    assert await lost(tx, after(15 + 29)) == []
    assert await lost(tx, after(15 + 30)) == [3]


async def test_after_ten_times_a_promise_is_parked_and_only_shown_until_someone_revives_it(tx: Transaction) -> None:
    need = uuid4()
    await promise(tx, "match_need", need, NOW)
    await due(tx)
    for day in range(1, 11):
        await lost(tx, NOW + timedelta(days=day))
    much_later = NOW + timedelta(days=100)
    assert await lost(tx, much_later) == []
    assert [one.subject for one in await parked_promises(tx)] == [need]
    assert (await count_promises(tx, now=much_later, late_after=LOST_AFTER)).parked == 1
    await take_back_all(tx)
    assert await due(tx, much_later) == []
    await revive_promises(tx)
    assert await due(tx, much_later) == [need]


async def test_reviving_leaves_alone_what_is_on_its_way(tx: Transaction) -> None:
    await promise(tx, "match_need", uuid4(), NOW)
    await due(tx)
    await revive_promises(tx)
    assert await due(tx) == []


async def test_a_new_fact_wakes_a_parked_promise(tx: Transaction) -> None:
    need = uuid4()
    await promise(tx, "match_need", need, NOW)
    await due(tx)
    for day in range(1, 11):
        await lost(tx, NOW + timedelta(days=day))
    tomorrow = NOW + timedelta(days=101)
    await promise(tx, "match_need", need, tomorrow)
    assert await due(tx, tomorrow) == [need]


async def test_what_the_queue_refused_is_due_again_at_once_and_the_try_does_not_count(tx: Transaction) -> None:
    await promise(tx, "match_need", uuid4(), NOW)
    handed = await hand_over(tx, now=NOW, most=10)
    await take_back(tx, handed)
    assert await hand_over(tx, now=NOW, most=10) == handed


async def test_taking_back_leaves_alone_what_was_handed_over_again_meanwhile(tx: Transaction) -> None:
    await promise(tx, "match_need", uuid4(), NOW)
    stale = await hand_over(tx, now=NOW, most=10)
    assert await lost(tx, after(15)) == [2]
    await take_back(tx, stale)
    assert await due(tx, after(15)) == []


async def test_a_try_is_taken_back_once(tx: Transaction) -> None:
    await promise(tx, "match_need", uuid4(), NOW)
    first = await hand_over(tx, now=NOW, most=10)
    second = await hand_over_lost(tx, now=after(15), lost_after=LOST_AFTER, most=10)
    await take_back(tx, second)
    await take_back(tx, first)
    await take_back_all(tx)
    assert [one.tries for one in await hand_over(tx, now=after(15), most=10)] == [2]


async def test_what_is_called_off_or_hastened_is_that_one_and_never_later(tx: Transaction) -> None:
    one, other = uuid4(), uuid4()
    await promise_many(tx, "match_need", [one, other], after(30))
    await hasten(tx, "match_need", one, after(60))
    assert await due_at(tx, "match_need", one) == after(30)
    await hasten(tx, "match_need", one, after(10))
    assert await due_at(tx, "match_need", one) == after(10)
    await call_off(tx, "match_need", [one])
    assert await due(tx, after(60)) == [other]


async def test_when_the_queue_lost_everything_all_of_it_is_due_again(tx: Transaction) -> None:
    needs = {uuid4() for _ in range(3)}
    await promise_many(tx, "match_need", list(needs), NOW)
    assert set(await due(tx)) == needs
    await take_back_all(tx)
    assert set(await due(tx)) == needs


async def test_counts_tell_due_from_late_from_what_has_time(tx: Transaction) -> None:
    await promise(tx, "match_need", uuid4(), after(-60))
    await promise(tx, "match_need", uuid4(), after(-5))
    await promise(tx, "match_need", uuid4(), after(60))
    counts = await count_promises(tx, now=NOW, late_after=timedelta(seconds=30))
    assert (counts.due, counts.late, counts.parked) == (2, 1, 0)


async def handed_need(engine: AsyncEngine) -> Handed:
    async with transaction(engine) as tx:
        await promise(tx, "match_need", uuid4(), NOW)
        [handed] = await hand_over(tx, now=NOW, most=10)
    return handed


async def test_of_many_deliveries_at_once_one_keeps_the_promise(engine: AsyncEngine) -> None:
    handed = await handed_need(engine)

    async def deliver() -> bool:
        async with transaction(engine) as tx:
            kept = await keep(tx, handed.job, handed.subject)
            await asyncio.sleep(0.02)
            return kept

    assert sorted(await asyncio.gather(*[deliver() for _ in range(8)])) == [False] * 7 + [True]


async def test_a_promise_whose_job_fails_is_still_there(engine: AsyncEngine) -> None:
    handed = await handed_need(engine)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with transaction(engine) as tx:
            assert await keep(tx, handed.job, handed.subject)
            raise ZeroDivisionError
    async with transaction(engine) as tx:
        assert await keep(tx, handed.job, handed.subject)


async def test_a_job_that_is_running_is_not_lost(engine: AsyncEngine) -> None:
    handed = await handed_need(engine)
    async with transaction(engine) as job, transaction(engine) as relay:
        assert await keep(job, handed.job, handed.subject)
        assert await lost(relay, after(3600)) == []
        await take_back_all(relay)


async def test_two_relays_at_once_share_what_is_due(engine: AsyncEngine) -> None:
    async with transaction(engine) as tx:
        await promise_many(tx, "match_need", [uuid4() for _ in range(20)], NOW)
    async with transaction(engine) as one, transaction(engine) as other:
        first = await hand_over(one, now=NOW, most=12)
        second = await hand_over(other, now=NOW, most=12)
    assert len(first) == 12
    assert len({handed.subject for handed in [*first, *second]}) == 20


async def test_a_fact_written_while_its_job_starts_is_seen_or_promised_again(engine: AsyncEngine) -> None:
    handed = await handed_need(engine)
    async with transaction(engine) as flow:
        await promise(flow, handed.job, handed.subject, after(60))

        async def start() -> bool:
            async with transaction(engine) as tx:
                return await keep(tx, handed.job, handed.subject)

        starting = asyncio.create_task(start())
        await asyncio.sleep(0.1)
        assert not starting.done(), "the job must wait for the flow, or it would miss what the flow wrote"
    assert await starting


async def test_a_postponed_promise_is_claimed_once_and_due_again_later(tx: Transaction) -> None:
    notice = uuid4()
    await promise(tx, "deliver_notice", notice, NOW)
    await due(tx)
    assert await postpone(tx, "deliver_notice", notice, after(30))
    assert not await postpone(tx, "deliver_notice", notice, after(30))
    assert not await keep(tx, "deliver_notice", notice)
    assert await due(tx, after(29)) == []
    assert await due(tx, after(30)) == [notice]
