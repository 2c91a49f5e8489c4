"""The coordinators' pages: their own group, and nobody else's."""

import pytest

from careweb.domain.contacts import read_email, read_phone
from careweb.domain.ids import MemberId
from careweb.domain.states import Role
from careweb.flows.groups import grant_role
from careweb.flows.signin import request_sign_in
from tests.web.site import Person, Site, held
from tests.web.test_asking import GOOD, code_on
from tests.world import World


@pytest.fixture
def staff(site: Site) -> Person:
    return site.coordinator


PAGES = ["", "/map.svg", "/needs", "/recruiting", "/post", "/calls", "/people"]


@pytest.mark.parametrize("page", PAGES)
def test_the_board_does_not_exist_for_anyone_else(site: Site, staff: Person, page: str) -> None:
    assert staff.get(f"/staff/east{page}").status_code == 200
    for stranger in (site.helper, site.outsider):
        assert stranger.get(f"/staff/east{page}").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_whoever_is_not_signed_in_is_led_there_and_learns_nothing_about_the_address(site: Site, page: str) -> None:
    follower = site.asker_of(site.posted())
    for person in (site.person(), follower):
        for slug in ("east", "nowhere"):
            led = person.get(f"/staff/{slug}{page}", follow_redirects=False)
            assert (led.status_code, led.headers["location"]) == (303, f"/sign-in?then=/staff/{slug}{page}")


def test_the_board_says_by_which_regions_the_alliance_is_split(site: Site, staff: Person) -> None:
    said = "whom to serve first is decided within each region by itself (Provinces and territories)"
    assert said not in staff.see("/staff/east").text
    state = site.app.state
    before = state.settings
    state.settings = before.model_copy(update={"market_regions": "provinces"})
    try:
        assert said in staff.see("/staff/east").text
    finally:
        state.settings = before


def test_another_groups_need_is_as_if_there_were_none(site: Site) -> None:
    need = site.posted(name="Po")
    unknown = "7b0cf2f2-2f7e-4c1e-9a53-0d8f4b8f6a11"
    for action in ("", "/change"):
        theirs, none = (site.outsider.see(f"/staff/west/needs/{one}{action}") for one in (need, unknown))
        assert theirs.status == none.status == 404
        assert theirs.text == none.text
    token = site.outsider
    form = token.see("/staff/west/post").soup.select_one("[name=token]")
    assert form
    for action, more in (("widen", {"km": "5"}), ("again", {}), ("close", {"reason": "other"})):
        page = token.press(f"/staff/west/needs/{need}/{action}", {"token": form["value"], **more})
        assert page.status == 404
    assert token.press(f"/staff/west/calls/{need}", {"token": form["value"]}).status == 404


def test_needs_are_counted_by_region_and_the_list_behind_a_number_is_as_long(site: Site, staff: Person) -> None:
    site.posted()
    country = staff.see("/staff/east")
    row = next(row for row in country.soup.select("table")[0].select("tbody tr") if "Ontario" in row.get_text())
    number = row.select_one("td a")
    assert number
    behind = staff.see(str(number["href"]))
    assert len(behind.soup.select("tbody tr")) == int(number.get_text())
    province = staff.see(str(row.select_one("th a")["href"]))  # type: ignore[index]
    assert "By town" in province.text
    town = staff.see("/staff/east", params={"province": "ON", "region": "toronto"})
    assert "M1S" in town.text


@pytest.mark.parametrize("level", [{}, {"province": "ON"}, {"province": "ON", "region": "toronto"}])
def test_the_map_is_small_and_says_the_same_as_the_table(site: Site, staff: Person, level: dict[str, str]) -> None:
    site.posted()
    answer = staff.get("/staff/east/map.svg", params=level)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert len(answer.content) <= 40_000
    table = staff.see("/staff/east", params=level).soup.select("table")[0]
    numbers = [row.select("td")[0].get_text(strip=True) for row in table.select("tbody tr")]
    assert answer.text.count("<text") == len(numbers)
    assert "<script" not in answer.text
    assert "style" not in answer.text


def test_a_made_up_place_on_the_board_is_not_found(staff: Person) -> None:
    assert staff.see("/staff/east", params={"province": "XX"}).status == 404


def test_a_need_explains_why_nobody_and_what_would_help(site: Site, staff: Person) -> None:
    need = site.posted(languages=("ti",))
    site.run(lambda world: world.match(need))
    page = staff.see(f"/staff/east/needs/{need}")
    assert "Why nobody?" in page.text
    assert "speak a shared language" in page.text
    assert "more if Cantonese" in page.text


def test_widening_asking_again_and_closing_are_written_down(site: Site, staff: Person) -> None:
    need = site.posted(languages=("ti",))
    path = f"/staff/east/needs/{need}"
    assert "Search widened" in staff.see(path).send("/widen", km="25").text
    assert "A new round of asking" in staff.see(path).send("/again").text
    missing = staff.see(path).send("/close", words="kept")
    assert (missing.status, missing.errors) == (422, {"reason": "Choose a reason."})
    assert "kept" in missing.html
    assert "Closed" in staff.see(path).send("/close", reason="helped_elsewhere", words="a cousin came").text
    assert "A coordinator closed this: Helped elsewhere" in site.asker_of(need).see(f"/need/{need}").text


def test_a_coordinator_posts_for_someone_who_phoned_and_reads_out_the_code(site: Site, staff: Person) -> None:
    page = staff.see("/staff/east/post").send(**(GOOD | {"contact_kind": "phone", "contact": "416 555 0199"}))
    assert "Read it out" in page.text
    opened = site.person().see("/find").send(code=code_on(page), do="code")
    assert opened.path.startswith("/need/")


def test_whoever_lost_their_code_and_gave_a_phone_is_called_back(site: Site, staff: Person) -> None:
    phone = read_phone("416 555 0123")
    need = site.posted(name="Ming", contact=phone)
    site.run(lambda world: request_sign_in(world.ctx, phone, locale="en"))
    calls = staff.see("/staff/east/calls")
    assert "Ming" in calls.text
    assert "5550123" not in calls.html
    assert calls.send(f"/{need}/number", reason="because").errors, "a reason of the list"
    shown = calls.send(f"/{need}/number", reason="due")
    assert shown.soup.select_one('a[href="tel:+14165550123"]')
    assert "5550123" not in staff.see("/staff/east/calls").html
    told = site.asker_of(need).see(f"/need/{need}/privacy").text
    assert "saw your phone number, to call you back This call was asked for" in told
    assert "Ming" not in shown.send(f"/calls/{need}").text
    again = staff.press(f"/staff/east/calls/{need}/number", {"token": held(calls.form())["token"], "reason": "due"})
    assert again.status == 404, "once they were called it is closed"


def test_whoever_a_file_brought_is_called_by_the_same_door_and_by_two_where_the_group_wants_two(
    site: Site, staff: Person
) -> None:
    need = site.posted(name="Sonam", contact=read_phone("416 555 0155"))
    site.run(lambda world: world.rows("UPDATE need SET confirmed = false, call_back = true WHERE id = $1", need))
    calls = staff.see("/staff/east/calls")
    assert "5550155" not in calls.html
    assert "5550155" in calls.send(f"/calls/{need}/number").html
    two = "UPDATE care_group SET two_people = $1 WHERE slug = 'east'"

    async def grant(world: World) -> MemberId:
        await world.rows(two, True)
        contact = read_email("ash@example.org")
        return await grant_role(world.ctx, site.cast.group, contact, Role.COORDINATOR, name="Ash")

    ash = site.run(grant)
    try:
        assert staff.see("/staff/east/calls").soup.select_one(f'a[href="/staff/east/needs/{need}/contact"]')
        led = calls.send(f"/calls/{need}/number")
        assert (led.path, "5550155" in led.html) == (f"/staff/east/needs/{need}/contact", False)
    finally:
        site.run(lambda world: world.rows(two, None))
        site.run(lambda world: world.rows("DELETE FROM staff WHERE member_id = $1", ash))
        staff.see("/staff/east/calls").send(f"/calls/{need}")


def test_a_volunteer_is_admitted_with_a_note_and_suspended_with_a_click(site: Site, staff: Person) -> None:
    member = site.run(lambda world: world.helper(site.cast.group, name="Dolma", admitted=False))
    action = f"/{member}/admit"
    bare = staff.see("/staff/east/people").send(action)
    assert (bare.status, list(bare.errors)) == (422, [f"note-{member}"])
    admitted = staff.see("/staff/east/people").send(action, note="From the temple")
    assert "Admitted" in admitted.text
    assert "From the temple" in admitted.text, "the next coordinator reads how they are known"
    assert "Suspended" in admitted.send(f"/{member}/suspend").text


HERE = "they live at 43.65321, -79.38321"


def test_no_form_of_a_coordinator_takes_a_position(site: Site, staff: Person) -> None:
    need = site.posted()
    closing = staff.see(f"/staff/east/needs/{need}").send("/close", reason="other", words=HERE)
    assert (closing.status, set(closing.errors)) == (422, {"words"})
    assert HERE in closing.html
    member = site.run(lambda world: world.helper(site.cast.group, name="Tashi", admitted=False))
    admitting = staff.see("/staff/east/people").send(f"/{member}/admit", note=HERE)
    assert (admitting.status, set(admitting.errors)) == (422, {f"note-{member}"})
    assert HERE in admitting.html
    assert staff.see(f"/staff/east/needs/{need}").send("/close", reason="other", words="x" * 501).status == 422


def test_a_volunteer_of_another_group_cannot_be_admitted_here(site: Site) -> None:
    member = site.run(lambda world: world.helper(site.cast.group, name="Pema", admitted=False))
    outsider = site.outsider
    form = outsider.see("/staff/west/post").soup.select_one("[name=token]")
    assert form
    page = outsider.press(f"/staff/west/people/{member}/admit", {"token": form["value"], "note": "mine"})
    assert page.status == 404
    assert "Pema" not in outsider.see("/staff/west/people").text


def test_behind_every_number_of_the_board_is_its_list(site: Site, staff: Person) -> None:
    need = site.posted(languages=("ti",), category="company")
    site.run(lambda world: world.match(need))
    board = staff.see("/staff/east")
    for number in board.soup.select("td.num"):
        link, said = number.select_one("a"), number.get_text(strip=True)
        assert (link is None) == (said == "0"), number
        if link:
            assert len(staff.see(str(link["href"])).soup.select("tbody tr")) == int(said), link
    only = staff.see("/staff/east/needs?language=ti&category=company&unmet=yes")
    assert "Tigrinya" in only.text
    assert only.soup.select_one(f'a[href$="{need}"]')


def test_a_filter_nobody_has_is_as_empty_as_it_is(staff: Person) -> None:
    for query in ("urgency=x", "age=never", "language=tlh", "category=gold"):
        page = staff.see(f"/staff/east/needs?{query}")
        assert (page.status, "There is none" in page.text) == (200, True)


def test_a_coordinator_changes_a_need_by_the_same_form(site: Site, staff: Person) -> None:
    need = site.posted(contact=read_email("po@example.org"))
    page = staff.see(f"/staff/east/needs/{need}/change").send(category="ride", do="send")
    assert (page.path, "A ride" in page.text) == (f"/staff/east/needs/{need}", True)
    assert "Changed: what is needed (a coordinator" in " ".join(page.soup.get_text(" ").split())


def test_a_caller_who_never_confirmed_is_shown_as_such_until_they_said_yes(site: Site, staff: Person) -> None:
    need = site.posted(name="Ngawang", contact=read_phone("416 555 0177"))
    site.run(lambda world: world.rows("UPDATE need SET confirmed = false, call_back = true WHERE id = $1", need))
    assert "not confirmed yet" in staff.see(f"/staff/east/needs/{need}").text
    row = staff.see("/staff/east/needs").soup.select_one(f'tr:has(a[href$="{need}"])')
    assert row
    assert "not confirmed yet" in row.get_text()
    assert staff.see(f"/staff/east/needs/{need}").form(f"/{need}/yes")
    said = staff.see("/staff/east/calls").send(f"/{need}/yes")
    assert (said.path, "Ngawang" in said.text) == ("/staff/east/calls", False)
    assert "not confirmed yet" not in staff.see(f"/staff/east/needs/{need}").text
    assert site.run(lambda world: world.one("SELECT confirmed FROM need WHERE id = $1", need))


def test_closing_twice_shows_that_it_is_closed(site: Site, staff: Person) -> None:
    page = staff.see(f"/staff/east/needs/{site.posted()}")
    for _ in range(2):
        closed = page.send("/close", reason="helped_elsewhere")
        assert (closed.status, "Closed" in closed.text) == (200, True)


def test_an_ended_need_is_not_changed_by_a_coordinator_either(site: Site, staff: Person) -> None:
    need = site.posted()
    form = staff.see(f"/staff/east/needs/{need}/change")
    staff.see(f"/staff/east/needs/{need}").send("/close", reason="helped_elsewhere")
    for page in (staff.see(f"/staff/east/needs/{need}/change"), form.send(category="ride", do="send")):
        assert (page.status, page.path) == (200, f"/staff/east/needs/{need}")
        assert "cannot be changed any more" in page.text
