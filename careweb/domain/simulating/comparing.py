"""Policies side by side: the same worlds, one after another, and what came of each in numbers and words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from careweb.domain.simulating.engine import Policy, run
from careweb.domain.simulating.measures import Filled, Measures, by_language, measure
from careweb.domain.simulating.parameters import Parameters
from careweb.domain.simulating.planner import Planner
from careweb.domain.simulating.policies import Clairvoyant, Nearest, NotifyAll, Replace
from careweb.domain.simulating.world import draw_world

OURS = "careweb"
PLAINEST = "nearest-3"
POLICIES: Mapping[str, Callable[[], Policy]] = {
    OURS: Planner,
    "notify-all": NotifyAll,
    PLAINEST: lambda: Nearest(count=3),
    "nearest-10": lambda: Nearest(count=10),
    "three-outstanding-replace": lambda: Replace(count=3),
    "seven-outstanding-replace": lambda: Replace(count=7),
    "clairvoyant": Clairvoyant,
}
NEVER_WORSE = ("fill", "urgent_hour", "opt_out")
NOT_WORSE_WHERE_FILL_IS_EQUAL = ("asks_a_match", "p99_asks")
MORE_IS_BETTER = {"fill", "urgent_hour"}
EQUAL_FILL = 0.01


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of one policy, in each of the seeds' worlds."""

    measures: Sequence[Measures]
    languages: Sequence[Mapping[int, Filled]]


_Came = Mapping[str, tuple[Measures, Mapping[int, Filled]]]  # by policy
Each = Callable[[Callable[[int], _Came], Sequence[int]], Iterable[_Came]]


def compare(
    given: Parameters, *, seeds: Sequence[int], policies: Sequence[str], each: Each = map
) -> Mapping[str, Outcome]:
    """`each` is `map`, or that of several processes."""
    came = list(each(partial(_in_one_world, given, policies), seeds))
    return {
        name: Outcome(measures=[one[name][0] for one in came], languages=[one[name][1] for one in came])
        for name in policies
    }


def _in_one_world(given: Parameters, policies: Sequence[str], seed: int) -> _Came:
    world = draw_world(given, seed)
    records = {name: run(world, POLICIES[name]()) for name in policies}
    return {name: (measure(record), by_language(record.needs)) for name, record in records.items()}


def mean_and_noise(runs: Sequence[Measures]) -> Mapping[str, tuple[float, float]]:
    """Of each measure: its mean over seeds, and the standard error of that."""
    return {field.name: _spread([getattr(one, field.name) for one in runs]) for field in fields(Measures)}


def gains(ours: Sequence[Measures], theirs: Sequence[Measures]) -> Mapping[str, tuple[float, float]]:
    """How much better ours is than theirs in the same worlds (below 0: worse), and the standard error of that."""
    found = {}
    for name in (*NEVER_WORSE, *NOT_WORSE_WHERE_FILL_IS_EQUAL):
        sign = 1.0 if name in MORE_IS_BETTER else -1.0
        pairs = zip(ours, theirs, strict=True)
        found[name] = _spread([sign * (getattr(a, name) - getattr(b, name)) for a, b in pairs])
    return found


def _spread(values: Sequence[float]) -> tuple[float, float]:
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return float(np.mean(values)), error
