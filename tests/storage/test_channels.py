"""A channel is its own person's, and proven by its code alone. `make mutation` drops each guard."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from careweb.domain.ids import MemberId
from careweb.storage.database import run
from tests.storage.test_reach_of_moves import PO
from tests.world import NOON, World


async def add(
    world: World, person: Any, *, kind: str = "sms", state: str = "on", most: int = 5, address: bytes = b""
) -> UUID | None:
    id = uuid4()
    added: UUID | None = await run(
        world.tx, "add_channel", id=id, person_id=person, kind=kind, state=state, sealed_address=b"x",
        address_index=address or id.bytes, most=most, now=NOON,
    )  # fmt: skip
    return added


async def row(world: World, id: Any) -> Any:
    [found] = await world.rows("SELECT * FROM channel WHERE id = $1", id)
    return found


async def test_nobody_has_more_channels_than_so_many(world: World, sam: MemberId) -> None:
    assert [bool(await add(world, sam, most=2)) for _ in range(3)] == [True, True, False]


async def test_a_channel_is_proven_by_its_own_person_before_the_fifth_wrong_code(world: World, sam: MemberId) -> None:
    channel = await add(world, sam, state="unproven")
    await run(world.tx, "count_wrong_channel_code", id=channel, person_id=uuid4())
    assert (await row(world, channel))["wrong_codes"] == 0
    assert not await run(world.tx, "prove_channel", id=channel, person_id=uuid4())
    await world.rows("UPDATE channel SET wrong_codes = 5")
    assert not await run(world.tx, "prove_channel", id=channel, person_id=sam)
    await world.rows("UPDATE channel SET wrong_codes = 4")
    assert await run(world.tx, "prove_channel", id=channel, person_id=sam)


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("stop_channel", {"series": []}),
        ("set_channel_details", {"details": True}),
        ("remove_channel", {}),
        ("restart_channel", {}),
    ],
)
async def test_nobody_changes_the_channel_of_another(
    world: World, sam: MemberId, query: str, more: dict[str, Any]
) -> None:
    channel = await add(world, sam, state="off" if query == "restart_channel" else "on")
    before = await row(world, channel)
    await run(world.tx, query, id=channel, person_id=uuid4(), **more)
    assert await row(world, channel) == before


async def test_nobody_orders_the_channels_of_another(world: World, sam: MemberId) -> None:
    channels = [await add(world, sam) for _ in range(2)]
    await run(world.tx, "order_channels", person_id=uuid4(), ids=channels[::-1])
    assert [(await row(world, channel))["position"] for channel in channels] == [1, 2]


async def test_mail_is_not_taken_out_since_they_sign_in_with_it(world: World, sam: MemberId) -> None:
    await run(world.tx, "keep_mail_channel", person_id=sam, now=NOON)
    await run(world.tx, "remove_channel", id=sam, person_id=sam)
    assert await row(world, sam)


async def test_mail_is_a_channel_of_those_who_gave_an_address(world: World, sam: MemberId) -> None:
    need = await world.need(await world.group("west"), contact=PO)
    for kind, kept in (("phone", False), ("email", True)):
        for table, person in (("member", sam), ("need", need)):
            await world.rows(f"UPDATE {table} SET contact_kind = $1", kind)  # noqa: S608
            await run(world.tx, "keep_mail_channel", person_id=person, now=NOON)
            assert bool(await world.rows("SELECT FROM channel WHERE id = $1", person)) == kept, (table, kind)


async def test_a_channel_stops_for_its_own_series_at_its_own_address(world: World) -> None:
    group = await world.group()
    need, again, other = [await world.need(group) for _ in range(3)]
    channels = {
        "this": await add(world, need, address=b"one"),
        "again": await add(world, again, address=b"one"),
        "elsewhere": await add(world, again, address=b"two"),
        "another's": await add(world, other, address=b"one"),
    }
    await run(world.tx, "stop_channel", id=channels["this"], person_id=need, series=[need, again])
    stopped = {name for name, id in channels.items() if (await row(world, id))["state"] == "stopped"}
    assert stopped == {"this", "again"}


async def test_with_their_browsers_no_other_channel_is_forgotten(world: World, sam: MemberId) -> None:
    text, _ = [await add(world, sam, kind=kind) for kind in ("sms", "push")]
    await run(world.tx, "forget_browsers", person_id=sam)
    assert [found["id"] for found in await world.rows("SELECT id FROM channel WHERE person_id = $1", sam)] == [text]
