"""A need that comes again every week, as its asker sees it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from careweb.domain.ids import NeedId
from careweb.flows.repeating import repeat_need
from tests.web.site import Person, Seen, Site
from tests.web.test_asking import GOOD


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def asked(person: Person, **changes: str) -> Seen:
    return person.see("/g/east/ask").send(**GOOD | {"by": day(3), "repeats_until": day(40)} | changes)


def need_of(posted: Seen) -> NeedId:
    link = posted.soup.select_one('a[href^="/need/"]')
    assert link
    return NeedId(UUID(str(link["href"]).rpartition("/")[2]))


def come(site: Site, need: NeedId) -> None:
    """Its day, and the worker with it."""
    site.run(lambda world: world.rows("UPDATE need SET needed_by = now() - interval '1 minute' WHERE id = $1", need))
    site.run(lambda world: repeat_need(world.ctx, need))


@pytest.mark.parametrize(
    ("until", "error"),
    [
        (day(5), "Choose a day at least a week after the first one."), (day(300), "Choose a day within half a year."),
        ("soon", "Write the day as year-month-day, like 2027-01-31, or leave it empty."),
    ],
)  # fmt: skip
def test_a_day_that_makes_no_series_is_said_beside_the_field(anyone: Person, until: str, error: str) -> None:
    page = asked(anyone, repeats_until=until)
    assert (page.status, page.errors) == (422, {"repeats_until": error})
    assert until in page.html


def test_the_page_leads_to_the_next_one_and_its_code_opens_it(site: Site) -> None:
    person = site.person()
    posted = asked(person)
    code = posted.soup.select_one("#code")
    assert code
    need = need_of(posted)
    assert "We ask again every week, until" in person.see(f"/need/{need}").text
    come(site, need)
    page = person.see(f"/need/{need}")
    following = page.soup.find("a", string="See the next one")
    assert following
    later = person.see(str(following["href"]))
    assert "We are looking for someone" in later.text
    assert "We ask again every week" in later.text
    other = site.person()
    found = other.see("/find").send("/find", code=code.get_text(), do="code")
    assert found.path == later.path
    assert other.see(f"/need/{need}").status == 200, "with the code of the series also the earlier one"
    assert site.outsider.see(later.path).status == 404


def test_only_this_once_ends_it_and_the_changed_form_keeps_it(site: Site) -> None:
    person = site.person()
    need = need_of(asked(person))
    form = person.see(f"/need/{need}/change").form("/change").select_one("#repeats_until")
    assert form
    assert form["value"] == day(40)
    page = person.see(f"/need/{need}").send("/once")
    assert "every week" not in page.text
    come(site, need)
    assert "See the next one" not in person.see(f"/need/{need}").text


def test_the_form_of_a_coordinator_on_the_phone_has_it_too(site: Site) -> None:
    assert site.coordinator.see("/staff/east/post").soup.select("#repeats_until")
