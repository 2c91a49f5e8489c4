"""Whoever's details staff opened or changed reads why: a word of a list, or the reason that was written for them."""

from careweb.domain.states import CloseReason
from careweb.domain.whys import LISTS, WRITTEN, listed, why
from careweb.flows.auditing import opened
from careweb.wording import OPENED, TABLES
from tests.web.site import Site
from tests.web.test_reports import WHY, connected, latest_review, report
from tests.world import World


def lines_of(site: Site, record: str, id: object) -> set[tuple[str, str, str]]:
    async def read(world: World) -> set[tuple[str, str, str]]:
        return {(line.action, line.table, line.reason) for line in await opened(world.ctx, record, id)}  # type: ignore[arg-type]

    return site.run(read)


def test_closing_says_why(site: Site) -> None:
    need = site.posted()
    site.coordinator.see(f"/staff/east/needs/{need}").send("/close", reason="helped_elsewhere", words="a cousin")
    assert ("closed_need", "close_reason", "helped_elsewhere") in lines_of(site, "need", need)
    assert ("read_need", "need", "open") in lines_of(site, "need", need), "and reading it, what it was then"
    shown = site.asker_of(need).see(f"/need/{need}/privacy").text
    assert "closed your need Helped elsewhere" in shown
    assert "a cousin" not in shown, "words for coordinators only"


def test_admitting_says_for_what_and_reading_a_name_says_how_they_stood(site: Site) -> None:
    member = site.run(lambda world: world.helper(site.cast.group, name="Dolma", admitted=False))
    site.coordinator.see("/staff/east/people").send(f"/{member}/admit", note="From the temple", vetting="1")
    lines = lines_of(site, "member", member)
    assert {("admitted", "vetting", "1"), ("read_name", "membership", "awaiting")} <= lines
    shown = site.member(member).see("/me/opened").text
    assert "admitted you also looking after children" in shown
    assert "temple" not in shown


def test_the_need_of_somebody_changed_widened_or_asked_again_says_how_it_stood(site: Site) -> None:
    need = site.posted(languages=("ti",))
    page = f"/staff/east/needs/{need}"
    site.coordinator.see(page).send("/widen", km="25")
    site.coordinator.see(page).send("/again")
    site.coordinator.see(f"{page}/change").send(category="ride", do="send")
    for action in ("widened_need", "asked_again", "changed_need"):
        assert (action, "need", "open") in lines_of(site, "need", need)


def test_a_name_read_among_those_asked_says_what_they_answered(site: Site) -> None:
    need = site.posted()
    site.asked(need)
    site.coordinator.see(f"/staff/east/needs/{need}")
    found = {line for line in lines_of(site, "member", site.cast.helper) if line[0] == "read_name"}
    assert "ask" in {table for _, table, _ in found}


def test_a_report_says_its_cause_and_what_was_decided_and_never_the_words(site: Site) -> None:
    need, asker, _ = connected(site)
    report(asker, need)
    page = site.coordinator.see(f"/staff/east/reviews/{latest_review(site)}")
    page.send("/decide", action="kept_apart", reason=WHY)
    of_author, of_other = lines_of(site, "need", need), lines_of(site, "member", site.cast.helper)
    assert ("read_report", "cause", "unsafe") in of_author
    assert ("read_report", "", "") in of_other, "what was said of them is for the coordinators"
    assert "cause" not in {table for _, table, _ in of_other}
    assert ("decided_report", "action", "kept_apart") in of_author & of_other
    assert WHY not in asker.see(f"/need/{need}/privacy").text


def test_every_word_of_a_list_can_be_said_to_a_person() -> None:
    for table, words in LISTS.items():
        assert set(words) <= set(TABLES[table]), table
    assert set(OPENED) >= WRITTEN
    assert listed(why("close_reason", CloseReason.DUPLICATE)) == ("close_reason", "duplicate")
    assert listed("why: not") is None
