"""The page on which whoever asked says how we tell them: reached by their code, with no account."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from careweb.domain.contacts import read_email, read_phone
from careweb.domain.ids import NeedId
from careweb.storage.counters import Counters
from tests.web.site import Person, Seen, Site
from tests.web.test_channels import subscription
from tests.web.test_texts import NUMBERS, send
from tests.world import VAULT

PHONE = "+14165550177"


@pytest.fixture(autouse=True)
def _with_texts(site: Site) -> Iterator[None]:
    """The operator has switched on texts, with answers, and ntfy."""
    state = site.app.state
    state.counters = Counters("")
    before, template = state.settings, SecretStr("json://127.0.0.1:9/{to}")
    state.settings = before.model_copy(
        update={"sms_url": template, "ntfy_url": template, "sms_secret": SecretStr("12345")}
    )
    yield
    state.settings = before


@pytest.fixture
def need(site: Site) -> NeedId:
    return site.posted()


def rows(site: Site, need: NeedId) -> list[tuple[str, str]]:
    found = site.run(lambda world: world.rows("SELECT * FROM channel WHERE person_id = $1 ORDER BY position", need))
    return [(row["kind"], row["state"]) for row in found]


def with_text(site: Site, need: NeedId, phone: str = PHONE) -> tuple[Person, str]:
    """They typed a number, and have the code; where its buttons go."""
    person = site.asker_of(need)
    person.see(f"/need/{need}/channels").send("/channels", kind="sms", address=phone)
    channel = site.run(lambda world: world.one("SELECT id FROM channel WHERE person_id = $1 AND kind = 'sms'", need))
    person.see(f"/need/{need}/channels").send("/code", code=VAULT.digits("channel", channel, 6))
    return person, f"/need/{need}/channels/{channel}"


def test_it_is_reached_by_the_code_alone(site: Site) -> None:
    posted = site.person().see("/g/east/ask").send(
        category="groceries", language="yue", place="M1S", urgency="medium", helpers="1", name="Po", contact_kind="code",
        reach="group", see_first="no", text="Rice", do="send", consent="yes",
    )  # fmt: skip
    code = posted.soup.select_one(".code")
    assert code, posted.text
    status = site.person().see("/find").send(code=code.get_text(), do="code")
    link = status.soup.select_one("a[href$='/channels']")
    assert link
    page = status._person.see(str(link["href"]))
    assert page.soup.select("h1")[0].get_text() == "How we reach you"
    assert "Does somebody else look at your phone" in page.text


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        (None, "We do not write to you. Come back with your code"),
        (read_phone("416 555 0123"), "By phone · a coordinator or the helper calls you"),
        (read_email("po@example.org"), "e-mail · on"),
    ],
)
def test_how_we_reach_them_is_said_and_nothing_is_on_that_they_did_not_give(
    site: Site, contact: Any, said: str
) -> None:
    need = site.posted(**({"contact": contact} if contact else {}))
    person = site.asker_of(need)
    for page in (person.see(f"/need/{need}"), person.see(f"/need/{need}/channels")):
        assert said in page.text or (contact and "po@example.org" in page.text)
    assert rows(site, need) == []


def test_an_address_is_used_once_its_code_was_typed_and_the_status_page_says_so(site: Site, need: NeedId) -> None:
    person, _ = with_text(site, need)
    assert rows(site, need) == [("sms", "on")]
    assert "text message · on" in person.see(f"/need/{need}").text
    assert "How we reach you text message" in person.see(f"/need/{need}/privacy").text


def test_what_refused_for_good_is_said_on_the_status_page(site: Site, need: NeedId) -> None:
    person, where = with_text(site, need)
    site.run(lambda world: world.rows("UPDATE channel SET state = 'off' WHERE person_id = $1", need))
    page = person.see(f"/need/{need}")
    assert "text message · off: our messages were refused there" in page.text
    assert "We do not write to you." in page.text
    person.see(f"/need/{need}/channels").send(where, do="start")
    assert rows(site, need) == [("sms", "on")]


def test_the_words_the_order_and_the_end_are_one_button_each(site: Site) -> None:
    need = site.posted(contact=read_email("po@example.org"))
    person, where = with_text(site, need)

    def press(do: str, on: str = where) -> list[tuple[str, str]]:
        person.see(f"/need/{need}/channels").send(on, do=do)
        return rows(site, need)

    assert press("first") == [("sms", "on"), ("email", "on")]
    assert press("stop", f"/need/{need}/channels/{need}") == [("sms", "on"), ("email", "stopped")]
    press("details")
    assert site.run(lambda world: world.one("SELECT details FROM channel WHERE person_id = $1 AND kind = 'sms'", need))
    assert press("remove") == [("email", "stopped")]
    assert "We do not write to you." in person.see(f"/need/{need}").text


def test_hours_without_messages_are_chosen_and_taken_back(site: Site) -> None:
    need = site.posted(contact=read_email("po@example.org"))
    person, where = site.asker_of(need), f"/need/{need}/channels/quiet"

    def choose(quiet_from: str, quiet_until: str) -> tuple[Seen, object]:
        seen = person.see(f"/need/{need}/channels").send(where, quiet_from=quiet_from, quiet_until=quiet_until)
        sql = "SELECT quiet_from || '-' || quiet_until FROM need WHERE id = $1"
        return seen, site.run(lambda world: world.one(sql, need))

    usual = [str(one["value"]) for one in person.see(f"/need/{need}/channels").soup.select(f"form[action='{where}'] option[selected]")]  # fmt: skip
    assert usual == ["8"], "none is chosen, and where the night ends is there to take"
    assert choose("21", "8")[1] == "21-8"
    page = person.see(f"/need/{need}/channels")
    assert [str(one["value"]) for one in page.soup.select(f"form[action='{where}'] option[selected]")] == ["21", "8"]
    for wrong, beside in ((("24", "8"), "quiet_from"), (("21", ""), "quiet_until"), (("21", "-1"), "quiet_until")):
        seen, kept = choose(*wrong)
        assert (seen.status, kept) == (422, "21-8")
        assert list(seen.errors) == [beside]
    assert choose("", "8")[1] is None


def test_mail_can_be_added_by_who_gave_no_address_of_it(site: Site, need: NeedId) -> None:
    def offered(page: Seen) -> list[str]:
        return [str(one["value"]) for one in page.soup.select("select[name=kind] option")]

    person = site.asker_of(need)
    page = person.see(f"/need/{need}/channels")
    assert offered(page) == ["email", "sms", "ntfy"]
    refused = page.send("/channels", kind="email", address="http://10.0.0.1/")
    assert "e-mail address" in refused.errors["address"]
    page.send("/channels", kind="email", address="Mei@example.org")
    assert rows(site, need) == [("email", "unproven")]
    given = site.posted(contact=read_email("po@example.org"))
    assert offered(site.asker_of(given).see(f"/need/{given}/channels")) == ["sms", "ntfy"]


def test_this_browser_is_added_by_its_subscription(site: Site, need: NeedId) -> None:
    page = site.asker_of(need).see(f"/need/{need}/channels")
    page.send("/browser", subscription=subscription("https://fcm.googleapis.com/fcm/send/abc"))
    assert rows(site, need) == [("push", "on")]
    refused = page.send("/browser", subscription=subscription("https://10.0.0.1/x"))
    assert "service that we do not know" in refused.errors["push"]


def test_nobody_else_sees_or_changes_it(site: Site, need: NeedId) -> None:
    with_text(site, need)
    own = site.posted()
    for person in (site.person(), site.coordinator, site.outsider, site.helper, site.asker_of(own)):
        assert person.see(f"/need/{need}/channels").status == 404
        for page in ("/me/channels", f"/staff/east/needs/{need}", f"/need/{own}/channels", f"/need/{own}"):
            assert PHONE not in person.see(page).html
    assert PHONE not in site.asker_of(need).see(f"/need/{need}").html, "over a shoulder"


def test_the_link_of_a_text_shows_the_need_to_who_follows_it_and_asks_others_for_the_code(
    site: Site, need: NeedId
) -> None:
    link = f"/find?need={need}"
    assert site.asker_of(need).see(link).path == f"/need/{need}"
    for person in (site.person(), site.helper, site.asker_of(site.posted())):
        page = person.see(link)
        assert page.path == "/find"
        assert str(need) not in str(page.soup.select_one("main")), "the header says only what was typed"


def test_a_text_that_says_stop_stops_all_that_is_told_to_that_number_and_its_link_opens_nothing(
    site: Site, need: NeedId
) -> None:
    phone, other = f"+1416{next(NUMBERS)}", site.posted()
    for one in (need, other):
        with_text(site, one, phone)
    reply = send(site, {"From": phone, "Body": "STOP", "MessageSid": "askers"}).text
    assert "No more texts come to this number." in reply
    assert f"/find?need={need}" in reply
    assert VAULT.sign("need", need) not in reply
    assert rows(site, need) == rows(site, other) == [("sms", "stopped")]


def test_a_number_gets_few_codes_in_a_day_however_many_ask(site: Site) -> None:
    def pages() -> Iterator[Seen]:
        for _ in range(6):
            need = site.posted()
            yield (
                site.asker_of(need).see(f"/need/{need}/channels").send("/channels", kind="sms", address="416 555 0188")
            )

    *first, last = pages()
    assert {page.status for page in first} == {200}
    assert last.status == 422
    assert "as many as we can add today" in last.errors["address"]
