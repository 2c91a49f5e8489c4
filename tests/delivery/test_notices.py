"""A message is owed once, delivered once, and given up in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from careweb.delivery.messages import DeliveryError, Message
from careweb.domain.contacts import by_code, read_email, read_phone
from careweb.domain.ids import NoticeId
from careweb.flows.asks import accept
from careweb.flows.context import Context
from careweb.flows.notices import Outcome, deliver, owe_notice, revive_parked
from careweb.flows.signin import request_sign_in
from careweb.storage.database import Engine, Transaction, transaction
from careweb.storage.promises import hand_over
from tests.servers import MailSink
from tests.workers.shop import do_all_due, fetch, quick_settings
from tests.world import NOON, VAULT, World, committed
from workers.workshop import Workshop

ASKER = read_email("asker@example.org")


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx=tx)


async def kinds(world: World) -> list[str]:
    return sorted(row["kind"] for row in await world.rows("SELECT kind FROM notice"))


async def test_owing_the_same_twice_is_owing_it_once(world: World) -> None:
    need = await world.need(await world.group(), contact=ASKER)
    for _ in range(3):
        await owe_notice(world.ctx, "choose", need, need_id=need)
    assert (await kinds(world)).count("choose") == 1


async def test_an_asker_with_a_telephone_is_called_and_one_with_a_code_alone_comes_back(world: World) -> None:
    group = await world.group()
    phone = await world.need(group, contact=read_phone("416 555 0199"))
    code = await world.need(group, contact=by_code())
    for need in (phone, code):
        assert not await world.one("SELECT call_back FROM need WHERE id = $1", need), "posting alone asks for no call"
        await owe_notice(world.ctx, "choose", uuid4(), need_id=need)
    assert await world.one("SELECT call_back FROM need WHERE id = $1", phone)
    assert not await world.one("SELECT call_back FROM need WHERE id = $1", code)
    assert await kinds(world) == []


async def test_an_imported_person_gets_a_confirmation_and_nothing_else(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    await world.one("UPDATE member SET confirmed = false WHERE id = $1", helper)
    await world.one("DELETE FROM notice")
    for kind in ("ask", "remind", "confirm_import", "admitted"):
        await owe_notice(world.ctx, kind, uuid4(), member_id=helper)
    assert await kinds(world) == ["confirm_import"]


async def test_an_unknown_kind_is_a_mistake_at_once(world: World) -> None:
    with pytest.raises(ValueError, match="not a valid NoticeKind"):
        await owe_notice(world.ctx, "advert", uuid4(), need_id=await world.need(await world.group()))


class Sender:
    """A door at a time the test chooses, with a way out that does as told."""

    def __init__(self, engine: Engine, *answers: BaseException | None) -> None:
        self.engine, self.answers, self.now = engine, list(answers), NOON
        self.sent: list[Message] = []
        self.cut = 0  # so many transactions fail as if the database were away
        self.settings = quick_settings("", "", MailSink())

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Context]:
        if self.sent and self.cut:
            self.cut -= 1
            raise ConnectionError
        async with transaction(self.engine) as tx:
            yield Context(tx=tx, vault=VAULT, settings=self.settings, now=self.now)

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer

    async def due(self) -> list[NoticeId]:
        async with transaction(self.engine) as tx:
            handed = await hand_over(tx, now=self.now, most=100)
        return [NoticeId(one.subject) for one in handed if one.job == "deliver_notice"]

    async def deliver_due(self) -> list[Outcome]:
        return [await deliver(self.begin, self.send, one) for one in await self.due()]

    async def states(self) -> list[str]:
        return [row["state"] for row in await fetch(self.engine, "SELECT state FROM notice")]


LATER = DeliveryError("451", permanent=False)
NEVER = DeliveryError("550", permanent=True)


async def one_asked(engine: Engine) -> None:
    """One ask is owed, and nothing else."""
    async with committed(engine) as world:
        group = await world.group()
        await world.helper(group, address="helper@example.org")
        await world.one("DELETE FROM notice")
        await world.one("DELETE FROM promise")
        need = await world.need(group)
        await world.match(need)


async def test_a_delivered_ask_is_sent_and_nothing_is_left_to_deliver(engine: Engine) -> None:
    await one_asked(engine)
    sender = Sender(engine)
    assert await sender.deliver_due() == [Outcome.SENT]
    [ask] = await fetch(engine, "SELECT state, sent_at FROM ask")
    assert (ask["state"], ask["sent_at"]) == ("sent", NOON)
    assert await sender.states() == ["sent"]
    sender.now += timedelta(days=1)
    assert await sender.due() == []


async def test_a_message_the_server_did_not_take_is_tried_again_after_ever_longer_waits_then_parked(
    engine: Engine,
) -> None:
    await one_asked(engine)
    sender = Sender(engine, *[LATER] * 5)
    waits, last = [], sender.now
    for _ in range(4):
        assert await sender.deliver_due() == [Outcome.AGAIN]
        while not (due := await _due_at(engine)) <= sender.now:
            sender.now = due
        waits.append((due - last).total_seconds())
        last = due
    assert waits == [1, 4, 16, 64]
    assert await sender.deliver_due() == [Outcome.PARKED]
    assert await sender.states() == ["parked"]
    assert len({message.id for message in sender.sent}) == 1
    assert len(sender.sent) == 5


async def _due_at(engine: Engine) -> datetime:
    [row] = await fetch(engine, "SELECT due_at FROM promise WHERE job = 'deliver_notice'")
    due: datetime = row["due_at"]
    return due


async def test_a_volunteer_who_cannot_be_reached_is_set_free_and_the_need_looks_for_others(engine: Engine) -> None:
    await one_asked(engine)
    sender = Sender(engine, NEVER)
    assert await sender.deliver_due() == [Outcome.FAILED]
    assert [row["state"] for row in await fetch(engine, "SELECT state FROM ask")] == ["cancelled"]
    jobs = {row["job"]: row["due_at"] for row in await fetch(engine, "SELECT job, due_at FROM promise")}
    assert jobs["match_need"] == NOON
    assert "time_out_ask" not in jobs
    assert "deliver_notice" not in jobs


async def test_what_was_parked_is_tried_again_when_an_operator_says_so(engine: Engine) -> None:
    async with committed(engine) as world:
        await world.need(await world.group(), contact=ASKER)
        await world.one("UPDATE notice SET state = 'parked', tries = 5")
        await world.one("DELETE FROM promise")
    sender = Sender(engine)
    async with sender.begin() as ctx:
        assert await revive_parked(ctx) == 1
    assert await sender.deliver_due() == [Outcome.SENT]


async def test_a_sender_that_dies_loses_its_lease_and_another_sends_the_same_message(engine: Engine) -> None:
    await one_asked(engine)
    sender = Sender(engine, asyncio.CancelledError())
    [notice] = await sender.due()
    with pytest.raises(asyncio.CancelledError):
        await deliver(sender.begin, sender.send, notice)
    assert await sender.states() == ["claimed"]
    assert await sender.due() == [], "its lease holds"
    sender.now += timedelta(seconds=2 + 10)
    assert await sender.deliver_due() == [Outcome.SENT]
    assert len({message.id for message in sender.sent}) == 1


async def test_after_five_dead_senders_a_message_is_parked(engine: Engine) -> None:
    await one_asked(engine)
    sender = Sender(engine, *[asyncio.CancelledError() for _ in range(5)])
    for _ in range(5):
        [notice] = await sender.due()
        with pytest.raises(asyncio.CancelledError):
            await deliver(sender.begin, sender.send, notice)
        sender.now += timedelta(minutes=1)
    assert await sender.deliver_due() == [Outcome.PARKED]


async def test_a_database_that_goes_away_after_the_sending_does_not_send_it_twice(engine: Engine) -> None:
    sender = Sender(engine)
    sender.now = datetime.now(NOON.tzinfo)  # how long it tries is told by the real clock
    async with committed(engine, sender.now) as world:
        await world.need(await world.group(), contact=ASKER)
    sender.cut = 2
    assert await sender.deliver_due() == [Outcome.SENT]
    assert sender.cut == 0
    assert (await sender.states(), len(sender.sent)) == (["sent"], 1)


async def test_what_makes_no_sense_any_more_is_not_sent(engine: Engine) -> None:
    await one_asked(engine)
    await fetch(engine, "UPDATE ask SET state = 'cancelled'")
    sender = Sender(engine)
    assert await sender.deliver_due() == [Outcome.OBSOLETE]
    assert (await sender.states(), sender.sent) == (["failed"], [])


async def test_a_volunteer_whose_ask_was_covered_while_it_was_on_its_way_is_told(engine: Engine) -> None:
    await one_asked(engine)

    class Slow(Sender):
        async def send(self, message: Message) -> None:
            await super().send(message)
            if len(self.sent) == 1:
                await fetch(self.engine, "UPDATE ask SET state = 'covered'")

    sender = Slow(engine)
    assert await sender.deliver_due() == [Outcome.SENT]
    assert await sender.deliver_due() == [Outcome.SENT]
    assert [row["kind"] for row in await fetch(engine, "SELECT kind FROM notice ORDER BY created_at, kind")] == [
        "ask",
        "ask_covered",
    ]


async def test_many_deliveries_at_once_send_one_message(engine: Engine) -> None:
    await one_asked(engine)
    sender = Sender(engine)
    [notice] = await sender.due()
    outcomes = await asyncio.gather(*[deliver(sender.begin, sender.send, notice) for _ in range(10)])
    assert sorted(outcomes) == [Outcome.NOT_OURS] * 9 + [Outcome.SENT]
    assert len(sender.sent) == 1


async def test_a_whole_story_sends_each_person_one_message_of_each_kind(
    workshop: Workshop, engine: Engine, smtp: MailSink
) -> None:
    now = datetime.now(NOON.tzinfo)
    async with committed(engine, now) as world:
        group = await world.group()
        helpers = [await world.helper(group, address=f"helper{n}@example.org") for n in range(3)]
        need = await world.need(group, contact=ASKER)
    await do_all_due(workshop)
    async with committed(engine, now) as world:
        await accept(world.ctx, await world.ask_of(need, helpers[0]), helpers[0])
        await request_sign_in(world.ctx, ASKER, locale="en")
    await do_all_due(workshop)
    told: dict[str, int] = {}
    for row in await fetch(engine, "SELECT kind, state FROM notice"):
        assert row["state"] == "sent", row["kind"]
        told[row["kind"]] = told.get(row["kind"], 0) + 1
    assert told == {"admitted": 3, "posted": 1, "ask": 3, "connected": 2, "ask_covered": 2, "sign_in": 1}
    ids = [mail["Message-ID"] for mail in smtp.messages]
    assert len(ids) == len(set(ids)) == sum(told.values())
    assert len(smtp.to("asker@example.org")) == 3
    covered: Any = smtp.to("helper1@example.org")[-1].get_body(("plain",))
    assert "needs no answer any more" in covered.get_content()
