"""No shipped string has a character that the Noto fonts cannot draw."""

import csv
from functools import cache
from pathlib import Path

import pytest
from babel import Locale
from fontTools.ttLib import TTFont

from careweb import paths, rendering
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


@pytest.mark.parametrize("tag", rendering.interfaces())
def test_every_character_of_a_language_can_be_drawn(tag: str) -> None:
    source = [key if isinstance(key, str) else " ".join(key) for key in strings_of_the_source()]
    words = source if tag == rendering.SOURCE else [one for message in read_catalogue(tag) for one in said(message)]
    locale: Locale = rendering.cldr(tag)
    dates = [
        name
        for names in (locale.months, locale.days)
        for kind in names.values()
        for of in kind.values()
        for name in of.values()
    ]
    assert missing("".join([rendering.interfaces()[tag].name, *words, *dates])) == set()


def test_what_languages_call_themselves_can_be_drawn() -> None:
    with (paths.DATA / "languages.tsv").open(encoding="utf-8") as file:
        names = [name for row in csv.reader(file, delimiter="\t") for name in row]
    assert missing("".join(names)) == set()


def test_a_character_that_no_font_has_is_found() -> None:
    assert missing("careweb \U0001fae0") == {"\U0001fae0 U+1FAE0"}
