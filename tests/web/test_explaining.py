"""Every decision explains itself: to the volunteer, to the asker, to the coordinator; in English and in French."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from careweb.domain.ids import NeedId
from careweb.domain.solving.problem import Carried
from careweb.flows.shortages import write_recruiting
from tests.flows.pool import solved
from tests.web.site import Site
from tests.world import World


def solve(site: Site, *needs: NeedId, carried: dict[str, Carried] | None = None) -> None:
    """As a tick does, with these needs as the whole market."""

    async def write(world: World) -> None:
        await write_recruiting(world.ctx, "web", await solved(world, needs, carried))

    site.run(write)


def why(site: Site, path: str, language: str) -> list[str]:
    page = site.person(language=language).see(path)
    return [" ".join(one.get_text().split()) for one in page.soup.select("main details li")]


def test_a_volunteer_is_told_why(site: Site) -> None:
    need, other = site.posted(), site.posted(languages=("en",))
    path = site.asked(need)
    told = [
        "You offered to get groceries.", "You both speak Cantonese · 粵語 / 廣東話.", "You are in the same area.",
        "You said that such times suit you.", "You were asked about nothing else in the week before.",
    ]  # fmt: skip
    assert why(site, path, "en") == told
    solve(site, need, other, carried={"yue": Carried(asked=9, served=1), "en": Carried(asked=9, served=9)})
    assert why(site, path, "en") == [*told, "Their language community is the least served here now."]
    assert why(site, path, "fr")[0] == "Vous avez proposé de faire l’épicerie."
    assert why(site, path, "fr")[-1] == "Sa communauté linguistique est actuellement la moins bien servie ici."
    site.helper.see(path).send(answer="no")


def test_an_asker_is_told_how_many_were_asked_and_when_the_next_step_is(site: Site) -> None:
    need = site.posted()
    page = f"/need/{need}"
    assert "The first volunteers are being asked." in site.asker_of(need).see(page).text
    path = site.asked(need)
    due = site.run(lambda world: send(world, need))
    asker = site.asker_of(need)
    told = asker.see(page).text
    assert re.search(
        rf"So far: one person asked and one has not answered yet; next step(?: at|:.*,) {due}\s[ap]\.m\. ", told
    )
    asker.headers["accept-language"] = "fr"
    assert re.search(
        r"Jusqu’ici : 1 personne sollicitée et 1 n’a pas encore répondu; prochaine étape (?:à|:.*) \d+ h \d\d",
        asker.see(page).text,
    )
    site.run(lambda world: world.rows("UPDATE ask SET state = 'timed_out' WHERE need_id = $1", need))
    asker.headers["accept-language"] = "en"
    assert "one person asked and one did not answer in time;" in asker.see(page).text
    assert path


async def send(world: World, need: NeedId) -> str:
    """The ask goes out. When the next step is due, by the asker's own clock."""
    await world.rows("UPDATE ask SET state = 'sent', sent_at = $2 WHERE need_id = $1", need, world.now)
    due = world.now + timedelta(hours=2)
    await world.rows("UPDATE promise SET due_at = $2 WHERE job = 'match_need' AND subject = $1", need, due)
    return f"{due.astimezone(ZoneInfo('America/Toronto')):%-I:%M}"


def test_a_coordinator_is_told_the_smallest_change_and_what_the_pool_lacks(site: Site) -> None:
    needs = [site.posted(languages=("ti",), category="meals") for _ in range(2)]
    solve(site, *needs)
    path = f"/staff/east/needs/{needs[0]}"
    page = site.coordinator.see(path).text
    assert "help their own group only: none." in page
    assert "Nobody who is free now could take this need." in page
    assert "The smallest change that would serve this need: one more volunteer: Tigrinya" in page
    both = [site.posted() for _ in range(3)]
    solve(site, *both)
    assert "3 open needs share one free person who could take them." in site.coordinator.see(
        f"/staff/east/needs/{both[0]}"
    ).text  # fmt: skip
    french = site.coordinator
    french.headers["accept-language"] = "fr"
    page = french.see(f"/staff/east/needs/{both[0]}").text
    assert "3 besoins ouverts se partagent 1 personne libre qui pourraient y répondre." in page


def test_the_recruiting_list_is_of_the_own_group_and_can_be_narrowed_to_a_region(site: Site) -> None:
    needs = [site.posted(languages=("ti",), category="ride") for _ in range(2)]
    call = site.posted(languages=("bo",), category="call")
    foreign = site.run(lambda world: world.need(site.cast.other_group, languages=("ta",)))
    solve(site, *needs, call, foreign)
    staff = site.coordinator
    page = staff.see("/staff/east/recruiting")
    rows = [" ".join(row.get_text(" ").split()) for row in page.soup.select("tbody tr")]
    assert len(rows) == 2
    assert rows[0].startswith("Tigrinya")
    assert "A ride Scarborough · Toronto 2 2" in rows[0]
    assert "A friendly call anywhere 1 1" in rows[1]
    lead = page.soup.select_one("main .lead")
    assert lead
    assert lead.get_text().endswith("A ride, Scarborough: 2 more volunteers serve 2 more people, one each.")
    assert "Tamil" in site.outsider.see("/staff/west/recruiting").text
    assert len(staff.see("/staff/east/recruiting?province=ON&region=toronto").soup.select("tbody tr")) == 2
    assert len(staff.see("/staff/east/recruiting?province=BC").soup.select("tbody tr")) == 1  # help from anywhere
    staff.headers["accept-language"] = "fr"
    assert "2 bénévoles de plus aident 2 personnes de plus" in staff.see("/staff/east/recruiting").text


def test_an_empty_list_says_so_and_a_list_that_was_never_made_too(site: Site) -> None:
    solve(site)
    assert "There is no list yet" in site.coordinator.see("/staff/east/recruiting").text
    site.run(ticked)
    assert "Nobody is missing just now" in site.coordinator.see("/staff/east/recruiting").text


async def ticked(world: World) -> None:
    await world.rows("INSERT INTO market (slug, due_at, ticked_at) VALUES ('web', $1, $1)", world.now)


@pytest.mark.parametrize("query", ["province=XX", "region=toronto"])
def test_a_made_up_region_of_the_list_is_not_found(site: Site, query: str) -> None:
    assert site.coordinator.see(f"/staff/east/recruiting?{query}").status == 404
