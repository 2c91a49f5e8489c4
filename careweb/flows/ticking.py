"""The tick: one market of the open pool, solved as a whole, and the asks and claims that follow, in one transaction.

The row of the market is held throughout, and no other row until the writing; what changed meanwhile is left alone.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from careweb.domain.crowd import Crowd
from careweb.domain.ids import MemberId, NeedId
from careweb.domain.lists import Lists
from careweb.domain.live_needs import LiveNeed, community_of, live_need
from careweb.domain.planning import Claims, Waves
from careweb.domain.solving.graph import Ints
from careweb.domain.solving.market import SHORT, Longer, Solved, attempt
from careweb.domain.solving.problem import Carried
from careweb.domain.solving.proof import gap
from careweb.domain.ticks import Claim, Pair, claims_of, market_of, moved
from careweb.flows.beside import Aside, Beside
from careweb.flows.context import Context
from careweb.flows.shortages import write_recruiting
from careweb.flows.waves import ask_waves, terms_text, waves_due
from careweb.storage import pools
from careweb.storage.database import run

ONE_MARKET = "all"
_MEET = 10_000  # people asked for in one query

Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class Ticked:
    market: str
    needs: int  # with an open slot
    people: int  # with a free task, on some need's list
    pairs: int
    asked: int
    fresh: int  # needs posted since the tick before
    moved: int  # claims that went to somebody else
    gap: float
    seconds: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """A market as it was read. `home`: where somebody must be at home to be in it, empty for anywhere."""

    live: Sequence[LiveNeed]
    carried: Mapping[str, Carried]
    claimed: frozenset[Pair]  # by the tick before
    asked: frozenset[MemberId]
    fresh: int
    home: frozenset[str]


class _Watch:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[part] += time.perf_counter() - started


async def keep_markets(ctx: Context) -> None:
    """Every market has its row, and nothing else has one."""
    layer = ctx.settings.market_regions
    slugs = sorted({row["place"] for row in await run(ctx.tx, "zone_places", layer=layer)}) if layer else [ONE_MARKET]
    await run(ctx.tx, "add_markets", slugs=slugs, now=ctx.now)
    for gone in await run(ctx.tx, "forget_markets", slugs=slugs):
        await write_recruiting(ctx, gone["slug"], None)


async def postpone(ctx: Context, market: str) -> None:
    await run(ctx.tx, "postpone_market", slug=market, due_at=ctx.now + ctx.settings.tick_every)


async def due_market(ctx: Context) -> Mapping[str, Any] | None:
    """Held until the transaction ends."""
    row: Mapping[str, Any] | None = await run(ctx.tx, "take_market", now=ctx.now)
    return row


async def tick(ctx: Context, market: Mapping[str, Any], *, aside: Aside, clock: Clock) -> Ticked:
    """`market` as `due_market` gave it. `aside` runs what takes the processor for long."""
    watch = _Watch()
    await run(ctx.tx, "guard_tick", longest=str(int(ctx.settings.tick_longest.total_seconds() * 1000)))
    with watch("reading"):
        pool = await _read(ctx, market)
    lists = Lists([need for need in pool.live if need.slots])
    crowd = Crowd()
    solved = await _solve(ctx, pool, lists, crowd, aside, watch) if lists.needs else None
    claims = claims_of(solved, lists, crowd.capacity) if solved else []
    later = replace(ctx, now=clock())
    with watch("explaining"):
        await write_recruiting(later, market["slug"], solved, aside)
    with watch("claiming"):
        await _claim(later, market["slug"], pool.claimed, claims)
        await _save_classes(later, market["slug"], solved)
    with watch("asking"):
        due = await waves_due(later, [n.id for n in lists.needs], [c.pair.need for c in claims])
        waves = Waves(lists=lists, crowd=crowd, claims=Claims(claims), now=later.now, terms_of=terms_text)
        asked = await ask_waves(later, due, waves, aside)
    ticked = Ticked(
        market=market["slug"], needs=len(lists.needs), people=len(solved.market.offers) if solved else 0,
        pairs=len(solved.graph.offer) if solved else 0, asked=asked, fresh=pool.fresh, moved=moved(pool.claimed, {claim.pair for claim in claims}, lists, crowd.capacity),
        gap=gap(solved) if solved else 0.0, seconds=dict(watch.seconds),
    )  # fmt: skip
    await _mark(ctx, ticked)
    return ticked


async def _read(ctx: Context, market: Mapping[str, Any]) -> _Pool:
    by_market = await _places(ctx, ctx.settings.market_regions)
    by_community = await _places(ctx, ctx.settings.community_regions)
    zones = [zone for zone, place in by_market.items() if place == market["slug"]] or list(by_market)
    rows = await run(ctx.tx, "pool_needs", zones=zones, now=ctx.now)
    live = [
        live_need(
            id=row["id"], community=community_of(row["language"], by_community[row["zone"]]), urgency=row["urgency"],
            helpers=row["helpers"], filled=row["filled"], posted_at=row["posted_at"], open=row["open"], now=ctx.now,
        )
        for row in rows
    ]  # fmt: skip
    since = market["ticked_at"]
    return _Pool(
        live=live,
        carried=await _carried(ctx, zones, by_community),
        claimed=await _claimed(ctx, market["slug"]),
        asked=frozenset(row["member_id"] for row in await run(ctx.tx, "asked_members")),
        fresh=sum(row["open"] and (since is None or row["posted_at"] > since) for row in rows),
        home=frozenset(zones) if ctx.settings.market_regions else frozenset(),
    )


async def _places(ctx: Context, layer: str) -> dict[str, str]:
    """By zone. Without a layer all are one place."""
    return {row["zone"]: row["place"] if layer else "" for row in await run(ctx.tx, "zone_places", layer=layer)}


async def _carried(ctx: Context, zones: Sequence[str], by_community: Mapping[str, str]) -> dict[str, Carried]:
    asked, served = Counter[str](), Counter[str]()
    for row in await run(ctx.tx, "carried_slots", zones=list(zones), now=ctx.now):
        community = community_of(row["language"], by_community[row["zone"]])
        asked[community] += row["asked"]
        served[community] += row["served"]
    return {name: Carried(asked=asked[name], served=served[name]) for name in asked}


async def _claimed(ctx: Context, market: str) -> frozenset[Pair]:
    rows = await run(ctx.tx, "claims_of_market", market=market)
    return frozenset(Pair(NeedId(row["need_id"]), MemberId(row["member_id"])) for row in rows)


async def _solve(
    ctx: Context, pool: _Pool, lists: Lists, crowd: Crowd, aside: Aside, watch: _Watch
) -> Solved:  # fmt: skip
    """Longer lists are fetched until the solve has seen enough."""
    wanted: Mapping[int, Sequence[int]] = {SHORT: range(len(lists.needs))}
    pairs = pools.Pairs(ctx.tx, weekly_asks=ctx.settings.weekly_asks, now=ctx.now)
    while True:
        with watch("candidates"):
            for most, needs in wanted.items():
                await _fetch(pairs, lists, needs, most, aside)
            await _meet(ctx, pool, lists, crowd)
        with watch("solve"):
            outcome = await aside(_attempt, lists, pool, crowd.capacity, ctx.now)
        if isinstance(outcome, Solved):
            return outcome
        wanted = lists.lengths(outcome.lengths)


def _attempt(lists: Lists, pool: _Pool, capacity: Ints, now: datetime) -> Solved | Longer:
    market, for_solve = market_of(lists, pool.live, capacity, pool.carried, now.date(), pool.claimed)
    return attempt(market, for_solve)


async def _fetch(pairs: pools.Pairs, lists: Lists, needs: Sequence[int], most: int, aside: Aside) -> None:
    """While one batch is taken in, the database looks for the next."""
    async with Beside(aside) as beside:
        for start in range(0, len(needs), pools.BATCH):
            batch = needs[start : start + pools.BATCH]
            columns = await pairs.of([lists.needs[i].id for i in batch], most)
            await beside.begin(lists.take, batch, columns, most)
        await beside.done()


async def _meet(ctx: Context, pool: _Pool, lists: Lists, crowd: Crowd) -> None:
    """Whoever came with the latest lists. Who has an ask, or is at home in another market, is not in the solve."""
    while len(crowd) < len(lists.people):
        new = [lists.people[at] for at in range(len(crowd), min(len(lists.people), len(crowd) + _MEET))]
        people = await pools.people(ctx.tx, new, weekly_asks=ctx.settings.weekly_asks, now=ctx.now)
        elsewhere: set[UUID] = set()
        if pool.home:
            rows = await run(ctx.tx, "home_zones", members=new)
            elsewhere = {row["member_id"] for row in rows if row["zone"] not in pool.home}
        crowd.take(people, np.array([member in pool.asked or member in elsewhere for member in new], np.bool_))


async def _claim(ctx: Context, market: str, before: Set[Pair], claims: Sequence[Claim]) -> None:
    """Writes the claims of this tick over those of the last."""
    gone = sorted(before - {claim.pair for claim in claims})
    await run(ctx.tx, "drop_claims", needs=[pair.need for pair in gone], members=[pair.member for pair in gone])
    await run(
        ctx.tx, "add_claims", market=market, needs=[claim.pair.need for claim in claims],
        members=[claim.pair.member for claim in claims], offers=[claim.offer for claim in claims],
        tiers=[claim.tier for claim in claims],
    )  # fmt: skip


async def _save_classes(ctx: Context, market: str, solved: Solved | None) -> None:
    await run(ctx.tx, "forget_classes", market=market)
    if solved is None:
        return
    classes, kind = solved.market.classes, solved.market.kind
    slots = np.bincount(kind, weights=solved.market.slots, minlength=len(classes.kinds)).astype(int)
    await run(
        ctx.tx, "save_classes", market=market, tiers=[tier for tier, _ in classes.kinds],
        communities=[community for _, community in classes.kinds], asked=classes.asked.tolist(),
        served=classes.served.tolist(), open=slots.tolist(), planned=solved.selection.count.tolist(),
    )  # fmt: skip


async def _mark(ctx: Context, ticked: Ticked) -> None:
    seconds = {part: round(taken, 3) for part, taken in ticked.seconds.items()}
    await run(
        ctx.tx, "market_ticked", slug=ticked.market, due_at=ctx.now + ctx.settings.tick_every, ticked_at=ctx.now,
        seconds=json.dumps(seconds), needs=ticked.needs, people=ticked.people, pairs=ticked.pairs, gap=ticked.gap,
        asked=ticked.asked, fresh=ticked.fresh, moved=ticked.moved,
    )  # fmt: skip
