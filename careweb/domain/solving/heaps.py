"""Binary heaps that know where each item stands, so that its key can change. Several may share one array of places.

A heap is `heap[start : start + size]` with the least key first; `place[item]` is its position there, or -1.
"""

from careweb.domain.solving.compiled import compiled
from careweb.domain.solving.graph import Floats, Small


@compiled
def settle(heap: Small, place: Small, key: Floats, start: int, size: int, at: int) -> None:
    """The item at `at` has a new key, or is new: moves it where it belongs."""
    item = heap[start + at]
    while at > 0:
        above = (at - 1) // 2
        if key[heap[start + above]] <= key[item]:
            break
        heap[start + at] = heap[start + above]
        place[heap[start + at]] = at
        at = above
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and key[heap[start + child + 1]] < key[heap[start + child]]:
            child += 1
        if key[heap[start + child]] >= key[item]:
            break
        heap[start + at] = heap[start + child]
        place[heap[start + at]] = at
        at = child
    heap[start + at] = item
    place[item] = at


@compiled
def put(heap: Small, place: Small, key: Floats, start: int, size: int, item: int) -> int:
    """Adds the item, or moves it after its key changed. Returns the size."""
    at = place[item]
    if at < 0:
        at = size
        heap[start + at] = item
        size += 1
    settle(heap, place, key, start, size, at)
    return size


@compiled
def drop(heap: Small, place: Small, key: Floats, start: int, size: int, item: int) -> int:
    """Removes an item that is there. Returns the size."""
    at = place[item]
    place[item] = -1
    size -= 1
    if at < size:
        heap[start + at] = heap[start + size]
        settle(heap, place, key, start, size, at)
    return size


@compiled
def take(heap: Small, place: Small, key: Floats, start: int, size: int) -> int:
    """Removes the least item, `heap[start]`. Returns the size."""
    return drop(heap, place, key, start, size, heap[start])


@compiled
def rise(heap: Small, key: Floats, place: Small, at: int, item: int, value: float) -> None:
    """Puts the item in at `at`, the end of the heap or where it stands with a larger key; keys lie beside the heap."""
    while at > 0:
        above = (at - 1) >> 1
        if key[above] <= value:
            break
        heap[at], key[at] = heap[above], key[above]
        place[heap[at]] = at
        at = above
    heap[at], key[at] = item, value
    place[item] = at


@compiled
def sink(heap: Small, key: Floats, place: Small, size: int) -> None:
    """The least was taken: the last of `size + 1` fills its place."""
    item, value, at = heap[size], key[size], 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and key[child + 1] < key[child]:
            child += 1
        if key[child] >= value:
            break
        heap[at], key[at] = heap[child], key[child]
        place[heap[at]] = at
        at = child
    heap[at], key[at] = item, value
    place[item] = at
