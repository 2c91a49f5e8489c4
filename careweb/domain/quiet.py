"""Hours in which a volunteer is not written to, in their own time zone."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


def is_quiet(now: datetime, *, time_zone: str, quiet_from: int, quiet_until: int) -> bool:
    """From one full hour until another; the same hour twice means never."""
    hour = _hour(now, time_zone)
    if quiet_from <= quiet_until:
        return quiet_from <= hour < quiet_until
    return hour >= quiet_from or hour < quiet_until


@lru_cache(maxsize=64)  # a tick asks for a quarter of a million people, in six time zones
def _hour(now: datetime, time_zone: str) -> int:
    return now.astimezone(ZoneInfo(time_zone)).hour


def quiet_ends(now: datetime, *, time_zone: str, quiet_until: int) -> datetime:
    """The next time the clock there says `quiet_until`."""
    local = now.astimezone(ZoneInfo(time_zone))
    end = local.replace(hour=quiet_until, minute=0, second=0, microsecond=0)
    return end if end > local else end + timedelta(days=1)
