"""What a volunteer changes about themselves reaches the needs at once, and nobody is asked beyond what they offer."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from careweb.domain.errors import NotHereError
from careweb.domain.ids import GroupId, MemberId, OfferId
from careweb.flows import offers
from careweb.storage.promises import unpromise
from tests.world import ANY_HOUR, OFFER, World


async def _offer_of(world: World, member: MemberId) -> OfferId:
    return OfferId(await world.one("SELECT id FROM offer WHERE member_id = $1 ORDER BY created_at LIMIT 1", member))


async def _asked(world: World, group: GroupId) -> tuple[MemberId, OfferId, Any]:
    """A helper with one unanswered ask."""
    helper = await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    await unpromise(world.tx, "match_need", need)
    return helper, await _offer_of(world, helper), need


async def _looks_again(world: World, need: Any) -> bool:
    return bool(await world.one("SELECT 1 FROM promise WHERE job = 'match_need' AND subject = $1", need))


async def test_more_tasks_a_week_make_the_needs_look_again(world: World) -> None:
    helper = await world.helper(await world.group(), per_week=1)
    offer = await _offer_of(world, helper)
    await unpromise(world.tx, "offer_appeared", offer)
    await offers.set_pace(world.ctx, helper, replace(ANY_HOUR, per_week=3))
    assert await world.one("SELECT subject FROM promise WHERE job = 'offer_appeared'") == offer


async def test_an_ended_offer_takes_its_unanswered_ask_back(world: World) -> None:
    helper, offer, need = await _asked(world, await world.group())
    ask = await world.ask_of(need, helper)
    await offers.end_offer(world.ctx, offer, helper)
    assert await world.one("SELECT state FROM ask WHERE id = $1", ask) == "cancelled"
    assert await _looks_again(world, need)
    assert not await world.one("SELECT 1 FROM promise WHERE job = 'time_out_ask' AND subject = $1", ask)


@pytest.mark.parametrize(
    "change",
    [{"categories": ("ride",)}, {"zone_code": "K1P"}, {"radius_km": 2}, {"languages": ("en",)}, {"hours": 1}],
    ids=lambda change: str(next(iter(change))),
)
async def test_a_changed_offer_takes_its_unanswered_ask_back(world: World, change: dict[str, Any]) -> None:
    helper, offer, need = await _asked(world, await world.group())
    await offers.change_offer(world.ctx, offer, helper, replace(OFFER, **change))
    assert await world.one("SELECT state FROM ask WHERE need_id = $1", need) == "cancelled"
    assert await _looks_again(world, need)


async def test_an_offer_saved_as_it_was_keeps_its_ask(world: World) -> None:
    helper, offer, need = await _asked(world, await world.group())
    await offers.change_offer(world.ctx, offer, helper, OFFER)
    assert await world.one("SELECT state FROM ask WHERE need_id = $1", need) == "planned"


async def test_another_offer_of_the_same_person_keeps_its_ask(world: World) -> None:
    group = await world.group()
    helper, _, need = await _asked(world, group)
    other = await world.offer(group, helper, categories=("ride",))
    await offers.end_offer(world.ctx, other, helper)
    assert await world.one("SELECT state FROM ask WHERE need_id = $1", need) == "planned"


async def test_ending_twice_is_ending_once_and_never_someone_elses(world: World) -> None:
    group = await world.group()
    helper, stranger = await world.helper(group), await world.helper(group)
    offer = await _offer_of(world, helper)
    for _ in range(2):
        await offers.end_offer(world.ctx, offer, helper)
    with pytest.raises(NotHereError):
        await offers.end_offer(world.ctx, offer, stranger)


async def test_the_same_form_makes_one_offer(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    first, again = [await offers.make_offer(world.ctx, group, helper, OFFER, form_id="x" * 32) for _ in range(2)]
    assert first == again
    assert await world.one("SELECT count(*) FROM offer WHERE member_id = $1", helper) == 2  # with the one of before


async def test_the_form_of_another_person_is_another_form(world: World) -> None:
    group = await world.group()
    one, two = await world.helper(group), await world.helper(group)
    made = {await offers.make_offer(world.ctx, group, who, OFFER, form_id="x" * 32) for who in (one, two)}
    assert len(made) == 2


async def test_coming_back_from_rest_does_not_switch_on_what_was_never_agreed_to(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    paused = await world.offer(group, helper, categories=("ride",))
    await world.rows("UPDATE offer SET state = 'paused' WHERE id = $1", paused)
    await offers.rest(world.ctx, helper, date(2026, 12, 24))
    await offers.resume(world.ctx, helper)
    states = {
        row["state"]: row["id"] for row in await world.rows("SELECT id, state FROM offer WHERE member_id = $1", helper)
    }
    assert states["paused"] == paused
    assert set(states) == {"paused", "active"}


async def test_a_paused_offer_is_switched_on_by_its_own_person_only(world: World) -> None:
    group = await world.group()
    helper, stranger = await world.helper(group), await world.helper(group)
    offer = await _offer_of(world, helper)
    await world.rows("UPDATE offer SET state = 'paused' WHERE id = $1", offer)
    await unpromise(world.tx, "offer_appeared", offer)
    with pytest.raises(NotHereError):
        await offers.switch_on(world.ctx, offer, stranger)
    for _ in range(2):
        await offers.switch_on(world.ctx, offer, helper)
    assert await world.one("SELECT state FROM offer WHERE id = $1", offer) == "active"
    assert await world.one("SELECT 1 FROM promise WHERE job = 'offer_appeared' AND subject = $1", offer)
