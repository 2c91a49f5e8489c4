"""Rules that several forms share: categories we know, words without positions, days as they are written here."""

import re
from datetime import date

from pydantic_core import PydanticCustomError

from careweb.domain.positions import names_a_position as names_a_position
from careweb.wording import CATEGORIES

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def known_category(value: str) -> str:
    if value not in CATEGORIES:
        raise PydanticCustomError("category", "not one of ours")
    return value


def free_text(value: str) -> str:
    if names_a_position(value):
        raise PydanticCustomError("coordinates", "a position")
    return value


def read_day(text: str) -> date:
    """Only year-month-day: Python would take weeks and days without dashes as well."""
    if not _DAY.fullmatch(text.strip()):
        raise ValueError("not a day")
    return date.fromisoformat(text.strip())
