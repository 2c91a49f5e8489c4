"""Who hangs together: needs and offers that pairs connect, by union-find."""

import numpy as np

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Ints


@compiled
def connected(size: int, one: Ints, other: Ints) -> Ints:
    """A number for each of `size` nodes; the same where edges `one[k], other[k]` connect them."""
    above = np.arange(size)
    for k in range(len(one)):
        a, b = one[k], other[k]
        while above[a] != a:
            above[a] = above[above[a]]
            a = above[a]
        while above[b] != b:
            above[b] = above[above[b]]
            b = above[b]
        above[max(a, b)] = min(a, b)
    for a in range(size):  # each stands above those after it
        above[a] = above[above[a]]
    return above
