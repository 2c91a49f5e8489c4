"""The English of asking is plain: short sentences, and words that a sixth grade reads.

Of every string that the pages of asking may say, in any state, and not only of those that a test happens to open.
"""

import re
from functools import cache

import pytest
from babel.messages.extract import extract_from_file

from careweb import paths, wording

PAGES = [
    "layout.html", "places/where.html", "signin/find.html", "signin/link.html", "members/channels.html",
    *(f"start/{name}.html" for name in ("home", "group", "help", "privacy")),
    *(f"needs/{name}.html" for name in ("ask", "form_body", "posted", "status", "change", "withdraw", "erase", "erased", "privacy")),
    *(f"parts/{name}.html" for name in (
        "emergency", "fields", "forget", "keep", "languages", "notes", "opened", "place", "progress", "unwritten", "wider",
    )),
    *(f"notices/{name}.txt" for name in (
        "layout", "posted", "choose", "connected", "fell_through", "need_warning", "need_expired", "note", "remind", "whether", "thanks",
        "channel_code", "channel_off", "stopped", "not_understood", "sign_in",
    )),
    *(f"texts/{name}.txt" for name in ("message", "details", "push", "reply", "subject")),
]  # fmt: skip
TABLES = (
    "category",
    "category_long",
    "urgency",
    "band",
    "need",
    "match",
    "reach",
    "close_reason",
    "error",
    "channel",
    "channel_state",
)
WORDS_MOST = 20  # in a sentence
GRADE_MOST = 6.0  # of all of it
GRADE_OF_PAGE_MOST = 7.0
LETTERS = re.compile(r"[A-Za-z][A-Za-z’'-]*")


def strings(page: str) -> list[str]:
    found = extract_from_file("jinja2.ext.babel_extract", paths.TEMPLATES / page, options={"trimmed": "true"})
    return [one for _, message, _, _ in found for one in (message if isinstance(message, tuple) else (message,)) if one]


@cache
def every_string() -> dict[str, list[str]]:
    tables = {table: list(wording.TABLES[table].values()) for table in TABLES}
    return {page: strings(page) for page in PAGES} | tables


def sentences(text: str) -> list[str]:
    said = re.sub(r"%\(\w+\)s", "seven", text)
    return [one.strip() for one in re.split(r"(?<=[.!?])\s+", said) if LETTERS.search(one)]


def is_sentence(text: str) -> bool:
    """A label is none, and would make the rest look easier than it is."""
    return text.rstrip('”")').endswith((".", "!", "?", ":", ";"))


def words(text: str) -> list[str]:
    return LETTERS.findall(text)


def syllables(word: str) -> int:
    """Groups of vowels; an e at the end is silent, but for -le after a consonant."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    plain = (
        re.sub(r"(?:[^laeiouy]es|[^aeioutd]ed|[^aeiouyl]e|[aeiouy]le)$", lambda end: end[0][0], plain)
        if len(plain) > 3
        else plain
    )
    return max(1, len(re.findall(r"[aeiouy]+", plain)))


def grade(said: list[str]) -> float:
    """Flesch and Kincaid: Kincaid et al. 1975, Navy Research Branch Report 8-75."""
    spoken = [word for one in said for word in words(one)]
    return 0.39 * len(spoken) / len(said) + 11.8 * sum(map(syllables, spoken)) / len(spoken) - 15.59


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("we", 1), ("need", 1), ("phone", 1), ("someone", 2), ("people", 2), ("coordinator", 5), ("volunteer", 3), ("language", 2),
        ("asked", 1), ("wanted", 2), ("erased", 2), ("code", 1), ("alliance", 3), ("agree", 2), ("little", 2), ("while", 1),
    ],
)  # fmt: skip
def test_syllables_are_counted_as_spoken(word: str, count: int) -> None:
    assert abs(syllables(word) - count) <= (word in ("alliance", "coordinator"))  # of "ia" and "oo" two are heard


def test_a_known_text_has_its_known_grade() -> None:
    easy = ["The cat sat on the mat."]
    hard = [
        "Notwithstanding considerable organizational difficulties, representatives unanimously recommended reconciliation."
    ]
    assert grade(easy) == pytest.approx(-1.45, abs=0.01)  # 6 words, 6 syllables
    assert grade(hard) > 20


@pytest.mark.parametrize("where", [*PAGES, *TABLES])
def test_no_sentence_is_longer_than_twenty_words(where: str) -> None:
    long = [one for text in every_string()[where] for one in sentences(text) if len(words(one)) > WORDS_MOST]
    assert long == []


def test_the_whole_flow_reads_at_about_grade_six() -> None:
    said = [one for texts in every_string().values() for text in texts for one in sentences(text) if is_sentence(one)]
    assert len(said) > 150
    assert grade(said) <= GRADE_MOST


@pytest.mark.parametrize("where", [*PAGES, *TABLES])
def test_no_page_is_much_harder_than_the_others(where: str) -> None:
    said = [one for text in every_string()[where] for one in sentences(text) if is_sentence(one)]
    if sum(map(len, map(words, said))) >= 30:  # of less nothing can be told
        assert grade(said) <= GRADE_OF_PAGE_MOST
