"""What a group calls a row of its list is kept in plain text, so nothing that leads to a person may be it."""

import re
import unicodedata

from careweb.domain.contacts import ContactError, read_phone
from careweb.domain.places import POSTAL_LENGTH, PlaceError, holds_postal_code, read_postal
from careweb.domain.positions import names_a_position

_DASH = r"[-. \u2010-\u2015]"
_PHONE_INSIDE = re.compile(rf"(?<!\d)\(?[2-9]\d\d\)?{_DASH} ?\d{{3}}{_DASH}\d{{4}}(?!\d)")


def told_by(ref: str) -> str:
    """What of a person stands in it; empty where nothing does."""
    plain = unicodedata.normalize("NFKC", ref)
    if "@" in plain:
        return "an e-mail address"
    if _PHONE_INSIDE.search(plain) or _is_phone(plain):
        return "a telephone number"
    if holds_postal_code(plain) or _is_full_code(plain):
        return "a whole postal code"
    return "an exact position" if names_a_position(plain) else ""


def _is_phone(text: str) -> bool:
    try:
        read_phone(text)
    except ContactError:
        return False
    return True


def _is_full_code(text: str) -> bool:
    try:
        read_postal(text)
    except PlaceError:
        return False
    return sum(char.isalnum() for char in text) > POSTAL_LENGTH
