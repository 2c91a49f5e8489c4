"""An offer as a volunteer states it."""

from dataclasses import dataclass
from datetime import timedelta

from careweb.domain.states import Reach

PER_WEEK_MOST = 50  # tasks, as in a file; the pages list the first ten and one's own
MOVES_MOST = 2  # within MOVES_WITHIN: who could move at will could find out who asks where
MOVES_WITHIN = timedelta(days=30)
RADII_KM = (2, 5, 10, 15, 25, 50, 100, 200)


@dataclass(frozen=True, kw_only=True)
class NewOffer:
    categories: tuple[str, ...]
    languages: tuple[str, ...]  # spoken ids
    zone_code: str
    radius_km: float
    reach: Reach
    hours: int


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often and when a volunteer may be asked; of the person, over all their offers and groups."""

    per_week: int
    weekly_asks: int | None
    quiet_from: int
    quiet_until: int
    urgent_any_hour: bool
