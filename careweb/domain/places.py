"""Coarse places. A person is never nearer to a point than a zone, and a postal code is never longer than three."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NewType

from careweb.domain.errors import CareError

Postal = NewType("Postal", str)  # three characters, upper case: letter, digit, letter
POSTAL_LENGTH = 3
ZoneCode = NewType("ZoneCode", str)


class ZoneKind(Enum):
    POSTAL = "postal"  # one postal area, or a few where few people live
    URBAN = "urban"  # a town with its suburbs, for whoever would rather not say more
    PROVINCE = "province"


class Province(Enum):
    """Provinces and territories, by the post office's two letters, from east to west."""

    NL = "NL"
    PE = "PE"
    NS = "NS"
    NB = "NB"
    QC = "QC"
    ON = "ON"
    MB = "MB"
    SK = "SK"
    AB = "AB"
    BC = "BC"
    YT = "YT"
    NT = "NT"
    NU = "NU"

    def name_in(self, locale: str) -> str:
        english, french = _PROVINCE_NAMES[self]
        return french if locale.startswith("fr") else english


_PROVINCE_NAMES = {
    Province.NL: ("Newfoundland and Labrador", "Terre-Neuve-et-Labrador"),
    Province.PE: ("Prince Edward Island", "Île-du-Prince-Édouard"),
    Province.NS: ("Nova Scotia", "Nouvelle-Écosse"),
    Province.NB: ("New Brunswick", "Nouveau-Brunswick"),
    Province.QC: ("Quebec", "Québec"),
    Province.ON: ("Ontario", "Ontario"),
    Province.MB: ("Manitoba", "Manitoba"),
    Province.SK: ("Saskatchewan", "Saskatchewan"),
    Province.AB: ("Alberta", "Alberta"),
    Province.BC: ("British Columbia", "Colombie-Britannique"),
    Province.YT: ("Yukon", "Yukon"),
    Province.NT: ("Northwest Territories", "Territoires du Nord-Ouest"),
    Province.NU: ("Nunavut", "Nunavut"),
}
_FIRST_LETTERS = (
    {"A": Province.NL, "B": Province.NS, "C": Province.PE, "E": Province.NB, "R": Province.MB, "S": Province.SK}
    | {"T": Province.AB, "V": Province.BC, "X": Province.NT, "Y": Province.YT}
    | dict.fromkeys("GHJ", Province.QC)
    | dict.fromkeys("KLMNP", Province.ON)
)
_NUNAVUT = frozenset(("X0A", "X0B", "X0C"))


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A place without coordinates: those stay in the database."""

    code: ZoneCode
    kind: ZoneKind
    province: Province
    name_en: str
    name_fr: str
    r50_km: float  # half of its residents live within this of its centre
    time_zone: str
    residents: int

    def name_in(self, locale: str) -> str:
        return self.name_fr if locale.startswith("fr") else self.name_en

    def label(self, name: str) -> str:
        """Short and unlike any other in a list, `name` being what its reader calls it: "Scarborough, Malvern (M1B)"."""
        if self.kind is ZoneKind.PROVINCE:
            return name
        return f"{name} ({self.code})" if self.kind is ZoneKind.POSTAL else f"{name}, {self.province.value}"


class PlaceError(CareError):
    """What was typed is not a place. Never carries what was typed."""


class NoPlaceError(PlaceError):
    """Type the first three characters of your postal code, like M5V."""


class NotAPostalCodeError(PlaceError):
    """This is not a postal code. Type its first three characters, like M5V."""


class NotACanadianPatternError(PlaceError):
    """No Canadian postal code starts like this. Type its first three characters, like M5V."""


class CoordinatesRefusedError(PlaceError):
    """Exact positions are not taken. Type the first three characters of a postal code, like M5V."""


_GAPS = re.compile(r"[\s\-‐-―−_.·/]+")
_WHOLE = re.compile(r"[A-Z0-9]{3}(?:[0-9OI][A-Z][0-9OI])?")
_PATTERN = re.compile(r"[ABCEGHJKLMNPRSTVXY][0-9][ABCEGHJKLMNPRSTVWXYZ]")
_COORDINATES = re.compile(r"[-+−]?\d{1,3}[.,]\d+|[-+−]?\d{1,3}\s*[,;]\s*[-+−]?\d{1,3}|\d\s*°")
_AS_DIGIT = str.maketrans("OI", "01")  # no postal code has an O or an I anywhere


def read_postal(text: str) -> Postal:
    """The first three characters of a postal code, however it was typed. The rest is dropped here."""
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    if not plain:
        raise NoPlaceError
    if _COORDINATES.search(plain):
        raise CoordinatesRefusedError
    packed = _GAPS.sub("", plain)
    if not _WHOLE.fullmatch(packed):
        raise NotAPostalCodeError
    three = packed[0] + packed[1].translate(_AS_DIGIT) + packed[2]
    if not _PATTERN.fullmatch(three):
        raise _why_not(three)
    return Postal(three)


# However it is written: full-width, in another script's digits, with dots, dashes or invisible characters anywhere.
_GAP = r"[\W_]*"
_ALONE, _ENDS = r"(?<![0-9A-Z\u00c0-\u024f])", r"(?![0-9A-Z\u00c0-\u024f])"  # not part of a longer Latin word
_SPACED = rf"{_ALONE}([ABCEGHJ-NPRSTVXY]{_GAP}\d{_GAP}[ABCEGHJ-NPRSTV-Z]){_GAP}\d{_GAP}[A-Z]{_GAP}\d{_ENDS}"
_TIGHT = rf"([A-Z]\d[A-Z])(?:{_GAP}\d[A-Z]\d)+"
_MISTYPED = (  # O for 0 and I for 1, but not "Joe 4x4"
    rf"{_ALONE}([A-Z]\d[A-Z]){_GAP}(?:\d[A-Z][OI]|[OI][A-Z]\d){_ENDS}"
    rf"|{_ALONE}([A-Z][OI][A-Z]){_GAP}\d[A-WYZ]\d{_ENDS}"
)
_EMAIL = r"[^\s@]{1,64}@[^\s@.]{1,63}\.[^\s@]{1,190}"  # stays as it is: cut, it would be somebody else's
_FULL_CODES = re.compile(f"{_EMAIL}|{_SPACED}|{_TIGHT}|{_MISTYPED}", re.IGNORECASE)
_FULL_CODE_ALONE = re.compile(f"{_SPACED}|{_MISTYPED}", re.IGNORECASE)
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
_NESTED_MOST = 8


def cut_postal_codes(text: str) -> str:
    """Every full postal code becomes its first three characters; the rest stays as it was typed."""
    for _ in range(_NESTED_MOST):
        shorter = _cut_once(text)
        if shorter == text:
            return text
        text = shorter
    return "".join(char for char in text if not any(plain.isdigit() for plain in _plain(char)))  # codes within codes


def holds_postal_code(text: str) -> bool:
    """Whether a full code stands in it as a word of its own, which one that happens to lie in a long number does not."""
    return _FULL_CODE_ALONE.search("".join(map(_plain, text))) is not None


def _cut_once(text: str) -> str:
    plain, origins = _with_origins(text)
    kept, done = [], 0
    for found in _FULL_CODES.finditer(plain):
        if found.lastindex is None:  # an e-mail address
            continue
        third = found.end(found.lastindex)
        kept.append(text[done : min(origins[third - 1] + 1, origins[third])])
        done = origins[found.end() - 1] + 1
    return "".join([*kept, text[done:]])


def _with_origins(text: str) -> tuple[str, Sequence[int]]:
    """The text in plain letters and digits, and for each of them which character of the text it comes from."""
    if text.isascii():
        return text, range(len(text))
    plain = [_plain(char) for char in text]
    return "".join(plain), [at for at, letters in enumerate(plain) for _ in letters]


def _plain(char: str) -> str:
    if char.isascii():
        return char
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return " " if char in _INVISIBLE_LETTERS else unicodedata.normalize("NFKC", char)


def province_of(postal: Postal) -> Province:
    if postal in _NUNAVUT:
        return Province.NU
    return _FIRST_LETTERS[postal[0]]


def _why_not(three: str) -> PlaceError:
    shaped = three[0].isalpha() and three[1].isdigit() and three[2].isalpha()
    return NotACanadianPatternError() if shaped else NotAPostalCodeError()
