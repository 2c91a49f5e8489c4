"""Whoever is on some list of a tick: a row of one array each, in the order of their numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from careweb.domain.solving.graph import Bools, Ints


class Person(NamedTuple):
    """What somebody has left of their week, and when they may be written to."""

    tasks_left: int
    load: float
    asks: int
    weekly_asks: int
    quiet_from: int
    quiet_until: int
    urgent_any_hour: bool
    time_zone: str


_FIELDS: list[tuple[str, str]] = [
    ("tasks_left", "i4"), ("load", "f8"), ("asks", "i4"), ("weekly_asks", "i4"), ("quiet_from", "i1"), ("quiet_until", "i1"),
    ("urgent_any_hour", "?"), ("time_zone", "i2"),
]  # fmt: skip


class Crowd:
    def __init__(self) -> None:
        self._rows: NDArray[np.void] = np.empty(0, _FIELDS)
        self._zones: dict[str, int] = {}
        self._zone_names: list[str] = []
        self.capacity: Ints = np.empty(0, np.int64)  # for this market; 0: not in the solve

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> Person:
        *numbers, zone = self._rows[number].item()
        return Person._make((*numbers, self._zone_names[zone]))

    def take(self, people: Mapping[str, Sequence[Any]], outside: Bools) -> None:
        """The next ones, column by column. `outside`: who has no part in the solve."""
        new = np.empty(len(outside), _FIELDS)
        for name, _ in _FIELDS:
            new[name] = [self._zone(str(zone)) for zone in people[name]] if name == "time_zone" else people[name]
        # Claims that could come to anything: neither more tasks than are free, nor more than may be asked.
        may_be_claimed = np.minimum(new["tasks_left"], new["weekly_asks"] - new["asks"])
        capacity = np.where(outside, 0, np.maximum(0, may_be_claimed))
        self._rows = np.concatenate((self._rows, new))
        self.capacity = np.concatenate((self.capacity, capacity.astype(np.int64)))

    def _zone(self, name: str) -> int:
        if name not in self._zones:
            self._zones[name] = len(self._zone_names)
            self._zone_names.append(name)
        return self._zones[name]
