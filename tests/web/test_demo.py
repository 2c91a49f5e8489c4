"""The demonstration says that it is one, and shows what it would have mailed."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from starlette.testclient import TestClient

from careweb.web.app import create_app
from tests.web.site import Person, Site, site_settings

FILE = "00001763860000000000-000001.eml"


@pytest_asyncio.fixture
async def newcomer(site: Site, tmp_path: Path) -> AsyncIterator[Person]:
    mail = EmailMessage()
    mail["To"], mail["Subject"] = "helper@example.org", "You have a message <b>"
    mail.set_content("Hello <script>\n\nhttp://127.0.0.1:8000/a/token\n\nhttps://evil.example/a\n")
    (tmp_path / FILE).write_bytes(bytes(mail))
    (tmp_path / "keys").write_text("secret")
    app = create_app(site_settings(site.database, demo=True, demo_mail=tmp_path))
    client = TestClient(app)
    await asyncio.to_thread(client.__enter__)
    person = Person(app, headers={"accept-language": "en"})
    person.portal = client.portal
    yield person
    await asyncio.to_thread(client.__exit__, None, None, None)


@pytest.mark.parametrize("path", ["/", "/g/east", "/g/east/ask", "/nothing", "/demo", "/sign-in"])
def test_every_page_says_that_it_is_a_demonstration(newcomer: Person, path: str) -> None:
    assert "This is a demonstration" in newcomer.see(path).text


def test_a_caught_message_is_shown_as_text_with_links_to_our_own_pages_only(newcomer: Person) -> None:
    listed = newcomer.see("/demo")
    link = listed.soup.select_one(f'a[href="/demo/{FILE}"]')
    assert link
    assert link.get_text() == "You have a message <b>"
    shown = newcomer.see(str(link["href"]))
    assert "&lt;script&gt;" in shown.html
    assert [a["href"] for a in shown.soup.select(".mail a")] == ["/a/token"]


@pytest.mark.parametrize("name", ["keys", "..%2Fkeys", "%2e%2e%2fkeys", "00001763860000000000-000002.eml"])
def test_nothing_but_messages_is_read(newcomer: Person, name: str) -> None:
    assert newcomer.see(f"/demo/{name}").status == 404


def test_a_message_that_is_still_being_written_is_not_listed(newcomer: Person) -> None:
    folder: Path = newcomer.app.state.settings.demo_mail  # type: ignore[attr-defined]
    (folder / f".{FILE.replace('0001.eml', '0009.eml')}").write_bytes(b"Subject: half")
    assert "half" not in newcomer.see("/demo").text


def test_a_real_installation_has_no_such_page_and_no_banner(anyone: Person) -> None:
    assert anyone.see("/demo").status == 404
    assert anyone.see(f"/demo/{FILE}").status == 404
    assert "demonstration" not in anyone.see("/").text


def test_a_message_that_came_with_crlf_has_no_doubled_lines(newcomer: Person) -> None:
    folder = newcomer.app.state.settings.demo_mail  # type: ignore[attr-defined]
    (folder / FILE).write_bytes((folder / FILE).read_bytes().replace(b"\n", b"\r\n"))
    mail = newcomer.see(f"/demo/{FILE}").soup.select_one(".mail")
    assert mail
    assert "\r" not in mail.get_text()
    assert mail.get_text().strip().split("\n")[:2] == ["Hello <script>", ""]
    assert len(mail.get_text().strip().split("\n")) == 5


def test_the_page_of_the_code_leads_to_the_message_with_it(newcomer: Person) -> None:
    page = newcomer.see("/sign-in").send(contact="coordinator@example.org")
    link = page.soup.select_one('main a[href^="/demo/sign-in/"]')
    assert link
    sign_in_id = str(link["href"]).rpartition("/")[2]
    token = newcomer.app.state.vault.sign("sign_in", UUID(sign_in_id))  # type: ignore[attr-defined]
    mail = EmailMessage()
    mail["To"], mail["Subject"] = "coordinator@example.org", "Your link"
    mail.set_content(f"http://127.0.0.1:8000/s/{token}\n")
    folder = newcomer.app.state.settings.demo_mail  # type: ignore[attr-defined]
    (folder / FILE.replace("0001.eml", "0002.eml")).write_bytes(bytes(mail))
    shown = newcomer.see(str(link["href"]))
    assert (shown.path, "Your link" in shown.text) == (f"/demo/{FILE.replace('0001.eml', '0002.eml')}", True)
    inside = newcomer.see(str(shown.soup.select_one(".mail a")["href"])).send()  # type: ignore[index]
    assert inside.path == "/staff/east"


def test_who_is_led_to_sign_in_finds_the_coordinator_there_and_comes_to_the_board(newcomer: Person) -> None:
    page = newcomer.see("/staff/scarborough")
    assert page.path == "/sign-in"
    code = page.send("/demo/sign-in", who="coordinator")
    assert code.path.startswith("/sign-in/")
    assert code.soup.select_one("main input[name=then]")["value"] == "/staff/scarborough"  # type: ignore[index]


def test_where_no_message_came_the_list_is_shown(newcomer: Person) -> None:
    assert newcomer.see("/demo/sign-in/7b0cf2f2-2f7e-4c1e-9a53-0d8f4b8f6a11").path == "/demo"
