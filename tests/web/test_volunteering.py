"""Offering help, the page of one's own, coming in and going out."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from careweb.domain.contacts import read_email
from careweb.domain.ids import MemberId
from tests.cast import HELPER
from tests.web.site import Person, Seen, Site

OFFER = {
    "categories": ["ride", "company"], "language": "bo", "place": "M2N", "radius": "15", "name": "Dawa",
    "hours": ["0-1", "5-2"], "do": "send",
}  # fmt: skip


def _sign_ins_anew(site: Site) -> None:
    """As if ten minutes had passed: one contact gets a few messages only."""
    site.run(lambda world: world.rows("DELETE FROM sign_in"))


def came_in(site: Site, address: str, *, join: bool = False) -> tuple[Person, Seen]:
    """Someone asks for a link and types the code of the message."""
    person = site.person()
    page = person.see("/g/east/offer" if join else "/sign-in").send(contact=address)
    sign_in_id = page.path.removeprefix("/sign-in/")
    return person, page.send(code=site.app.state.vault.digits("sign_in", UUID(sign_in_id), 6))


def test_someone_new_comes_in_by_code_and_offers_help_and_waits_to_be_admitted(site: Site) -> None:
    person, form = came_in(site, "dawa@example.org", join=True)
    assert form.path == "/g/east/offer"
    mine = form.send(**OFFER)
    assert mine.path == "/me"
    assert "Hello, Dawa" in mine.text
    assert "Waiting to be admitted" in mine.text
    again = person.see(mine.soup.select_one('a[href^="/me/offers/"]')["href"])  # type: ignore[index,arg-type]
    assert [box["value"] for box in again.soup.select("[name=hours][checked]")] == ["0-1", "5-2"]
    assert [box["value"] for box in again.soup.select("[name=categories][checked]")] == ["ride", "company"]
    assert again.soup.select_one("#language option[selected]")["value"] == "bo"  # type: ignore[index]


def test_an_offer_says_how_many_tasks_a_week_for_the_person(site: Site) -> None:
    person, form = came_in(site, "weekly@example.org", join=True)
    assert form.soup.select_one("#per_week option[selected]")["value"] == "2"  # type: ignore[index]
    wrong = form.send(**OFFER, per_week="99")
    assert (wrong.status, wrong.errors) == (422, {"per_week": "Choose from 1 to 10 tasks a week."})
    mine = form.send(**OFFER, per_week="4")
    assert "0 of 4 tasks this week" in mine.text
    change = str(mine.soup.select_one('a[href^="/me/offers/"]')["href"])  # type: ignore[index]
    assert "0 of 7 tasks this week" in person.see(change).send(per_week="7", do="send").text
    site.run(lambda world: world.rows("UPDATE member SET per_week = 20 WHERE per_week = 7"))
    assert person.see("/me").send("/pace").status == 200, "what a file said of them stays possible"
    assert "0 of 20 tasks this week" in person.see(change).send(do="send").text


def test_problems_of_an_offer_are_said_and_nothing_ticked_is_lost(site: Site) -> None:
    _, form = came_in(site, "new@example.org", join=True)
    page = form.send(**(OFFER | {"categories": None, "place": "X", "hours": ["0-1"], "name": ""}))
    assert (page.status, list(page.errors)) == (422, ["categories", "place", "name"])
    assert [box["value"] for box in page.soup.select("[name=hours][checked]")] == ["0-1"]
    assert page.soup.select_one("#language option[selected]")["value"] == "bo"  # type: ignore[index]


def test_the_answer_is_the_same_whether_an_address_is_known_or_not(site: Site) -> None:
    known, unknown = (site.person().see("/sign-in").send(contact=one) for one in (HELPER, "nobody@example.org"))
    assert known.status == unknown.status == 200
    assert known.text == unknown.text


def test_finding_a_need_by_contact_answers_the_same_known_or_not(site: Site) -> None:
    site.posted(contact=read_email("lost@example.org"))
    pages = [
        site.person().see("/find").send(contact=one, do="contact") for one in ("lost@example.org", "no@example.org")
    ]
    assert pages[0].text == pages[1].text


def test_a_lost_code_is_replaced_by_mail_and_opens_the_need(site: Site) -> None:
    need = site.posted(contact=read_email("came-back@example.org"))
    _, page = came_in(site, "came-back@example.org")
    assert page.path == f"/need/{need}"


def test_a_wrong_code_is_counted_and_after_five_none_fits(site: Site) -> None:
    person = site.person()
    page = person.see("/sign-in").send(contact=HELPER)
    code = site.app.state.vault.digits("sign_in", UUID(page.path.removeprefix("/sign-in/")), 6)
    for _ in range(5):
        assert page.send(code="000000" if code != "000000" else "111111").status == 422
    assert page.send(code=code).status == 422


def _asked_for_a_link(site: Site, person: Person) -> tuple[str, str]:
    """The path of the link in the message, and the code beside it."""
    sign_in_id = UUID(person.see("/sign-in").send(contact=HELPER).path.removeprefix("/sign-in/"))
    vault = site.app.state.vault
    return f"/s/{vault.sign('sign_in', sign_in_id)}", vault.digits("sign_in", sign_in_id, 6)


def test_a_mailed_link_signs_in_on_post_only_and_only_once(site: Site) -> None:
    _sign_ins_anew(site)
    person = site.person()
    path, _ = _asked_for_a_link(site, person)
    shown = person.see(path)
    assert person.cookies.get("careweb-session") is None
    assert shown.send().path == "/me"
    assert shown.send().status == 422


def test_in_another_browser_a_mailed_link_wants_the_code_of_the_message(site: Site) -> None:
    _sign_ins_anew(site)
    path, code = _asked_for_a_link(site, site.person())
    other = site.person()
    refused = other.see(path).send()
    assert (refused.status, other.cookies.get("careweb-session")) == (422, None)
    for _ in range(20):
        refused.send()
    assert refused.send(code=code).path == "/me", "a button pressed without a code is no try"


def test_after_signing_in_a_link_never_leads_to_another_site(site: Site) -> None:
    for bad in ("//evil.example/x", "https://evil.example", "/\\evil.example", "/x\nLocation: y"):
        page = site.person().see("/sign-in", params={"then": bad})
        assert page.soup.select_one("[name=then]")["value"] in ("/", "/x")  # type: ignore[index,operator]


def test_rest_lasts_until_a_day_and_ends_when_they_say_so(site: Site) -> None:
    person, form = came_in(site, "tired@example.org", join=True)
    form.send(**OFFER)
    page = person.see("/me").send("/rest", until="2001-01-01")
    assert (page.status, set(page.errors)) == (422, {"until"})
    day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    assert "You are resting until" in person.see("/me").send("/rest", until=day).text
    assert "You are resting" not in person.see("/me").send("/resume").text


def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    helper = site.helper
    secret = helper.cookies.get("careweb-session")
    helper.see("/me").send("/sign-out")
    assert secret
    assert site.person(secret).see("/me").path == "/sign-in"


def test_a_member_asks_from_their_own_page_and_finds_it_there(site: Site) -> None:
    helper = site.helper
    assert helper.see("/me").soup.select_one('a[href="/g/east/ask"]')
    helper.see("/g/east/ask").send(
        category="technology", place="M1S", language="yue", urgency="low", name="Wing", contact_kind="code",
        consent="yes", do="send",
    )  # fmt: skip
    assert "Phone or computer" in helper.see("/me").text


def test_one_click_stops_messages_without_a_browser(site: Site) -> None:
    path = f"/stop/{site.app.state.vault.sign('stop', site.cast.outsider)}"
    answer = site.person().request("POST", path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert site.run(lambda world: world.one("SELECT mail_stopped FROM member WHERE id = $1", site.cast.outsider))
    made_up = site.person().request("POST", "/stop/made-up", data={"List-Unsubscribe": "One-Click"})
    assert made_up.status_code == 422


def test_on_our_page_messages_stop_with_a_tick(site: Site) -> None:
    person, path = site.person(), f"/stop/{site.app.state.vault.sign('stop', site.cast.outsider)}"
    stopped = "SELECT mail_stopped FROM member WHERE id = $1"
    site.run(lambda world: world.rows("UPDATE member SET mail_stopped = false WHERE id = $1", site.cast.outsider))
    assert set(person.see(path).send().errors) == {"sure"}
    assert not site.run(lambda world: world.one(stopped, site.cast.outsider))
    assert person.see(path).send(sure="yes").status == 200
    assert site.run(lambda world: world.one(stopped, site.cast.outsider))


def test_everything_at_any_hour_fits_into_one_offer(site: Site) -> None:
    """More fields than other forms may have: this one says how many it takes."""
    _, form = came_in(site, "everything@example.org", join=True)
    boxes = {name: [box["value"] for box in form.soup.select(f"[name={name}]")] for name in ("categories", "hours")}
    assert sum(map(len, boxes.values())) == 40
    assert form.send(**(OFFER | boxes)).path == "/me"


def _new_helper(site: Site) -> tuple[MemberId, Person]:
    member = site.run(lambda world: world.helper(site.cast.group))
    return member, site.member(member)


def test_an_offer_form_sent_twice_makes_one_offer(site: Site) -> None:
    person, form = came_in(site, "twice@example.org", join=True)
    assert [form.send(**OFFER).path for _ in range(2)] == ["/me", "/me"]
    assert len(person.see("/me").soup.select('a[href^="/me/offers/"]')) == 1


def test_taking_an_offer_back_twice_is_no_mistake(site: Site) -> None:
    _, person = _new_helper(site)
    page = person.see("/me")
    assert [page.send("/end").path for _ in range(2)] == ["/me", "/me"]


def test_whoever_stopped_messages_is_told_and_can_hear_again(site: Site) -> None:
    member, person = _new_helper(site)
    assert "You stopped our messages" not in person.see("/me").text
    site.run(lambda world: world.rows("UPDATE member SET mail_stopped = true WHERE id = $1", member))
    page = person.see("/me")
    assert "You stopped our messages" in page.text
    assert "You stopped our messages" not in page.send("/me/hear").text
    assert not site.run(lambda world: world.one("SELECT mail_stopped FROM member WHERE id = $1", member))


def test_an_imported_offer_is_switched_on_by_hand(site: Site) -> None:
    member, person = _new_helper(site)
    assert "Switch on" not in person.see("/me").text
    site.run(lambda world: world.rows("UPDATE offer SET state = 'paused' WHERE member_id = $1", member))
    page = person.see("/me").send("/on")
    assert (page.path, "Switch on" in page.text) == ("/me", False)
    assert site.run(lambda world: world.one("SELECT state FROM offer WHERE member_id = $1", member)) == "active"


def _place(site: Site, member: MemberId) -> tuple[str, str]:
    (row,) = site.run(lambda world: world.rows("SELECT locale, time_zone FROM member WHERE id = $1", member))
    return row["locale"], row["time_zone"]


def test_quiet_hours_are_of_the_place_that_was_offered(site: Site) -> None:
    person, form = came_in(site, "out-west@example.org", join=True)
    person.headers["accept-language"] = "fr"
    form.send(**(OFFER | {"place": "V5H"}))
    member = site.run(lambda world: world.one("SELECT id FROM member ORDER BY created_at DESC LIMIT 1"))
    assert _place(site, member) == ("fr", "America/Vancouver")
    mine = person.see("/me")
    change = person.see(str(mine.soup.select_one('a[href^="/me/offers/"]')["href"]))  # type: ignore[index]
    change.send(place="M2N", do="send")
    assert _place(site, member) == ("fr", "America/Toronto")


def test_switching_the_language_of_the_pages_switches_that_of_the_messages(site: Site) -> None:
    member, person = _new_helper(site)
    person.press("/language", {"lang": "fr", "back": "/me"})
    assert _place(site, member) == ("fr", "America/Toronto")
    person.press("/language", {"lang": "xx", "back": "/me"})
    assert _place(site, member) == ("fr", "America/Toronto")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_rest_is_judged_by_the_clock_of_the_one_who_rests(site: Site, zone: str) -> None:
    """Twenty-six hours lie between the two: in one of them today is not the day it is in UTC."""
    member, person = _new_helper(site)
    site.run(lambda world: world.rows("UPDATE member SET time_zone = $2 WHERE id = $1", member, zone))
    today = datetime.now(ZoneInfo(zone)).date()
    refused = person.see("/me").send("/rest", until=today.isoformat())
    assert (refused.status, set(refused.errors)) == (422, {"until"})
    assert (
        "You are resting until" in person.see("/me").send("/rest", until=(today + timedelta(days=1)).isoformat()).text
    )


def test_how_often_to_be_asked_is_part_of_the_pace(site: Site) -> None:
    member, person = _new_helper(site)
    pace = "SELECT weekly_asks FROM member WHERE id = $1"
    person.see("/me").send("/pace", weekly_asks="3")
    assert site.run(lambda world: world.one(pace, member)) == 3
    page = person.see("/me")
    assert page.soup.select_one("#weekly_asks option[selected]")["value"] == "3"  # type: ignore[index]
    assert page.send("/pace", weekly_asks="51").errors == {"weekly_asks": "Choose from the list."}
    page.send("/pace", weekly_asks="")
    assert site.run(lambda world: world.one(pace, member)) is None


def test_the_link_of_an_import_leads_to_signing_in_once_it_was_used(site: Site) -> None:
    member, _ = _new_helper(site)
    site.run(lambda world: world.rows("UPDATE member SET confirmed = false WHERE id = $1", member))
    path = f"/c/{site.app.state.vault.sign('confirm', member)}"
    assert site.person().see(path).send(sure="yes").path == "/me"
    later = site.person()
    assert later.see(path).send(sure="yes").path == "/sign-in"
    assert later.see("/me").path == "/sign-in"


def test_a_member_removes_themselves_after_being_told_what_that_means(site: Site) -> None:
    person, form = came_in(site, "leaving@example.org", join=True)
    form.send(**OFFER)
    told = person.see("/me/remove")
    assert "Your name and how to reach you are destroyed now" in told.text
    assert "Hello, Dawa" in person.see("/me").text, "looking removes nobody"
    gone = told.send()
    assert (gone.status, "You are removed" in gone.text) == (200, True)
    assert person.see("/me").path == "/sign-in"
    assert told.send().path == "/sign-in"


def test_whoever_coordinates_a_group_does_not_leave_it_alone_by_a_click(site: Site) -> None:
    page = site.coordinator.see("/me/remove")
    assert "You coordinate a group" in page.text
    assert not page.soup.select('main form[action="/me/remove"]')
    token = site.coordinator
    form = token.see("/me").soup.select_one("main [name=token]")
    assert form
    assert "You coordinate a group" in token.press("/me/remove", {"token": form["value"]}).text
    assert token.see("/staff/east").status == 200


def test_a_third_area_within_a_month_is_refused_beside_its_field_and_nothing_is_saved(site: Site) -> None:
    member = site.run(lambda world: world.helper(site.cast.group, name="Mei"))
    offer = site.run(lambda world: world.one("SELECT id FROM offer WHERE member_id = $1", member))
    person = site.member(member)
    for place in ("M2N", "K1P"):
        assert person.see(f"/me/offers/{offer}").send(place=place).path == "/me"
    refused = person.see(f"/me/offers/{offer}").send(place="M4C", name="Otherwise")
    assert (refused.status, refused.errors) == (
        422, {"place": "You changed your area twice within the last 30 days. Keep the area you had, or change it later."}
    )  # fmt: skip
    assert refused.soup.select_one("#place")["value"] == "M4C"  # type: ignore[index]
    assert "K1P" in str(site.run(lambda world: world.one("SELECT zone_code FROM offer WHERE id = $1", offer)))
    assert "Otherwise" not in person.see("/me").text
    again = person.see("/g/east/offer").send(**OFFER | {"place": "M4C"})
    assert list(again.errors) == ["place"]
    in_french = site.member(member)
    in_french.headers["accept-language"] = "fr"
    assert "secteur deux fois" in in_french.see(f"/me/offers/{offer}").send(place="M4C").errors["place"]
