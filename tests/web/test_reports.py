"""Reports, the queue and the openings, as people press them."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.ids import MemberId, NeedId
from careweb.domain.states import Role
from careweb.flows.groups import grant_role
from careweb.flows.notices import owe_notice
from tests.web.site import Person, Seen, Site
from tests.world import World

MOST_BYTES = 14 * 1024
WHY = "I spoke to both of them on the phone"


def connected(site: Site, **changes: object) -> tuple[NeedId, Person, Seen]:
    """An asker and a helper who said yes: the need, the asker's browser, the helper's page of it."""
    need = site.posted(**changes)
    task = site.helper.see(site.asked(need)).send(answer="yes")
    return need, site.asker_of(need), task


def other_coordinator(site: Site, role: Role = Role.COORDINATOR) -> Person:
    async def grant(world: World) -> MemberId:
        await world.rows("UPDATE care_group SET second_step = 'off'")  # three are not asked for it here
        return await grant_role(world.ctx, site.cast.group, read_contact(f"{role}2@example.org"), role, name="Ash")

    return site.member(site.run(grant))


@pytest.fixture(autouse=True)
def two_staff_again(site: Site) -> Iterator[None]:
    yield

    async def back(world: World) -> None:
        await world.rows("UPDATE care_group SET second_step = NULL")
        known = [site.cast.coordinator, site.cast.outsider]
        await world.rows("DELETE FROM staff WHERE member_id <> ALL ($1)", known)

    site.run(back)


def latest_review(site: Site) -> UUID:
    async def latest(world: World) -> UUID:
        return UUID(str(await world.one("SELECT id FROM review ORDER BY opened_at DESC LIMIT 1")))

    return site.run(latest)


def report(asker: Person, need: NeedId) -> Seen:
    page = asker.see(f"/need/{need}")
    link = page.soup.select_one('a[href$="/report"]')
    assert link
    form = asker.see(str(link["href"]))
    assert set(form.send("/report", do="send").errors) == {"cause"}
    return form.send("/report", do="send", cause="unsafe", text="He followed me")


def test_an_asker_reports_and_sees_by_their_code_how_it_stands(site: Site) -> None:
    need, asker, _ = connected(site)
    seen = report(asker, need)
    assert (seen.path, "Waiting for a person" in seen.text, "I did not feel safe" in seen.text) == (
        f"/need/{need}/reviews", True, True,
    )  # fmt: skip
    assert "kept until it is decided" in seen.text
    assert "We are looking for someone" in asker.see(f"/need/{need}").text


def test_a_volunteer_reports_and_a_block_needs_nobody(site: Site) -> None:
    _, _, task = connected(site, contact=read_contact("report-by-helper@example.org"))
    helper = site.helper
    done = helper.see(f"{task.path}/report").send("/report", do="send", cause="money")
    assert (done.path, "Money was asked for" in done.text) == ("/me/reviews", True)
    _, asker, task = connected(site)
    blocked = asker.see(f"/need/{_}/matches/{task.path.rpartition('/')[2]}/report").send("/report", do="block")
    assert "that is done" in blocked.text


def test_a_report_with_an_address_is_warned_about_and_a_stranger_finds_no_page(site: Site) -> None:
    need, asker, task = connected(site)
    path = f"/need/{need}/matches/{task.path.rpartition('/')[2]}/report"
    warned = asker.see(path).send("/report", do="send", cause="other", text="He lives at 12 Elm Street")
    assert "street address" in warned.errors["text"]
    assert site.person().see(path).status == 404
    assert site.outsider.see(path).status == 404
    assert site.outsider.see(f"{task.path}/report").status == 404


def test_a_coordinator_takes_and_decides_it_with_a_reason_and_others_see_no_such_page(site: Site) -> None:
    need, asker, _ = connected(site)
    report(asker, need)
    review = latest_review(site)
    board = site.coordinator.see("/staff/east")
    assert "to look at it" in board.text or "to look at them" in board.text
    queue = site.coordinator.see("/staff/east/reviews")
    assert "I did not feel safe" in queue.text
    page = site.coordinator.see(f"/staff/east/reviews/{review}").send("/take")
    assert "You have it" in page.text
    assert "He followed me" in page.text
    assert set(page.send("/decide", action="", reason="no").errors) == {"action", "reason"} or page.status == 200
    decided = site.coordinator.see(f"/staff/east/reviews/{review}").send("/decide", action="kept_apart", reason=WHY)
    assert decided.path == "/staff/east/reviews"
    assert site.outsider.see(f"/staff/west/reviews/{review}").status == 404
    assert site.helper.see(f"/staff/east/reviews/{review}").status == 404
    standing = asker.see(f"/need/{need}/reviews")
    assert "Keep the two apart" in standing.text
    appealed = standing.send("/appeal", appeal="He still writes to me")
    assert "With another person" in appealed.text
    assert site.coordinator.see(f"/staff/east/reviews/{review}").status == 404, "who decided does not judge again"
    again = other_coordinator(site).see(f"/staff/east/reviews/{review}")
    assert "He still writes to me" in again.text


def test_the_asker_sees_who_opened_their_details_and_why(site: Site) -> None:
    need = site.posted(contact=read_contact("opened@example.org"))
    asker = site.asker_of(need)
    assert "Nobody so far" in asker.see(f"/need/{need}/privacy").text
    site.coordinator.see(f"/staff/east/needs/{need}")
    assert "read your need" in asker.see(f"/need/{need}/privacy").text
    assert site.person().see(f"/need/{need}/privacy").status == 404
    site.coordinator.see("/staff/east/people")
    assert "saw your name among the volunteers" in site.helper.see("/me/opened").text


def test_opening_a_contact_takes_a_reason_and_is_seen_by_the_person(site: Site) -> None:
    need = site.posted(contact=read_contact("reach-me@example.org"))
    form = site.coordinator.see(f"/staff/east/needs/{need}/contact")
    assert "reach-me@" not in form.html
    assert set(form.send("/contact", reason="because").errors) == {"reason"}
    at_once = "at_once" if "At once" in form.text or "cannot wait" in form.text else "ask"
    page = form.send("/contact", reason="The clinic called about her", do=at_once)
    assert "reach-me@example.org" in page.text
    assert "The clinic called about her" in site.asker_of(need).see(f"/need/{need}/privacy").text
    assert "The clinic called about her" in site.coordinator.see("/staff/east/openings").text
    for person, path in ((site.outsider, "west"), (site.helper, "east")):
        assert person.see(f"/staff/{path}/needs/{need}/contact").status == 404


def test_only_a_steward_changes_how_many_it_takes(site: Site) -> None:
    press = site.coordinator.see("/staff/east/openings")
    token = site.coordinator
    assert not press.soup.select('form[action$="/rule"]')
    sneaky = token.see("/staff/east/openings")
    assert sneaky.status == 200
    steward = other_coordinator(site, Role.STEWARD)
    page = steward.see("/staff/east/openings")
    bare = page.send("/rule", two="yes")
    assert (bare.status, set(bare.errors)) == (422, {"reason"}), "not without a reason"
    assert bare.send("/rule", two="yes", reason=WHY).status == 200
    assert "It takes two people" in steward.see("/staff/east/openings").text
    assert steward.see("/staff/east/openings").send("/rule", two="no", reason="Two of us are away").status == 200
    assert "Two of us are away" in site.coordinator.see("/me/opened").text
    assert steward.see("/staff/east/openings").send("/rule", two="", reason=WHY).status == 200


def test_erasing_while_a_report_is_open_says_until_when_it_is_kept(site: Site) -> None:
    need, asker, _ = connected(site)
    report(asker, need)
    form = asker.see(f"/need/{need}/erase")
    assert "kept until it is decided" in form.text
    assert "Everything is stopped" in form.send("/erase").text


# What tells that a report was made, or by whom, and what of: for those who judge it, and for its author.
UNSAID = (
    "He followed me",
    "I did not feel safe",
    "Money was asked for",
    "Waiting for a person",
    "Somebody looks at it by",
)


def shows_until_when(page: Seen, *names: str) -> None:
    """The day, and nothing of the report: not its author, not its words."""
    assert page.status == 200
    assert "kept until it is decided" in page.text, page.path
    assert [words for words in (*UNSAID, *names) if words in page.text] == [], page.path


def test_a_reported_volunteer_is_shown_until_when_they_are_kept_and_not_by_whom(site: Site) -> None:
    need, asker, _ = connected(site, name="Quietly Named")
    paths = ("/me/reviews", "/me/opened", "/me/remove")
    site.run(lambda world: world.rows("UPDATE review SET purged_at = now() WHERE purged_at IS NULL"))  # of other tests
    for path in paths:
        assert "kept until it is decided" not in site.helper.see(path).text
    report(asker, need)
    for path in paths:
        shows_until_when(site.helper.see(path), "Quietly Named", str(need))


def test_a_reported_asker_is_shown_until_when_they_are_kept_and_not_by_whom(site: Site) -> None:
    need, asker, task = connected(site)
    site.helper.see(f"{task.path}/report").send("/report", do="send", cause="money")
    for path in ("reviews", "privacy", "erase"):
        shows_until_when(asker.see(f"/need/{need}/{path}"), "Wing")
    asker.see(f"/need/{need}/withdraw").send()
    shows_until_when(asker.see(f"/need/{need}"))
    shows_until_when(asker.see(f"/need/{need}/erase").send("/erase"))


def test_a_held_need_shows_its_asker_that_somebody_looks_first(site: Site) -> None:
    need = site.posted()

    async def hold(world: World) -> None:
        await world.rows("UPDATE need SET state = 'held', held_reason = 'many' WHERE id = $1", need)

    site.run(hold)
    asker = site.asker_of(need)
    assert "A coordinator reads your need first" in asker.see(f"/need/{need}").text
    assert "Somebody looks at it by" in asker.see(f"/need/{need}/reviews").text
    assert asker.see(f"/need/{need}/change").send("/change", text="Two bags", do="send").path == f"/need/{need}"
    page = site.coordinator.see(f"/staff/east/reviews/{latest_held(site, need)}")
    page.send("/decide", action="released", reason=WHY)
    assert "We are looking for someone" in asker.see(f"/need/{need}").text


def latest_held(site: Site, need: NeedId) -> UUID:
    async def find(world: World) -> UUID:
        return UUID(str(await world.one("SELECT id FROM review WHERE need_id = $1", need)))

    return site.run(find)


def test_these_pages_are_small(site: Site) -> None:
    need, asker, task = connected(site)
    report(asker, need)
    paths = {
        f"/need/{need}/reviews": asker, f"/need/{need}/privacy": asker, f"{task.path}/report": site.helper,
        "/staff/east/reviews": site.coordinator, f"/staff/east/reviews/{latest_review(site)}": site.coordinator,
        "/staff/east/openings": site.coordinator, f"/staff/east/needs/{need}/contact": site.coordinator,
    }  # fmt: skip
    css = site.person().get(str(asker.see("/").soup.select_one('link[rel="stylesheet"]')["href"])).content  # type: ignore[index]
    for path, person in paths.items():
        page = person.see(path)
        assert page.status == 200, path
        assert len(gzip.compress(page.html.encode())) + len(gzip.compress(css)) < MOST_BYTES, path


@pytest.mark.parametrize("kind", ["glass_broken", "rule_off"])
def test_the_loud_message_names_nobody(site: Site, kind: str) -> None:
    from careweb.flows.messages import compose
    from careweb.storage import notices

    async def message(world: World) -> str:
        await owe_notice(world.ctx, kind, UUID(int=7), member_id=site.cast.coordinator)
        id = await world.one("SELECT id FROM notice WHERE kind = $1 ORDER BY created_at DESC LIMIT 1", kind)
        notice = await notices.claim(world.tx, id, now=world.now, lease_until=world.now + timedelta(minutes=1))
        assert notice
        composed = await compose(world.ctx, notice)
        assert composed
        return composed.text

    text = site.run(message)
    assert "/me" in text
    assert "East" not in text
    assert "/staff/" not in text


def test_a_match_that_fell_through_can_still_be_reported_and_an_appeal_that_was_refused_comes_back(site: Site) -> None:
    need, asker, _ = connected(site)
    asker.see(f"/need/{need}").send("/missed")
    page = asker.see(f"/need/{need}/reviews")
    link = page.soup.select_one('main a[href$="/report"]')
    assert link
    assert asker.see(str(link["href"])).send("/report", do="send", cause="no_show").path == f"/need/{need}/reviews"
    review = latest_held(site, need)
    decide = site.coordinator.see(f"/staff/east/reviews/{review}")
    decide.send("/decide", action="released", reason=WHY)
    refused = asker.see(f"/need/{need}/reviews").send("/appeal", appeal="")
    assert set(refused.errors) == {"appeal"}
    assert "With another person" in refused.send("/appeal", appeal="He has never come").text
