"""A need as someone states it, and the dates that follow from it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from careweb.domain.contacts import Contact
from careweb.domain.states import Reach, Urgency

URGENT_WITHIN = timedelta(hours=48)
MEDIUM_WITHIN = timedelta(days=7)
USUAL_TIME = {Urgency.URGENT: URGENT_WITHIN, Urgency.MEDIUM: MEDIUM_WITHIN, Urgency.LOW: timedelta(days=28)}
LONGEST = timedelta(days=60)
WEEK = timedelta(days=7)
LONGEST_SERIES = timedelta(days=182)
GRACE = timedelta(days=1)  # a need outlives its by-when by a day
TEXT_MOST = 500
NAME_MOST = 60


@dataclass(frozen=True, kw_only=True)
class NewNeed:
    category: str
    zone_code: str
    languages: tuple[str, ...]  # spoken ids: first choice, then also fine in
    urgency: Urgency
    needed_by: datetime
    hours: int
    helpers: int
    reach: Reach
    name: str = field(repr=False)
    contact: Contact
    text: str = field(repr=False)
    show_text: bool
    see_first: bool
    locale: str
    repeats_until: date | None = None  # every week until this day, where the asker is


def urgency_of(now: datetime, needed_by: datetime) -> Urgency:
    """What the by-when alone says; an asker may say it is less urgent, never more."""
    left = needed_by - now
    if left <= URGENT_WITHIN:
        return Urgency.URGENT
    return Urgency.MEDIUM if left <= MEDIUM_WITHIN else Urgency.LOW


_CALM = [Urgency.URGENT, Urgency.MEDIUM, Urgency.LOW]


def calmer(one: Urgency, other: Urgency) -> Urgency:
    return max(one, other, key=_CALM.index)


def next_by_when(needed_by: datetime, until: date, *, now: datetime, time_zone: str) -> datetime | None:
    """When it is needed again: the same time of day there, whole weeks later, and not in the past. None: not any more."""
    again = needed_by.astimezone(ZoneInfo(time_zone)) + WEEK  # the same time of day, also where the clocks changed
    while again <= now:
        again += WEEK
    return again.astimezone(UTC) if again.date() <= until else None


def expires_at(needed_by: datetime) -> datetime:
    return needed_by + GRACE


def warned_at(posted_at: datetime, expires: datetime, warning: timedelta) -> datetime:
    """`warning` before it expires, but never in the first half of its life."""
    return max(expires - warning, posted_at + (expires - posted_at) / 2)


class Change(StrEnum):
    """What a helper has said yes to, and hears of when it is no longer so."""

    CATEGORY = "category"
    DAY = "day"
    PLACE = "place"
    HELPERS = "helpers"


@dataclass(frozen=True, kw_only=True)
class Agreed:
    category: str
    day: date  # by which it is needed, where the asker is
    place: str
    helpers: int


def changes(before: Agreed, after: Agreed) -> tuple[Change, ...]:
    return tuple(one for one in Change if getattr(before, one) != getattr(after, one))
