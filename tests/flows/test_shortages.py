"""What a solve found is kept for coordinators: whom to look for, and what needs share too few people."""

from dataclasses import replace

from careweb.domain.distances import Band
from careweb.domain.explanations import Why
from careweb.domain.reasons import Roughly
from careweb.domain.solving.problem import Carried
from careweb.domain.states import Reach
from careweb.flows.asks import view_ask
from careweb.flows.board import need_for_staff
from careweb.flows.shortages import recruiting, write_recruiting
from tests.flows.pool import solved
from tests.world import BURNABY, NORTH_YORK, World


async def test_the_list_says_whom_to_look_for_the_largest_first(world: World) -> None:
    east, west = await world.group("east"), await world.group("west")
    await world.helper(east)
    needs = [
        await world.need(east),
        await world.need(east, languages=("ti",), category="ride"),
        await world.need(east, languages=("ti",), category="ride", due_in=100),
        await world.need(east, languages=("bo",), category="translation", zone_code=BURNABY),
        await world.need(west, languages=("ta",)),
    ]
    await write_recruiting(world.ctx, "all", await solved(world, needs))
    found = await recruiting(world.ctx, east)
    assert [(one.language, one.category, one.place_en, one.more, one.urgent) for one in found] == [
        ("ti", "ride", "Scarborough", 2, 1), ("bo", "translation", "", 1, 1),
    ]  # fmt: skip
    assert (found[0].region_en, found[0].province, found[0].time_zone) == ("Toronto", "ON", "America/Toronto")
    assert [one.language for one in await recruiting(world.ctx, west)] == ["ta"]


async def test_the_line_comes_true(world: World) -> None:
    """The new volunteer takes what the list said, and the line is gone."""
    group = await world.group()
    needs = [await world.need(group, languages=("ti", "en")), await world.need(group, languages=("ti",))]
    await write_recruiting(world.ctx, "all", await solved(world, needs))
    before = await recruiting(world.ctx, group)
    assert [(one.language, one.more) for one in before] == [("ti", 2), ("en", 1)]
    await world.helper(group, languages=("ti",), zone_code=before[0].zone)
    again = await solved(world, needs)
    assert int(again.served().sum()) == 1
    await write_recruiting(world.ctx, "all", again)
    assert [one.more for one in await recruiting(world.ctx, group)] == [1, 1]
    await world.helper(group, languages=("ti",), zone_code=before[0].zone)
    await write_recruiting(world.ctx, "all", await solved(world, needs))
    assert await recruiting(world.ctx, group) == []


async def test_nobody_is_looked_for_while_somebody_is_asked(world: World) -> None:
    group = await world.group()
    await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    market = await solved(world, [need])
    assert int(market.served().sum()) == 0
    await write_recruiting(world.ctx, "all", market)
    assert await recruiting(world.ctx, group) == []
    await world.rows("UPDATE ask SET state = 'timed_out'")
    await write_recruiting(world.ctx, "all", market)
    assert len(await recruiting(world.ctx, group)) == 1


async def test_an_ask_to_whom_the_market_still_has_counts_once(world: World) -> None:
    """Asked since the market was read: they are in it already, and free nobody."""
    group = await world.group()
    await world.helper(group)
    needs = [await world.need(group), await world.need(group)]
    market = await solved(world, needs)
    for need in needs:
        await world.match(need)
    await write_recruiting(world.ctx, "all", market)
    assert [one.more for one in await recruiting(world.ctx, group)] == [1]


async def test_another_market_keeps_its_lines(world: World) -> None:
    east, west = await world.group("east"), await world.group("west")
    here, there = await world.need(east), await world.need(west)
    await write_recruiting(world.ctx, "one", await solved(world, [here]))
    await write_recruiting(world.ctx, "two", await solved(world, [there]))
    assert len(await recruiting(world.ctx, east)) == len(await recruiting(world.ctx, west)) == 1
    await write_recruiting(world.ctx, "one", None)
    assert await recruiting(world.ctx, east) == []
    assert len(await recruiting(world.ctx, west)) == 1


async def test_what_was_found_a_day_ago_is_not_told_and_not_kept(world: World) -> None:
    """A market that an operator has split up is solved no more."""
    group = await world.group()
    need = await world.need(group, due_in=100)
    await write_recruiting(world.ctx, "old", await solved(world, [need]))
    world.later(hours=23)
    assert await recruiting(world.ctx, group)
    world.later(hours=2)
    assert await recruiting(world.ctx, group) == []
    assert (await need_for_staff(world.ctx, group, need)).shortage is None
    await write_recruiting(world.ctx, "new", None)
    assert not await world.rows("SELECT FROM recruiting_line") + await world.rows("SELECT FROM standing")


async def test_a_need_says_how_many_share_how_few_and_other_groups_only_roughly(world: World) -> None:
    mine, other = await world.group("mine"), await world.group("other")
    await world.helper(mine, reach=Reach.ALLIANCE)
    await world.helper(other, reach=Reach.ALLIANCE)
    both = await world.helper(other)
    await world.offer(other, both, categories=("ride",), reach=Reach.ALLIANCE)  # does not share the groceries
    needs = [await world.need(mine, reach=Reach.ALLIANCE) for _ in range(3)]
    theirs = [await world.need(other, reach=Reach.ALLIANCE) for _ in range(2)]
    await write_recruiting(world.ctx, "all", await solved(world, [*needs, *theirs]))
    shortage = (await need_for_staff(world.ctx, mine, needs[0])).shortage
    assert shortage
    assert (shortage.needs, shortage.slots, shortage.people, shortage.tasks) == (3, 3, 2, 2)
    assert (shortage.other_needs, shortage.other_people) == (Roughly.FEW, Roughly.FEW)


async def test_a_need_that_can_be_served_has_no_part_in_a_shortage(world: World) -> None:
    group = await world.group()
    await world.helper(group)
    need = await world.need(group)
    await write_recruiting(world.ctx, "all", await solved(world, [need]))
    assert (await need_for_staff(world.ctx, group, need)).shortage is None


async def test_why_me_says_least_served_only_by_the_figures_of_the_last_solve(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, languages=("ti", "yue"))
    need, easy = await world.need(group, languages=("ti",)), await world.need(group)
    await world.match(need)
    ask = await world.ask_of(need, helper)
    assert Why.LEAST_SERVED not in [one.why for one in (await view_ask(world.ctx, ask, helper)).why]
    carried = {"ti": Carried(asked=9, served=1), "yue": Carried(asked=9, served=8)}
    await write_recruiting(world.ctx, "all", await solved(world, [need, easy], carried))
    view = await view_ask(world.ctx, ask, helper)
    assert [one.why for one in view.why] == [
        Why.OFFERED, Why.BOTH_SPEAK, Why.PLACE, Why.TIME, Why.ASKS, Why.LEAST_SERVED,
    ]  # fmt: skip
    assert Why.LEAST_SERVED not in [one.why for one in replace(view, second_language=True).why]
    assert view.band is Band.SAME


async def test_what_is_kept_says_nothing_of_people(world: World) -> None:
    group = await world.group()
    await world.helper(group, zone_code=NORTH_YORK)
    needs = [await world.need(group, languages=("ti",)), await world.need(group)]
    await write_recruiting(world.ctx, "all", await solved(world, needs))
    people = {str(row["id"]) for row in await world.rows("SELECT id FROM member")}
    kept = str([*await world.rows("SELECT * FROM recruiting_line"), *await world.rows("SELECT * FROM standing")])
    assert not [one for one in people if one in kept]
