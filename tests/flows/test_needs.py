"""An asker's own verbs."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.errors import NoCodeLeftError, OverError
from careweb.domain.hours import ANY_TIME
from careweb.flows.following import follow
from careweb.flows.needs import change_need, find_by_code, post_need, renew_need, withdraw_need
from careweb.flows.timing import close_silent_need, expire_need, purge_need, time_out_ask, warn_need
from tests.world import NEED, NOON, VAULT, World

TOMORROW = replace(NEED, needed_by=NOON + timedelta(days=1))


async def test_the_same_form_twice_is_one_need_with_one_code(world: World) -> None:
    group = await world.group()
    first, second = [await post_need(world.ctx, group, TOMORROW, form_id="a form") for _ in range(2)]
    assert (first.need_id, first.code) == (second.need_id, second.code)
    assert (first.fresh, second.fresh) == (True, False)
    assert await world.one("SELECT count(*) FROM need") == 1
    assert await world.one("SELECT count(*) FROM data_key WHERE record = 'need'") == 1


async def test_the_code_opens_the_need_and_nothing_of_it_is_stored(world: World) -> None:
    posted = await post_need(world.ctx, await world.group(), TOMORROW, form_id="a form")
    assert await find_by_code(world.begin, f" {posted.code} ") == posted.need_id
    other_secret = f"{posted.code.locator}{(int(posted.code.secret) + 1) % 10**8:08d}"
    for wrong in ("", "hello", "0000 0000 0000 0000", other_secret):
        assert await find_by_code(world.begin, wrong) is None
    stored = str(await world.rows("SELECT * FROM need"))
    assert posted.code.locator not in stored
    assert posted.code.secret not in stored


def two_forms_of_one_beginning() -> tuple[str, str]:
    """Whose codes would begin with the same eight digits; there are only a hundred million of these."""
    forms: dict[str, str] = {}
    for form in (f"form {number}" for number in itertools.count()):
        if (first := forms.setdefault(VAULT.return_code(form).locator, form)) != form:
            return first, form
    raise AssertionError("there are endlessly many forms")


async def test_two_codes_that_would_begin_alike_are_two_needs_and_each_opens_its_own(world: World) -> None:
    group, forms = await world.group(), two_forms_of_one_beginning()
    posted = [await post_need(world.ctx, group, TOMORROW, form_id=form) for form in forms]
    assert [one.fresh for one in posted] == [True, True]
    assert await world.one("SELECT count(*) FROM need") == 2
    for one in posted:
        assert await find_by_code(world.begin, str(one.code)) == one.need_id
    again = [await post_need(world.ctx, group, TOMORROW, form_id=form) for form in forms]
    assert [(one.need_id, one.code, one.fresh) for one in again] == [(one.need_id, one.code, False) for one in posted]


async def test_a_need_whose_code_cannot_be_had_is_refused_and_not_lost_in_silence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, forms = await world.group(), two_forms_of_one_beginning()
    monkeypatch.setattr("careweb.flows.needs._BEGINNINGS", 1)
    await post_need(world.ctx, group, TOMORROW, form_id=forms[0])
    with pytest.raises(NoCodeLeftError):
        await post_need(world.ctx, group, TOMORROW, form_id=forms[1])


async def test_what_someone_wrote_is_sealed(world: World) -> None:
    contact = read_contact("po@example.org")
    await post_need(world.ctx, await world.group(), replace(TOMORROW, contact=contact), form_id="a form")
    stored = str(await world.rows("SELECT * FROM need"))
    assert not [word for word in ("Rice", "example.org", "Po'") if word in stored]


async def test_a_changed_need_is_matched_anew(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    await change_need(world.ctx, need, replace(TOMORROW, text="Only milk", helpers=2))
    assert (await follow(world.ctx, need)).text == "Only milk"
    assert await world.one("SELECT state FROM ask WHERE need_id = $1", need) == "cancelled"
    await world.match(need)
    assert len(await world.asks(need)) == 2
    assert await world.asked(need) == {helper}


async def test_a_withdrawn_need_cannot_be_changed(world: World) -> None:
    need = await world.need(await world.group())
    await withdraw_need(world.ctx, need)
    with pytest.raises(OverError):
        await change_need(world.ctx, need, TOMORROW)
    with pytest.raises(OverError):
        await withdraw_need(world.ctx, need)


async def test_a_need_expires_with_its_asks_and_can_be_renewed(world: World) -> None:
    group = await world.group()
    await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    await expire_need(world.ctx, need)
    assert (await follow(world.ctx, need)).state == "open"
    world.later(days=2)
    await expire_need(world.ctx, need)
    assert (await follow(world.ctx, need)).state == "expired"
    assert await world.one("SELECT state FROM ask WHERE need_id = $1", need) == "cancelled"
    await renew_need(world.ctx, need, world.now + timedelta(days=3), ANY_TIME)
    assert (await follow(world.ctx, need)).state == "open"
    await world.match(need)
    assert len(await world.asks(need)) == 2


async def test_a_renewed_need_is_warned_of_again(world: World) -> None:
    contact = read_contact("po@example.org")
    need = await world.need(await world.group(), contact=contact)
    for _ in range(2):
        await warn_need(world.ctx, need)
        await warn_need(world.ctx, need)
        await renew_need(world.ctx, need, world.now + timedelta(days=3), ANY_TIME)
        world.later(hours=1)
    assert await world.one("SELECT count(*) FROM notice WHERE kind = 'need_warning'") == 2


async def test_an_unanswered_ask_times_out_and_others_are_asked(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    ask = await world.ask_of(need, helper)
    await time_out_ask(world.ctx, ask)
    assert await world.one("SELECT state FROM ask WHERE id = $1", ask) == "planned"
    world.later(minutes=31)
    await time_out_ask(world.ctx, ask)
    assert await world.one("SELECT state FROM ask WHERE id = $1", ask) == "timed_out"


async def test_a_matched_need_nobody_speaks_of_closes_as_met(world: World) -> None:
    from careweb.flows.asks import accept

    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    await accept(world.ctx, await world.ask_of(need, helper), helper)
    world.later(days=7, hours=23)
    await close_silent_need(world.ctx, need)
    assert (await follow(world.ctx, need)).state == "matched"
    world.later(hours=2)
    await close_silent_need(world.ctx, need)
    assert (await follow(world.ctx, need)).state == "met"


async def test_fourteen_days_after_closing_nobody_can_tell_who_it_was(world: World) -> None:
    contact = read_contact("po@example.org")
    posted = await post_need(world.ctx, await world.group(), replace(TOMORROW, contact=contact), form_id="a form")
    need = posted.need_id
    await withdraw_need(world.ctx, need)
    world.later(days=13, hours=23)
    await purge_need(world.ctx, need)
    assert await world.one("SELECT count(*) FROM data_key WHERE id = $1", need) == 1
    world.later(hours=2)
    await purge_need(world.ctx, need)
    assert await world.one("SELECT count(*) FROM data_key WHERE id = $1", need) == 0
    (row,) = await world.rows("SELECT * FROM need WHERE id = $1", need)
    gone = ("sealed_name", "sealed_contact", "sealed_text", "contact_index", "locator_hash", "secret_hash", "form_hash")
    assert [row[name] for name in gone] == [None] * len(gone)
    assert row["posted_at"].weekday() == 0
    assert await find_by_code(world.begin, str(posted.code)) is None


async def test_a_key_of_another_record_opens_nothing(world: World) -> None:
    need, other = await world.need(group := await world.group()), await world.need(group)
    text = await world.one("SELECT sealed_text FROM need WHERE id = $1", need)
    from cryptography.exceptions import InvalidTag

    from careweb.storage.sealing import key_of

    sealer = await key_of(world.tx, VAULT, "need", other)
    assert sealer
    with pytest.raises(InvalidTag):
        sealer.open("text", text)
