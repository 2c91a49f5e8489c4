"""A message goes out on the first channel that works; what refuses for good is turned off, and its person hears of it."""

import json
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from careweb.delivery.messages import DeliveryError, Message
from careweb.domain.channels import ChannelKind
from careweb.domain.errors import TooManyChannelsError, WrongCodeError
from careweb.domain.ids import MemberId
from careweb.domain.states import Urgency
from careweb.flows.channels import (
    add_channel,
    channels_of,
    prove,
    put_first,
    remove_channel,
    restart_channel,
    set_details,
    set_digest,
)
from careweb.flows.context import Context
from careweb.flows.members import forget_member
from careweb.flows.messages import STOP_CHANNEL
from careweb.flows.notices import Outcome, owe_notice, stop
from careweb.flows.offers import hear_again
from careweb.flows.ways import stop_channel
from careweb.storage.database import Engine, Transaction, transaction
from tests.delivery.stubs import Stubbed
from tests.delivery.test_notices import LATER, NEVER, Sender
from tests.servers import MailSink
from tests.workers.shop import do_all_due, fetch, quick_settings, workshop_of
from tests.world import NOON, SETTINGS, VAULT, World, committed

URLS = {
    "sms_url": "json://127.0.0.1:9/{to}",
    "ntfy_url": "ntfy://127.0.0.1:9/{to}",
    "base_url": "https://care.example.org",
}
UNSURE = DeliveryError("TimeoutError", permanent=False, unsure=True)
PHONE = "+14165550199"


class Sending(Sender):
    def __init__(self, engine: Engine, *answers: BaseException | None) -> None:
        super().__init__(engine, *answers)
        self.settings = quick_settings("", "", MailSink(), **URLS)

    def went(self) -> list[str]:
        return [message.channel.value for message in self.sent]


async def asked(engine: Engine, *kinds: ChannelKind, details: bool = False) -> MemberId:
    """One volunteer with an ask on its way, and with these channels before e-mail."""
    async with transaction(engine) as tx:
        world = World(tx=tx, settings=Sending(engine).settings)
        group = await world.group()
        helper = await world.helper(group, address="helper@example.org")
        for kind in reversed(kinds):
            channel = await add_channel(world.ctx, helper, kind, PHONE if kind is ChannelKind.SMS else "topic")
            await prove(world.ctx, helper, channel, VAULT.digits("channel", channel, 6))
            await put_first(world.ctx, helper, channel)
            await set_details(world.ctx, helper, channel, details=details)
        await world.one("DELETE FROM notice")
        await world.one("DELETE FROM promise")
        await world.match(await world.need(group))
    return helper


async def until_settled(sender: Sender) -> list[Outcome]:
    outcomes: list[Outcome] = []
    while latest := await sender.deliver_due():
        outcomes += latest
        sender.now += timedelta(minutes=20)
    return outcomes


async def test_it_goes_out_on_the_first_in_their_order(engine: Engine) -> None:
    await asked(engine, ChannelKind.SMS, ChannelKind.NTFY)
    sender = Sending(engine)
    assert await sender.deliver_due() == [Outcome.SENT]
    assert sender.went() == ["sms"]
    assert sender.sent[0].to == PHONE
    [notice] = await fetch(engine, "SELECT channel, state FROM notice")
    assert (notice["channel"], notice["state"]) == ("sms", "sent")


async def test_a_temporary_failure_is_tried_next_on_the_following_channel_after_a_wait(engine: Engine) -> None:
    await asked(engine, ChannelKind.SMS)
    sender = Sending(engine, LATER, LATER)
    assert await sender.deliver_due() == [Outcome.AGAIN]
    assert await sender.due() == [], "not at once"
    sender.now += timedelta(seconds=1)
    assert await sender.deliver_due() == [Outcome.AGAIN]
    sender.now += timedelta(seconds=4)
    assert await sender.deliver_due() == [Outcome.SENT]
    assert sender.went() == ["sms", "email", "sms"]


async def test_what_may_have_arrived_is_tried_again_where_it_was_with_the_same_key(engine: Engine) -> None:
    await asked(engine, ChannelKind.SMS)
    sender = Sending(engine, UNSURE, UNSURE)
    await until_settled(sender)
    assert sender.went() == ["sms", "sms", "email"], "and then on another"
    assert len({message.id for message in sender.sent}) == 1


async def test_a_refusal_for_good_turns_the_channel_off_and_tells_them_on_another(engine: Engine) -> None:
    helper = await asked(engine, ChannelKind.SMS)
    sender = Sending(engine, NEVER)
    await until_settled(sender)
    assert sorted(sender.went()) == ["email", "email", "sms"]
    told = [message for message in sender.sent if "no longer reach you by text message" in message.text]
    assert [message.channel for message in told] == [ChannelKind.EMAIL]
    assert await channel_states(engine) == {"sms": "off", "email": "on"}
    assert [row["state"] for row in await fetch(engine, "SELECT state FROM ask")] == ["sent"]
    assert not await stopped(engine, helper)


async def test_mail_stays_on_where_there_is_no_other_channel(engine: Engine) -> None:
    """A mail server that refuses everybody for an hour must not silence everybody."""
    helper = await asked(engine, ChannelKind.SMS)
    await until_settled(Sending(engine, NEVER, NEVER, NEVER))
    assert await channel_states(engine) == {"sms": "off", "email": "on"}
    assert (await fetch(engine, "SELECT state FROM ask"))[0]["state"] == "cancelled"
    assert not await stopped(engine, helper)


async def test_whom_nothing_reaches_is_set_free_and_asked_no_more_until_they_say_so(engine: Engine) -> None:
    helper = await asked(engine, ChannelKind.SMS)
    sender = Sending(engine, NEVER)
    async with sender.begin() as ctx:
        await stop_channel(ctx, helper, helper)
    assert await until_settled(sender) == [Outcome.FAILED]
    assert await channel_states(engine) == {"sms": "off", "email": "stopped"}
    assert (await fetch(engine, "SELECT state FROM ask"))[0]["state"] == "cancelled"
    assert await stopped(engine, helper)
    async with sender.begin() as ctx:
        await hear_again(ctx, helper)
    assert await channel_states(engine) == {"sms": "off", "email": "on"}
    assert not await stopped(engine, helper)


async def stopped(engine: Engine, helper: MemberId) -> bool:
    return bool((await fetch(engine, "SELECT mail_stopped FROM member WHERE id = $1", helper))[0][0])


async def test_what_refuses_its_code_is_never_theirs(engine: Engine) -> None:
    helper = await asked(engine)
    sender = Sending(engine, NEVER)
    async with sender.begin() as ctx:
        channel = await add_channel(ctx, helper, ChannelKind.SMS, PHONE)
        await fetch(
            engine, "DELETE FROM promise WHERE subject NOT IN (SELECT id FROM notice WHERE kind = 'channel_code')"
        )
    await until_settled(sender)
    assert sender.went() == ["sms"], "and to nobody else"
    async with sender.begin() as ctx:
        await restart_channel(ctx, helper, channel)
    assert await channel_states(engine) == {"sms": "unproven", "email": "on"}


async def channel_states(engine: Engine) -> dict[str, str]:
    return {row["kind"]: row["state"] for row in await fetch(engine, "SELECT kind, state FROM channel")}


async def test_a_text_says_that_there_is_a_message_and_no_more(engine: Engine) -> None:
    await asked(engine, ChannelKind.SMS)
    sender = Sending(engine)
    await sender.deliver_due()
    [ask] = await fetch(engine, "SELECT id FROM ask")
    [channel] = await fetch(engine, "SELECT id FROM channel WHERE kind = 'sms'")
    link, stop_it = VAULT.sign("ask", ask["id"]), VAULT.sign(STOP_CHANNEL, channel["id"])
    assert sender.sent[0].text == (
        f"You have a message: https://care.example.org/a/{link} Code: {VAULT.digits('ask', ask['id'], 4)}. "
        f"To stop: https://care.example.org/stop/{stop_it}"
    )
    assert (await fetch(engine, "SELECT detailed FROM notice"))[0]["detailed"] is False


async def test_what_it_is_about_is_said_to_those_who_want_that(engine: Engine) -> None:
    await asked(engine, ChannelKind.SMS, details=True)
    sender = Sending(engine)
    await sender.deliver_due()
    assert "Groceries, Tue, Nov 24, in the same area, Cantonese" in sender.sent[0].text
    assert (await fetch(engine, "SELECT detailed FROM notice"))[0]["detailed"] is True


async def test_the_link_that_stops_stops_that_channel_alone(engine: Engine) -> None:
    await asked(engine, ChannelKind.SMS)
    [channel] = await fetch(engine, "SELECT id FROM channel WHERE kind = 'sms'")
    sender = Sending(engine)
    async with sender.begin() as ctx:
        assert await stop(ctx, VAULT.sign(STOP_CHANNEL, channel["id"]))
        assert not await stop(ctx, VAULT.sign("forged", channel["id"]))
    assert await channel_states(engine) == {"sms": "stopped", "email": "on"}
    await sender.deliver_due()
    assert sender.went() == ["email"]


async def test_a_worker_with_its_own_roles_goes_from_a_gateway_that_refuses_to_mail(
    database: str, engine: Engine, smtp: MailSink
) -> None:
    """Real Apprise against a stub, real SMTP, and the database as a worker may use it."""
    with Stubbed() as gateway:
        url = f"json://127.0.0.1:{gateway.port}/send?:to={{to}}"
        now = datetime.now(NOON.tzinfo)
        async with committed(engine, now) as world:
            world.settings = quick_settings(database, "", smtp, sms_url=url)
            group = await world.group()
            helper = await world.helper(group, address="helper@example.org")
            channel = await add_channel(world.ctx, helper, ChannelKind.SMS, PHONE)
            await set_digest(world.ctx, helper, None)
            await world.one("DELETE FROM notice WHERE kind = 'admitted'")
        async with workshop_of(quick_settings(database, "", smtp, sms_url=url)) as workshop:
            await do_all_due(workshop)
            assert (
                f"Your code is {VAULT.digits('channel', channel, 6)}" in json.loads(gateway.requests[0].body)["message"]
            )
            async with committed(engine, now) as world:
                await prove(world.ctx, helper, channel, VAULT.digits("channel", channel, 6))
                await put_first(world.ctx, helper, channel)
                await world.match(await world.need(group))
            gateway.answers = [404]
            await do_all_due(workshop)
        assert len(gateway.requests) == 2
        texts = sorted(part.get_content() for mail in smtp.messages if (part := mail.get_body(("plain",))))
        assert ["no longer reach you by text message" in text for text in texts].count(True) == 1
        assert ["You can say yes or no" in text for text in texts].count(True) == 1
        assert await channel_states(engine) == {"sms": "off", "email": "on"}
        assert {row["state"] for row in await fetch(engine, "SELECT state FROM notice")} == {"sent"}


async def test_a_worker_with_its_own_roles_sends_one_message_for_a_day(
    database: str, engine: Engine, smtp: MailSink
) -> None:
    now = datetime.now(NOON.tzinfo)
    async with committed(engine, now) as world:
        group = await world.group()
        helper = await world.helper(group, address="helper@example.org")
        await set_digest(world.ctx, helper, now.astimezone(ZoneInfo("America/Toronto")).hour)
        await world.match(await world.need(group, urgency=Urgency.LOW, due_in=24 * 20))
    async with workshop_of(quick_settings(database, "", smtp)) as workshop:
        assert {outcome for job, outcome in await do_all_due(workshop) if job == "deliver_notice"} == {"waits"}
        workshop.clock._set_to = now + timedelta(days=1), time.monotonic()
        await do_all_due(workshop, now + timedelta(days=1))
    assert len(smtp.messages) == 1
    assert [row["state"] for row in await fetch(engine, "SELECT state FROM notice")] == ["sent", "sent"]


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx=tx, settings=SETTINGS.model_copy(update=quick_settings("", "", MailSink(), **URLS).model_dump()))


async def with_text(world: World) -> tuple[MemberId, UUID]:
    helper = await world.helper(await world.group(), address="wing@example.org")
    return helper, await add_channel(world.ctx, helper, ChannelKind.SMS, "416 555 0199")


async def test_an_address_is_used_only_after_its_code_was_typed(world: World) -> None:
    helper, channel = await with_text(world)
    code = VAULT.digits("channel", channel, 6)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for typed in (wrong, "none"):
        with pytest.raises(WrongCodeError):
            await prove(world.ctx, helper, channel, typed)
    await prove(world.ctx, helper, channel, code)
    assert [one.state for one in await channels_of(world.ctx, helper)] == ["on", "on"]


async def test_five_wrong_codes_and_it_cannot_be_proven_any_more(world: World) -> None:
    helper, channel = await with_text(world)
    code = VAULT.digits("channel", channel, 6)
    for typed in [f"{(int(code) + 1) % 10**6:06d}"] * 5 + [code]:
        with pytest.raises(WrongCodeError):
            await prove(world.ctx, helper, channel, typed)


async def test_nobody_proves_or_changes_the_channel_of_another(world: World) -> None:
    _, channel = await with_text(world)
    other = await world.helper(await world.group("west"), address="other@example.org")
    with pytest.raises(WrongCodeError):
        await prove(world.ctx, other, channel, VAULT.digits("channel", channel, 6))
    assert not await stop_channel(world.ctx, other, channel)
    await set_details(world.ctx, other, channel, details=True)
    await remove_channel(world.ctx, other, channel)
    [row] = await world.rows("SELECT state, details FROM channel WHERE id = $1", channel)
    assert (row["state"], row["details"]) == ("unproven", False)


async def test_no_address_is_there_twice_and_codes_are_few(world: World) -> None:
    helper, channel = await with_text(world)
    with pytest.raises(TooManyChannelsError):
        await add_channel(world.ctx, helper, ChannelKind.SMS, "+1 (416) 555-0199")
    for number in range(4):
        await remove_channel(world.ctx, helper, channel)
        channel = await add_channel(world.ctx, helper, ChannelKind.SMS, f"416 555 010{number}")
    await remove_channel(world.ctx, helper, channel)
    with pytest.raises(TooManyChannelsError):
        await add_channel(world.ctx, helper, ChannelKind.SMS, "416 555 0109")


async def test_an_address_lies_sealed_and_goes_with_its_member(world: World) -> None:
    helper, _ = await with_text(world)
    [row] = await world.rows("SELECT * FROM channel WHERE kind = 'sms'")
    assert not any(b"5550199" in bytes(value) for value in row.values() if isinstance(value, bytes))
    await forget_member(world.ctx, helper)
    assert await world.rows("SELECT 1 FROM channel") == []


async def test_signing_in_goes_to_the_contact_alone(engine: Engine) -> None:
    helper = await asked(engine, ChannelKind.SMS)
    sender = Sending(engine)
    await sender.deliver_due()

    async def owe(ctx: Context) -> None:
        sign_in: Any = "INSERT INTO sign_in VALUES (gen_random_uuid(), $1, NULL, 'x', 0, $2, $3, NULL) RETURNING id"
        row = await fetch(engine, sign_in, helper, NOON, NOON + timedelta(minutes=10))
        await owe_notice(ctx, "sign_in", row[0]["id"], member_id=helper)

    async with sender.begin() as ctx:
        await owe(ctx)
    await sender.deliver_due()
    assert sender.went() == ["sms", "email"]


def test_a_message_names_its_channel_and_no_address_in_what_is_printed() -> None:
    message = Message(
        id=UUID(int=1), to=PHONE, subject="s", text="t", html="", locale="en", written_at=NOON, channel=ChannelKind.SMS
    )
    assert PHONE not in repr(message)


async def test_by_text_somebody_may_answer_where_the_operator_takes_answers(engine: Engine) -> None:
    await asked(engine, ChannelKind.SMS)
    sender = Sending(engine)
    sender.settings = quick_settings("", "", MailSink(), **URLS, sms_secret="secret")
    await sender.deliver_due()
    [ask] = await fetch(engine, "SELECT id FROM ask")
    code = VAULT.digits("ask", ask["id"], 4)
    assert sender.sent[0].text.endswith(f" Answer Y {code} or N {code}. STOP ends this.")
