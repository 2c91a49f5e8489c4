"""Needs that come again every week: each a need of its own, and the same helper is asked first."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.errors import NotHereError
from careweb.domain.ids import MemberId, NeedId
from careweb.domain.needs import next_by_when
from careweb.domain.reviews import Cause
from careweb.domain.states import NeedState, Urgency
from careweb.flows.asks import accept, decline
from careweb.flows.channels import quiet_hours, set_quiet_hours
from careweb.flows.following import NeedView, follow
from careweb.flows.forgetting import forget_need, forget_series
from careweb.flows.matches import helped
from careweb.flows.members import forget_member
from careweb.flows.needs import confirm_met, find_by_code, post_need, renew_need, withdraw_need
from careweb.flows.repeating import repeat_need, stop_repeating
from careweb.flows.reports import Said, report_helper
from careweb.flows.signin import forget_everywhere, open_session, visitor_of
from careweb.flows.timing import purge_need
from careweb.storage.database import Engine
from careweb.storage.sealing import key_of
from tests.workers.shop import fetch, until
from tests.world import NEED, NOON, VAULT, World, committed

TORONTO = "America/Toronto"
UNTIL = date(2026, 12, 20)  # of a need due on Tuesday, 24 November: the 1st, 8th and 15th of December


async def weekly(world: World, **changes: Any) -> NeedId:
    group = await world.one("SELECT id FROM care_group") or await world.group()
    return await world.need(group, **{"repeats_until": UNTIL} | changes)


async def again(world: World, need: NeedId) -> NeedView:
    """As a worker does when its day has come."""
    world.now = max(world.now, (await follow(world.ctx, need)).needed_by)
    await repeat_need(world.ctx, need)
    later = await world.one("SELECT id FROM need WHERE repeats_of = $1", need)
    assert later
    return await follow(world.ctx, later)


async def said_yes(world: World, need: NeedId, helper: MemberId) -> Any:
    await accept(world.ctx, await world.ask_of(need, helper), helper)
    return await world.one("SELECT id FROM match WHERE need_id = $1 AND state = 'connected'", need)


@pytest.mark.parametrize(
    ("needed_by", "now", "until", "expected"),
    [
        ("2026-11-24T17:00+00:00", "2026-11-24T17:00+00:00", "2026-12-01", "2026-12-01T17:00+00:00"),
        ("2026-11-24T17:00+00:00", "2026-11-24T17:00+00:00", "2026-11-30", None),
        ("2026-10-27T17:00+00:00", "2026-10-27T17:00+00:00", "2026-12-01", "2026-11-03T18:00+00:00"),  # clocks went back
        ("2026-11-24T17:00+00:00", "2026-12-02T00:00+00:00", "2026-12-20", "2026-12-08T17:00+00:00"),  # workers were away
        ("2026-11-25T04:59+00:00", "2026-11-25T04:59+00:00", "2026-12-01", "2026-12-02T04:59+00:00"),  # the 1st, there
    ],
)  # fmt: skip
def test_the_next_time_is_a_week_later_by_the_clock_of_the_place(
    needed_by: str, now: str, until: str, expected: str | None
) -> None:
    found = next_by_when(
        datetime.fromisoformat(needed_by), date.fromisoformat(until), now=datetime.fromisoformat(now), time_zone=TORONTO
    )
    assert found == (datetime.fromisoformat(expected) if expected else None)


async def test_hours_without_messages_are_those_of_the_next_week_too_and_go_with_the_need(world: World) -> None:
    first = await weekly(world)
    await set_quiet_hours(world.ctx, first, (22, 7))
    second = await again(world, first)
    assert await quiet_hours(world.ctx, second.id) == (22, 7)
    await forget_need(world.ctx, second.id)
    for _ in ("as it was erased", "and from a page that was open meanwhile"):
        assert await world.one("SELECT quiet_from FROM need WHERE id = $1", second.id) is None
        await set_quiet_hours(world.ctx, second.id, (22, 7))


async def test_on_its_day_it_is_posted_again_for_a_week_later(world: World) -> None:
    first = await follow(world.ctx, await weekly(world, contact=read_contact("po@example.org"), show_text=True))
    second = await again(world, first.id)
    assert second.needed_by == first.needed_by + timedelta(days=7)
    same = ("group_id", "category", "zone_code", "languages", "hours", "helpers", "reach", "show_text", "see_first", "locale", "contact_kind", "name", "text", "repeats_until")  # fmt: skip
    for what in same:
        assert getattr(second, what) == getattr(first, what), what
    assert (second.state, second.urgency) == (NeedState.OPEN, Urgency.MEDIUM), "with a week to go nothing is urgent"
    assert (await follow(world.ctx, first.id)).next_id == second.id
    await repeat_need(world.ctx, first.id)
    assert await world.one("SELECT count(*) FROM need") == 2, "running twice is safe"


async def test_it_ends_with_its_last_day(world: World) -> None:
    need, days = await weekly(world), []
    for _ in range(3):
        later = await again(world, need)
        need = later.id
        days.append(later.needed_by.date().day)
    assert days == [1, 8, 15]
    world.now = (await follow(world.ctx, need)).needed_by
    await repeat_need(world.ctx, need)
    assert (await follow(world.ctx, need)).next_id is None


async def test_whatever_became_of_it_but_not_after_it_was_withdrawn(world: World) -> None:
    withdrawn = await weekly(world)
    await withdraw_need(world.ctx, withdrawn)
    erased = await weekly(world)
    await forget_need(world.ctx, erased)
    once = await weekly(world)
    await stop_repeating(world.ctx, once)
    held = await weekly(world)
    await world.rows("UPDATE need SET state = 'held', held_reason = 'many' WHERE id = $1", held)
    world.later(days=2)
    for need in (withdrawn, erased, once, held):
        await repeat_need(world.ctx, need)
    assert await world.one("SELECT count(*) FROM need WHERE repeats_of IS NOT NULL") == 0
    expired = await weekly(world)
    await world.rows("UPDATE need SET state = 'expired', closed_at = $2 WHERE id = $1", expired, world.now)
    assert (await again(world, expired)).state == NeedState.OPEN


async def test_a_day_that_was_moved_moves_the_next_one(world: World) -> None:
    need = await weekly(world)
    moved = world.now + timedelta(days=3)
    await renew_need(world.ctx, need, moved, 1)
    await world.rows("DELETE FROM promise WHERE job = 'repeat_need'")
    world.later(days=1)
    await repeat_need(world.ctx, need)
    assert await world.one("SELECT due_at FROM promise WHERE job = 'repeat_need'") == moved
    assert (await again(world, need)).needed_by == moved + timedelta(days=7)


async def test_its_code_and_every_browser_that_followed_it_lead_to_the_next_one(world: World) -> None:
    need = await weekly(world)
    session = await open_session(world.ctx, needs=[need])
    code = VAULT.return_code("form")
    await world.rows(
        "UPDATE need SET locator_hash = $2, secret_hash = $3 WHERE id = $1",
        need, VAULT.index("locator", code.locator), VAULT.hash_secret(code.secret),
    )  # fmt: skip
    later = await again(world, need)
    assert await find_by_code(world.begin, str(code)) == later.id
    assert set((await visitor_of(world.ctx, session)).needs) == {need, later.id}
    await forget_everywhere(world.ctx, need)
    assert (await visitor_of(world.ctx, session)).needs == ()


async def test_the_form_it_came_from_sent_once_more_shows_the_next_one_and_its_code(world: World) -> None:
    group, new = await world.group(), replace(NEED, needed_by=world.now + timedelta(days=1), repeats_until=UNTIL)
    posted = await post_need(world.ctx, group, new, form_id="a form")
    later = await again(world, posted.need_id)
    once_more = await post_need(world.ctx, group, new, form_id="a form")
    assert (once_more.need_id, once_more.code, once_more.fresh) == (later.id, posted.code, False)
    assert await find_by_code(world.begin, str(posted.code)) == later.id


async def test_whoever_helped_the_last_time_is_asked_before_anybody_else(world: World) -> None:
    need = await weekly(world, helpers=2)
    group = await world.one("SELECT id FROM care_group")
    known = await world.helper(group)
    await world.match(need)
    await helped(world.ctx, await said_yes(world, need, known), known)
    others = {await world.helper(group) for _ in range(3)}
    later = await again(world, need)
    await world.match(later.id)
    assert await world.asked(later.id) == {known}, "alone, though two are wanted"
    await decline(world.ctx, await world.ask_of(later.id, known), known)
    await world.match(later.id)
    asked = await world.asked(later.id) - {known}
    assert asked
    assert asked <= others


async def test_who_is_kept_apart_is_not_asked_again_though_the_asker_left_no_contact(world: World) -> None:
    need = await weekly(world)
    helper = await world.helper(await world.one("SELECT id FROM care_group"))
    await world.match(need)
    match = await said_yes(world, need, helper)
    await report_helper(world.ctx, need, match, Said(cause=Cause.UNKIND, block=True))
    later = await again(world, need)
    await world.match(later.id)
    assert await world.asked(later.id) == set()


async def test_what_is_forgotten_says_nothing_of_the_one_after_it(world: World) -> None:
    need = await weekly(world)
    later = await again(world, need)
    await forget_need(world.ctx, need)
    rows = await world.rows("SELECT repeats_of, repeats_until FROM need WHERE id = $1 OR repeats_of = $1", need)
    assert [tuple(row) for row in rows] == [(None, None)]
    assert (await follow(world.ctx, later.id)).name == "Po"
    with pytest.raises(NotHereError):
        await follow(world.ctx, need)


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_stop_everything_erases_every_week_whichever_it_is_said_of(world: World, which: int) -> None:
    first = await weekly(world, contact=read_contact("po@example.org"))
    second = (await again(world, first)).id
    third = (await again(world, second)).id
    weeks = [first, second, third]
    assert await forget_series(world.ctx, weeks[which]) is None
    assert [await key_of(world.tx, VAULT, "need", one) for one in weeks] == [None, None, None]
    assert await world.one("SELECT count(*) FROM need WHERE sealed_name IS NOT NULL OR contact_index IS NOT NULL") == 0
    world.later(days=8)
    for one in weeks:
        await repeat_need(world.ctx, one)
    assert await world.one("SELECT count(*) FROM need") == 3, "and none comes after"
    assert await forget_series(world.ctx, weeks[which]) is None, "twice is once"


async def test_stop_everything_finds_the_weeks_before_one_that_is_forgotten_already(world: World) -> None:
    first = await weekly(world)
    second = (await again(world, first)).id
    third = (await again(world, second)).id
    await withdraw_need(world.ctx, second)
    world.later(days=14)
    await purge_need(world.ctx, second)
    await forget_series(world.ctx, third)
    assert await key_of(world.tx, VAULT, "need", first) is None


async def test_whoever_leaves_while_the_next_week_is_being_posted_leaves_none_behind(engine: Engine) -> None:
    async with committed(engine) as world:
        member = await world.helper(await world.group())
        need = await weekly(world, member=member)

    async def leave() -> None:
        async with committed(engine) as leaver:
            leaver.later(days=8)
            await forget_member(leaver.ctx, member)

    async def waits() -> bool:
        return bool(await fetch(engine, "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))  # fmt: skip

    async with committed(engine) as worker:
        later = await again(worker, need)
        leaving = asyncio.create_task(leave())
        await until(waits)
    await leaving
    async with committed(engine) as world:
        assert [await key_of(world.tx, VAULT, "need", one) for one in (need, later.id)] == [None, None]
        assert await world.one("SELECT count(*) FROM need WHERE state = 'open' OR sealed_name IS NOT NULL") == 0


async def test_what_a_report_keeps_of_one_week_lets_the_others_go_and_comes_no_more(world: World) -> None:
    first = await weekly(world)
    helper = await world.helper(await world.one("SELECT id FROM care_group"))
    second = (await again(world, first)).id
    await world.match(second)
    match = await said_yes(world, second, helper)
    await confirm_met(world.ctx, second)
    await report_helper(world.ctx, second, match, Said(cause=Cause.UNSAFE))
    assert await forget_series(world.ctx, first) == world.now + timedelta(days=90)
    assert await key_of(world.tx, VAULT, "need", first) is None
    assert await key_of(world.tx, VAULT, "need", second)
    world.later(days=8)
    await repeat_need(world.ctx, second)
    assert await world.one("SELECT count(*) FROM need") == 2


async def test_one_week_that_was_erased_before_a_copy_was_restored_takes_no_other_with_it(world: World) -> None:
    first = await weekly(world)
    second = (await again(world, first)).id
    await forget_need(world.ctx, first, even_kept=True)
    assert await key_of(world.tx, VAULT, "need", second)


async def test_messages_that_were_stopped_stay_stopped(world: World) -> None:
    need = await weekly(world, contact=read_contact("po@example.org"))
    await world.rows("UPDATE need SET mail_stopped = true WHERE id = $1", need)
    later = await again(world, need)
    assert await world.one("SELECT mail_stopped FROM need WHERE id = $1", later.id)


async def test_a_need_for_once_owes_nothing_more(world: World) -> None:
    await weekly(world, repeats_until=None)
    assert "repeat_need" not in await world.owed()
    assert world.now == NOON
