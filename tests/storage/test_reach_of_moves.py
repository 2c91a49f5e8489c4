"""A move reaches the rows it is about and no others. `make mutation` drops each guard, and one of these notices."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.states import NeedState, Role
from careweb.flows.groups import grant_role
from careweb.storage.database import run
from careweb.storage.promises import promise
from tests.world import NOON, VAULT, World

LATER = NOON + timedelta(days=60)
PO, SAM, LEE = (read_contact(f"{name}@example.org") for name in ("po", "sam", "lee"))


async def part(world: World, need_id: Any, member_id: Any, kind: str = "block") -> None:
    two = {"need_id": need_id, "member_id": member_id}
    await run(world.tx, "part_two", kind=kind, otherwise=need_id.bytes, now=NOON, **two)


async def ask(world: World, need: Any, member: Any, *, urgent: bool) -> UUID:
    """As a wave would, whoever the volunteer is."""
    asked: UUID = await world.one(
        "INSERT INTO ask (id, need_id, offer_id, member_id, group_id, round, wave, urgent, language, terms, planned_at, times_out_at) "
        "SELECT gen_random_uuid(), $1, o.id, $2, o.group_id, 1, 1, $3, 'yue', '{}', $4, $4 FROM offer o WHERE o.member_id = $2 RETURNING id",
        need, member, urgent, world.now,
    )  # fmt: skip
    return asked


async def test_two_who_part_hold_their_needs_that_are_not_over_and_nobody_elses(world: World) -> None:
    group = await world.group()
    sam = await world.helper(group, address=SAM.address)
    theirs = [await world.need(group, contact=contact) for contact in (PO, SAM)]
    theirs += [await world.need(group, member=sam)]
    await world.need(group, contact=LEE)
    over = await world.need(group, contact=PO, text="another")
    held = set()
    for state in NeedState:
        ended = state in ("met", "withdrawn", "expired", "handed_over", "closed")
        await world.rows(
            "UPDATE need SET state = $2, filled = CASE $2 WHEN 'matched' THEN helpers ELSE 0 END, closed_at = $3 WHERE id = $1",
            over, state, NOON if ended else None,
        )  # fmt: skip
        found = {row[0] for row in await run(world.tx, "hold_needs_of_two", need_id=theirs[0], member_id=sam)}
        assert found - {over} == set(theirs)
        held |= {state} if over in found else set()
    assert held == {"held", "open", "matched", "met"}


async def test_what_ends_is_what_the_two_have_with_each_other(world: World) -> None:
    group = await world.group()
    needs = [await world.need(group, contact=contact) for contact in (PO, LEE)]
    sam, kim = await world.helper(group, address=SAM.address), await world.helper(group, name="Kim")
    both = await ask(world, needs[0], sam, urgent=True)
    await ask(world, needs[1], sam, urgent=False)
    await ask(world, needs[0], kim, urgent=True)
    two = {"need_id": needs[0], "member_id": sam}
    assert await run(world.tx, "between_two", **two) == [], "only of those who are kept apart"
    await part(world, needs[0], sam)
    assert [row["ask_id"] for row in await run(world.tx, "between_two", **two)] == [both]


async def test_together_again_are_the_two_and_nobody_else(world: World) -> None:
    group = await world.group()
    need, other = await world.need(group, contact=PO), await world.need(group, contact=LEE)
    sam, kim = await world.helper(group, address=SAM.address), await world.helper(group, name="Kim")
    for one, two in ((need, sam), (need, kim), (other, sam)):
        await part(world, one, two, "keep_apart")
    await run(world.tx, "let_together", need_id=need, member_id=sam)
    left = {(row["one"], row["other"]) for row in await world.rows("SELECT one, other FROM apart")}
    index = {name: VAULT.contact_index(contact) for name, contact in (("po", PO), ("sam", SAM), ("lee", LEE))}
    index["kim"] = await world.one("SELECT contact_index FROM member WHERE id = $1", kim)
    assert left == {tuple(sorted((index["po"], index["kim"]))), tuple(sorted((index["lee"], index["sam"])))}


async def test_nobody_is_kept_apart_from_themselves(world: World) -> None:
    group = await world.group()
    need, po = await world.need(group, contact=PO), await world.helper(group, address=PO.address)
    await part(world, need, po)
    assert await world.one("SELECT count(*) FROM apart") == 0


async def test_a_role_is_taken_from_one_person_in_one_group(world: World) -> None:
    east, west = await world.group("east"), await world.group("west")
    for group in (east, west):
        po = await grant_role(world.ctx, group, PO, Role.COORDINATOR, name="Po")
        await grant_role(world.ctx, group, PO, Role.STEWARD, name="Po")
        await grant_role(world.ctx, group, SAM, Role.COORDINATOR, name="Sam")
    await run(world.tx, "remove_staff", group_id=east, member_id=po, role="coordinator")
    assert await world.one("SELECT count(*) FROM staff") == 5
    assert not await world.rows(
        "SELECT FROM staff WHERE group_id = $1 AND member_id = $2 AND role = 'coordinator'", east, po
    )


async def test_nobody_plans_for_a_need_that_nobody_confirmed_or_whose_day_has_passed(world: World) -> None:
    need = await world.need(await world.group())
    assert await run(world.tx, "lock_open_need", id=need, now=NOON)
    assert not await run(world.tx, "lock_open_need", id=need, now=LATER)
    await world.rows("UPDATE need SET confirmed = false")
    assert not await run(world.tx, "lock_open_need", id=need, now=NOON)


async def test_what_was_forgotten_neither_opens_again_nor_is_renewed(world: World) -> None:
    need = await world.need(await world.group(), helpers=2)
    await world.rows("UPDATE need SET filled = 1, purged_at = now()")
    assert not await run(world.tx, "free_slot", id=need, even_met=True)
    assert not await run(world.tx, "renew_need", id=need, needed_by=LATER, hours=1, expires_at=LATER)
    await world.rows("UPDATE need SET purged_at = NULL")
    assert await run(world.tx, "free_slot", id=need, even_met=True)
    assert not await run(world.tx, "free_slot", id=need, even_met=True), "there is none to free"
    assert await run(world.tx, "renew_need", id=need, needed_by=LATER, hours=1, expires_at=LATER)


async def test_an_open_need_alone_gets_another_day(world: World) -> None:
    need = await world.need(await world.group())
    for state, moved in (("matched", False), ("open", True)):
        await world.rows("UPDATE need SET state = $1, filled = CASE $1 WHEN 'matched' THEN 1 ELSE 0 END", state)
        await run(world.tx, "postpone_need", id=need, needed_by=LATER, hours=1, expires_at=LATER)
        assert (await world.one("SELECT needed_by FROM need") == LATER) == moved, state


async def test_a_language_is_added_once_to_an_open_need_with_room_for_it(world: World) -> None:
    need = await world.need(await world.group(), languages=("yue",))
    allowed = [await run(world.tx, "allow_language", id=need, language=tag, most=2) for tag in ("yue", "en", "fr")]
    assert allowed == [None, True, None]
    await world.rows("UPDATE need SET state = 'matched', filled = 1")
    assert not await run(world.tx, "allow_language", id=need, language="fr", most=8)


async def test_who_left_a_telephone_number_is_called_back_and_nobody_else(world: World) -> None:
    group = await world.group()
    needs = [await world.need(group, contact=contact) for contact in (PO, read_contact("416 555 0199"))]
    for need in needs:
        await run(world.tx, "call_asker_back", need_id=need)
    assert [await world.one("SELECT call_back FROM need WHERE id = $1", need) for need in needs] == [False, True]


async def test_a_message_told_anew_is_that_of_one_person_about_one_thing(world: World) -> None:
    group = await world.group()
    members = [await world.helper(group, name=name) for name in ("one", "two")]
    await world.rows("DELETE FROM notice")
    for member in members:
        await run(world.tx, "owe_notice_to_member", id=uuid4(), kind="asked", subject=UUID(int=1), member_id=member, always=False, confirming=False, now=NOON)  # fmt: skip
    which = {"kind": "asked", "subject": UUID(int=1), "member_id": members[0], "need_id": None}
    assert not await run(world.tx, "forget_sent_notice", **which), "it is still on its way"
    await world.rows("UPDATE notice SET state = 'sent', sent_at = $1", NOON)
    assert await run(world.tx, "forget_sent_notice", **which)
    assert [row["member_id"] for row in await world.rows("SELECT member_id FROM notice")] == [members[1]]
    await run(world.tx, "forget_notice", kind="asked", subject=UUID(int=1), member_id=members[0], need_id=None)
    assert await world.one("SELECT count(*) FROM notice") == 1


@pytest.mark.parametrize("query", ["forget_sent_notice", "forget_notice"])
async def test_a_message_to_an_asker_told_anew_is_that_of_one_need(world: World, query: str) -> None:
    group = await world.group()
    needs = [await world.need(group, contact=contact) for contact in (PO, SAM)]
    await world.rows("UPDATE notice SET state = 'sent', sent_at = $1, kind = 'warned', subject = $2", NOON, UUID(int=1))
    await run(world.tx, query, kind="warned", subject=UUID(int=1), member_id=None, need_id=needs[0])
    assert [row["need_id"] for row in await world.rows("SELECT need_id FROM notice")] == [needs[1]]


async def test_when_to_match_again_changes_no_other_promise(world: World) -> None:
    need = await world.need(await world.group())
    due = {"match_need": NOON, "expire_need": LATER, "warn_need": LATER}
    await world.rows("DELETE FROM promise")
    for job, at in due.items():
        await promise(world.tx, job, need, at)
    assert len(await run(world.tx, "hold_match_promises", needs=[need])) == 1
    await run(world.tx, "move_match_promises", needs=[need], due=[NOON + timedelta(hours=1)])
    found = {row["job"]: row["due_at"] for row in await world.rows("SELECT job, due_at FROM promise")}
    assert found == due | {"match_need": NOON + timedelta(hours=1)}


@pytest.mark.parametrize(
    "change",
    [
        "state = 'matched', filled = helpers", "confirmed = false", "expires_at = $1", "round = round + 1", "waves = waves + 1", "helpers = helpers + 1",
    ],
)  # fmt: skip
async def test_a_need_that_is_not_what_was_planned_for_is_left_alone(world: World, change: str) -> None:
    need = await world.need(await world.group(), helpers=2)
    [row] = await world.rows("SELECT round, waves, helpers - filled AS slots FROM need")
    plan: dict[str, Any] = {
        "needs": [need],
        "rounds": [row["round"]],
        "waves": [row["waves"]],
        "slots": [row["slots"]],
        "outs": [0],
        "now": NOON,
    }
    assert await run(world.tx, "hold_planned_needs", **plan)
    assert not await run(world.tx, "hold_planned_needs", **plan | {"outs": [1]})
    await world.rows(f"UPDATE need SET {change} WHERE $1::timestamptz IS NOT NULL", NOON)  # noqa: S608
    if "filled" in change:
        plan |= {"slots": [0]}
    assert not await run(world.tx, "hold_planned_needs", **plan)
