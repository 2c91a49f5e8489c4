"""A crowd holds up itself: codes wait, turns go round, needs beyond the usual are read first, and nobody is refused."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.requests import Request
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from careweb.domain.limits import network_of
from careweb.storage.counters import Counters
from careweb.web import slowing
from careweb.web.turns import Turns
from tests.web.site import Person, Site
from tests.web.test_asking import ask, code_on

HERE, THERE = "203.0.113.9", "198.51.100.9"


@pytest.fixture(autouse=True)
def fresh_counts(site: Site) -> None:
    site.app.state.counters = Counters("")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """How long each would have waited; nobody does."""
    told: list[float] = []

    async def note(seconds: float) -> None:
        told.append(seconds)

    monkeypatch.setattr("careweb.web.slowing.sleep", note)
    yield told
    monkeypatch.undo()


def wrong(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10)


def test_each_wrong_code_waits_longer_and_the_right_one_still_opens_the_need(site: Site, waits: list[float]) -> None:
    code = code_on(ask(site.person()))
    form = site.person().see("/find")
    answers = [form.send(code=wrong(code), do="code") for _ in range(9)]
    assert {(page.status, page.errors["code"]) for page in answers} == {
        (422, "That code does not fit. Check the numbers.")
    }
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0, 16)
    assert form.send(code=code, do="code").path.startswith("/need/")
    form.send(code=wrong(code), do="code")
    assert waits[-1] == 0, "who knew the code has mistyped it before"


def test_a_network_that_tries_many_codes_waits_and_another_does_not(site: Site, waits: list[float]) -> None:
    guessing, person = site.person(address=HERE).see("/find"), site.person(address=THERE).see("/find")
    for number in range(40):
        guessing.send(code=f"{number:08d}00000000", do="code")
    assert waits[-1] > 0
    person.send(code="7777777700000000", do="code")
    assert waits[-1] == 0


def test_right_codes_of_a_shelter_count_for_nothing(site: Site, waits: list[float]) -> None:
    code = code_on(ask(site.person()))
    for _ in range(40):
        assert site.person(address=HERE).see("/find").send(code=code, do="code").path.startswith("/need/")
    assert set(waits) == {0}


def test_so_many_at_once_at_one_code_are_told_to_wait(site: Site) -> None:
    form = site.person(address=HERE).see("/find")
    site.app.state.trying["12345678", network_of(HERE)] = 4
    try:
        page = form.send(code="1234 5678 0000 0000", do="code")
        assert (page.status, page.response.headers["retry-after"]) == (429, "30")
        assert site.person(address=THERE).see("/find").send(code="1234 5678 0000 0000", do="code").status == 422
    finally:
        site.app.state.trying.clear()


async def test_turns_go_round_the_networks() -> None:
    turns, served = Turns(1), list[str]()

    async def one(network: str) -> None:
        async with turns.of(network):
            served.append(network)
            await asyncio.sleep(0)

    crowd = [asyncio.create_task(one("crowd")) for _ in range(50)]
    await asyncio.sleep(0)
    await asyncio.gather(one("person"), *crowd)
    assert served.index("person") <= 3
    assert len(served) == 51
    await asyncio.wait_for(one("later"), 1)


async def test_who_leaves_the_queue_takes_no_turn_with_them() -> None:
    turns = Turns(1)

    async def wait() -> None:
        async with turns.of("crowd"):
            pass

    async with turns.of("first"):
        waiting = [asyncio.create_task(wait()) for _ in range(5)]
        await asyncio.sleep(0)
        for one in waiting[:3]:
            one.cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.wait_for(wait(), 1)


def state_of(site: Site, page: object, person: Person) -> tuple[str, str | None]:
    need = str(page.soup.select_one('a[href^="/need/"]')["href"]).split("/")[2]  # type: ignore[attr-defined]

    async def read(world: object) -> tuple[str, str | None]:
        (row,) = await world.rows("SELECT state, held_reason FROM need WHERE id = $1", need)  # type: ignore[attr-defined]
        return row["state"], row["held_reason"]

    return site.run(read)


def test_the_first_needs_of_a_network_are_matched_and_those_after_them_are_held_not_dropped(site: Site) -> None:
    site.app.state.settings = site.app.state.settings.model_copy(update={"posts_per_network": 2})
    try:
        people = [site.person(address=HERE) for _ in range(3)]
        pages = [ask(person) for person in people]
        states = [state_of(site, page, person) for page, person in zip(pages, people, strict=True)]
        assert states == [("open", None), ("open", None), ("held", "network")]
        assert "A coordinator reads your need first" in pages[2].text
        assert code_on(pages[2]), "held or not, the code is there"
        other = site.person(address=THERE)
        assert state_of(site, ask(other), other) == ("open", None)
        nowhere = [site.person() for _ in range(4)]
        assert {state_of(site, ask(person), person)[0] for person in nowhere} == {"open"}, "an unknown network"
    finally:
        site.app.state.settings = site.app.state.settings.model_copy(update={"posts_per_network": 20})


def test_a_held_need_is_not_matched_until_somebody_releases_it(site: Site) -> None:
    words = "Call this number and get everything you ever wanted for free"
    people = [site.person() for _ in range(4)]
    states = [state_of(site, ask(person, text=words), person) for person in people]
    assert states == [("open", None)] * 3 + [("held", "words")]

    async def owed(world: object) -> int:
        return int(
            await world.one(  # type: ignore[attr-defined]
                "SELECT count(*) FROM promise p JOIN need n ON n.id = p.subject WHERE p.job = 'match_need' AND n.state = 'held'"
            )
        )

    assert site.run(owed) == 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("127.0.0.1", "203.0.113.9", "203.0.113.0/24"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.0/24"),  # what the client wrote itself stands on the left
        ("198.51.100.7", "203.0.113.9", "198.51.100.0/24"),  # not our proxy: not believed
        ("127.0.0.1", "", ""),
    ],
)
async def test_the_clients_network_is_the_one_our_proxy_saw(peer: str, forwarded: str, network: str) -> None:
    seen = []

    async def app(scope: object, receive: object, send: object) -> None:
        seen.append(slowing.network(Request(scope)))  # type: ignore[arg-type]

    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"type": "http", "scheme": "http", "client": (peer, 1), "headers": headers, "path": "/", "method": "GET"}
    await ProxyHeadersMiddleware(app, trusted_hosts="127.0.0.1")(scope, None, None)  # type: ignore[arg-type]
    assert seen == [network]
