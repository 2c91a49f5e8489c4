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
    RESTED,
    Candidate,
    OpenNeed,
    Pace,
    chance_of_filling,
    chance_of_yes,
    plan_wave,
)

NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)  # noon in Toronto
MIDNIGHT = datetime(2026, 11, 23, 5, tzinfo=UTC)
PACE = Pace(ask_timeout=timedelta(hours=6), wave_every=timedelta(minutes=20))
NEED = OpenNeed(id=NeedId(UUID(int=1)), urgency=Urgency.URGENT, open_slots=1, asks_out=0)
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


def test_the_cheapest_are_asked_first() -> None:
    near, far, foreign = someone(), someone(km=9.0), someone(second_language=True)
    plan = plan_wave(NEED, [far, foreign, near], pace=PACE, now=NOON)
    assert [*plan.asks] == sorted([near, far, foreign], key=lambda c: c.cost.total)


@pytest.mark.parametrize("urgency", list(Urgency))
def test_a_wave_is_as_small_as_brings_a_likely_yes_and_never_above_its_limit(urgency: Urgency) -> None:
    plan = plan_wave(replace(NEED, urgency=urgency), [someone() for _ in range(40)], pace=PACE, now=NOON)
    chances = [chance_of_yes(c) for c in plan.asks]
    if len(plan.asks) < MOST_IN_WAVE[urgency]:
        assert chance_of_filling(1, chances, 0) >= ENOUGH
    assert chance_of_filling(1, chances[:-1], 0) < ENOUGH
    assert len(plan.asks) <= MOST_IN_WAVE[urgency]


def test_asks_already_out_count_towards_enough() -> None:
    many = [someone() for _ in range(40)]
    fresh = plan_wave(NEED, many, pace=PACE, now=NOON)
    later = plan_wave(replace(NEED, asks_out=6), many, pace=PACE, now=NOON)
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
    waiting = plan_wave(replace(NEED, asks_out=1), [], pace=PACE, now=NOON)
    assert (waiting.exhausted, waiting.next_at) == (False, NOON + PACE.ask_timeout)


def test_one_person_with_two_offers_is_asked_once() -> None:
    one = someone()
    two = replace(one, offer_id=OfferId(uuid4()))
    assert len(plan_wave(NEED, [one, two], pace=PACE, now=NOON).asks) == 1


def test_the_order_of_candidates_changes_nothing() -> None:
    many = [someone() for _ in range(20)]
    plans = {plan_wave(NEED, order, pace=PACE, now=NOON).asks for order in (many, many[::-1], many[7:] + many[:7])}
    assert len(plans) == 1


@given(st.lists(st.floats(0, 1), max_size=7), st.integers(1, 4))
def test_the_chance_of_filling_is_that_of_enough_yeses(chances: list[float], slots: int) -> None:
    exact = 0.0
    for answers in product([True, False], repeat=len(chances)):
        weight = 1.0
        for yes, p in zip(answers, chances, strict=True):
            weight *= p if yes else 1 - p
        exact += weight * (sum(answers) >= slots)
    assert chance_of_filling(slots, chances, 0) == pytest.approx(exact, abs=1e-9)
