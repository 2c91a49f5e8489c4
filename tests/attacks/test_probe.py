"""Where in its zone somebody lives shows nowhere, however often others move, offer and decline around them."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

import pytest

from careweb.domain.ids import GroupId, MemberId
from careweb.domain.offers import MOVES_MOST
from tests import servers
from tests.attacks.stopped import Stopped, Watched, stopped
from tests.figures import tell
from tests.world import World

MOVES = int(os.environ.get("CAREWEB_PROBE", "12"))
ACCOUNTS = 20 if MOVES >= 100 else 3
AROUND = ("M1S", "M1T", "M1V", "M1W", "M1B", "M1P", "M2N", "K1P")
HOME, SAME_ZONE, OTHER_ZONE = "M1S 1A1", "M1S 4X7", "M1T 2B9"


@dataclass(frozen=True)
class Learnt:
    seen: list[str]  # by everybody: answers, messages, logs
    rows: list[str]
    refused: int
    asked: int


@pytest.fixture
def databases(postgres: str, template: str) -> Iterator[list[str]]:
    made = [asyncio.run(servers.clone(postgres, template)) for _ in range(2)]
    yield made
    for one in made:
        asyncio.run(servers.drop(postgres, one))


async def settle(world: World) -> tuple[GroupId, list[MemberId]]:
    group = await world.group()
    return group, [
        await world.helper(group, name="Probe", address=f"probe{number}@example.org", per_week=50, radius_km=2)
        for number in range(ACCOUNTS)
    ]


def lived(database: str, monkeypatch: pytest.MonkeyPatch, home: str, moved_to: str, moves: int = MOVES) -> Learnt:
    """Somebody asks again and again from their home, and moves house once; the accounts move about and say no."""
    with stopped(database, monkeypatch) as site:
        _, members = site.run(settle)
        _, victim = site.run(lambda world: _neighbour(world))
        refused = asked = 0
        accounts = [(site.person(member_id=member), member) for member in members]
        neighbour = site.person(member_id=victim)
        for number, ((prober, member), place) in enumerate(islice(zip(cycle(accounts), cycle(AROUND)), moves)):
            site.later(hours=5 if number % 7 else 90)
            if number % 4 == 0:
                where = home if number < moves / 2 else moved_to
                _asks(site, where)
                neighbour.see(f"/me/offers/{_offer(site, victim)}").send(place=where)
            page = prober.see(f"/me/offers/{_offer(site, member)}").send(place=place)
            refused += page.status == 422
            site.work()
            asked += sum(_declines(accounts[members.index(one)][0]) for one in site.run(_asked))
        rows = site.rows()
    return Learnt(site.seen, rows, refused, asked)


async def _neighbour(world: World) -> tuple[GroupId, MemberId]:
    group = GroupId(await world.one("SELECT id FROM care_group"))
    return group, await world.helper(group, name="Neighbour", admitted=False, address="neighbour@example.org")


async def _asked(world: World) -> list[MemberId]:
    rows = await world.rows("SELECT DISTINCT member_id FROM ask WHERE state IN ('planned', 'sent') ORDER BY 1")
    return [MemberId(row["member_id"]) for row in rows]


def _offer(site: Stopped, member: MemberId) -> str:
    return str(site.run(lambda world: world.one("SELECT id FROM offer WHERE member_id = $1", member)))


def _asks(site: Stopped, home: str) -> None:
    asker = site.person()
    form = asker.see("/g/east/ask")
    warned = form.send(
        category="groceries", language="yue", place=home, urgency="urgent", name="Po", text=f"I live at {home}",
        contact_kind="code", consent="yes", reach="group", see_first="no", show_text="yes", do="send",
    )  # fmt: skip
    posted = warned.send(**{"keep-text": "yes"}, do="send")
    assert posted.status == 200, posted.errors
    need = str(posted.soup.select_one('a[href^="/need/"]')["href"])  # type: ignore[index]
    changed = asker.see(f"{need}/change").send(place=home, do="send")
    assert changed.status == 200, changed.errors


def _declines(prober: Watched) -> int:
    page = prober.see("/me")
    links = [str(link["href"]) for link in page.soup.select('a[href^="/a/"]')]
    for link in links:
        prober.see(link).send(answer="no")
    return len(links)


def test_where_in_its_zone_a_home_is_changes_not_one_byte(
    databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = lived(databases[0], monkeypatch, HOME, HOME)
    there = lived(databases[1], monkeypatch, SAME_ZONE, HOME)
    assert len(here.seen) > 4 * MOVES
    assert here.asked > 0, "the accounts must be asked something, or there is nothing to learn from"
    assert here.refused > 0, "and moved until they could not any more"
    assert here.seen == there.seen
    assert here.rows == there.rows
    tell(
        f"{ACCOUNTS} accounts, {MOVES} moves of which {here.refused} refused (at most {MOVES_MOST} in 30 days), {here.asked} asks declined: "
        f"{len(here.seen):,} answers, messages and log lines of {sum(map(len, here.seen)) / 1e6:.1f} MB and {len(here.rows):,} rows alike"
    )


def test_another_zone_would_be_seen(databases: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would show nothing."""
    here, elsewhere = [
        lived(database, monkeypatch, home, home, moves=1)
        for database, home in zip(databases, (HOME, OTHER_ZONE), strict=True)
    ]
    assert here.seen != elsewhere.seen
    assert here.rows != elsewhere.rows
