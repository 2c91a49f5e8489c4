"""What can wait is told once a day, in one message, to those who prefer that; what hurries is told at once."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from careweb.domain.channels import ChannelKind
from careweb.domain.ids import MemberId
from careweb.domain.states import Urgency
from careweb.flows.channels import set_digest
from careweb.flows.notices import Outcome, owe_notice
from careweb.storage.database import Engine
from tests.delivery.test_channels import Sending, asked, until_settled
from tests.delivery.test_notices import LATER, Sender
from tests.workers.shop import fetch
from tests.world import NOON, World, committed

SIX = datetime(2026, 11, 23, 23, tzinfo=UTC)  # in Toronto


async def one_digest(
    engine: Engine, *, urgency: Urgency = Urgency.LOW, due_in: float = 24 * 20, admitted: bool = True
) -> MemberId:
    """One volunteer who is told at six in the evening what can wait: an ask, and that they were admitted."""
    async with committed(engine) as world:
        group = await world.group()
        helper = await world.helper(group, address="helper@example.org")
        if not admitted:
            await world.one("DELETE FROM notice")
            await world.one("DELETE FROM promise")
        await set_digest(world.ctx, helper, 18)
        await world.match(await world.need(group, urgency=urgency, due_in=due_in))
    return helper


async def test_what_can_wait_waits_for_its_hour_and_comes_in_one_message(engine: Engine) -> None:
    await one_digest(engine)
    sender = Sender(engine)
    assert set(await sender.deliver_due()) == {Outcome.WAITS}
    sender.now = SIX - timedelta(seconds=1)
    assert await sender.due() == []
    sender.now = SIX
    outcomes = [outcome for outcome in await sender.deliver_due() if outcome is not Outcome.NOT_OURS]
    assert outcomes == [Outcome.SENT]
    [message] = sender.sent
    for told in ("Groceries", "You can say yes or no on this page", "Welcome! From now on we may ask you"):
        assert told in message.text, told
    assert message.text.count("This message is for you alone") == 1
    assert message.text.count(message.stop_url) == 1
    assert message.text.count("http") == 3, "two of their own, and the one that stops"
    assert await sender.states() == ["sent", "sent"]
    sender.now += timedelta(days=2)
    assert await sender.due() == []


async def test_an_ask_that_waited_has_as_long_to_be_answered(engine: Engine) -> None:
    await one_digest(engine)
    sender = Sender(engine)
    await sender.deliver_due()
    [ask] = await fetch(engine, "SELECT state, times_out_at FROM ask")
    assert ask["times_out_at"] == SIX + sender.settings.low_ask_timeout
    [end] = await fetch(engine, "SELECT due_at FROM promise WHERE job = 'time_out_ask'")
    assert end["due_at"] == ask["times_out_at"]


@pytest.mark.parametrize(("urgency", "due_in"), [(Urgency.MEDIUM, 24.0 * 20), (Urgency.LOW, 5.0)])
async def test_what_hurries_or_is_needed_before_that_hour_is_told_at_once(
    engine: Engine, urgency: Urgency, due_in: float
) -> None:
    await one_digest(engine, admitted=False, urgency=urgency, due_in=due_in)
    assert await Sender(engine).deliver_due() == [Outcome.SENT]


async def test_who_does_not_want_that_is_told_at_once(engine: Engine) -> None:
    helper = await one_digest(engine)
    async with committed(engine) as world:
        await set_digest(world.ctx, helper, None)
    sender = Sender(engine)
    assert await sender.deliver_due() == [Outcome.SENT, Outcome.SENT]


async def test_a_digest_that_was_not_taken_is_tried_again_under_the_same_id(engine: Engine) -> None:
    await one_digest(engine)
    sender = Sender(engine, LATER)
    await sender.deliver_due()
    sender.now = SIX
    await until_settled(sender)
    assert len(sender.sent) == 2
    assert len({message.id for message in sender.sent}) == 1
    assert await sender.states() == ["sent", "sent"]


async def test_what_makes_no_sense_any_more_is_left_out(engine: Engine) -> None:
    await one_digest(engine)
    sender = Sender(engine)
    await sender.deliver_due()
    await fetch(engine, "UPDATE ask SET state = 'cancelled'")
    sender.now = SIX
    await sender.deliver_due()
    [message] = sender.sent
    assert "You can say yes or no" not in message.text
    assert sorted(await sender.states()) == ["failed", "sent"]


async def test_by_text_it_says_only_that_there_is_something(engine: Engine) -> None:
    helper = await asked(engine, ChannelKind.SMS, details=True)
    async with committed(engine) as world:
        await _another(world, helper)
        await set_digest(world.ctx, helper, 18)
        await world.rows("UPDATE need SET urgency = 'low', needed_by = $1", NOON + timedelta(days=20))
    sender = Sending(engine)
    await sender.deliver_due()
    sender.now = SIX
    await until_settled(sender)
    [message] = sender.sent
    stop = r"https://care\.example\.org/stop/[\w-]+"
    assert re.fullmatch(rf"You have a message: https://care\.example\.org/me To stop: {stop}", message.text)
    assert [row["detailed"] for row in await fetch(engine, "SELECT detailed FROM notice")] == [False, False]


async def _another(world: World, helper: MemberId) -> None:
    group = await world.one("SELECT id FROM care_group")
    await owe_notice(world.ctx, "admitted", group, member_id=helper)
