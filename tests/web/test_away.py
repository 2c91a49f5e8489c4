"""PostgreSQL is down: people are told so, in their language, whom they can call, and lose nothing they wrote."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import pytest_asyncio

from careweb.rendering import interfaces
from careweb.storage import database
from careweb.web import away, visits
from careweb.web.away import MOST_BYTES, Line, Lines
from tests.web.site import Person, Site
from tests.world import committed


@pytest_asyncio.fixture
async def down(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """As when its socket is gone; the groups' numbers were read before."""
    site.call(lambda: site.app.state.lines.refresh(site.app.state.engine))

    def refuse(_engine: object) -> Any:
        raise FileNotFoundError

    monkeypatch.setattr(visits, "transaction", refuse)
    monkeypatch.setattr(visits, "reading", refuse)
    yield site


ASKED = {
    "category": "groceries", "text": 'Rice, "greens" <fresh> & 葱', "place": "M1S", "language": "yue", "urgency": "urgent",
    "helpers": "1", "name": "Po", "contact_kind": "code", "reach": "group", "see_first": "no", "consent": "yes",
}  # fmt: skip


def test_a_page_says_so_in_the_persons_language_with_numbers_to_call(down: Site) -> None:
    for language, words in (("en", "Please try again"), ("fr", "Réessayez")):
        seen = down.person(language=language).see("/g/east/ask")
        assert seen.status == 503
        assert words in seen.text
        assert "416-555-0100" in seen.text
        assert seen.response.headers["retry-after"] == "10"
        assert len(seen.html.encode()) <= MOST_BYTES
        assert 'href="/static' not in seen.html


@pytest.mark.parametrize("sending", [False, True])
@pytest.mark.parametrize("language", [one.tag for one in interfaces().values()])
def test_the_page_stays_small_however_many_groups_there_are_and_begins_with_the_nearest(
    site: Site, language: str, sending: bool
) -> None:
    person = site.person(language=language)
    form = person.see("/g/east/ask").form()
    hidden = {str(one["name"]): str(one["value"]) for one in form.select("input[type=hidden]")}
    before = site.app.state.lines.known
    site.app.state.lines.known = [Line(f"g{n}", f"Group ünder <{n}>", f"416-555-{n:04}") for n in range(200)]
    try:
        with (
            patch.object(visits, "transaction", side_effect=FileNotFoundError),
            patch.object(visits, "reading", side_effect=FileNotFoundError),
        ):
            seen = person.press("/g/g150/ask", hidden) if sending else person.see("/g/g150/ask")
        assert seen.status == 503
        assert (seen.soup.select_one("form") is not None) == sending
        written = sum(len(f"{one}\n".encode()) for one in seen.soup.select("form input"))
        assert len(seen.html.encode()) - written <= MOST_BYTES
        assert next(one.text for one in seen.soup.select("li a")) == "416-555-0150"
    finally:
        site.app.state.lines.known = before


def test_a_form_being_sent_is_kept_and_makes_one_need_however_often_it_is_sent(site: Site, anyone: Person) -> None:
    form = anyone.see("/g/east/ask").form()
    hidden = {str(one["name"]): str(one["value"]) for one in form.select("input[type=hidden]")}
    with patch.object(visits, "transaction", side_effect=FileNotFoundError):
        kept = anyone.press("/g/east/ask", {**hidden, **ASKED})
        assert kept.status == 503
        again = kept.soup.select_one("form")
        assert again is not None
        values = {str(one["name"]): str(one["value"]) for one in again.select("input")}
        assert values == {**hidden, **ASKED}
        assert anyone.press("/g/east/ask", values).status == 503
    first, second = anyone.press(str(again["action"]), values), anyone.press(str(again["action"]), values)
    assert first.status == second.status == 200
    needs = {re.findall(r"/need/([0-9a-f-]{36})", unescape(one.html))[0] for one in (first, second)}
    assert len(needs) == 1


def test_only_of_a_form_that_counts_once_it_says_so(site: Site, anyone: Person) -> None:
    for path, once in (("/g/east/ask", True), ("/sign-in", False)):
        form = anyone.see(path).form()
        hidden = {str(one["name"]): str(one["value"]) for one in form.select("input[type=hidden]")}
        with patch.object(visits, "transaction", side_effect=FileNotFoundError):
            seen = anyone.press(path, hidden)
        assert seen.status == 503
        assert ("counts once" in seen.text) == once


def test_a_form_that_is_not_ours_is_not_repeated_to_whoever_sent_it(down: Site) -> None:
    seen = down.person().press("/g/east/ask", {**ASKED, "token": "made up"})
    assert seen.status == 403
    assert "greens" not in seen.html


async def test_a_process_that_starts_while_the_database_is_away_knows_the_numbers_of_before(
    tmp_path: Path, engine: database.Engine
) -> None:
    async with committed(engine) as world:
        await world.group("east")
    lines = Lines(tmp_path)
    assert not lines.known
    await lines.refresh(engine)
    with patch.object(away, "reading", side_effect=FileNotFoundError):
        later = Lines(tmp_path)
        await later.refresh(engine)
    assert later.known == lines.known == [Line("east", "East", "416-555-0100")]
