"""What functions of the schema answer, and about whom. `make mutation` drops each guard inside them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.states import Role
from careweb.flows.groups import admit, grant_role
from careweb.storage.database import Transaction, run
from tests.storage.test_moves_not_made import match_of
from tests.storage.test_reach_of_moves import LEE, PO, SAM, ask, part
from tests.world import NOON, VAULT, World

WEEK_AGO = NOON - timedelta(days=7)
_REVIEW = (
    "INSERT INTO review (group_id, kind, need_id, member_id, cause, urgent, opened_at, due_at, kept_until) "
    "SELECT group_id, 'held', id, $2, 'other', false, $3, $3, $3 FROM need WHERE id = $1 RETURNING id"
)


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx=tx)


async def sign_in(world: World, contact_index: bytes, *, by_phone: bool = False) -> tuple[Any, Any, int]:
    """Whose it is, and how many messages about it are owed."""
    id = uuid4()
    await run(
        world.tx, "ask_to_sign_in", id=id, notice_id=uuid4(), contact_index=contact_index, by_phone=by_phone, browser=b"",
        now=NOON, expires_at=NOON + timedelta(minutes=10), ended_after=WEEK_AGO,
    )  # fmt: skip
    (row,) = await world.rows("SELECT member_id, need_id FROM sign_in WHERE id = $1", id)
    told = await world.one(
        "SELECT count(*) FROM notice o JOIN promise p ON p.subject = o.id AND p.job = 'deliver_notice' WHERE o.subject = $1",
        id,
    )
    return row["member_id"], row["need_id"], told


async def test_a_sign_in_is_of_the_account_or_else_the_need_of_that_contact(world: World) -> None:
    group = await world.group()
    sam, po = await world.helper(group, address=SAM.address), VAULT.contact_index(PO)
    need = await world.need(group, contact=PO)
    assert await sign_in(world, VAULT.contact_index(SAM)) == (sam, None, 1)
    assert await sign_in(world, po) == (None, need, 1)
    assert await sign_in(world, VAULT.contact_index(LEE)) == (None, None, 0)
    other = await world.need(group, contact=PO, text="another")
    assert await sign_in(world, po) in ((None, need, 1), (None, other, 1)), "one of two"
    assert not await world.one("SELECT bool_or(call_back) FROM need"), "they were written to"
    await world.rows("UPDATE member SET sealed_contact = NULL")
    await world.rows("UPDATE need SET sealed_contact = NULL")
    assert (await sign_in(world, VAULT.contact_index(SAM)))[2] == (await sign_in(world, po))[2] == 0, (
        "nowhere to write to"
    )


async def test_who_signs_in_by_telephone_is_called_back_and_not_written_to(world: World) -> None:
    group = await world.group()
    need, _ = await world.need(group, contact=PO), await world.need(group, contact=LEE)
    assert await sign_in(world, VAULT.contact_index(PO), by_phone=True) == (None, need, 0)
    assert [row["id"] for row in await world.rows("SELECT id FROM need WHERE call_back")] == [need]


@pytest.mark.parametrize(
    ("days", "purged", "found"), [(0, "", True), (6, "", True), (8, "", False), (6, ", purged_at = $1", False)]
)
async def test_a_need_is_found_by_its_contact_until_a_week_after_it_ended(
    world: World, days: int, purged: str, found: bool
) -> None:
    need = await world.need(await world.group(), contact=PO)
    if days:
        await world.rows(f"UPDATE need SET state = 'withdrawn', closed_at = $1{purged}", NOON - timedelta(days=days))  # noqa: S608
    index = VAULT.contact_index(PO)
    assert await sign_in(world, index) == ((None, need, 1) if found else (None, None, 0))
    theirs = await run(world.tx, "needs_of_contact", contact_index=index, ended_after=WEEK_AGO)
    assert [row["id"] for row in theirs] == [need] * found
    assert not await run(world.tx, "needs_of_contact", contact_index=b"another", ended_after=WEEK_AGO)


async def test_a_text_is_from_whose_channel_is_at_that_address_and_was_theirs(world: World) -> None:
    group = await world.group()
    ids = {}
    for state, address in (("on", b"1"), ("stopped", b"1"), ("off", b"1"), ("unproven", b"1"), ("on", b"2")):
        ids[state, address] = await world.one(
            "INSERT INTO channel (id, person_id, kind, state, position, sealed_address, address_index, created_at) "
            "VALUES (gen_random_uuid(), $1, 'sms', $2, 1, '', $3, $4) RETURNING id",
            await world.helper(group), state, address, NOON,
        )  # fmt: skip
    found = {row["id"] for row in await run(world.tx, "channels_of_address", address=b"1")}
    assert found == {ids["on", b"1"], ids["stopped", b"1"]}


async def test_a_group_sees_an_offer_if_that_offer_was_asked_there(world: World) -> None:
    """asked_here: of a person with offers in two groups, who is asked about one of them."""
    east, west = await world.group(), await world.group("west")
    sam, kim = await world.helper(east), await world.helper(east)
    asked = await ask(world, await world.need(east), sam, urgent=True)
    other = await world.offer(west, sam)
    await world.rows("SELECT set_config('careweb.group', $1, true)", str(east))
    offer = await world.one("SELECT offer_id FROM ask WHERE id = $1", asked)
    answers = [await world.one("SELECT asked_here($1, $2)", *two) for two in ((sam, offer), (sam, other), (kim, offer))]
    assert answers == [True, False, False]


async def test_what_two_have_with_each_other_is_theirs_alone_and_ends_only_if_they_are_kept_apart(world: World) -> None:
    group = await world.group()
    needs = [await world.need(group, contact=contact) for contact in (PO, LEE)]
    sam, kim = await world.helper(group, address=SAM.address), await world.helper(group, name="Kim")
    pairs = [(needs[0], sam), (needs[1], sam), (needs[0], kim)]
    asks = [await ask(world, need, member, urgent=need == needs[0]) for need, member in pairs]
    matches = [await match_of(world, asked) for asked in asks]
    for match in matches:
        await run(world.tx, "add_match", state="connected", now=NOON, **match)
    two = {"need_id": needs[0], "member_id": sam}
    assert await run(world.tx, "between_two", **two) == []
    for need, member in pairs:
        await part(world, need, member)
    found = {row["match_id"] or row["ask_id"] for row in await run(world.tx, "between_two", **two)}
    assert found == {matches[0]["id"], asks[0]}


async def test_whoever_asked_by_their_account_does_not_judge_what_came_of_it(world: World) -> None:
    """may_judge: their need need not have the contact of their account."""
    group = await world.group()
    lee, kim = [await grant_role(world.ctx, group, who, Role.COORDINATOR, name="Staff") for who in (LEE, SAM)]
    need = await world.need(group, contact=PO, member=lee)
    review = await world.one(_REVIEW, need, None, NOON)
    assert [await world.one("SELECT may_judge($1, $2)", review, by) for by in (lee, kim)] == [False, True]


async def test_whose_a_record_is(world: World) -> None:
    """group_of: found where it is, and not lost by looking on."""
    group = await world.group()
    need, sam = await world.need(group, contact=PO), await world.helper(group)
    asked = await ask(world, need, sam, urgent=True)
    match = await match_of(world, asked)
    await run(world.tx, "add_match", state="connected", now=NOON, **match)
    to_asker = "INSERT INTO notice (id, kind, subject, need_id, created_at) VALUES (gen_random_uuid(), 'helped', $1, $1, $2) RETURNING id"
    notice = await world.one(to_asker, need, NOON)
    records = {need: None, asked: sam, match["id"]: sam, notice: None, match["offer_id"]: sam}
    for record, member in records.items():
        assert await world.rows("SELECT * FROM group_of($1)", record) == [(group, member)]


async def test_two_are_let_together_whoever_else_is_kept_apart_from_one_of_them(world: World) -> None:
    group = await world.group()
    four = [read_contact(f"{name}@example.org") for name in ("po", "sam", "lee", "kim")]
    a, b, c, d = sorted(four, key=VAULT.contact_index)  # the smaller stands first in a pair
    helper, asker = [await world.helper(group, address=who.address) for who in (b, c)]
    wanted, of_a, of_d = [await world.need(group, contact=who) for who in (c, a, d)]
    for need, member in ((of_d, helper), (of_a, asker)):
        await part(world, need, member, "keep_apart")
    others = await world.rows("SELECT one, other FROM apart")
    for something_was_said in (False, True):
        if something_was_said:
            await world.rows(_REVIEW, of_d, helper, NOON)
            await world.rows(_REVIEW, of_a, asker, NOON)
        await part(world, wanted, helper, "keep_apart")
        await run(world.tx, "let_together", need_id=wanted, member_id=helper)
        assert await world.rows("SELECT one, other FROM apart") == others


async def test_two_stay_apart_whatever_contact_another_report_knows_them_by(world: World) -> None:
    """let_together: Sam once asked for something under the contact that Po leaves, who has no account."""
    group = await world.group()
    lee, sam = await world.helper(group, address=LEE.address), await world.helper(group, address=SAM.address)
    of_lee, of_po = await world.need(group, contact=LEE), await world.need(group, contact=PO)
    await world.need(group, contact=PO, member=sam, text="another")
    await world.rows(_REVIEW, of_lee, sam, NOON)
    await part(world, of_lee, sam, "keep_apart")
    before = await world.rows("SELECT one, other FROM apart")
    await run(world.tx, "let_together", need_id=of_po, member_id=lee)
    assert await world.rows("SELECT one, other FROM apart") == before


async def test_a_held_need_is_looked_at_while_it_is_held_and_whatever_else_is_said_stays(world: World) -> None:
    """need_held, need_held_on_insert, need_held_no_more and look_no_more."""

    async def reviews() -> list[str]:
        return [row["state"] for row in await world.rows("SELECT state FROM review ORDER BY id = $1 DESC", other)]

    need, other = await world.need(await world.group()), None
    assert await reviews() == [], "need_held_on_insert"
    await world.rows("UPDATE need SET state = 'held', held_reason = 'other'")
    assert await reviews() == ["open"]
    await world.rows("UPDATE need SET state = 'held'")
    assert await reviews() == ["open"], "need_held_no_more"
    await world.rows("UPDATE need SET state = 'open', held_reason = NULL")
    assert await reviews() == ["decided"]
    other = await world.one(_REVIEW, need, None, NOON)
    await world.rows("UPDATE review SET state = 'appealed' WHERE id = $1", other)
    await world.rows("UPDATE need SET state = 'withdrawn', closed_at = $1", NOON)
    assert await reviews() == ["appealed", "decided"], "an appeal against what was released is still to be heard"


async def test_what_was_decided_about_a_held_need_is_not_asked_again_nor_decided_twice(world: World) -> None:
    """need_held and look_no_more: kind and state."""
    need = await world.need(await world.group())
    await world.rows("UPDATE need SET state = 'held', held_reason = 'other'")
    await world.rows("UPDATE review SET state = 'decided', action = 'closed', decided_at = $1", NOON)
    await world.rows("UPDATE need SET state = 'held'")
    assert await world.one("SELECT count(*) FROM review") == 1
    await world.rows("UPDATE need SET state = 'open', held_reason = NULL WHERE id = $1", need)
    assert await world.one("SELECT action FROM review") == "closed"


async def test_a_report_waits_whatever_becomes_of_a_held_need(world: World) -> None:
    """look_no_more."""
    group = await world.group()
    need = await world.need(group)
    match = await match_of(world, await ask(world, need, await world.helper(group), urgent=True))
    await run(world.tx, "add_match", state="connected", now=NOON, **match)
    await world.rows(
        _REVIEW.replace("cause", "author, match_id, cause").replace(
            "'held', id, $2,", "'report', id, $2, 'asker', $4,"
        ),
        need,
        match["member_id"],
        NOON,
        match["id"],
    )
    await world.rows("UPDATE need SET state = 'held', held_reason = 'other'")
    await world.rows("UPDATE need SET state = 'open', held_reason = NULL")
    assert await world.one("SELECT state FROM review WHERE kind = 'report'") == "open"


async def test_the_same_asker_is_known_by_account_or_contact(world: World) -> None:
    """needs_of_same_asker."""
    group = await world.group()
    sam, kim = await world.helper(group), await world.helper(group)
    wanted, by_account = [await world.need(group, member=sam, contact=contact) for contact in (PO, LEE)]
    by_contact = await world.need(group, contact=PO, text="another")
    await world.need(group, member=kim, contact=SAM)
    found = await world.rows("SELECT needs_of_same_asker($1)", wanted)
    assert {row[0] for row in found} == {wanted, by_account, by_contact}


async def test_a_group_knows_its_members_its_staff_and_whom_it_asked(world: World) -> None:
    """of_this_group."""
    east, west = await world.group(), await world.group("west")
    there = await world.helper(west)
    await grant_role(world.ctx, west, PO, Role.COORDINATOR, name="Po")
    elsewhere = await world.one("SELECT member_id FROM staff")
    await ask(world, await world.need(west), there, urgent=True)
    member, asked = await world.helper(east), await world.helper(west)
    staff = await grant_role(world.ctx, east, LEE, Role.COORDINATOR, name="Lee")
    await world.rows(
        "UPDATE ask SET group_id = $1 WHERE id = $2", east, await ask(world, await world.need(east), asked, urgent=True)
    )
    await world.rows("SELECT set_config('careweb.group', $1, true)", str(east))
    known = [await world.one("SELECT of_this_group($1)", person) for person in (member, staff, asked, there, elsewhere)]
    assert known == [True, True, True, False, False]


async def test_a_need_is_seen_by_its_group_its_asker_and_whom_it_was_asked_of(world: World) -> None:
    """sees_need and asked_about."""
    east, west = await world.group(), await world.group("west")
    sam, kim = await world.helper(east), await world.helper(west)
    own, asked, other = await world.need(west, member=sam), await world.need(west), await world.need(west)
    await ask(world, asked, sam, urgent=True)
    await ask(world, other, kim, urgent=True)
    here = await world.need(east)
    await world.rows(
        "SELECT set_config('careweb.group', $1, true), set_config('careweb.member', $2, true)", str(east), str(sam)
    )
    assert [await world.one("SELECT sees_need($1)", need) for need in (here, own, asked, other)] == [
        True,
        True,
        True,
        False,
    ]


async def test_only_whoever_left_nothing_to_know_them_by_is_known_by_their_need(world: World) -> None:
    """part_two."""
    group = await world.group()
    sam = await world.helper(group)
    nameless, signed_in, named, gone = [
        await world.need(group, **who) for who in ({}, {"member": await world.helper(group)}, {"contact": PO}, {})
    ]
    await world.rows("UPDATE need SET contact_index = NULL WHERE id = $1", signed_in)
    await world.rows("UPDATE need SET state = 'withdrawn', closed_at = $1, purged_at = $1 WHERE id = $2", NOON, gone)
    for need, index in ((nameless, nameless.bytes), (signed_in, None), (named, VAULT.contact_index(PO)), (gone, None)):
        await part(world, need, sam)
        assert await world.one("SELECT contact_index FROM need WHERE id = $1", need) == index


async def test_who_may_still_help_is_admitted_where_they_offer_and_offers_and_is_not_kept_apart(world: World) -> None:
    """still_may_help."""
    group, west = await world.group(), await world.group("west")
    need, sam = await world.need(group, contact=PO), await world.helper(group, address=SAM.address)
    await world.helper(group, name="Kim")
    offer = await world.one("SELECT id FROM offer WHERE member_id = $1", sam)
    await world.offer(west, sam)
    await admit(world.ctx, west, sam, by=None, note="known", vetting=0)
    may = "SELECT still_may_help($1, $2)"
    assert await world.one(may, need, offer)
    for table, state, usual in (("offer", "paused", "active"), ("membership", "suspended", "admitted")):
        change = f"UPDATE {table} SET state = $1 WHERE member_id = $2 AND group_id = $3"  # noqa: S608
        await world.rows(change, state, sam, group)
        assert not await world.one(may, need, offer), "though they are admitted elsewhere, and others here"
        await world.rows(change, usual, sam, group)
    await part(world, need, sam)
    assert not await world.one(may, need, offer)


async def test_a_record_has_its_own_lines(world: World) -> None:
    """lines_of_record."""
    for record in (b"one", b"two"):
        await world.rows(
            "INSERT INTO audit_line (group_id, day, role, action, record, person, reason_hash, mac) VALUES ($1, $2, 'steward', 'read', $3, '', '', '')",
            await world.group(record.decode()),
            NOON.date(),
            record,
        )
    assert [row["group_name"] for row in await run(world.tx, "audit_lines_of", record=b"two")] == ["Two"]


async def test_a_code_finds_its_own_need_until_what_was_in_it_is_gone(world: World) -> None:
    """need_of_locator."""
    group = await world.group()
    _, other = await world.need(group), await world.need(group)
    locator = await world.one("SELECT locator_hash FROM need WHERE id = $1", other)
    assert (await run(world.tx, "need_of_locator", locator_hash=locator))["id"] == other
    assert not await run(world.tx, "need_of_locator", locator_hash=b"nobody's")
    await world.rows("UPDATE need SET state = 'withdrawn', closed_at = $1, purged_at = $1", NOON)
    assert not await run(world.tx, "need_of_locator", locator_hash=locator)


async def test_keys_that_another_master_wraps_are_found_and_wrapped_anew_alone(world: World) -> None:
    """masters, wrapped_by_others, wrap_anew."""
    one, two, three = [await world.need(await world.group(slug)) for slug in ("one", "two", "three")]
    for master, need in enumerate((one, two, three), start=7):
        await world.rows("UPDATE data_key SET master = $1 WHERE id = $2", master, need)
    await world.rows("DELETE FROM data_key WHERE id <> ALL ($1::uuid[])", [one, two, three])
    assert [row[0] for row in await world.rows("SELECT masters()")] == [7, 8, 9]
    found = await run(world.tx, "wrapped_by_others", current=8, most=9)
    assert {row["id"] for row in found} == {one, three}
    await run(world.tx, "wrap_anew", records=["need", "member"], ids=[one, three], masters=[8, 8], wrapped=[b"", b""])
    assert [row[0] for row in await world.rows("SELECT master FROM data_key ORDER BY master")] == [8, 8, 9]


async def test_a_review_is_left_to_nobody_if_it_is_late_or_nobody_may_judge_it(world: World) -> None:
    """reviews_left: an hour before noon, of what was opened at nine and is due at ten or at three."""
    east, west = await world.group(), await world.group("west")
    await grant_role(world.ctx, east, LEE, Role.COORDINATOR, name="Lee")
    hours = {name: NOON + timedelta(hours=by) for name, by in (("nine", -3), ("ten", -2), ("eleven", -1), ("three", 3))}
    due = {
        await world.one(_REVIEW, await world.need(group), None, NOON): (opened, due, state)
        for group, opened, due, state in (
            (east, "nine", "ten", "open"), (east, "nine", "three", "open"), (west, "nine", "three", "open"),
            (west, "eleven", "three", "open"), (west, "nine", "ten", "decided"),
        )
    }  # fmt: skip
    for id, (opened, until, state) in due.items():
        await world.rows(
            "UPDATE review SET opened_at = CAST($2 AS timestamptz), due_at = CAST($3 AS timestamptz), state = CAST($4 AS text), action = CASE $4 WHEN 'decided' THEN 'closed' END, "
            "decided_at = CASE $4 WHEN 'decided' THEN opened_at END WHERE id = $1", id, hours[opened], hours[until], state,
        )  # fmt: skip
    left = await world.rows("SELECT id, nobody FROM reviews_left($1)", hours["eleven"])
    late, _, of_nobody, *_ = due
    assert {(row["id"], row["nobody"]) for row in left} == {(late, False), (of_nobody, True)}


async def test_no_role_but_the_two_logins_gets_a_password(world: World) -> None:
    """give_password."""
    with pytest.raises(asyncpg.RaiseError, match="not a login of careweb"):
        await world.rows("SELECT give_password('careweb_owner', 'SCRAM-SHA-256')")


async def test_an_account_is_found_by_its_own_contact(world: World) -> None:
    """member_of_contact."""
    group = await world.group()
    found = [await world.helper(group, address=who.address) for who in (SAM, LEE)]
    for who, member in zip((SAM, LEE, PO), (*found, None), strict=True):
        assert await world.one("SELECT member_of_contact($1)", VAULT.contact_index(who)) == member


async def test_what_is_over_is_not_among_the_needs_of_two_nor_other_groups_staff_among_its_own(world: World) -> None:
    """needs_of_two, staff_of, and need_of_review, which is one."""
    group, west = await world.group(), await world.group("west")
    sam = await world.helper(group, address=SAM.address)
    wanted, over = await world.need(group, contact=PO), await world.need(group, member=sam)
    review = await world.one(_REVIEW, wanted, None, NOON)
    assert set(await world.one("SELECT needs_of_two($1, $2)", wanted, sam)) == {wanted, over}
    await world.rows("UPDATE need SET state = 'withdrawn', closed_at = $1 WHERE id = $2", NOON, over)
    assert await world.one("SELECT needs_of_two($1, $2)", wanted, sam) == [wanted]
    await grant_role(world.ctx, west, LEE, Role.COORDINATOR, name="Lee")
    assert [await world.one("SELECT staff_of($1)", one) for one in (group, west)] == [0, 1]
    assert await world.one("SELECT count(*) FROM need_of_review($1)", review) == 1
