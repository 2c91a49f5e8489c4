"""Days and times: as people write them into files, and when it is a good time to write to them."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?\s?(Z|[+-][0-9]{2}:?[0-9]{2})?", re.IGNORECASE)  # fmt: skip
_YEARS = range(2000, 2101)


MORNING = time(10)


def morning_after(at: datetime, clock: str) -> datetime:
    """The first ten o'clock in the morning after `at`, by the local time of `clock`."""
    zone = ZoneInfo(clock)
    local = at.astimezone(zone)
    morning = datetime.combine(local.date(), MORNING, zone)
    return morning if morning > local else datetime.combine(local.date() + timedelta(days=1), MORNING, zone)


class MomentError(ValueError):
    """That is not a day or a time."""


def read_moment(text: str, clock: str, *, end: bool = False) -> datetime:
    """In UTC. Without an offset it is local time of `clock`; a day alone is its beginning, or its `end`."""
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            at = datetime.combine(day + timedelta(days=1) if end else day, time(), ZoneInfo(clock))
        elif _TIME.fullmatch(text):
            at = datetime.fromisoformat(text.upper().replace(" ", "T", 1).replace(" ", ""))
            at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(clock))
        else:
            raise MomentError
    except (ValueError, OverflowError) as error:
        raise MomentError from error
    if at.year not in _YEARS:
        raise MomentError
    return at.astimezone(UTC)
