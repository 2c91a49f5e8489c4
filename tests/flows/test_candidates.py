"""Who may be asked: each hard constraint of the design, once kept and once broken."""

from datetime import timedelta
from typing import Any

import pytest

from careweb.domain.hours import Part, bit
from careweb.domain.states import MembershipState, Reach
from careweb.flows.asks import accept, decline
from careweb.flows.groups import suspend
from careweb.flows.offers import rest
from careweb.storage.sealing import key_of
from tests.world import BURNABY, NORTH_YORK, OTTAWA, VAULT, World


async def asked(world: World, need_changes: dict[str, Any], offer_changes: dict[str, Any]) -> bool:
    group = await world.group()
    helper = await world.helper(group, **offer_changes)
    need = await world.need(group, **need_changes)
    await world.match(need)
    return await world.asked(need) == {helper}


async def test_a_helper_who_fits_is_asked(world: World) -> None:
    assert await asked(world, {}, {})


@pytest.mark.parametrize(
    ("need", "offer"),
    [
        pytest.param({"category": "ride"}, {}, id="another category"),
        pytest.param({"languages": ("cmn",)}, {}, id="another language: Mandarin is not Cantonese"),
        pytest.param({"languages": ("uk",)}, {"languages": ("ru",)}, id="never inferred: Russian is not Ukrainian"),
        pytest.param({"zone_code": OTTAWA}, {}, id="out of the radius"),
        pytest.param({"zone_code": NORTH_YORK}, {"radius_km": 2}, id="next door but farther than they said"),
        pytest.param({"hours": bit(0, Part.MORNING)}, {"hours": bit(0, Part.EVENING)}, id="another time of day"),
        pytest.param({}, {"admitted": False}, id="not admitted"),
        pytest.param({}, {"address": "416 555 0100"}, id="reached by telephone only: nothing would tell them"),
        pytest.param({"category": "childcare"}, {"categories": ("childcare",)}, id="not vetted for children"),
    ],
)
async def test_one_constraint_broken_and_nobody_is_asked(
    world: World, need: dict[str, Any], offer: dict[str, Any]
) -> None:
    assert not await asked(world, need, offer)


@pytest.mark.parametrize(
    ("need", "offer"),
    [
        pytest.param({"languages": ("cmn", "yue")}, {}, id="also fine in"),
        pytest.param({"languages": ("hi",)}, {"languages": ("ur",)}, id="an editable pair"),
        pytest.param({"zone_code": NORTH_YORK}, {"radius_km": 15}, id="within the radius"),
        pytest.param(
            {"zone_code": BURNABY, "category": "forms"}, {"categories": ("forms",)}, id="remote help has no distance"
        ),
        pytest.param({"zone_code": "U-toronto"}, {"radius_km": 25}, id="an urban area as a place"),
    ],
)
async def test_what_the_design_allows_is_asked(world: World, need: dict[str, Any], offer: dict[str, Any]) -> None:
    assert await asked(world, need, offer)


async def test_a_first_language_comes_before_a_second_one(world: World) -> None:
    group = await world.group()
    second = await world.helper(group, languages=("cmn",))
    first = await world.helper(group, languages=("yue",))
    need = await world.need(group, languages=("yue", "cmn"))  # urgent: both are asked
    await world.match(need)
    terms = await world.rows(
        "SELECT member_id, terms::jsonb ->> 'second_language' AS second FROM ask WHERE need_id = $1", need
    )
    assert {row["member_id"]: row["second"] for row in terms} == {first: "false", second: "true"}


@pytest.mark.parametrize(
    ("asker", "helper", "expected"),
    [
        (Reach.ALLIANCE, Reach.ALLIANCE, True),
        (Reach.ALLIANCE, Reach.GROUP, False),
        (Reach.GROUP, Reach.ALLIANCE, False),
        (Reach.GROUP, Reach.GROUP, False),
    ],
)
async def test_another_groups_people_are_asked_only_if_both_chose_the_alliance(
    world: World, asker: Reach, helper: Reach, expected: bool
) -> None:
    mine, other = await world.group("mine"), await world.group("other")
    member = await world.helper(other, reach=helper)
    need = await world.need(mine, reach=asker)
    await world.match(need)
    assert (await world.asked(need) == {member}) is expected


async def test_who_is_full_this_week_is_not_asked_until_a_week_has_gone(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, per_week=1)
    first = await world.need(group)
    await world.match(first)
    await accept(world.ctx, await world.ask_of(first, helper), helper)
    second = await world.need(group, due_in=9 * 24)
    await world.match(second)
    assert await world.asked(second) == set()
    world.later(days=7, seconds=1)
    await world.match(second)
    assert await world.asked(second) == {helper}


async def test_nobody_is_asked_about_their_own_need(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group, member=helper)
    await world.match(need)
    assert await world.asked(need) == set()


async def test_rest_and_suspension_take_back_what_was_asked(world: World) -> None:
    group = await world.group()
    resting, suspended = await world.helper(group), await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    await rest(world.ctx, resting, world.now.date() + timedelta(days=3))
    await suspend(world.ctx, group, suspended, by=None, note="a reason")
    states = await world.rows("SELECT state FROM ask WHERE need_id = $1", need)
    assert [row["state"] for row in states] == ["cancelled", "cancelled"]
    another = await world.need(group)
    await world.match(another)
    assert await world.asked(another) == set()
    assert await world.one("SELECT state FROM membership WHERE member_id = $1", suspended) == MembershipState.SUSPENDED


async def test_two_people_kept_apart_are_not_matched_either_way(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group)
    index = VAULT.index("contact", "someone")
    await world.rows("UPDATE need SET contact_index = $2, contact_kind = 'phone' WHERE id = $1", need, index)
    theirs = await world.one("SELECT contact_index FROM member WHERE id = $1", helper)
    await world.rows("INSERT INTO apart VALUES ($1, $2, 'block', now())", min(index, theirs), max(index, theirs))
    await world.match(need)
    assert await world.asked(need) == set()


async def test_who_said_no_is_not_asked_again(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    assert await decline(world.ctx, await world.ask_of(need, helper), helper)
    await world.match(need)
    assert len(await world.asks(need)) == 1
    assert await world.one("SELECT exhausted_at FROM need WHERE id = $1", need) == world.now


async def test_a_volunteer_has_one_ask_outstanding_and_an_urgent_one_may_stand_beside_it(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    calm, also_calm = await world.need(group, due_in=100), await world.need(group, due_in=100)
    urgent, also_urgent = await world.need(group), await world.need(group)
    for need in (calm, also_calm, urgent, also_urgent):
        await world.match(need)
    assert [len(await world.asks(need)) for need in (calm, also_calm, urgent, also_urgent)] == [1, 0, 1, 0]
    assert await world.one("SELECT cardinality(ask_times) FROM member WHERE id = $1", helper) == 2


async def test_a_week_has_five_asks_at_most(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, per_week=50)
    for _ in range(7):
        need = await world.need(group)
        await world.match(need)
        for ask in await world.asks(need):
            await decline(world.ctx, ask, helper)
    assert await world.one("SELECT count(*) FROM ask WHERE member_id = $1", helper) == 5


async def test_names_and_contacts_are_sealed_and_open_with_the_key(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, name="Wing", address="wing@example.org")
    (row,) = await world.rows("SELECT sealed_name, sealed_contact FROM member WHERE id = $1", helper)
    assert b"Wing" not in row["sealed_name"]
    assert b"wing" not in row["sealed_contact"]
    sealer = await key_of(world.tx, VAULT, "member", helper)
    assert sealer
    assert sealer.open("name", row["sealed_name"]) == "Wing"
