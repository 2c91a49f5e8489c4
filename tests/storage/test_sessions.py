"""Who may sign in and stay signed in, by the clock, and what is left of it afterwards. `make mutation` drops each guard."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from careweb.domain.ids import MemberId
from careweb.storage.database import run
from tests.world import NOON, World

IDLE = timedelta(minutes=30)
LATER = NOON + timedelta(hours=1)


async def sign_in(world: World, member: MemberId, *, minutes: int) -> UUID:
    """Mailed at noon, good for so long."""
    id: UUID = await world.one(
        "INSERT INTO sign_in (id, member_id, contact_index, created_at, expires_at) VALUES (gen_random_uuid(), $1, 'x', $2, $3) RETURNING id",
        member, NOON, NOON + timedelta(minutes=minutes),
    )  # fmt: skip
    return id


async def session(world: World, member: MemberId | None, mark: bytes, needs: list[UUID], *, minutes: int = 60) -> None:
    await run(
        world.tx, "add_session", id_hash=mark, member_id=member, needs=needs, now=NOON, idle=IDLE, second_at=None,
        expires_at=NOON + timedelta(minutes=minutes),
    )  # fmt: skip


@pytest.mark.parametrize("spoilt", ["", "used_at = created_at", "expires_at = created_at", "wrong_codes = 5"])
async def test_a_sign_in_is_used_once_in_its_time_and_not_after_five_guesses(
    world: World, sam: MemberId, spoilt: str
) -> None:
    id = await sign_in(world, sam, minutes=10)
    await world.rows(f"UPDATE sign_in SET {spoilt or 'id = id'}")  # noqa: S608
    assert bool(await run(world.tx, "use_sign_in", id=id, now=NOON, has_mail=False)) == (not spoilt)
    assert not await run(world.tx, "use_sign_in", id=id, now=NOON, has_mail=False)


@pytest.mark.parametrize("wrong", [0, 5])
async def test_whoever_has_the_mail_uses_it_however_often_others_guessed(
    world: World, sam: MemberId, wrong: int
) -> None:
    id = await sign_in(world, sam, minutes=10)
    await world.rows("UPDATE sign_in SET wrong_codes = $1", wrong)
    for query, is_there in (("usable_sign_in", wrong < 5), ("use_sign_in", False)):
        assert await run(world.tx, query, id=id, now=NOON, has_mail=True)
        assert bool(await run(world.tx, query, id=id, now=NOON, has_mail=False)) == is_there


@pytest.mark.parametrize(("minutes", "lives"), [(60, 30), (20, 20)])
async def test_a_session_ends_with_its_time_or_when_nobody_uses_it(
    world: World, sam: MemberId, minutes: int, lives: int
) -> None:
    await session(world, sam, b"mark", [], minutes=minutes)
    for after in (lives - 1, lives):
        found = await run(world.tx, "session_by_hash", id_hash=b"mark", now=NOON + timedelta(minutes=after))
        assert bool(found) == (after < lives)


async def test_a_session_that_nobody_used_for_too_long_is_not_woken(world: World, sam: MemberId) -> None:
    await session(world, sam, b"mark", [])
    await run(world.tx, "see_session", id_hash=b"mark", now=NOON + IDLE)
    assert await world.one("SELECT seen_at FROM session") == NOON


async def test_who_follows_a_need_follows_the_one_after_it_and_nobody_else_does(world: World) -> None:
    first, second, other = uuid4(), uuid4(), uuid4()
    await session(world, None, b"one", [first])
    await session(world, None, b"two", [other])
    await run(world.tx, "follow_next", id=first, next_id=second)
    needs = {row["id_hash"]: row["needs"] for row in await world.rows("SELECT id_hash, needs FROM session")}
    assert needs == {b"one": [first, second], b"two": [other]}


async def test_what_nobody_can_use_any_more_is_gone_and_nothing_else(world: World, sam: MemberId) -> None:
    old, fresh = [await sign_in(world, sam, minutes=minutes) for minutes in (60, 61)]
    for mark, minutes, seen in ((b"over", 60, 60), (b"unused", 90, 30), (b"fresh", 61, 31)):
        await session(world, sam, mark, [], minutes=minutes)
        await world.rows("UPDATE session SET seen_at = $1 WHERE id_hash = $2", NOON + timedelta(minutes=seen), mark)
    for form, sent in ((b"old", LATER - timedelta(days=1)), (b"fresh", LATER - timedelta(hours=23))):
        await run(world.tx, "send_form", form_hash=form, now=sent)
    await world.rows("DELETE FROM notice")
    told = [("sign_in", old, "sent"), ("sign_in", old, "claimed"), ("sign_in", fresh, "sent"), ("warned", old, "sent")]
    for number, (kind, subject, state) in enumerate(told):
        await world.rows(
            "INSERT INTO notice (id, kind, subject, member_id, need_id, state, lease_until, created_at) "
            "VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, CASE $5 WHEN 'claimed' THEN $6::timestamptz END, $6)",
            kind, subject, *((None, await _a_need(world)) if number == 1 else (sam, None)), state, NOON,
        )  # fmt: skip
    await run(world.tx, "end_old_sessions", now=LATER)
    left = {
        table: {row[0] for row in await world.rows(f"SELECT {column} FROM {table}")}  # noqa: S608
        for table, column in (("sign_in", "id"), ("session", "id_hash"), ("sent_form", "form_hash"))
    }
    assert left == {"sign_in": {fresh}, "session": {b"fresh"}, "sent_form": {b"fresh"}}
    notices = await world.rows("SELECT kind, subject, state FROM notice")
    assert {tuple(row.values()) for row in notices} == set(told[1:])


async def _a_need(world: World) -> Any:
    return await world.need(await world.group("west"))
