"""How long anything is kept: each row of docs/privacy.md names one of these, with the clock stopped."""

import base64
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from careweb import paths
from careweb.domain.contacts import read_contact
from careweb.domain.errors import WrongCodeError
from careweb.domain.reviews import Cause
from careweb.domain.states import CloseReason, NeedState, Role
from careweb.flows.asks import accept, decline
from careweb.flows.channels import add_browser
from careweb.flows.following import follow
from careweb.flows.forgetting import forget_need
from careweb.flows.groups import grant_role
from careweb.flows.matches import add_note
from careweb.flows.members import forget_member
from careweb.flows.needs import confirm_met, end_need
from careweb.flows.notices import owe_notice
from careweb.flows.reports import Said, report_helper
from careweb.flows.second_step import begin_app, begun_app, confirm_app, make_recovery_codes, show_code
from careweb.flows.signin import open_session, request_sign_in, see_session
from careweb.flows.timing import end_old_sessions, purge_need
from careweb.storage.factors import app_code
from careweb.storage.sealing import key_of
from tests.world import VAULT, World

NOBODY = UUID(int=0)
SUBSCRIPTION = json.dumps({
    "endpoint": "https://fcm.googleapis.com/fcm/send/x",
    "keys": {"p256dh": base64.urlsafe_b64encode(b"\x04" * 65).decode(), "auth": base64.urlsafe_b64encode(b"a" * 16).decode()},
})  # fmt: skip
PURGED = timedelta(days=14)
MOMENTS = """SELECT column_name FROM information_schema.columns
    WHERE table_name = $1 AND data_type = 'timestamp with time zone' ORDER BY 1"""


async def met(world: World, **changes: Any) -> tuple[Any, Any, Any]:
    """A need that somebody met, with notes; who asked, and who helped."""
    group = await world.group()
    helper, other = await world.helper(group), await world.helper(group, name="Mei")
    need = await world.need(group, **{"contact": read_contact("po@example.org"), "text": "Insulin", **changes})
    await world.match(need)
    world.later(minutes=50)
    await accept(world.ctx, await world.ask_of(need, helper), helper)
    match = await world.one("SELECT id FROM match WHERE need_id = $1", need)
    await add_note(world.ctx, match, need, "asker", "The blue door")
    world.later(hours=2)
    await confirm_met(world.ctx, need)
    return need, helper, other


async def row_of(world: World, table: str, column: str, id: Any) -> Any:
    return await world.rows(f"SELECT * FROM {table} WHERE {column} = $1", id)  # noqa: S608


async def test_fourteen_days_after_it_ended_nothing_says_who_asked_and_what(world: World) -> None:
    need, _, _ = await met(world)
    ended = world.now
    world.now = ended + PURGED - timedelta(seconds=1)
    await purge_need(world.ctx, need)
    assert (await follow(world.ctx, need)).text == "Insulin", "not before"
    world.now = ended + PURGED
    await purge_need(world.ctx, need)
    (row,) = await row_of(world, "need", "id", need)
    of_a_person = [name for name in row.keys() if name.startswith("sealed_") or name.endswith("_hash")]  # noqa: SIM118
    of_a_person += ["contact_index", "member_id", "source_ref", "consent_reason"]
    assert {name: row[name] for name in of_a_person} == dict.fromkeys(of_a_person)
    assert row["wrong_secrets"] == []
    assert await key_of(world.tx, VAULT, "need", need) is None


async def test_notes_go_with_the_need_they_were_about(world: World) -> None:
    need, _, _ = await met(world)
    assert await world.one("SELECT count(*) FROM thread_note") == 1
    world.later(days=14)
    await purge_need(world.ctx, need)
    assert await world.one("SELECT count(*) FROM thread_note") == 0


async def test_words_of_a_coordinator_on_closing_go_too(world: World) -> None:
    need = await world.need(await world.group())
    closed = {"actor": "coordinator", "kind": "closed", "close_reason": CloseReason.OTHER, "words": "told me why"}
    await end_need(world.ctx, need, NeedState.CLOSED, **closed)  # type: ignore[arg-type]
    assert await world.one("SELECT count(*) FROM need_event WHERE sealed_reason IS NOT NULL") == 1
    world.later(days=14)
    await purge_need(world.ctx, need)
    assert await world.one("SELECT count(*) FROM need_event WHERE sealed_reason IS NOT NULL") == 0


@pytest.mark.parametrize(
    ("table", "column"), [("need", "id"), ("need_event", "need_id"), ("ask", "need_id"), ("match", "need_id")]
)
async def test_every_time_of_what_was_purged_is_that_of_its_week(world: World, table: str, column: str) -> None:
    need, _, _ = await met(world)
    world.later(days=14)
    await purge_need(world.ctx, need)
    names = [row["column_name"] for row in await world.rows(MOMENTS, table)]
    rows = await row_of(world, table, column, need)
    assert names
    assert rows
    for row in rows:
        exact = [name for name in names if row[name] and not _begins_a_week(row[name])]
        assert exact == [], "a time that was added to a table belongs into its purge"


def _begins_a_week(moment: datetime) -> bool:
    return (moment.weekday(), moment.hour, moment.minute, moment.second) == (0, 0, 0, 0)


async def test_time_to_help_is_counted_before_it_is_destroyed_and_once(world: World) -> None:
    need, _, _ = await met(world)
    world.later(days=14)
    for _ in range(2):
        await purge_need(world.ctx, need)
    (tally,) = await world.rows("SELECT * FROM tally")
    said = {name: tally[name] for name in ("category", "language", "urgency", "state", "helped", "needs")}
    assert said == {
        "category": "groceries", "language": "yue", "urgency": "urgent", "state": "met", "helped": "1h", "needs": 1,
    }  # fmt: skip
    assert tally["week"].weekday() == 0


async def test_how_often_somebody_said_yes_outlives_the_asks_it_was_counted_from(world: World) -> None:
    need, helper, _ = await met(world)
    world.later(days=14)
    await purge_need(world.ctx, need)
    (member,) = await row_of(world, "member", "id", helper)
    assert (member["asks_answered"] > 0, member["asks_accepted"]) == (True, 1)


async def test_times_of_a_volunteers_week_are_gone_once_they_count_for_nothing(world: World) -> None:
    need, helper, _ = await met(world)

    async def times() -> int:
        await end_old_sessions(world.ctx, NOBODY)
        return int(
            await world.one("SELECT cardinality(task_times) + cardinality(ask_times) FROM member WHERE id = $1", helper)
        )

    assert await times() == 2
    world.later(days=6.8)
    assert await times() == 2
    world.later(days=0.2)
    assert await times() == 0
    assert need


@pytest.mark.parametrize("state", ["sent", "failed", "parked"])
async def test_that_a_message_was_sent_is_forgotten_after_thirty_days(world: World, state: str) -> None:
    need, helper, _ = await met(world)
    await world.rows("UPDATE notice SET state = $1, sent_at = created_at", state)
    first = await world.one("SELECT min(created_at) FROM notice")
    world.now = first + timedelta(days=30) - timedelta(seconds=1)
    await owe_notice(world.ctx, "remind", need, member_id=helper)
    await end_old_sessions(world.ctx, NOBODY)
    assert await world.one("SELECT min(created_at) FROM notice") == first
    world.later(days=31)
    await end_old_sessions(world.ctx, NOBODY)
    assert [row["kind"] for row in await world.rows("SELECT kind FROM notice")] == ["remind"], "what is owed stays owed"


async def test_sign_ins_live_for_minutes_and_sessions_for_thirty_days(world: World) -> None:
    helper = await world.helper(await world.group(), address="wing@example.org")
    await open_session(world.ctx, member_id=helper)
    await request_sign_in(world.ctx, read_contact("wing@example.org"), locale="en")
    await world.one("UPDATE notice SET state = 'sent'")

    async def left() -> tuple[int, int, int]:
        await end_old_sessions(world.ctx, NOBODY)
        told = await world.one("SELECT count(*) FROM notice WHERE kind = 'sign_in'")
        return await world.one("SELECT count(*) FROM sign_in"), told, await world.one("SELECT count(*) FROM session")

    world.later(minutes=9.9)
    assert await left() == (1, 1, 1)
    world.later(minutes=0.2)
    assert await left() == (0, 0, 1)
    world.later(days=31)
    assert await left() == (0, 0, 0)


@pytest.mark.parametrize(
    ("coordinates", "used", "hours"),
    [(False, True, 30 * 24), (False, False, 14 * 24), (True, True, 12), (True, False, 2)],
)
async def test_a_session_is_kept_for_as_long_as_it_may_last_or_lie_unused(
    world: World, *, coordinates: bool, used: bool, hours: int
) -> None:
    group, contact = await world.group(), read_contact("wing@example.org")
    member = (
        await grant_role(world.ctx, group, contact, Role.COORDINATOR)
        if coordinates
        else await world.helper(group, address=contact.address)
    )
    secret, begun = await open_session(world.ctx, member_id=member), world.now

    async def left() -> int:
        await end_old_sessions(world.ctx, NOBODY)
        return int(await world.one("SELECT count(*) FROM session"))

    for part in range(1, 10 if used else 1):
        world.now = begun + timedelta(hours=hours) * part / 10
        await see_session(world.ctx, secret)
    world.now = begun + timedelta(hours=hours) - timedelta(seconds=1)
    assert await left() == 1
    world.now = begun + timedelta(hours=hours)
    assert await left() == 0


async def test_a_second_step_goes_with_its_member(world: World) -> None:
    group = await world.group()
    staff = await grant_role(world.ctx, group, read_contact("jo@example.org"), Role.COORDINATOR)
    app = await begin_app(world.ctx, staff)
    secret = base64.b32decode((await begun_app(world.ctx, staff, app)).secret)
    session = await open_session(world.ctx, member_id=staff)
    await confirm_app(world.ctx, staff, app, app_code(secret, world.now), session=session)
    await make_recovery_codes(world.ctx, staff)
    with pytest.raises(WrongCodeError):
        await show_code(world.ctx, staff, "000000", session=session)

    async def left() -> list[int]:
        tables = ("authenticator", "recovery_code", "second_step_event", "second_step_try")
        return [await world.one(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608

    assert await left() == [1, 8, 2, 1]
    await forget_member(world.ctx, staff)
    assert await left() == [0, 0, 0, 0]


async def test_a_form_is_remembered_for_a_day(world: World) -> None:
    await world.one("INSERT INTO sent_form (form_hash, sent_at) VALUES ('x', $1)", world.now)
    world.later(hours=23.9)
    await end_old_sessions(world.ctx, NOBODY)
    assert await world.one("SELECT count(*) FROM sent_form") == 1
    world.later(hours=0.2)
    await end_old_sessions(world.ctx, NOBODY)
    assert await world.one("SELECT count(*) FROM sent_form") == 0


async def test_who_says_stop_everything_is_forgotten_in_that_moment(world: World) -> None:
    group = await world.group()
    helper, waiting = await world.helper(group), await world.helper(group, name="Mei")
    need = await world.need(group, contact=read_contact("po@example.org"), text="Insulin", helpers=2)
    await world.match(need)
    await accept(world.ctx, await world.ask_of(need, helper), helper)
    await forget_need(world.ctx, need)
    assert await key_of(world.tx, VAULT, "need", need) is None
    (row,) = await row_of(world, "need", "id", need)
    assert (row["sealed_name"], row["sealed_contact"], row["sealed_text"], row["contact_index"]) == (None,) * 4
    assert row["state"] == "withdrawn"
    assert await world.one("SELECT count(*) FROM ask WHERE state IN ('planned', 'sent')") == 0
    told = {row["member_id"] for row in await world.rows("SELECT member_id FROM notice WHERE kind = 'need_ended'")}
    assert told == {helper}, "whoever said yes is told that it is over"
    assert await world.one("SELECT task_times FROM member WHERE id = $1", helper) == [], "and has their week back"
    assert await world.one("SELECT count(*) FROM promise WHERE subject = $1", need) == 0
    await forget_need(world.ctx, need)
    assert waiting


@pytest.mark.parametrize("ended", [False, True])
async def test_a_member_who_leaves_takes_their_own_needs_with_them(world: World, ended: bool) -> None:
    group = await world.group()
    member = await world.helper(group)
    need = await world.need(group, member=member)
    if ended:
        await confirm_met(world.ctx, need)
    await forget_member(world.ctx, member)
    assert await key_of(world.tx, VAULT, "need", need) is None
    assert await key_of(world.tx, VAULT, "member", member) is None
    memberships = await row_of(world, "membership", "member_id", member)
    offers = await row_of(world, "offer", "member_id", member)
    moments = [row["created_at"] for row in (*memberships, *offers)] + [row["decided_at"] for row in memberships]
    assert all(map(_begins_a_week, moments))
    assert {(row["state"], row["source_ref"], row["sealed_consent"]) for row in offers} == {("ended", None, None)}
    assert await world.one("SELECT count(*) FROM offer_key") == 0, "nothing that matching worked out from them"


async def test_a_block_outlives_whoever_asked_for_it(world: World) -> None:
    helper = await world.helper(await world.group(), address="wing@example.org")
    one, other = sorted(VAULT.contact_index(read_contact(who)) for who in ("wing@example.org", "po@example.org"))
    await world.one(
        "INSERT INTO apart (one, other, kind, created_at) VALUES ($1, $2, 'block', $3)", one, other, world.now
    )
    await forget_member(world.ctx, helper)
    assert await world.one("SELECT count(*) FROM apart") == 1


async def test_what_a_volunteer_answered_stays_with_their_id_alone(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    ask = await world.ask_of(need, helper)
    await decline(world.ctx, ask, helper)
    await forget_need(world.ctx, need)
    (row,) = await row_of(world, "ask", "id", ask)
    assert (row["state"], row["member_id"]) == ("declined", helper)


PAGE = (paths.ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| .+\|$", PAGE.split("\n## What is stored\n")[1].split("\n## ")[0], re.MULTILINE)[2:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_each_row_of_the_retention_table_names_a_test_that_is_there(row: str) -> None:
    named = re.findall(r"\[test\]\(\.\./(tests/\S+\.py) \"(test_\w+)\"\)", row)
    assert named, row
    for file, test in named:
        assert f"def {test}(" in Path(paths.ROOT, file).read_text(encoding="utf-8"), test


async def test_where_an_asker_is_told_lies_sealed_and_goes_with_their_need(world: World) -> None:
    need, _, _ = await met(world)
    await add_browser(world.ctx, need, SUBSCRIPTION, "a browser")
    ended = world.now
    world.now = ended + PURGED - timedelta(seconds=1)
    await purge_need(world.ctx, need)
    rows = await row_of(world, "channel", "person_id", need)
    assert {row["kind"] for row in rows} == {"email", "push"}, "not before"
    assert not any(b"googleapis" in value for row in rows for value in row.values() if isinstance(value, bytes))
    world.now = ended + PURGED
    await purge_need(world.ctx, need)
    assert await row_of(world, "channel", "person_id", need) == []


async def test_who_says_stop_everything_is_told_nothing_more_even_where_a_report_keeps_the_rest(world: World) -> None:
    need, _, _ = await met(world)
    await add_browser(world.ctx, need, SUBSCRIPTION, "a browser")
    match = await world.one("SELECT id FROM match WHERE need_id = $1", need)
    await report_helper(world.ctx, need, match, Said(cause=Cause.UNKIND, text="Shouted"))
    assert await forget_need(world.ctx, need), "kept for a while"
    assert await row_of(world, "channel", "person_id", need) == []
    assert await world.one("SELECT mail_stopped FROM need WHERE id = $1", need)


async def test_shelves_of_offers_know_of_no_offer_and_of_no_person(world: World) -> None:
    columns = await world.rows("""SELECT table_name || '.' || column_name AS name FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name IN ('offer_shelf', 'offer_step') ORDER BY 1""")
    assert [row["name"] for row in columns] == [
        "offer_shelf.audience", "offer_shelf.category", "offer_shelf.id", "offer_shelf.language", "offer_shelf.widest_km",
        "offer_shelf.zones", "offer_step.shelf", "offer_step.step", "offer_step.zone",
    ]  # fmt: skip


# Every other table holds something of a person and is a row of docs/privacy.md. Whoever adds one to these says that it does not.
OF_NOBODY = {
    "care_group",  # a group's own public lines
    "category", "language", "language_alias", "language_pair", "region", "region_set", "zone", "zone_around", "zone_near",
    "zone_postal", "zone_region", "reference_data",  # the same in every installation
    "load_horizon", "market",  # when a solver looked last, and totals
    "master_key", "migration",  # which keys and tables there are
}  # fmt: skip


async def test_every_table_is_in_the_retention_table_or_in_the_list_of_those_that_know_of_nobody(world: World) -> None:
    found = await world.rows("""SELECT c.relname FROM pg_class c
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')""")
    tables = {row["relname"] for row in found}
    told = {table for table in tables if f"`{table}`" in "".join(ROWS)}
    assert sorted(tables - told) == sorted(OF_NOBODY)
    named = {name for row in ROWS for name in re.findall(r"`([a-z_]+)`", row.split("|")[2])}
    assert sorted(named - tables) == ["erased"], "a folder; every other name is that of a table that is there"
