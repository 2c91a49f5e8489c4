"""The language of the pages: chosen, remembered, complete, and right to left where it should be."""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from gettext import c2py
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from careweb import paths, rendering
from careweb.domain import states
from careweb.web.interfaces import best_match
from careweb.web.language import own_address
from careweb.wording import TABLES
from tests.web.site import Person, Seen, Site
from tools.catalogues import UNSIGNED, read_catalogue, said, strings_of_the_source, with_table
from tools.catalogues import table as languages_table

OTHERS = [tag for tag in rendering.interfaces() if tag != rendering.SOURCE]
# What stays as it is in English, and in which languages.
SAME = {"Active": {"fr"}, "Messages": {"fr"}, "urgent": {"fr"}, "Quebec": {"fil"}, "Prince Edward Island": {"fil"}}
SAME |= {name: {"fil", "vi"} for name in ("Nova Scotia", "New Brunswick", "British Columbia")}
SAME |= {name: {"fr", "fil", "vi"} for name in ("Ontario", "Manitoba", "Saskatchewan", "Alberta", "Yukon", "Nunavut")}
ALIKE = [("this browser", "This browser"), ("appeal", "Appeal")]
_PLACEHOLDER, _TAG = re.compile(r"%\((\w+)\)[sd]"), re.compile(r"<[^>]+>|&\w+;")


def ids(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def messages(tag: str) -> list[Message]:
    return [message for message in read_catalogue(tag) if message.id]


@pytest.mark.parametrize("tag", OTHERS)
def test_every_catalogue_has_every_string_and_no_other(tag: str) -> None:
    there = {message.id if isinstance(message.id, str) else tuple(message.id) for message in messages(tag)}
    wanted = set(strings_of_the_source())
    assert wanted - there == set()
    assert there - wanted == set()


@pytest.mark.parametrize("tag", OTHERS)
def test_no_translation_is_empty_fuzzy_or_english(tag: str) -> None:
    for message in messages(tag):
        assert all(said(message)), message.id
        assert not message.fuzzy, message.id
        for one in set(said(message)) & set(ids(message)):
            assert tag in SAME.get(one, ()), one


@pytest.mark.parametrize("tag", OTHERS)
def test_translations_keep_every_placeholder_and_every_tag(tag: str) -> None:
    for message in messages(tag):
        source = ids(message)[-1]
        for one in said(message):
            assert sorted(set(_PLACEHOLDER.findall(one))) == sorted(set(_PLACEHOLDER.findall(source))), message.id
            assert sorted(_TAG.findall(one)) == sorted(_TAG.findall(source)), message.id
            assert "%" not in _PLACEHOLDER.sub("", one).replace("%%", ""), message.id


@pytest.mark.parametrize("tag", OTHERS)
def test_what_english_calls_alike_a_translation_does_too(tag: str) -> None:
    """One in the other, but for capitals and a full stop: a row of strings that slipped by one place shows here."""
    own = rendering.translations(tag).gettext
    for inner, outer in ALIKE:
        assert own(inner).casefold().rstrip(".。།") in own(outer).casefold(), (own(inner), own(outer))


@pytest.mark.parametrize("tag", OTHERS)
def test_plurals_are_those_of_cldr(tag: str) -> None:
    """Up to a hundred thousand: French has a form for whole millions, which nobody here counts."""
    catalogue, rule = read_catalogue(tag), rendering.cldr(tag).plural_form
    form = c2py(catalogue.plural_expr)
    numbers = [*range(200), 1000, 10_000, 100_000]
    pairs = {(rule(number), form(number)) for number in numbers}
    assert len(pairs) == len({word for word, _ in pairs}) == len({place for _, place in pairs})
    assert catalogue.num_plurals == len(pairs)
    order = ["zero", "one", "two", "few", "many", "other"]
    assert [word for word, _ in sorted(pairs, key=lambda pair: pair[1])] == [w for w in order if w in dict(pairs)]


@pytest.mark.parametrize("tag", OTHERS)
def test_dates_times_and_lists_are_not_in_english(tag: str) -> None:
    english = re.compile(r"\b(and|ago|in|Sat|Saturday|Nov|November|hours?)\b|-3 h")
    now = datetime(2026, 11, 28, 22, 10, tzinfo=UTC)
    environment = rendering._environment(html=False)
    page = environment.from_string(
        "{{ now|day }} {{ now|moment }} {{ now|clock }} {{ then|ago(now) }} {{ names|listed }} {{ 1234.5|number }}"
    )
    shown = page.render(
        interface=rendering.interfaces()[tag], now=now, then=now - timedelta(hours=3), names=["1", "2", "3"]
    )
    assert not english.search(shown), shown


@pytest.mark.parametrize(
    ("tag", "comma"), [("en", ", "), ("fr", ""), ("zh-Hant", ""), ("ur", ""), ("bo", ""), ("ar", "، ")]
)
def test_a_day_and_its_time_are_joined_as_the_language_joins_them(tag: str, comma: str) -> None:
    parts = "{{ now|day }}#{{ now|clock }}#{{ now|moment }}"
    shown = rendering._environment(html=False).from_string(parts).render(
        interface=rendering.interfaces()[tag], now=datetime(2026, 11, 28, 22, 10, tzinfo=UTC)
    )  # fmt: skip
    day, clock, moment = shown.split("#")
    assert moment == f"{day}{comma or ' '}{clock}"


@pytest.mark.parametrize("tag", OTHERS)
def test_a_translation_that_no_speaker_has_signed_says_so_on_every_page(site: Site, tag: str) -> None:
    page = site.person(language=tag).see("/help")
    words = rendering.translations(tag).gettext("No speaker has read through this translation yet.")
    assert (words in page.soup.footer.get_text()) == (not rendering.interfaces()[tag].reviewed)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("zh-TW", "zh-Hant"), ("zh-HK,zh;q=0.9", "zh-Hant"), ("zh-CN", "zh-Hans"), ("zh", "zh-Hans"), ("zh-Hant-HK", "zh-Hant"),
        ("tl-PH", "fil"), ("pa-IN", "pa"), ("prs", "fa"), ("ug-CN, zh-CN", "ug"),
    ],
)  # fmt: skip
def test_browsers_call_some_languages_by_other_names(accepted: str, tag: str) -> None:
    assert best_match(accepted) == tag


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


def in_french(person: Person, page: Seen) -> Seen:
    """Presses the button in the header of a page."""
    (back,) = page.soup.select("header input[name=back]")
    return person.press("/language", {"lang": "fr", "back": str(back["value"])})


def test_who_chooses_a_language_stays_where_they_were_and_with_what_they_looked_for(site: Site) -> None:
    for person, path in (
        (site.person(), "/sign-in?then=/me"),
        (site.coordinator, "/staff/east/needs?language=ti&unmet=yes"),
    ):
        french = in_french(person, person.see(path))
        assert str(french.response.url).endswith(path)
        assert french.soup.html["lang"] == "fr"  # type: ignore[index]


def test_after_a_form_that_has_no_page_of_its_own_it_is_the_page_above(site: Site) -> None:
    helper = site.helper
    refused = helper.see("/me").send("/rest", until="2020-01-01")
    assert (refused.status, refused.path) == (422, "/me/rest")
    french = in_french(helper, refused)
    assert (french.status, french.path) == (200, "/me")


def test_what_is_typed_stays_when_another_language_is_chosen(site: Site) -> None:
    for person, path, action in (
        (site.person(), "/g/east/ask", "/ask"), (site.helper, "/g/east/offer", ""), (site.coordinator, "/staff/east/post", ""),
    ):  # fmt: skip
        form = person.see(path)
        button = form.soup.select_one('header button[lang="fr"]')
        assert button
        assert (button["form"], form.form(action)["id"], button["name"]) == ("typed", "typed", "do")
        french = form.send(action, name="Zoé", place="M1S", do=button["value"])
        assert (french.status, french.errors, french.path) == (200, {}, path)
        assert french.soup.html["lang"] == "fr"  # type: ignore[index]
        assert [french.soup.select_one(one)["value"] for one in ("#name", "#place")] == ["Zoé", "M1S"]  # type: ignore[index]
        assert person.see("/help").soup.html["lang"] == "fr"  # type: ignore[index]


def test_enter_in_a_half_typed_form_sends_it_and_chooses_no_language(anyone: Person) -> None:
    page = anyone.see("/g/east/ask")
    first = next(one for one in page.soup.select("button") if one.get("form") == "typed" or one.find_parent(id="typed"))
    assert (first["name"], first["value"]) == ("do", "send")


def test_no_address_of_one_visitor_stands_in_the_form_that_all_get(site: Site) -> None:
    site.person().see("/g/east/ask?from=somewhere")
    assert "somewhere" not in site.person().see("/g/east/ask").html


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_choosing_a_language_leads_back_to_our_own_pages_only(anyone: Person, back: str) -> None:
    answer = anyone.post(
        "/language",
        data={"lang": "fr", "back": back},
        headers={"sec-fetch-site": "same-origin"},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/"
    assert own_address("/find?late=yes#main") == "/find?late=yes"


def test_dates_and_numbers_are_of_the_language_and_the_clock_of_the_zone(site: Site) -> None:
    need = site.posted()
    person = site.asker_of(need)
    person.headers["accept-language"] = "fr"
    page = person.see(f"/need/{need}")
    assert " h " in page.text
    assert "a.m." not in page.text


def test_an_asker_who_reads_their_need_in_another_language_is_written_to_in_it(site: Site) -> None:
    need, other = site.posted(), site.posted()
    locale = "SELECT locale FROM need WHERE id = $1"
    for person, back, wanted in (
        (site.asker_of(need), f"/need/{other}", "en"), (site.asker_of(other), f"/need/{need}", "en"), (site.asker_of(need), "/", "en"),
        (site.asker_of(need), f"/need/{need}", "fr"),
    ):  # fmt: skip
        person.press("/language", {"lang": "fr", "back": back})
        assert site.run(lambda world: world.one(locale, need)) == wanted
    assert site.run(lambda world: world.one(locale, other)) == "en"


def test_where_it_is_not_said_whose_page_it_came_from_only_that_of_the_pages_changes(site: Site) -> None:
    """A browser too old to say so, or a page of another site that hides where it is from: there is no token that decides."""
    need, locale = site.posted(), "SELECT locale FROM {} WHERE id = $1"
    hidden = {"sec-fetch-site": "", "origin": "null"}
    for person, back, table, id in (
        (site.asker_of(need), f"/need/{need}", "need", need), (site.helper, "/me", "member", site.cast.helper),
    ):  # fmt: skip
        assert person.see(back).soup.select_one("html[lang=en]")
        before = site.run(lambda world: world.one(locale.format(table), id))  # noqa: B023
        assert before != "pa"
        page = person.press("/language", {"lang": "pa", "back": back}, headers=hidden)
        assert page.soup.select_one("html[lang=pa]")
        assert site.run(lambda world: world.one(locale.format(table), id)) == before  # noqa: B023


@pytest.fixture
def hebrew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A made-up catalogue for a language written from right to left."""
    folder = tmp_path / "locale"
    shutil.copytree(paths.LOCALE, folder)
    with (folder / "languages.toml").open("a") as file:
        file.write('\n[he]\nname = "עברית"\ndir = "rtl"\ncldr = "he"\nstop = ["עצור"]\n')
    (folder / "he" / "LC_MESSAGES").mkdir(parents=True)
    source = (
        (folder / "fr" / "LC_MESSAGES" / "messages.po").read_text().replace('"Language: fr\\n"', '"Language: he\\n"')
    )
    (folder / "he" / "LC_MESSAGES" / "messages.po").write_text(source)
    monkeypatch.setattr(paths, "LOCALE", folder)
    caches = (rendering.interfaces, rendering.translations, rendering.cldr, rendering.stop_words)
    for cached in caches:
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


@pytest.mark.usefixtures("hebrew")
def test_a_new_language_is_one_catalogue_and_one_entry_and_runs_right_to_left(site: Site) -> None:
    page = site.person(language="he").see("/g/east/ask")
    assert (page.soup.html["lang"], page.soup.html["dir"]) == ("he", "rtl")  # type: ignore[index]
    assert [one["lang"] for one in page.soup.select("header details button")] == ["en", *OTHERS]
    assert page.soup.select_one("#place")["dir"] == "ltr"  # type: ignore[index]


def test_the_guide_for_translators_says_who_has_read_each_language() -> None:
    """Whoever signs need not write it there too: `make catalogues` does, and until then it may say that nobody has."""
    text = (paths.ROOT / "docs/translating.md").read_text()
    there, wanted = (
        re.findall(r"^\| .* \(`(.+)`\) \| .* \| (.*) \|$", one, re.MULTILINE) for one in (text, languages_table())
    )
    assert [tag for tag, _ in there] == [tag for tag, _ in wanted]
    assert [row for row in there if row not in wanted and row[1] != UNSIGNED] == []


@pytest.mark.usefixtures("hebrew")
def test_a_new_language_comes_into_the_guide_by_itself() -> None:
    text = (paths.ROOT / "docs/translating.md").read_text()
    renewed = with_table(text)
    assert "| עברית (`he`) | `locale/he/LC_MESSAGES/messages.po` | awaits a speaker |\n\n## Reading one" in renewed
    assert with_table(renewed) == renewed
    for mark, side in (("| language |", 0), ("## Reading one", 1)):  # above the table, and below it
        assert renewed.split(mark)[side] == text.split(mark)[side]


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


@pytest.mark.parametrize(
    ("tag", "spoken", "name"),
    [
        ("zh-Hant", "yue", "粵語"), ("zh-Hans", "cmn", "普通话"), ("ur", "ti", "ٹگرینیا"), ("ug", "bo", "تىبەتچە"), ("fr", "yue", "cantonais"),
        ("ja", "hak", "客家語"), ("bo", "yue", "Cantonese"),  # CLDR has no Tibetan word for it; what its speakers call it stands beside
    ],
)  # fmt: skip
def test_languages_are_called_what_the_reader_calls_them(site: Site, tag: str, spoken: str, name: str) -> None:
    page = site.person(language=tag).see("/g/east/ask")
    option = page.soup.select_one(f'#language option[value="{spoken}"]')
    assert option
    assert name in option.get_text()
