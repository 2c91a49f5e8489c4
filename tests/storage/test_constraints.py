"""What the database refuses, whoever asks: each constraint is on the list, and those that hold a promise are tried."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from careweb.flows.asks import accept
from careweb.storage.database import Transaction, driver
from tests.world import World

LIST = Path(__file__).with_name("constraints.txt")
CATALOGUE = """
    SELECT c.conrelid::regclass || ' ' || c.conname || ': ' || pg_get_constraintdef(c.oid) AS line
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace s ON s.oid = t.relnamespace
    WHERE s.nspname = 'public' AND c.contype IN ('p', 'u', 'f', 'c', 'x') AND t.relname <> 'spatial_ref_sys'
    UNION ALL
    SELECT i.indrelid::regclass || ' ' || i.indexrelid::regclass || ': ' || pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace
    WHERE s.nspname = 'public' AND i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
    ORDER BY 1
"""


async def test_every_constraint_is_on_the_list_and_none_is_missing(tx: Transaction) -> None:
    """A new one goes on the list, as the catalogue has it, once somebody has looked at what changed."""
    found = [row["line"] for row in await (await driver(tx)).fetch(CATALOGUE)]
    assert found == LIST.read_text(encoding="utf-8").splitlines()


@pytest.fixture
async def world(tx: Transaction) -> World:
    return await two_needs(tx)


async def two_needs(tx: Transaction) -> World:
    """Each asked of somebody; the first has a yes."""
    world = World(tx=tx)
    group = await world.group()
    for name in ("one", "two"):
        await world.helper(group, name=name)
    for _ in range(2):
        need = await world.need(group, helpers=2)
        await world.match(need)
    [first, *_] = await world.rows("SELECT id, member_id FROM ask ORDER BY planned_at, id")
    await accept(world.ctx, first["id"], first["member_id"])
    for id, kind, sealed in (("$1", "email", "NULL"), ("gen_random_uuid()", "sms", "'x'")):
        await world.rows(
            f"INSERT INTO channel (id, {_CHANNEL}) VALUES ({id}, $1, '{kind}', 1, {sealed}, {sealed}, now())",
            first["member_id"],
        )
    return world


# ruff: noqa: S608  all of it is written here
_ASK = (
    "id, need_id, offer_id, member_id, group_id, round, wave, urgent, state, language, terms, planned_at, times_out_at"
)
_CHANNEL = "person_id, kind, position, sealed_address, address_index, created_at"
_MATCH = "need_id, slot, offer_id, member_id, group_id, state, accepted_at"
REFUSED = {
    "match_slot": f"INSERT INTO match (id, ask_id, {_MATCH}) SELECT gen_random_uuid(), (SELECT a.id FROM ask a WHERE NOT EXISTS (SELECT FROM match x WHERE x.ask_id = a.id) LIMIT 1), {_MATCH} FROM match",
    "match_ask_id_key": f"INSERT INTO match (id, ask_id, {_MATCH}) SELECT gen_random_uuid(), ask_id, need_id, 9, offer_id, member_id, group_id, state, accepted_at FROM match",
    "ask_need_id_member_id_round_key": f"INSERT INTO ask ({_ASK}) SELECT gen_random_uuid(), need_id, offer_id, member_id, group_id, round, wave, urgent, 'declined', language, terms, planned_at, times_out_at FROM ask LIMIT 1",
    "ask_outstanding": f"INSERT INTO ask ({_ASK}) SELECT gen_random_uuid(), need_id, offer_id, member_id, group_id, 9, wave, urgent, state, language, terms, planned_at, times_out_at FROM ask WHERE state = 'planned' LIMIT 1",
    "need_form_hash_key": "UPDATE need SET form_hash = 'x'",
    "need_locator_hash_key": "UPDATE need SET locator_hash = 'x'",
    "need_group_id_source_ref_key": "UPDATE need SET source_ref = 'x'",
    "offer_group_id_source_ref_key": "UPDATE offer SET source_ref = 'x'",
    "offer_form_hash_key": "UPDATE offer SET form_hash = 'x'",
    "member_contact_index_key": "UPDATE member SET contact_index = 'x'",
    "care_group_slug_key": "INSERT INTO care_group (slug, name, area_code) SELECT slug, name, area_code FROM care_group",
    "promise_pkey": "INSERT INTO promise (job, subject, due_at) SELECT job, subject, due_at FROM promise LIMIT 1",
    "notice_kind_subject_member_id_need_id_key": "INSERT INTO notice (id, kind, subject, member_id, created_at) SELECT gen_random_uuid(), kind, subject, member_id, created_at FROM notice WHERE member_id IS NOT NULL LIMIT 1",
    "notice: one recipient": "UPDATE notice SET member_id = NULL, need_id = NULL",
    "notice: a claim has a lease": "UPDATE notice SET state = 'claimed'",
    "channel_person_id_address_index_key": f"INSERT INTO channel (id, {_CHANNEL}) SELECT gen_random_uuid(), {_CHANNEL} FROM channel WHERE kind = 'sms'",
    "channel: what was given is mail": "UPDATE channel SET kind = 'sms' WHERE kind = 'email'",
    "channel: what was given has no address here": "UPDATE channel SET sealed_address = 'x' WHERE kind = 'email'",
    "channel: others have one": "UPDATE channel SET sealed_address = NULL WHERE kind = 'sms'",
    "channel.kind": "UPDATE channel SET kind = 'pigeon' WHERE kind = 'sms'",
    "notice.channel": "UPDATE notice SET channel = 'pigeon'",
    "member.digest_at": "UPDATE member SET digest_at = 24",
    "need: quiet from an hour until another": "UPDATE need SET quiet_from = 21, quiet_until = NULL",
    "need_repeated_once": "UPDATE need n SET repeats_of = (SELECT min(x.id::text)::uuid FROM need x) WHERE n.id <> (SELECT min(x.id::text)::uuid FROM need x); INSERT INTO need (id, group_id, state, category, zone_code, languages, urgency, helpers, needed_by, hours, locale, contact_kind, posted_at, expires_at, repeats_of) SELECT gen_random_uuid(), group_id, 'open', category, zone_code, languages, urgency, 2, needed_by, hours, locale, contact_kind, posted_at, expires_at, repeats_of FROM need WHERE repeats_of IS NOT NULL",
    "need: repeats another": "UPDATE need SET repeats_of = id",
    "thread_note_thanks": "INSERT INTO thread_note (id, match_id, author, sealed_text, written_at, thanks) SELECT gen_random_uuid(), m.id, 'asker', '', now(), true FROM match m, generate_series(1, 2)",
    "need: never more than wanted": "UPDATE need SET filled = 3",
    "need: never less than none": "UPDATE need SET filled = -1",
    "need: matched is full": "UPDATE need SET state = 'matched', filled = 1",
    "need: open is not full": "UPDATE need SET filled = 2 WHERE state = 'open'",
    "need: what ended has a day": "UPDATE need SET state = 'withdrawn'",
    "need: what has a day ended": "UPDATE need SET closed_at = posted_at",
    "offer: rest has an end": "UPDATE offer SET state = 'resting'",
    "apart_pkey": "INSERT INTO apart (one, other, kind, created_at) SELECT 'a', 'b', 'block', now() FROM generate_series(1, 2)",
    "apart: smaller first": "INSERT INTO apart (one, other, kind, created_at) VALUES ('b', 'a', 'block', now())",
    "staff_pkey": "INSERT INTO staff (group_id, member_id, role, created_at) SELECT g.id, m.id, 'steward', now() FROM care_group g, member m, generate_series(1, 2)",
    "membership_pkey": "INSERT INTO membership (group_id, member_id, created_at) SELECT group_id, member_id, created_at FROM membership",
    **{f"{table}.state": f"UPDATE {table} SET state = 'dreamt'" for table in ("need", "ask", "match", "offer", "membership", "notice", "channel")},
    **{
        f"{table}.{column} refers": f"UPDATE {table} SET {column} = gen_random_uuid()"
        for table, columns in {
            "match": ("need_id", "ask_id", "offer_id", "member_id", "group_id"), "ask": ("need_id", "offer_id", "member_id", "group_id"),
            "need": ("group_id", "member_id", "repeats_of"), "offer": ("group_id", "member_id"), "membership": ("group_id", "member_id"),
            "notice": ("member_id",), "need_event": ("need_id",),
        }.items() for column in columns
    },
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
async def test_the_database_refuses(world: World, what: str) -> None:
    connection: Any = await driver(world.tx)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as told:
        await connection.execute(REFUSED[what])
    if what.endswith(("_key", "_pkey")) or what in (
        "match_slot",
        "ask_outstanding",
        "need_repeated_once",
        "thread_note_thanks",
    ):
        assert told.value.constraint_name == what
