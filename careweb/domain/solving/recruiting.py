"""The recruiting list: what stays unserved, by group, place, language and category, each line counted by adding them.

A newcomer lives where most of the needs of a line are, speaks its language, does its category, at any time and within
NEWCOMER_KM, for one group only, and takes one task a week.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from careweb.domain.ids import GroupId
from careweb.domain.shortages import NEWCOMER_KM, NEWCOMERS_MOST, Line, Surroundings, Wanted
from careweb.domain.solving.gains import Gains
from careweb.domain.solving.graph import Ints
from careweb.domain.solving.problem import TIERS

LINES_MOST = 100  # of one group


@dataclass(frozen=True, kw_only=True)
class _Kind:
    group_id: GroupId
    place: tuple[str, str]
    language: str
    category: str


def recruiting_list(
    gains: Gains, wanted: Mapping[int, Wanted], around: Surroundings, most: int = LINES_MOST
) -> list[Line]:
    """`wanted`: by position in the graph, the needs that `gains` reaches. The largest line first, for each group."""
    stock = _Stock(wanted, around)
    lines = [line for kind, zone in _sites(gains, wanted).items() if (line := _line(gains, stock, kind, zone)).total]
    lines.sort(key=_order)
    return [line for _, of_group in groupby(lines, lambda line: line.group_id) for line in [*of_group][:most]]


def _order(line: Line) -> tuple[object, ...]:
    more = (-line.total, *(-line.more[tier] for tier in TIERS))
    return line.group_id, more, line.region, line.zone, line.language, line.category


def _line(gains: Gains, stock: "_Stock", kind: _Kind, zone: str) -> Line:
    more = gains.of(stock.within_reach(kind, zone), NEWCOMERS_MOST).tolist()
    return Line(
        group_id=kind.group_id, region=kind.place[0], zone=zone, language=kind.language, category=kind.category,
        more=dict(zip(TIERS, more, strict=True)),
    )  # fmt: skip


def _sites(gains: Gains, wanted: Mapping[int, Wanted]) -> dict[_Kind, str]:
    """Where a newcomer of each kind would live: in the zone of the place with most open slots, then most needs."""
    open_slots = gains.open_slots
    found: dict[_Kind, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for i, need in wanted.items():
        for language in need.languages:
            kind = _Kind(group_id=need.group_id, place=need.place, language=language, category=need.category)
            counted = found[kind]["" if need.remote else need.zone]
            counted[0] += int(open_slots[i])
            counted[1] += 1
    return {kind: min(zones, key=lambda z: (-zones[z][0], -zones[z][1], z)) for kind, zones in found.items()}


class _Stock:
    """Needs by group, category, language and zone, so that those around a zone are found without a look at the rest."""

    def __init__(self, wanted: Mapping[int, Wanted], around: Surroundings) -> None:
        self._wanted, self._km = wanted, around.km
        self._near: dict[str, list[str]] = defaultdict(list)
        for (zone, other), km in around.km.items():
            if km <= NEWCOMER_KM:
                self._near[zone].append(other)
        self._at: dict[tuple[object, ...], list[int]] = defaultdict(list)
        self._widened: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for i, need in wanted.items():
            spoken = {*need.languages, *(other for tag in need.languages for other in around.also.get(tag, ()))}
            for language in spoken:
                key = (need.group_id, need.category, language)
                self._at[*key, "" if need.remote else need.zone].append(i)
                if need.widened_km and not need.remote:
                    self._widened[key].append(i)

    def within_reach(self, kind: _Kind, zone: str) -> Ints:
        """Positions of the needs that such a person could serve."""
        key = (kind.group_id, kind.category, kind.language)
        zones = dict.fromkeys([zone, *self._near[zone]])
        found = {i for one in zones for i in self._at.get((*key, one), ())}
        found.update(i for i in self._widened.get(key, ()) if self._comes(zone, self._wanted[i]))
        return np.array(sorted(found), np.int64)

    def _comes(self, zone: str, need: Wanted) -> bool:
        return self._km.get((zone, need.zone), np.inf) <= NEWCOMER_KM + need.widened_km
