"""What holds on every page: headers, own forms only, limits, quiet logs, errors in words."""

import asyncio
import tracemalloc
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

from careweb.domain.places import cut_postal_codes
from careweb.web.app import create_app
from careweb.web.headers import HEADERS, KEEPING
from careweb.web.routes import ROUTES
from tests.web.site import Person, Site, site_settings
from tests.web.test_asking import GOOD


@pytest.mark.parametrize(
    "path", ["/", "/g/east/ask", "/nothing", "/g/nobody", "/static/careweb.css", "/healthz", "/me"]
)
def test_every_answer_carries_the_security_headers(anyone: Person, path: str) -> None:
    answer = anyone.get(path, follow_redirects=False)
    for name, value in (HEADERS | (KEEPING if path == "/g/east/ask" else {})).items():
        assert answer.headers[name] == value
    assert "strict-transport-security" not in answer.headers
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/help", "/sign-in", "/find", "/g/nowhere", "/no/such/page"])
def test_every_page_says_its_type_and_that_it_is_utf_8(anyone: Person, path: str) -> None:
    assert anyone.get(path).headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT"])
def test_a_method_that_no_route_names_is_refused(anyone: Person, method: str) -> None:
    sent = anyone.request(method, "/find", headers={"sec-fetch-site": "same-origin", "x-secret": "echo me"})
    assert sent.status_code in (404, 405)
    assert "echo me" not in sent.text


@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/static/", "/static", "/static/..%2fpyproject.toml", "/pyproject.toml", "/docs", "/openapi.json"],
)
def test_what_no_route_names_is_not_there(anyone: Person, path: str) -> None:
    assert anyone.get(path).status_code == 404


def test_refusals_and_mishaps_carry_them_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ValueError

    person, ours = site.person(), {"sec-fetch-site": "same-origin"}
    form = person.see("/g/east/ask")
    answers = {
        403: person.post("/find", data={"code": "1"}, headers=ours),
        404: person.get("/need/7b0cf2f2-2f7e-4c1e-9a53-0d8f4b8f6a11"),
        405: person.request("DELETE", "/find", headers=ours),
        413: person.post("/find", content=b"x" * 17_000, headers=ours),
        415: person.post("/find", json={}, headers=ours),
        422: form.send(do="send").response,
    }
    monkeypatch.setattr("careweb.web.start.all_groups", broken, raising=False)
    monkeypatch.setattr("careweb.web.asking.post_need", broken)
    answers[500] = form.send(**GOOD).response
    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    for status, answer in answers.items():
        wanted = HEADERS | (KEEPING if status == 422 else {})  # the form comes back, and may have its script
        assert {name: answer.headers.get(name) for name in HEADERS} == wanted
        assert answer.headers["cache-control"] == "no-store"


def test_signing_out_tells_the_browser_to_forget_what_it_cached(site: Site) -> None:
    answer = site.helper.see("/me").send("/sign-out").response.history[0]
    assert answer.headers["clear-site-data"] == '"cache", "storage"'


def test_pages_are_kept_by_no_cache_and_the_stylesheet_is(anyone: Person) -> None:
    page = anyone.see("/")
    assert page.response.headers["cache-control"] == "no-store"
    sheet = anyone.get(page.soup.select_one("link[rel=stylesheet]")["href"])  # type: ignore[index,arg-type]
    assert "immutable" in sheet.headers["cache-control"]


async def test_over_https_cookies_are_bound_to_the_host_and_hsts_is_on(site: Site) -> None:
    app = create_app(site_settings(site.database, base_url="https://care.example.org"))
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://care.example.org") as client:
            answer = await client.get("/g/east/ask")
    assert answer.headers["strict-transport-security"]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-careweb-browser=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))


FOREIGN: list[dict[str, str]] = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "", "origin": "https://evil.example"},
    {"sec-fetch-site": ""},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_of_another_site_is_refused(anyone: Person, headers: dict[str, str]) -> None:
    token = anyone.see("/find").soup.select_one("[name=token]")["value"]  # type: ignore[index]
    page = anyone.press("/find", {"token": token, "code": "1", "do": "code"}, headers=headers)
    assert (page.status, "This did not come from our page" in page.text) == (403, True)


@pytest.mark.parametrize("origin", ["http://testserver", "null"])
def test_an_old_browser_without_fetch_metadata_may_send_our_forms(anyone: Person, origin: str) -> None:
    token = anyone.see("/find").soup.select_one("[name=token]")["value"]  # type: ignore[index]
    page = anyone.press("/find", {"token": token, "code": "1"}, headers={"sec-fetch-site": "", "origin": origin})
    assert page.status == 422


def test_a_token_of_another_browser_is_refused(anyone: Person, site: Site) -> None:
    token = site.person().see("/find").soup.select_one("[name=token]")["value"]  # type: ignore[index]
    anyone.see("/find")
    for stolen in (token, "", "x.y"):
        assert anyone.press("/find", {"token": stolen, "code": "1"}).status == 403


POSTS = [route for route in ROUTES if isinstance(route, Route) and "POST" in (route.methods or set())]


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.path)
def test_no_route_acts_without_a_token_but_language_and_stop(site: Site, route: Route) -> None:
    path = route.path
    for name in route.param_convertors:
        path = path.replace("{" + name + ":uuid}", "7b0cf2f2-2f7e-4c1e-9a53-0d8f4b8f6a11").replace(
            "{" + name + "}", "east"
        )
    page = site.coordinator.press(path, {})
    assert page.status == {"/language": 200, "/stop/{token}": 422}.get(route.path, 403)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_more_than_sixteen_kilobytes_are_refused_in_both_encodings(anyone: Person, kind: str) -> None:
    much = {"text": "x" * 17_000}
    sent: dict[str, Any] = {"files": {"text": (None, much["text"])}} if "multi" in kind else {"data": much}
    answer = anyone.request("POST", "/g/east/ask", headers={"sec-fetch-site": "same-origin"}, **sent)
    assert (answer.status_code, "too much for this form" in answer.text) == (413, True)


# An offer has a box for each part of the week: 28 more.
@pytest.mark.parametrize(
    ("path", "most", "kind"),
    [
        ("/g/east/ask", 40, "application/x-www-form-urlencoded"), ("/g/east/ask", 40, "multipart/form-data"),
        ("/g/east/offer", 80, "application/x-www-form-urlencoded"), ("/g/east/offer", 80, "multipart/form-data"),
        ("/texts", 40, "application/x-www-form-urlencoded"),
    ],
)  # fmt: skip
def test_more_than_forty_fields_are_refused_in_both_encodings(anyone: Person, path: str, most: int, kind: str) -> None:
    for count, status in ((most + 1, True), (most, False)):
        fields = {f"f{n}": "x" for n in range(count)}
        sent: dict[str, Any] = (
            {"files": {n: (None, v) for n, v in fields.items()}} if "multi" in kind else {"data": fields}
        )
        answer = anyone.request("POST", path, headers={"sec-fetch-site": "same-origin"}, **sent)
        assert (answer.status_code == 413) == status


async def _raw(site: Site, chunks: list[bytes], headers: dict[str, str]) -> tuple[int, int]:
    """Status, and how many chunks were read."""
    read, status = 0, 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": chunks[read - 1], "more_body": read < len(chunks)}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    raw = [
        (name.encode(), value.encode())
        for name, value in ({"host": "testserver", "sec-fetch-site": "same-origin"} | headers).items()
    ]
    scope = {
        "type": "http", "method": "POST", "path": "/g/east/ask", "query_string": b"", "headers": raw, "app": site.app,
        "scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 1), "http_version": "1.1",
    }  # fmt: skip
    await site.app(scope, receive, send)
    return status, read


def test_an_endless_body_without_a_length_is_cut_off_early(site: Site) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    status, read = asyncio.run(_raw(site, [b"x" * 8000] * 50, form))
    assert (status, read) == (413, 3)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_huge_body_takes_no_memory(site: Site, kind: str) -> None:
    """Of half a gigabyte one piece is looked at."""
    chunks = [b"x" * 64_000] * 8_000
    asyncio.run(_raw(site, chunks[:3], {"content-type": kind}))
    tracemalloc.start()
    status, read = asyncio.run(_raw(site, chunks, {"content-type": kind}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (status, read) == (413, 1)
    assert peak < 1_000_000


def test_a_length_that_lies_is_not_believed(site: Site) -> None:
    form = {"content-type": "application/x-www-form-urlencoded", "content-length": "10"}
    status, read = asyncio.run(_raw(site, [b"x" * 8000] * 50, form))
    assert (status, read) == (413, 3)
    assert asyncio.run(_raw(site, [b"x"] * 5, form | {"content-length": "99999"})) == (413, 0)


def test_a_body_that_is_no_form_is_refused(anyone: Person) -> None:
    answer = anyone.request("POST", "/find", json={"a": 1}, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 415


def test_what_nobody_expected_shows_a_reference_and_logs_no_words_of_the_person(
    anyone: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ValueError("secret words of a person")

    form = anyone.see("/g/east/ask")
    monkeypatch.setattr("careweb.web.asking.post_need", broken)
    page = form.send(**GOOD, text="secret words of a person")
    assert page.status == 500
    reference = page.soup.select_one(".code").get_text()  # type: ignore[union-attr]
    logged = capsys.readouterr().out
    assert reference in logged
    assert "asking.py" in logged
    assert "secret words" not in logged


def test_the_request_log_holds_the_route_and_nothing_that_was_sent(
    anyone: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    anyone.see("/g/east/ask").send(**GOOD, text="my words")
    anyone.see("/n/some-token", params={"q": "asked"})
    logged = capsys.readouterr().out
    assert "/g/{slug}/ask" in logged
    assert "/n/{token}" in logged
    for secret in ("my words", "po@example.org", "some-token", "asked", "testclient", "127.0.0.1", "east"):
        assert secret not in logged


async def test_without_a_database_the_page_says_so_kindly(site: Site) -> None:
    app = create_app(site_settings("postgresql://nobody@/none?host=/nonexistent"))
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            page, ready, alive = [await client.get(path) for path in ("/", "/readyz", "/healthz")]
    assert (page.status_code, page.headers["retry-after"]) == (503, "10")
    assert "try again in a minute" in page.text
    assert (ready.status_code, alive.status_code) == (503, 200)


def test_ready_with_a_migrated_database(anyone: Person) -> None:
    assert (anyone.get("/readyz").status_code, anyone.get("/healthz").text) == (200, "ok\n")


async def _figures(site: Site, client: tuple[str, int], **headers: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(site.app, client=client)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as one:
        return await one.get("/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()})


async def test_figures_are_for_this_machine_only_and_not_through_a_proxy(site: Site) -> None:
    near = await _figures(site, ("127.0.0.1", 5))
    assert near.status_code == 200
    assert "careweb_requests_total" in near.text
    assert (await _figures(site, ("203.0.113.9", 5))).status_code == 404
    assert (await _figures(site, ("127.0.0.1", 5), x_forwarded_for="203.0.113.9")).status_code == 404


@pytest.mark.parametrize("slow", ["hash_aside", "fits_aside"])
def test_no_connection_waits_while_a_code_is_hashed(site: Site, slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    person, vault, held = site.person(), site.app.state.vault, []
    hashing = getattr(vault, slow)

    async def watched(*words: str) -> Any:
        held.append(site.app.state.engine.pool.checkedout())
        return await hashing(*words)

    code = person.see("/g/east/ask").send(**GOOD).soup.select_one("#code")
    monkeypatch.setattr(vault, slow, watched)
    assert code
    person.see("/g/east/ask").send(**GOOD, text="something else")
    assert person.see("/find").send(code=code.get_text(), do="code").status == 200
    assert held == [0]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("M5V 3L9", "M5V"), ("m5v3l9", "m5v"), ("at M5V-3L9.", "at M5V."), ("M5V", "M5V"), ("M5V3L9X", "M5VX"),
        ("wifi B2B4C4 x", "wifi B2B x"), ("M5V\u20113L9", "M5V"),
    ],
)  # fmt: skip
def test_full_postal_codes_are_cut_wherever_they_stand(typed: str, kept: str) -> None:
    assert cut_postal_codes(typed) == kept


def test_a_page_that_looks_again_by_itself_keeps_nobody_signed_in(site: Site) -> None:
    """Only what a person opens does: else a coordinator's session would live on before an empty chair."""
    seen = "SELECT max(seen_at) FROM session WHERE member_id = $1"
    helper, member = site.member(site.cast.helper), site.cast.helper
    site.run(
        lambda world: world.rows("UPDATE session SET seen_at = now() - interval '3 days' WHERE member_id = $1", member)
    )
    before = site.run(lambda world: world.one(seen, member))
    assert helper.get("/me", headers={"x-careweb-looks": "again"}).status_code == 200
    assert site.run(lambda world: world.one(seen, member)) == before
    assert helper.get("/me").status_code == 200
    assert site.run(lambda world: world.one(seen, member)) > before
