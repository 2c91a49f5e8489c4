"""Checks an answer without trusting whoever gave it. Nothing here is shared with the solver but the pool's values.

Three things are shown: no tier could have more slots filled; within each tier no exchange of one slot would lift a
worse-served community; and with those counts no assignment is cheaper. For the last the certificate's prices are
enough; the first two are searched for afresh among all candidate pairs.
"""

import hashlib
import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from careweb.domain.solving.problem import TIERS, Carried, Pool, PoolNeed, PoolOffer
from careweb.domain.states import Urgency

EARTH_KM = 6371.0088
TOLERANCE = 1e-9

Kind = tuple[Urgency, str]


def faults(pool: Pool, answer: Mapping[str, Any]) -> list[str]:
    """What is wrong with this answer, in words; empty if it is proven right."""
    world = _World(pool)
    wrong = world.place(answer["assign"])
    if wrong:
        return wrong
    return [*world.unfilled(), *world.unfair(), *world.dear(answer)]


class _World:
    """The pool with an assignment laid over it; pins are taken off first."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.need = {need.id: need for need in pool.needs}
        self.offer = {offer.id: offer for offer in pool.offers}
        self.slots = {need.id: need.helpers for need in pool.needs}
        self.free = {offer.id: offer.capacity for offer in pool.offers}
        for need, offer in pool.pinned:
            self.slots[need] -= 1
            self.free[offer] -= 1
        self.pins = set(pool.pinned)
        self._far: dict[tuple[float, ...], float] = {}
        self.candidates = self._candidates()
        self.used: dict[str, set[str]] = defaultdict(set)
        self.holders: dict[str, set[str]] = defaultdict(set)

    def _candidates(self) -> dict[str, dict[str, float]]:
        serves: dict[tuple[str, str], list[PoolOffer]] = defaultdict(list)
        for offer in self.pool.offers:
            if self.free[offer.id] > 0:
                for category in set(offer.categories):
                    for language in set(offer.languages):
                        serves[category, language].append(offer)
        return {
            need.id: self._of_need(
                need, [offer for tongue in need.languages for offer in serves[need.category, tongue]]
            )
            if self.slots[need.id] > 0
            else {}
            for need in self.pool.needs
        }

    def _of_need(self, need: PoolNeed, offers: list[PoolOffer]) -> dict[str, float]:
        found = {}
        for offer in offers:
            km = self._distance(need.latitude, need.longitude, offer.latitude, offer.longitude)
            if (km <= offer.radius_km or km == 0) and (need.id, offer.id) not in self.pins:
                found[offer.id] = _cost(need, offer, km)
        return found

    def _distance(self, *where: float) -> float:
        if where not in self._far:
            self._far[where] = _km(*where)
        return self._far[where]

    def place(self, assign: Mapping[str, Iterable[str]]) -> list[str]:
        wrong = [f"unknown need {need}" for need in assign if need not in self.need]
        missing = {(need, offer) for need, offer in self.pins if offer not in set(assign.get(need, ()))}
        wrong += [f"the pin {need}, {offer} is missing" for need, offer in sorted(missing)]
        for need, offers in assign.items():
            listed = list(offers)
            if len(set(listed)) < len(listed):
                wrong.append(f"{need}: an offer twice")
            for offer in set(listed):
                if (need, offer) in self.pins:
                    continue
                if offer not in self.candidates.get(need, {}):
                    wrong.append(f"{need}, {offer}: no candidate pair")
                self.used[need].add(offer)
                self.holders[offer].add(need)
        wrong += [
            f"{need}: more helpers than wanted"
            for need, offers in self.used.items()
            if len(offers) > self.slots.get(need, 0)
        ]
        wrong += [
            f"{offer}: over capacity" for offer, needs in self.holders.items() if len(needs) > self.free.get(offer, 0)
        ]
        return wrong

    def _kind(self, need: str) -> Kind:
        return self.need[need].tier, self.need[need].belongs_to

    def _open(self) -> list[str]:
        return [need for need, slots in self.slots.items() if len(self.used[need]) < slots]

    def _reached(self, start: Iterable[str], *, exchange: bool) -> tuple[set[str], bool]:
        """Needs that alternating paths lead to, and whether one ends at a free task. `exchange`: a path may also
        drop a need for an open one of its kind."""
        waiting = defaultdict(list)
        for need in self._open():
            waiting[self._kind(need)].append(need)
        queue = deque(start)
        seen, seen_offers = set(queue), set[str]()
        while queue:
            need = queue.popleft()
            for offer in self.candidates[need]:
                if offer in self.used[need] or offer in seen_offers:
                    continue
                seen_offers.add(offer)
                if len(self.holders[offer]) < self.free[offer]:
                    return seen, True
                for holder in self.holders[offer]:
                    others = waiting[self._kind(holder)] if exchange else []
                    for next_need in [holder, *others]:
                        if next_need not in seen:
                            seen.add(next_need)
                            queue.append(next_need)
        return seen, False

    def unfilled(self) -> list[str]:
        """Tier by tier: no path from an open slot may reach a free task, nor a filled slot of a less urgent tier."""
        wrong = []
        for at, tier in enumerate(TIERS):
            start = [need for need in self._open() if TIERS.index(self.need[need].tier) <= at]
            reached, free = self._reached(start, exchange=False)
            less_urgent = [n for n in reached if TIERS.index(self.need[n].tier) > at and self.used[n]]
            if free or less_urgent:
                wrong.append(f"{tier}: one more slot could be filled")
        return wrong

    def unfair(self) -> list[str]:
        """By exchange: a set of counts is best exactly if no exchange of one slot betters it (Murota 1998)."""
        kinds = sorted({self._kind(need) for need in self._open()})
        wrong = []
        for kind in kinds:
            start = [need for need in self._open() if self._kind(need) == kind]
            reached, _ = self._reached(start, exchange=True)
            givers = {self._kind(n) for n in reached if self.used[n]} - {kind}
            wrong += [
                f"{kind[0]}: a slot of {giver[1]} should go to {kind[1]}"
                for giver in givers
                if giver[0] is kind[0] and self._better(kind, giver)
            ]
        return wrong

    def _better(self, to: Kind, giver: Kind) -> bool:
        now = sorted([self._rate(to, 0), self._rate(giver, 0)])
        after = sorted([self._rate(to, 1), self._rate(giver, -1)])
        return after > now

    def _rate(self, kind: Kind, change: int) -> Fraction:
        carried = self.pool.carried.get(kind[1], Carried(asked=0, served=0))
        of_kind = [need for need in self.pool.needs if (need.tier, need.belongs_to) == kind]
        pinned = sum(1 for need, _ in self.pool.pinned if self._kind(need) == kind)
        served = carried.served + pinned + sum(len(self.used[need.id]) for need in of_kind) + change
        return Fraction(served, carried.asked + sum(need.helpers for need in of_kind))

    def dear(self, answer: Mapping[str, Any]) -> list[str]:
        """Weak duality: prices give a bound that no assignment with these counts can be under."""
        proof = answer["certificate"]
        price: Mapping[str, float] = proof["price"]
        thrift: Mapping[str, float] = proof["thrift"]
        worth = {(Urgency(one["tier"]), one["community"]): one["worth"] for one in proof["worth"]}
        if any(value < 0 for value in (*price.values(), *thrift.values())):
            return ["a price or a thrift is negative"]
        primal, bound = 0.0, 0.0
        for need, offers in self.candidates.items():
            kind = self._kind(need)
            bound += worth[kind] * len(self.used[need]) - thrift.get(need, 0.0) * self.slots[need]
            for offer, cost in offers.items():
                primal += cost if offer in self.used[need] else 0.0
                bound -= max(0.0, worth[kind] - thrift.get(need, 0.0) - price.get(offer, 0.0) - cost)
        bound -= sum(price.get(offer, 0.0) * free for offer, free in self.free.items() if free > 0)
        wrong = abs(primal - bound) > TOLERANCE * max(1.0, abs(primal))
        return [f"a cheaper assignment is not ruled out: {primal!r} against {bound!r}"] if wrong else []


def _km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    a, b = math.radians(lat1), math.radians(lat2)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def _cost(need: PoolNeed, offer: PoolOffer, km: float) -> float:
    distance = math.sqrt(km * km + need.r50_km**2 + offer.r50_km**2) / max(offer.radius_km, 2.0)
    second = need.languages[0] not in offer.languages
    digest = hashlib.blake2b(f"{need.id}\0{offer.id}".encode()).hexdigest()
    return 0.60 * min(1.0, distance) + 0.25 * second + 0.14 * offer.load + 1e-6 * int(digest[:8], 16) / 2**32
