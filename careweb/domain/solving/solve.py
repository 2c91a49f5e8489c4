"""The whole solve of a pool from a file: attempts with longer and longer lists, until no cut can matter."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import numpy as np

from careweb.domain.solving.market import SHORT, Longer, Market, Solved, attempt, classify
from careweb.domain.solving.pairs import Pairs
from careweb.domain.solving.problem import Pool, PoolNeed, PoolOffer


@dataclass(frozen=True, kw_only=True)
class Solution:
    pool: Pool
    needs: Sequence[PoolNeed]  # of the market: those with an open slot
    offers: Sequence[PoolOffer]  # of the market: those with a free task
    solved: Solved
    seconds: Mapping[str, float]

    def claimed(self) -> list[tuple[PoolNeed, PoolOffer]]:
        return [(self.needs[i], self.offers[j]) for i, j in self.solved.claimed()]


def solve(pool: Pool, day: date) -> Solution:
    """Exact whatever the length of lists: prices and closed sets prove every cut harmless, or the lists grow."""
    clock = Clock()
    with clock("candidates"):
        market, needs, offers = market_of(pool, day)
        pairs = Pairs(needs, offers, pool.pinned)
        lists = [pairs.of(i, SHORT) for i in range(len(needs))]
    while isinstance(found := attempt(market, lists, clock), Longer):
        with clock("candidates"):
            for i, length in found.lengths.items():
                lists[i] = pairs.of(i, length)
    return Solution(pool=pool, needs=needs, offers=offers, solved=found, seconds=clock.seconds)


class Clock:
    """How long each stage takes."""

    def __init__(self, before: Mapping[str, float] | None = None) -> None:
        self.seconds: dict[str, float] = defaultdict(float, before or {})

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start


def market_of(pool: Pool, day: date) -> tuple[Market, list[PoolNeed], list[PoolOffer]]:
    """Pins are taken off; a need or an offer that has nothing left is no part of the market."""
    pins = Counter(need for need, _ in pool.pinned)
    taken = Counter(offer for _, offer in pool.pinned)
    helpers = np.array([need.helpers for need in pool.needs], np.int64)
    pinned = np.array([pins[need.id] for need in pool.needs], np.int64)
    classes, kind = classify([(need.tier, need.belongs_to) for need in pool.needs], helpers, pinned, pool.carried, day)
    wanted = np.flatnonzero(helpers > pinned)
    needs = [pool.needs[i] for i in wanted.tolist()]
    offers = [offer for offer in pool.offers if offer.capacity > taken[offer.id]]
    market = Market(
        needs=[need.id for need in needs], slots=(helpers - pinned)[wanted], kind=kind[wanted],
        offers=[offer.id for offer in offers],
        capacity=np.array([offer.capacity - taken[offer.id] for offer in offers], np.int64), classes=classes,
    )  # fmt: skip
    return market, needs, offers
