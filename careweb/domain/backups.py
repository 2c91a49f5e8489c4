"""Copies of the database: how their files are called, and which have been kept long enough."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

_NAME = re.compile(r"(\d{8}T\d{6})\.dump(\.age)?")
_MOMENT = "%Y%m%dT%H%M%S"


def backup_name(taken: datetime, *, encrypted: bool) -> str:
    return f"{taken.astimezone(UTC):{_MOMENT}}.dump{'.age' if encrypted else ''}"


def taken_at(name: str) -> datetime | None:
    """By its name, which a copy or a move does not change. None: not a file of ours."""
    found = _NAME.fullmatch(name)
    try:
        return datetime.strptime(found.group(1), _MOMENT).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def too_old(names: Iterable[str], now: datetime, kept: timedelta) -> list[str]:
    return sorted(name for name in names if (taken := taken_at(name)) and taken <= now - kept)


def week_of(moment: datetime) -> date:
    """Its Monday, as PostgreSQL's date_trunc has it in UTC."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def oldest_week(now: datetime, kept: timedelta) -> date:
    """What was erased in an earlier week is in no copy that is still kept."""
    return week_of(now - kept)
