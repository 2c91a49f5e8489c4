"""Finding a language by whatever people call it, and who can talk with whom."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweb import paths
from careweb.domain.languages import (
    Direction,
    Language,
    LanguageTag,
    SpokenId,
    alias_table,
    search_languages,
    spoken_id_of,
)


def rows(name: str) -> list[dict[str, str]]:
    with (paths.DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


LANGUAGES = [
    Language(
        tag=LanguageTag(row["tag"]),
        spoken_id=SpokenId(row["spoken_id"]),
        is_spoken=row["is_spoken"] == "true",
        is_written=row["is_written"] == "true",
        script=row["script"],
        direction=Direction(row["dir"]),
        name_en=row["name_en"],
        name_fr=row["name_fr"],
        name_zh=row["name_zh"],
        endonym=row["endonym"],
        knowledge_2021=int(row["knowledge_2021"]) if row["knowledge_2021"] else None,
        babel_locale=row["babel_locale"] or None,
    )
    for row in rows("languages.tsv")
]
ALIASES = alias_table((row["alias"], row["tag"]) for row in rows("language_aliases.tsv"))


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("Toisan", "yue-x-toisan"),
        ("taishan", "yue-x-toisan"),
        ("Fukien", "nan"),
        ("Hokkien", "nan"),
        ("teochew", "nan-x-teochew"),
        ("Bisaya", "ceb"),
        ("Farsi", "fa"),
        ("Dari", "prs"),
        ("tagalog", "fil"),
        ("tl", "fil"),
        ("Panjabi", "pa"),
        ("ਪੰਜਾਬੀ", "pa"),
        ("espanol", "es"),
        ("ESPAÑOL", "es"),
        ("Kreyol", "ht"),
        ("ukrainien", "uk"),
        ("mandarin", "cmn"),
        ("粤语", "yue"),
        ("தமிழ்", "ta"),
        ("العربية", "ar"),
        ("tieng viet", "vi"),
        ("sgaw", "ksw"),
        ("LSQ", "fcs"),
    ],
)
def test_a_language_is_found_by_what_people_call_it(typed: str, first: str) -> None:
    found = [language.tag for language in search_languages(typed, LANGUAGES, ALIASES)]
    assert first == found[0]


def test_a_name_that_may_be_several_languages_offers_them_all() -> None:
    assert {"cmn", "yue"} <= {language.tag for language in search_languages("Chinese", LANGUAGES, ALIASES)}
    assert {"ksw", "kar"} <= {language.tag for language in search_languages("Karen", LANGUAGES, ALIASES)}


def test_nothing_typed_and_nonsense_find_nothing() -> None:
    assert search_languages("  ", LANGUAGES, ALIASES) == []
    assert search_languages("qqqq", LANGUAGES, ALIASES) == []


@given(st.text(max_size=12))
def test_no_search_ever_fails(typed: str) -> None:
    found = search_languages(typed, LANGUAGES, ALIASES)
    assert len({language.tag for language in found}) == len(found)


def test_the_vowel_signs_of_indic_scripts_count() -> None:
    assert search_languages("हनद", LANGUAGES, ALIASES) == []
    assert search_languages("हिन्दी", LANGUAGES, ALIASES)[0].tag == "hi"


def test_scripts_of_one_language_are_one_spoken_language() -> None:
    spoken = {
        tag: spoken_id_of(tag, LANGUAGES, ALIASES)
        for tag in ("zh-Hans", "zh-hant", "cmn", "pa-Guru", "pa-Arab", "tl", "fil")
    }
    assert spoken == {
        "zh-Hans": "cmn",
        "zh-hant": "cmn",
        "cmn": "cmn",
        "pa-Guru": "pa",
        "pa-Arab": "pa",
        "tl": "fil",
        "fil": "fil",
    }


def test_a_name_for_several_languages_is_no_one_spoken_language() -> None:
    assert spoken_id_of("Chinese", LANGUAGES, ALIASES) is None
    assert spoken_id_of("nothing", LANGUAGES, ALIASES) is None
    assert spoken_id_of("Toisan", LANGUAGES, ALIASES) == "yue-x-toisan"


def test_every_spoken_id_is_a_language_that_is_spoken() -> None:
    spoken = {language.tag for language in LANGUAGES if language.is_spoken}
    assert {language.spoken_id for language in LANGUAGES} <= spoken
    assert all(str(language.tag) == language.spoken_id for language in LANGUAGES if language.is_spoken)
    assert {"yue-x-toisan", "nan-x-teochew", "prs", "fil"} <= spoken
    assert "tl" not in {language.tag for language in LANGUAGES}
    assert len({language.tag for language in LANGUAGES}) == len(LANGUAGES)


def test_scripts_from_the_right_are_marked() -> None:
    right = {language.tag for language in LANGUAGES if language.direction is Direction.RIGHT_TO_LEFT}
    assert {
        "ar",
        "fa",
        "prs",
        "ps",
        "ur",
        "ckb",
        "ug",
        "pa-Arab",
        "sd-Arab",
        "ks",
        "dv",
        "rhg",
        "he",
        "haz",
        "aii",
        "arc",
    } <= right
    assert not right & {"en", "zh-Hant", "am", "ta"}


def test_shipped_aliases_and_pairs_name_known_languages() -> None:
    tags, spoken = {language.tag for language in LANGUAGES}, {language.spoken_id for language in LANGUAGES}
    assert {row["tag"] for row in rows("language_aliases.tsv")} <= tags
    pairs = {(row["spoken_a"], row["spoken_b"]) for row in rows("language_pairs.tsv")}
    assert all(a < b and {a, b} <= spoken for a, b in pairs)
    never = [
        "cmn yue",
        "cmn nan",
        "cmn hak",
        "cmn wuu",
        "bo cmn",
        "cmn ug",
        "cmn mn",
        "ru uk",
        "ku tr",
        "ckb tr",
        "ckb fa",
    ]
    never += [
        "my rhg",
        "bn rhg",
        "ksw my",
        "si ta",
        "am ti",
        "am om",
        "om ti",
        "ceb fil",
        "fil ilo",
        "ceb ilo",
        "ar ckb",
        "ar ku",
    ]
    assert not pairs & {tuple(sorted(entry.split())) for entry in never}
