"""Lists of who could serve whom, as a tick reads them: a column an array, an id once.

A national pool has half a million pairs. As Python objects they would take most of a gigabyte, as numbers 50 MB.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NewType
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from careweb.domain.costs import TIE_BREAK
from careweb.domain.ids import NeedId
from careweb.domain.live_needs import LiveNeed
from careweb.domain.solving.graph import Bools, Floats, Ints

Uuids = NDArray[np.void]  # sixteen bytes each
UUIDS = np.dtype("V16")
Number = NewType("Number", int)  # of a person, in the order they came


class Numbers:
    """Ids in the order they came."""

    def __init__(self) -> None:
        self._at: dict[bytes, int] = {}
        self._ids: list[bytes] = []
        self._uuids: dict[int, UUID] = {}  # of those somebody looked at: many are looked at for several needs

    def __len__(self) -> int:
        return len(self._ids)

    def of(self, ids: Uuids) -> Ints:
        """New ones get the next numbers."""
        at, known = self._at, self._ids
        found = np.empty(len(ids), np.int64)
        for k, one in enumerate(ids.tolist()):
            number = at.get(one)
            if number is None:
                number = at[one] = len(known)
                known.append(one)
            found[k] = number
        return found

    def find(self, one: UUID) -> Number | None:
        number = self._at.get(one.bytes)
        return None if number is None else Number(number)

    def __getitem__(self, number: int) -> UUID:
        found = self._uuids.get(number)
        if found is None:
            found = self._uuids[number] = UUID(bytes=self._ids[number])
        return found


class Names(Sequence[str]):
    """Some of these ids as text, made when somebody looks."""

    def __init__(self, numbers: Numbers, which: Ints) -> None:
        self._numbers, self._which = numbers, which

    def __len__(self) -> int:
        return len(self._which)

    def __getitem__(self, at):  # type: ignore[no-untyped-def]  # both kinds of index
        if isinstance(at, slice):
            return [str(self._numbers[j]) for j in self._which[at].tolist()]
        return str(self._numbers[int(self._which[at])])


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Pairs as the database gives them, a person once for a need, those of one need together and the cheapest first."""

    need: Uuids
    offer: Uuids
    member: Uuids
    group: Uuids  # of the offer
    cost: Floats
    km: NDArray[np.float32]  # not a number: remote help
    radius_km: NDArray[np.float32]
    r50_km: NDArray[np.float32]  # of the offer's zone
    language: NDArray[np.int16]  # which of `languages`
    languages: Sequence[str]
    second: Bools
    next_cost: Floats  # nobody left out of this need's list costs less; not a number: nobody was left out


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Columns whose people have their numbers, and their tie-breaks."""

    columns: Columns
    person: NDArray[np.int32]
    tie: Floats


@dataclass(frozen=True, slots=True)
class NeedList:
    """The cheapest people for one need, as rows of what came in one answer."""

    batch: _Numbered
    start: int
    end: int
    next_cost: float  # infinite if nobody was left out
    wanted: int  # how long it was to be

    @property
    def columns(self) -> Columns:
        return self.batch.columns

    @property
    def rows(self) -> range:
        return range(self.start, self.end)

    @property
    def person(self) -> NDArray[np.int32]:
        return self.batch.person[self.start : self.end]

    @property
    def cost(self) -> Floats:
        return self.batch.columns.cost[self.start : self.end]

    @property
    def tie(self) -> Floats:
        return self.batch.tie[self.start : self.end]

    def row_of(self, person: int) -> int:
        return self.start + int(np.flatnonzero(self.person == person)[0])


@dataclass
class Lists:
    """What is known of who could serve whom; grows until the solve has seen enough."""

    needs: Sequence[LiveNeed]  # those with an open slot
    people: Numbers = field(default_factory=Numbers)
    of: dict[int, NeedList] = field(default_factory=dict)

    def take(self, asked_for: Sequence[int], columns: Columns, most: int) -> None:
        """The answer for these needs, of which each list was to hold the `most` cheapest."""
        rows = _stretches(columns.need)
        person, tie = self.people.of(columns.member).astype(np.int32), np.empty(len(columns.offer))
        batch = _Numbered(columns=columns, person=person, tie=tie)
        for i in asked_for:
            start, end = rows.get(self.needs[i].id.bytes, (0, 0))
            tie[start:end] = _ties(self.needs[i].id, columns.offer[start:end])
            next_cost = float(columns.next_cost[start]) if end else np.nan
            self.of[i] = NeedList(
                batch=batch, start=start, end=end, next_cost=np.inf if np.isnan(next_cost) else next_cost, wanted=most
            )

    def lengths(self, longer: Mapping[int, int]) -> dict[int, list[int]]:
        """By length, the needs whose lists have to grow to it. A list is shorter in the solve than it was fetched
        where people are left out of the solve, so that the solve may ask for what was there already.
        """
        wanted: dict[int, list[int]] = defaultdict(list)
        for i, length in longer.items():
            wanted[max(length, 4 * self.of[i].wanted)].append(i)
        return wanted


def _stretches(needs: Uuids) -> dict[bytes, tuple[int, int]]:
    """Where the rows of each need are; they stand together."""
    if not len(needs):
        return {}
    halves = needs.view(np.uint64).reshape(-1, 2)
    starts = [0, *(np.flatnonzero((halves[1:] != halves[:-1]).any(axis=1)) + 1).tolist()]
    names = needs[starts].tolist()
    return dict(zip(names, pairwise([*starts, len(needs)]), strict=True))


def _ties(need: NeedId, offers: Uuids) -> Floats:
    """`costs.tie_break` of each pair, with the need hashed once."""
    begun = hashlib.blake2b(str(need).encode() + b"\x00")
    prefixes = np.empty(len(offers))
    for k, offer in enumerate(offers.tolist()):
        one = begun.copy()
        one.update(str(UUID(bytes=offer)).encode())
        prefixes[k] = int.from_bytes(one.digest()[:4], "big")
    return TIE_BREAK * prefixes / 2.0**32
