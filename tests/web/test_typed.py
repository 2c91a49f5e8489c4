"""What people type and a page shows again: no full postal code, nothing invisible, no address with a NUL."""

import re
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from starlette.datastructures import ImmutableMultiDict

from careweb.domain.ids import NeedId
from careweb.storage.sealing import key_of
from careweb.web.bodies import Fields
from careweb.web.need_form import read_need_form
from careweb.web.offer_form import read_rest
from tests.web.site import Person, Site, held
from tests.web.test_asking import GOOD, ask
from tests.web.test_volunteering import OFFER, came_in
from tests.world import VAULT, World

SECOND_HALF = ("2k3", "２ｋ３")
WRITTEN = ["M1S 2K3", "M1S.2K3", "m1s_2k3", "Ｍ１Ｓ２Ｋ３", "M1S\u200b2K3", "M1S2K3X", "M 1 S 2 K 3", "mis 2k3"]


def shows_a_full_code(html: str) -> bool:
    plain = "".join(char for char in html.lower() if char not in " ._\u200b")
    return any(half in plain for half in SECOND_HALF)


@pytest.mark.parametrize("typed", WRITTEN)
@pytest.mark.parametrize("field", ["place", "text", "name", "contact", "language_search"])
def test_no_field_of_the_asking_form_shows_a_full_code_again(anyone: Person, field: str, typed: str) -> None:
    page = ask(anyone, **{"consent": None, field: typed})
    assert page.status == 422
    assert not shows_a_full_code(page.soup.main.decode())  # type: ignore[union-attr]


@pytest.mark.parametrize("field", ["place", "name"])
def test_the_offering_form_does_not_show_a_full_code_again(site: Site, field: str) -> None:
    _, form = came_in(site, f"cut-{field}@example.org", join=True)
    page = form.send(**(OFFER | {"categories": None, field: "M1S 2K3"}))
    assert page.status == 422
    assert not shows_a_full_code(page.soup.main.decode())  # type: ignore[union-attr]


def test_an_e_mail_address_that_looks_like_a_code_stays_as_it_is(anyone: Person) -> None:
    page = ask(anyone, contact="m1s2k3@example.org", category=None)
    assert page.soup.select_one("#contact")["value"] == "m1s2k3@example.org"  # type: ignore[index]


def test_a_code_with_a_dot_in_a_text_is_not_kept(anyone: Person, site: Site) -> None:
    cut = ask(anyone, text="Ring at M1S.2K3 twice", name="Dotty")
    assert "whole postal code" in cut.errors["text"]
    page = cut.send()

    async def texts(world: World) -> list[str]:
        rows: list[Any] = await world.rows("SELECT id, sealed_text FROM need ORDER BY posted_at DESC LIMIT 5")
        keys = [(await key_of(world.tx, VAULT, "need", row["id"]), row["sealed_text"]) for row in rows]
        return [key.open("text", text) for key, text in keys if key and text]

    assert page.status == 200
    assert "Ring at M1S twice" in site.run(texts)


@pytest.mark.parametrize("name", ["\u200b", "\u3164", "\u200d", " \u202e "])
def test_a_name_that_nobody_sees_is_no_name(anyone: Person, name: str) -> None:
    assert "name" in ask(anyone, name=name).errors


def test_what_turns_letters_round_is_left_out(anyone: Person) -> None:
    assert "\u202e" not in ask(anyone, name="Ada\u202eadA", text="b\u202ec", consent=None).html


@pytest.mark.parametrize("day", ["20270131", "2027-W04-7", "2027-1-31", "٢٠٢٧-٠١-٣١"])
def test_a_day_is_written_year_month_day_only(day: str) -> None:
    assert read_need_form(_fields(by=day))[1] == {"by": "by"}
    assert read_rest(day, _TODAY) is None


@pytest.mark.parametrize("day", ["20261130", "2026-W48-1"])
def test_more_time_is_asked_for_with_year_month_day_only(site: Site, day: str) -> None:
    need = site.posted()
    page = site.asker_of(need).see(f"/need/{need}").send("/renew", by=day)
    assert (page.status, "Write the day as year-month-day" in page.text) == (422, True)


def test_a_day_as_it_should_be_is_read() -> None:
    assert read_need_form(_fields(by=" 2027-01-31 "))[1] == {}
    assert read_rest("2027-01-31", _TODAY) == date(2027, 1, 31)


_TODAY = date(2026, 11, 23)


def _fields(**changes: str) -> Fields:
    return ImmutableMultiDict(GOOD | changes)


@pytest.mark.parametrize(
    "path", ["/g/%00", "/g/%00/ask", "/g/east%00", "/demo/%00", "/n/%00", "/g/east?x=%00", "/static/%00", "/help?%00=1"]
)
def test_an_address_with_a_nul_is_as_unknown_as_any(anyone: Person, path: str) -> None:
    assert anyone.see(path).status == 404
    assert anyone.see("/g/%00").text == anyone.see("/g/nowhere").text


@pytest.mark.parametrize("query", ["layer=%00", "region=%00", "language=%00", "tier=%00"])
def test_a_board_with_a_nul_in_its_query_is_not_found(site: Site, query: str) -> None:
    for page in ("", "/needs", "/map.svg"):
        assert site.coordinator.see(f"/staff/east{page}?{query}").status == 404


@pytest.mark.parametrize(
    ("locale", "said"), [("en", "Choose an hour from the list."), ("fr", "Choisissez une heure dans la liste.")]
)
@pytest.mark.parametrize("field", ["quiet_from", "quiet_until"])
def test_an_hour_that_is_none_is_said(site: Site, field: str, locale: str, said: str) -> None:
    person = site.helper
    person.headers["accept-language"] = locale
    page = person.see("/me").send("/me/pace", **{field: "24"})
    assert page.status == 422
    assert said in page.text


def test_what_is_typed_is_decoded_once_and_stays_as_it_was_typed(site: Site) -> None:
    typed = "%3Cb%3E 100%25 a+b &amp;lt;i&gt; \\u0041 caf%C3%A9"
    person = site.person()
    page = ask(person, text=typed, show_text="yes")
    need = NeedId(UUID(str(page.soup.select_one('a[href^="/need/"]')["href"]).split("/")[2]))  # type: ignore[index]

    async def kept(world: World) -> str:
        sealer = await key_of(world.tx, VAULT, "need", need)
        assert sealer
        return sealer.open("text", await world.one("SELECT sealed_text FROM need WHERE id = $1", need))

    assert site.run(kept) == typed
    shown = person.see(f"/need/{need}/change")
    assert shown.soup.select_one("textarea[name=text]").get_text().strip() == typed  # type: ignore[union-attr]


def test_only_fields_of_the_form_are_read(site: Site) -> None:
    """A need as it is, and one whose sender named every column of it."""
    columns = """SELECT column_name FROM information_schema.columns WHERE table_name = 'need'
        AND column_name <> ALL ($1) ORDER BY 1"""
    asked_for = [
        *GOOD,
        "text",
        "show_text",
        "languages",
        "by",
        "parts",
        "repeats_until",
        "helpers",
        "reach",
        "see_first",
        "form_id",
        "token",
    ]
    others = [row["column_name"] for row in site.run(lambda world: world.rows(columns, asked_for))]
    assert {"id", "state", "group_id", "member_id", "filled", "waves", "held_reason", "mail_stopped"} <= set(others)

    def posted(number: int, **more: str) -> dict[str, Any]:
        person = site.person()
        form = person.see("/g/east/ask").form()
        fields = held(form) | GOOD | {"text": "the same", "contact": f"only{number}@example.org"} | more
        answer = person.post("/g/east/ask", data=fields, headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code == 200
        id = UUID(re.search(r'href="/need/([0-9a-f-]{36})"', answer.text)[1])  # type: ignore[index]
        (row,) = site.run(lambda world: world.rows("SELECT * FROM need WHERE id = $1", id))
        own = re.compile("id|sealed_.*|.*_at|needed_by|.*_hash|contact_index")
        return {name: value for name, value in row.items() if not own.fullmatch(name)}

    plain = posted(1)
    assert len(plain) > 15
    for at in range(0, len(others), 15):  # a form of forty fields is refused
        assert posted(2 + at, **dict.fromkeys(others[at : at + 15], "7")) == plain
