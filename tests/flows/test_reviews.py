"""Held needs and reports: who may judge, what follows in the same transaction, and what waits for the decision."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from careweb.domain.contacts import Contact, by_code, read_contact
from careweb.domain.errors import NotHereError, NotNowError, OverError
from careweb.domain.ids import GroupId, MatchId, MemberId, NeedId
from careweb.domain.limits import HeldReason
from careweb.domain.reviews import Action, Cause, told_at
from careweb.domain.states import Role
from careweb.flows import reports
from careweb.flows.asks import accept
from careweb.flows.following import follow
from careweb.flows.forgetting import erase_need, forget_need, need_kept_until
from careweb.flows.groups import grant_role, take_role
from careweb.flows.matches import add_note, helper_side
from careweb.flows.members import forget_member, member_kept_until, remove_member
from careweb.flows.needs import change_need, confirm_met, post_need, withdraw_need
from careweb.flows.reports import Said, appeal, purge_review, report_asker, report_helper
from careweb.flows.reviewing import (
    count_reviews,
    decide_review,
    review_of,
    reviews,
    reviews_left,
    take_review,
    tell_staff,
)
from careweb.flows.timing import expire_need, purge_need
from careweb.storage.database import run
from careweb.storage.promises import promise_forgotten, stuck
from careweb.storage.sealing import key_of
from tests.world import NEED, NOON, VAULT, World

PO = read_contact("po@example.org")
WHY = "I called both of them"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Two:
    """Connected, and those who look after their group."""

    group: GroupId
    need: NeedId
    match: MatchId
    helper: MemberId
    jo: MemberId
    kim: MemberId


async def staff(world: World, group: GroupId, address: str) -> MemberId:
    return await grant_role(world.ctx, group, read_contact(address), Role.COORDINATOR, name=address.split("@")[0])


async def connected(world: World, contact: Contact = PO) -> Two:
    group = await world.group()
    helper = await world.helper(group, address="wing@example.org")
    need = await world.need(group, contact=contact)
    await world.match(need)
    await accept(world.ctx, await world.ask_of(need, helper), helper)
    match = MatchId(await world.one("SELECT id FROM match WHERE need_id = $1", need))
    jo, kim = await staff(world, group, "jo@example.org"), await staff(world, group, "kim@example.org")
    return Two(group=group, need=need, match=match, helper=helper, jo=jo, kim=kim)


async def reported(world: World, two: Two, cause: Cause = Cause.UNSAFE, text: str = "He followed me") -> UUID:
    await report_helper(world.ctx, two.need, two.match, Said(cause=cause, text=text))
    (found,) = await reviews(world.ctx, two.group, two.jo)
    return found.id


async def test_a_report_keeps_two_apart_ends_what_is_under_way_and_asks_others(world: World) -> None:
    two = await connected(world)
    await reported(world, two)
    assert (await follow(world.ctx, two.need)).state == "open"
    assert (await helper_side(world.ctx, two.match, two.helper)).state == "fell_through"
    await world.match(two.need)
    again = await world.need(two.group, contact=PO, text="another time")
    await world.match(again)
    assert await world.asked(again) == set()
    mei = await world.helper(two.group, name="Mei")
    await world.match(two.need)
    assert await world.asked(two.need) == {two.helper, mei}


async def test_a_block_keeps_apart_and_nobody_looks(world: World) -> None:
    two = await connected(world)
    await report_asker(world.ctx, two.match, two.helper, Said(cause=Cause.OTHER, block=True))
    assert await reviews(world.ctx, two.group, two.jo) == []
    assert await world.one("SELECT kind FROM apart") == "block"
    assert (await follow(world.ctx, two.need)).state == "open"


async def test_after_a_report_neither_sees_how_to_reach_the_other_even_where_it_was_done(world: World) -> None:
    two = await connected(world)
    await confirm_met(world.ctx, two.need)
    assert (await helper_side(world.ctx, two.match, two.helper)).asker_contact == "po@example.org"
    await reported(world, two)
    assert (await helper_side(world.ctx, two.match, two.helper)).asker_contact == ""
    (seen,) = (await follow(world.ctx, two.need)).matches
    assert (seen.state, seen.helper_contact) == ("done", "")


async def test_whoever_left_no_contact_can_report_and_is_not_matched_to_them_again_for_this_need(world: World) -> None:
    two = await connected(world, by_code())
    await reported(world, two)
    await change_need(world.ctx, two.need, NEED)
    await world.match(two.need)
    assert await world.one("SELECT count(*) FROM ask WHERE need_id = $1", two.need) == 1


async def test_two_kept_apart_write_no_more_notes(world: World) -> None:
    two = await connected(world)
    other = await world.need(two.group, contact=PO, text="more")
    await world.match(other)
    await accept(world.ctx, await world.ask_of(other, two.helper), two.helper)
    match = MatchId(await world.one("SELECT id FROM match WHERE need_id = $1", other))
    await reported(world, two)
    with pytest.raises(OverError):
        await add_note(world.ctx, match, other, "helper", "where are you")


async def test_reporting_twice_is_one_report(world: World) -> None:
    two = await connected(world)
    await reported(world, two)
    await report_helper(world.ctx, two.need, two.match, Said(cause=Cause.MONEY))
    assert len(await reviews(world.ctx, two.group, two.jo)) == 1
    assert await world.one("SELECT count(*) FROM data_key WHERE record = 'review'") == 1


async def test_an_outsider_can_neither_report_nor_see_nor_judge(world: World) -> None:
    two = await connected(world)
    west = await world.group("west")
    outsider = await staff(world, west, "outsider@example.org")
    with pytest.raises(NotHereError):
        await report_asker(world.ctx, two.match, outsider, Said(cause=Cause.OTHER))
    other = await world.need(two.group)
    with pytest.raises(NotHereError):
        await report_helper(world.ctx, other, two.match, Said(cause=Cause.OTHER))
    review = await reported(world, two)
    assert await reviews(world.ctx, west, outsider) == []
    with pytest.raises(NotHereError):
        await review_of(world.ctx, west, outsider, review)
    with pytest.raises(NotHereError):
        await decide_review(world.ctx, west, outsider, review, Action.RELEASED, WHY)


@pytest.mark.parametrize("which", ["the volunteer", "the asker"])
async def test_nobody_judges_or_sees_a_report_about_themselves(world: World, which: str) -> None:
    two = await connected(world)
    address = "wing@example.org" if which == "the volunteer" else "po@example.org"
    themselves = await staff(world, two.group, address)
    review = await reported(world, two)
    assert await reviews(world.ctx, two.group, themselves) == []
    assert (await count_reviews(world.ctx, two.group, themselves)).waiting == 0
    for judging in (
        take_review(world.ctx, two.group, themselves, review),
        decide_review(world.ctx, two.group, themselves, review, Action.RELEASED, WHY),
    ):
        with pytest.raises(NotHereError):
            await judging


async def test_the_text_is_sealed_and_read_by_who_judges_it(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two, text="He followed me")
    (row,) = await world.rows("SELECT sealed_text FROM review")
    assert b"followed" not in row["sealed_text"]
    found = await review_of(world.ctx, two.group, two.jo, review)
    assert (found.text, found.helper, found.asker, found.author) == ("He followed me", "Wing", "Po", "asker")


@pytest.mark.parametrize(("cause", "hours"), [(Cause.UNSAFE, 24), (Cause.NO_SHOW, 72)])
async def test_an_urgent_report_is_due_in_a_day_and_another_in_three(world: World, cause: Cause, hours: int) -> None:
    two = await connected(world)
    review = await reported(world, two, cause)
    assert (await review_of(world.ctx, two.group, two.jo, review)).due_at == world.now + timedelta(hours=hours)
    world.later(hours=hours)
    assert (await count_reviews(world.ctx, two.group, two.jo)).late == 1


async def test_somebody_takes_it_and_another_may_take_it_over(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two)
    await take_review(world.ctx, two.group, two.jo, review)
    assert (await review_of(world.ctx, two.group, two.kim, review)).owner == "jo"
    await take_review(world.ctx, two.group, two.kim, review)
    assert (await review_of(world.ctx, two.group, two.jo, review)).owner == "kim"


async def test_released_two_may_be_matched_again_but_a_block_stays(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two)
    await decide_review(world.ctx, two.group, two.jo, review, Action.RELEASED, WHY)
    assert await world.one("SELECT count(*) FROM apart") == 0
    await report_helper(world.ctx, two.need, two.match, Said(cause=Cause.OTHER, block=True))
    (second,) = [await reported(world, two)]
    await decide_review(world.ctx, two.group, two.jo, second, Action.RELEASED, WHY)
    assert await world.one("SELECT kind FROM apart") == "block"


async def test_kept_apart_stays_apart(world: World) -> None:
    two = await connected(world)
    await decide_review(world.ctx, two.group, two.jo, await reported(world, two), Action.KEPT_APART, WHY)
    assert await world.one("SELECT kind FROM apart") == "keep_apart"
    with pytest.raises(NotHereError):
        await take_review(world.ctx, two.group, two.kim, UUID(int=9))


async def test_a_volunteer_is_suspended_and_a_need_closed(world: World) -> None:
    two = await connected(world)
    await decide_review(world.ctx, two.group, two.jo, await reported(world, two), Action.SUSPENDED, WHY)
    assert await world.one("SELECT state FROM membership WHERE member_id = $1", two.helper) == "suspended"
    other = await connected_again(world, two)
    await report_asker(world.ctx, other.match, other.helper, Said(cause=Cause.THREAT))
    (found,) = await reviews(world.ctx, other.group, other.jo)
    with pytest.raises(NotNowError):
        await decide_review(world.ctx, other.group, other.jo, found.id, Action.SUSPENDED, WHY)
    await decide_review(world.ctx, other.group, other.jo, found.id, Action.CLOSED, WHY)
    assert (await follow(world.ctx, other.need)).close_reason == "not_safe"


async def connected_again(world: World, two: Two) -> Two:
    helper = await world.helper(two.group, name="Mei")
    need = await world.need(two.group, contact=read_contact("ada@example.org"))
    await world.match(need)
    await accept(world.ctx, await world.ask_of(need, helper), helper)
    match = MatchId(await world.one("SELECT id FROM match WHERE need_id = $1", need))
    return Two(group=two.group, need=need, match=match, helper=helper, jo=two.jo, kim=two.kim)


async def test_it_is_decided_once(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two)
    await decide_review(world.ctx, two.group, two.jo, review, Action.KEPT_APART, WHY)
    with pytest.raises(OverError):
        await decide_review(world.ctx, two.group, two.kim, review, Action.RELEASED, WHY)


async def test_one_appeal_goes_to_another_person(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two)
    await decide_review(world.ctx, two.group, two.jo, review, Action.RELEASED, WHY)
    with pytest.raises(NotNowError):
        await appeal(world.ctx, review, "not theirs", member_id=two.helper)
    await appeal(world.ctx, review, "He did it again", need_id=two.need)
    assert await reviews(world.ctx, two.group, two.jo) == [], "who decided does not judge again"
    with pytest.raises(NotHereError):
        await decide_review(world.ctx, two.group, two.jo, review, Action.RELEASED, WHY)
    found = await review_of(world.ctx, two.group, two.kim, review)
    assert (found.appeal, found.reason, found.state) == ("He did it again", WHY, "appealed")
    await decide_review(world.ctx, two.group, two.kim, review, Action.KEPT_APART, WHY)
    with pytest.raises(NotNowError):
        await appeal(world.ctx, review, "once more", need_id=two.need)
    assert await world.one("SELECT state FROM review") == "settled"


async def test_a_suspended_volunteer_may_appeal_for_a_week(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two)
    assert await reports.reviews_of_member(world.ctx, two.helper) == [], "of an open report they hear nothing"
    await decide_review(world.ctx, two.group, two.jo, review, Action.SUSPENDED, WHY)
    assert [row["action"] for row in await reports.reviews_of_member(world.ctx, two.helper)] == ["suspended"]
    world.later(days=7)
    with pytest.raises(NotNowError):
        await appeal(world.ctx, review, "too late", member_id=two.helper)


async def test_the_author_sees_how_their_report_stands(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two)
    (row,) = await reports.reviews_of_need(world.ctx, two.need)
    assert (row["state"], row["cause"]) == ("open", "unsafe")
    await decide_review(world.ctx, two.group, two.jo, review, Action.KEPT_APART, WHY)
    (row,) = await reports.reviews_of_need(world.ctx, two.need)
    assert (row["state"], row["action"]) == ("decided", "kept_apart")


# held needs


async def held(world: World, **changes: Any) -> tuple[GroupId, NeedId, MemberId]:
    group = await world.group()
    jo = await staff(world, group, "jo@example.org")
    await world.helper(group)
    need = await world.need(group, **changes)
    await world.rows("UPDATE need SET state = 'held', held_reason = 'many' WHERE id = $1", need)
    await world.rows("UPDATE review SET opened_at = $1, due_at = $2", world.now, world.now + timedelta(hours=24))
    await world.rows("UPDATE review SET kept_until = $1", world.now + timedelta(days=90))
    return group, need, jo


async def test_a_held_need_is_looked_at_before_anyone_is_asked_and_then_released(world: World) -> None:
    group, need, jo = await held(world)
    await world.match(need)
    assert await world.asked(need) == set()
    (found,) = await reviews(world.ctx, group, jo)
    assert (found.kind, found.cause, found.need_id, found.urgent) == ("held", "many", need, True)
    await decide_review(world.ctx, group, jo, found.id, Action.RELEASED, WHY)
    await world.match(need)
    assert len(await world.asked(need)) == 1
    assert await world.one("SELECT held_reason FROM need") is None


async def test_a_need_that_arrives_held_has_its_place_in_the_queue_in_the_same_transaction(world: World) -> None:
    group = await world.group()
    need = await world.need(group)
    await world.rows("CREATE TEMP TABLE copy ON COMMIT DROP AS SELECT * FROM need WHERE id = $1", need)
    await world.rows("UPDATE copy SET id = $1, state = 'held', form_hash = NULL, locator_hash = NULL", UUID(int=5))
    await world.rows("INSERT INTO need SELECT * FROM copy")
    (row,) = await world.rows("SELECT due_at - opened_at AS due, opened_at FROM review WHERE need_id = $1", UUID(int=5))
    assert (row["due"], row["opened_at"]) == (timedelta(hours=24), world.now)


async def test_a_held_need_can_be_closed_changed_and_withdrawn(world: World) -> None:
    group, need, jo = await held(world)
    await change_need(world.ctx, need, NEED)
    assert (await follow(world.ctx, need)).state == "held"
    (found,) = await reviews(world.ctx, group, jo)
    await decide_review(world.ctx, group, jo, found.id, Action.CLOSED, WHY)
    assert (await follow(world.ctx, need)).state == "closed"
    await appeal(world.ctx, found.id, "I do need it", need_id=need)


async def test_what_its_asker_withdrew_or_whose_day_passed_leaves_the_queue(world: World) -> None:
    group, need, jo = await held(world)
    await withdraw_need(world.ctx, need)
    assert await reviews(world.ctx, group, jo) == []
    late = await world.need(group)
    await world.rows("UPDATE need SET state = 'held' WHERE id = $1", late)
    world.later(days=3)
    await expire_need(world.ctx, late)
    assert (await follow(world.ctx, late)).state == "expired"
    assert await reviews(world.ctx, group, jo) == []


async def test_a_need_released_after_its_day_has_time_again(world: World) -> None:
    group, need, jo = await held(world, due_in=24)
    world.later(hours=30)
    (found,) = await reviews(world.ctx, group, jo)
    await decide_review(world.ctx, group, jo, found.id, Action.RELEASED, WHY)
    assert (await follow(world.ctx, need)).needed_by > world.now


# what a report keeps


async def test_an_open_report_keeps_what_is_known_for_ninety_days_and_no_longer(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two)
    begun = world.now
    await withdraw_need(world.ctx, two.need)
    world.now = begun + timedelta(days=90) - timedelta(seconds=1)
    await purge_need(world.ctx, two.need)
    await purge_review(world.ctx, review)
    assert await key_of(world.tx, VAULT, "need", two.need), "kept"
    assert await key_of(world.tx, VAULT, "review", review), "kept"
    assert (await follow(world.ctx, two.need)).name == "Po"
    world.now = begun + timedelta(days=90)
    await purge_need(world.ctx, two.need)
    await purge_review(world.ctx, review)
    assert await key_of(world.tx, VAULT, "need", two.need) is None
    assert await key_of(world.tx, VAULT, "review", review) is None
    (row,) = await world.rows("SELECT * FROM review")
    assert (row["action"], row["sealed_text"], row["state"]) == ("lapsed", None, "settled")
    times = [value for value in row.values() if isinstance(value, datetime)]
    assert len(times) == 5
    assert [one for one in times if (one.weekday(), one.time()) != (0, time())] == [], "times of their weeks"


async def test_once_decided_it_keeps_for_a_week_more(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two)
    await withdraw_need(world.ctx, two.need)
    world.later(days=20)
    await world.rows("DELETE FROM promise WHERE job = 'purge_need'")  # as a worker keeps it
    await purge_need(world.ctx, two.need)
    await decide_review(world.ctx, two.group, two.jo, review, Action.KEPT_APART, WHY)
    world.later(days=7)
    due = await world.one("SELECT due_at FROM promise WHERE job = 'purge_need' AND subject = $1", two.need)
    assert due == world.now
    await purge_need(world.ctx, two.need)
    assert await key_of(world.tx, VAULT, "need", two.need) is None


async def test_what_was_said_and_why_it_was_decided_is_gone_a_week_after_that(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two, text="He followed me")
    world.later(days=20)
    await decide_review(world.ctx, two.group, two.jo, review, Action.KEPT_APART, WHY)
    decided, words = world.now, "SELECT sealed_text, sealed_reason FROM review"

    world.now = decided + timedelta(days=7) - timedelta(seconds=1)
    await purge_review(world.ctx, review)
    sealer = await key_of(world.tx, VAULT, "review", review)
    (row,) = await world.rows(words)
    assert sealer
    assert sealer.open("text", row["sealed_text"]) == "He followed me"
    assert sealer.open("reason", row["sealed_reason"]) == WHY

    world.now = decided + timedelta(days=7)
    assert await world.one("SELECT due_at FROM promise WHERE job = 'purge_review'") == world.now
    await purge_review(world.ctx, review)
    assert await key_of(world.tx, VAULT, "review", review) is None
    (row,) = await world.rows(words)
    assert set(row.values()) == {None}


async def test_whoever_says_stop_everything_is_stopped_now_and_erased_when_the_report_is_over(world: World) -> None:
    two = await connected(world)
    review = await reported(world, two)
    kept = await forget_need(world.ctx, two.need)
    assert kept == world.now + timedelta(days=90)
    assert kept == await need_kept_until(world.ctx, two.need)
    assert (await follow(world.ctx, two.need)).state == "withdrawn"
    await decide_review(world.ctx, two.group, two.jo, review, Action.KEPT_APART, WHY)
    world.later(days=7)
    assert await world.one("SELECT due_at FROM promise WHERE job = 'erase_need'") == world.now
    await erase_need(world.ctx, two.need)
    assert await key_of(world.tx, VAULT, "need", two.need) is None


async def test_a_volunteer_who_leaves_is_kept_as_long_as_the_report_and_not_longer(world: World) -> None:
    two = await connected(world)
    await reported(world, two)
    kept = await forget_member(world.ctx, two.helper)
    assert kept == await member_kept_until(world.ctx, two.helper) == world.now + timedelta(days=90)
    assert await key_of(world.tx, VAULT, "member", two.helper)
    assert await world.one("SELECT state FROM membership WHERE member_id = $1", two.helper) == "suspended"
    world.later(days=90)
    await remove_member(world.ctx, two.helper)
    assert await key_of(world.tx, VAULT, "member", two.helper) is None


async def test_who_was_erased_before_a_copy_was_restored_is_erased_whatever_is_reported(world: World) -> None:
    two = await connected(world)
    await reported(world, two)
    await forget_need(world.ctx, two.need, even_kept=True)
    assert await key_of(world.tx, VAULT, "need", two.need) is None


async def reported_again_and_again(world: World, two: Two, days: int) -> None:
    """By the helper, a few days after each decision, as long as there is anything to report."""
    for _ in range(days // 4):
        try:
            await report_asker(world.ctx, two.match, two.helper, Said(cause=Cause.OTHER))
        except NotHereError:
            return
        world.later(days=3)
        for found in await reviews(world.ctx, two.group, two.jo):
            await decide_review(world.ctx, two.group, two.jo, found.id, Action.RELEASED, WHY)
        world.later(days=1)
        if await world.one("SELECT due_at FROM promise WHERE job = 'erase_need'") <= world.now:
            await world.rows("DELETE FROM promise WHERE job = 'erase_need'")  # as a worker keeps it
            await erase_need(world.ctx, two.need)


async def test_reports_that_follow_one_another_keep_nothing_longer_than_the_first(world: World) -> None:
    two = await connected(world)
    await report_asker(world.ctx, two.match, two.helper, Said(cause=Cause.OTHER))
    last = world.now + timedelta(days=90)
    assert await forget_need(world.ctx, two.need) == last
    await reported_again_and_again(world, two, 80)
    assert world.now < last
    assert await key_of(world.tx, VAULT, "need", two.need), "a report that is open keeps it, within the 90 days"
    assert (await need_kept_until(world.ctx, two.need) or last) <= last
    await reported_again_and_again(world, two, 16)
    assert world.now >= last
    assert await key_of(world.tx, VAULT, "need", two.need) is None


async def test_after_ninety_days_a_new_report_keeps_nothing_of_an_old_need(world: World) -> None:
    two = await connected(world)
    await reported(world, two)
    world.later(days=90)
    await report_asker(world.ctx, two.match, two.helper, Said(cause=Cause.OTHER))
    assert await need_kept_until(world.ctx, two.need) is None
    assert await member_kept_until(world.ctx, two.helper) is None, "nor of the other one of the two"


async def test_what_another_asker_reports_keeps_a_volunteer_who_stays_for_ninety_days_of_its_own(world: World) -> None:
    two = await connected(world)
    await reported(world, two)
    world.later(days=80)
    other, match = await another_match(world, two)
    await report_helper(world.ctx, other, match, Said(cause=Cause.UNSAFE))
    assert await member_kept_until(world.ctx, two.helper) == world.now + timedelta(days=90)


async def test_the_day_that_was_shown_to_whoever_leaves_is_not_moved_by_a_later_report(world: World) -> None:
    two = await connected(world)
    other, match = await another_match(world, two)
    review = await reported(world, two)
    last = await forget_member(world.ctx, two.helper)
    assert last == world.now + timedelta(days=90)
    world.later(days=40)
    await decide_review(world.ctx, two.group, two.jo, review, Action.KEPT_APART, WHY)
    await report_helper(world.ctx, other, match, Said(cause=Cause.UNSAFE))
    assert await forget_member(world.ctx, two.helper) == last, "kept for it, and not a day longer than was said"
    world.now = last
    await remove_member(world.ctx, two.helper)
    assert await key_of(world.tx, VAULT, "member", two.helper) is None


async def another_match(world: World, two: Two) -> tuple[NeedId, MatchId]:
    other = await world.need(two.group, contact=read_contact("ada@example.org"))
    await world.match(other)
    await accept(world.ctx, await world.ask_of(other, two.helper), two.helper)
    return other, MatchId(await world.one("SELECT id FROM match WHERE need_id = $1", other))


# what nobody looks at


async def only_jo(world: World, two: Two) -> None:
    await take_role(world.ctx, two.group, read_contact("kim@example.org"), Role.COORDINATOR)


async def waits_for_nobody(world: World) -> list[tuple[str, bool]]:
    """As an operator is told: by the gauge and `careweb doctor`, and by `careweb reviews`."""
    world.later(minutes=6)
    found = [(one.slug, one.nobody) for one in await reviews_left(world.ctx)]
    counts = [one.count for one in await stuck(world.tx, now=world.now) if one.what == "review"]
    assert counts == ([len(found)] if found else [])
    return found


async def test_an_appeal_that_nobody_else_of_the_group_can_hear_is_the_operators_until_they_name_a_person(
    world: World,
) -> None:
    two = await connected(world)
    await only_jo(world, two)
    review = await reported(world, two)
    assert await waits_for_nobody(world) == [], "jo has it"
    await decide_review(world.ctx, two.group, two.jo, review, Action.RELEASED, WHY)
    await appeal(world.ctx, review, "He did it again", need_id=two.need)
    assert await waits_for_nobody(world) == [("east", True)]
    ash = await staff(world, two.group, "ash@example.org")
    assert await waits_for_nobody(world) == []
    await decide_review(world.ctx, two.group, ash, review, Action.KEPT_APART, WHY)
    assert await world.one("SELECT state FROM review") == "settled"


@pytest.mark.parametrize("address", ["wing@example.org", "po@example.org"])
async def test_a_report_about_the_only_coordinator_is_the_operators(world: World, address: str) -> None:
    two = await connected(world)
    await only_jo(world, two)
    await staff(world, two.group, address)
    await report_helper(world.ctx, two.need, two.match, Said(cause=Cause.UNSAFE))
    assert await waits_for_nobody(world) == [], "jo is there"
    await take_role(world.ctx, two.group, read_contact("jo@example.org"), Role.COORDINATOR)
    assert await waits_for_nobody(world) == [("east", True)]


@pytest.mark.parametrize(("cause", "hours"), [(Cause.UNSAFE, 24), (Cause.NO_SHOW, 72)])
async def test_what_is_overdue_is_told_to_the_operator(world: World, cause: Cause, hours: int) -> None:
    two = await connected(world)
    review = await reported(world, two, cause)
    world.later(hours=hours - 1)
    assert await waits_for_nobody(world) == []
    world.later(hours=1)
    assert await waits_for_nobody(world) == [("east", False)]
    await decide_review(world.ctx, two.group, two.jo, review, Action.RELEASED, WHY)
    assert await waits_for_nobody(world) == []


# who hears that there is something to look at


async def told(world: World) -> set[MemberId]:
    """Does what is owed to the staff by now; who gets a message of it, which is then sent."""
    due = "DELETE FROM promise WHERE job = 'tell_staff' AND due_at <= $1 RETURNING subject"
    for row in await world.rows(due, world.now):
        await tell_staff(world.ctx, row["subject"])
    sent = "UPDATE notice SET state = 'sent', sent_at = $1 WHERE kind = 'to_look_at' AND state = 'owed' RETURNING member_id"
    return {row["member_id"] for row in await world.rows(sent, world.now)}


async def test_those_who_may_judge_hear_of_a_report_at_once_and_of_many_once_an_hour(world: World) -> None:
    two = await connected(world)
    await staff(world, two.group, "wing@example.org")
    await reported(world, two, Cause.OTHER)
    assert await told(world) == {two.jo, two.kim}, "and not whom it is about"
    assert await told(world) == set()
    world.later(minutes=10)
    other, match = await another_match(world, two)
    await report_helper(world.ctx, other, match, Said(cause=Cause.OTHER))
    await report_asker(world.ctx, match, two.helper, Said(cause=Cause.OTHER))
    assert await told(world) == set()
    world.later(minutes=49)
    assert await told(world) == set()
    world.later(minutes=1)
    assert await told(world) == {two.jo, two.kim}, "of all, in one message"
    world.later(hours=1)
    assert await told(world) == set()


async def test_a_group_is_reminded_when_a_review_is_overdue_then_day_by_day_and_not_once_it_is_decided(
    world: World,
) -> None:
    two = await connected(world)
    review = await reported(world, two, Cause.UNSAFE)
    assert await told(world) == {two.jo, two.kim}
    world.later(hours=23)
    assert await told(world) == set()
    world.later(hours=1)
    assert await told(world) == {two.jo, two.kim}
    world.later(hours=23)
    assert await told(world) == set()
    world.later(hours=1)
    assert await told(world) == {two.jo, two.kim}
    await decide_review(world.ctx, two.group, two.jo, review, Action.RELEASED, WHY)
    world.later(days=2)
    assert await told(world) == set()
    await appeal(world.ctx, review, "He did it again", need_id=two.need)
    assert await told(world) == {two.kim}, "jo decided already"


async def test_a_held_need_is_told_too_and_says_nothing_of_it(world: World) -> None:
    group = await world.group()
    jo = await staff(world, group, "jo@example.org")
    await post_need(world.ctx, group, replace(NEED, needed_by=NOON + HOUR), form_id="a form", held=HeldReason.WORDS)
    assert await told(world) == {jo}
    (row,) = await world.rows("SELECT * FROM notice WHERE kind = 'to_look_at'")
    assert (row["subject"], row["need_id"]) == (group, None)


async def test_a_promise_to_tell_that_was_lost_is_found(world: World) -> None:
    two = await connected(world)
    await reported(world, two)
    await world.rows("DELETE FROM promise WHERE job = 'tell_staff'")
    spans = dict.fromkeys(("met_after", "purge_after", "urgent_lapse", "lapse"), HOUR)
    await promise_forgotten(world.tx, now=world.now, most=99, **spans)
    assert await told(world) == {two.jo, two.kim}


async def test_nobody_is_told_of_what_is_decided(world: World) -> None:
    two = await connected(world)
    await reported(world, two)
    await world.rows("UPDATE review SET state = 'decided', action = 'released', decided_at = $1", NOON)
    await world.rows("DELETE FROM promise")
    spans = dict.fromkeys(("met_after", "purge_after", "urgent_lapse", "lapse"), HOUR)
    await promise_forgotten(world.tx, now=world.now, most=99, **spans)
    await run(world.tx, "tell_of_held", need_id=two.need)
    assert "tell_staff" not in await world.owed()


@pytest.mark.parametrize(
    ("last", "at"),
    [(None, 0), (-2, 0), (-0.5, 0.5), (0, 24), (10, 24), (23.5, 24.5), (24, 48), (30, 54)],
)
def test_when_it_is_told(last: float | None, at: float) -> None:
    """In hours since it came; it is due after 24."""
    told_last = None if last is None else NOON + timedelta(hours=last)
    assert told_at(NOON, NOON + timedelta(hours=24), told_last) == NOON + timedelta(hours=at)
