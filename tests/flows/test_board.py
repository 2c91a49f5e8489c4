"""What coordinators see, of their own group only."""

import pytest

from careweb.domain.board import Area
from careweb.domain.errors import NotHereError
from careweb.domain.ids import NeedId
from careweb.domain.reasons import Change, Smallest
from careweb.domain.reasons import Test as Check
from careweb.domain.states import CloseReason, Reach
from careweb.flows.board import ask_again, board, close_need, need_for_staff, needs_behind, widen
from tests.world import BURNABY, NORTH_YORK, OTTAWA, World


async def test_numbers_drill_down_and_the_list_behind_each_is_as_long(world: World) -> None:
    group = await world.group()
    unmet = await world.need(group)
    await world.match(unmet)  # nobody offers anything
    for zone in (NORTH_YORK, OTTAWA, BURNABY):
        await world.need(group, zone_code=zone, languages=("ta",))
    country = await board(world.ctx, group, Area())
    assert [(line.key, line.open, line.unmet) for line in country.lines] == [("ON", 3, 1), ("BC", 1, 0)]
    assert country.by["language"] == [("yue", 1, 1), ("ta", 3, 0)]
    for line in country.lines:
        assert len(await needs_behind(world.ctx, group, Area(province=line.key))) == line.open
    ontario = await board(world.ctx, group, Area(province="ON"))
    assert [(line.name_en, line.open) for line in ontario.lines] == [("Toronto", 2), ("Ottawa", 1)]
    toronto = Area(province="ON", region=ontario.lines[0].key)
    assert len((await board(world.ctx, group, toronto)).lines) == 2
    assert [row["id"] for row in await needs_behind(world.ctx, group, toronto, unmet=True)] == [unmet]
    assert len(await needs_behind(world.ctx, group, Area(), language="ta", urgency="urgent")) == 3


async def test_another_groups_needs_are_not_there(world: World) -> None:
    mine, other = await world.group("mine"), await world.group("other")
    need = await world.need(other, reach=Reach.ALLIANCE)
    assert (await board(world.ctx, mine, Area())).open == 0
    for verb in (
        need_for_staff(world.ctx, mine, need),
        widen(world.ctx, mine, need, 20),
        ask_again(world.ctx, mine, need),
        close_need(world.ctx, mine, need, CloseReason.OTHER),
    ):
        with pytest.raises(NotHereError):
            await verb


async def test_why_nobody_and_what_would_help(world: World) -> None:
    group = await world.group()
    await world.helper(group, zone_code=NORTH_YORK, radius_km=5)  # about 13 km away
    await world.helper(group, languages=("cmn",))
    await world.helper(group, categories=("ride",))
    need = await world.need(group)
    await world.match(need)
    found = (await need_for_staff(world.ctx, group, need)).reasons
    assert found
    assert found.offers == 3
    assert found.left_after[Check.CATEGORY] == 2
    assert found.left_after[Check.LANGUAGE] == 1
    assert found.left_after[Check.DISTANCE] == 0
    assert found.within_km == [(15, 1)]
    assert found.if_language == [("cmn", 1)]


async def test_why_nobody_is_exact_for_own_and_shared_offers_and_rough_for_what_others_keep(world: World) -> None:
    mine, other = await world.group("mine"), await world.group("other")
    await world.helper(mine)
    for _ in range(2):
        await world.helper(other, reach=Reach.ALLIANCE)
    await world.helper(other)
    await world.helper(other, languages=("ta",))
    await world.helper(other, zone_code=OTTAWA)
    await world.helper(other, admitted=False)
    closed, shared = await world.need(mine), await world.need(mine, reach=Reach.ALLIANCE)

    async def seen(need: NeedId) -> tuple[int, int, int, str]:
        found = (await need_for_staff(world.ctx, mine, need)).reasons
        assert found
        return found.offers, found.left_after[Check.ASKABLE], found.if_alliance, found.others

    assert await seen(closed) == (1, 1, 2, "few")
    assert await seen(shared) == (3, 3, 0, "few")
    for _ in range(8):
        await world.helper(other)
    assert (await seen(closed))[3] == "few"  # nine
    await world.helper(other)
    assert (await seen(closed))[3] == "many"
    elsewhere = await world.need(mine, zone_code=BURNABY)
    assert await seen(elsewhere) == (1, 0, 0, "none")


async def test_the_smallest_change_that_would_serve_a_need_is_said(world: World) -> None:
    group = await world.group()
    await world.helper(group, zone_code=NORTH_YORK, radius_km=5)
    need = await world.need(group)
    found = (await need_for_staff(world.ctx, group, need)).smallest
    assert found == Smallest(change=Change.FARTHER, more=1, km=15)
    await widen(world.ctx, group, need, 15)
    assert (await need_for_staff(world.ctx, group, need)).smallest is None
    nobody = await world.need(group, languages=("ti",), category="meals", helpers=2)
    assert (await need_for_staff(world.ctx, group, nobody)).smallest == Smallest(change=Change.SOMEONE_NEW, more=2)


async def test_widening_reaches_one_who_said_a_little_less_far(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, zone_code=NORTH_YORK, radius_km=5)
    need = await world.need(group)
    await world.match(need)
    assert await world.asked(need) == set()
    await widen(world.ctx, group, need, 15)
    await world.match(need)
    assert await world.asked(need) == {helper}


async def test_asking_again_reaches_who_did_not_answer_but_not_who_said_no(world: World) -> None:
    from careweb.flows.asks import decline

    group = await world.group()
    silent, unwilling = await world.helper(group), await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    await decline(world.ctx, await world.ask_of(need, unwilling), unwilling)
    await world.rows("UPDATE ask SET state = 'timed_out' WHERE member_id = $1", silent)
    await world.match(need)
    assert len(await world.asks(need)) == 2
    await ask_again(world.ctx, group, need)
    await world.match(need)
    again = await world.rows("SELECT member_id FROM ask WHERE need_id = $1 AND round = 2", need)
    assert [row["member_id"] for row in again] == [silent]


async def test_closing_keeps_the_reason_and_its_words_sealed(world: World) -> None:
    group = await world.group()
    need = await world.need(group)
    await close_need(world.ctx, group, need, CloseReason.NO_SUPPLY, words="Nobody drives at night")
    seen = await need_for_staff(world.ctx, group, need)
    assert (seen.need.state, seen.need.close_reason, seen.reasons) == ("closed", "no_supply", None)
    assert seen.events[-1].reason == "Nobody drives at night"
    assert "drives" not in str(await world.rows("SELECT * FROM need_event"))


async def test_a_name_is_shown_only_of_the_groups_own_volunteers(world: World) -> None:
    mine, other = await world.group("mine"), await world.group("other")
    await world.helper(mine, name="Mine", reach=Reach.ALLIANCE)
    await world.helper(other, name="Other", reach=Reach.ALLIANCE)
    need = await world.need(mine, reach=Reach.ALLIANCE)
    await world.match(need)
    asked = (await need_for_staff(world.ctx, mine, need)).asked
    assert sorted((one.name, one.own) for one in asked) == [("", False), ("Mine", True)]
