"""Whoever asks is told where they chose: nowhere unasked, nothing that others may read, and it goes with their need."""

import json
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from careweb.domain.channels import ChannelKind
from careweb.domain.contacts import Contact, by_code, read_email, read_phone
from careweb.domain.errors import NotHereError, NotNowError, TooManyChannelsError
from careweb.domain.ids import NeedId
from careweb.flows.asks import accept
from careweb.flows.channels import (
    add_browser,
    add_channel,
    channels_of,
    prove,
    put_first,
    restart_channel,
    set_details,
)
from careweb.flows.following import follow
from careweb.flows.messages import STOP_ASKER, STOP_CHANNEL
from careweb.flows.notices import Outcome, owe_notice, stop
from careweb.flows.repeating import repeat_need
from careweb.flows.signin import forget_everywhere
from careweb.flows.ways import stop_channel
from careweb.storage.database import Engine, Transaction, transaction
from tests.delivery.stubs import Stubbed
from tests.delivery.test_channels import PHONE, URLS, Sending, channel_states, until_settled
from tests.delivery.test_notices import LATER, NEVER
from tests.flows.test_repeating import UNTIL
from tests.flows.test_retention import SUBSCRIPTION
from tests.servers import MailSink
from tests.workers.shop import do_all_due, fetch, quick_settings, workshop_of
from tests.world import NOON, SETTINGS, VAULT, World, committed

MAIL, CALL = read_email("po@example.org"), read_phone(PHONE)
ADDRESSES = {ChannelKind.SMS: PHONE, ChannelKind.NTFY: "topic", ChannelKind.EMAIL: "mei@example.org"}


async def reach(world: World, need: NeedId, kind: ChannelKind, *, details: bool = False) -> Any:
    """They typed the address, and then the code that went there."""
    channel = await add_channel(world.ctx, need, kind, ADDRESSES[kind])
    await prove(world.ctx, need, channel, VAULT.digits("channel", channel, 6))
    await put_first(world.ctx, need, channel)
    await set_details(world.ctx, need, channel, details=details)
    return channel


async def helped(engine: Engine, *kinds: ChannelKind, contact: Contact = by_code(), details: bool = False) -> NeedId:  # noqa: B008  a value
    """Somebody said yes, and the asker is to hear of it; these are their channels, before mail if they gave an address."""
    async with transaction(engine) as tx:
        world = World(tx=tx, settings=Sending(engine).settings)
        group = await world.group()
        helper = await world.helper(group)
        need = await world.need(group, contact=contact)
        for kind in reversed(kinds):
            await reach(world, need, kind, details=details)
        await world.match(need)
        await accept(world.ctx, await world.ask_of(need, helper), helper)
        await world.rows("DELETE FROM notice WHERE need_id IS NULL OR kind <> 'connected'")
        await world.rows("DELETE FROM promise WHERE subject NOT IN (SELECT id FROM notice)")
    return need


async def call_back(engine: Engine) -> bool:
    return bool((await fetch(engine, "SELECT call_back FROM need"))[0][0])


async def test_no_text_goes_to_a_number_that_was_given_to_be_called(engine: Engine) -> None:
    await helped(engine, contact=CALL)
    sender = Sending(engine)
    await until_settled(sender)
    assert sender.sent == []
    assert await call_back(engine), "a coordinator calls"
    assert await fetch(engine, "SELECT 1 FROM channel") == []


async def test_a_text_says_that_there_is_a_message_and_its_link_opens_nothing(engine: Engine) -> None:
    need = await helped(engine, ChannelKind.SMS)
    sender = Sending(engine)
    assert await sender.deliver_due() == [Outcome.SENT]
    [channel] = await fetch(engine, "SELECT id FROM channel")
    assert (sender.sent[0].to, sender.sent[0].text) == (
        PHONE,
        f"You have a message: https://care.example.org/find?need={need} "
        f"To stop: https://care.example.org/stop/{VAULT.sign(STOP_CHANNEL, channel['id'])}",
    )
    assert sender.sent[0].link == f"https://care.example.org/find?need={need}"


async def test_what_it_is_about_is_said_to_those_who_want_that_and_opens_nothing_either(engine: Engine) -> None:
    need = await helped(engine, ChannelKind.SMS, details=True)
    sender = Sending(engine)
    await sender.deliver_due()
    assert "Someone has said yes. How to reach each other is on your page" in sender.sent[0].text
    assert VAULT.sign("need", need) not in sender.sent[0].text


async def test_where_one_does_not_take_it_the_next_is_tried(engine: Engine) -> None:
    await helped(engine, ChannelKind.SMS, contact=MAIL)
    sender = Sending(engine, LATER)
    await until_settled(sender)
    assert sender.went() == ["sms", "email"]


async def test_a_refusal_for_good_turns_the_channel_off_and_tells_them_on_another(engine: Engine) -> None:
    need = await helped(engine, ChannelKind.SMS, contact=MAIL)
    sender = Sending(engine, NEVER)
    await until_settled(sender)
    assert sorted(sender.went()) == ["email", "email", "sms"]
    [told] = [message for message in sender.sent if "no longer reach you by text message" in message.text]
    assert f"https://care.example.org/find?need={need}" in told.text
    assert await channel_states(engine) == {"sms": "off", "email": "on"}


async def test_who_left_a_number_is_called_once_nothing_reaches_them_otherwise(engine: Engine) -> None:
    await helped(engine, ChannelKind.SMS, contact=CALL)
    assert not await call_back(engine), "they are told by text instead"
    assert await until_settled(Sending(engine, NEVER)) == [Outcome.FAILED]
    assert await channel_states(engine) == {"sms": "off"}
    assert await call_back(engine)


async def test_mail_to_an_address_they_added_goes_there_and_its_link_stops_that_alone(engine: Engine) -> None:
    await helped(engine, ChannelKind.EMAIL, ChannelKind.NTFY)
    sender = Sending(engine)
    await sender.deliver_due()
    [channel] = await fetch(engine, "SELECT id FROM channel WHERE kind = 'email'")
    assert (sender.sent[0].to, sender.sent[0].stop_url) == (
        "mei@example.org",
        f"https://care.example.org/stop/{VAULT.sign(STOP_CHANNEL, channel['id'])}",
    )
    async with sender.begin() as ctx:
        assert await stop(ctx, VAULT.sign(STOP_CHANNEL, channel["id"]))
    assert await channel_states(engine) == {"email": "stopped", "ntfy": "on"}


async def test_the_link_of_a_mail_stops_all_and_one_used_again_is_that_one_alone(engine: Engine) -> None:
    need = await helped(engine, ChannelKind.SMS, contact=MAIL)
    sender = Sending(engine)
    async with sender.begin() as ctx:
        assert await stop(ctx, VAULT.sign(STOP_ASKER, need))
    assert await channel_states(engine) == {"sms": "stopped", "email": "stopped"}
    await until_settled(sender)
    assert sender.sent == []
    await fetch(engine, "UPDATE need SET state = 'open', filled = 0")
    async with sender.begin() as ctx:
        await restart_channel(ctx, need, need)
        await owe_notice(ctx, "need_warning", need, need_id=need)
    await until_settled(sender)
    assert sender.went() == ["email"]


async def test_a_worker_with_its_own_roles_goes_from_a_gateway_that_refuses_to_mail(
    database: str, engine: Engine, smtp: MailSink
) -> None:
    """Real Apprise against a stub, real SMTP, and the database as a worker may use it; then all of it is destroyed."""
    with Stubbed() as gateway:
        settings = quick_settings(database, "", smtp, sms_url=f"json://127.0.0.1:{gateway.port}/send?:to={{to}}")
        now = datetime.now(NOON.tzinfo)
        async with committed(engine, now) as world:
            world.settings = settings
            group = await world.group()
            helper = await world.helper(group)
            need = await world.need(group, contact=MAIL)
            channel = await add_channel(world.ctx, need, ChannelKind.SMS, PHONE)
            await world.rows("DELETE FROM notice WHERE kind <> 'channel_code'")
        async with workshop_of(settings) as workshop:
            await do_all_due(workshop)
            code = VAULT.digits("channel", channel, 6)
            said = json.loads(gateway.requests[0].body)["message"]
            assert said == f"Your code is {code}. If you did not ask for it, you need do nothing."
            async with committed(engine, now) as world:
                world.settings = settings
                await prove(world.ctx, need, channel, code)
                await put_first(world.ctx, need, channel)
                await accept(world.ctx, await world.ask_of(need, helper), helper)
            gateway.answers = [404]
            await do_all_due(workshop)
            assert await channel_states(engine) == {"sms": "off", "email": "on"}
            to_asker = [mail for mail in smtp.messages if mail["To"] == MAIL.address]
            texts = sorted(part.get_content() for mail in to_asker if (part := mail.get_body(("plain",))))
            assert ["no longer reach you by text message" in text for text in texts].count(True) == 1
            assert ["Someone has said yes" in text for text in texts].count(True) == 1
            await _ends_and_is_forgotten(engine, workshop, need, now)
        assert await fetch(engine, "SELECT 1 FROM channel") == []


async def _ends_and_is_forgotten(engine: Engine, workshop: Any, need: NeedId, now: datetime) -> None:
    later = now + timedelta(days=15)
    await fetch(engine, "UPDATE need SET state = 'withdrawn', closed_at = $2 WHERE id = $1", need, now)
    await fetch(engine, "DELETE FROM promise")
    await fetch(engine, "INSERT INTO promise (job, subject, due_at) VALUES ('purge_need', $1, $2)", need, later)
    workshop.clock._set_to = later, time.monotonic()
    await do_all_due(workshop, later)


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx=tx, settings=SETTINGS.model_copy(update=quick_settings("", "", MailSink(), **URLS).model_dump()))


async def test_the_code_goes_to_the_new_address_and_no_link_in_it_opens_the_need(engine: Engine) -> None:
    async with transaction(engine) as tx:
        world = World(tx=tx, settings=Sending(engine).settings)
        need = await world.need(await world.group())
        channel = await add_channel(world.ctx, need, ChannelKind.EMAIL, "Mei@example.org")
        await world.rows("DELETE FROM promise WHERE job <> 'deliver_notice'")
    sender = Sending(engine)
    assert await sender.deliver_due() == [Outcome.SENT]
    [mail] = sender.sent
    assert (mail.to, VAULT.digits("channel", channel, 6) in mail.text) == ("mei@example.org", True)
    assert VAULT.sign("need", need) not in mail.text


async def test_who_gave_an_address_of_mail_cannot_add_a_second_one(world: World) -> None:
    need = await world.need(await world.group(), contact=MAIL)
    with pytest.raises(NotHereError):
        await add_channel(world.ctx, need, ChannelKind.EMAIL, "mei@example.org")


@pytest.mark.parametrize("change", ["state = 'held', held_reason = 'network'", "confirmed = false"])
async def test_nothing_is_sent_for_a_need_that_a_person_has_to_look_at_first(world: World, change: str) -> None:
    need = await world.need(await world.group())
    await world.rows(f"UPDATE need SET {change}")  # noqa: S608
    with pytest.raises(NotNowError):
        await add_channel(world.ctx, need, ChannelKind.SMS, PHONE)


async def test_codes_are_few_for_one_need_too(world: World) -> None:
    need = await world.need(await world.group())
    for number in range(5):
        await add_channel(world.ctx, need, ChannelKind.SMS, f"416 555 010{number}")
    with pytest.raises(TooManyChannelsError):
        await add_channel(world.ctx, need, ChannelKind.SMS, "416 555 0109")


async def test_who_only_typed_an_address_or_stopped_it_is_called_as_before(world: World) -> None:
    group = await world.group()
    for stops in (False, True):
        need = await world.need(group, contact=CALL)
        if stops:
            await stop_channel(world.ctx, need, await reach(world, need, ChannelKind.SMS))
        else:
            await add_channel(world.ctx, need, ChannelKind.SMS, PHONE)
        await owe_notice(world.ctx, "choose", need, need_id=need)
        assert await world.one("SELECT call_back FROM need WHERE id = $1", need)
    assert await world.one("SELECT count(*) FROM notice WHERE kind = 'choose'") == 0


async def test_nobody_changes_the_channel_of_another_need(world: World) -> None:
    group = await world.group()
    need, other = await world.need(group), await world.need(group)
    channel = await reach(world, need, ChannelKind.SMS)
    assert not await stop_channel(world.ctx, other, channel)
    await set_details(world.ctx, other, channel, details=True)
    [one] = await channels_of(world.ctx, need)
    assert (one.state, one.details) == ("on", False)
    assert await channels_of(world.ctx, other) == []


async def test_what_comes_again_every_week_is_told_where_the_last_one_was(world: World) -> None:
    need = await world.need(await world.group(), contact=MAIL, repeats_until=UNTIL)
    await reach(world, need, ChannelKind.SMS, details=True)
    await stop_channel(world.ctx, need, need)
    await add_channel(world.ctx, need, ChannelKind.NTFY, "unproven")
    world.now = (await follow(world.ctx, need)).needed_by
    await repeat_need(world.ctx, need)
    again = await world.one("SELECT id FROM need WHERE repeats_of = $1", need)
    assert [(one.kind, one.state, one.details, one.address) for one in await channels_of(world.ctx, again)] == [
        ("sms", "on", True, PHONE), ("email", "stopped", False, "po@example.org"),
    ]  # fmt: skip
    assert await world.one("SELECT count(DISTINCT sealed_address) FROM channel WHERE kind = 'sms'") == 2
    text = await world.one("SELECT id FROM channel WHERE kind = 'sms' AND person_id = $1", need)
    assert await stop(world.ctx, VAULT.sign(STOP_CHANNEL, text)), "the link of an old text"
    assert [one.state for one in await channels_of(world.ctx, again)] == ["stopped", "stopped"]


async def test_forgotten_everywhere_no_browser_is_told_either(world: World) -> None:
    need = await world.need(await world.group(), contact=MAIL)
    await add_browser(world.ctx, need, SUBSCRIPTION, "a browser")
    await reach(world, need, ChannelKind.SMS)
    await forget_everywhere(world.ctx, need)
    assert [one.kind for one in await channels_of(world.ctx, need)] == ["sms", "email"]
