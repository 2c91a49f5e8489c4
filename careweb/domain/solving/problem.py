"""A pool of needs and offers, as values: what the solve is given."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from careweb.domain.states import Urgency

TIERS = tuple(Urgency)  # the most urgent first
LOW_BECOMES_MEDIUM_DAYS = 7.0


def tier_of(urgency: Urgency, age_days: float) -> Urgency:
    """Age has no other effect than this."""
    waited = urgency is Urgency.LOW and age_days >= LOW_BECOMES_MEDIUM_DAYS
    return Urgency.MEDIUM if waited else urgency


@dataclass(frozen=True, kw_only=True)
class PoolOffer:
    id: str
    latitude: float  # of the centre of a coarse place, degrees
    longitude: float
    languages: tuple[str, ...]
    categories: tuple[str, ...]
    radius_km: float
    capacity: int  # tasks free this week
    load: float = 0.0  # used share of the week, 0 to 1
    r50_km: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PoolNeed:
    id: str
    latitude: float
    longitude: float
    languages: tuple[str, ...]  # first, then also fine in
    category: str
    urgency: Urgency
    helpers: int = 1
    age_days: float = 0.0
    r50_km: float = 0.0
    community: str = ""  # empty: the first language

    @property
    def tier(self) -> Urgency:
        return tier_of(self.urgency, self.age_days)

    @property
    def belongs_to(self) -> str:
        return self.community or self.languages[0]


@dataclass(frozen=True, kw_only=True)
class Carried:
    """Slots asked for and served in needs of the last 28 days that are closed."""

    asked: int
    served: int


@dataclass(frozen=True, kw_only=True)
class Pool:
    offers: Sequence[PoolOffer]
    needs: Sequence[PoolNeed]
    carried: Mapping[str, Carried] = field(default_factory=dict)
    pinned: Sequence[tuple[str, str]] = ()  # need, offer: uses a slot and a task


def rank_of(community: str, day: date) -> int:
    """Order among communities whose rates tie: another one each day, that nobody chose."""
    digest = hashlib.blake2b(day.isoformat().encode() + b"\x00" + community.encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
