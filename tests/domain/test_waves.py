from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweb.domain.ids import GroupId, MemberId, NeedId, OfferId
from careweb.domain.states import Urgency
from careweb.domain.waves import (
    ENOUGH,
    MOST_IN_WAVE,
    PATIENCE,
    RESTED,
    Candidate,
    OpenNeed,
    Pace,
    chance_of_filling,
    chance_of_yes,
    counted,
    plan_wave,
    should_look_further,
    wanted_chance,
)

NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)  # noon in Toronto
MIDNIGHT = datetime(2026, 11, 23, 5, tzinfo=UTC)
PACE = Pace(ask_timeout=timedelta(hours=6), wave_every=timedelta(minutes=20))
HALF_WAY = 1 - (1 - ENOUGH) ** 0.5  # twice so likely is ENOUGH
NEED = OpenNeed(id=NeedId(UUID(int=1)), urgency=Urgency.URGENT, open_slots=1)
ANYONE = Candidate(
    offer_id=OfferId(UUID(int=2)),
    member_id=MemberId(UUID(int=3)),
    group_id=GroupId(UUID(int=4)),
    km=0.0,
    need_r50_km=1.2,
    offer_r50_km=1.2,
    radius_km=10.0,
    language="yue",
    second_language=False,
    load=0.0,
    asks_last_week=0,
    weekly_asks=5,
    outstanding=False,
    time_zone="America/Toronto",
    quiet_from=21,
    quiet_until=8,
    urgent_any_hour=False,
)


def someone(**changes: object) -> Candidate:
    return replace(ANYONE, offer_id=OfferId(uuid4()), member_id=MemberId(uuid4()), **changes)  # type: ignore[arg-type]


def test_who_is_likelier_to_say_yes_is_asked_first() -> None:
    near, far, foreign = someone(), someone(km=9.0), someone(second_language=True)
    plan = plan_wave(NEED, [far, foreign, near], pace=PACE, now=NOON)
    assert [*plan.asks] == sorted([near, far, foreign], key=chance_of_yes, reverse=True)
    assert plan.asks[0] == near


def test_among_equals_the_cheapest_is_asked_first() -> None:
    busy, idle = someone(load=0.5), someone()
    assert plan_wave(NEED, [busy, idle], pace=PACE, now=NOON).asks == (idle, busy)


@pytest.mark.parametrize("urgency", list(Urgency))
def test_a_wave_is_as_small_as_brings_a_likely_yes_and_never_above_its_limit(urgency: Urgency) -> None:
    plan = plan_wave(replace(NEED, urgency=urgency), [someone() for _ in range(40)], pace=PACE, now=NOON)
    chances = plan.chances
    assert [*chances] == [chance_of_yes(c) for c in plan.asks]
    wanted = HALF_WAY if urgency is Urgency.URGENT else ENOUGH
    if len(plan.asks) < MOST_IN_WAVE[urgency]:
        assert chance_of_filling(1, chances) >= wanted
    assert chance_of_filling(1, chances[:-1]) < wanted
    assert len(plan.asks) <= MOST_IN_WAVE[urgency]


def test_asks_already_out_count_towards_enough() -> None:
    many = [someone() for _ in range(40)]
    fresh = plan_wave(NEED, many, pace=PACE, now=NOON)
    later = plan_wave(replace(NEED, chances_out=(0.2,) * 6), many, pace=PACE, now=NOON)
    assert len(later.asks) < len(fresh.asks)


def test_nobody_is_written_to_in_their_quiet_hours_and_the_need_waits_for_their_morning() -> None:
    plan = plan_wave(NEED, [someone()], pace=PACE, now=MIDNIGHT)
    assert plan.asks == ()
    assert not plan.exhausted
    assert plan.next_at == MIDNIGHT + timedelta(minutes=20)
    almost_eight = MIDNIGHT + timedelta(hours=7, minutes=50)
    assert plan_wave(NEED, [someone()], pace=PACE, now=almost_eight).next_at == MIDNIGHT + timedelta(hours=8)


def test_an_urgent_need_may_wake_only_those_who_said_so() -> None:
    sleeper, anytime = someone(), someone(urgent_any_hour=True)
    assert plan_wave(NEED, [sleeper, anytime], pace=PACE, now=MIDNIGHT).asks == (anytime,)
    not_urgent = replace(NEED, urgency=Urgency.MEDIUM)
    assert plan_wave(not_urgent, [sleeper, anytime], pace=PACE, now=MIDNIGHT).asks == ()


def test_one_who_has_an_ask_or_had_enough_this_week_is_left_in_peace() -> None:
    plan = plan_wave(NEED, [someone(outstanding=True), someone(asks_last_week=5)], pace=PACE, now=NOON)
    assert plan.asks == ()
    assert not plan.exhausted  # the first may be free soon


def test_only_people_asked_enough_already_is_told_to_a_coordinator_and_looked_at_again() -> None:
    plan = plan_wave(NEED, [someone(asks_last_week=5)], pace=PACE, now=NOON)
    assert plan.exhausted
    assert plan.next_at is not None


def test_nobody_at_all_is_exhausted() -> None:
    plan = plan_wave(NEED, [], pace=PACE, now=NOON)
    assert plan.exhausted
    assert plan.next_at == NOON + RESTED


def test_the_last_ones_asked_are_waited_for() -> None:
    plan = plan_wave(NEED, [someone()], pace=PACE, now=NOON)
    assert plan.next_at == NOON + PACE.ask_timeout
    waiting = plan_wave(replace(NEED, chances_out=(0.2,)), [], pace=PACE, now=NOON)
    assert (waiting.exhausted, waiting.next_at) == (False, NOON + PACE.ask_timeout)


def test_one_person_with_two_offers_is_asked_once() -> None:
    one = someone()
    two = replace(one, offer_id=OfferId(uuid4()))
    assert len(plan_wave(NEED, [one, two], pace=PACE, now=NOON).asks) == 1


def test_the_order_of_candidates_changes_nothing() -> None:
    many = [someone() for _ in range(20)]
    plans = {plan_wave(NEED, order, pace=PACE, now=NOON).asks for order in (many, many[::-1], many[7:] + many[:7])}
    assert len(plans) == 1


def test_who_the_solve_claims_for_this_need_is_asked_before_anybody_better() -> None:
    claimed, friend, near = someone(km=9.0, claimed=True), someone(km=9.0, helped_before=True), someone()
    assert plan_wave(NEED, [near, friend, claimed], pace=PACE, now=NOON).asks == (claimed, friend, near)


@pytest.mark.parametrize("tier", list(Urgency))
def test_whom_a_need_of_the_same_or_a_more_urgent_tier_claims_is_left_to_it(tier: Urgency) -> None:
    need = replace(NEED, urgency=Urgency.MEDIUM)
    theirs, free = someone(claimed_by=tier), someone(km=9.0)
    plan = plan_wave(need, [theirs, free], pace=PACE, now=NOON)
    assert plan.asks == ((theirs, free) if tier is Urgency.LOW else (free,))
    assert plan_wave(need, [theirs], pace=PACE, now=NOON).exhausted is False  # a claim may end


def test_a_person_claimed_for_two_needs_is_asked_by_either() -> None:
    both = someone(claimed=True, claimed_by=Urgency.URGENT)
    assert plan_wave(NEED, [both], pace=PACE, now=NOON).asks == (both,)


@pytest.mark.parametrize("urgency", list(Urgency))
def test_a_rare_language_is_kept_for_those_who_need_it_while_anybody_else_is_there(urgency: Urgency) -> None:
    need = replace(NEED, urgency=urgency)
    rare, other, asleep = someone(reserved=True), someone(km=9.0), someone(quiet_from=9, quiet_until=20)
    assert plan_wave(need, [rare, *[other] * 2], pace=PACE, now=NOON).asks[0] == other
    assert plan_wave(need, [rare], pace=PACE, now=NOON).asks == (rare,)
    waits = plan_wave(need, [rare, asleep], pace=PACE, now=NOON)
    assert waits.asks == ((rare,) if urgency is Urgency.URGENT else ())


def test_who_knows_the_asker_or_is_claimed_is_not_kept_back_for_a_language() -> None:
    friend, other = someone(reserved=True, helped_before=True), someone()
    assert plan_wave(NEED, [other, friend], pace=PACE, now=NOON).asks == (friend, other)


def test_who_says_yes_more_often_is_asked_first_and_who_was_asked_lately_later() -> None:
    helpful, silent, new = someone(answered=10, accepted=8), someone(answered=10), someone()
    soon = replace(NEED, urgency=Urgency.MEDIUM)
    assert plan_wave(soon, [new, silent, helpful], pace=PACE, now=NOON).asks == (helpful, new, silent)
    tired = someone(asks_last_week=3)
    assert plan_wave(soon, [tired, new], pace=PACE, now=NOON).asks == (new, tired)


def test_where_few_say_yes_more_are_asked_at_once() -> None:
    generous = [someone(answered=10, accepted=5) for _ in range(40)]
    reluctant = [someone(answered=10, accepted=2) for _ in range(40)]
    sizes = [len(plan_wave(NEED, many, pace=PACE, now=NOON).asks) for many in (generous, reluctant)]
    assert sizes[0] < sizes[1]
    newcomers = [someone() for _ in range(20)]  # nothing is known of them but what the others do
    assert len(plan_wave(NEED, newcomers + generous, pace=PACE, now=NOON).asks) <= sizes[0] + 1


def test_a_need_for_three_asks_for_enough_to_fill_all_of_them() -> None:
    many = [someone(answered=20, accepted=10) for _ in range(60)]
    plan = plan_wave(replace(NEED, open_slots=3), many, pace=PACE, now=NOON)
    assert chance_of_filling(3, plan.chances) >= HALF_WAY > chance_of_filling(3, plan.chances[:-1])


@given(st.lists(st.floats(0, 1), max_size=7), st.integers(1, 4))
def test_the_chance_of_filling_is_that_of_enough_yeses(chances: list[float], slots: int) -> None:
    exact = 0.0
    for answers in product([True, False], repeat=len(chances)):
        weight = 1.0
        for yes, p in zip(answers, chances, strict=True):
            weight *= p if yes else 1 - p
        exact += weight * (sum(answers) >= slots)
    assert chance_of_filling(slots, chances) == pytest.approx(exact, abs=1e-9)


def test_the_more_time_is_left_the_fewer_are_asked_at_once_unless_it_is_urgent() -> None:
    many = [someone() for _ in range(40)]

    def size(urgency: Urgency, hours: float) -> int:
        need = replace(NEED, urgency=urgency, needed_by=NOON + timedelta(hours=hours))
        return len(plan_wave(need, many, pace=PACE, now=NOON).asks)

    assert [size(Urgency.MEDIUM, hours) for hours in (150, 24, 12, 1)] == [1, 2, 3, 4]
    assert size(Urgency.URGENT, 2) == size(Urgency.URGENT, 40) > 4
    assert len(plan_wave(replace(NEED, urgency=Urgency.MEDIUM), many, pace=PACE, now=NOON).asks) == 4


def test_a_need_that_can_wait_a_week_leaves_those_in_peace_who_were_asked_within_one() -> None:
    tired, rested = someone(asks_last_week=1), someone(km=9.0)
    can_wait = replace(NEED, urgency=Urgency.LOW, needed_by=NOON + timedelta(days=8))
    assert plan_wave(can_wait, [tired, rested], pace=PACE, now=NOON).asks == (rested,)
    alone = plan_wave(can_wait, [tired], pace=PACE, now=NOON)
    assert (alone.asks, alone.exhausted) == ((), False)
    assert plan_wave(can_wait, [tired], pace=PACE, now=NOON + timedelta(days=2)).asks == (tired,)
    friend = replace(tired, helped_before=True)
    assert plan_wave(can_wait, [friend], pace=PACE, now=NOON).asks == (friend,)


def test_an_urgent_need_begins_with_half_and_goes_all_the_way_before_its_first_asks_time_out() -> None:
    pace = Pace(ask_timeout=timedelta(minutes=30), wave_every=timedelta(minutes=5))

    def wanted(minutes: float) -> float:
        need = replace(NEED, chances_out=(0.2,), asked_since=NOON - timedelta(minutes=minutes))
        return wanted_chance(need, pace=pace, now=NOON)

    assert wanted_chance(NEED, pace=pace, now=NOON) == wanted(0) == pytest.approx(HALF_WAY)
    rising = [wanted(minutes) for minutes in (0, 5, 10, 15, 20, 25, 29.99)]
    assert rising == sorted(set(rising))
    assert rising[-1] == pytest.approx(ENOUGH, abs=1e-3)
    assert wanted(30) == wanted(600) == pytest.approx(HALF_WAY)  # again so, each time somebody times out


def test_where_nobody_knows_since_when_it_asks_an_urgent_need_goes_all_the_way() -> None:
    assert wanted_chance(replace(NEED, chances_out=(0.2,)), pace=PACE, now=NOON) == pytest.approx(ENOUGH)


def test_a_need_with_time_waits_half_as_long_as_an_ask_may_take_before_it_asks_somebody_else_too() -> None:
    many = [someone() for _ in range(10)]
    waits = replace(NEED, urgency=Urgency.LOW, needed_by=NOON + timedelta(days=5), chances_out=(0.2,))
    asked = [PATIENCE * PACE.ask_timeout * part for part in (0.0, 0.99, 1.0)]
    needs = [replace(waits, sent_out=(NOON - ago,)) for ago in asked]
    assert [len(plan_wave(need, many, pace=PACE, now=NOON).asks) for need in needs] == [0, 0, 1]
    assert plan_wave(waits, many, pace=PACE, now=NOON).asks == ()  # not known since when: not before it times out
    assert counted(replace(needs[-1], urgency=Urgency.URGENT), pace=PACE, now=NOON) == (0.2,)


def test_it_looks_further_only_where_somebody_is_wanted_and_all_who_are_near_sleep_rest_or_are_planned() -> None:
    def further(need: OpenNeed, *near: Candidate) -> bool:
        return should_look_further(need, near, pace=PACE, now=NOON)

    asleep, claimed, up = someone(quiet_from=9, quiet_until=20), someone(claimed_by=Urgency.URGENT), someone()
    busy, had_enough = someone(outstanding=True), someone(asks_last_week=5)
    assert further(NEED, asleep, claimed, busy, had_enough)
    assert not further(NEED, asleep, claimed, busy, had_enough, up)
    assert not further(replace(NEED, chances_out=(0.95,)), asleep)  # enough are asked
    medium = replace(NEED, urgency=Urgency.MEDIUM)
    assert further(medium, asleep, claimed)
    assert not further(medium, asleep)  # whoever is further off sleeps too, and there is time


LAST = {"helped_last": True, "helped_before": True}
CALM = replace(NEED, urgency=Urgency.MEDIUM)


def test_whoever_took_it_the_last_time_is_asked_alone_at_first() -> None:
    known, others = someone(**LAST, km=9.0), [someone() for _ in range(5)]
    plan = plan_wave(CALM, [*others, known], pace=PACE, now=NOON)
    assert (plan.asks, plan.next_at, plan.exhausted) == ((known,), NOON + PACE.ask_timeout, False)
    later = plan_wave(replace(CALM, asked_since=NOON - PACE.ask_timeout), others, pace=PACE, now=NOON)
    assert known not in later.asks
    assert later.asks


def test_a_calm_need_waits_until_they_wake_and_an_urgent_one_asks_others() -> None:
    known, other = someone(**LAST, quiet_from=10, quiet_until=14), someone()
    calm = plan_wave(CALM, [other, known], pace=PACE, now=NOON)
    assert (calm.asks, calm.next_at) == ((), NOON + timedelta(hours=2))
    assert plan_wave(NEED, [other, known], pace=PACE, now=NOON).asks == (other,)


def test_whoever_took_it_the_last_time_is_asked_once_by_one_offer_and_no_more_than_are_wanted() -> None:
    known = someone(**LAST)
    twice = replace(known, offer_id=OfferId(uuid4()), km=5.0)
    others = [someone(**LAST), someone(**LAST)]
    plan = plan_wave(replace(CALM, open_slots=2), [twice, known, *others], pace=PACE, now=NOON)
    assert len({c.member_id for c in plan.asks}) == len(plan.asks) == 2
    assert twice not in plan.asks


def test_whoever_took_it_the_last_time_is_left_to_a_need_that_claims_them_and_to_their_rest() -> None:
    for changes in ({"claimed_by": Urgency.URGENT}, {"outstanding": True}, {"asks_last_week": 5}):
        known, other = someone(**LAST, **changes), someone()
        assert plan_wave(CALM, [other, known], pace=PACE, now=NOON).asks == (other,)
