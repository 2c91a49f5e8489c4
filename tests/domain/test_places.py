"""What people type as a place."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweb import paths
from careweb.domain.places import (
    CoordinatesRefusedError,
    NoPlaceError,
    NotACanadianPatternError,
    NotAPostalCodeError,
    PlaceError,
    Postal,
    Province,
    Zone,
    ZoneCode,
    ZoneKind,
    province_of,
    read_postal,
)

FIRST, LATER, DIGITS = "ABCEGHJKLMNPRSTVXY", "ABCEGHJKLMNPRSTVWXYZ", "0123456789"
full_codes = st.tuples(*map(st.sampled_from, (FIRST, DIGITS, LATER, DIGITS, LATER, DIGITS))).map("".join)


@pytest.mark.parametrize(
    "typed",
    [
        "M5V",
        "m5v",
        " m5v ",
        "M 5 V",
        "ｍ５ｖ",
        "Ｍ５Ｖ　２Ｔ６",
        "m5v-2t6",
        "M5V 2T6",
        "m5v2t6",
        "M5V\u00a02T6",
        "M5V–2T6",
    ],
)
def test_a_postal_code_is_understood_however_it_is_typed(typed: str) -> None:
    assert read_postal(typed) == "M5V"


@given(full_codes, st.sampled_from(["", " ", "-", "  "]), st.booleans())
def test_a_full_postal_code_is_cut_to_three_characters(code: str, gap: str, small: bool) -> None:
    typed = code[:3] + gap + code[3:]
    assert read_postal(typed.lower() if small else typed) == code[:3]


@pytest.mark.parametrize(("typed", "meant"), [("KOA", "K0A"), ("koa 1bo", "K0A"), ("mIb", "M1B"), ("V0o", None)])
def test_letters_like_digits_are_read_as_digits_where_only_a_digit_can_be(typed: str, meant: str | None) -> None:
    if meant is None:
        with pytest.raises(PlaceError):
            read_postal(typed)
    else:
        assert read_postal(typed) == meant


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", NoPlaceError),
        ("  \u3000 ", NoPlaceError),
        ("Toronto", NotAPostalCodeError),
        ("12345", NotAPostalCodeError),
        ("M5", NotAPostalCodeError),
        ("M5V2", NotAPostalCodeError),
        ("M5V 2T", NotAPostalCodeError),
        ("M5V 2T6 4", NotAPostalCodeError),
        ("5M5", NotAPostalCodeError),
        ("SW1", NotAPostalCodeError),
        ("M5V ABC", NotAPostalCodeError),
        ("W5V", NotACanadianPatternError),
        ("Z1A", NotACanadianPatternError),
        ("D1A 1A1", NotACanadianPatternError),
        ("M5U", NotACanadianPatternError),
        ("43.6, -79.3", CoordinatesRefusedError),
        ("43.6,-79.3", CoordinatesRefusedError),
        ("43,6532 -79,3832", CoordinatesRefusedError),
        ("-79.38", CoordinatesRefusedError),
        ("４３．６，－７９．３", CoordinatesRefusedError),
        ("43, -79", CoordinatesRefusedError),
        ("43°39′N", CoordinatesRefusedError),
    ],
)
def test_nonsense_says_which_kind_it_is(typed: str, error: type[PlaceError]) -> None:
    with pytest.raises(PlaceError) as caught:
        read_postal(typed)
    assert type(caught.value) is error


@given(st.one_of(st.text(max_size=20), full_codes.map(lambda code: f"{code}?"), full_codes.map(lambda code: code[1:])))
def test_nothing_longer_than_three_characters_comes_back_even_in_an_error(typed: str) -> None:
    try:
        postal = read_postal(typed)
    except PlaceError as error:
        said = (error.args, str(error))
    else:
        said = ((), postal if len(postal) != 3 else "")
    assert said == ((), "")


def test_the_first_letter_gives_the_province_and_nunavut_is_told_from_the_northwest() -> None:
    found = {
        code: province_of(Postal(code)) for code in ("A1A", "G1R", "H2X", "M5V", "X0A", "X0C", "X1A", "X0E", "Y1A")
    }
    assert found == {
        "A1A": Province.NL,
        "G1R": Province.QC,
        "H2X": Province.QC,
        "M5V": Province.ON,
        "X0A": Province.NU,
        "X0C": Province.NU,
        "X1A": Province.NT,
        "X0E": Province.NT,
        "Y1A": Province.YT,
    }


@given(full_codes)
def test_every_valid_postal_area_has_a_province(code: str) -> None:
    assert province_of(read_postal(code)) in Province


def test_a_label_tells_one_richmond_from_another() -> None:
    zone = Zone(
        code=ZoneCode("V6X"),
        kind=ZoneKind.POSTAL,
        province=Province.BC,
        name_en="Richmond, North",
        name_fr="Richmond, Nord",
        r50_km=1.3,
        time_zone="America/Vancouver",
        residents=27650,
    )
    assert zone.label_in("en") == "Richmond, North (V6X)"
    assert zone.label_in("fr") == "Richmond, Nord (V6X)"


def test_no_two_zones_of_the_shipped_table_look_alike_in_a_list() -> None:
    with (paths.DATA / "zones.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("name_en", "name_fr"):
        labels = [(row[name], row["province"], row["code"] if row["kind"] == "postal" else "") for row in rows]
        assert len(set(labels)) == len(rows)
        assert max(len(row[name]) for row in rows) <= 60
