"""What happens in a world, event by event, when one policy decides whom to ask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from heapq import heappop, heappush
from typing import Protocol

import numpy as np

from careweb.domain.responses import ease
from careweb.domain.simulating.world import Bools, Floats, Ints, Need, World
from careweb.domain.states import Urgency

WEEK = 168.0
FORTNIGHT = 336.0


class _Event(Enum):
    YES = "yes"
    NO = "no"
    TIME_OUT = "time-out"


@dataclass(kw_only=True, eq=False)
class Ask:
    need: Need
    place: int  # among the need's candidates
    volunteer: int
    sent: float
    chance: float  # as the policy saw it
    ease: float  # as the product would count it in the volunteer's history
    out: bool = True  # no answer, and the time-out has not come
    over: bool = False  # answered, or somebody else took it


@dataclass(kw_only=True, eq=False)
class Progress:
    """One need on its way."""

    need: Need
    asked: Bools  # of its candidates
    out: list[Ask] = field(default_factory=list)
    filled: list[float] = field(default_factory=list)  # when each slot was
    helpers: list[int] = field(default_factory=list)  # and by whom
    asked_since: float | None = None
    asks: int = 0
    late: int = 0  # yeses that would have come after the last slot was taken
    turn: int = 0  # a plan that was replaced by a later one is passed over

    @property
    def open_slots(self) -> int:
        return self.need.helpers - len(self.filled)


@dataclass(kw_only=True, eq=False)
class Scene:
    """What a policy may look at. `true_chance` is for one that knows everything."""

    world: World
    fatigue: float
    now: float = 0.0
    asks_last_week: Ints
    tasks_last_week: Ints
    outstanding: Ints  # by volunteer; first column what is not urgent
    answered: Floats
    accepted: Ints
    gone: Bools
    asks: list[tuple[float, int]] = field(default_factory=list)  # when, whom

    def askable(self, one: Progress) -> Ints:
        """Places of candidates who have a task free, have not left and were not asked about this need."""
        who = one.need.who
        free = self.tasks_last_week[who] < self.world.volunteers.tasks_a_week[who]
        return np.flatnonzero(free & ~self.gone[who] & ~one.asked)

    def awake(self, one: Progress, places: Ints) -> Bools:
        people, volunteers = self.world.given.people, self.world.volunteers
        who = one.need.who[places]
        hour = (self.now + self.world.zones.clock[volunteers.zone[who]]) % 24
        up = (hour >= people.quiet_until) & (hour < people.quiet_from)
        return np.asarray(up | volunteers.any_hour[who] if one.need.urgency is Urgency.URGENT else up)

    def unburdened(self, one: Progress, places: Ints) -> Bools:
        """No ask with them, and not their week's asks yet: what the product sees to."""
        who = one.need.who[places]
        urgent = int(one.need.urgency is Urgency.URGENT)
        fresh = self.asks_last_week[who] < self.world.given.people.weekly_asks
        return np.asarray(fresh & (self.outstanding[who, urgent] == 0))

    def true_chance(self, one: Progress, places: Ints) -> Floats:
        tired = (1.0 - self.fatigue) ** self.asks_last_week[one.need.who[places]]
        return np.asarray(one.need.yes[places] * tired)


class Policy(Protocol):
    def plan(self, scene: Scene, one: Progress) -> tuple[Sequence[tuple[int, float]], float]:
        """Whom to ask now (places among the candidates, each with the chance of a yes), and when to plan again."""
        ...


@dataclass(frozen=True, kw_only=True)
class Record:
    world: World
    needs: Sequence[Progress]
    asks: Sequence[tuple[float, int]]
    gone: Bools
    accepted: Ints  # by volunteer, as the product counts them
    answered: Floats


def run(world: World, policy: Policy, *, fatigue: float | None = None) -> Record:
    """`fatigue` in place of the world's own."""
    return _Run(world, policy, world.given.answers.fatigue if fatigue is None else fatigue).to_the_end()


def _forget(counts: Ints, who: int) -> None:
    """A week has gone."""
    counts[who] -= 1


class _Run:
    def __init__(self, world: World, policy: Policy, fatigue: float) -> None:
        count = world.given.people.volunteers
        self._world, self._policy = world, policy
        self._scene = Scene(
            world=world, fatigue=fatigue, asks_last_week=np.zeros(count, np.int64),
            tasks_last_week=np.zeros(count, np.int64), outstanding=np.zeros((count, 2), np.int64),
            answered=np.zeros(count), accepted=np.zeros(count, np.int64), gone=np.zeros(count, np.bool_),
        )  # fmt: skip
        self._needs = [Progress(need=need, asked=np.zeros(len(need.who), np.bool_)) for need in world.needs]
        self._asked = np.zeros(count, np.int64)  # ever
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = 0
        given = world.given.product
        self._timeout = {urgency: given.timeout_minutes[urgency] / 60 for urgency in Urgency}

    def to_the_end(self) -> Record:
        for one in self._needs:
            self._plan_at(one, one.need.posted)
        while self._heap:
            self._scene.now, _, happens = heappop(self._heap)
            happens()
        scene = self._scene
        return Record(
            world=self._world, needs=self._needs, asks=scene.asks, gone=scene.gone,
            accepted=scene.accepted, answered=scene.answered,
        )  # fmt: skip

    def _at(self, when: float, happens: Callable[[], None]) -> None:
        self._sequence += 1
        heappush(self._heap, (when, self._sequence, happens))

    def _plan_at(self, one: Progress, when: float) -> None:
        one.turn += 1
        self._at(when, partial(self._plan, one, one.turn))

    def _plan(self, one: Progress, turn: int) -> None:
        if turn != one.turn or one.open_slots == 0 or self._scene.now >= one.need.needed_by:
            return
        asks, again = self._policy.plan(self._scene, one)
        for place, chance in asks:
            self._ask(one, place, chance)
        self._plan_at(one, again)

    def _ask(self, one: Progress, place: int, chance: float) -> None:
        scene, need = self._scene, one.need
        who = int(need.who[place])
        says_yes = need.draw[place] < need.yes[place] * (1.0 - scene.fatigue) ** scene.asks_last_week[who]
        counted = ease(
            distance=float(need.share[place]), second_language=bool(need.second_language[place]),
            asks_last_week=int(scene.asks_last_week[who]),
        )  # fmt: skip
        ask = Ask(need=need, place=place, volunteer=who, sent=scene.now, chance=chance, ease=counted)
        one.asked[place] = True
        one.asks += 1
        one.asked_since = scene.now if one.asked_since is None else one.asked_since
        one.out.append(ask)
        scene.asks.append((scene.now, who))
        scene.asks_last_week[who] += 1
        scene.outstanding[who, int(need.urgency is Urgency.URGENT)] += 1
        self._at(scene.now + WEEK, partial(_forget, scene.asks_last_week, who))
        self._at(scene.now + self._timeout[need.urgency], partial(self._answer, _Event.TIME_OUT, ask))
        if says_yes or not need.silent[place]:
            answer = _Event.YES if says_yes else _Event.NO
            self._at(self._answers_at(need, place, who), partial(self._answer, answer, ask))
        self._perhaps_leave(who)

    def _answers_at(self, need: Need, place: int, who: int) -> float:
        """Who has gone to sleep meanwhile answers in the morning."""
        at = self._scene.now + float(need.delay[place])
        world, people = self._world, self._world.given.people
        hour = (at + float(world.zones.clock[world.volunteers.zone[who]])) % 24
        if people.quiet_until <= hour < people.quiet_from or world.volunteers.any_hour[who]:
            return at
        return at + (people.quiet_until - hour) % 24

    def _perhaps_leave(self, who: int) -> None:
        scene = self._scene
        risk = self._world.given.answers.opt_out * scene.asks_last_week[who]
        drawn = self._world.leaving[who, self._asked[who] % self._world.leaving.shape[1]]
        self._asked[who] += 1
        scene.gone[who] |= drawn < risk

    def _answer(self, event: _Event, ask: Ask) -> None:
        if ask.over:
            return
        one = self._needs[ask.need.number]
        if event is _Event.TIME_OUT:
            if ask.out:
                self._bring_in(one, ask)
                self._scene.answered[ask.volunteer] += ask.ease
                self._plan_at(one, self._scene.now)
            return
        ask.over = True
        was_out = ask.out
        if was_out:
            self._bring_in(one, ask)
        if event is _Event.YES:
            self._say_yes(one, ask, was_out=was_out)
        elif was_out:
            self._scene.answered[ask.volunteer] += ask.ease
            self._plan_at(one, self._scene.now)

    def _bring_in(self, one: Progress, ask: Ask) -> None:
        ask.out = False
        one.out.remove(ask)
        self._scene.outstanding[ask.volunteer, int(ask.need.urgency is Urgency.URGENT)] -= 1

    def _say_yes(self, one: Progress, ask: Ask, *, was_out: bool) -> None:
        scene, who = self._scene, ask.volunteer
        if one.open_slots == 0:
            one.late += 1
            return
        if scene.now > one.need.needed_by:
            return
        scene.answered[who] += ask.ease * was_out
        scene.accepted[who] += 1
        if scene.tasks_last_week[who] >= self._world.volunteers.tasks_a_week[who]:
            return
        scene.tasks_last_week[who] += 1
        self._at(scene.now + WEEK, partial(_forget, scene.tasks_last_week, who))
        one.filled.append(scene.now)
        one.helpers.append(who)
        if one.open_slots == 0:
            for other in [*one.out]:  # covered: they are told, and free for another ask
                self._bring_in(one, other)
