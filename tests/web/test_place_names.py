"""Places in the words of whoever reads: provinces and what we put around a town, never the town itself."""

import csv

import pytest

from careweb import paths, rendering, wording
from careweb.domain.places import Province
from careweb.domain.regions import NAMES
from careweb.domain.zone_names import SIDES, elsewhere_name, in_french
from careweb.rendering import place_name, province_name
from tests.web.site import Seen, Site
from tests.web.test_asking import IN_A_TOWN
from tests.web.test_languages import OTHERS, SAME

ENGLISH = {province: province.name_in("en") for province in Province}
AREA, EN, FR = "P0N", "South Porcupine and area", "South Porcupine et environs"


def english_on(page: Seen, tag: str) -> set[str]:
    """Of a place: names of provinces in English, and words of ours; not what the language itself writes so."""
    places = [one.get_text() for one in page.soup.select("#province option, #town option, #zone option, bdi")]
    words = {*ENGLISH.values(), " and area", ", North", ", Downtown"}
    return {word for word in words for place in places if word in place and tag not in SAME.get(word, ())}


@pytest.mark.parametrize("tag", OTHERS)
def test_whoever_asks_reads_no_place_in_english_on_any_page(site: Site, tag: str) -> None:
    anyone = site.person(language=tag)
    form = anyone.see("/g/east/ask")
    listed = {str(one["value"]): one.get_text() for one in form.soup.select("#province option") if one["value"]}
    assert listed == {province.value: province_name(tag, province) for province in Province}
    assert [
        name for code, name in listed.items() if name == ENGLISH[Province(code)] and tag not in SAME.get(name, ())
    ] == []
    towns = form.send(**IN_A_TOWN | {"province": "BC"})
    parts = towns.send(town="Surrey", do="send")
    assert len(parts.soup.select("#zone option")) > 10
    assert ", British Columbia" not in towns.text
    done = towns.send(town="BC", do="send")
    own = anyone.see(str(done.soup.select_one('a[href^="/need/"]')["href"]))  # type: ignore[index]
    privacy = anyone.see(own.path + "/privacy")
    for page in (form, towns, parts, own, privacy):
        assert (page.status, english_on(page, tag)) == (200, set()), page.path
    for page in (own, privacy):
        assert listed["BC"] in [where.get_text() for where in page.soup.select("dd bdi")]


@pytest.mark.parametrize("tag", OTHERS)
def test_the_area_chosen_by_a_postal_code_is_said_around_the_name_of_its_town(site: Site, tag: str) -> None:
    page = site.person(language=tag).see("/g/east/ask").send(place=AREA, do="send")
    chosen = page.soup.select_one("p.ok strong bdi")
    assert chosen
    assert chosen.get_text() == f"{place_name(tag, EN, FR)} ({AREA})"
    assert "South Porcupine" in chosen.get_text()
    assert "and area" not in page.text


def test_a_coordinator_reads_the_board_and_its_regions_in_their_language(site: Site) -> None:
    site.posted()
    staff = site.coordinator
    staff.headers["accept-language"] = "zh-Hant"
    country, province, needs = (staff.see(f"/staff/east{more}") for more in ("", "?province=ON", "/needs?province=ON"))
    assert "安大略省" in [one.get_text() for one in country.soup.select("th a bdi")]
    assert "安大略省" in [one.get_text() for one in province.soup.select("p bdi")]
    for page in (country, province, needs):
        assert english_on(page, "zh-Hant") == set(), page.path


def test_stored_names_are_shown_as_they_are_in_english_and_in_french() -> None:
    with (paths.DATA / "zones.csv").open(encoding="utf-8", newline="") as file:
        names = [(row["name_en"], row["name_fr"]) for row in csv.DictReader(file)]
    names += [(left.english, left.french) for left in map(elsewhere_name, Province)] + list(NAMES.values())
    for english, french in names:
        assert (place_name("en", english, french), place_name("fr", english, french)) == (english, french)


def test_the_french_catalogue_calls_places_as_the_stored_names_do() -> None:
    french = rendering.translations("fr").gettext
    assert [french(ENGLISH[one]) for one in Province] == [one.name_in("fr") for one in Province]
    assert [french(side) for side in SIDES] == [in_french(side) for side in SIDES]
    assert french(wording.AROUND) % {"town": "Laval"} == "Laval et environs"
    assert [french(english) for english, _ in NAMES.values()] == [name for _, name in NAMES.values()]
    left = elsewhere_name(Province.QC)
    assert french(wording.ELSEWHERE) % {"province": "Québec"} == left.french


def test_the_words_are_those_that_names_are_made_of() -> None:
    assert {province.value: name for province, name in ENGLISH.items()} == wording.PROVINCES
    assert wording.SIDES == SIDES
    assert {slug: english for slug, (english, _) in NAMES.items()} == wording.REGION_SETS
    assert elsewhere_name(Province.QC).english == wording.ELSEWHERE % {"province": "Quebec"}


@pytest.mark.parametrize("tag", rendering.interfaces())
def test_no_two_places_of_a_province_are_called_alike(tag: str) -> None:
    with (paths.DATA / "zones.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {place_name(tag, row["name_en"], row["name_fr"]) for row in rows if row["kind"] == "province"}
    assert len(names) == len(Province)
    shown = {(place_name(tag, row["name_en"], row["name_fr"]), row["province"], row["kind"]) for row in rows}
    assert len(shown) == len({(row["name_en"], row["province"], row["kind"]) for row in rows})


@pytest.mark.parametrize(
    ("tag", "english", "french", "shown"),
    [
        ("zh-Hant", "Toronto, Downtown East", "Toronto, Centre-ville Est", "Toronto, 市中心 東部"),
        ("ko", "Laval, Chomedey East", "Laval, Chomedey Est", "Laval, Chomedey 동부"),
        ("zh-Hant", "Calgary, North Central", "Calgary, Centre-Nord", "Calgary, 中北部"),
        ("hi", "Calgary, South and West", "Calgary, South and Ouest", "Calgary, दक्षिण और पश्चिम"),
        ("ja", "Québec City–Lévis", "Québec–Lévis", "Québec City–Lévis"),
        ("ar", "Laval, West", "Laval, Ouest", "\u200fLaval, الغرب"),
        ("ur", "Ontario, outside the larger towns", "Ontario, hors des grandes villes", "اونٹاریو، بڑے شہروں سے باہر"),
        ("bo", "A district of an import", "Un district importé", "A district of an import"),
    ],
)  # fmt: skip
def test_what_is_ours_is_translated_and_the_name_stays(tag: str, english: str, french: str, shown: str) -> None:
    assert place_name(tag, english, french) == shown
