"""What prices leave to be saved, pair by pair."""

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Floats, Ints


@compiled
def saving(first: Ints, offer: Ints, cost: Floats, worth: Floats, price: Floats) -> float:
    """How much less than the worth of their needs' slots all pairs cost, their offers' prices included."""
    total = 0.0
    for i in range(len(worth)):
        for e in range(first[i], first[i + 1]):
            short = worth[i] - price[offer[e]] - cost[e]
            if short > 0.0:
                total += short
    return total
