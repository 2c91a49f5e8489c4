"""Pages nobody else should find open, and what a person may know and keep of them."""

import re

import pytest

from careweb import paths
from careweb.domain.contacts import read_email
from careweb.web.headers import HEADERS, KEEPING, SCRIPTED, SENSITIVE
from tests.web.site import Person, Site
from tests.web.test_after import connected

POLICY = "content-security-policy"


def test_every_page_about_a_person_can_be_left_and_no_other_page_has_a_script(site: Site) -> None:
    need, task = connected(site)
    asker, helper, boss, anyone = site.asker_of(need), site.helper, site.coordinator, site.person()
    seen = set()
    for person, path, sensitive in (
        (asker, f"/need/{need}", True), (asker, f"/need/{need}/privacy", True), (asker, f"/need/{need}/change", True),
        (asker, f"/need/{need}/withdraw", True), (asker, f"/need/{need}/erase", True), (anyone, "/g/east/ask", True),
        (helper, task, True), (helper, f"{task}/cannot", True), (helper, f"{task}/report", True), (helper, "/me", True),
        (helper, "/me/opened", True), (helper, "/me/reviews", True), (helper, "/me/remove", True), (anyone, "/find", True),
        (anyone, "/", False), (anyone, "/g/east", False), (anyone, "/help", False), (anyone, "/nothing", False),
        (helper, "/g/east/offer", True), (boss, "/staff/east", True), (boss, f"/staff/east/needs/{need}", True),
        (boss, "/staff/east/people", True), (boss, "/second-step/own", True), (anyone, "/offline", False),
    ):  # fmt: skip
        page = person.see(path)
        leave = page.soup.select_one("#leave")
        seen.add(sensitive)
        assert bool(leave) == sensitive, path
        assert [str(one["src"]).partition("?")[0] for one in page.soup.select("script")] == (
            ["/static/keep.js"] if sensitive else []
        ), path
        assert page.response.headers[POLICY] == (KEEPING if sensitive else HEADERS)[POLICY], path
        if leave:
            assert leave["href"] == "about:blank"
            assert "The history of your browser keeps this one" in page.text, "it says what it does not do"
    assert seen == {True, False}


# What says nothing of whoever reads it: first pages, help, errors, the demonstration, and the ways in.
OPEN = {"away.html", "error.html", "layout.html", "offers/start.html", "signin/start.html", "signin/stopped.html"}


def test_every_page_can_be_left_or_says_nothing_of_a_person() -> None:
    pages = {
        str(one.relative_to(paths.TEMPLATES))
        for one in paths.TEMPLATES.rglob("*.html")
        if one.parent.name not in ("parts", "notices", "start", "demo")
    }
    parts_of_pages = {"board/frame.html", "needs/form_body.html"}
    assert pages - OPEN - parts_of_pages == SENSITIVE


def test_the_page_of_channels_can_be_left_beside_its_own_script(site: Site) -> None:
    page = site.helper.see("/me/channels")
    assert page.soup.select_one("#leave")
    assert "/static/keep.js" in str(page.soup.select("script"))
    assert page.response.headers[POLICY] == SCRIPTED[POLICY]


def test_no_page_asks_for_a_script_or_a_style_of_its_own() -> None:
    for file in paths.TEMPLATES.rglob("*.html"):
        html = file.read_text(encoding="utf-8")
        assert not re.search(r"<script(?! src=)|\son\w+=|<style|javascript:", html), file.name


def test_the_privacy_page_of_a_need_says_what_is_held_who_opened_it_and_when_it_goes(site: Site) -> None:
    need = site.posted(name="Po", contact=read_email("po@example.org"), text="Rice and greens")
    asker = site.asker_of(need)
    link = asker.see(f"/need/{need}").soup.select_one(f'a[href="/need/{need}/privacy"]')
    assert link
    page = asker.see(str(link["href"]))
    for told in (
        "Po",
        "By e-mail",
        "Rice and greens",
        "Groceries",
        "Agincourt",
        "Cantonese",
        "Nobody so far",
        "14 days after",
    ):
        assert told in page.text, told
    assert "po@example.org" not in page.html
    (browsers,) = [dt.find_next("dd") for dt in page.soup.select("dt") if "Browsers" in dt.get_text()]
    assert browsers
    assert browsers.get_text() == "1"
    site.asker_of(need)  # another browser
    assert "Browsers that can open it 2" in asker.see(page.path).text
    site.coordinator.see(f"/staff/east/needs/{need}")
    assert "read your need" in asker.see(page.path).text
    asker.see(f"/need/{need}/withdraw").send()
    assert re.search(r"is destroyed on \w+, \w+ \d+", asker.see(page.path).text)
    assert site.outsider.see(page.path).status == 404


def test_the_manifest_and_its_icons_are_there_and_of_our_own(anyone: Person) -> None:
    link = anyone.see("/").soup.select_one("link[rel=manifest]")
    assert link
    told = anyone.get(str(link["href"]), headers={"accept-language": "fr"}).json()
    assert (told["lang"], told["start_url"], told["display"]) == ("fr", "/", "minimal-ui")
    for icon in told["icons"]:
        answer = anyone.get(icon["src"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, icon["type"])


@pytest.mark.parametrize("name", ["sw.js", "keep.js"])
def test_a_script_names_no_other_server_and_stays_small(name: str) -> None:
    script = (paths.STATIC / name).read_text(encoding="utf-8")
    assert "//" not in re.sub(r"^\s*//.*$|\s// .*$", "", script, flags=re.MULTILINE)
    assert len(script.encode()) < 8_000


def test_the_worker_of_the_phone_may_fetch_from_here_alone(anyone: Person) -> None:
    answer = anyone.get("/sw.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers[POLICY] == KEEPING[POLICY]
