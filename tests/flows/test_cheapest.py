"""Looking at a few people only finds the same cheapest as looking at all, however load and asks are spread."""

from random import Random

import pytest

from careweb.storage.database import run
from tests.world import BURNABY, NORTH_YORK, SCARBOROUGH, World

ALL = 10_000
_BUSY = """UPDATE member SET task_times = array_fill(CAST($2 AS timestamptz), ARRAY[CAST($3 AS int)]),
    ask_times = array_fill(CAST($2 AS timestamptz), ARRAY[CAST($4 AS int)]) WHERE id = $1"""


async def _people(world: World, random: Random) -> None:
    """Some near, some far, some tired, some asked already; loads as fine as the week allows."""
    group = await world.group()
    for _ in range(40):
        member = await world.helper(
            group, per_week=random.randint(1, 5), zone_code=random.choice([SCARBOROUGH, NORTH_YORK, BURNABY]),
            radius_km=random.choice([2, 12, 30]), languages=tuple(random.sample(["yue", "cmn", "en"], 2)),
            categories=("groceries", "forms"),
        )  # fmt: skip
        await world.rows(_BUSY, member, world.now, random.randint(0, 3), random.randint(0, 6))
    for category in ("groceries", "forms"):
        await world.match(await world.need(group, category=category))


@pytest.mark.parametrize("category", ["groceries", "forms"])
@pytest.mark.parametrize("seed", range(3))
async def test_the_few_found_first_are_the_cheapest_of_all(world: World, category: str, seed: int) -> None:
    await _people(world, Random(seed))
    group = await world.one("SELECT id FROM care_group")
    need = await world.need(group, category=category, languages=("yue", "cmn"))
    every = await run(world.tx, "candidates_for_need", need_id=need, weekly_asks=5, most=ALL, now=world.now)
    assert len(every) > 7
    for most in (1, 3, 7, len(every)):
        few = await run(world.tx, "candidates_for_need", need_id=need, weekly_asks=5, most=most, now=world.now)
        assert [row["cost"] for row in few] == [row["cost"] for row in every[:most]]


async def test_equal_people_are_not_asked_in_one_order_by_every_need(world: World) -> None:
    group = await world.group()
    for _ in range(14):
        await world.helper(group, categories=("forms",))
    first = set()
    for _ in range(14):
        need = await world.need(group, category="forms")
        rows = await run(world.tx, "candidates_for_need", need_id=need, weekly_asks=5, most=1, now=world.now)
        first.add(rows[0]["member_id"])
    assert len(first) > 3


async def test_a_changed_offer_is_found_by_what_it_says_now(world: World) -> None:
    group = await world.group()
    await world.helper(group, radius_km=2)
    need = await world.need(group, zone_code=NORTH_YORK)
    await world.rows("UPDATE offer SET radius_km = 50")
    await world.match(need)
    assert len(await world.asks(need)) == 1
