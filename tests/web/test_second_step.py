"""The second step of staff: set up, shown, lost and found again; and that nobody gets past it."""

import re
from datetime import UTC, datetime

import pytest

from careweb.domain.contacts import read_email
from careweb.domain.ids import MemberId
from careweb.domain.states import Role
from careweb.flows.auditing import opened
from careweb.flows.groups import grant_role
from careweb.flows.second_step import authenticators
from careweb.flows.signin import open_session
from careweb.storage.factors import app_code
from tests.web.site import Person, Seen, Site

NAMES = iter(range(1000))


@pytest.fixture
def member(site: Site) -> MemberId:
    """A coordinator of the east group whom no other test knows."""
    return new_staff(site)


def new_staff(site: Site, name: str = "Ana") -> MemberId:
    contact = read_email(f"staff{next(NAMES)}@example.org")
    made = site.run(lambda world: grant_role(world.ctx, site.cast.group, contact, Role.COORDINATOR, name=name))
    site.run(lambda world: world.rows("UPDATE care_group SET second_step = 'off' WHERE slug = 'east'"))
    return made


@pytest.fixture
def required(site: Site) -> None:
    site.run(lambda world: world.rows("UPDATE care_group SET second_step = 'required' WHERE slug = 'east'"))


@pytest.fixture(autouse=True)
def as_before(site: Site) -> object:
    yield
    site.run(lambda world: world.rows("UPDATE care_group SET second_step = NULL"))
    site.run(
        lambda world: world.rows(
            "DELETE FROM staff WHERE member_id <> ALL ($1)", [site.cast.coordinator, site.cast.outsider]
        )
    )
    return None


def key_on(page: Seen) -> bytes:
    import base64

    key = page.soup.select_one(".code").get_text().replace(" ", "")  # type: ignore[union-attr]
    return base64.b32decode(key + "=" * (-len(key) % 8))


def code_for(secret: bytes, ahead: int = 0) -> str:
    return app_code(secret, datetime.fromtimestamp(datetime.now(UTC).timestamp() + ahead, UTC))


def set_up(person: Person) -> tuple[bytes, list[str]]:
    """The app's secret and the codes on paper."""
    page = person.see("/second-step/own").send("/second-step/app")
    secret = key_on(page)
    codes = page.send(code=code_for(secret, -30))
    return secret, [one.get_text() for one in codes.soup.select("li .code")]


def lines_about(site: Site, member: MemberId) -> list[tuple[str, str, str]]:
    return [(one.role, one.action, one.reason) for one in site.run(lambda world: opened(world.ctx, "member", member))]


def again(site: Site, member: MemberId) -> Person:
    """Signed in by mail, once more."""
    return site.member(member)


def test_a_group_that_wants_it_shows_staff_nothing_before_it_is_set_up(
    site: Site, member: MemberId, required: None
) -> None:
    person = site.member(member)
    page = person.see("/staff/east/needs")
    assert (page.path, "Your group wants this" in page.text) == ("/second-step/own", True)
    need = site.posted()
    assert person.see(f"/staff/east/needs/{need}").path == "/second-step/own"
    set_up(person)
    assert person.see("/staff/east/needs").path == "/staff/east/needs"


def test_whoever_has_one_shows_it_at_each_sign_in_though_the_group_does_not_want_it(
    site: Site, member: MemberId
) -> None:
    person = site.member(member)
    assert person.see("/staff/east").status == 200
    secret, _ = set_up(person)
    assert person.see("/staff/east").path == "/staff/east", "shown with setting it up"
    later = again(site, member)
    page = later.see("/staff/east/needs")
    assert page.path == "/second-step"
    wrong = page.send(code="000000")
    assert (wrong.status, "code" in wrong.errors) == (422, True)
    assert later.see("/staff/east").path == "/second-step"
    right = wrong.send(code=code_for(secret))
    assert right.path == "/staff/east/needs"


def test_a_code_of_the_app_works_once(site: Site, member: MemberId) -> None:
    secret, _ = set_up(site.member(member))
    code = code_for(secret)
    assert again(site, member).see("/staff/east").send(code=code).path == "/staff/east"
    assert again(site, member).see("/staff/east").send(code=code).status == 422
    assert again(site, member).see("/staff/east").send(code=code_for(secret, -30)).status == 422, "nor an older one"


def test_a_code_on_paper_works_once_and_is_told_of(site: Site, member: MemberId) -> None:
    _, codes = set_up(site.member(member))
    assert len(codes) == 8
    assert all(re.fullmatch(r"\d{4} \d{4} \d{4}", code) for code in codes)
    person = again(site, member)
    assert person.see("/staff/east").send(code=codes[3]).path == "/staff/east"
    assert again(site, member).see("/staff/east").send(code=codes[3]).status == 422
    own = person.see("/second-step/own")
    assert "A code from the paper used" in own.text
    assert "7 codes left" in own.text


def test_a_code_from_the_paper_stands_in_the_account_of_each_group(site: Site, member: MemberId) -> None:
    site.run(
        lambda world: world.rows(
            "INSERT INTO staff (group_id, member_id, role, created_at) VALUES ($1, $2, 'steward', now())",
            site.cast.other_group, member,
        )
    )  # fmt: skip
    _, codes = set_up(site.member(member))
    back = again(site, member).see("/staff/east").send(code=codes[0])
    assert back.path == "/staff/east"
    assert set(lines_about(site, member)) == {
        ("coordinator", "recovery_code_used", ""), ("steward", "recovery_code_used", ""),
    }  # fmt: skip


def test_new_codes_on_paper_replace_the_old_ones(site: Site, member: MemberId) -> None:
    person = site.member(member)
    _, codes = set_up(person)
    fresh = person.see("/second-step/own").send("/second-step/codes")
    assert again(site, member).see("/staff/east").send(code=codes[0]).status == 422
    new = fresh.soup.select_one("li .code").get_text()  # type: ignore[union-attr]
    assert again(site, member).see("/staff/east").send(code=new).path == "/staff/east"


def test_codes_cannot_be_tried_out(site: Site, member: MemberId) -> None:
    secret, _ = set_up(site.member(member))
    page = again(site, member).see("/staff/east")
    for number in range(10):
        assert page.send(code=f"{number:06d}").status == 422
    assert page.send(code=code_for(secret)).status == 422, "not for an hour after ten wrong ones"
    site.run(lambda world: world.rows("UPDATE second_step_try SET wrong[1] = now() - interval '61 minutes'"))
    assert page.send(code=code_for(secret)).path == "/staff/east"


def test_a_mailbox_alone_changes_nothing_about_a_second_step(site: Site, member: MemberId) -> None:
    set_up(site.member(member))
    (held,) = site.run(lambda world: authenticators(world.ctx, member))
    thief = again(site, member)
    assert thief.see("/second-step/own").path == "/second-step"
    token = thief.see("/second-step").soup.select_one("[name=token]")["value"]  # type: ignore[index]
    for path in ("/second-step/app", "/second-step/codes", f"/second-step/remove/{held.id}", "/second-step/passkey"):
        assert thief.press(path, {"token": token}).path == "/second-step"
    assert site.run(lambda world: authenticators(world.ctx, member)) == [held]


def test_what_was_begun_and_not_confirmed_counts_for_nothing(site: Site, member: MemberId) -> None:
    person = site.member(member)
    page = person.see("/second-step/own").send("/second-step/app")
    assert page.send(code="123").status == 422
    assert again(site, member).see("/staff/east").path == "/staff/east"


def test_nobody_sees_the_key_of_another(site: Site, member: MemberId) -> None:
    page = site.member(member).see("/second-step/own").send("/second-step/app")
    assert site.coordinator.see(page.path).status == 404
    assert site.person().see(page.path).path == "/sign-in"


def test_the_secret_is_sealed(site: Site, member: MemberId) -> None:
    page = site.member(member).see("/second-step/own").send("/second-step/app")
    held = site.run(lambda world: world.one("SELECT sealed_secret FROM authenticator WHERE member_id = $1", member))
    assert key_on(page) not in bytes(held)
    typed = page.soup.select_one(".code")
    assert typed
    assert typed.get_text().replace(" ", "").encode() not in bytes(held)


def test_a_colleague_vouches_with_a_reason_and_all_of_the_group_read_it(site: Site, member: MemberId) -> None:
    lost, other = member, new_staff(site, "Bea")
    set_up(site.member(lost))
    voucher = site.member(other)
    refused = voucher.see("/staff/east/colleagues").send(f"/colleagues/{lost}/vouch", reason="I know her voice")
    assert refused.path == "/second-step/own", "not before a second step of their own"
    set_up(voucher)
    page = voucher.see("/staff/east/colleagues")
    assert page.send(f"/colleagues/{lost}/vouch", reason=" ").status == 422
    done = page.send(f"/colleagues/{lost}/vouch", reason="I know her voice")
    assert "I know her voice" in done.text
    assert "I know her voice" in site.coordinator.see("/staff/east/colleagues").text
    back = again(site, lost)
    assert back.see("/staff/east").path == "/staff/east"
    assert "I know her voice" in back.see("/second-step/own").text
    assert lines_about(site, lost) == [("coordinator", "vouched", "I know her voice")], "where nobody can take it out"
    assert "vouched for you" in back.see("/me/opened").text


def test_nobody_vouches_for_themselves_or_for_another_group(site: Site, member: MemberId) -> None:
    person = site.member(member)
    set_up(person)
    token = person.see("/me").soup.select_one("[name=token]")["value"]  # type: ignore[index]
    for someone in (member, site.cast.outsider):
        sent = {"token": token, "reason": "because"}
        assert person.press(f"/staff/east/colleagues/{someone}/vouch", sent).status == 404
    assert again(site, member).see("/staff/east").path == "/second-step"


def test_three_who_coordinate_show_it_unless_the_group_says_otherwise(site: Site, member: MemberId) -> None:
    new_staff(site)
    assert site.coordinator.see("/staff/east").path == "/staff/east", "off"
    site.run(lambda world: world.rows("UPDATE care_group SET second_step = NULL"))
    assert site.coordinator.see("/staff/east").path == "/second-step/own"
    assert site.outsider.see("/staff/west").path == "/staff/west", "two at most: nobody could vouch"


def test_posting_for_oneself_does_not_ask_for_it_again(site: Site, member: MemberId) -> None:
    person = site.member(member)
    set_up(person)
    secret = person.cookies["careweb-session"]
    need = site.posted()
    person.cookies.set(
        "careweb-session",
        site.run(lambda world: open_session(world.ctx, needs=[need], old_secret=secret)),
    )
    assert person.see("/staff/east").path == "/staff/east"
    later = again(site, member).cookies["careweb-session"]
    stranger = site.run(lambda world: open_session(world.ctx, member_id=member, old_secret=later))
    assert site.person(stranger).see("/staff/east").path == "/second-step"


def test_a_passkey_page_has_one_script_of_ours_and_no_other_page_has_any(site: Site, member: MemberId) -> None:
    person = site.member(member)
    assert "Add a passkey" not in person.see("/second-step/own").text, "an address of numbers can have none"
    token = person.see("/second-step/own").soup.select_one("[name=token]")["value"]  # type: ignore[index]
    page = person.press("/second-step/passkey", {"token": token})
    assert page.response.headers["content-security-policy"].endswith("base-uri 'none'; script-src 'self'")
    assert [one.get("src") for one in page.soup.select("main script")] == ["/static/passkey.js"]
    assert "unsafe" not in page.response.headers["content-security-policy"]
    assert person.press("/second-step/passkey", {"token": token, "proof": "{}"}).status == 422
    assert person.press("/second-step/passkey", {"token": token, "proof": "{}"}).status == 422, "asked once"


def test_signing_out_everywhere_works_from_the_page(site: Site) -> None:
    one, other = site.helper, site.helper
    one.see("/me").send("/sign-out/everywhere")
    assert [person.see("/me").path for person in (one, other)] == ["/sign-in", "/sign-in"]


def test_an_asker_makes_every_browser_forget(site: Site) -> None:
    need = site.posted()
    one, other = site.asker_of(need), site.asker_of(need)
    assert one.see(f"/need/{need}").send("/forget").path == "/find"
    assert [person.see(f"/need/{need}").status for person in (one, other)] == [404, 404]
