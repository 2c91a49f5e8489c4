"""When help can happen, as 28 bits: seven days from Monday, each in four parts, in the local time of a zone."""

from datetime import datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo


class Part(IntEnum):
    MORNING = 0  # from 6
    AFTERNOON = 1  # from 12
    EVENING = 2  # from 17
    NIGHT = 3  # from 22


_STARTS = ((6, Part.MORNING), (12, Part.AFTERNOON), (17, Part.EVENING), (22, Part.NIGHT))
ANY_TIME = (1 << 28) - 1
DAYTIME = sum(1 << (day * 4 + part) for day in range(7) for part in (Part.MORNING, Part.AFTERNOON, Part.EVENING))


def bit(day: int, part: Part) -> int:
    """`day` is 0 for Monday."""
    return 1 << (day * 4 + part)


def pack(choices: list[tuple[int, Part]]) -> int:
    return sum(bit(day, part) for day, part in set(choices))


def unpack(hours: int) -> list[tuple[int, Part]]:
    return [(day, part) for day in range(7) for part in Part if hours & bit(day, part)]


def of_moment(at: datetime, time_zone: str) -> int:
    local = at.astimezone(ZoneInfo(time_zone))
    if local.hour < 6:  # the small hours belong to the night before
        local -= timedelta(days=1)
        return bit(local.weekday(), Part.NIGHT)
    part = max(part for start, part in _STARTS if local.hour >= start)
    return bit(local.weekday(), part)


def until(now: datetime, needed_by: datetime, time_zone: str) -> int:
    """Every part of a day from now to `needed_by`; a week or more is any time."""
    hours = of_moment(needed_by, time_zone)
    at = now
    while at < needed_by and hours != ANY_TIME:
        hours |= of_moment(at, time_zone)
        at += timedelta(hours=1)
    return hours
