"""Who moves often could find out who asks where: moves are few, and a mover is not asked about what was there before."""

from dataclasses import replace
from typing import Any

import pytest

from careweb.domain.errors import MovedTooOftenError
from careweb.domain.ids import MemberId, OfferId
from careweb.domain.offers import MOVES_MOST
from careweb.flows import board, offers
from careweb.flows.asks import decline
from careweb.flows.timing import end_old_sessions, time_out_ask
from tests.world import BURNABY, NORTH_YORK, OFFER, OTTAWA, SCARBOROUGH, World

PLACES = (NORTH_YORK, OTTAWA, BURNABY, "K2P", "M4C")


async def offers_of(world: World, member: MemberId) -> list[Any]:
    return (await offers.my_page(world.ctx, member)).offers


async def moved(world: World, member: MemberId, zone: str) -> None:
    """By changing the offer that they have."""
    (offer,) = await offers_of(world, member)
    await offers.change_offer(world.ctx, OfferId(offer["id"]), member, replace(OFFER, zone_code=zone))


async def begun_anew(world: World, member: MemberId, zone: str) -> None:
    """By ending it, and offering the same elsewhere."""
    (offer,) = await offers_of(world, member)
    await offers.end_offer(world.ctx, OfferId(offer["id"]), member)
    await world.offer(await world.one("SELECT id FROM care_group"), member, zone_code=zone)


async def offered_twice(world: World, member: MemberId, zone: str) -> None:
    """By offering the same in one more place."""
    await world.offer(await world.one("SELECT id FROM care_group"), member, zone_code=zone)


@pytest.mark.parametrize("go", [moved, begun_anew, offered_twice])
async def test_nobody_moves_more_than_twice_in_thirty_days_however_they_do_it(world: World, go: Any) -> None:
    helper = await world.helper(await world.group())
    for zone in PLACES[:MOVES_MOST]:
        world.later(days=1)
        await go(world, helper, zone)
    world.later(days=28.9)
    with pytest.raises(MovedTooOftenError):
        await go(world, helper, PLACES[MOVES_MOST])
    world.later(days=0.2)
    if go is not begun_anew:  # there, the offer had been ended
        await go(world, helper, PLACES[MOVES_MOST])
        with pytest.raises(MovedTooOftenError):
            await go(world, helper, PLACES[MOVES_MOST + 1])


async def test_what_stays_where_it_is_is_no_move(world: World) -> None:
    helper = await world.helper(await world.group())
    for radius in (2, 5, 10, 15):
        (offer,) = await offers_of(world, helper)
        await offers.change_offer(world.ctx, OfferId(offer["id"]), helper, replace(OFFER, radius_km=radius))
        await begun_anew(world, helper, SCARBOROUGH)
    assert await world.one("SELECT move_times FROM member WHERE id = $1", helper) == []


async def test_whoever_is_not_admitted_yet_may_correct_where_they_are(world: World) -> None:
    helper = await world.helper(await world.group(), admitted=False)
    for zone in PLACES:
        await moved(world, helper, zone)
    assert await world.one("SELECT move_times FROM member WHERE id = $1", helper) == []


async def test_who_may_not_move_stays_as_they_were(world: World) -> None:
    helper = await world.helper(await world.group())
    for zone in PLACES[:MOVES_MOST]:
        await moved(world, helper, zone)
    before = await world.rows("SELECT * FROM offer")
    for go in (moved, offered_twice):
        with pytest.raises(MovedTooOftenError):
            await go(world, helper, BURNABY)
    assert await world.rows("SELECT * FROM offer") == before


async def test_a_need_that_was_there_before_is_not_asked_of_who_moves_there(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, zone_code=OTTAWA)
    before = await world.need(group)
    world.later(hours=1)
    await moved(world, helper, SCARBOROUGH)
    await world.match(before)
    assert await world.asked(before) == set()
    reasons = (await board.need_for_staff(world.ctx, group, before)).reasons
    assert reasons
    assert reasons.offers == 0, "nor does a coordinator read that they could help"
    world.later(hours=1)
    after = await world.need(group)
    await world.match(after)
    assert await world.asked(after) == {helper}


@pytest.mark.parametrize("end", ["declined", "timed_out", "unanswered"])
async def test_what_was_asked_once_is_not_asked_again_after_a_move_there_and_back(world: World, end: str) -> None:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group, due_in=200)
    await world.match(need)
    ask = await world.ask_of(need, helper)
    world.later(days=1)
    if end == "declined":
        await decline(world.ctx, ask, helper)
    elif end == "timed_out":
        await time_out_ask(world.ctx, ask)
    await moved(world, helper, OTTAWA)
    await moved(world, helper, SCARBOROUGH)
    for _ in range(3):
        await world.match(need)
        await board.ask_again(world.ctx, group, need)
        world.later(hours=30)
    assert len(await world.asks(need)) == 1


async def test_of_moves_only_the_last_is_known_after_thirty_days(world: World) -> None:
    helper = await world.helper(await world.group())
    for zone in PLACES[:MOVES_MOST]:
        world.later(days=1)
        await moved(world, helper, zone)
    last = world.now

    async def known() -> Any:
        await end_old_sessions(world.ctx, offers.EVERYBODY)
        return await world.one("SELECT move_times FROM member WHERE id = $1", helper)

    assert len(await known()) == MOVES_MOST
    world.later(days=30)
    assert await known() == [last]
