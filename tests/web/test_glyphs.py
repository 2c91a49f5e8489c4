"""Nothing that a page prints has a character that the Noto fonts cannot draw."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from careweb import paths, rendering
from careweb.domain.places import Province
from careweb.domain.regions import NAMES
from careweb.rendering import language_name, place_name
from tests.figures import record
from tools.catalogues import read_catalogue, said, strings_of_the_source

FONTS = Path("/usr/share/fonts")


@cache
def drawn() -> frozenset[int]:
    files = [*FONTS.rglob("Noto*-Regular.tt[fc]"), *FONTS.rglob("Noto*-Regular.otf")]
    assert len(files) > 50, "ops/setup.py --dev installs them"
    codes: set[int] = set()
    for file in files:
        with TTFont(file, fontNumber=0, lazy=True) as font:
            codes.update(font.getBestCmap())
    return frozenset(codes)


def missing(text: str) -> set[str]:
    return {f"{char} U+{ord(char):04X}" for char in text if char.isprintable() and ord(char) not in drawn()}


def measured(what: str, strings: Iterable[str]) -> set[str]:
    """What cannot be drawn; how much was looked at is told."""
    every = set(strings)
    found = missing("".join(every))
    characters = len({char for one in every for char in one if char.isprintable()})
    record("glyphs", what=what, strings=len(every), characters=characters, missing=sorted(found))
    return found


NOW = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
PRINTED = (
    "{% for at in moments %}{{ at|day }}\n{{ at|moment }}\n{{ at|clock }}\n{% endfor %}"
    "{% for at in agos %}{{ at|ago(now) }}\n{% endfor %}"
    "{% for n in numbers %}{{ n|number }}\n{% endfor %}{{ names|listed }}"
)


def formats(tag: str) -> Iterator[str]:
    """Days, hours, how long ago, numbers and lists, by the filters of the pages: every month, weekday, hour and digit."""
    spans = [
        timedelta(**{unit: n})
        for unit in ("seconds", "minutes", "hours", "days", "weeks")
        for n in (1, 2, 3, 5, 11, 25)
    ]
    about = {
        "interface": rendering.interfaces()[tag],
        "now": NOW,
        "moments": [NOW + timedelta(days=n, hours=n % 24) for n in range(0, 366, 5)],
        "agos": [NOW + sign * span for span in [*spans, timedelta(days=400), timedelta(days=900)] for sign in (1, -1)],
        "numbers": [1234567.89, 0.25, -3, *range(12)],
        "names": ["a", "b", "c"],
    }
    environment = rendering._environment(html=False)  # with the filters that pages have
    yield from environment.from_string(PRINTED).render(about).splitlines()


def languages() -> list[dict[str, str]]:
    with (paths.DATA / "languages.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize("tag", rendering.interfaces())
def test_every_character_of_a_language_can_be_drawn(tag: str) -> None:
    """Its strings, what it calls itself and other languages, and what CLDR makes of days, hours and numbers."""
    source = [key if isinstance(key, str) else " ".join(key) for key in strings_of_the_source()]
    words = source if tag == rendering.SOURCE else [one for message in read_catalogue(tag) for one in said(message)]
    tongues = [
        language_name(tag, one["spoken_id"], english=one["name_en"], french=one["name_fr"], chinese=one["name_zh"])
        for one in languages()
    ]
    printed = list(formats(tag))
    assert len(set(printed)) > 150
    assert measured(tag, [rendering.interfaces()[tag].name, *words, *tongues, *printed]) == set()


def test_what_languages_call_themselves_can_be_drawn() -> None:
    with (paths.DATA / "language_aliases.tsv").open(encoding="utf-8") as file:
        aliases = [name for row in csv.reader(file, delimiter="\t") for name in row]
    assert measured("names of languages", [*aliases, *(name for row in languages() for name in row.values())]) == set()


def test_the_names_of_places_can_be_drawn() -> None:
    """Zones, towns, urban areas and provinces, as the pages of every language print them."""
    stored = {(one.name_in("en"), one.name_in("fr")) for one in Province} | set(NAMES.values())
    towns: set[str] = set()
    for file in ("zones.csv", "urban_areas.csv"):
        with (paths.DATA / file).open(encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        stored |= {(row["name_en"], row["name_fr"]) for row in rows}
        towns |= {row.get("town", "") for row in rows}
    assert len(stored) > 1_500
    names = [place_name(tag, *names) for tag in rendering.interfaces() for names in stored]
    assert measured("names of places", [*towns, *names]) == set()


def test_a_character_that_no_font_has_is_found() -> None:
    assert missing("careweb \U0001fae0") == {"\U0001fae0 U+1FAE0"}
