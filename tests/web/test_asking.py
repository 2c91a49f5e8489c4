"""Asking, from an empty form to a code."""

import gzip
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.site import Person, Seen, Site

GOOD: dict[str, Any] = {
    "category": "groceries", "place": "M1S", "language": "yue", "urgency": "urgent", "name": "Po",
    "contact_kind": "email", "contact": "po@example.org", "consent": "yes", "do": "send",
}  # fmt: skip
IN_A_TOWN: dict[str, Any] = {key: value for key, value in GOOD.items() if key != "place"} | {"language": "en"}


def ask(person: Person, **changes: Any) -> Seen:
    return person.see("/g/east/ask").send(**(GOOD | changes))


def code_on(page: Seen) -> str:
    return page.soup.select_one("#code").get_text()  # type: ignore[union-attr]


def test_someone_asks_and_gets_a_code_of_sixteen_digits_and_a_page_of_their_own(anyone: Person) -> None:
    page = ask(anyone)
    assert page.status == 200
    assert re.fullmatch(r"\d{4} \d{4} \d{4} \d{4}", code_on(page))
    own = anyone.see(page.soup.select_one('a[href^="/need/"]')["href"])  # type: ignore[index,arg-type]
    assert (own.status, "Groceries" in own.text, "We are looking for someone" in own.text) == (200, True, True)


def test_the_same_form_sent_twice_makes_one_need(anyone: Person, site: Site) -> None:
    form = anyone.see("/g/east/ask")
    first, again = form.send(**GOOD, text="twice"), form.send(**GOOD, text="twice")
    assert code_on(first) == code_on(again)
    assert first.soup.select_one('a.button[href^="/need/"]') == again.soup.select_one('a.button[href^="/need/"]')


def test_going_back_and_filling_the_form_in_again_makes_one_need(anyone: Person, site: Site) -> None:
    first = ask(anyone, text="back")
    again = ask(anyone, text="back")
    assert first.soup.select_one(f'a[href="{again.path}"]'), "the need that is there already"
    assert "it is one need" in again.text
    assert ask(anyone, text="back, another bag").soup.select_one("#code"), "other words are another need"
    assert ask(site.person(), text="back").soup.select_one("#code"), "another browser is another person"


def test_the_return_code_opens_the_need_in_another_browser(anyone: Person, site: Site) -> None:
    code = code_on(ask(anyone))
    elsewhere = site.person()
    own = elsewhere.see("/find").send(code=code, do="code")
    assert own.path.startswith("/need/")
    assert own.status == 200


def test_a_wrong_code_opens_nothing_and_says_so_beside_the_field(anyone: Person) -> None:
    page = anyone.see("/find").send(code="1234 5678 9012 3456", do="code")
    assert (page.status, page.errors) == (422, {"code": "That code does not fit. Check the numbers."})


def test_the_link_shows_on_get_and_opens_with_a_tick_on_post(anyone: Person, site: Site) -> None:
    link = re.search(r"http://127\.0\.0\.1:\d+(/n/[\w-]+)", ask(anyone).html)
    assert link
    elsewhere = site.person()
    shown = elsewhere.see(link[1])
    assert "Open my need" in shown.text
    assert elsewhere.cookies.get("careweb-session") is None
    assert set(shown.send().errors) == {"sure"}
    assert shown.send(sure="yes").path.startswith("/need/")


def test_every_problem_is_listed_first_and_said_beside_its_field_and_nothing_typed_is_lost(anyone: Person) -> None:
    page = ask(anyone, category=None, place="Toronto", contact="po at example", text="rice & greens", consent=None)
    assert page.status == 422
    assert set(page.errors) == {"category", "place", "contact", "consent"}
    listed = [str(link["href"])[1:] for link in page.soup.select(".alert a")]
    assert listed == ["category", "place", "contact", "consent"]
    assert all(page.soup.find(id=target) for target in listed)
    assert page.soup.select_one("#place")["value"] == "Toronto"  # type: ignore[index]
    assert page.soup.select_one("#text").get_text() == "rice & greens"  # type: ignore[union-attr]
    assert page.soup.select_one("#place")["aria-invalid"] == "true"  # type: ignore[index]


def test_a_full_postal_code_is_cut_before_anyone_sees_it_again(anyone: Person) -> None:
    page = ask(anyone, place="m1s 2k3", text="Come to M1S2K3, ring twice", name="")
    assert page.status == 422
    assert "2k3" not in page.html.lower()
    assert page.soup.select_one("#place")["value"] == "m1s"  # type: ignore[index]
    assert "Come to M1S, ring twice" in page.html


def test_a_full_postal_code_leaves_no_trace_in_the_need(anyone: Person) -> None:
    cut = ask(anyone, place="M1S 2K3", text="M1S-2K3")
    assert "2K3" not in cut.html, "it comes back, already cut"
    own = anyone.see(cut.send().soup.select_one('a[href^="/need/"]')["href"])  # type: ignore[index,arg-type]
    assert "2K3" not in own.html


@pytest.mark.parametrize("place", ["43.6532, -79.3832", "43.6532 N 79.3832 W"])
def test_coordinates_are_refused_as_a_place(anyone: Person, place: str) -> None:
    assert "Exact positions are not taken" in ask(anyone, place=place).errors["place"]


def test_coordinates_are_refused_in_free_text(anyone: Person) -> None:
    assert "text" in ask(anyone, text="I am at 43.65321, -79.38321").errors


def test_a_code_no_canadian_place_has_is_explained(anyone: Person) -> None:
    assert ask(anyone, place="D1S").errors["place"].startswith("No Canadian postal code starts like this")


def test_an_unknown_but_valid_area_is_taken_as_its_province(anyone: Person) -> None:
    page = ask(anyone, place="M0M")
    own = anyone.see(page.soup.select_one('a[href^="/need/"]')["href"])  # type: ignore[index,arg-type]
    assert "Ontario" in own.text


def test_a_town_is_picked_with_plain_forms(anyone: Person) -> None:
    """On a page of its own once all else is right; nothing that was typed has to be typed again."""
    wrong = anyone.see("/g/east/ask").send(**IN_A_TOWN | {"province": "PE", "name": ""})
    assert (wrong.status, set(wrong.errors), wrong.soup.select("#town")) == (422, {"name"}, [])
    towns = wrong.send(name="Po", do="send")
    assert (towns.status, towns.errors) == (200, {})
    options = {str(one["value"]): one.get_text() for one in towns.soup.select("#town option")}
    assert options["PE"] == "Prince Edward Island"
    assert not towns.soup.select("#language, #name")
    assert towns.send(do="send").errors == {"town": "Choose a town or area from the list."}
    back = towns.send(do="form")
    assert (back.status, back.soup.select_one("#name")["value"], back.errors) == (200, "Po", {})  # type: ignore[index]
    posted = towns.send(town="PE", do="send")
    own = anyone.see(posted.soup.select_one('a[href^="/need/"]')["href"])  # type: ignore[index,arg-type]
    assert "Prince Edward Island" in own.text


def test_a_larger_town_asks_for_its_part(anyone: Person) -> None:
    larger = anyone.see("/g/east/ask").send(**IN_A_TOWN | {"province": "ON", "town": "Scarborough"})
    assert (larger.status, larger.errors) == (200, {})
    assert larger.send(do="send").errors == {"zone": "Choose a town or area from the list."}
    assert larger.send(zone="H2X", do="send").status == 422, "a part of another town"
    parts = [str(one["value"]) for one in larger.soup.select("#zone option")]
    assert "M1S" in parts
    assert all(part in ("", *parts) and part[:2] in ("", "M1") for part in parts)
    assert larger.send(zone="M1S", do="send").status == 200


def test_a_language_is_found_by_another_name_of_it(anyone: Person) -> None:
    found = anyone.see("/g/east/ask").send(language_search="Toisan", do="languages")
    assert found.status == 200
    assert found.soup.select("#language option")[1]["value"] == "yue-x-toisan"
    lost = anyone.see("/g/east/ask").send(language_search="Klingonese", do="languages")
    assert (lost.status, set(lost.errors)) == (422, {"language_search"})


@pytest.mark.parametrize(
    ("reads", "typed", "found"),
    [
        ("ko", "베트남어", "vi"), ("zh-Hant", "越南文", "vi"), ("ar", "الكورية", "ko"), ("vi", "tiếng hàn", "ko"), ("vi", "Tieng Han", "ko"),
        ("ur", "ٹگرینیا", "ti"), ("ja", "広東語", "yue"),
    ],
)  # fmt: skip
def test_a_language_is_found_by_what_its_reader_calls_it(site: Site, reads: str, typed: str, found: str) -> None:
    seen = site.person(language=reads).see("/g/east/ask").send(language_search=typed, do="languages")
    assert seen.status == 200
    assert found in [one["value"] for one in seen.soup.select("#language option")][1:4]


def test_where_few_speak_the_language_a_wider_place_is_offered_first(anyone: Person) -> None:
    offered = ask(anyone, language="ug")
    assert offered.status == 422
    assert "someone might recognise you" in offered.text
    wider = [str(one["value"]) for one in offered.soup.select("input[name=wider]")]
    assert wider[-2:] == ["ON", "same"]
    taken = offered.send(**{**GOOD, "language": "ug", "wider": "ON"})
    assert "Ontario" in anyone.see(taken.soup.select_one('a[href^="/need/"]')["href"]).text  # type: ignore[index,arg-type]
    kept = offered.send(**{**GOOD, "language": "ug", "wider": "same"})
    assert kept.status == 200


def test_a_day_that_is_over_is_refused(anyone: Person) -> None:
    assert ask(anyone, by="2020-01-01").errors == {"by": "This day is over. Choose today or later."}


def test_enter_in_a_text_field_sends_the_form_and_does_not_list_towns(anyone: Person) -> None:
    form = anyone.see("/g/east/ask").form()
    first = form.select_one("button")
    assert first
    assert (first["name"], first["value"]) == ("do", "send")


def test_who_may_help_is_this_group_only_unless_chosen(anyone: Person) -> None:
    form = anyone.see("/g/east/ask")
    assert form.soup.select_one("input[name=reach][checked]")["value"] == "group"  # type: ignore[index]


def test_the_emergency_numbers_are_on_the_ask_page_in_both_languages(site: Site) -> None:
    for language, words in (("en", "not an emergency service"), ("fr", "pas un service d’urgence")):
        page = site.person(language=language).see("/g/east/ask")
        assert words in page.text
        assert {a["href"] for a in page.soup.select(".note a")} == {"tel:911", "tel:988", "tel:211", "tel:416-555-0100"}


def test_a_form_sent_again_says_so_and_where_to_change_it(anyone: Person) -> None:
    form = anyone.see("/g/east/ask")
    first, again = form.send(**GOOD), form.send(**(GOOD | {"category": "ride"}))
    assert "posted before" not in first.text
    assert "This was posted before" in again.text
    assert again.soup.select_one('a[href$="/change"]')


def test_whoever_asked_on_a_shared_phone_can_make_it_forget(anyone: Person) -> None:
    page = ask(anyone)
    need = str(page.soup.select_one('a[href^="/need/"]')["href"])  # type: ignore[index]
    page.send("/sign-out")
    assert anyone.see(need).status == 404


@pytest.fixture
def tibetan_group(site: Site) -> Iterator[None]:
    def speaks(*tags: str) -> None:
        site.run(lambda world: world.rows("UPDATE care_group SET languages = $1 WHERE slug = 'east'", list(tags)))

    speaks("bo", "ne", "ta")
    yield
    speaks()


@pytest.mark.usefixtures("tibetan_group")
@pytest.mark.parametrize("locale", ["ta", "bo"])
def test_the_languages_of_the_group_come_first_once_and_the_form_stays_small(site: Site, locale: str) -> None:
    person = site.person(language=locale)
    sheet = gzip.compress(person.get("/static/careweb.css").content, 6)
    page = person.see("/g/east/ask")
    for form in (page, page.send(do="send")):  # and once more, with what is wrong
        values = [str(one["value"]) for one in form.soup.select("#language option")]
        assert values[:6] == ["", "bo", "ne", "ta", "-", "en"]
        assert len(values) == len(set(values))
        assert len(gzip.compress(form.html.encode(), 6)) + len(sheet) <= 14 * 1024


@pytest.mark.usefixtures("tibetan_group")
def test_so_they_do_for_a_coordinator_who_asks_for_a_caller(site: Site) -> None:
    form = site.coordinator.see("/staff/east/post")
    assert [str(one["value"]) for one in form.soup.select("#language option")][1:4] == ["bo", "ne", "ta"]
