"""What a solve found about what stays unserved: whom to look for, and how each need stands. Counts, and nobody in them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from careweb.domain.ids import GroupId, NeedId
from careweb.domain.states import Urgency

NEWCOMER_KM = 10.0  # how far somebody new is taken to go; they have any time, and one task a week
NEWCOMERS_MOST = 20  # more of one kind are not counted: by then the pool is another


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An open need that somebody new could help, itself or by freeing a person for another."""

    group_id: GroupId
    category: str
    remote: bool
    languages: tuple[str, ...]  # the asker's own first, then also fine
    zone: str
    region: str
    town: str  # lines are for towns; a zone that is none stands for itself
    widened_km: float = 0.0

    @property
    def place(self) -> tuple[str, str]:
        return ("", "") if self.remote else (self.region, self.town or self.zone)


@dataclass(frozen=True, kw_only=True)
class Affiliation:
    """Who may know of a person: the groups where they offer something, and all if they share whatever they offer."""

    groups: frozenset[GroupId]
    shared: bool


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Kilometres between zones that are not too far apart, and languages whose speakers can help each other."""

    km: Mapping[tuple[str, str], float]
    also: Mapping[str, Collection[str]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """So many more of one kind of volunteer serve so many more people: one each. Lines stand alone: no two add up."""

    group_id: GroupId
    region: str  # empty for remote help
    zone: str  # in whose town they would live; empty for remote help
    language: str
    category: str
    more: Mapping[Urgency, int]

    @property
    def total(self) -> int:
        return sum(self.more.values())


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How an open need stands in the whole pool. Where `slots` is 0, nobody is too few."""

    need_id: NeedId
    least_served: bool  # of what was asked in its community, less was served than in any other of its tier
    needs: int = 0  # of its group, itself included, that share too few people
    slots: int = 0  # helpers these want
    people: int = 0  # free ones of its group, or shared with the alliance, who could take them
    tasks: int = 0  # that these have left this week
    other_needs: int = 0  # of other groups, sharing the same people
    other_people: int = 0  # of other groups, not shared


@dataclass(frozen=True, kw_only=True)
class Shortages:
    lines: Sequence[Line]  # the largest first
    standings: Sequence[Standing]
