"""Many at once: one slot has one winner, one week has its capacity, and nobody waits for ever."""

import asyncio
import os
from collections import Counter

import pytest

from careweb.domain.errors import AtCapacityError, CareError
from careweb.domain.ids import AskId, MemberId, NeedId
from careweb.flows.asks import Answer, accept
from careweb.flows.needs import withdraw_need
from careweb.storage.database import Engine, transaction
from tests.world import World, committed

AT_ONCE = 200
ROUNDS = range(int(os.environ.get("CAREWEB_ROUNDS", "1")))  # `make assurance` asks for more


async def ask_everybody(world: World, need: NeedId, helpers: list[MemberId]) -> list[tuple[AskId, MemberId]]:
    """As if one wave had reached them all."""
    await world.match(need)
    known = await world.asked(need)
    await world.rows(
        "INSERT INTO ask (id, need_id, offer_id, member_id, group_id, round, wave, urgent, state, language, terms, planned_at, times_out_at) "
        "SELECT gen_random_uuid(), n.id, o.id, o.member_id, n.group_id, 1, 1, false, 'sent', 'yue', '{}', now(), now() "
        "FROM need n, offer o WHERE n.id = $1 AND o.member_id = ANY ($2)",
        need,
        [helper for helper in helpers if helper not in known],
    )
    return [
        (row["id"], row["member_id"])
        for row in await world.rows("SELECT id, member_id FROM ask WHERE need_id = $1", need)
    ]


async def say_yes(engine: Engine, ask: AskId, helper: MemberId) -> Answer | str:
    try:
        async with transaction(engine) as tx:
            return await accept(World(tx=tx).ctx, ask, helper)
    except AtCapacityError:
        return "full"


@pytest.mark.parametrize("slots", [1, 3])
@pytest.mark.parametrize("_round", ROUNDS)
async def test_two_hundred_say_yes_at_once_and_the_slots_have_one_winner_each(
    engine: Engine, slots: int, _round: int
) -> None:
    async with committed(engine) as world:
        group = await world.group()
        helpers = [await world.helper(group) for _ in range(AT_ONCE)]
        need = await world.need(group, helpers=slots)
        asks = await ask_everybody(world, need, helpers)
    answers = Counter(await asyncio.gather(*(say_yes(engine, ask, helper) for ask, helper in asks)))
    assert answers == {Answer.ACCEPTED: slots, Answer.COVERED: AT_ONCE - slots}
    async with committed(engine) as world:
        assert await world.one("SELECT count(DISTINCT slot) FROM match WHERE need_id = $1", need) == slots
        assert await world.one("SELECT state FROM need WHERE id = $1", need) == "matched"


async def test_one_volunteer_asked_by_many_takes_no_more_than_their_week(engine: Engine) -> None:
    async with committed(engine) as world:
        group = await world.group()
        helper = await world.helper(group, per_week=3)
        asks = []
        for _ in range(20):
            need = await world.need(group)
            await world.match(need)
            await world.rows("UPDATE ask SET state = 'timed_out' WHERE need_id = $1", need)
            await world.rows("UPDATE member SET ask_times = '{}'")
            asks += [(ask, helper) for ask in await world.asks(need)]
    assert len(asks) == 20
    answers = Counter(await asyncio.gather(*(say_yes(engine, ask, who) for ask, who in asks)))
    assert answers == {Answer.ACCEPTED: 3, "full": 17}


async def test_a_withdrawal_among_two_hundred_yeses_leaves_no_half_match(engine: Engine) -> None:
    async with committed(engine) as world:
        group = await world.group()
        helpers = [await world.helper(group) for _ in range(60)]
        need = await world.need(group, helpers=3)
        asks = await ask_everybody(world, need, helpers)

    async def withdraw() -> str:
        try:
            async with transaction(engine) as tx:
                await withdraw_need(World(tx=tx).ctx, need)
        except CareError:
            return "too late"
        return "withdrawn"

    yeses = [say_yes(engine, ask, helper) for ask, helper in asks]
    await asyncio.gather(*yeses[:30], withdraw(), *yeses[30:])
    async with committed(engine) as world:
        assert await world.one("SELECT state FROM need WHERE id = $1", need) == "withdrawn"
        assert await world.one("SELECT count(*) FROM match WHERE state <> 'fell_through'") == 0
        assert await world.one("SELECT count(*) FROM ask WHERE state IN ('planned', 'sent')") == 0
        assert await world.one("SELECT sum(cardinality(task_times)) FROM member") == 0
