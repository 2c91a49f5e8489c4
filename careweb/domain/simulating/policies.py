"""Whom the others ask, and what could be done if the true chances were known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from careweb.domain.simulating.engine import Progress, Scene
from careweb.domain.simulating.world import Ints
from careweb.domain.waves import ENOUGH, MOST_IN_WAVE, chance_of_filling

_LOOK_AGAIN = 0.5  # hours, where somebody is asleep or busy
Asks = tuple[Sequence[tuple[int, float]], float]


def _next_hour(scene: Scene) -> float:
    return float(np.floor(scene.now)) + 1.0


def _may_be_asked(scene: Scene, one: Progress) -> Ints:
    places = scene.askable(one)
    places = places[scene.awake(one, places)]
    return places[scene.unburdened(one, places)] if scene.world.given.others.keep_caps else places


@dataclass(frozen=True, kw_only=True)
class NotifyAll:
    """Everybody who fits, as soon as they are awake."""

    def plan(self, scene: Scene, one: Progress) -> Asks:
        return [(int(place), 0.0) for place in _may_be_asked(scene, one)], _next_hour(scene)


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """The nearest few at once; when none of them is left to answer, the next few."""

    count: int

    def plan(self, scene: Scene, one: Progress) -> Asks:
        if one.out:
            return [], _next_hour(scene)
        places = _may_be_asked(scene, one)
        near = places[np.argsort(one.need.km[places], kind="stable")][: self.count * one.open_slots]
        return [(int(place), 0.0) for place in near], _next_hour(scene)


@dataclass(frozen=True, kw_only=True)
class Replace:
    """Always so many outstanding, the nearest first: whoever says no or nothing is replaced."""

    count: int

    def plan(self, scene: Scene, one: Progress) -> Asks:
        places = _may_be_asked(scene, one)
        near = places[np.argsort(one.need.km[places], kind="stable")]
        room = max(0, self.count * one.open_slots - len(one.out))
        return [(int(place), 0.0) for place in near[:room]], _next_hour(scene)


@dataclass(frozen=True, kw_only=True)
class Clairvoyant:
    """Our waves and limits, with the true chance of a yes."""

    def plan(self, scene: Scene, one: Progress) -> Asks:
        places = scene.askable(one)
        places = places[scene.awake(one, places) & scene.unburdened(one, places)]
        chances = scene.true_chance(one, places)
        best = np.argsort(-chances, kind="stable")[: MOST_IN_WAVE[one.need.urgency] * one.open_slots]
        out = [ask.chance for ask in one.out]
        asks: list[tuple[int, float]] = []
        for k in best:
            if chance_of_filling(one.open_slots, out) >= ENOUGH:
                break
            asks.append((int(places[k]), float(chances[k])))
            out.append(float(chances[k]))
        return asks, scene.now + scene.world.given.product.wave_minutes[one.need.urgency] / 60
