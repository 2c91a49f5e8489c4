"""Files coming in: once, set by set, and nobody is asked or looked for who has not said yes."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from careweb.domain.columns import Imported, read_header
from careweb.domain.ids import GroupId, MemberId, NeedId
from careweb.domain.records import read_need, read_offer
from careweb.domain.rows import split_rows
from careweb.flows.context import Context
from careweb.flows.groups import admit
from careweb.flows.imported_needs import take_needs
from careweb.flows.imported_offers import take_offers
from careweb.flows.imports import BATCH, CONFIRMATIONS_A_SECOND, Begin, Import, Refusal, Tally
from careweb.flows.matching import offer_appeared
from careweb.flows.offers import switch_on
from careweb.flows.signin import confirm_by_link, open_need
from careweb.storage.database import Engine, driver, transaction
from careweb.storage.sealing import key_of
from tests.world import NOON, VAULT, World, committed

NEEDS = "ref,category,place,languages,urgency,helpers,posted_at,expires_at,note,contact"
OFFERS = "ref,categories,place,languages,radius_km,per_week,name,contact"
PO = "1,groceries,M1S 2K3,yue en,urgent,1,,,Rice and greens,po@example.org"
WING = "1,groceries,M1S,yue,10,3,Wing,wing@example.org"


@dataclass
class Brought:
    tally: Tally
    refused: list[Refusal] = field(default_factory=list)

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.tally.new, self.tally.there, self.tally.refused


async def bring(begin: Begin, group: GroupId, what: Imported, lines: list[str], consent: str = "") -> Brought:
    rows = split_rows(iter(io.StringIO("\n".join(lines) + "\n", newline="")))
    columns = read_header(next(rows).cells, what)
    refused: list[Refusal] = []
    read, take = (read_need, take_needs) if what is Imported.NEEDS else (read_offer, take_offers)
    one: Import[Any] = Import(
        begin=begin, columns=columns, read=partial(read, consented=bool(consent)),
        take=partial(take, group_id=group, consent=consent), refuse=refused.append, progress=lambda _tally: None,
    )  # fmt: skip
    return Brought(await one.run(rows), refused)


def inside(world: World) -> Begin:
    @asynccontextmanager
    async def begin() -> AsyncIterator[Context]:
        yield world.ctx

    return begin


async def needs(world: World, group: GroupId, *lines: str, consent: str = "") -> Brought:
    return await bring(inside(world), group, Imported.NEEDS, [NEEDS, *lines], consent)


async def offers(world: World, group: GroupId, *lines: str, consent: str = "") -> Brought:
    return await bring(inside(world), group, Imported.OFFERS, [OFFERS, *lines], consent)


async def notices(world: World) -> list[tuple[str, str]]:
    rows = await world.rows("SELECT kind, CASE WHEN need_id IS NULL THEN 'member' ELSE 'asker' END AS who FROM notice")
    return [(row["kind"], row["who"]) for row in rows]


async def the_need(world: World) -> NeedId:
    return NeedId(await world.one("SELECT id FROM need"))


async def the_member(world: World) -> MemberId:
    return MemberId(await world.one("SELECT id FROM member"))


async def test_an_imported_asker_gets_one_confirmation_and_nothing_happens(world: World) -> None:
    group = await world.group()
    assert (await needs(world, group, PO)).counts == (1, 0, 0)
    assert await notices(world) == [("confirm_import", "asker")]
    assert await world.owed() == {"warn_need", "expire_need", "close_silent_need", "deliver_notice"}
    await world.helper(group)
    await world.match(await the_need(world))
    assert await world.asked(await the_need(world)) == set()


async def test_whoever_confirms_is_looked_for(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    await needs(world, group, PO)
    need, _secret = await open_need(world.ctx, VAULT.sign("need", await the_need(world)))
    assert "match_need" in await world.owed()
    await world.match(need)
    assert await world.asked(need) == {helper}


async def test_what_a_person_wrote_is_sealed(world: World) -> None:
    await needs(world, await world.group(), PO)
    (row,) = await world.rows("SELECT * FROM need")
    sealer = await key_of(world.tx, VAULT, "need", row["id"])
    assert sealer
    assert sealer.open("contact", row["sealed_contact"]) == "po@example.org"
    assert sealer.open("text", row["sealed_text"]) == "Rice and greens"
    assert "po@example.org" not in str(dict(row))
    assert (row["zone_code"], row["languages"], row["source_ref"]) == ("M1S", ["yue", "en"], "1")


async def test_consent_is_kept_sealed_and_the_need_is_matched_at_once(world: World) -> None:
    await needs(world, await world.group(), PO, "2,ride,M1S,en,,,,,,", consent="signed on paper")
    assert await notices(world) == []
    assert "match_need" in await world.owed()
    for row in await world.rows("SELECT * FROM need"):
        sealer = await key_of(world.tx, VAULT, "need", row["id"])
        assert sealer
        assert sealer.open("consent", row["sealed_consent"]) == "signed on paper"
        assert "paper" not in str(dict(row))
        assert row["confirmed"]


async def test_an_asker_with_a_telephone_only_is_called_to_confirm(world: World) -> None:
    group = await world.group()
    await needs(world, group, "1,ride,M1S,en,,,,,,416-555-0199")
    assert await notices(world) == []
    assert await world.one("SELECT call_back FROM need") is True


async def test_importing_twice_changes_nothing(world: World) -> None:
    group = await world.group()
    await needs(world, group, PO)
    await offers(world, group, WING)
    count = "SELECT (SELECT count(*) FROM need) + (SELECT count(*) FROM offer) + (SELECT count(*) FROM member) + (SELECT count(*) FROM notice) + (SELECT count(*) FROM promise) + (SELECT count(*) FROM need_event) + (SELECT count(*) FROM data_key)"
    before = await world.one(count)
    world.later(hours=1)
    assert (await needs(world, group, PO.replace("Rice", "Bread"))).counts == (0, 1, 0)
    assert (await offers(world, group, WING)).counts == (0, 1, 0)
    assert await world.one(count) == before


async def test_another_group_may_use_the_same_ref(world: World) -> None:
    await needs(world, await world.group("east"), PO)
    assert (await needs(world, await world.group("west"), PO)).counts == (1, 0, 0)


async def test_a_ref_twice_in_one_file_is_named_near_and_far(world: World) -> None:
    many = [f"{n},ride,M1S,en,,,,,,a{n}@example.org" for n in range(2, BATCH + 2)]
    brought = await needs(world, await world.group(), PO, PO, *many, PO)
    assert brought.counts == (BATCH + 1, 0, 2)
    assert [(one.line, one.ref, one.column) for one in brought.refused] == [(3, "1", "ref"), (BATCH + 4, "1", "ref")]


async def test_good_rows_are_kept_and_bad_ones_named(world: World) -> None:
    bad = ["2,miracles,M1S,en,,,,,,a@example.org", '3,ride,"43.65, -79.38",en,,,,,,b@example.org', "4,ride", '5,"ride', "6,ride,M1S,en,,100000000000000,,,,c@example.org"]  # fmt: skip
    brought = await needs(world, await world.group(), *bad, PO)
    assert brought.counts == (1, 0, 5)
    named = [(one.line, one.ref, one.column) for one in brought.refused]
    assert named == [(2, "2", "category"), (3, "3", "place"), (4, "4", ""), (5, "", ""), (6, "6", "helpers")]
    assert not [one for one in brought.refused if "example.org" in one.reason or "43.65" in one.reason]


async def test_a_row_the_database_refuses_costs_no_other(engine: Engine) -> None:
    async with committed(engine) as world:
        group = await world.group()
        await world.rows("ALTER TABLE need ADD CHECK (source_ref NOT IN ('13', '400'))")

    @asynccontextmanager
    async def begin() -> AsyncIterator[Context]:
        async with transaction(engine) as tx:
            yield World(tx=tx).ctx

    lines = [NEEDS, *(f"{n},ride,M1S,en,,,,,,a{n}@example.org" for n in range(1, 601))]
    brought = await bring(begin, group, Imported.NEEDS, lines)
    assert brought.counts == (598, 0, 2)
    assert sorted((one.line, one.ref) for one in brought.refused) == [(14, "13"), (401, "400")]
    async with committed(engine) as world:
        assert await world.one("SELECT count(*) FROM need") == 598
        assert await world.one("SELECT count(*) FROM data_key WHERE record = 'need'") == 598
        assert await world.one("SELECT count(*) FROM promise WHERE job = 'expire_need'") == 598


async def test_an_imported_helper_is_asked_only_after_their_own_yes_and_a_coordinators(world: World) -> None:
    group = await world.group()
    need = await world.need(group)
    assert (await offers(world, group, WING)).counts == (1, 0, 0)
    assert await notices(world) == [("confirm_import", "member")]
    member = await the_member(world)
    await world.match(need)
    assert await world.asked(need) == set()
    await admit(world.ctx, group, member, by=None, note="known")
    await world.match(need)
    assert await world.asked(need) == set()
    await confirm_by_link(world.ctx, VAULT.sign("confirm", member))
    world.later(hours=1)
    await world.match(need)
    assert await world.asked(need) == {member}


async def test_an_imported_helper_waits_to_be_admitted_even_with_consent(world: World) -> None:
    group = await world.group()
    await offers(world, group, WING, consent="they signed our list")
    (row,) = await world.rows("SELECT m.confirmed, s.state, o.sealed_consent, m.id FROM member m JOIN membership s ON s.member_id = m.id JOIN offer o ON o.member_id = m.id")  # fmt: skip
    assert (row["confirmed"], row["state"]) == (True, "awaiting")
    assert await notices(world) == []
    sealer = await key_of(world.tx, VAULT, "member", row["id"])
    assert sealer
    assert sealer.open("consent", row["sealed_consent"]) == "they signed our list"


async def test_one_contact_is_one_person_whose_first_row_names_them(world: World) -> None:
    group = await world.group()
    await offers(world, group, WING, "2,ride,M2N,en,5,9,Someone Else,WING@example.org ")
    member = await the_member(world)
    assert await world.one("SELECT count(*) FROM member") == 1
    assert await world.one("SELECT count(*) FROM offer WHERE member_id = $1", member) == 2
    row = (await world.rows("SELECT sealed_name, per_week, time_zone FROM member"))[0]
    sealer = await key_of(world.tx, VAULT, "member", member)
    assert sealer
    assert (sealer.open("name", row["sealed_name"]), row["per_week"]) == ("Wing", 3)
    assert await notices(world) == [("confirm_import", "member")]


async def test_a_member_who_is_here_already_finds_the_offer_paused_and_keeps_their_pace(world: World) -> None:
    group = await world.group()
    member = await world.helper(group, address="wing@example.org", languages=("fr",), per_week=5)
    brought = await offers(world, group, WING)
    assert (brought.counts, brought.tally.paused) == ((1, 0, 0), 1)
    need = await world.need(group)
    await world.match(need)
    assert await world.asked(need) == set()
    (paused,) = await world.rows("SELECT id FROM offer WHERE state = 'paused'")
    await switch_on(world.ctx, paused["id"], member)
    world.later(hours=1)
    await world.match(need)
    assert await world.asked(need) == {member}
    assert await world.one("SELECT per_week FROM member") == 5


async def test_with_consent_an_admitted_member_may_be_asked_at_once(world: World) -> None:
    group = await world.group()
    await world.helper(group, address="wing@example.org", languages=("fr",))
    need = await world.need(group)
    await world.rows("DELETE FROM promise")
    await offers(world, group, WING, consent="told us on the phone")
    assert await world.owed() == {"offer_appeared"}
    await offer_appeared(world.ctx, await world.one("SELECT id FROM offer WHERE source_ref = '1'"))
    assert await world.one("SELECT subject FROM promise WHERE job = 'match_need'") == need


async def test_somebody_suspended_stays_suspended(world: World) -> None:
    group = await world.group()
    member = await world.helper(group, address="wing@example.org")
    await world.rows("UPDATE membership SET state = 'suspended'")
    await offers(world, group, WING, consent="on the list")
    assert await world.one("SELECT state FROM membership WHERE member_id = $1", member) == "suspended"


async def test_nothing_else_finds_a_way_into_a_need(world: World) -> None:
    """What a file cannot say is the careful choice."""
    await needs(world, await world.group(), PO)
    (row,) = await world.rows("SELECT reach, show_text, see_first, state, locale, imported_at FROM need")
    assert tuple(row) == ("group", False, False, "open", "en", NOON)


@pytest.mark.parametrize("what", [Imported.NEEDS, Imported.OFFERS])
async def test_a_file_with_a_header_only_takes_nothing(world: World, what: Imported) -> None:
    brought = await bring(inside(world), await world.group(), what, [NEEDS if what is Imported.NEEDS else OFFERS])
    assert brought.counts == (0, 0, 0)


@pytest.mark.parametrize("what", [Imported.NEEDS, Imported.OFFERS])
async def test_a_batch_takes_as_many_statements_as_one_row(world: World, what: Imported) -> None:
    """What keeps thirty thousand rows quick: see the measurement in docs/files.md."""
    group = await world.group()
    header, tail = (NEEDS, ",ride,M1S,en,,,,,,") if what is Imported.NEEDS else (OFFERS, ",ride,M1S,en,,,,")

    async def statements(start: int, count: int) -> int:
        connection, seen = await driver(world.tx), list[object]()
        with connection.query_logger(seen.append):
            lines = [f"{n}{tail}a{n}@example.org" for n in range(start, start + count)]
            assert (await bring(inside(world), group, what, [header, *lines])).counts == (count, 0, 0)
        return len(seen)

    assert await statements(1, 1) == await statements(2, BATCH)


async def test_many_confirmations_leave_room_for_other_messages(world: World) -> None:
    lines = [f"{n},ride,M1S,en,,,,,,a{n}@example.org" for n in range(BATCH + 1)]
    await needs(world, await world.group(), *lines)
    rows = await world.rows("SELECT due_at, count(*) FROM promise WHERE job = 'deliver_notice' GROUP BY 1 ORDER BY 1")
    later = NOON + timedelta(seconds=BATCH / CONFIRMATIONS_A_SECOND)
    assert [tuple(row) for row in rows] == [(NOON, BATCH), (later, 1)]
