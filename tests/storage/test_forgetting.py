"""What is forgotten is what is over, and nothing beside it. `make mutation` drops each guard."""

from datetime import date, timedelta
from typing import Any

from careweb.storage.database import run
from tests.storage.test_moves_not_made import match_of
from tests.storage.test_reach_of_moves import ask
from tests.world import NOON, World

LATER = NOON + timedelta(days=14)
BEFORE = NOON - timedelta(days=1)


async def test_a_need_is_forgotten_long_after_its_end_and_once(world: World) -> None:
    need = await world.need(await world.group())
    may = {"id": need, "closed_before": NOON}
    await world.rows("UPDATE need SET state = 'withdrawn', closed_at = $1", NOON + timedelta(seconds=1))
    assert not await run(world.tx, "may_purge_need", **may)
    await world.rows("UPDATE need SET closed_at = $1", NOON)
    assert await run(world.tx, "may_purge_need", **may)
    await world.rows("UPDATE need SET purged_at = $1", NOON)
    assert not await run(world.tx, "may_purge_need", **may)


async def test_another_series_stays_one(world: World) -> None:
    group = await world.group()
    first, second, other, again = [await world.need(group) for _ in range(4)]
    for need, before in ((second, first), (again, other)):
        await world.rows("UPDATE need SET repeats_of = $1 WHERE id = $2", before, need)
    await run(world.tx, "purge_series", need_id=first, before=None)
    assert [row["id"] for row in await world.rows("SELECT id FROM need WHERE repeats_of IS NOT NULL")] == [again]


async def test_who_fell_through_is_no_help_that_came(world: World) -> None:
    group = await world.group()
    need, helper = await world.need(group), await world.helper(group)
    asked = await ask(world, need, helper, urgent=True)
    await run(world.tx, "add_match", state="connected", now=NOON, **await match_of(world, asked))
    await world.rows("UPDATE match SET state = 'fell_through'")
    await run(world.tx, "count_need", id=need)
    assert await world.one("SELECT helped FROM tally") == "never"


async def test_erasures_are_listed_once_and_dropped_after_their_weeks(world: World) -> None:
    weeks = [date(2026, 11, 16), date(2026, 11, 23)]
    for week in weeks:
        await world.rows("INSERT INTO tombstone (mark, week) VALUES ($1, $2)", week.isoformat().encode(), week)
    assert [len(await run(world.tx, "list_tombstones")) for _ in range(2)] == [2, 0]
    await run(world.tx, "drop_tombstones", before=weeks[1])
    assert [row["week"] for row in await world.rows("SELECT week FROM tombstone")] == weeks[1:]


async def test_a_market_is_taken_when_it_is_due_and_put_off_to_later_only(world: World) -> None:
    await run(world.tx, "add_markets", slugs=["east", "west"], now=NOON)
    assert not await run(world.tx, "take_market", now=NOON - timedelta(seconds=1))
    assert await run(world.tx, "take_market", now=NOON)
    for due_at in (LATER, NOON):
        await run(world.tx, "postpone_market", slug="east", due_at=due_at)
    assert await world.one("SELECT due_at FROM market WHERE slug = 'east'") == LATER
    assert [row["slug"] for row in await run(world.tx, "forget_markets", slugs=["east"])] == ["west"]


async def test_what_a_solve_found_gives_way_to_the_next_and_goes_with_its_market(world: World) -> None:
    group: Any = await world.group()
    for number, (market, found_at) in enumerate((("east", NOON), ("west", NOON), ("gone", BEFORE))):
        await world.rows(
            "INSERT INTO recruiting_line (market, group_id, region, zone_code, language, category, tier, more, found_at) "
            "VALUES ($1, $2, '', '', 'yue', 'meals', 'low', 1, $3)", market, group, found_at,
        )  # fmt: skip
        await world.rows(
            "INSERT INTO standing (need_id, market, least_served, needs, slots, people, tasks, other_needs, other_people, found_at) "
            "VALUES (gen_random_uuid(), $1, true, $2, 1, 1, 1, 1, 1, $3)", market, number, found_at,
        )  # fmt: skip
    for query, table in (("forget_recruiting", "recruiting_line"), ("forget_standings", "standing")):
        await run(world.tx, query, market="east", found_before=NOON)
        assert [row["market"] for row in await world.rows(f"SELECT market FROM {table}")] == ["west"]  # noqa: S608
