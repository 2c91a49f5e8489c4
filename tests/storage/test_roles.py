"""Groups apart: who owns the tables, who sees which rows, and that a new table is not forgotten (ADR 20)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from careweb import paths
from careweb.config import Settings
from careweb.domain.contacts import read_contact
from careweb.domain.states import Role
from careweb.flows.asks import accept
from careweb.flows.forgetting import forget_need
from careweb.flows.groups import grant_role
from careweb.flows.matches import add_helper_note
from careweb.storage.database import Engine, Transaction, driver, open_engine
from careweb.storage.logins import Login, address_for
from tests import servers
from tests.world import NOON, VAULT, World, committed

# Tables with rows of a group, and whether the matcher sees any of them. Each is closed to whoever says no group.
GUARDED = {
    "ask": True, "match": True, "membership": True, "offer": True, "need": True, "member": True, "need_event": True,
    "notice": True, "recruiting_line": True, "standing": True, "claim": True, "offer_key": True,
    "staff": False, "data_key": False, "thread_note": False, "tally": False, "disclosure": False,
    "authenticator": False, "recovery_code": False, "second_step_event": False, "second_step_try": False,
    "review": True, "opening": True, "audit_line": True, "audit_link": True, "channel": False,
}  # fmt: skip
BEFORE_A_GROUP = {"member", "data_key"}  # whoever is new is of none yet, and their key is written before them
# Every other table, and why nobody's group is in it.
OPEN = {
    "what everybody reads: places, languages, groups' public lines": {
        "care_group", "category", "zone", "zone_postal", "zone_near", "zone_around", "region_set", "region", "zone_region",
        "language", "language_alias", "language_pair", "reference_data", "migration", "master_key",
    },
    "found by a keyed hash of a secret, before a group is known": {"sign_in", "session", "sent_form"},
    "keyed hashes that say nothing without both contacts, or the record": {"apart", "tombstone"},
    "jobs owed: the name of a job and an id": {"promise"},
    "counts of whole markets": {"market", "market_class"},
    "only the owner reads them": {"offer_step", "load_horizon"},
    "what kinds of offers there are, and of which group: nobody's": {"offer_shelf"},
}  # fmt: skip
WRITTEN_BY_THE_WEB = {"session", "sign_in", "sent_form", "apart", "tombstone", "promise", "care_group", "master_key"}
# What acts as the owner, and who may call it. None gives more than ids, groups, counts, yes or no, wrapped keys, and of what kind
# and how urgent a need is that somebody is to judge about.
DEFINERS = {
    "group_of": {"web", "matcher"}, "has_address": {"web", "matcher"}, "masters": {"web", "matcher"},
    "member_of_contact": {"web"}, "needs_of_contact": {"web"}, "need_of_locator": {"web"}, "staff_of": {"web"}, "may_judge": {"web"}, "lines_of_record": {"web"}, "ask_to_sign_in": {"web"},
    "of_this_group": {"web"}, "asked_about": {"web"}, "sees_need": {"web"}, "asked_here": {"web"},
    "channels_of_address": {"web"}, "channels_of_browser": {"web"}, "person_of_channel": {"web"},
    "add_member_once": {"web"}, "why_nobody": {"web"}, "closed_to_need": {"web"},
    "kept_apart": {"web"}, "hold_needs_of_two": {"web"}, "part_two": {"web"}, "between_two": {"web"}, "let_together": {"web"}, "need_of_review": {"web"},
    "best_candidates": {"matcher"}, "needs_of_same_asker": {"matcher"}, "still_may_help": {"matcher"}, "age_loads": {"matcher"},
    "reviews_left": {"matcher"}, "wrapped_by_others": {"matcher"}, "wrap_anew": {"matcher"},
    "stock_added": set(), "stock_changed": set(), "stock_admitted": set(), "unstock": set(), "restep_member": set(),
}  # fmt: skip
MATCHER = Path(__file__).parent / "matcher.txt"  # a table, a right and its columns a line
NOT_FOR_THE_MATCHER = "sealed_|contact_index|_hash|source_ref|wrong_secrets|consent|form|name"


async def names(tx: Transaction, sql: str, *values: Any) -> set[str]:
    return {row[0] for row in await (await driver(tx)).fetch(sql, *values)}


async def ours(tx: Transaction) -> set[str]:
    return await names(
        tx,
        "SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
    )


async def test_every_table_is_guarded_or_says_why_not(tx: Transaction) -> None:
    known = [*GUARDED, *(name for tables in OPEN.values() for name in tables)]
    assert sorted(known) == sorted(await ours(tx))


async def test_what_is_guarded_is_so_for_everybody_even_its_owner(tx: Transaction) -> None:
    forced = await names(tx, "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
    assert forced == set(GUARDED)
    rows = await (await driver(tx)).fetch(
        "SELECT tablename, policyname, roles::text[], qual, with_check FROM pg_policies WHERE schemaname = 'public'"
    )
    assert all(row["roles"] == [f"careweb_{row['policyname']}"] for row in rows), "none is for everybody"
    assert {(row["tablename"], row["policyname"]) for row in rows} == {
        (table, role)
        for table, matched in GUARDED.items()
        for role in ("owner", "web", *(["matcher"] if matched else []))
    }
    of_web = {row["tablename"]: row for row in rows if row["policyname"] == "web"}
    assert [table for table, row in of_web.items() if row["qual"] == "true"] == []
    written_otherwise = {table for table, row in of_web.items() if row["with_check"] != row["qual"]}
    assert written_otherwise == BEFORE_A_GROUP, "what the web writes it sees"


async def test_what_the_web_writes_for_no_group_in_particular_is_admitted_where_people_read_it(tx: Transaction) -> None:
    """No policy stands before these: an injected statement reads and writes them for everybody."""
    may = (
        "SELECT t FROM unnest($1::text[]) t WHERE has_any_column_privilege('careweb_web', t::regclass, 'INSERT, UPDATE')"
        " OR has_table_privilege('careweb_web', t::regclass, 'DELETE')"
    )
    written = await names(tx, may, sorted(await ours(tx) - set(GUARDED)))
    assert written == WRITTEN_BY_THE_WEB
    for file in ("docs/threat-model.md", "docs/adr/0020-groups-apart.md"):
        told = (paths.ROOT / file).read_text(encoding="utf-8")
        assert {table for table in written if f"`{table}`" not in told} == set(), file


async def test_a_table_that_speaks_of_a_group_or_a_person_is_guarded(tx: Transaction) -> None:
    speaking = await names(
        tx,
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name IN ('group_id', 'member_id', 'need_id', 'match_id', 'offer_id')",
    )
    assert speaking - set(GUARDED) == {"sign_in", "session"}


async def test_no_role_of_the_application_owns_anything_or_passes_by(tx: Transaction) -> None:
    assert await names(
        tx, "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename = ANY ($1)", list(await ours(tx))
    ) == {"careweb_owner"}
    roles = await (await driver(tx)).fetch("SELECT * FROM pg_roles WHERE rolname LIKE 'careweb\\__%'")
    assert {row["rolname"]: row["rolcanlogin"] for row in roles} == {
        "careweb_owner": False, "careweb_web": True, "careweb_matcher": True,
    }  # fmt: skip
    powers = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication")
    assert [row["rolname"] for row in roles if any(row[power] for power in powers)] == []
    members = "SELECT m.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member WHERE m.rolname LIKE 'careweb\\__%'"
    assert await names(tx, members) == set(), "neither may become another"


async def test_what_acts_as_the_owner_is_listed_with_who_may_call_it(tx: Transaction) -> None:
    rows = await (await driver(tx)).fetch(
        "SELECT proname, prosecdef, array_to_string(proconfig, ' ') AS config, pg_get_userbyid(proowner) AS owner,"
        " has_function_privilege('careweb_web', oid, 'EXECUTE') AS web,"
        " has_function_privilege('careweb_matcher', oid, 'EXECUTE') AS matcher"
        " FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    )
    assert {row["owner"] for row in rows} == {"careweb_owner"}
    definers = {row["proname"]: {role for role in ("web", "matcher") if row[role]} for row in rows if row["prosecdef"]}
    assert definers == DEFINERS
    assert [row["proname"] for row in rows if row["prosecdef"] and "search_path" not in (row["config"] or "")] == []
    others = {row["proname"] for row in rows if not row["prosecdef"] and (row["web"] or row["matcher"])}
    assert others == {"current_group", "current_member", "shared_languages", "zones_near"}


async def test_the_matcher_reads_and_writes_the_columns_of_the_list_and_no_other(tx: Transaction) -> None:
    """Of every table, guarded or open: a column that is added, or a right, wants a line that somebody has looked at."""
    rows = await (await driver(tx)).fetch(
        "SELECT t || ' ' || r || ': ' || string_agg(column_name, ' ' ORDER BY column_name) FROM unnest($1::text[]) t,"
        " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) r, information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = t"
        " AND has_column_privilege('careweb_matcher', t::regclass, column_name, r) GROUP BY t, r"
        " UNION ALL SELECT t || ' ' || r FROM unnest($1::text[]) t, unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) r"
        " WHERE has_table_privilege('careweb_matcher', t::regclass, r)",
        sorted(await ours(tx)),
    )  # fmt: skip
    assert sorted(row[0] for row in rows) == MATCHER.read_text(encoding="utf-8").splitlines()


async def test_the_matcher_reads_no_name_contact_text_or_key(tx: Transaction) -> None:
    readable = await names(
        tx,
        "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name = ANY ($1) AND has_column_privilege('careweb_matcher', table_name::regclass, column_name, 'SELECT')"
        " AND column_name ~ $2",
        list(GUARDED), NOT_FOR_THE_MATCHER,
    )  # fmt: skip
    assert readable == set()
    closed = [table for table, matched in GUARDED.items() if not matched]
    may = "SELECT t FROM unnest($1::text[]) t WHERE has_any_column_privilege('careweb_matcher', t::regclass, 'SELECT, INSERT, UPDATE')"
    assert await names(tx, may, closed) == set()


# Two groups, each with all that a group may have; and what each login sees of them.


@asynccontextmanager
async def as_login(login: Login, database: str) -> AsyncIterator[asyncpg.Connection]:
    settings = Settings.model_validate({"database_url": database})
    connection = await asyncpg.connect(address_for(login, settings, VAULT))
    try:
        yield connection
    finally:
        await connection.close()


async def fill(engine: Engine, slug: str) -> dict[str, Any]:
    async with committed(engine, NOON) as world:
        group = await world.group(slug)
        helper = await world.helper(group)
        need = await world.need(group)
        await world.match(need)
        ask = await world.ask_of(need, helper)
        await accept(world.ctx, ask, helper)
        match = await world.one("SELECT id FROM match WHERE need_id = $1", need)
        await add_helper_note(world.ctx, match, helper, "I am on my way")
        await _rest(world, group, helper, need)
        return {"group": group, "helper": helper, "need": need, "ask": ask, "match": match}


async def _rest(world: World, group: Any, helper: Any, need: Any) -> None:
    """What solvers and operators write, and a need that is over."""
    await grant_role(world.ctx, group, read_contact(f"{uuid4().hex}@example.org"), Role.COORDINATOR)
    await world.rows(
        "INSERT INTO membership (group_id, member_id, created_at) SELECT group_id, member_id, created_at FROM staff ON CONFLICT DO NOTHING"
    )
    for sql in (
        "INSERT INTO authenticator (id, member_id, kind, sealed_secret, created_at) SELECT gen_random_uuid(), member_id, 'app', '', now() FROM staff WHERE group_id = $1",
        "INSERT INTO channel (id, person_id, kind, position, created_at) SELECT member_id, member_id, 'email', 0, now() FROM staff WHERE group_id = $1",
        "INSERT INTO channel (id, person_id, kind, position, sealed_address, created_at) SELECT gen_random_uuid(), id, 'sms', 1, 'x', now() FROM need WHERE group_id = $1",
        "INSERT INTO recovery_code (member_id, code_hash) SELECT member_id, '' FROM staff WHERE group_id = $1",
        "INSERT INTO second_step_event (member_id, at, kind) SELECT member_id, now(), 'added' FROM staff WHERE group_id = $1",
        "INSERT INTO second_step_try (member_id) SELECT member_id FROM staff WHERE group_id = $1",
        "INSERT INTO opening (id, group_id, record, subject, asked_by, sealed_reason, state, asked_at) SELECT gen_random_uuid(), group_id, 'member', member_id, member_id, '', 'asked', now() FROM staff WHERE group_id = $1",
        "INSERT INTO audit_line (group_id, day, role, action, record, person, reason_hash, mac) VALUES ($1, current_date, 'steward', 'x', '', '', '', '')",
        "INSERT INTO audit_link SELECT group_id, 1, id, '' FROM audit_line WHERE group_id = $1",
        "INSERT INTO review (group_id, kind, need_id, cause, urgent, opened_at, due_at, kept_until) SELECT group_id, 'held', id, 'x', false, now(), now(), now() FROM need WHERE group_id = $1 AND purged_at IS NULL",
    ):
        await world.rows(sql, group)
    over = await world.need(group)
    await forget_need(world.ctx, over)
    await world.rows(
        "INSERT INTO disclosure (id, at, what, group_id, sealed_reason) VALUES (gen_random_uuid(), now(), 'needs', $1, '')",
        group,
    )
    await world.rows("INSERT INTO recruiting_line VALUES ('all', $1, '', '', 'yue', 'call', 'low', 1, now())", group)
    await world.rows("INSERT INTO standing VALUES ($1, 'all', false, 1, 1, 1, 1, 0, 0, now())", need)
    await world.rows("INSERT INTO market (slug, due_at) VALUES ('all', now()) ON CONFLICT DO NOTHING")
    await world.rows("INSERT INTO claim SELECT 'all', $1, $2, id, 'low' FROM offer WHERE member_id = $2", need, helper)


async def rows_of(connection: asyncpg.Connection, table: str) -> set[str]:
    return {row[0] for row in await connection.fetch(f"SELECT to_jsonb(t)::text FROM {table} t")}  # noqa: S608


async def act_in(connection: asyncpg.Connection, group: Any) -> None:
    await connection.execute("SELECT set_config('careweb.group', $1, true)", str(group))


OF_A_PERSON = {"channel": '"kind": "email"'}  # a member's rows, theirs alone: not even their group sees one
NOT_FOR_THE_WEB = {"disclosure", "claim", "offer_key", "audit_link"}
ITS_OWN = sorted(set(GUARDED) - NOT_FOR_THE_WEB)


@pytest_asyncio.fixture(scope="module")
async def apart(postgres: str, template: str) -> AsyncIterator[str]:
    """The address of a database for this file: nobody changes a row in it."""
    url = await servers.clone(postgres, template)
    yield url
    await servers.drop(postgres, url)


@pytest_asyncio.fixture(scope="module")
async def two(apart: str) -> dict[str, Any]:
    engine, operator = open_engine(apart), await asyncpg.connect(apart)
    east = await fill(engine, "east")
    of_east = {table: await rows_of(operator, table) for table in GUARDED}
    west = await fill(engine, "west")
    of_west = {table: await rows_of(operator, table) - of_east[table] for table in GUARDED}
    await operator.close()
    await engine.dispose()
    assert all(of_east[table] and of_west[table] for table in GUARDED), "there is something to hide in every table"
    return {"east": east, "west": west, "of_east": of_east, "of_west": of_west}


async def test_a_group_sees_all_of_its_own_and_nothing_else(two: dict[str, Any], apart: str) -> None:
    async with as_login(Login.WEB, apart) as web:
        for table in GUARDED:
            if table in NOT_FOR_THE_WEB:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await rows_of(web, table)
                continue
            assert await rows_of(web, table) == set(), f"{table}: no context, no rows"
            for group in ("east", "west"):
                async with web.transaction():
                    await act_in(web, two[group]["group"])
                    hidden = OF_A_PERSON.get(table, "no such row")
                    seen = {row for row in two[f"of_{group}"][table] if hidden not in row}
                    assert await rows_of(web, table) == seen, table
            assert await rows_of(web, table) == set(), f"{table}: the context ends with its transaction"


async def test_a_person_sees_their_own_and_no_other_persons(two: dict[str, Any], apart: str) -> None:
    async with as_login(Login.WEB, apart) as web, web.transaction():
        await web.execute("SELECT set_config('careweb.member', $1, true)", str(two["west"]["helper"]))
        for table in ITS_OWN:
            assert await rows_of(web, table) <= two["of_west"][table], table
        assert [row["id"] for row in await web.fetch("SELECT id FROM member")] == [two["west"]["helper"]]
        assert [row["id"] for row in await web.fetch("SELECT id FROM need")] == [two["west"]["need"]]


async def test_nothing_of_another_group_can_be_changed_or_added(two: dict[str, Any], apart: str) -> None:
    async with as_login(Login.WEB, apart) as web, web.transaction():
        await act_in(web, two["east"]["group"])
        west = two["west"]
        for sql, id in (
            ("UPDATE need SET helpers = 2 WHERE id = $1", west["need"]),
            ("UPDATE member SET per_week = 50 WHERE id = $1", west["helper"]),
            ("UPDATE ask SET state = 'cancelled' WHERE id = $1", west["ask"]),
            ("DELETE FROM data_key WHERE id = $1", west["need"]),
            ("DELETE FROM notice WHERE member_id = $1", west["helper"]),
            (
                "DELETE FROM authenticator WHERE member_id IN (SELECT member_id FROM staff WHERE group_id = $1)",
                west["group"],
            ),
        ):
            assert (await web.execute(sql, id)).split()[-1] == "0", sql
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with web.transaction():
                await web.execute(
                    "INSERT INTO membership (group_id, member_id, created_at) VALUES ($1, $2, now())",
                    west["group"],
                    two["east"]["helper"],
                )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with web.transaction():
                await web.execute(
                    "UPDATE need SET group_id = $1 WHERE group_id = $2", west["group"], two["east"]["group"]
                )


async def test_a_row_of_another_group_can_be_added_to_no_table(two: dict[str, Any], apart: str) -> None:
    """The rows are whole, and there already: where nothing refused them, their keys would."""
    columns = (
        "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns"
        " WHERE table_name = $1 AND is_generated = 'NEVER' AND is_identity = 'NO'"
    )
    may_add = "SELECT has_table_privilege('careweb_web', $1, 'INSERT')"
    tried = set()
    async with as_login(Login.WEB, apart) as web:
        await web.execute("SELECT set_config('careweb.group', $1, false)", str(two["east"]["group"]))
        for table in set(ITS_OWN) - BEFORE_A_GROUP:
            if not await web.fetchval(may_add, table):
                continue
            tried.add(table)
            named = await web.fetchval(columns, table)
            add = f"INSERT INTO {table} ({named}) SELECT {named} FROM jsonb_populate_record(CAST(NULL AS {table}), $1)"  # noqa: S608
            for row in two["of_west"][table]:
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                    await web.execute(add, row)
    assert len(tried) > 15


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("login", list(Login))
async def test_neither_login_becomes_another_or_changes_the_tables(login: Login, apart: str) -> None:
    async with as_login(login, apart) as connection:
        for sql in (
            "SET ROLE careweb_owner", "SET ROLE careweb_matcher" if login is Login.WEB else "SET ROLE careweb_web",
            "ALTER TABLE need DISABLE ROW LEVEL SECURITY", "CREATE TABLE mine (id int)", "DROP POLICY web ON need",
            "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "TRUNCATE need",
        ):  # fmt: skip
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)


@pytest.mark.usefixtures("two")
async def test_the_matcher_sees_both_groups_and_not_who_they_are(apart: str) -> None:
    async with as_login(Login.MATCHER, apart) as matcher:
        assert await matcher.fetchval("SELECT count(DISTINCT group_id) FROM offer") == 2
        for column in ("sealed_name", "sealed_contact", "contact_index", "*"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await matcher.fetch(f"SELECT {column} FROM member")  # noqa: S608
