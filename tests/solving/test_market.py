"""The seam that files and ticks share: a market and lists in, an answer or the wish for longer lists out."""

import subprocess
import sys
from datetime import date

import numpy as np

from careweb.domain.solving.market import SHORT, List, Longer, Market, Solved, attempt, classify
from careweb.domain.solving.problem import Carried
from careweb.domain.solving.proof import Violator, gap, violators
from careweb.domain.states import Urgency

DAY = date(2026, 11, 23)


def market(tongues: list[str], capacity: list[int]) -> Market:
    kinds = [(Urgency.MEDIUM, tongue) for tongue in tongues]
    one = np.ones(len(kinds), np.int64)
    classes, kind = classify(kinds, one, 0 * one, {"en": Carried(asked=1, served=1)}, DAY)
    return Market(
        needs=[f"n{i}" for i in range(len(kinds))], slots=one, kind=kind,
        offers=[f"o{j}" for j in range(len(capacity))], capacity=np.array(capacity, np.int64), classes=classes,
    )  # fmt: skip


def listed(*pairs: tuple[int, float], next_cost: float = np.inf) -> List:
    offers, costs = zip(*pairs, strict=True) if pairs else ((), ())
    cost = np.array(costs, np.float64)
    return List(offer=np.array(offers, np.int64), cost=cost, tie=0 * cost, next_cost=next_cost)


def test_the_least_served_community_gets_the_only_task_and_a_violator_says_why() -> None:
    found = attempt(market(["en", "ti"], [1]), [listed((0, 0.1)), listed((0, 0.9))])
    assert isinstance(found, Solved)
    assert found.claimed() == [(1, 0)]
    assert dict(zip(found.market.classes.kinds, found.selection.count.tolist(), strict=True)) == {
        (Urgency.MEDIUM, "en"): 0,
        (Urgency.MEDIUM, "ti"): 1,
    }
    assert violators(found) == [Violator(needs=(0, 1), offers=(0,))]
    assert gap(found) == 0.0


def test_a_cut_list_of_somebody_unserved_has_to_grow() -> None:
    found = attempt(market(["en", "en"], [1, 1]), [listed((0, 0.1), next_cost=0.2), listed((0, 0.3))])
    assert found == Longer(lengths={0: SHORT})


def test_a_cut_list_that_may_hide_a_cheaper_pair_has_to_grow() -> None:
    lists = [listed((0, 0.1), (1, 0.9), next_cost=0.9), listed((0, 0.1), (1, 0.5), next_cost=0.5)]
    needs = market(["en", "en"], [1, 1, 1])
    assert isinstance(found := attempt(needs, lists), Solved)
    assert sorted(found.claimed()) == [(0, 0), (1, 1)]
    cut = [lists[0], listed((0, 0.1), (1, 0.5), next_cost=0.2)]
    assert attempt(needs, cut) == Longer(lengths={1: SHORT})


def test_a_market_with_nothing_open_is_solved() -> None:
    found = attempt(market([], [1]), [])
    assert isinstance(found, Solved)
    assert (found.claimed(), violators(found), gap(found)) == ([], [], 0.0)


def test_holding_a_market_does_not_bring_numba_in() -> None:
    code = "import sys, careweb.domain.solving.market, careweb.domain.solving.proof; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
