"""What a move leaves as it is, because it has been moved already or is not due. `make mutation` drops each guard."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.states import UNDER_WAY, AskState, MatchState
from careweb.storage.database import run
from tests.storage.test_reach_of_moves import PO, SAM, ask, part
from tests.world import NOON, World

LATER = NOON + timedelta(days=60)


@pytest.fixture
async def asked(world: World) -> UUID:
    """Sam, for Po."""
    group = await world.group()
    need, sam = await world.need(group, contact=PO), await world.helper(group, address=SAM.address)
    return await ask(world, need, sam, urgent=True)


@pytest.mark.parametrize("state", AskState)
async def test_two_who_part_take_back_what_is_not_answered_yet(world: World, asked: UUID, state: str) -> None:
    need, sam = await world.one("SELECT need_id FROM ask"), await world.one("SELECT member_id FROM ask")
    await part(world, need, sam)
    await world.rows("UPDATE ask SET state = $1", state)
    found = [row["ask_id"] for row in await run(world.tx, "between_two", need_id=need, member_id=sam)]
    assert found == ([asked] if state in ("planned", "sent") else [])


@pytest.mark.parametrize("state", MatchState)
@pytest.mark.parametrize("need_state", ["open", "matched", "withdrawn"])
async def test_two_who_part_end_what_is_under_way(world: World, asked: UUID, state: str, need_state: str) -> None:
    need, sam = await world.one("SELECT need_id FROM ask"), await world.one("SELECT member_id FROM ask")
    await part(world, need, sam)
    await world.rows("UPDATE ask SET state = 'accepted'")
    await world.rows(
        "INSERT INTO match (id, need_id, slot, ask_id, offer_id, member_id, group_id, state, accepted_at)"
        " SELECT id, need_id, 1, id, offer_id, member_id, group_id, $1, planned_at FROM ask", state,
    )  # fmt: skip
    await world.rows(
        "UPDATE need SET state = $1, filled = CASE $1 WHEN 'matched' THEN 1 ELSE 0 END, closed_at = CASE $1 WHEN 'withdrawn' THEN $2::timestamptz END",
        need_state, NOON,
    )  # fmt: skip
    found = [row["match_id"] for row in await run(world.tx, "between_two", need_id=need, member_id=sam)]
    assert found == ([asked] if state in UNDER_WAY and need_state != "withdrawn" else [])


async def test_a_late_yes_is_to_the_round_that_was_asked_in(world: World, asked: UUID) -> None:
    who = {"id": asked, "member_id": await world.one("SELECT member_id FROM ask"), "now": NOON}
    await world.rows("UPDATE ask SET state = 'timed_out'")
    await world.rows("UPDATE need SET round = round + 1")
    assert not await run(world.tx, "accept_ask", **who)
    await world.rows("UPDATE ask SET round = round + 1")
    assert await run(world.tx, "accept_ask", **who)


async def test_a_yes_is_not_taken_across_a_block(world: World, asked: UUID) -> None:
    match = await match_of(world, asked)
    await part(world, match["need_id"], match["member_id"])
    assert not await run(world.tx, "accept_ask", id=asked, member_id=match["member_id"], now=NOON)


async def test_when_an_ask_was_first_seen_and_first_sent_stays(world: World, asked: UUID) -> None:
    for later in (0, 1):
        await run(world.tx, "see_ask", id=asked, now=NOON + timedelta(hours=later))
        await run(world.tx, "ask_was_sent", id=asked, now=NOON + timedelta(hours=later))
    [row] = await world.rows("SELECT seen_at, sent_at FROM ask")
    assert (row["seen_at"], row["sent_at"]) == (NOON, NOON)


async def test_an_ask_times_out_when_its_time_is_over(world: World, asked: UUID) -> None:
    assert not await run(world.tx, "time_out_ask", id=asked, now=NOON - timedelta(minutes=1))
    assert await run(world.tx, "time_out_ask", id=asked, now=NOON)


async def test_nobody_declines_what_another_was_asked(world: World, asked: UUID) -> None:
    lee = await world.helper(await world.one("SELECT id FROM care_group"), name="Lee")
    assert not await run(world.tx, "decline_ask", id=asked, member_id=lee, now=NOON)
    assert await world.one("SELECT state FROM ask") == "planned"


async def test_a_need_expires_after_its_day_if_nobody_came(world: World) -> None:
    need = await world.need(await world.group(), helpers=2)
    expires: Any = await world.one("SELECT expires_at FROM need")
    assert not await run(world.tx, "expire_need", id=need, now=expires - timedelta(minutes=1))
    await world.rows("UPDATE need SET filled = 1")
    assert not await run(world.tx, "expire_need", id=need, now=expires)
    await world.rows("UPDATE need SET filled = 0")
    assert await run(world.tx, "expire_need", id=need, now=expires)


async def test_a_silent_need_is_met_long_after_its_day_if_somebody_came(world: World) -> None:
    need = await world.need(await world.group(), helpers=2)
    needed: Any = await world.one("SELECT needed_by FROM need")
    assert not await run(world.tx, "close_silent_need", id=need, needed_before=LATER, now=LATER)
    await world.rows("UPDATE need SET filled = 1")
    assert not await run(world.tx, "close_silent_need", id=need, needed_before=needed - timedelta(minutes=1), now=LATER)
    assert await run(world.tx, "close_silent_need", id=need, needed_before=needed, now=LATER)


async def test_nobody_is_left_to_ask_once(world: World) -> None:
    need = await world.need(await world.group())
    assert [await run(world.tx, "mark_exhausted", id=need, now=NOON) for _ in range(2)] == [True, None]


async def test_who_confirms_twice_confirms_once(world: World) -> None:
    group = await world.group()
    need, member = await world.need(group), await world.helper(group)
    await world.rows("UPDATE need SET confirmed = false")
    await world.rows("UPDATE member SET confirmed = false")
    assert [await run(world.tx, "confirm_need", id=need) for _ in range(2)] == [True, None]
    assert [await run(world.tx, "confirm_member", id=member) for _ in range(2)] == [True, None]


async def test_another_groups_coordinator_has_called_nobody_back(world: World) -> None:
    need = await world.need(await world.group(), contact=read_contact("416 555 0199"))
    assert not await run(world.tx, "called_back", id=need, group_id=await world.group("west"))


async def test_what_is_destroyed_learns_no_other_language(world: World) -> None:
    need = await world.need(await world.group())
    await run(world.tx, "set_need_locale", id=need, locale="ti")
    await world.rows("UPDATE need SET purged_at = $1", NOON)
    await run(world.tx, "set_need_locale", id=need, locale="am")
    assert await world.one("SELECT locale FROM need") == "ti"


async def test_an_offer_is_its_own_persons_and_rest_ends_on_its_day(world: World) -> None:
    group = await world.group()
    sam, lee = await world.helper(group, name="Sam"), await world.helper(group, name="Lee")
    offer: Any = await world.one("SELECT id FROM offer WHERE member_id = $1", sam)
    said = {"categories": ["meals"], "languages": ["yue"], "zone_code": "M1S", "radius_km": 5.0, "reach": "group", "hours": 1}  # fmt: skip
    assert not await run(world.tx, "change_offer", id=offer, member_id=lee, now=NOON, **said)
    assert not await run(world.tx, "end_offer", id=offer, member_id=lee)
    await world.rows("UPDATE offer SET state = 'paused'")
    assert not await run(world.tx, "switch_on_offer", id=offer, member_id=lee)
    await world.rows("UPDATE offer SET state = 'resting', rests_until = $1", NOON.date())
    assert not await run(world.tx, "wake_rested", today=NOON.date() - timedelta(days=1))
    assert len(await run(world.tx, "wake_rested", today=NOON.date())) == 2


async def test_what_is_taken_back_from_a_volunteer_is_of_one_group_or_all_and_nobody_elses(world: World) -> None:
    east, west = await world.group("east"), await world.group("west")
    needs = [await world.need(group) for group in (east, west)]
    sam, lee = await world.helper(east, name="Sam"), await world.helper(east, name="Lee")
    own = await ask(world, needs[0], sam, urgent=True)
    await ask(world, needs[0], lee, urgent=True)
    await world.rows("UPDATE offer SET group_id = $1 WHERE member_id = $2", west, sam)
    assert not await run(world.tx, "cancel_asks_of_member", member_id=sam, group_id=east, now=NOON)
    assert len(await run(world.tx, "cancel_asks_of_member", member_id=sam, group_id=west, now=NOON)) == 1
    await world.rows("UPDATE ask SET state = 'planned' WHERE id = $1", own)
    assert len(await run(world.tx, "cancel_asks_of_member", member_id=sam, group_id=None, now=NOON)) == 1
    assert await world.one("SELECT count(*) FROM ask WHERE state = 'planned'") == 1


async def test_a_yes_takes_the_lowest_slot_that_nobody_has(world: World) -> None:
    group = await world.group()
    need = await world.need(group, helpers=3)
    slots = []
    for name in ("one", "two", "three"):
        asked = await ask(world, need, await world.helper(group, name=name), urgent=True)
        slots.append(await run(world.tx, "add_match", state="accepted", now=NOON, **await match_of(world, asked)))
        if name == "two":
            await world.rows("UPDATE match SET state = 'fell_through' WHERE slot = 1")
    assert slots == [1, 2, 1]


async def test_nobody_agrees_to_who_would_help_another(world: World, asked: UUID) -> None:
    other = await world.need(await world.one("SELECT id FROM care_group"))
    match = await match_of(world, asked)
    await run(world.tx, "add_match", state="awaiting_asker", now=NOON, **match)
    assert not await run(world.tx, "connect_match", id=match["id"], need_id=other, now=NOON)
    assert await run(world.tx, "connect_match", id=match["id"], need_id=match["need_id"], now=NOON)


async def test_nobody_moves_or_is_asked_more_often_than_so_many_times(world: World) -> None:
    group = await world.group()
    sam, lee = await world.helper(group, name="Sam"), await world.helper(group, name="Lee")
    moved = [
        bool(await run(world.tx, "count_move", id=sam, since=NOON - timedelta(days=30), most=2, now=NOON))
        for _ in range(3)
    ]
    assert moved == [True, True, False]
    await world.rows("UPDATE member SET ask_times = ARRAY[$1::timestamptz] WHERE id = $2", NOON, sam)
    assert [row["id"] for row in await run(world.tx, "count_asks", members=[sam, lee], cap=1, now=NOON)] == [lee]


async def match_of(world: World, asked: UUID) -> dict[str, Any]:
    [row] = await world.rows(
        "SELECT gen_random_uuid() AS id, need_id, id AS ask_id, offer_id, member_id, group_id FROM ask WHERE id = $1",
        asked,
    )
    return dict(row)


async def test_what_went_out_by_text_does_not_come_back_by_mail(world: World, asked: UUID) -> None:
    await world.rows("UPDATE notice SET state = 'sent', channel = 'sms'")
    for notice in await world.rows("SELECT id FROM notice"):
        assert not await run(world.tx, "notice_came_back", id=notice["id"], state="failed", channel_id=None)


async def test_no_other_channel_than_a_browser_is_ended_with_a_browser(world: World, asked: UUID) -> None:
    who = await world.one("SELECT member_id FROM ask WHERE id = $1", asked)
    await run(world.tx, "keep_mail_channel", person_id=who, now=NOON)
    await run(world.tx, "set_browser", id=who, browser=b"x")
    assert await run(world.tx, "channels_of_browser", browser=b"x") == []
