"""How heavy the longest forms are, in the languages whose letters take the most bytes, and what asking takes in all."""

import gzip

import pytest

from careweb.rendering import interfaces
from tests.web.site import Person, Seen, Site
from tests.web.test_asking import GOOD, IN_A_TOWN

MOST, FLOW_MOST = 14 * 1024, 30 * 1024
HEAVIEST = ["ta", "bo"]
LARGE = [("ON", "Toronto"), ("QC", "Montréal")]


def weight(page: Seen) -> int:
    return len(gzip.compress(page.html.encode(), 6))


def sheet(person: Person) -> int:
    return len(gzip.compress(person.get("/static/careweb.css").content, 6))


def check(person: Person, *pages: Seen) -> None:
    for page in pages:
        assert weight(page) + sheet(person) <= MOST, (page.path, weight(page))


@pytest.mark.parametrize("tag", interfaces())
def test_a_form_with_everything_wrong_in_it_is_a_small_page(site: Site, tag: str) -> None:
    anyone, helper, staff = (
        site.person(language=tag),
        site.member(site.cast.helper),
        site.member(site.cast.coordinator),
    )
    wrong = {"reach": "alliance", "province": "ON", "town": "Toronto", "contact": "x", "by": "x", "repeats_until": "x"}
    for person, path in ((anyone, "/g/east/ask"), (helper, "/g/east/offer"), (staff, "/staff/east/post")):
        person.headers["accept-language"] = tag
        refused = person.see(path).send(**wrong, do="send")
        found = refused.send(language_search="a", language="ug", language2="bo", do="languages")
        assert (refused.status, found.status, found.soup.select("p.ok[role=status]") != []) == (422, 200, True)
        check(person, refused, found, found.send(do="send"))


@pytest.mark.parametrize(("province", "town"), LARGE)
@pytest.mark.parametrize("tag", HEAVIEST)
def test_asking_by_a_list_of_towns_stays_light_on_every_page_and_in_all(
    site: Site, tag: str, province: str, town: str
) -> None:
    anyone = site.person(language=tag)
    group, form = anyone.see("/g/east"), anyone.see("/g/east/ask")
    towns = form.send(**IN_A_TOWN | {"province": province})
    assert len(towns.soup.select("#town option")) > 100
    parts = towns.send(town=town, do="send")
    assert len(parts.soup.select("#zone option")) > 30
    code = parts.send(zone=str(parts.soup.select("#zone option")[1]["value"]), do="send")
    own = anyone.see(str(code.soup.select_one('a[href^="/need/"]')["href"]))  # type: ignore[index]
    pages = (group, form, towns, parts, code, own)
    check(anyone, *pages)
    assert sheet(anyone) + sum(map(weight, pages)) <= FLOW_MOST, [weight(page) for page in pages]


@pytest.mark.parametrize("tag", HEAVIEST)
def test_where_few_speak_a_language_the_wider_places_come_alone(site: Site, tag: str) -> None:
    anyone = site.person(language=tag)
    offered = anyone.see("/g/east/ask").send(**GOOD | {"language": "ug"})
    assert (offered.soup.select("#language"), offered.status) == ([], 422)
    check(anyone, offered)
    assert offered.send(wider="ON", do="send").soup.select_one("#code")
