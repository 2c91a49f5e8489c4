"""Every line that somebody writes in their own words is looked through, whoever writes it: found from the routes and the templates."""

import re

import pytest

from careweb import paths
from tests.web.site import Seen, Site
from tests.web.test_asking import ask
from tests.web.test_two_groups import BROWSER, coordinator_of
from tests.web.two_groups import CASES, Probe, things_of, token_of, who_opens

WORDS = {"text", "note", "words", "reason", "appeal", "thanks", "name"}
OF_A_LIST = {
    ("/staff/{slug}/needs/{need_id:uuid}/close", "reason"),
    ("/staff/{slug}/calls/{need_id:uuid}/number", "reason"),
}
LINES = sorted({(path, name) for path, case in CASES.items() for name in case.fields if name in WORDS} - OF_A_LIST)
LED_TO = {"call 416 555 0123": "a phone number", "I live at 12 Elm Street": "a street address"}
POSITION = "at 43.65107, -79.347015"
# When a page has the line: thanks are for what is done, between two who are not kept apart; only who is not admitted yet is
# admitted, and only who has a second step can have lost it.
READY = {
    "thanks": (
        "UPDATE match SET state = 'done', ended_at = now(), ended_by = 'asker' WHERE member_id = $1",
        "DELETE FROM review WHERE member_id = $1",
    ),
    "admit": ("UPDATE membership SET state = 'suspended' WHERE member_id = $1",),
    "vouch": (
        "INSERT INTO authenticator (id, member_id, kind, sealed_secret, created_at, confirmed_at) VALUES"
        " (gen_random_uuid(), $1, 'app', '', now(), now())",
    ),
}


def _sent(site: Site, path: str, **fields: str) -> Seen:
    own = site.run(lambda world: things_of(world, site.cast.group, "east"))
    who, last = who_opens(path), path.rpartition("/")[2]
    for sql in READY.get(last, ()):
        site.run(lambda world: world.rows(sql, own.colleague_id if last == "vouch" else own.member_id))  # noqa: B023
    person = {
        "coordinator": lambda: coordinator_of(site), "steward": lambda: site.member(own.colleague_id),
        "helper": lambda: site.member(own.member_id), "asker": lambda: site.asker_of(own.need_id),
    }[who]()  # fmt: skip
    person.cookies.set("careweb-browser", BROWSER)
    probe = Probe(path=path, method="POST", strange=())
    return person.press(
        probe.address(site, own, own),
        {**probe.case.fields, **fields, "token": token_of(person)},
        follow_redirects=False,
    )


@pytest.mark.parametrize(("path", "name"), LINES)
def test_what_leads_to_a_person_comes_back_once_and_a_position_always(site: Site, path: str, name: str) -> None:
    for words, kind in LED_TO.items():
        page = _sent(site, path, **{name: words})
        assert page.status == 422
        assert any(kind in said for said in page.errors.values()), page.errors
        box = page.soup.select_one(f'input[name="keep-{name}"]')
        assert box
        field = page.soup.select_one(f'main form [name="{name}"][aria-invalid]')
        assert field
        assert words in (field.get_text() if field.name == "textarea" else str(field["value"])), "it is given back"
    page = _sent(site, path, **{name: POSITION, f"keep-{name}": "yes"})
    assert page.status == 422
    assert any("exact positions" in said for said in page.errors.values()), page.errors
    assert _sent(site, path, **{name: "call 416 555 0123", f"keep-{name}": "yes"}).status in CASES[path].there


def test_whoever_asks_is_warned_about_each_of_their_lines(site: Site) -> None:
    for name in ("text", "name"):
        assert "a phone number" in ask(site.person(), **{name: "call 416 555 0123"}).errors[name]


def test_no_template_has_a_line_that_is_not_among_them() -> None:
    areas = re.compile(r'f\.area\(\s*"(\w+)"|<(?:textarea|input type="text")[^>]*?\bname="(\w+)"[^>]*maxlength="\d{3}')
    found = {
        one[1] or one[2]
        for file in paths.TEMPLATES.rglob("*.html")
        for one in areas.finditer(file.read_text(encoding="utf-8"))
    }
    assert found <= WORDS
    assert found >= {"text", "note", "words", "reason", "appeal"}
    assert {name for _, name in LINES} == WORDS
