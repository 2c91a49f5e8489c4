"""Files going out: what each holds, and what it does not without a reason."""

from careweb.domain.cells import unguarded
from careweb.domain.columns import WITH_CONTACT, Exported, export_columns
from careweb.domain.contacts import read_contact
from careweb.domain.ids import GroupId, NeedId
from careweb.flows.asks import accept
from careweb.flows.auditing import opened
from careweb.flows.exports import export, record_disclosure
from careweb.storage.sealing import destroy_key, key_of
from tests.world import VAULT, World


async def exported(
    world: World, what: Exported, group: GroupId | None, *, with_contact: bool = False
) -> list[dict[str, str]]:
    header, *rows = [cells async for cells in export(world.ctx, what, group, with_contact=with_contact)]
    assert header == export_columns(what, with_contact=with_contact)
    return [dict(zip(header, cells, strict=True)) for cells in rows]


async def helped(world: World, group: GroupId) -> NeedId:
    """Po asked, Wing said yes."""
    wing = await world.helper(group, address="wing@example.org")
    need = await world.need(group, text="=Rice and greens", contact=read_contact("+14165550123"))
    await world.match(need)
    await accept(world.ctx, await world.ask_of(need, wing), wing)
    return need


async def test_every_export_tells_the_story(world: World) -> None:
    group = await world.group()
    need = str(await helped(world, group))
    offer = str(await world.one("SELECT id FROM offer"))
    (row,) = await exported(world, Exported.NEEDS, group)
    assert (row["ref"], row["group"], row["category"], row["place"], row["languages"]) == (need, "east", "groceries", "M1S", "yue")  # fmt: skip
    assert (row["state"], row["filled"], row["confirmed"], row["closed_at"]) == ("matched", "1", "true", "")
    assert (row["posted_at"], row["needed_by"]) == ("2026-11-23T17:00:00Z", "2026-11-24T17:00:00Z")
    (row,) = await exported(world, Exported.OFFERS, group)
    assert (row["ref"], row["membership"], row["radius_km"], row["per_week"]) == (offer, "admitted", "10", "5")
    (row,) = await exported(world, Exported.ASKS, group)
    assert (row["need_ref"], row["offer_ref"], row["wave"], row["state"]) == (need, offer, "1", "accepted")
    assert row["answered_at"] == "2026-11-23T17:00:00Z"
    (row,) = await exported(world, Exported.MATCHES, group)
    assert (row["need_ref"], row["offer_ref"], row["slot"], row["state"]) == (need, offer, "1", "connected")


async def test_nothing_a_person_wrote_leaves_without_a_reason(world: World) -> None:
    group = await world.group()
    await helped(world, group)
    for what in Exported:
        text = str(await exported(world, what, group))
        for secret in ("Po", "Wing", "555", "wing@", "Rice"):
            assert secret not in text


async def test_with_a_reason_they_leave_and_formulas_leave_harmless(world: World) -> None:
    group = await world.group()
    await helped(world, group)
    (row,) = await exported(world, Exported.NEEDS, group, with_contact=True)
    assert [row[column.name] for column in WITH_CONTACT[Exported.NEEDS]] == ["Po", "'+14165550123", "'=Rice and greens"]
    assert unguarded(row["contact"]) == "+14165550123"
    (row,) = await exported(world, Exported.OFFERS, group, with_contact=True)
    assert (row["name"], row["contact"]) == ("Wing", "wing@example.org")


async def test_the_reason_is_kept_sealed(world: World) -> None:
    group = await world.group()
    await record_disclosure(world.ctx, Exported.NEEDS, group, "calls by hand during the outage")
    (row,) = await world.rows("SELECT * FROM disclosure")
    assert (row["what"], row["group_id"], row["at"]) == ("needs", group, world.now)
    assert b"outage" not in row["sealed_reason"]
    sealer = await key_of(world.tx, VAULT, "disclosure", row["id"])
    assert sealer
    assert sealer.open("reason", row["sealed_reason"]) == "calls by hand during the outage"


async def test_what_was_purged_is_empty(world: World) -> None:
    group = await world.group()
    await destroy_key(world.tx, VAULT, "need", await helped(world, group), world.now)
    (row,) = await exported(world, Exported.NEEDS, group, with_contact=True)
    assert (row["name"], row["contact"], row["note"]) == ("", "", "")


async def test_another_groups_rows_do_not_leave(world: World) -> None:
    east, west = await world.group("east"), await world.group("west")
    await helped(world, east)
    for what in Exported:
        assert await exported(world, what, west) == []
        assert len(await exported(world, what, None)) == 1


async def test_refs_are_those_of_the_file_and_tell_groups_apart_where_there_are_several(world: World) -> None:
    group = await world.group()
    await helped(world, group)
    await world.rows("UPDATE need SET source_ref = '-17'")
    await world.rows("UPDATE offer SET source_ref = 'o1'")
    assert (await exported(world, Exported.NEEDS, group))[0]["ref"] == "'-17"
    (row,) = await exported(world, Exported.ASKS, None)
    assert (row["need_ref"], row["offer_ref"]) == ("east/-17", "east/o1")


async def test_what_another_group_calls_its_offer_stays_there(world: World) -> None:
    east, west = await world.group("east"), await world.group("west")
    await helped(world, east)
    await world.rows("UPDATE offer SET source_ref = 'mrs-chan', group_id = $1", west)
    for what in (Exported.ASKS, Exported.MATCHES):
        (row,) = await exported(world, what, east)
        assert row["offer_ref"] == str(await world.one("SELECT id FROM offer"))


async def test_each_person_sees_that_their_details_left_and_why(world: World) -> None:
    group = await world.group()
    need = await helped(world, group)
    await record_disclosure(world.ctx, Exported.NEEDS, group, "for the board of the alliance")
    (line,) = await opened(world.ctx, "need", need)
    assert (line.role, line.action, line.reason) == ("operator", "exported", "for the board of the alliance")
    await record_disclosure(world.ctx, Exported.OFFERS, None, "a new list")
    wing = await world.one("SELECT member_id FROM offer")
    assert [(line.action, line.reason) for line in await opened(world.ctx, "member", wing)] == [
        ("exported", "a new list")
    ]
