"""After a task: did it happen, a line of thanks, what was given and received, and the file for a calendar."""

from datetime import date
from typing import Any

from icalendar import Calendar

from careweb.domain.contacts import read_email
from careweb.domain.ids import NeedId
from tests.web.site import Site

PO = {"name": "Po", "contact": read_email("po@example.org"), "text": "Rice; and \\ greens,\nplease"}


def connected(site: Site, **changes: Any) -> tuple[NeedId, str]:
    need = site.posted(**PO | changes)
    return need, site.helper.see(site.asked(need)).send(answer="yes").path


def passed(site: Site, need: NeedId) -> None:
    site.run(
        lambda world: world.rows("UPDATE need SET needed_by = now() - interval '1 hour', expires_at = now() + interval '1 day' WHERE id = $1", need)
    )  # fmt: skip


def test_both_are_asked_whether_it_happened_once_the_day_has_passed(site: Site) -> None:
    need, task = connected(site)
    asker, helper = site.asker_of(need), site.helper
    for person, page in ((asker, f"/need/{need}"), (helper, task)):
        assert "Did it happen?" not in person.see(page).text
    passed(site, need)
    for person, page in ((asker, f"/need/{need}"), (helper, task)):
        assert "Did it happen?" in person.see(page).text
        assert (
            len([form for form in person.see(page).soup.select("form") if str(form["action"]).endswith("/done")]) == 1
        )
    assert "Thank you for telling us" in asker.see(f"/need/{need}").send("/done").text
    assert "This is done. Thank you!" in helper.see(task).text


def test_where_only_some_were_found_the_asker_can_still_say_that_it_is_done(site: Site) -> None:
    need, _ = connected(site, helpers=2)
    passed(site, need)
    page = site.asker_of(need).see(f"/need/{need}")
    assert "1 of 2 found" in page.text
    assert "Thank you for telling us" in page.send("/done").text


def test_a_no_of_either_side_opens_the_search_again(site: Site) -> None:
    need, task = connected(site)
    passed(site, need)
    no = site.helper.see(task).soup.find("a", string="No, it did not")
    assert no
    site.helper.see(str(no["href"])).send()
    assert "We are looking for someone" in site.asker_of(need).see(f"/need/{need}").text


def test_each_thanks_the_other_once_and_nobody_else_reads_it(site: Site) -> None:
    need, task = connected(site)
    asker, helper = site.asker_of(need), site.helper
    assert not asker.see(f"/need/{need}").soup.select("[name=thanks]"), "there is nothing to thank for yet"
    helper.see(task).send("/done")
    asked = asker.see(f"/need/{need}")
    assert asked.send("/thanks", thanks="You saved my <day>").status == 200
    assert "You saved my &lt;day&gt;" in helper.see(task).html
    assert "You saved my &lt;day&gt;" in helper.see("/me").html
    asked.send("/thanks", thanks="Once more")  # sent twice: the first stands
    assert "Once more" not in helper.see(task).html
    helper.see(task).send("/thanks", thanks="The tea was lovely")
    assert "They thank you: The tea was lovely" in asker.see(f"/need/{need}").text
    assert not helper.see(task).soup.select("[name=thanks]")
    for nobody in (site.outsider, site.person()):
        assert "saved my" not in nobody.see(f"/need/{need}").html + nobody.see(task).html
    notices = site.run(lambda world: world.rows("SELECT member_id, need_id FROM notice WHERE kind = 'thanks'"))
    assert [(bool(row["member_id"]), bool(row["need_id"])) for row in notices] == [(True, False), (False, True)]


def test_too_much_thanks_comes_back_beside_its_field(site: Site) -> None:
    need, task = connected(site)
    site.helper.see(task).send("/done")
    for person, page in ((site.helper, task), (site.asker_of(need), f"/need/{need}")):
        again = person.see(page).send("/thanks", thanks="x" * 201)
        assert (again.status, set(again.errors)) == (422, {"thanks"})
        assert "x" * 201 in again.html


def test_no_thanks_where_nothing_was_done_or_the_two_are_kept_apart(site: Site) -> None:
    need, task = connected(site)
    helper = site.helper
    form = helper.see(task).form("/note")
    token = {"token": str(form.select_one("[name=token]")["value"]), "thanks": "Hello"}  # type: ignore[index]
    assert helper.press(f"{task}/thanks", token).status == 409
    helper.see(task).send("/done")
    site.run(
        lambda world: world.rows(
            "INSERT INTO apart SELECT least(m.contact_index, n.contact_index), greatest(m.contact_index, n.contact_index), 'block', now()"
            " FROM need n, member m WHERE n.id = $1 AND m.id = $2", need, site.cast.helper,
        )
    )  # fmt: skip
    assert helper.press(f"{task}/thanks", token).status == 409
    assert not helper.see(task).soup.select("[name=thanks]")
    site.run(lambda world: world.rows("DELETE FROM apart"))


def test_my_page_says_what_was_given_and_what_was_received(site: Site) -> None:
    member = site.run(lambda world: world.helper(site.cast.group, name="Ro", languages=("lo",)))
    person = site.member(member)
    assert "You helped 0 times. You were helped 0 times." in person.see("/me").text
    need = site.run(lambda world: world.need(site.cast.group, member=member))
    site.helper.see(site.asked(need)).send(answer="yes")
    person.see(f"/need/{need}").send("/done")
    assert "You helped 0 times. You were helped once." in person.see("/me").text
    assert "you were helped" in person.see("/me").text


def test_the_calendar_file_has_the_kind_of_help_and_the_day_and_nothing_else(site: Site) -> None:
    need, task = connected(site)
    answer = site.helper.get(f"{task}/calendar.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="task.ics"'
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    event: Any = Calendar.from_ical(answer.content).walk("VEVENT")[0]
    day = site.run(
        lambda world: world.one("SELECT (needed_by AT TIME ZONE 'America/Toronto')::date FROM need WHERE id = $1", need)
    )
    assert isinstance(event["dtstart"].dt, date)
    assert (str(event["summary"]), event["dtstart"].dt) == ("Groceries", day)
    assert set(event) == {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "CLASS", "TRANSP"}
    for private in ("Po", "Rice", "po@example.org", "M1S", "Agincourt", "East", str(need), task.rpartition("/")[2]):
        assert private not in answer.text
    again = site.helper.get(f"{task}/calendar.ics")
    assert Calendar.from_ical(again.content).walk("VEVENT")[0]["uid"] == event["uid"], (
        "a calendar replaces, not doubles"
    )


def test_the_calendar_speaks_the_readers_language_and_ends_with_the_task(site: Site) -> None:
    _, task = connected(site)
    french = site.helper.get(f"{task}/calendar.ics", headers={"accept-language": "fr"})
    assert "SUMMARY:Épicerie" in french.text
    assert site.outsider.get(f"{task}/calendar.ics").status_code == 404
    site.helper.see(task).send("/done")
    assert site.helper.get(f"{task}/calendar.ics").status_code == 404
