"""Two yeses: the helper's, then where wanted the asker's; and what each may see before and after."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bs4 import Tag

from careweb.domain.contacts import read_email
from careweb.domain.ids import NeedId
from careweb.flows.repeating import repeat_need
from tests.cast import HELPER
from tests.web.site import Site
from tests.world import World

PO = {"name": "Po", "contact": read_email("po@example.org"), "text": "Rice and greens"}


def short_code(site: Site, path: str) -> str:
    ask_id = site.app.state.vault.verify("ask", path.removeprefix("/a/"))
    return str(site.app.state.vault.digits("ask", ask_id, 4))


def test_the_link_of_an_ask_tells_the_facts_and_nothing_about_the_person(site: Site) -> None:
    page = site.person().see(site.asked(site.posted(**PO, show_text=True)))
    assert page.status == 200
    assert "Groceries" in page.text
    assert "Cantonese" in page.text
    for secret in ("Po", "po@example.org", "Rice and greens", "Agincourt", "East"):
        assert secret not in page.soup.select_one("main").get_text()  # type: ignore[union-attr]


def test_the_words_are_shown_to_the_signed_in_helper_if_the_asker_allowed_it(site: Site) -> None:
    allowed, kept = site.asked(site.posted(**PO, show_text=True)), None
    assert "Rice and greens" in site.helper.see(allowed).text
    site.helper.see(allowed).send(answer="no")
    kept = site.asked(site.posted(**PO))
    assert "Rice and greens" not in site.helper.see(kept).text
    site.helper.see(kept).send(answer="no")


def test_a_bare_post_of_a_mail_scanner_accepts_nothing(site: Site) -> None:
    need = site.posted(**PO)
    path = site.asked(need)
    scanner = site.person()
    assert scanner.press(path, {"answer": "yes"}).status == 403
    assert scanner.see(path).send(answer="yes").status == 422
    assert "Someone said yes" not in site.asker_of(need).see(f"/need/{need}").text
    site.helper.see(path).send(answer="no")


def test_five_wrong_codes_and_the_code_is_dead(site: Site) -> None:
    path = site.asked(site.posted(**PO))
    code = short_code(site, path)
    wrong = f"{(int(code) + 1) % 10000:04d}"
    form = site.person().see(path)
    for _ in range(5):
        assert form.send(answer="yes", code=wrong).errors == {"code": "That code does not fit. Check the numbers."}
    assert form.send(answer="yes", code=code).status == 422
    site.helper.see(path).send(answer="no")


def test_a_yes_connects_and_both_see_how_to_reach_each_other(site: Site) -> None:
    need = site.posted(**PO)
    helper, asker = site.helper, site.asker_of(need)
    before = asker.see(f"/need/{need}")
    assert HELPER not in before.html
    task = helper.see(site.asked(need)).send(answer="yes")
    assert task.path.startswith("/task/")
    assert "po@example.org" in task.text
    assert "Rice and greens" in task.text
    after = asker.see(f"/need/{need}")
    assert ("Wing" in after.text, HELPER in after.text) == (True, True)


def test_a_yes_by_code_without_signing_in_connects_but_shows_no_contact_there(site: Site) -> None:
    need = site.posted(**PO)
    path = site.asked(need)
    answered = site.person().see(path).send(answer="yes", code=short_code(site, path))
    assert answered.status == 200
    assert "po@example.org" not in answered.html
    assert "po@example.org" in site.helper.see(path).text


def test_whoever_wants_to_see_who_first_decides(site: Site) -> None:
    need = site.posted(**PO, see_first=True)
    waiting = site.helper.see(site.asked(need)).send(answer="yes")
    assert "po@example.org" not in waiting.html
    asker = site.asker_of(need)
    choice = asker.see(f"/need/{need}")
    assert "Wing" in choice.text
    assert HELPER not in choice.html
    asker.press(**_press(choice.form("/choose"), "yes", choice.path))
    assert HELPER in asker.see(f"/need/{need}").text


def _press(form: Tag, answer: str, path: str) -> dict[str, Any]:
    token = form.select_one("[name=token]")
    assert token
    return {"path": str(form.get("action") or path), "data": {"token": token["value"], "answer": answer}}


def _connected(site: Site) -> tuple[NeedId, str]:
    need = site.posted(**PO)
    return need, site.helper.see(site.asked(need)).send(answer="yes").path


def test_the_two_write_notes_to_each_other(site: Site) -> None:
    need, task = _connected(site)
    asker = site.asker_of(need)
    asker.see(f"/need/{need}").send("/note", note="The red door. <b>")
    assert "The red door. &lt;b&gt;" in site.helper.see(task).html
    site.helper.see(task).send("/note", note="At six")
    assert "At six" in asker.see(f"/need/{need}").text


def test_an_empty_or_endless_note_is_said_beside_the_field(site: Site) -> None:
    need, _ = _connected(site)
    page = site.asker_of(need).see(f"/need/{need}").send("/note", note="x" * 501)
    assert (page.status, set(page.errors)) == (422, {"note"})
    assert "x" * 501 in page.html


def test_a_change_after_the_yes_is_on_the_helpers_page_and_in_the_coordinators_history(site: Site) -> None:
    need, task = _connected(site)
    assert "changed since" not in site.helper.see(task).text
    asker = site.asker_of(need)
    assert asker.see(f"/need/{need}/change").send(place="M2N", do="send").path == f"/need/{need}"
    assert "This has changed since you said yes: the place." in site.helper.see(task).text
    assert "Changed: the place" in site.coordinator.see(f"/staff/east/needs/{need}").text


def test_it_did_not_happen_opens_the_slot_again(site: Site) -> None:
    need, task = _connected(site)
    asker = site.asker_of(need)
    page = asker.see(f"/need/{need}").send("/missed")
    assert "We are looking for someone" in page.text
    assert HELPER not in page.html
    assert "This did not happen" in site.helper.see(task).text


def test_the_helper_cannot_after_all_and_is_asked_whether_sure_first(site: Site) -> None:
    need, task = _connected(site)
    helper = site.helper
    sure = helper.see(f"{task}/cannot")
    assert "You are connected" in helper.see(task).text
    assert sure.send().path == "/me"
    assert "We are looking for someone" in site.asker_of(need).see(f"/need/{need}").text


@pytest.mark.parametrize("who", ["asker", "helper"])
def test_either_says_it_is_done(site: Site, who: str) -> None:
    need, task = _connected(site)
    asker = site.asker_of(need)
    if who == "asker":
        asker.see(f"/need/{need}").send("/done")
    else:
        site.helper.see(task).send("/done")
    assert "This is done" in asker.see(f"/need/{need}").text
    assert "This is done" in site.helper.see(task).text


def test_withdrawing_asks_first_and_then_ends_it(site: Site) -> None:
    need = site.posted(**PO)
    asker = site.asker_of(need)
    sure = asker.see(f"/need/{need}/withdraw")
    assert "We are looking" in asker.see(f"/need/{need}").text
    assert "You withdrew this" in sure.send().text
    late = sure.send()
    assert (late.status, "You withdrew this" in late.text) == (200, True)
    assert asker.see(f"/need/{need}/withdraw").path == f"/need/{need}"


def test_stop_everything_erases_every_week_and_says_so_before(site: Site) -> None:
    need = site.posted(**PO, repeats_until=(datetime.now(UTC) + timedelta(days=30)).date())

    async def a_week_later(world: World) -> NeedId:
        world.later(days=2)
        await repeat_need(world.ctx, need)
        return NeedId(await world.one("SELECT id FROM need WHERE repeats_of = $1", need))

    later = site.run(a_week_later)
    sure = site.asker_of(need).see(f"/need/{need}/erase")
    assert "All its weeks are erased together" in sure.text
    assert "Everything is erased" in sure.send().text
    assert site.run(lambda world: world.one("SELECT count(*) FROM data_key WHERE id IN ($1, $2)", need, later)) == 0


def test_stop_everything_erases_within_the_request_and_only_when_that_is_meant(site: Site) -> None:
    need = site.posted(**PO)
    asker, helper = site.asker_of(need), site.helper
    assert "Stop everything and erase it" in asker.see(f"/need/{need}").text
    sure = asker.see(f"/need/{need}/erase")
    assert "We are looking" in asker.see(f"/need/{need}").text, "looking erases nothing"
    token = str(helper.see("/me").form().select_one("input[name=token]")["value"])  # type: ignore[index]
    assert helper.press(f"/need/{need}/erase", {"token": token}).status == 404, "nor does anybody else"
    gone = sure.send()
    assert (gone.status, "Everything is erased" in gone.text) == (200, True)
    assert site.run(lambda world: world.one("SELECT count(*) FROM data_key WHERE id = $1", need)) == 0
    assert asker.see(f"/need/{need}").status == 404
    assert sure.send().status == 200, "a form sent twice"


def test_what_was_asked_can_be_changed_and_the_form_holds_it(site: Site) -> None:
    need = site.posted(**PO)
    asker = site.asker_of(need)
    form = asker.see(f"/need/{need}/change")
    assert form.soup.select_one("#text").get_text() == "Rice and greens"  # type: ignore[union-attr]
    changed = form.send(category="ride", do="send")
    assert (changed.path, "A ride" in changed.text, "Cantonese" in changed.text) == (f"/need/{need}", True, True)


def test_more_time_is_given_until_a_day_within_sixty(site: Site) -> None:
    need = site.posted(**PO)
    asker = site.asker_of(need)
    page = asker.see(f"/need/{need}").send("/renew", by="2020-01-01")
    assert (page.status, page.errors) == (422, {"by": "This day is over. Choose today or later."})


def test_a_need_is_invisible_to_everyone_but_its_asker(site: Site) -> None:
    need = site.posted(**PO)
    for stranger in (site.person(), site.helper, site.outsider):
        for path in ("", "/change", "/withdraw"):
            assert stranger.see(f"/need/{need}{path}").status == 404


def test_a_task_is_invisible_to_everyone_but_its_helper(site: Site) -> None:
    _, task = _connected(site)
    assert site.outsider.see(task).status == 404
    assert re.match(r"/sign-in", site.person().see(task).path)


def test_an_ask_is_answered_by_nobody_else(site: Site) -> None:
    path = site.asked(site.posted(**PO))
    page = site.outsider.see(path).send(answer="yes")
    assert page.status == 422
    site.helper.see(path).send(answer="no")


def test_a_note_loses_full_postal_codes_and_takes_no_position(site: Site) -> None:
    need, task = _connected(site)
    asker = site.asker_of(need)
    page = asker.see(f"/need/{need}").send("/note", note="43.65321, -79.38321")
    assert (page.status, "exact positions" in page.errors["note"]) == (422, True)
    asker.see(f"/need/{need}").send("/note", note="M1S 2K3")
    assert "2K3" not in site.helper.see(task).html


def test_a_need_of_a_whole_province_keeps_its_place_until_another_is_named(site: Site) -> None:
    need = site.posted(**PO, zone_code="ON")
    asker = site.asker_of(need)
    kept = asker.see(f"/need/{need}/change").send(category="ride", do="send")
    assert (kept.path, "Ontario" in kept.text) == (f"/need/{need}", True)
    moved = asker.see(f"/need/{need}/change").send(place="M2N", do="send")
    assert "Willowdale" in moved.text


def test_done_or_cannot_sent_twice_shows_what_was_reached(site: Site) -> None:
    need, task = _connected(site)
    page = site.asker_of(need).see(f"/need/{need}")
    for _ in range(2):
        done = page.send("/done")
        assert (done.status, "This is done" in done.text) == (200, True)
    _, task = _connected(site)
    helper = site.helper
    shown, sure = helper.see(task), helper.see(f"{task}/cannot")
    for _ in range(2):
        assert sure.send().path == "/me"
    assert shown.send("/done").status == 409  # that is not what was reached
    _, task = _connected(site)
    shown = helper.see(task)
    for _ in range(2):
        assert "This is done" in shown.send("/done").text


def test_what_was_withdrawn_cannot_be_done(site: Site) -> None:
    need, _ = _connected(site)
    asker = site.asker_of(need)
    page = asker.see(f"/need/{need}")
    asker.see(f"/need/{need}/withdraw").send()
    assert page.send("/done").status == 409


def test_a_note_sent_twice_is_one_and_another_with_the_same_words_is_another(site: Site) -> None:
    need, task = _connected(site)
    for person, path in ((site.asker_of(need), f"/need/{need}"), (site.helper, task)):
        form = person.see(path)
        for _ in range(2):
            form.send("/note", note="The red door")
        assert person.see(path).html.count("The red door") == 1 + (path == task)
    site.helper.see(task).send("/note", note="The red door")
    assert site.helper.see(task).html.count("The red door") == 3


def test_it_did_not_happen_can_still_be_said_after_the_helper_said_done(site: Site) -> None:
    need, task = _connected(site)
    site.helper.see(task).send("/done")
    asker = site.asker_of(need)
    page = asker.see(f"/need/{need}")
    assert "This is done" in page.text
    assert "We are looking for someone" in page.send("/missed").text


@pytest.mark.parametrize("path", ["/change", "/withdraw"])
def test_what_is_over_leads_to_its_page_and_says_so(site: Site, path: str) -> None:
    need = site.posted(**PO)
    asker = site.asker_of(need)
    form = asker.see(f"/need/{need}/change")
    asker.see(f"/need/{need}/withdraw").send()
    page = asker.see(f"/need/{need}{path}")
    assert (page.status, page.path, "You withdrew this" in page.text) == (200, f"/need/{need}", True)
    if path == "/change":
        for late in (page, form.send(category="ride", do="send")):
            assert (late.path, "cannot be changed any more" in late.text) == (f"/need/{need}", True)


def test_a_partly_filled_need_whose_day_has_passed_says_what_was_found_and_offers_more_time(site: Site) -> None:
    need = site.posted(**PO, helpers=2)
    site.helper.see(site.asked(need)).send(answer="yes")
    asker = site.asker_of(need)
    assert "We are looking for someone" in asker.see(f"/need/{need}").text
    past = "UPDATE need SET needed_by = now() - interval '2 days', expires_at = now() - interval '1 day' WHERE id = $1"
    site.run(lambda world: world.rows(past, need))
    page = asker.see(f"/need/{need}")
    assert "We are looking for someone" not in page.text
    assert "1 of 2 found. The day has passed, so we no longer look" in page.text
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    assert "We are looking for someone" in page.send("/renew", by=day).text


def test_a_shared_phone_forgets_a_need_when_told_to(site: Site) -> None:
    need = site.posted(**PO)
    asker = site.asker_of(need)
    secret = asker.cookies.get("careweb-session")
    page = asker.see(f"/need/{need}")
    assert "Forget this on this phone" in page.text
    page.send("/sign-out")
    assert asker.see(f"/need/{need}").status == 404
    assert secret
    assert site.person(secret).see(f"/need/{need}").status == 404


def test_when_nobody_is_left_the_asker_is_asked_whether_another_language_is_fine_too(site: Site) -> None:
    need = site.posted(**PO, languages=("ti",))
    with pytest.raises(ValueError, match="not enough values"):
        site.asked(need)  # nobody: the helper speaks Cantonese
    site.run(lambda world: world.match(need))
    asker = site.asker_of(need)
    page = asker.see(f"/need/{need}")
    assert "Yes, Cantonese" in page.text
    assert page.send("/language", language="fr").status == 409  # nobody offered it
    for _ in range(2):  # sent twice is said once
        after = page.send("/language", language="yue")
        assert (after.status, "Yes, Cantonese" in after.text) == (200, False)
    assert site.run(lambda world: world.one("SELECT languages FROM need WHERE id = $1", need)) == ["ti", "yue"]
    assert site.helper.see(site.asked(need)).status == 200
    assert site.person().press(f"/need/{need}/language", {"language": "yue"}).status in (403, 404)  # not theirs
