"""Who is written to, and what becomes of a message on its way. `make mutation` drops each guard."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from careweb.domain.ids import MemberId, NeedId
from careweb.storage.database import run
from tests.storage.test_reach_of_moves import PO, ask
from tests.world import NOON, World

LEASE = NOON + timedelta(minutes=1)
REACHED = {
    "": {(False, False), (True, False), (False, True)},
    "contact_kind = 'phone'": set(),
    "sealed_contact = NULL": set(),
    "mail_stopped = true": {(True, False)},
    "confirmed = false": {(False, True)},
}  # whoever is so is written to, if it is (told always, asked to confirm)


@pytest.fixture
async def need(world: World) -> NeedId:
    return await world.need(await world.group("west"), contact=PO, urgency="low", due_in=48)


async def owe(world: World, member: MemberId) -> UUID:
    """A message about nothing in particular."""
    subject = uuid4()
    owed: UUID = await run(world.tx, "owe_notice_to_member", id=uuid4(), kind="news", subject=subject, member_id=member, always=False, confirming=False, now=NOON)  # fmt: skip
    return owed


@pytest.mark.parametrize("change", REACHED)
async def test_who_can_be_written_to_and_wants_it_is(world: World, sam: MemberId, need: NeedId, change: str) -> None:
    gone = {"sealed_contact = NULL": "purged_at = posted_at"}  # whoever asked, with their key
    for table, spoilt in (("member", change), ("need", gone.get(change, change))):
        await world.rows(f"UPDATE {table} SET {spoilt or 'id = id'}")  # noqa: S608
    for query, to in (("owe_notice_to_member", {"member_id": sam}), ("owe_notice_to_asker", {"need_id": need})):
        reached = {
            (always, confirming)
            for always, confirming in ((False, False), (True, False), (False, True))
            if await run(world.tx, query, id=uuid4(), kind="news", subject=uuid4(), **to, always=always, confirming=confirming, now=NOON)
        }  # fmt: skip
        assert reached == REACHED[change], query
    many = await run(world.tx, "owe_notices_to_members", ids=[uuid4()], kind="news", subjects=[uuid4()], members=[sam], now=NOON)  # fmt: skip
    assert bool(many) == ((False, False) in REACHED[change])


@pytest.mark.parametrize(
    ("change", "asked"),
    [("confirmed = false", True), ("confirmed = true", False), ("confirmed = false, contact_kind = 'phone'", False), ("confirmed = false, mail_stopped = true", False)],
)  # fmt: skip
async def test_whoever_is_imported_is_asked_by_mail_unless_they_confirmed_or_want_none(
    world: World, sam: MemberId, need: NeedId, change: str, asked: bool
) -> None:
    for table in ("member", "need"):
        await world.rows(f"UPDATE {table} SET {change}")  # noqa: S608
    ids = [uuid4()]
    assert bool(await run(world.tx, "owe_confirmations_to_members", ids=ids, member_ids=[sam], now=NOON)) == asked
    assert bool(await run(world.tx, "owe_confirmations_to_askers", ids=[uuid4()], need_ids=[need], now=NOON)) == asked


async def test_who_confirmed_before_is_not_confirmed_again(world: World, sam: MemberId) -> None:
    await world.rows("UPDATE member SET confirmed = false")
    assert [len(await run(world.tx, "confirm_members", ids=[sam])) for _ in range(2)] == [1, 0]


async def test_what_goes_along_is_owed_to_the_same_person_and_is_not_the_message_itself(
    world: World, sam: MemberId
) -> None:
    lee = await world.helper(await world.group("south"), name="Lee")
    await world.rows("DELETE FROM notice")
    itself, waiting, sending = [await owe(world, sam) for _ in range(3)]
    await owe(world, lee)
    await run(world.tx, "claim_notice", id=sending, now=NOON, lease_until=LEASE)
    which = {"id": itself, "member_id": sam, "kinds": ["news"], "lease_until": LEASE}
    assert [row["id"] for row in await run(world.tx, "claim_waiting_notices", **which)] == [waiting]


async def test_by_which_channel_it_goes_is_said_of_what_is_being_sent(world: World, sam: MemberId) -> None:
    notice = await owe(world, sam)
    await run(world.tx, "notice_goes_by", id=notice, channel="sms", channel_id=uuid4(), detailed=True)
    assert not await world.one("SELECT detailed FROM notice WHERE id = $1", notice)


async def test_messages_that_went_out_long_ago_are_forgotten(world: World, sam: MemberId) -> None:
    await world.rows("DELETE FROM notice")
    old, waiting, new = [await owe(world, sam) for _ in range(3)]
    await world.rows("UPDATE notice SET state = 'sent' WHERE id <> $1", waiting)
    await world.rows("UPDATE notice SET created_at = $1 WHERE id = $2", NOON + timedelta(seconds=1), new)
    await run(world.tx, "forget_notices", before=NOON)
    assert {row["id"] for row in await world.rows("SELECT id FROM notice")} == {waiting, new}
    assert old


@pytest.mark.parametrize(
    "change", ["", "ask SET state = 'sent'", "need SET urgency = 'medium'", "need SET needed_by = $1"]
)
async def test_an_ask_waits_for_its_hour_if_nobody_was_told_and_nothing_hurries(
    world: World, sam: MemberId, need: NeedId, change: str
) -> None:
    asked, due = await ask(world, need, sam, urgent=False), NOON + timedelta(hours=8)
    if change:
        await world.rows(f"UPDATE {change} WHERE $1::timestamptz IS NOT NULL", due)
    until: Any = await run(world.tx, "put_off_ask", id=asked, urgency="low", due=due, until=due + timedelta(hours=1))
    assert until == (None if change else due + timedelta(hours=1))
