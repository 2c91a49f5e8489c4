"""After a solve: what it says about those who stay unserved is counted and kept, for coordinators and for "why me"."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from careweb.domain.ids import GroupId, MemberId, NeedId
from careweb.domain.reasons import Roughly, roughly
from careweb.domain.shortages import NEWCOMER_KM, Affiliation, Line, Shortages, Standing, Surroundings, Wanted
from careweb.flows.beside import Aside
from careweb.flows.context import Context
from careweb.storage.database import run
from careweb.storage.languages import language_pairs

if TYPE_CHECKING:
    from careweb.domain.solving.gains import Gains
    from careweb.domain.solving.market import Solved

STALE = timedelta(days=1)  # what was found longer ago is of no use: the market is no more, or nothing solves it

_NOWHERE = Affiliation(groups=frozenset(), shared=False)


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """As the coordinators of a need's group may know it: exact for their own and for shared offers."""

    needs: int
    slots: int
    people: int
    tasks: int
    other_needs: Roughly
    other_people: Roughly
    found_at: datetime


@dataclass(frozen=True, kw_only=True)
class Recruit:
    """One line of the recruiting list: so many more of a kind serve so many more people."""

    language: str
    category: str
    zone: str  # empty for remote help
    province: str
    region: str
    place_en: str
    place_fr: str
    region_en: str
    region_fr: str
    more: int
    urgent: int  # of them
    found_at: datetime
    time_zone: str  # of the group


async def here(function: Callable[..., Any], *values: Any) -> Any:
    return function(*values)


async def write_recruiting(ctx: Context, market: str, solved: "Solved | None", aside: Aside = here) -> Shortages:
    """In the transaction of the tick, between its solve and its asks: an ask that is out already counts as one that may
    be answered with yes. The market is of needs and people; None where nothing is open. Only a solver process calls this:
    counting wants the compiled loops, and `aside` runs them where they block nobody."""
    found = await _find(ctx, solved, aside) if solved else Shortages(lines=(), standings=())
    await _write_lines(ctx, market, found.lines)
    await _write_standings(ctx, market, found.standings)
    return found


async def shortage_of(ctx: Context, need_id: NeedId) -> Shortage | None:
    row = await run(ctx.tx, "standing_of_need", need_id=need_id, found_after=ctx.now - STALE)
    if row is None or not row["slots"]:
        return None
    return Shortage(
        needs=row["needs"], slots=row["slots"], people=row["people"], tasks=row["tasks"], found_at=row["found_at"],
        other_needs=roughly(row["other_needs"]), other_people=roughly(row["other_people"]),
    )  # fmt: skip


async def recruiting(ctx: Context, group_id: GroupId) -> list[Recruit]:
    """The largest first."""
    rows = await run(ctx.tx, "recruiting_of_group", group_id=group_id, found_after=ctx.now - STALE)
    return [Recruit(**row) for row in rows]


async def matched_lately(ctx: Context) -> bool:
    """Has a solver looked at the open needs within the last day? Else an empty list says nothing."""
    last = await run(ctx.tx, "last_tick")
    return last is not None and last > ctx.now - STALE


async def _find(ctx: Context, solved: "Solved", aside: Aside) -> Shortages:
    from careweb.domain.solving.gains import Gains
    from careweb.domain.solving.standings import closed_offers

    graph, used = solved.graph, solved.assignment.used
    needs = [NeedId(UUID(one)) for one in solved.market.needs]
    gains = await aside(Gains, graph, used, await _asked(ctx, solved, needs))
    wanted = await _wanted(ctx, {i: needs[i] for i in gains.reached.nonzero()[0].tolist()})
    closed = closed_offers(graph, used, gains.reached).nonzero()[0].tolist()
    people = await _affiliations(ctx, {j: MemberId(UUID(solved.market.offers[j])) for j in closed})
    found: Shortages = await aside(_count, solved, gains, needs, wanted, people, await _around(ctx, wanted))
    return found


def _count(
    solved: "Solved",
    gains: "Gains",
    needs: Sequence[NeedId],
    wanted: Mapping[int, Wanted],
    people: Mapping[int, Affiliation],
    around: Surroundings,
) -> Shortages:
    from careweb.domain.solving.recruiting import recruiting_list
    from careweb.domain.solving.standings import standings

    groups = {i: need.group_id for i, need in wanted.items()}
    return Shortages(
        lines=recruiting_list(gains, wanted, around),
        standings=standings(
            solved.graph, solved.assignment.used, gains, needs=needs, groups=groups, people=people
        ),
    )  # fmt: skip


async def _asked(ctx: Context, solved: "Solved", needs: Sequence[NeedId]) -> list[int]:
    """By position, the need of each unanswered ask. Whoever is in the market was not asked when it was read."""
    free, at = set(solved.market.offers), {need: i for i, need in enumerate(needs)}
    rows = await run(ctx.tx, "asks_out_about", ids=list(at))
    return [at[row["need_id"]] for row in rows if str(row["member_id"]) not in free]


async def _wanted(ctx: Context, at: Mapping[int, NeedId]) -> dict[int, Wanted]:
    rows = {row["id"]: row for row in await run(ctx.tx, "wanted_needs", ids=list(at.values()))}
    return {
        i: Wanted(
            group_id=row["group_id"], category=row["category"], remote=row["remote"], languages=tuple(row["languages"]),
            zone=row["zone"], region=row["region"], town=row["town"], widened_km=row["widened_km"],
        )
        for i, row in ((i, rows[need_id]) for i, need_id in at.items())
    }  # fmt: skip


async def _around(ctx: Context, wanted: Mapping[int, Wanted]) -> Surroundings:
    zones = {need.zone for need in wanted.values() if not need.remote}
    most = NEWCOMER_KM + max((need.widened_km for need in wanted.values()), default=0.0)
    rows = await run(ctx.tx, "zones_around", zones=sorted(zones), most_km=most)
    also: dict[str, set[str]] = defaultdict(set)
    for one, other in map(sorted, await language_pairs(ctx.tx)):
        also[one].add(other)
        also[other].add(one)
    return Surroundings(km={(row["zone_code"], row["near_code"]): row["km"] for row in rows}, also=also)


async def _affiliations(ctx: Context, at: Mapping[int, MemberId]) -> dict[int, Affiliation]:
    rows = await run(ctx.tx, "affiliations", ids=list(at.values()))
    known = {
        row["member_id"]: Affiliation(groups=frozenset(row["groups"]), shared=row["shared"]) for row in rows
    }  # whoever rests since the pool was read counts for nobody
    return {j: known.get(member_id, _NOWHERE) for j, member_id in at.items()}


async def _write_lines(ctx: Context, market: str, lines: Sequence[Line]) -> None:
    await run(ctx.tx, "forget_recruiting", market=market, found_before=ctx.now - STALE)
    rows = [(line, tier, more) for line in lines for tier, more in line.more.items() if more]
    await run(
        ctx.tx, "add_recruiting", market=market, now=ctx.now,
        groups=[line.group_id for line, _, _ in rows], regions=[line.region for line, _, _ in rows],
        zones=[line.zone for line, _, _ in rows], languages=[line.language for line, _, _ in rows],
        categories=[line.category for line, _, _ in rows], tiers=[str(tier) for _, tier, _ in rows],
        more=[more for _, _, more in rows],
    )  # fmt: skip


async def _write_standings(ctx: Context, market: str, found: Sequence[Standing]) -> None:
    await run(ctx.tx, "forget_standings", market=market, found_before=ctx.now - STALE)
    await run(
        ctx.tx, "add_standings", market=market, now=ctx.now,
        ids=[one.need_id for one in found], least=[one.least_served for one in found], needs=[one.needs for one in found],
        slots=[one.slots for one in found], people=[one.people for one in found], tasks=[one.tasks for one in found],
        other_needs=[one.other_needs for one in found], other_people=[one.other_people for one in found],
    )  # fmt: skip
