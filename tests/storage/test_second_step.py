"""What proves a second step counts once, for its own person and in its time. `make mutation` drops each guard."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from careweb.domain.ids import MemberId
from careweb.storage.database import run
from tests.world import NOON, World


async def add(
    world: World, member: MemberId, *, kind: str = "app", counter: int = 5, confirmed: datetime | None = NOON
) -> UUID:
    id = uuid4()
    await run(
        world.tx, "add_authenticator", id=id, member_id=member, kind=kind, counter=counter, confirmed_at=confirmed,
        credential_index=id.bytes if kind == "passkey" else None, sealed_secret=b"", now=NOON,
    )  # fmt: skip
    return id


async def shown(world: World, query: str, counters: tuple[int, ...], **who: Any) -> list[bool]:
    more = {"now": NOON} if query == "use_authenticator" else {}
    return [bool(await run(world.tx, query, counter=counter, **who, **more)) for counter in counters]


async def test_a_code_of_an_app_is_its_own_persons_and_newer_than_the_last(world: World, sam: MemberId) -> None:
    app = await add(world, sam)
    assert await shown(world, "use_authenticator", (6,), id=app, member_id=uuid4()) == [False]
    assert await shown(world, "use_authenticator", (5, 6, 6), id=app, member_id=sam) == [False, True, False]


async def test_a_passkey_is_its_own_persons_and_counts_or_says_zero_always(world: World, sam: MemberId) -> None:
    app, counting, zero = [
        await add(world, sam, kind=kind, counter=counter)
        for kind, counter in (("app", 5), ("passkey", 5), ("passkey", 0))
    ]
    assert await shown(world, "use_passkey", (6,), id=app, member_id=sam) == [False]
    assert await shown(world, "use_passkey", (6,), id=counting, member_id=uuid4()) == [False]
    assert await shown(world, "use_passkey", (5, 6, 6, 0), id=counting, member_id=sam) == [False, True, False, False]
    assert await shown(world, "use_passkey", (0, 0, 1, 0), id=zero, member_id=sam) == [True, True, True, False]


async def test_what_was_begun_gives_way_and_what_was_confirmed_stays(world: World, sam: MemberId) -> None:
    there = await add(world, sam)
    await add(world, sam, confirmed=None)
    begun = await add(world, sam, confirmed=None)
    assert {row["id"] for row in await run(world.tx, "authenticators", member_id=sam)} == {there, begun}
    assert await run(world.tx, "remove_authenticator", id=there, member_id=uuid4()) is None
    assert await run(world.tx, "remove_authenticator", id=there, member_id=sam)


async def test_a_code_on_paper_is_good_once_until_there_are_new_ones(world: World, sam: MemberId) -> None:
    for codes in ([b"a", b"b"], [b"c"]):
        await run(world.tx, "replace_recovery_codes", member_id=sam, hashes=codes)
    used = [
        bool(await run(world.tx, "use_recovery_code", member_id=sam, code_hash=code, now=NOON))
        for code in (b"a", b"x", b"c", b"c")
    ]
    assert used == [False, False, True, False]


async def test_after_ten_tries_within_an_hour_there_are_none_until_it_is_over(world: World, sam: MemberId) -> None:
    minutes = [*range(10), 10, 59, 60, 60]
    tried = [
        bool(await run(world.tx, "begin_second_try", member_id=sam, now=NOON + timedelta(minutes=minute)))
        for minute in minutes
    ]
    assert tried == [True] * 10 + [False, False, True, False]


async def test_what_a_passkey_was_asked_to_sign_is_good_for_a_while(world: World, sam: MemberId) -> None:
    await run(world.tx, "set_challenge", member_id=sam, challenge=b"sign", until=NOON)
    taken = [
        await run(world.tx, "take_challenge", member_id=sam, now=NOON + timedelta(seconds=after)) for after in (0, -1)
    ]
    assert taken == [None, b"sign"]
