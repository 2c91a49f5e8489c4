"""Known or unknown, the answer is the same to the byte, and so is what the database is asked."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx2
import pytest

from careweb.domain.contacts import Contact, by_code, read_contact
from careweb.storage import database
from careweb.storage.counters import Counters
from tests.cast import HELPER
from tests.web.site import Person, Seen, Site, held
from tests.web.test_asking import ask, code_on
from tests.web.test_reports import connected

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


def test_the_wait_after_wrong_mailed_codes_of_one_network(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.app.state.counters = Counters("")
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    form = site.person(address="203.0.113.9").see("/sign-in").send(contact="nobody@example.org")
    with monkeypatch.context() as patched:
        patched.setattr("careweb.web.slowing.sleep", note)
        for _ in range(80):
            form.send(code="123456")
    assert waits[0] == 0
    assert waits[-1] > 0


def test_a_code_typed_for_a_sign_in_that_nobody_was_written_to_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.run(lambda world: world.rows("DELETE FROM sign_in"))

    def sent(contact: str) -> Callable[[Person], Seen]:
        return lambda person: person.see("/sign-in").send(contact=contact).send(code="123456")

    compare(site, monkeypatch, sent(HELPER), sent(NOT_HERE))


# Who presses a block or a report learns nothing of whether the other can be told from anybody else.

PRESSED = {"block": {"do": "block"}, "report": {"do": "send", "cause": "unkind", "text": "He was rude"}}
REACHED: dict[str, Contact] = {
    "by telephone": read_contact("416 555 0144"), "by code": by_code(), "by code, signed in": by_code(),
}  # fmt: skip


def reporting(
    site: Site, by: str, contact: Contact, fields: dict[str, str], *, signed_in: bool
) -> Callable[[Person], Seen]:
    """Two are connected; then one of them opens the form and sends it, as the first report they ever make."""
    site.run(lambda world: world.rows("DELETE FROM apart"))
    need, asker, task = connected(site, contact=contact, member=site.cast.outsider if signed_in else None)
    path = f"{task.path}/report" if by == "helper" else f"/need/{need}/matches/{task.path.rpartition('/')[2]}/report"
    browser = site.helper if by == "helper" else asker

    def press(_: Person) -> Seen:
        site.run(lambda world: world.rows("DELETE FROM review"))
        return browser.see(path).send("/report", **fields)

    return press


@pytest.mark.parametrize("other", [how for how in REACHED if how != "by telephone"])
@pytest.mark.parametrize("by", ["helper", "asker"])
@pytest.mark.parametrize("kind", PRESSED)
def test_a_block_and_a_report(site: Site, monkeypatch: pytest.MonkeyPatch, kind: str, by: str, other: str) -> None:
    sent = [
        reporting(site, by, REACHED[how], PRESSED[kind], signed_in="signed in" in how)
        for how in ("by telephone", other)
    ]
    done = compare(site, monkeypatch, *sent)
    assert "part_two" in done
    assert ("add_report" in done) == (kind == "report")
    assert site.run(lambda world: world.one("SELECT count(*) FROM apart")) >= 1


@pytest.mark.parametrize("kind", PRESSED)
def test_a_block_and_a_report_of_nobody_and_of_people_one_has_nothing_to_do_with(
    site: Site, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    site.run(lambda world: world.rows("DELETE FROM apart"))
    _, _, task = connected(site, contact=REACHED["by telephone"])
    need, asker, _ = connected(site)
    theirs = task.path.rpartition("/")[2]

    def sent(browser: Person, path: str) -> Callable[[Person], Seen]:
        token = browser.see("/find").form()

        def press(_: Person) -> Seen:
            seen = browser.press(path, {"token": held(token)["token"], **PRESSED[kind]})
            assert seen.status == 404
            return seen

        return press

    for browser, path in ((site.outsider, "/task/{}/report"), (asker, f"/need/{need}/matches/{{}}/report")):
        asked = compare(site, monkeypatch, sent(browser, path.format(theirs)), sent(browser, path.format(uuid4())))
        assert "part_two" not in asked
    assert site.run(lambda world: world.one("SELECT count(*) FROM review WHERE match_id = $1", theirs)) == 0
