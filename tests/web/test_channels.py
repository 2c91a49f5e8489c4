"""The page on which a member says how we reach them."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from careweb.domain.ids import MemberId
from careweb.storage.counters import Counters
from tests.web.site import Person, Seen, Site
from tests.world import VAULT

PAGE = "/me/channels"


@pytest.fixture(autouse=True)
def _with_texts(site: Site) -> Iterator[None]:
    """The operator has switched on texts and ntfy."""
    state = site.app.state
    state.counters = Counters("")  # codes to a number are few in a day
    before, template = state.settings, "json://127.0.0.1:9/{to}"
    state.settings = before.model_copy(update={"sms_url": SecretStr(template), "ntfy_url": SecretStr(template)})
    yield
    state.settings = before


@pytest.fixture
def who(site: Site) -> MemberId:
    """Somebody of their own for each test."""
    return site.run(lambda world: world.helper(site.cast.group))


def rows(site: Site, who: MemberId) -> list[Any]:
    return site.run(lambda world: world.rows("SELECT * FROM channel WHERE person_id = $1 ORDER BY position", who))


def code_of(site: Site, who: MemberId) -> tuple[str, str]:
    channel = rows(site, who)[-1]["id"]
    return f"{PAGE}/{channel}", VAULT.digits("channel", channel, 6)


def with_text(site: Site, who: MemberId) -> tuple[Person, Seen]:
    person = site.member(who)
    return person, person.see(PAGE).send(PAGE, kind="sms", address="416 555 0199")


def test_it_is_for_whoever_is_signed_in(site: Site, anyone: Person) -> None:
    assert anyone.see(PAGE).path == "/sign-in"


def test_mail_is_there_and_only_what_the_operator_has_switched_on_is_offered(site: Site, who: MemberId) -> None:
    page = site.member(who).see(PAGE)
    assert [one["value"] for one in page.soup.select("select[name=kind] option")] == ["sms", "ntfy"]
    assert "@example.org" in page.text
    assert not page.soup.select(f"form[action='{PAGE}/{who}'] button[value=remove]"), "they sign in with it"


def test_a_demonstration_offers_nothing_that_would_be_sent(site: Site, who: MemberId) -> None:
    site.app.state.settings = site.app.state.settings.model_copy(update={"demo": True})
    page = site.member(who).see(PAGE)
    assert page.soup.select("select[name=kind], #push, main script") == []


def test_an_address_is_used_once_its_code_was_typed(site: Site, who: MemberId) -> None:
    person, page = with_text(site, who)
    assert "+14165550199" in page.text
    where, code = code_of(site, who)
    refused = page.send(f"{where}/code", code="000000" if code != "000000" else "000001")
    assert refused.status == 422
    assert "code-" in next(iter(refused.errors))
    assert person.see(PAGE).send(f"{where}/code", code=code).status == 200
    assert [(row["kind"], row["state"]) for row in rows(site, who)] == [("email", "on"), ("sms", "on")]


@pytest.mark.parametrize(
    ("kind", "address", "said"),
    [
        ("sms", "http://10.0.0.1/", "phone number"), ("sms", "", "phone number"), ("ntfy", "../../x", "topic"),
        ("telegram", "1", "one of these"), ("email", "b@example.org", "one of these"), ("push", "{}", "one of these"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_and_nothing_is_kept(
    site: Site, who: MemberId, kind: str, address: str, said: str
) -> None:
    page = site.member(who).see(PAGE).send(PAGE, kind=kind, address=address)
    assert page.status == 422
    assert any(said in error for error in page.errors.values())
    assert rows(site, who) == []


def test_the_order_the_words_and_the_end_are_one_button_each(site: Site, who: MemberId) -> None:
    person, page = with_text(site, who)
    where, code = code_of(site, who)
    page.send(f"{where}/code", code=code)

    def press(do: str) -> list[tuple[Any, ...]]:
        person.see(PAGE).send(where, do=do)
        return [(row["kind"], row["state"], row["details"]) for row in rows(site, who)]

    assert press("first") == [("sms", "on", False), ("email", "on", False)]
    assert press("details")[0] == ("sms", "on", True)
    assert press("neutral")[0] == ("sms", "on", False)
    assert press("stop")[0] == ("sms", "stopped", False)
    assert press("start")[0] == ("sms", "on", False)
    assert press("anything")[0] == ("sms", "on", False)
    assert press("remove") == [("email", "on", False)]


def test_nobody_changes_the_channel_of_another(site: Site, who: MemberId) -> None:
    with_text(site, who)
    where, code = code_of(site, who)
    other = site.helper
    token = other.see(PAGE).form(PAGE).select_one("input[name=token]")
    assert token
    for path, fields in ((where, {"do": "remove"}), (where, {"do": "first"}), (f"{where}/code", {"code": code})):
        other.press(path, {"token": token["value"], **fields})
    assert [(row["kind"], row["state"]) for row in rows(site, who)] == [("email", "on"), ("sms", "unproven")]


def test_what_can_wait_comes_at_an_hour_of_their_own(site: Site, who: MemberId) -> None:
    person, where = site.member(who), f"{PAGE}/digest"

    def hour() -> object:
        return site.run(lambda world: world.one("SELECT digest_at FROM member WHERE id = $1", who))

    for typed, kept in (("18", 18), ("", None), ("0", 0)):
        person.see(PAGE).send(where, at=typed)
        assert hour() == kept
    for typed in ("24", "-1", "noon", "٣"):
        assert person.see(PAGE).send(where, at=typed).status == 422
    assert hour() == 0


def subscription(endpoint: str) -> str:
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {
        "p256dh": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "auth": base64.urlsafe_b64encode(b"a" * 16).decode(),
    }
    return json.dumps({"endpoint": endpoint, "expirationTime": None, "keys": keys})


def test_a_browser_is_added_by_its_subscription_alone(site: Site, who: MemberId) -> None:
    person = site.member(who)
    page = person.see(PAGE)
    assert len(base64.urlsafe_b64decode(str(page.form(f"{PAGE}/browser")["data-key"]) + "=")) == 65
    given = subscription("https://fcm.googleapis.com/fcm/send/M1S-4X7-abc")
    assert page.send(f"{PAGE}/browser", subscription=given).status == 200
    assert [(row["kind"], row["state"]) for row in rows(site, who)] == [("email", "on"), ("push", "on")]
    assert "fcm.googleapis.com" not in person.see(PAGE).html, "nothing a person would read"
    twice = person.see(PAGE).send(f"{PAGE}/browser", subscription=given)
    assert twice.status == 422


@pytest.mark.parametrize(
    "given", ["", "{}", subscription("https://10.0.0.1/x"), subscription("http://fcm.googleapis.com/x")]
)
def test_a_browser_of_a_service_that_is_not_listed_is_refused(site: Site, who: MemberId, given: str) -> None:
    page = site.member(who).see(PAGE).send(f"{PAGE}/browser", subscription=given)
    assert "service that we do not know" in page.errors["push"]
    assert rows(site, who) == []


def test_this_page_allows_one_script_of_ours_and_most_pages_none(site: Site, who: MemberId) -> None:
    person = site.member(who)
    policy = person.get(PAGE).headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in person.get("/help").headers["content-security-policy"]
    page = person.see(PAGE)
    assert [one.get("src") for one in page.soup.select("main script")] == ["/static/push.js"]
    assert [one for one in page.soup.select("script") if one.get_text()] == []
    for name in ("push.js", "push-worker.js"):
        assert person.get(f"/static/{name}").headers["content-type"].startswith("text/javascript")


def test_the_link_of_a_text_stops_that_channel(site: Site, who: MemberId, anyone: Person) -> None:
    with_text(site, who)
    where, code = code_of(site, who)
    site.member(who).see(PAGE).send(f"{where}/code", code=code)
    channel = rows(site, who)[-1]["id"]
    page = anyone.see(f"/stop/{VAULT.sign('stop channel', channel)}").send(sure="yes")
    assert page.status == 200
    assert [(row["kind"], row["state"]) for row in rows(site, who)] == [("email", "on"), ("sms", "stopped")]


def shown_here(person: Person, name: str) -> None:
    given = subscription(f"https://fcm.googleapis.com/fcm/send/{name}")
    assert person.see(PAGE).send(f"{PAGE}/browser", subscription=given).status == 200


def kinds(site: Site, who: MemberId) -> list[str]:
    return [f"{row['kind']} {row['state']}" for row in rows(site, who)]


def test_signing_out_ends_what_that_browser_shows_and_no_other(site: Site, who: MemberId) -> None:
    here, elsewhere = site.member(who), site.member(who)
    assert "That ends when you sign out." in here.see(PAGE).text
    shown_here(here, "here")
    shown_here(elsewhere, "elsewhere")
    kept = rows(site, who)[-1]["id"]
    here.see("/me").send("/sign-out")
    assert kinds(site, who) == ["email on", "push on"]
    assert rows(site, who)[-1]["id"] == kept


def test_on_a_shared_phone_it_ends_what_is_shown_of_both(site: Site, who: MemberId) -> None:
    """Their browser has one subscription, and drops it."""
    first, other = site.member(who), site.run(lambda world: world.helper(site.cast.group))
    shown_here(first, "shared")
    second = site.member(other)
    for cookie in first.cookies.jar:
        if cookie.name == "careweb-browser":
            second.cookies.jar.set_cookie(cookie)
    shown_here(second, "shared")
    assert (kinds(site, who), kinds(site, other)) == (["email on", "push on"], ["email on", "push on"])
    second.see("/me").send("/sign-out")
    assert (kinds(site, who), kinds(site, other)) == (["email on"], ["email on"])


def test_a_lost_phone_shows_no_message_any_more(site: Site, who: MemberId) -> None:
    lost, here = site.member(who), site.member(who)
    shown_here(lost, "lost")
    shown_here(here, "at-hand")
    with_text(site, who)
    here.see("/me").send("/sign-out/everywhere")
    assert kinds(site, who) == ["email on", "sms unproven"]


def test_whom_nothing_reaches_any_more_reads_so_where_they_can_mend_it(site: Site, who: MemberId) -> None:
    stopped, unreached = "You stopped our messages", "Our messages no longer reach you anywhere"

    def change(sql: str, *values: object) -> None:
        site.run(lambda world: world.rows(sql, who, *values))

    def me(mail: str, text: str) -> str:
        for kind, state in (("email", mail), ("sms", text)):
            change("UPDATE channel SET state = $3 WHERE person_id = $1 AND kind = $2", kind, state)
        return site.member(who).see("/me").text

    with_text(site, who)
    assert stopped not in me("on", "off")
    change("UPDATE member SET mail_stopped = true WHERE id = $1")
    assert stopped in me("stopped", "stopped")
    assert stopped in me("on", "off"), "by the link that stops all: mail would have reached them"
    for mail, text in (("stopped", "off"), ("off", "stopped"), ("off", "off")):
        assert unreached in me(mail, text)
        assert stopped not in me(mail, text)
    page = site.member(who).see("/me")
    assert page.form("/me/hear").select("a[href='/me/channels']")
    assert unreached not in page.send("/me/hear").text
    assert kinds(site, who) == ["email on", "sms off"]
