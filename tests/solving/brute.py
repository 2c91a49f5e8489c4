"""The truth about tiny pools, by trying everything. Shares no code with the solver."""

from collections import Counter
from fractions import Fraction
from typing import Any

from careweb.domain.solving.problem import TIERS, Carried, Pool
from careweb.domain.solving.verify import _World

Counts = tuple[tuple[Any, int], ...]


def best(pool: Pool) -> tuple[dict[Counts, float], Any]:
    """Cheapest objective of each best vector of counts (several where rates tie), without pins; and its worth."""
    world = _World(pool)
    pairs = [(need, offer, cost) for need, offers in world.candidates.items() for offer, cost in offers.items()]
    kind = {need.id: (need.tier, need.belongs_to) for need in pool.needs}
    found: dict[Counts, float] = {}
    counts: Counter[Any] = Counter()

    def choose(at: int, cost: float) -> None:
        if at == len(pairs):
            key = tuple(sorted((k, n) for k, n in counts.items() if n))
            found[key] = min(cost, found.get(key, float("inf")))
            return
        need, offer, price = pairs[at]
        choose(at + 1, cost)
        if world.slots[need] and world.free[offer]:
            world.slots[need] -= 1
            world.free[offer] -= 1
            counts[kind[need]] += 1
            choose(at + 1, cost + price)
            counts[kind[need]] -= 1
            world.slots[need] += 1
            world.free[offer] += 1

    choose(0, 0.0)
    top = max(_worth(pool, key) for key in found)
    return {key: cost for key, cost in found.items() if _worth(pool, key) == top}, top


def _worth(pool: Pool, key: Counts) -> Any:
    """Slots by tier, then the sorted rates by tier: to be as large as can be, in this order."""
    placed = Counter(dict(key))
    pinned = Counter((n.tier, n.belongs_to) for need, _ in pool.pinned for n in pool.needs if n.id == need)
    open_now: Counter[Any] = Counter()
    for need in pool.needs:
        open_now[need.tier, need.belongs_to] += need.helpers
    none = Carried(asked=0, served=0)
    rates: dict[Any, list[Fraction]] = {tier: [] for tier in TIERS}
    for (tier, community), slots in open_now.items():
        carried = pool.carried.get(community, none)
        served = carried.served + pinned[tier, community] + placed[tier, community]
        rates[tier].append(Fraction(served, carried.asked + slots))
    sizes = tuple(sum(n for (tier, _), n in key if tier is one) for one in TIERS)
    return sizes, tuple(tuple(sorted(rates[tier])) for tier in TIERS)
