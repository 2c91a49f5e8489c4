"""What a message says, and what it never says."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from careweb.delivery.messages import Message
from careweb.domain.contacts import read_contact, read_email
from careweb.domain.ids import MemberId, NeedId
from careweb.domain.notices import NoticeKind
from careweb.flows.asks import accept, decline
from careweb.flows.matches import add_note, choose, helped, thank
from careweb.flows.messages import compose
from careweb.flows.needs import change_need, renew_need, withdraw_need
from careweb.flows.notices import owe_notice, stop
from careweb.flows.signin import request_sign_in
from careweb.flows.timing import ask_whether
from careweb.rendering import interfaces, render_text
from careweb.storage.database import Transaction
from careweb.storage.notices import Notice
from tests.world import NEED, VAULT, World

LOCKED_SCREEN = 150
PRIVATE = ("Po Lam", "Insulin", "12B", "Wing", "M1S", "Scarborough", "East", "example.org/")
ASKER = read_email("asker@example.org")


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx=tx)


async def owed(world: World, kind: str, *, to_member: bool | None = None) -> Notice:
    rows = await world.rows("SELECT * FROM notice WHERE kind = $1 ORDER BY created_at", kind)
    if to_member is not None:
        rows = [row for row in rows if (row["member_id"] is not None) == to_member]
    assert rows, f"no {kind} is owed"
    row = rows[-1]
    return Notice(
        id=row["id"], kind=kind, subject=row["subject"], member_id=row["member_id"], need_id=row["need_id"],
        tries=1, created_at=row["created_at"], lease_until=world.now,
    )  # fmt: skip


async def said(world: World, kind: str, *, to_member: bool | None = None) -> Message:
    message = await compose(world.ctx, await owed(world, kind, to_member=to_member))
    assert message is not None
    return message


async def posted(world: World, **changes: Any) -> tuple[NeedId, MemberId]:
    group = await world.group()
    helper = await world.helper(group, name="Wing", address="wing@example.org")
    stated: dict[str, Any] = {"contact": ASKER, "name": "Po Lam", "text": "Insulin, flat 12B"} | changes
    need = await world.need(group, **stated)
    await world.match(need)
    return need, helper


async def connect(world: World, **changes: Any) -> tuple[NeedId, MemberId]:
    need, helper = await posted(world, **changes)
    await accept(world.ctx, await world.ask_of(need, helper), helper)
    return need, helper


async def test_an_ask_says_what_by_when_how_far_in_which_language_and_how_to_answer(world: World) -> None:
    need, helper = await posted(world)
    ask = await world.ask_of(need, helper)
    message = await said(world, "ask")
    assert message.to == "wing@example.org"
    for told in ("Groceries", "Nov 24", "in the same area", "Cantonese", f"/a/{VAULT.sign('ask', ask)}"):
        assert told in message.text
    assert VAULT.digits("ask", ask, 4) in message.text.split()
    assert message.stop_url in message.text


async def _sign_in(world: World) -> None:
    await posted(world)
    await request_sign_in(world.ctx, read_contact("wing@example.org"), locale="en")


async def _ended(world: World) -> None:
    need, _ = await connect(world)
    await withdraw_need(world.ctx, need)


async def _choose(world: World) -> None:
    await connect(world, see_first=True)


async def _not_chosen(world: World) -> None:
    need, _ = await connect(world, see_first=True)
    await choose(world.ctx, need, await world.one("SELECT id FROM match"), yes=False)


async def _changed(world: World) -> None:
    need, _ = await connect(world)
    await change_need(
        world.ctx, need, replace(NEED, needed_by=world.now + timedelta(days=3), zone_code="M2N", helpers=2)
    )


async def _note(world: World) -> None:
    need, _ = await connect(world)
    await add_note(world.ctx, await world.one("SELECT id FROM match"), need, "asker", "The red door")


async def _whether(world: World) -> None:
    await connect(world)
    match = await world.one("SELECT id FROM match")
    world.later(hours=48)
    await ask_whether(world.ctx, match)


async def _thanks(world: World) -> None:
    need, helper = await connect(world)
    match = await world.one("SELECT id FROM match")
    await helped(world.ctx, match, helper)
    await thank(world.ctx, match, need, "asker", "Bless you")


async def _by_hand(world: World, kind: str, *, state: str = "open") -> None:
    need, _ = await posted(world)
    await world.one(
        "UPDATE need SET state = $2, closed_at = CASE WHEN $2 = 'expired' THEN now() END WHERE id = $1", need, state
    )
    await _owe(world, kind, subject=need, need=need)


async def _warning(world: World) -> None:
    await _by_hand(world, "need_warning")


async def _expired(world: World) -> None:
    await _by_hand(world, "need_expired", state="expired")


async def _to_helper(world: World, kind: str) -> None:
    _, helper = await connect(world)
    await _owe(world, kind, subject=await world.one("SELECT id FROM match"), member=helper)


async def _remind(world: World) -> None:
    await _to_helper(world, "remind")


async def _fell_through(world: World) -> None:
    await _to_helper(world, "fell_through")


async def _covered(world: World) -> None:
    await _to_helper(world, "ask_covered")


async def _confirm(world: World) -> None:
    _, helper = await posted(world)
    await world.one("UPDATE member SET confirmed = false WHERE id = $1", helper)
    await _owe(world, "confirm_import", subject=helper, member=helper)


async def _admitted(world: World) -> None:
    await posted(world)


async def _suspended(world: World) -> None:
    _, helper = await posted(world)
    await world.one("UPDATE membership SET state = 'suspended'")
    await _owe(world, "suspended", subject=await world.one("SELECT id FROM care_group"), member=helper)


async def _glass_broken(world: World) -> None:
    _, helper = await posted(world)
    await _owe(world, "glass_broken", subject=await world.one("SELECT id FROM care_group"), member=helper)


async def _to_look_at(world: World) -> None:
    _, helper = await posted(world)
    await _owe(world, "to_look_at", subject=await world.one("SELECT id FROM care_group"), member=helper)


async def _rule_off(world: World) -> None:
    _, helper = await posted(world)
    await _owe(world, "rule_off", subject=await world.one("SELECT id FROM care_group"), member=helper)


async def _owe(world: World, kind: str, *, subject: Any, member: Any = None, need: Any = None) -> None:
    await owe_notice(world.ctx, kind, subject, member_id=member, need_id=need)


async def _posted(world: World) -> None:
    await posted(world)


async def _connected(world: World) -> None:
    await connect(world)


async def _channel_off(world: World) -> None:
    _, helper = await posted(world)
    channel = await world.one(
        "INSERT INTO channel (id, person_id, kind, state, position, sealed_address, address_index, created_at)"
        " VALUES (gen_random_uuid(), $1, 'sms', 'off', 1, 'x', 'x', now()) RETURNING id",
        helper,
    )
    await owe_notice(world.ctx, "channel_off", channel, member_id=helper)


async def _answered(world: World) -> None:
    need, helper = await posted(world)
    ask = await world.ask_of(need, helper)
    await decline(world.ctx, ask, helper)
    await owe_notice(world.ctx, "answered", ask, member_id=helper)


def _about_an_ask(kind: str) -> Callable[[World], Any]:
    async def make(world: World) -> None:
        need, helper = await posted(world)
        await owe_notice(world.ctx, kind, await world.ask_of(need, helper), member_id=helper)

    return make


MAKING: dict[NoticeKind, Callable[[World], Any]] = {
    NoticeKind.SIGN_IN: _sign_in,
    NoticeKind.ASK: _posted,
    NoticeKind.ASK_COVERED: _covered,
    NoticeKind.POSTED: _posted,
    NoticeKind.CHOOSE: _choose,
    NoticeKind.CONNECTED: _connected,
    NoticeKind.NOT_CHOSEN: _not_chosen,
    NoticeKind.FELL_THROUGH: _fell_through,
    NoticeKind.NEED_ENDED: _ended,
    NoticeKind.NEED_CHANGED: _changed,
    NoticeKind.NEED_WARNING: _warning,
    NoticeKind.NEED_EXPIRED: _expired,
    NoticeKind.REMIND: _remind,
    NoticeKind.NOTE: _note,
    NoticeKind.WHETHER: _whether,
    NoticeKind.THANKS: _thanks,
    NoticeKind.CONFIRM_IMPORT: _confirm,
    NoticeKind.ADMITTED: _admitted,
    NoticeKind.SUSPENDED: _suspended,
    NoticeKind.GLASS_BROKEN: _glass_broken,
    NoticeKind.TO_LOOK_AT: _to_look_at,
    NoticeKind.RULE_OFF: _rule_off,
    NoticeKind.CHANNEL_OFF: _channel_off,
    NoticeKind.ANSWERED: _answered,
    NoticeKind.AT_CAPACITY: _about_an_ask("at_capacity"),
    NoticeKind.NOT_UNDERSTOOD: _about_an_ask("not_understood"),
    NoticeKind.STOPPED: _about_an_ask("stopped"),
}
BY_MAIL = [kind for kind in NoticeKind if kind is not NoticeKind.CHANNEL_CODE]  # that one goes to the new channel alone


def kinds_and_languages() -> list[tuple[NoticeKind, str]]:
    """Every kind in English, French and one of the others in turn; every language in one kind at least."""
    others = [tag for tag in interfaces() if tag not in ("en", "fr")]
    turns = {(kind, tag) for n, kind in enumerate(BY_MAIL) for tag in ("en", "fr", others[n % len(others)])}
    return sorted(turns | {(NoticeKind.ASK, tag) for tag in others})


@pytest.mark.parametrize(("kind", "locale"), kinds_and_languages())
async def test_a_locked_screen_tells_nothing_and_no_message_holds_a_name_text_place_or_group(
    kind: NoticeKind, locale: str, world: World
) -> None:
    await MAKING[kind](world)
    await world.one("UPDATE member SET locale = $1", locale)
    await world.one("UPDATE need SET locale = $1", locale)
    message = await said(world, kind)
    first = message.text[:LOCKED_SCREEN]
    assert len(first) == LOCKED_SCREEN
    assert first == (await _neutral(world, kind, message)), "only the words that every message begins with"
    shown = re.sub(r"<[^>]+>", " ", message.html.partition("<body")[2])
    for private in PRIVATE:
        assert private not in message.text + shown
    assert not re.search(r"\d", message.subject + first), "no code where others may see it"
    assert (f'lang="{locale}"' in message.html, message.locale) == (True, locale)
    for line in filter(None, map(str.strip, message.text.splitlines())):
        assert line.split("://")[0] in message.html.replace("&#39;", "'").replace("&#34;", '"')


async def _neutral(world: World, kind: NoticeKind, message: Message) -> str:
    """The beginning of quite another message to the same person."""
    other = "sign_in" if kind is not NoticeKind.SIGN_IN else "admitted"
    text = render_text(message.locale, f"notices/{other}.txt", to_asker=False, stop_url="", link="x", code="1")
    assert text.partition("\n")[0] == message.subject
    return re.sub(r"\n{3,}", "\n\n", text).partition("\n\n")[2][:LOCKED_SCREEN]


async def test_a_message_about_what_is_over_is_not_composed(world: World) -> None:
    need, _ = await posted(world)
    asked, told = await owed(world, "ask"), await owed(world, "posted")
    await withdraw_need(world.ctx, need)
    assert await compose(world.ctx, asked) is None
    assert await compose(world.ctx, told) is None


async def test_a_link_to_sign_in_is_not_sent_when_it_is_too_old_to_be_used(world: World) -> None:
    await _sign_in(world)
    notice = await owed(world, "sign_in")
    world.later(hours=1)
    assert await compose(world.ctx, notice) is None


async def test_nobody_is_written_to_once_their_key_is_destroyed(world: World) -> None:
    need, _ = await posted(world)
    notice = await owed(world, "posted")
    await world.one("DELETE FROM data_key WHERE id = $1", need)
    assert await compose(world.ctx, notice) is None


async def test_a_locale_without_a_catalogue_gets_the_source_language(world: World) -> None:
    await posted(world, locale="ti")
    message = await said(world, "posted")
    assert message.locale == "en"
    assert 'lang="en"' in message.html


async def test_both_sides_of_a_match_get_the_page_that_is_theirs(world: World) -> None:
    need, helper = await connect(world)
    ask = await world.ask_of(need, helper)
    assert f"/n/{VAULT.sign('need', need)}" in (await said(world, "connected", to_member=False)).text
    assert f"/a/{VAULT.sign('ask', ask)}" in (await said(world, "connected", to_member=True)).text


async def test_whoever_said_yes_is_told_what_is_different_and_how_it_is_now(world: World) -> None:
    await _changed(world)
    message = await said(world, "need_changed")
    assert message.to == "wing@example.org"
    for told in ("the day, the place and how many people", "Groceries", "Nov 26", "up to 50 km", "needed: 2"):
        assert told in message.text
    ask = await world.one("SELECT ask_id FROM match")
    assert f"/a/{VAULT.sign('ask', ask)}" in message.text


@pytest.mark.parametrize(
    "same",
    [{}, {"text": "Only milk"}, {"name": "Po"}, {"languages": ("yue", "en")}],
    ids=["all", "words", "name", "more"],
)
async def test_nobody_is_told_of_what_makes_no_difference_to_them(world: World, same: dict[str, Any]) -> None:
    need, _ = await connect(world)
    before = await world.one("SELECT needed_by FROM need")
    await change_need(world.ctx, need, replace(NEED, needed_by=before + timedelta(minutes=1), **same))
    assert await world.one("SELECT count(*) FROM notice WHERE kind = 'need_changed'") == 0


async def test_each_change_is_another_message_and_more_time_is_one_too(world: World) -> None:
    need, _ = await connect(world)
    await change_need(
        world.ctx, need, replace(NEED, category="meals", needed_by=world.now + timedelta(days=1), helpers=2)
    )
    first = await owed(world, "need_changed")
    await renew_need(world.ctx, need, world.now + timedelta(days=5), NEED.hours)
    assert (await owed(world, "need_changed")).id != first.id
    assert "what is needed, the day and how many" in (await said(world, "need_changed")).text


async def test_each_hears_of_the_others_notes_and_of_many_at_once_in_one_message(world: World) -> None:
    need, helper = await connect(world)
    match = await world.one("SELECT id FROM match")
    for author in ("asker", "asker", "helper"):
        await add_note(world.ctx, match, need, author, "The red door")
    first, to_asker = await owed(world, "note", to_member=True), await owed(world, "note", to_member=False)
    assert (first.member_id, to_asker.need_id) == (helper, need)
    assert await world.one("SELECT count(*) FROM notice WHERE kind = 'note'") == 2
    await world.one("UPDATE notice SET state = 'sent', sent_at = $1 WHERE id = $2", world.now, first.id)
    world.later(minutes=1)
    await add_note(world.ctx, match, need, "asker", "At six")
    again = await owed(world, "note", to_member=True)
    assert again.id != first.id
    due = await world.one("SELECT due_at FROM promise WHERE job = 'deliver_notice' AND subject = $1", again.id)
    assert due == world.now + timedelta(minutes=9)


async def test_a_helper_who_cannot_after_all_hears_of_no_change(world: World) -> None:
    await _changed(world)
    notice = await owed(world, "need_changed")
    await world.one("UPDATE match SET state = 'fell_through', ended_at = accepted_at, ended_by = 'helper'")
    assert await compose(world.ctx, notice) is None


async def test_who_stopped_messages_after_one_was_owed_does_not_get_it(world: World) -> None:
    await posted(world)
    for kind in ("ask", "posted"):
        notice = await owed(world, kind)
        stop_url = (await said(world, kind)).stop_url
        assert await stop(world.ctx, stop_url.rpartition("/")[2])
        assert await compose(world.ctx, notice) is None
    assert not await stop(world.ctx, "not-a-token")
    assert not await stop(world.ctx, VAULT.sign("ask", uuid4())), "another link's token stops nothing"


async def test_a_sign_in_reaches_even_those_who_stopped_messages(world: World) -> None:
    _, helper = await posted(world)
    await world.one("UPDATE member SET mail_stopped = true WHERE id = $1", helper)
    await request_sign_in(world.ctx, read_contact("wing@example.org"), locale="en")
    message = await said(world, "sign_in")
    assert message.stop_url == ""
