"""A walk through every page of a real site, with a mark in everything that a person can write freely."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from bs4 import Tag

from careweb.web.cookies import form_token
from careweb.web.routes import ROUTES
from careweb.web.visits import Door
from tests.attacks.marks import Marks
from tests.web.site import Browsing, Seen, held

FREE = ("text", "email", "tel", "search", "password", "url")


@dataclass
class Walk:
    """`seen`: routes that were asked for, by method. `written`: fields that held a mark, by the route they were sent to."""

    base: str
    marks: Marks
    seen: set[tuple[str, str]] = field(default_factory=set)
    there: set[tuple[str, str]] = field(default_factory=set)
    written: set[tuple[str, str]] = field(default_factory=set)
    transport: httpx2.HTTPTransport = field(default_factory=lambda: httpx2.HTTPTransport(verify=False))

    def person(self, session: str = "") -> "Walker":
        return Walker(self, session)

    def went(self, request: httpx2.Request) -> str:
        route = route_of(request.url.path)
        self.seen.add((request.method, route))
        return route


def route_of(path: str) -> str:
    """As written in the table; of two that fit the one without a parameter."""
    fitting = sorted((route.path for route in ROUTES if route.path_regex.match(path)), key=lambda one: "{" in one)
    return fitting[0] if fitting else path


class Walker(Browsing):
    """Whatever form is sent, every free field of it that is not given holds a mark of its own."""

    def __init__(self, walk: Walk, session: str = "") -> None:
        super().__init__(
            base_url=walk.base, follow_redirects=True, timeout=30, transport=walk.transport,
            headers={"user-agent": walk.marks.address("user agent"), "referer": f"http://{walk.marks.address('referer')}/"},
            event_hooks={"request": [walk.went], "response": [self._note]},
        )  # fmt: skip
        self.walk = walk
        self.cookies.set("careweb-browser", "b" * 32, domain="127.0.0.1")
        if session:
            self.cookies.set("careweb-session", session, domain="127.0.0.1")

    def _note(self, response: httpx2.Response) -> None:
        if response.headers.get("content-type", "").startswith("text/html"):
            response.read()
            for form in Seen(self, response).soup.select("main form"):
                where = route_of(str(form.get("action") or response.url.path))
                self.walk.there |= {(where, name) for name in free_fields(form)}

    def knock(self, method: str, path: str, fields: Mapping[str, str], query: Mapping[str, str]) -> None:
        """At a door, with all there is to bring, without following where it leads."""
        if method == "GET":
            self.get(path, params=query, follow_redirects=False)
        else:
            token = form_token(self.cookies.get("careweb-browser") or "")
            self.post(
                path, data={**fields, "token": token}, headers={"sec-fetch-site": "same-origin"}, follow_redirects=False
            )

    def fill(self, page: Seen, action: str = "", /, **given: Any) -> Seen:
        form = page.form(action)
        route = route_of(str(form.get("action") or page.path))
        marked = {name: self.walk.marks.mark(f"{route} {name}") for name in free_fields(form) if name not in given}
        self.walk.written |= {(route, name) for name in (*marked, *given)}
        values: Mapping[str, Any] = {**held(form), **marked, **given}
        where = str(form.get("action") or page.path)
        return self.press(where, {name: value for name, value in values.items() if value is not None})


def free_fields(form: Tag) -> list[str]:
    fields = form.select("textarea[name], input[name]")
    return [str(one["name"]) for one in fields if one.name == "textarea" or str(one.get("type", "text")) in FREE]


def doors() -> set[tuple[str, str]]:
    return {
        (method, route.path)
        for route in ROUTES
        if isinstance(route, Door)
        for method in route.methods or ()
        if method in ("GET", "POST")
    }


def address(path: str, given: Mapping[str, str], other: str) -> str:
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: given.get(found[1], other), path)
