"""Each constraint by itself: a row that breaks this one, and could break no other, is refused in its name."""

import re
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from careweb.storage.database import Transaction, driver
from tests.storage.test_constraints import LIST

# Of a column of this type, when all that matters is that there is something.
_SOMETHING = {
    "uuid": "'00000000-0000-4000-8000-000000000001'", "text": "'x'", "character": "'x'", "smallint": "1", "integer": "1", "bigint": "1", "boolean": "true",
    "bytea": "'\\x01'", "date": "'2026-11-23'", "timestamp with time zone": "'2026-11-23 17:00Z'", "double precision": "1",
}  # fmt: skip
# Where a constraint looks at some rows only, what makes it look; and regions that are not there.
_LOOKS = {
    "region_parent_id_fkey": {"parent_id": "-1"},
    "zone_region_region_id_fkey": {"region_id": "-1"},
    "ask_outstanding": {"state": "'sent'"},
    "match_slot": {"state": "'done'"},
    "review_once": {"state": "'appealed'"},
    "need_repeats_of_fkey": {"id": "gen_random_uuid()"},
    "thread_note_thanks": {"thanks": "true"},
}
_MANY = "array_fill('x'::text, ARRAY[{}])"
# What breaks a check that is no list of words: the values of a row, as SQL; each of these rows is refused.
BREAKS: dict[str, list[dict[str, str]]] = {
    "apart_check": [{"one": "'b'", "other": "'a'"}, {"one": "'a'", "other": "'a'"}],
    "audit_link_number_check": [{"number": "0"}],
    "authenticator_check": [{"kind": "'passkey'"}, {"kind": "'app'", "credential_index": "'x'"}],
    "care_group_name_check": [{"name": "''"}, {"name": "repeat('x', 121)"}],
    "care_group_phone_line_check": [{"phone_line": "repeat('1', 41)"}],
    "care_group_slug_check": [{"slug": "'x'"}, {"slug": "'East'"}, {"slug": "'-east'"}, {"slug": "'east/west'"}],
    "category_vetting_check": [{"vetting": "-1"}, {"vetting": "3"}],
    "channel_given_is_elsewhere": [
        {"id": "uuid '00000000-0000-4000-8000-000000000001'", "person_id": "uuid '00000000-0000-4000-8000-000000000001'", "sealed_address": "'x'"},
        {"id": "gen_random_uuid()", "person_id": "gen_random_uuid()"},
    ],
    "channel_given_is_mail": [
        {"kind": "'sms'", "id": "uuid '00000000-0000-4000-8000-000000000001'", "person_id": "uuid '00000000-0000-4000-8000-000000000001'"},
    ],
    "language_check": [{"is_spoken": "false", "is_written": "false"}],
    "language_check1": [{"tag": "'zh'", "spoken_id": "'yue'", "is_spoken": "true"}],
    "language_knowledge_2021_check": [{"knowledge_2021": "-1"}],
    "language_pair_check": [{"spoken_a": "'yue'", "spoken_b": "'cmn'"}, {"spoken_a": "'yue'", "spoken_b": "'yue'"}],
    "load_horizon_single_check": [{"single": "false"}],
    "member_digest_at_check": [{"digest_at": "-1"}, {"digest_at": "24"}],
    "member_per_week_check": [{"per_week": "0"}, {"per_week": "51"}],
    "member_quiet_from_check": [{"quiet_from": "-1"}, {"quiet_from": "24"}],
    "member_quiet_until_check": [{"quiet_until": "-1"}, {"quiet_until": "24"}],
    "member_weekly_asks_check": [{"weekly_asks": "0"}, {"weekly_asks": "51"}],
    "membership_vetting_check": [{"vetting": "-1"}, {"vetting": "3"}],
    "need_check": [{"filled": "-1", "helpers": "1"}, {"filled": "2", "helpers": "1"}],
    "need_check1": [{"state": "'matched'", "filled": "1", "helpers": "2"}],
    "need_check2": [{"state": "'open'", "filled": "2", "helpers": "2"}],
    "need_check3": [
        {"state": "'met'"}, {"state": "'withdrawn'"}, {"state": "'expired'"}, {"state": "'handed_over'"}, {"state": "'closed'"},
        {"state": "'open'", "closed_at": "now()"}, {"state": "'matched'", "closed_at": "now()"}, {"state": "'held'", "closed_at": "now()"},
    ],
    "need_consent_reason_check": [{"consent_reason": "repeat('x', 201)"}],
    "need_helpers_check": [{"helpers": "0"}, {"helpers": "11"}],
    "need_languages_check": [{"languages": _MANY.format(9)}],
    "need_quiet_hours": [
        {"quiet_from": "24", "quiet_until": "8"}, {"quiet_from": "-1", "quiet_until": "8"}, {"quiet_from": "8", "quiet_until": "24"},
        {"quiet_from": "8", "quiet_until": "-1"}, {"quiet_from": "8", "quiet_until": "NULL"}, {"quiet_from": "NULL", "quiet_until": "8"},
    ],
    "need_repeats_another": [{"id": "uuid '00000000-0000-4000-8000-000000000001'", "repeats_of": "uuid '00000000-0000-4000-8000-000000000001'"}],
    "need_widened_km_check": [{"widened_km": "-1"}, {"widened_km": "201"}],
    "notice_check": [{}, {"member_id": "gen_random_uuid()", "need_id": "gen_random_uuid()"}],
    "notice_check1": [{"state": "'claimed'"}, {"state": "'sent'", "lease_until": "now()"}],
    "offer_categories_check": [{"categories": _MANY.format(13)}],
    "offer_check": [{"state": "'resting'"}, {"state": "'active'", "rests_until": "'2026-12-01'"}],
    "offer_languages_check": [{"languages": _MANY.format(9)}],
    "offer_radius_km_check": [{"radius_km": "-1"}, {"radius_km": "201"}],
    "opening_check": [{"asked_by": "uuid '00000000-0000-4000-8000-000000000001'", "decided_by": "uuid '00000000-0000-4000-8000-000000000001'"}],
    "opening_check1": [{"state": "'open'"}, {"state": "'asked'", "open_until": "now()"}],
    "recruiting_line_more_check": [{"more": "0"}],
    "region_set_reference_year_check": [{"reference_year": "1866"}, {"reference_year": "2201"}],
    "region_set_slug_check": [{"slug": "''"}, {"slug": "'Layer'"}, {"slug": "'a b'"}],
    "review_check": [{"kind": "'report'"}, {"kind": "'held'", "author": "'asker'"}],
    "review_check1": [{"kind": "'report'", "member_id": "gen_random_uuid()"}, {"kind": "'held'", "match_id": "gen_random_uuid()", "member_id": "gen_random_uuid()"}],
    "review_check2": [{"state": "'decided'", "decided_at": "now()"}, {"state": "'settled'", "action": "'released'"}, {"state": "'open'", "decided_at": "now()", "action": "'released'"}],
    "review_check3": [{"member_id": "uuid '00000000-0000-4000-8000-000000000001'", "decided_by": "uuid '00000000-0000-4000-8000-000000000001'"}],
    "review_check4": [{"first_decided_by": "uuid '00000000-0000-4000-8000-000000000001'", "decided_by": "uuid '00000000-0000-4000-8000-000000000001'"}],
    "zone_check": [{"r50_km": "2", "r90_km": "1"}],
    "zone_code_check": [{"code": "'M1S 2A1'"}, {"code": "'M1S2A1'"}, {"code": "'D1A'"}, {"code": "'toronto'"}],
    "zone_r50_km_check": [{"r50_km": "-0.1"}],
    "zone_residents_check": [{"residents": "-1"}],
    "zone_around_number_check": [{"number": "0"}, {"number": "4096"}],
    "zone_near_km_check": [{"km": "-0.1"}],
    "zone_region_weight_check": [{"weight": "0"}, {"weight": "1.01"}],
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Constraint:
    table: str
    name: str
    definition: str

    @property
    def is_index(self) -> bool:
        return self.definition.startswith("CREATE")

    @property
    def columns(self) -> list[str]:
        return (
            re.sub(r".*?(?:btree|UNIQUE|KEY)[A-Z ]* \((.*?)\).*", r"\1", self.definition).replace('"', "").split(", ")
        )


LINES = LIST.read_text(encoding="utf-8").splitlines()
CONSTRAINTS = {
    found["name"]: Constraint(**found)
    for line in LINES
    if (found := re.fullmatch(r"(?P<table>\w+) (?P<name>\w+): (?P<definition>.*)", line).groupdict())  # type: ignore[union-attr]
}


def test_no_two_have_one_name_and_none_is_broken_that_is_not_there() -> None:
    assert len(CONSTRAINTS) == len(LINES)
    assert not BREAKS.keys() - CONSTRAINTS


@pytest.mark.parametrize("name", CONSTRAINTS)
async def test_what_breaks_one_constraint_is_refused(tx: Transaction, name: str) -> None:
    await refuses(await driver(tx), CONSTRAINTS[name])


async def refuses(connection: asyncpg.Connection, constraint: Constraint) -> None:
    types = await _bare(connection, constraint)
    for row in _breaking(constraint, types):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as told:
            await _insert(connection, constraint, row)
        assert told.value.constraint_name == constraint.name, row


def _breaking(constraint: Constraint, types: dict[str, str]) -> list[dict[str, str]]:
    if not constraint.definition.startswith("CHECK"):
        return [{column: _SOMETHING[types[column]] for column in constraint.columns} | _LOOKS.get(constraint.name, {})]
    words = re.fullmatch(r"CHECK \(\((\w+) = (?:ANY \(ARRAY\[.*\]\)|'\w+'::text)\)\)", constraint.definition)
    return [{words[1]: "'dreamt'"}] if words else BREAKS[constraint.name]


# ruff: noqa: S608  all of it is written here, or in the catalogue
async def _insert(connection: asyncpg.Connection, constraint: Constraint, row: dict[str, str]) -> None:
    """Twice, where what is refused is a second one like it."""
    columns, values = ", ".join(f'"{column}"' for column in row), ", ".join(row.values())
    into = f"INSERT INTO {constraint.table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values})"
    async with connection.transaction():
        for _ in range(1 if constraint.definition.startswith(("CHECK", "FOREIGN")) else 2):
            await connection.execute(into if row else f"INSERT INTO {constraint.table} DEFAULT VALUES")


async def _bare(connection: asyncpg.Connection, constraint: Constraint) -> dict[str, str]:
    """Its table without triggers and all other constraints, to the end of the transaction; the types of its columns."""
    table = constraint.table
    refers = CONSTRAINTS[f"{table}_pkey"].name if f" REFERENCES {table}(" in constraint.definition else ""
    others = [one for one in CONSTRAINTS.values() if one.table == table and one.name not in (constraint.name, refers)]
    drops = [
        f"DROP INDEX {one.name}" if one.is_index else f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {one.name} CASCADE" for one in others
    ]  # fmt: skip
    columns: list[Any] = await connection.fetch(
        "SELECT attname AS name, format_type(atttypid, NULL) AS type, attnotnull AND attidentity = '' AS needed FROM pg_attribute "
        "WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped",
        table,
    )
    key = [
        column for name in (constraint.name, refers) if name.endswith("_pkey") for column in CONSTRAINTS[name].columns
    ]
    free = [
        f'ALTER TABLE {table} ALTER COLUMN "{column["name"]}" DROP NOT NULL'
        for column in columns
        if column["needed"] and column["name"] not in key
    ]
    await connection.execute("; ".join([f"ALTER TABLE {table} DISABLE TRIGGER USER", *drops, *free]))
    return {column["name"]: column["type"] for column in columns}
