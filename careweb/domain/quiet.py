"""Hours in which nobody is written to without need, in their own time zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

GETTING_READY = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """Of one person's clock: from one full hour until another."""

    time_zone: str
    quiet_from: int
    quiet_until: int
    urgent_any_hour: bool = False

    def until(self, now: datetime) -> datetime | None:
        """When they end; None: they are not now."""
        if not is_quiet(now, time_zone=self.time_zone, quiet_from=self.quiet_from, quiet_until=self.quiet_until):
            return None
        return quiet_ends(now, time_zone=self.time_zone, quiet_until=self.quiet_until)


USUAL = {"quiet_from": 21, "quiet_until": 8}  # of whoever chose none


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
