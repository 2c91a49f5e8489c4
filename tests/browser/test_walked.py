"""The pages that are measured are all there are: by the templates, and by the table of routes."""

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from starlette.routing import Match, Route

from careweb import paths
from careweb.web.routes import ROUTES
from tests.browser.conftest import Running
from tests.browser.drawing import OF_SEVERAL, Drawn, drawing
from tests.browser.looks import every_page
from tests.browser.pressing import AFTERWARDS
from tests.browser.test_pages import weight

FOR_OTHERS = ("parts", "notices", "texts")  # pieces of pages, and messages
WITHIN_OTHERS = {
    "layout.html": "the frame of every page",
    "board/frame.html": "the frame of every page of staff",
    "needs/form_body.html": "the fields of a need: on the pages ask, change, post and staff change",
}
NO_PAGES = {
    "/task/{match_id:uuid}/calendar.ics": "a file for a calendar",
    "/staff/{slug}/map.svg": "a picture, which the board says in a table too",
    "/demo/sign-in/{sign_in_id:uuid}": "leads on to a message, or to all of them",
    "/static/{name}": "files",
    "/sw.js": "a script",
    "/manifest.webmanifest": "a file for the browser",
    "/healthz": "for machines",
    "/readyz": "for machines",
    "/metrics": "for machines",
}


def every_template() -> set[Drawn]:
    """And of one that draws several pages each of them."""
    found: set[Drawn] = set()
    for file in paths.TEMPLATES.rglob("*.html"):
        name = str(PurePosixPath(file.relative_to(paths.TEMPLATES)))
        if name.partition("/")[0] not in FOR_OTHERS and name not in WITHIN_OTHERS:
            said = set(re.findall(r'\b(?:kind|asked) == "(\w+)"', file.read_text(encoding="utf-8")))
            found |= {(name, one) for one in said | {OF_SEVERAL[name]}} if name in OF_SEVERAL else {(name, "")}
    return found


def test_every_template_is_drawn_for_a_page_that_is_measured(running: Running) -> None:
    """By its address here; what comes of forms and failures, test_pressed.py sees that it comes."""
    with drawing() as drawn:
        for _, address, who in every_page(running):
            weight(address, running.sessions.get(who, ""))
    measured = {*drawn, *AFTERWARDS}
    assert every_template() - measured == set()
    assert measured - every_template() == set()


def test_what_stands_within_other_templates_is_there() -> None:
    assert {name for name in WITHIN_OTHERS if not (paths.TEMPLATES / name).exists()} == set()


def test_every_address_that_can_be_looked_at_is_measured_or_is_no_page(running: Running) -> None:
    unseen = {route.path for route in ROUTES if "GET" in (route.methods or ()) and not _walked(route, running)}
    assert unseen == set(NO_PAGES)


def _walked(route: Route, running: Running) -> bool:
    asked = [
        {"type": "http", "method": "GET", "root_path": ""} | {"path": urlsplit(a).path}
        for _, a, _ in every_page(running)
    ]
    return any(first_fitting(one) is route for one in asked)


def first_fitting(scope: dict[str, str]) -> Route | None:
    return next((route for route in ROUTES if route.matches(scope)[0] is Match.FULL), None)
