"""Rules that several forms share: categories we know, words without positions."""

import re

from pydantic_core import PydanticCustomError

from careweb.wording import CATEGORIES

# Two decimal numbers in range beside each other, three or more decimals: a position, however it is written.
_POSITION = re.compile(
    r"[-+−]?\d{1,2}[.,]\d{3,}\s*°?\s*[NSns]?[\s,;/]+[-+−]?\d{1,3}[.,]\d{3,}|\d\s*°\s*\d{1,2}\s*['′’]"
)


def known_category(value: str) -> str:
    if value not in CATEGORIES:
        raise PydanticCustomError("category", "not one of ours")
    return value


def names_a_position(value: str) -> bool:
    return _POSITION.search(value) is not None


def free_text(value: str) -> str:
    if names_a_position(value):
        raise PydanticCustomError("coordinates", "a position")
    return value
