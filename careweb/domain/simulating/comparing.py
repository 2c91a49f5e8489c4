"""Policies side by side: the same worlds, one after another, and what came of each in numbers and words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from careweb.domain.simulating.engine import Policy, Progress, run
from careweb.domain.simulating.measures import Measures, measure
from careweb.domain.simulating.parameters import Parameters
from careweb.domain.simulating.planner import Planner
from careweb.domain.simulating.policies import Clairvoyant, Nearest, NotifyAll, Replace
from careweb.domain.simulating.world import World, draw_world

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
    needs: Sequence[Sequence[Progress]]


def compare(given: Parameters, *, seeds: Sequence[int], policies: Sequence[str]) -> Mapping[str, Outcome]:
    records: dict[str, tuple[list[Measures], list[Sequence[Progress]]]] = {name: ([], []) for name in policies}
    for seed in seeds:
        world: World = draw_world(given, seed)
        for name in policies:
            record = run(world, POLICIES[name]())
            records[name][0].append(measure(record))
            records[name][1].append(record.needs)
    return {name: Outcome(measures=measures, needs=needs) for name, (measures, needs) in records.items()}


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
