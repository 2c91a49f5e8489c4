"""Names a person can pick from a list, from what the post office and the gazetteer call a place.

Towns keep their official spelling in both languages, as Canada's place names do; only compass
words and "and area" are translated. The other languages of the pages have no column of their own: `taken_apart`
finds in a stored name the words that are ours, and careweb/rendering.py says them in the reader's language.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from careweb.domain.places import Province
from careweb.domain.spelling import folded

_COMPASS = {
    "Northeast": "Nord-Est",
    "Northwest": "Nord-Ouest",
    "Southeast": "Sud-Est",
    "Southwest": "Sud-Ouest",
    "North": "Nord",
    "South": "Sud",
    "East": "Est",
    "West": "Ouest",
    "Central": "Centre",
    "Downtown": "Centre-ville",
    "Outskirts": "Périphérie",
}
_SAID_TOGETHER = {f"{side} Central": f"Centre-{_COMPASS[side]}" for side in ("North", "South", "East", "West")}
SIDES = (*_COMPASS, *_SAID_TOGETHER)  # what is said of where in town; longer ones are said word by word
_AROUND = (" and area", " et environs")
_ELSEWHERE = (", outside the larger towns", ", hors des grandes villes")
_AND = re.compile(r" (?:and|&) ")
_OFFICES = re.compile(
    r"(?:\s+(?:British Columbia|N\S+ & Labrador|N\S+ \S+|Prince Edward Island))? Provincial Government$"
)
_SHORT_COMPASS = re.compile(r"^(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\s+(?=\w)|\s+(?:N|S|E|W|NE|NW|SE|SW)$")
_SMALL_WORDS = re.compile(r"(?<=[-\s])(?:A|Aux?|De|Des|Du|La|Le|Les|Sur|Of|The)(?=[-\s])|(?<=')S\b")
_WITHIN = re.compile(r"^(?P<head>[^(]+?)\s*(?:\((?P<parts>.+)\))?$")
_LIST = re.compile(r"\s*/\s*")


@dataclass(frozen=True, kw_only=True)
class ZoneName:
    english: str
    french: str
    town: str


@dataclass(frozen=True, kw_only=True)
class MadeName:
    """A name that was put together here: `own` stays as it is, the rest is said in the language of the reader."""

    own: str
    around: bool = False  # "Timmins and area"
    sides: tuple[str, ...] = ()  # "Downtown East", and more than one where it says "and"; English, keys of SIDES
    comma: bool = False  # whether they are the whole part of town, or the end of its name: "Laval, Chomedey East"


def same_name(name: str) -> str:
    """For comparing spellings of a town: Saint and St are alike, hyphens and spaces too."""
    words = ["saint" if word == "st" else "sainte" if word == "ste" else word for word in folded(name).split()]
    return "".join(words)


def spellings(names: Iterable[str]) -> dict[str, str]:
    """Official spelling by compared name; of several the first."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(same_name(name), name)
    return found


def rural_name(town: str) -> ZoneName:
    return ZoneName(english=town + _AROUND[0], french=town + _AROUND[1], town=town)


def urban_name(town: str, area: str) -> ZoneName:
    """`area` is English and may hold compass words: "Downtown East"."""
    if not area or same_name(area) == same_name(town):
        return ZoneName(english=town, french=town, town=town)
    return ZoneName(english=f"{town}, {area}", french=f"{town}, {in_french(area)}", town=town)


def elsewhere_name(province: Province) -> ZoneName:
    """What is left of a province outside its urban areas, as a region."""
    english, french = (province.name_in(tag) + end for tag, end in zip(("en", "fr"), _ELSEWHERE, strict=True))
    return ZoneName(english=english, french=french, town="")


def taken_apart(english: str, french: str) -> MadeName | None:
    """Back from what `rural_name` and `urban_name` made; None for every other name, which the French tells: it is not
    what would have been made of the English. So a name that came from elsewhere is never cut up."""
    town = english.removesuffix(_AROUND[0])
    if (english, french) == (town + _AROUND[0], town + _AROUND[1]):
        return MadeName(own=town, around=True)
    town, comma, area = english.partition(", ")
    if not comma or french != f"{town}, {in_french(area)}" or french == english:
        return None
    sides = tuple(_AND.split(area))
    if all(_is_side(side) for side in sides):
        return MadeName(own=town, sides=sides, comma=True)
    head, _, last = area.rpartition(" ")
    return None if head.endswith((" and", " &")) else MadeName(own=f"{town}, {head}", sides=(last,))


def _is_side(words: str) -> bool:
    return all(word in _COMPASS for word in words.split())


def hub_of(row_name: str) -> str:
    """The town in "Eastern Alberta (St. Paul)"."""
    match = _WITHIN.match(row_name)
    parts = match["parts"] if match else None
    return _LIST.split(parts)[0] if parts else ""


def area_within(row_name: str, town: str) -> str:
    """The part of town in "Scarborough (Rouge Hill / Port Union)" or "Repentigny South"; may be empty."""
    match = _WITHIN.match(row_name)
    if match is None:
        return ""
    if match["parts"]:
        return _plain_part(_LIST.split(match["parts"]))
    return _without_town(_OFFICES.sub("", match["head"]), town)


def in_french(area: str) -> str:
    """Only words that say where in town: a proper name with East in it keeps its East."""
    words = area.split()
    if all(word in _COMPASS for word in words):
        return _SAID_TOGETHER.get(area) or " ".join(_COMPASS[word] for word in words)
    if words[-1] in _COMPASS:
        return " ".join([*words[:-1], _COMPASS[words[-1]]])
    return area


def official(name: str, known: Mapping[str, str]) -> str:
    """The official spelling; of an unknown name, small words in small letters."""
    return known.get(same_name(name)) or _SMALL_WORDS.sub(lambda word: word[0].lower(), name)


def head_of(row_name: str) -> str:
    """What stands before the brackets."""
    match = _WITHIN.match(row_name)
    return match["head"] if match else ""


def _plain_part(parts: list[str]) -> str:
    parts = [part for part in parts if not part.startswith("Includes ")] or [""]
    whole = [part for part in parts if not _SHORT_COMPASS.search(part)]
    return whole[0] if whole else _SHORT_COMPASS.sub("", parts[0])


def _without_town(head: str, town: str) -> str:
    words = head.split()
    for size in range(len(words), 0, -1):
        for start in range(len(words) - size + 1):
            if same_name(" ".join(words[start : start + size])) == same_name(town):
                return " ".join(words[:start] + words[start + size :])
    return head
