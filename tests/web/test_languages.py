"""The language of the pages: chosen, remembered, complete, and right to left where it should be."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages import pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from careweb import paths, rendering
from careweb.domain import states
from careweb.web.interfaces import best_match
from careweb.wording import TABLES
from tests.web.site import Person, Site

SAME_IN_FRENCH = {"Active", "Messages", "urgent"}


def strings_of_the_source() -> set[str | tuple[str, ...]]:
    with (paths.LOCALE / "babel.cfg").open() as file:
        mapping, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    found = extract_from_dir(paths.ROOT, mapping, options, keywords=keywords)
    return {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found if message}


def catalogue(tag: str) -> Catalog:
    with (paths.LOCALE / tag / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return pofile.read_po(file, locale=tag)


def test_french_has_every_string_and_no_other() -> None:
    there = {one.id if isinstance(one.id, str) else tuple(one.id) for one in catalogue("fr") if one.id}
    wanted = strings_of_the_source()
    assert wanted - there == set()
    assert there - wanted == set()


def test_french_is_nowhere_empty_fuzzy_or_english() -> None:
    for message in catalogue("fr"):
        said = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert all(said), message.id
        assert not message.fuzzy or not message.id, message.id
        assert message.id not in said or message.id in SAME_IN_FRENCH | {""}, message.id


def names_in(text: str) -> set[str]:
    return {part.split(")")[0] for part in text.split("%(")[1:]}


def test_translations_keep_every_placeholder() -> None:
    for message in catalogue("fr"):
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        said = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert all(names_in(one) == names_in(ids[-1]) for one in said), message.id


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("fr-CA,fr;q=0.9,en;q=0.1", "fr"), ("en;q=0.2, fr;q=0.8", "fr"), ("de, es", "en"), ("", "en"), ("FR", "fr"),
        ("fr;q=0, en", "en"), ("x;q=y", "en"), ("," * 500, "en"),
    ],
)  # fmt: skip
def test_the_browser_says_which_language(accepted: str, tag: str) -> None:
    assert best_match(accepted) == tag


def test_a_chosen_language_is_remembered_and_never_in_an_address(anyone: Person) -> None:
    page = anyone.see("/g/east")
    assert page.soup.html["lang"] == "en"  # type: ignore[index]
    button = page.soup.select_one('header button[lang="fr"]')
    assert button
    assert button.get_text() == "Français"
    french = anyone.press("/language", {"lang": "fr", "back": "/g/east"})
    assert (french.path, french.response.url.query) == ("/g/east", b"")
    assert french.soup.html["lang"] == "fr"  # type: ignore[index]
    assert "J’ai besoin d’aide" in french.text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_choosing_a_language_leads_back_to_our_own_pages_only(anyone: Person, back: str) -> None:
    answer = anyone.post(
        "/language",
        data={"lang": "fr", "back": back},
        headers={"sec-fetch-site": "same-origin"},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/"


def test_dates_and_numbers_are_of_the_language_and_the_clock_of_the_zone(site: Site) -> None:
    need = site.posted()
    person = site.asker_of(need)
    person.headers["accept-language"] = "fr"
    page = person.see(f"/need/{need}")
    assert " h " in page.text
    assert "a.m." not in page.text


@pytest.fixture
def arabic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A made-up catalogue for a language written from right to left."""
    folder = tmp_path / "locale"
    shutil.copytree(paths.LOCALE, folder)
    with (folder / "languages.toml").open("a") as file:
        file.write(
            '\n[ar]\nname = "العربية"\ndir = "rtl"\ncldr = "ar"\n\n[ur]\nname = "اردو"\ndir = "rtl"\ncldr = "ur"\n'
        )
    (folder / "ar" / "LC_MESSAGES").mkdir(parents=True)
    source = (
        (folder / "fr" / "LC_MESSAGES" / "messages.po").read_text().replace('"Language: fr\\n"', '"Language: ar\\n"')
    )
    (folder / "ar" / "LC_MESSAGES" / "messages.po").write_text(source)
    monkeypatch.setattr(paths, "LOCALE", folder)
    caches = (rendering.interfaces, rendering.translations, rendering.cldr)
    for cached in caches:
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


@pytest.mark.usefixtures("arabic")
def test_a_new_language_is_one_catalogue_and_one_entry_and_runs_right_to_left(site: Site) -> None:
    page = site.person(language="ar").see("/g/east/ask")
    assert (page.soup.html["lang"], page.soup.html["dir"]) == ("ar", "rtl")  # type: ignore[index]
    assert [one["lang"] for one in page.soup.select("header details button")] == ["en", "fr", "ar", "ur"]
    assert page.soup.select_one("#place")["dir"] == "ltr"  # type: ignore[index]


def test_a_fresh_clone_needs_no_compiled_catalogue() -> None:
    assert rendering.translations("fr").gettext("Groceries") == "Épicerie"


def test_the_stylesheet_knows_no_left_and_no_right() -> None:
    sheet = (paths.STATIC / "careweb.css").read_text()
    for word in (
        "margin-left",
        "margin-right",
        "padding-left",
        "padding-right",
        "text-align: left",
        "text-align: right",
        "float:",
        " left:",
        " right:",
    ):
        assert word not in sheet


def test_every_word_of_a_table_is_there() -> None:
    for table, kind in (
        ("need", states.NeedState), ("ask", states.AskState), ("match", states.MatchState), ("offer", states.OfferState),
        ("membership", states.MembershipState), ("urgency", states.Urgency), ("reach", states.Reach),
        ("close_reason", states.CloseReason),
    ):  # fmt: skip
        assert set(TABLES[table]) == {one.value for one in kind}
