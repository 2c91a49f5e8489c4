"""What the checker of `make faults` says where a promise was broken: it must not be looser than its line."""

import time
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.reviews import Cause
from careweb.flows.asks import accept
from careweb.flows.notices import owe_notice
from careweb.flows.reports import Said, report_asker
from careweb.storage.database import Transaction, driver
from tests.faults.acts import checks
from tests.faults.checker import after_a_block
from tests.faults.people import Diary
from tests.faults.post import Delivery
from tests.world import World

NOW = time.monotonic()


@pytest.fixture
async def two(tx: Transaction) -> dict[str, Any]:
    """A helper who was asked about two needs of one asker, and said yes to one."""
    world = World(tx=tx)
    group = await world.group()
    helper = await world.helper(group)
    needs = [await world.need(group, contact=read_contact("po@example.org"), text=text) for text in ("a", "b")]
    asks = []
    for need in needs:
        await world.rows("UPDATE ask SET state = 'timed_out'")
        await world.match(need)
        asks.append(await world.ask_of(need, helper))
    await accept(world.ctx, asks[0], helper)
    match = await world.one("SELECT id FROM match")
    return {"world": world, "helper": helper, "needs": needs, "asks": asks, "match": match, "db": await driver(tx)}


async def rows(found: Any) -> list[Any]:
    return [row async for row in found]


async def test_a_yes_to_one_need_is_none_to_another(two: dict[str, Any]) -> None:
    yes, other = two["asks"]
    assert await rows(checks.without_two_yeses(two["db"], pressed=[yes], chose=[])) == []
    assert len(await rows(checks.without_two_yeses(two["db"], pressed=[other], chose=[]))) == 1


async def test_two_messages_of_one_kind_about_one_need_are_one_too_many(two: dict[str, Any]) -> None:
    world, db = two["world"], two["db"]

    async def delivered() -> list[UUID]:
        return [row["id"] for row in await world.rows("SELECT id FROM notice")]

    assert await rows(checks.told_twice(db, delivered=await delivered())) == []
    again = uuid4()
    await world.rows(
        "INSERT INTO ask (id, need_id, offer_id, member_id, group_id, round, wave, urgent, language, terms, planned_at, times_out_at, state)"
        " SELECT $1, need_id, offer_id, member_id, group_id, round + 1, wave, urgent, language, terms, planned_at, times_out_at, 'declined'"
        " FROM ask WHERE id = $2", again, two["asks"][0],
    )  # fmt: skip
    await owe_notice(world.ctx, "ask", again, member_id=two["helper"])
    (found,) = await rows(checks.told_twice(db, delivered=await delivered()))
    assert (found["kind"], found["thing"]) == ("ask", two["needs"][0])


async def test_matches_of_two_who_are_kept_apart_are_found_by_the_account_too(two: dict[str, Any]) -> None:
    world, db = two["world"], two["db"]
    account = await world.helper(await world.one("SELECT id FROM care_group"), address="account@example.org")
    await world.rows("UPDATE need SET member_id = $1", account)
    assert await rows(checks.unblocked(db)) == []
    await world.rows(
        "INSERT INTO apart SELECT least(a.contact_index, h.contact_index), greatest(a.contact_index, h.contact_index), 'block', now()"
        " FROM member a, member h WHERE a.id = $1 AND h.id = $2", account, two["helper"],
    )  # fmt: skip
    assert [row["match"] for row in await rows(checks.unblocked(db))] == [two["match"]]


def mail(notice: object, at: float) -> Delivery:
    return Delivery(at=NOW + at, worker="worker0", to="po@example.org", notice=str(notice), text="", told=True)


@pytest.mark.parametrize("pressed", ["on the page of the match", "before there was one"])
async def test_what_either_sees_or_is_sent_after_a_block_is_found(two: dict[str, Any], pressed: str) -> None:
    need, helper, match, db = two["needs"][0], two["helper"], two["match"], two["db"]
    connected = await two["world"].one("SELECT id FROM notice WHERE kind = 'connected' AND member_id IS NULL")
    on_page = pressed == "on the page of the match"

    async def found(connection: asyncpg.Connection, at: float) -> list[str]:
        diary = Diary(seen=[(NOW + at, match)], shown=[(NOW + at, need, helper), (NOW + at, two["needs"][1], helper)])
        if on_page:
            diary.blocked.append((NOW, match))
        else:
            diary.parted.append((NOW, need, helper))
        return [one.partition(" of")[0] for one in await after_a_block(connection, diary, [mail(connected, at + 10)])]

    assert await found(db, -1) == []
    assert await found(db, 1) == ["the helper's page", "the asker's page", "a message"]


async def test_that_it_ended_may_be_told_after_a_block(two: dict[str, Any]) -> None:
    await report_asker(two["world"].ctx, two["match"], two["helper"], Said(cause=Cause.OTHER, block=True))
    ended = await two["world"].one("SELECT id FROM notice WHERE kind = 'fell_through'")
    diary = Diary(blocked=[(NOW, two["match"])])
    assert await after_a_block(two["db"], diary, [mail(ended, 60)]) == []
