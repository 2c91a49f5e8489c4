"""Links in messages are opened by programs before a person sees them; some press the buttons they find. Nothing changes."""

import os
from typing import Any

import httpx2
import pytest
from bs4 import BeautifulSoup, Tag

from careweb.domain.contacts import read_email
from careweb.flows.signin import request_sign_in
from tests.web.site import Person, Site, held
from tests.world import World

FETCHES = int(os.environ.get("CAREWEB_FETCHES", "10"))  # `make assurance` asks for 100
SCANNERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0 Safari/537.36 Edge/18",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "BarracudaCentral/1.0",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
    "Mimecast-LinkProtect",
    "GoogleImageProxy",
    "facebookexternalhit/1.1",
    "Slackbot-LinkExpanding 1.0",
    "TelegramBot (like TwitterBot)",
    "WhatsApp/2.23",
)

# Of every table but two: what people's own browsers may do (no row of it is about a need or a member), and places.
EVERYTHING = """
    SELECT c.relname, (xpath('/row/sum/text()', query_to_xml(format(
        'SELECT coalesce(sum(hashtextextended(t::text, 0)), 0) AS sum FROM %I t', c.relname), false, true, '')))[1]::text
    FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'zone%'
      AND c.relname NOT IN ('region', 'spatial_ref_sys') ORDER BY 1
"""


def everything(site: Site) -> dict[str, str]:
    async def read(world: World) -> dict[str, str]:
        return {row[0]: row[1] for row in await world.rows(EVERYTHING)}

    return site.run(read)


@pytest.fixture
def links(site: Site) -> dict[str, str]:
    """One of each kind that a message can hold."""
    vault = site.app.state.vault
    need = site.posted()
    asked = site.asked(need)
    unconfirmed = site.posted(contact=read_email("po@example.org"))

    async def more(world: World) -> tuple[Any, Any]:
        await world.rows("DELETE FROM sign_in")
        sign_in_id = await request_sign_in(world.ctx, read_email("helper@example.org"), locale="en", browser="theirs")
        await world.rows("UPDATE need SET confirmed = false WHERE id = $1", unconfirmed)
        imported = await world.helper(site.cast.group, name="Tenzin", languages=("bo",))
        await world.rows("UPDATE member SET confirmed = false WHERE id = $1", imported)
        return sign_in_id, imported

    sign_in_id, imported = site.run(more)
    return {
        "ask": asked,
        "sign in": f"/s/{vault.sign('sign_in', sign_in_id)}",
        "need": f"/n/{vault.sign('need', need)}",
        "imported need": f"/n/{vault.sign('need', unconfirmed)}",
        "imported helper": f"/c/{vault.sign('confirm', imported)}",
        "stop": f"/stop/{vault.sign('stop', site.cast.helper)}",
        "stop of an asker": f"/stop/{vault.sign('stop need', need)}",
    }


def forms_on(page: httpx2.Response) -> list[Tag]:
    return BeautifulSoup(page.text, "html.parser").select("form")


def press_everything(bot: Person, path: str) -> None:
    """The first form of all, the first of the page, and each button of it, as they stand."""
    page = bot.get(path)
    forms = forms_on(page)
    main = [form for form in forms if form.find_parent("main")]
    for form in [forms[0], *main]:
        buttons = [dict(named_button(button)) for button in form.select("button")] or [{}]
        for pressed in [{}, *buttons]:
            where = str(form.get("action") or path)
            bot.post(where, data=held(form) | pressed, headers={"sec-fetch-site": "same-origin"})


def named_button(button: Tag) -> dict[str, str]:
    return {str(button["name"]): str(button.get("value", ""))} if button.has_attr("name") else {}


@pytest.mark.parametrize(
    "kind", ["ask", "sign in", "need", "imported need", "imported helper", "stop", "stop of an asker"]
)
def test_programs_that_fetch_follow_and_press_change_nothing(site: Site, links: dict[str, str], kind: str) -> None:
    before = everything(site)
    for number in range(FETCHES):
        scanner = site.person()
        scanner.headers["user-agent"] = SCANNERS[number % len(SCANNERS)]
        assert scanner.get(links[kind]).status_code == 200  # redirects are followed
        scanner.head(links[kind])
    for _ in range(3):
        press_everything(site.person(), links[kind])
    assert everything(site) == before
    site.helper.see(links["ask"]).send(answer="no")


def test_after_all_of_them_the_persons_own_yes_still_works(site: Site, links: dict[str, str]) -> None:
    for kind in ("ask", "sign in"):
        for _ in range(FETCHES):
            press_everything(site.person(), links[kind])
    vault = site.app.state.vault
    code = vault.digits("ask", vault.verify("ask", links["ask"].removeprefix("/a/")), 4)
    person = site.person()
    assert "Thank you" in person.see(links["ask"]).send(answer="yes", code=code).text
    digits = vault.digits("sign_in", vault.verify("sign_in", links["sign in"].removeprefix("/s/")), 6)
    assert person.see(links["sign in"]).send().send(code=digits).path == "/me"


def test_a_change_would_be_seen(site: Site, links: dict[str, str]) -> None:
    before = everything(site)
    site.person().see(links["stop"]).send(sure="yes")
    after = everything(site)
    assert [name for name in before if before[name] != after[name]] == ["member"]
    site.helper.see(links["ask"]).send(answer="no")
    site.run(lambda world: world.rows("UPDATE member SET mail_stopped = false"))
