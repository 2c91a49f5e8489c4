"""Who may judge, who may appeal, and until when. `make mutation` drops each guard."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from careweb.domain.ids import GroupId, MemberId, NeedId
from careweb.domain.states import Role
from careweb.flows.groups import grant_role
from careweb.storage.database import run
from tests.storage.test_moves_not_made import match_of
from tests.storage.test_reach_of_moves import LEE, PO, SAM, ask, part
from tests.world import NOON, World

KEPT = NOON + timedelta(days=7)
_REVIEW = (
    "INSERT INTO review (id, group_id, kind, need_id, match_id, member_id, author, cause, urgent, opened_at, due_at, kept_until) "
    "SELECT gen_random_uuid(), group_id, 'report', need_id, id, member_id, 'asker', 'other', false, $1, $1, $2 FROM match RETURNING id"
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Po says something about Sam, who helped; Lee is to look at it."""

    group: GroupId
    need: NeedId
    sam: MemberId
    lee: MemberId
    review: UUID


@pytest.fixture
async def told(world: World) -> Told:
    group = await world.group()
    need, sam = await world.need(group, contact=PO), await world.helper(group, address=SAM.address)
    asked = await ask(world, need, sam, urgent=True)
    await run(world.tx, "add_match", state="connected", now=NOON, **await match_of(world, asked))
    lee = await grant_role(world.ctx, group, LEE, Role.COORDINATOR, name="Lee")
    review = await world.one(_REVIEW, NOON, KEPT)
    return Told(group=group, need=need, sam=sam, lee=lee, review=review)


async def decide(world: World, told: Told, **changes: Any) -> Any:
    values = {"group_id": told.group, "by": told.lee, "action": "kept_apart", "sealed_reason": b"", "kept_until": KEPT}
    return await run(world.tx, "decide_review", id=told.review, now=NOON, **values | changes)


async def take(world: World, told: Told, **changes: Any) -> Any:
    return await run(world.tx, "take_review", id=told.review, **{"group_id": told.group, "by": told.lee} | changes)


async def appeal(world: World, told: Told, **by: Any) -> bool:
    who = {"need_id": None, "member_id": None} | by
    return bool(await run(world.tx, "appeal_review", id=told.review, sealed_appeal=b"", now=NOON, due_at=NOON, **who))


async def test_a_review_is_taken_and_decided_in_its_group_by_whom_it_is_not_about_and_once(
    world: World, told: Told
) -> None:
    west = await world.group("west")
    for move, done in ((take, True), (decide, "decided")):
        assert not await move(world, told, group_id=west)
        assert not await move(world, told, by=told.sam)
        assert await move(world, told) == done
    assert not await take(world, told)
    assert not await decide(world, told)


_DECIDED = "UPDATE review SET state = 'decided', decided_at = opened_at, action ="


@pytest.mark.parametrize(
    "spoilt",
    [
        "", "state = 'settled'", "purged_at = opened_at", "opened_at = opened_at - interval '90 days'", "kept_until = opened_at",
        "action = 'withdrawn'", "action = 'lapsed'", "need_id = $1",
    ],
)  # fmt: skip
async def test_who_asked_may_appeal_while_what_was_said_is_there(world: World, told: Told, spoilt: str) -> None:
    other = await world.need(told.group)
    await world.rows(f"{_DECIDED} 'kept_apart'")
    await world.rows(f"UPDATE review SET {spoilt or 'need_id = need_id'} WHERE $1::uuid IS NOT NULL", other)  # noqa: S608
    assert await appeal(world, told, need_id=told.need) == (not spoilt)


async def test_there_is_no_appeal_where_the_same_was_said_again_and_waits(world: World, told: Told) -> None:
    await world.rows(f"{_DECIDED} 'kept_apart'")
    await world.rows(_REVIEW, NOON, KEPT)
    assert not await appeal(world, told, need_id=told.need)


_HELD = "kind = 'held', author = NULL, match_id = NULL, member_id = NULL"


@pytest.mark.parametrize(
    ("change", "asker", "helper"),
    [
        ("author = 'asker'", True, False), ("author = 'helper'", False, True), (f"{_HELD}, action = 'released'", True, False),
        ("author = 'helper', action = 'closed'", True, True), ("author = 'asker', action = 'suspended'", True, True),
    ],
)  # fmt: skip
async def test_the_one_who_said_it_may_appeal_and_the_one_it_went_against(
    world: World, told: Told, change: str, asker: bool, helper: bool
) -> None:
    for by, may in (
        ({"need_id": told.need}, asker),
        ({"member_id": told.sam}, helper),
        ({"member_id": told.lee}, False),
    ):
        await world.rows(f"{_DECIDED} 'kept_apart'")
        await world.rows(f"UPDATE review SET {change}")  # noqa: S608
        assert await appeal(world, told, **by) == may


async def test_a_review_lapses_when_its_time_is_over_and_once(world: World, told: Told) -> None:
    lapsed = [
        bool(await run(world.tx, "lapse_review", id=told.review, now=KEPT + timedelta(seconds=after)))
        for after in (-1, 0, 1)
    ]
    assert lapsed == [False, True, False]


@pytest.mark.parametrize(
    "change",
    [
        "",
        "apart SET kind = 'block'",
        "review SET state = 'open', decided_at = NULL, action = NULL",
        "review SET action = 'kept_apart'",
    ],
)
async def test_two_are_let_together_unless_one_blocked_the_other_or_another_report_waits(
    world: World, told: Told, change: str
) -> None:
    await part(world, told.need, told.sam, "keep_apart")
    await world.rows(f"{_DECIDED} 'released'")
    if change:
        await world.rows(f"UPDATE {change}")
    await run(world.tx, "let_together", need_id=told.need, member_id=told.sam)
    assert await world.one("SELECT count(*) FROM apart") == bool(change)


async def test_the_second_yes_is_not_taken_across_a_block(world: World, told: Told) -> None:
    match = await world.one("UPDATE match SET state = 'awaiting_asker', connected_at = NULL RETURNING id")
    await part(world, told.need, told.sam)
    assert not await run(world.tx, "connect_match", id=match, need_id=told.need, now=NOON)


async def test_a_contact_is_opened_once_in_its_group_by_a_second_person(world: World, told: Told) -> None:
    id, west = uuid4(), await world.group("west")
    await run(
        world.tx, "add_opening", id=id, group_id=told.group, record="need", subject=told.need, asked_by=told.lee,
        sealed_reason=b"", state="asked", at_once=False, now=NOON, open_until=None,
    )  # fmt: skip
    tried = [(west, told.sam), (told.group, told.lee), (told.group, told.sam), (told.group, told.sam)]
    decided = [
        bool(await run(world.tx, "decide_opening", id=id, group_id=group, by=by, state="open", open_until=KEPT))
        for group, by in tried
    ]
    assert decided == [False, False, True, False]
    for before, left in ((NOON - timedelta(seconds=1), 1), (NOON, 0)):
        await run(world.tx, "forget_openings", before=before)
        assert await world.one("SELECT count(*) FROM opening") == left
