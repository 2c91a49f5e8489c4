"""Known or unknown, the answer is the same to the byte, and so is what the database is asked."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
import pytest

from careweb.storage import database
from careweb.storage.counters import Counters
from tests.cast import HELPER
from tests.web.site import Person, Seen, Site
from tests.web.test_asking import ask, code_on

_RANDOM = re.compile(r'(?<=name="code" value=")\d+|[0-9a-f]{16}\.[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}')
NOT_HERE = "nobody-knows-this@example.org"


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The named queries that are run, wherever from."""
    told: list[str] = []
    real = database.queries()

    class Told:
        def __getattr__(self, name: str) -> object:
            told.append(name)
            return getattr(real, name)

    with monkeypatch.context() as patched:
        patched.setattr(database, "queries", Told)
        patched.setattr("careweb.storage.sealing.queries", Told)
        yield told


def said(response: httpx2.Response) -> tuple[object, ...]:
    """What a person, or whoever watches the wire, gets: without tokens and ids, which are new each time and equally long,
    and without what was typed. How much all that compresses to is chance, so only the length before it is compared."""
    chance = ("set-cookie", "content-length")
    headers = [(name, _RANDOM.sub("*", value)) for name, value in response.headers.items() if name not in chance]
    return response.status_code, len(response.text), _RANDOM.sub("*", response.text), headers


def compare(
    site: Site, monkeypatch: pytest.MonkeyPatch, send: Callable[[Person], Seen], other: Callable[[Person], Seen]
) -> list[str]:
    """The statements, the same for both."""
    site.run(lambda world: world.rows("DELETE FROM sign_in"))
    found = []
    for each in (send, other):
        person = site.person()
        person.see("/help")
        with statements(monkeypatch) as told:
            seen = each(person)
        found.append(([said(one) for one in (*seen.response.history, seen.response)], told))
    (one, first), (two, second) = found
    assert one == two
    assert first == second
    return first


@pytest.mark.parametrize("path", ["/sign-in", "/g/east/offer"])
def test_signing_in(site: Site, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def sent(contact: str) -> Callable[[Person], Seen]:
        return lambda person: person.see(path).send("/sign-in", contact=contact)

    # Of the same length: what was typed is given back.
    asked = compare(site, monkeypatch, sent(HELPER), sent("h" * (len(HELPER) - 12) + "@example.org"))
    assert "ask_to_sign_in" in asked
    assert ("add_member_once" in asked) == (path != "/sign-in")


@pytest.mark.parametrize("contact", ["po-of-this-test@example.org", "416 555 0188"])
def test_finding_a_need_by_contact(site: Site, monkeypatch: pytest.MonkeyPatch, contact: str) -> None:
    kind = "email" if "@" in contact else "phone"
    ask(site.person(), contact_kind=kind, contact=contact)
    unknown = NOT_HERE if kind == "email" else "416 555 0199"

    def sent(contact: str) -> Callable[[Person], Seen]:
        return lambda person: person.see("/find").send(contact=contact, do="contact")

    assert "ask_to_sign_in" in compare(site, monkeypatch, sent(contact), sent(unknown))


def test_finding_a_need_by_code(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.app.state.counters = Counters("")
    code = code_on(ask(site.person())).replace(" ", "")
    hashes: list[str] = []
    vault = site.app.state.vault

    def noted(name: str) -> None:
        real = getattr(vault, name)

        async def hashing(*words: str) -> object:
            hashes.append(name)
            return await real(*words)

        monkeypatch.setattr(vault, name, hashing)

    for name in ("hash_aside", "fits_aside"):
        noted(name)

    def sent(code: str) -> Callable[[Person], Seen]:
        return lambda person: person.see("/find").send(code=code, do="code")

    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    unknown = str((int(code[0]) + 1) % 10) + wrong[1:]
    asked = compare(site, monkeypatch, sent(wrong), sent(unknown))
    assert asked.count("need_of_locator") == 1
    assert sorted(hashes) == ["fits_aside", "hash_aside"], "one slow hash each"


def test_the_wait_after_wrong_codes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.app.state.counters = Counters("")
    code = code_on(ask(site.person())).replace(" ", "")
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    with monkeypatch.context() as patched:
        patched.setattr("careweb.web.slowing.sleep", note)
        known, unknown = code[:-1] + str((int(code[-1]) + 1) % 10), "9" * 16
        for typed in (known, unknown):
            form = site.person().see("/find")
            for _ in range(6):
                form.send(code=typed, do="code")
    assert waits[:6] == waits[6:]
    assert waits[5] > 0


def test_a_code_typed_for_a_sign_in_that_nobody_was_written_to_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.run(lambda world: world.rows("DELETE FROM sign_in"))

    def sent(contact: str) -> Callable[[Person], Seen]:
        return lambda person: person.see("/sign-in").send(contact=contact).send(code="123456")

    compare(site, monkeypatch, sent(HELPER), sent(NOT_HERE))
