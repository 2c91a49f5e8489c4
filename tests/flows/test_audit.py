"""The account of who opened or changed what: only added to, chained, and any edit, deletion or insertion is found."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.ids import GroupId, MemberId, NeedId
from careweb.domain.states import Role
from careweb.domain.whys import WRITTEN
from careweb.flows.auditing import chain_audit, note, note_many, opened
from careweb.flows.forgetting import forget_need
from careweb.flows.groups import grant_role
from careweb.flows.verifying import verify_audit
from careweb.wording import OPENED
from tests.world import World

NOBODY = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class Kept:
    group: GroupId
    jo: MemberId
    needs: list[NeedId]


@pytest.fixture
async def kept(world: World, tmp_path: Path) -> Kept:
    """Five lines of one group, chained, and one of another."""
    world.settings = world.settings.model_copy(update={"state": tmp_path})
    group, west = await world.group(), await world.group("west")
    jo = await grant_role(world.ctx, group, read_contact("jo@example.org"), Role.COORDINATOR, name="Jo")
    needs = [await world.need(group, text=f"need {n}") for n in range(5)]
    for need in needs:
        await note(world.ctx, group, "coordinator", jo, "opened_contact", "need", need, "they called")
    await note(world.ctx, west, "coordinator", jo, "read_need", "need", needs[0])
    await chain_audit(world.ctx, NOBODY)
    return Kept(group=group, jo=jo, needs=needs)


async def test_what_was_written_is_whole(world: World, kept: Kept) -> None:
    assert await verify_audit(world.ctx) == []
    assert await world.one("SELECT max(number) FROM audit_link WHERE group_id = $1", kept.group) == 5
    await note(world.ctx, kept.group, "coordinator", kept.jo, "closed_need", "need", kept.needs[0])
    assert await verify_audit(world.ctx) == [], "a line of this minute has no link yet"
    await chain_audit(world.ctx, NOBODY)
    await chain_audit(world.ctx, NOBODY)
    assert await world.one("SELECT count(*) FROM audit_link") == 7
    assert await verify_audit(world.ctx) == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_line SET action = 'x'", "DELETE FROM audit_line", "TRUNCATE audit_link, audit_line", "TRUNCATE audit_link", "UPDATE audit_link SET hash = ''",
     "DELETE FROM audit_link"],
)  # fmt: skip
async def test_a_line_is_never_changed_or_taken_out(world: World, kept: Kept, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only ever added to"):
        await world.rows(statement)


THIRD = "(SELECT line_id FROM audit_link ORDER BY group_id <> (SELECT id FROM care_group WHERE slug = 'east'), number OFFSET 2 LIMIT 1)"
INTO = "INSERT INTO audit_line (group_id, day, role, action, record, person, sealed_reason, reason_hash, mac) SELECT group_id, day, role"
BY_ITS_OWNER = {  # triggers switched off first
    "an action": "UPDATE audit_line SET action = 'admitted' WHERE id = THIRD",
    "a day": "UPDATE audit_line SET day = day - 1 WHERE id = THIRD",
    "a role": "UPDATE audit_line SET role = 'steward' WHERE id = THIRD",
    "whose": "UPDATE audit_line SET record = decode('00', 'hex') WHERE id = THIRD",
    "by whom": "UPDATE audit_line SET person = decode('00', 'hex') WHERE id = THIRD",
    "a reason": "UPDATE audit_line SET sealed_reason = NULL WHERE id = THIRD",
    "another group": "UPDATE audit_line SET group_id = (SELECT id FROM care_group WHERE slug = 'west') WHERE id = THIRD",
    "a line taken out": "ALTER TABLE audit_link DROP CONSTRAINT audit_link_line_id_fkey; DELETE FROM audit_line WHERE id = THIRD",
    "a line and its link": "WITH gone AS (DELETE FROM audit_link WHERE line_id = THIRD RETURNING line_id) "
    "DELETE FROM audit_line WHERE id IN (SELECT line_id FROM gone)",
    "the last": "DELETE FROM audit_link WHERE number = 5",
    "all of a group": "DELETE FROM audit_link WHERE group_id = (SELECT id FROM care_group WHERE slug = 'east')",
    "a line put in": "INTO, 'admitted', record, person, sealed_reason, reason_hash, mac FROM audit_line WHERE id = THIRD",
    "two exchanged": "UPDATE audit_link SET number = 99 WHERE number = 4; UPDATE audit_link SET number = 4 WHERE number = 5; "
    "UPDATE audit_link SET number = 5 WHERE number = 99",
    "the same once more": "DROP INDEX audit_line_once; INTO, action, record, person, sealed_reason, reason_hash, mac FROM audit_line WHERE id = THIRD",
    "a hash": "UPDATE audit_link SET hash = decode('00', 'hex') WHERE number = 2",
}


@pytest.mark.parametrize("what", BY_ITS_OWNER)
async def test_what_the_databases_owner_does_to_it_is_found(world: World, kept: Kept, what: str) -> None:
    await world.rows("SET CONSTRAINTS ALL IMMEDIATE")
    for table in ("audit_line", "audit_link"):
        await world.rows(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for statement in BY_ITS_OWNER[what].split("; "):
        await world.rows(statement.replace("THIRD", THIRD).replace("INTO,", f"{INTO},"))
    assert await verify_audit(world.ctx) != [], what


async def test_a_line_put_in_is_found_also_once_it_was_chained(world: World, kept: Kept) -> None:
    await world.rows(INTO + ", 'admitted', record, person, sealed_reason, reason_hash, mac FROM audit_line LIMIT 1")
    await chain_audit(world.ctx, NOBODY)
    assert any("not written by careweb" in text for text in await verify_audit(world.ctx))


async def test_the_person_reads_who_opened_their_details_and_nobody_elses(world: World, kept: Kept) -> None:
    first = await opened(world.ctx, "need", kept.needs[0])
    assert [(line.role, line.group, line.action, line.reason) for line in first] == [
        ("coordinator", "West", "read_need", ""), ("coordinator", "East", "opened_contact", "they called"),
    ]  # fmt: skip
    assert first[0].day == world.now.date()
    assert len(await opened(world.ctx, "need", kept.needs[1])) == 1


async def test_twice_on_a_day_is_one_line_and_on_the_next_day_another(world: World, kept: Kept) -> None:
    for _ in range(2):
        await note(
            world.ctx, kept.group, "coordinator", kept.jo, "opened_contact", "need", kept.needs[3], "they called"
        )
    assert len(await opened(world.ctx, "need", kept.needs[3])) == 1
    world.later(days=1)
    await note(world.ctx, kept.group, "coordinator", kept.jo, "opened_contact", "need", kept.needs[3], "they called")
    assert len(await opened(world.ctx, "need", kept.needs[3])) == 2


async def test_once_the_key_is_destroyed_no_line_can_be_tied_to_its_record_and_the_chain_holds(
    world: World, kept: Kept
) -> None:
    await forget_need(world.ctx, kept.needs[0])
    assert await opened(world.ctx, "need", kept.needs[0]) == []
    await note_many(world.ctx, kept.group, "coordinator", kept.jo, "read_need", "need", {kept.needs[0]: ""})
    assert await world.one("SELECT count(*) FROM audit_line") == 6, "of what is destroyed no new line is written"
    assert await verify_audit(world.ctx) == []


async def test_no_line_holds_an_id_a_name_or_a_time_of_day(world: World, kept: Kept) -> None:
    rows = await world.rows("SELECT * FROM audit_line")
    columns = set(rows[0].keys())
    assert columns == {
        "id", "group_id", "day", "role", "action", "record", "person", "sealed_reason", "reason_hash", "mac",
    }  # fmt: skip
    cells = b"|".join(
        str(cell).encode() if not isinstance(cell, bytes) else cell for row in rows for cell in row.values()
    )
    for secret in (b"they called", kept.needs[0].bytes, str(kept.needs[0]).encode(), kept.jo.bytes, b"Jo"):
        assert secret not in cells


async def test_without_the_list_beside_the_database_the_rest_is_still_checked(
    world: World, kept: Kept, tmp_path: Path
) -> None:
    world.settings = world.settings.model_copy(update={"state": tmp_path / "elsewhere"})
    assert await verify_audit(world.ctx) == []


async def test_words_of_ones_own_stand_only_where_a_person_was_asked_for_them(world: World) -> None:
    group = await world.group()
    need, staff = await world.need(group), await world.helper(group)
    for action in sorted(set(OPENED) - WRITTEN):
        with pytest.raises(ValueError, match="a word of a list"):
            await note(world.ctx, group, "coordinator", staff, action, "need", need, "she lives on Elm Street")
        with pytest.raises(ValueError, match="a word of a list"):
            await note(world.ctx, group, "coordinator", staff, action, "need", need, "close_reason:Elm Street")
    assert await world.one("SELECT count(*) FROM audit_line") == 0
    await note(world.ctx, group, "coordinator", staff, "opened_contact", "need", need, "need:open")
    (line,) = await opened(world.ctx, "need", need)
    assert (line.table, line.reason) == ("", "need:open"), "what somebody wrote is shown as they wrote it"
