"""The matcher's verbs: plan the next wave of a need; look again when an offer appears."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from careweb.config import Settings
from careweb.domain.distances import band
from careweb.domain.ids import MemberId, NeedId, OfferId
from careweb.domain.responses import PRIOR, Beta
from careweb.domain.states import Urgency
from careweb.domain.waves import Candidate, OpenNeed, Pace, Plan, plan_wave, should_look_further
from careweb.flows.context import Context
from careweb.flows.needs import tell
from careweb.flows.notices import owe_notice
from careweb.storage.database import run
from careweb.storage.promises import promise

CANDIDATES_MOST = (60, 480, 3840)  # more where none of so many may be asked: at night all who are near may sleep
NEEDS_MOST = 200


def pace_of(settings: Settings, urgency: Urgency) -> Pace:
    return {
        Urgency.URGENT: Pace(ask_timeout=settings.urgent_ask_timeout, wave_every=settings.urgent_wave_every),
        Urgency.MEDIUM: Pace(ask_timeout=settings.medium_ask_timeout, wave_every=settings.medium_wave_every),
        Urgency.LOW: Pace(ask_timeout=settings.low_ask_timeout, wave_every=settings.low_wave_every),
    }[urgency]


async def hold_need(ctx: Context, need_id: NeedId) -> None:
    """First, as everywhere: the need, then what is promised of it, then people, then asks."""
    await run(ctx.tx, "hold_need", id=need_id)


async def match_need(ctx: Context, need_id: NeedId) -> None:
    """Plans and writes the next wave. Running twice is safe: the need is locked, and who was asked is no candidate."""
    row = await run(ctx.tx, "lock_open_need", id=need_id, now=ctx.now)
    if row is None:
        return
    urgency = Urgency(row["urgency"])
    pace = pace_of(ctx.settings, urgency)
    # An ask that was planned before chances were kept counts as that of someone new.
    out = await run(ctx.tx, "asks_out", need_id=need_id)
    need = OpenNeed(
        id=need_id,
        urgency=urgency,
        open_slots=row["helpers"] - row["filled"],
        chances_out=tuple(PRIOR.mean if ask["chance"] is None else ask["chance"] for ask in out),
        sent_out=tuple(ask["planned_at"] for ask in out),
        asked_since=await run(ctx.tx, "asked_since", need_id=need_id),
        needed_by=row["needed_by"],
    )
    plan = plan_wave(need, await _enough_candidates(ctx, need, pace), pace=pace, now=ctx.now)
    await _write(ctx, row, need, plan, pace)


async def _enough_candidates(ctx: Context, need: OpenNeed, pace: Pace) -> list[Candidate]:
    """The cheapest; and more of them where all of these sleep, rest or are planned for another need."""
    for most in CANDIDATES_MOST:
        found = await _candidates(ctx, need.id, most)
        if len(found) < most or not should_look_further(need, found, pace=pace, now=ctx.now):
            break
    return found


async def _candidates(ctx: Context, need_id: NeedId, most: int) -> list[Candidate]:
    rows = await run(
        ctx.tx, "candidates_for_need", need_id=need_id, weekly_asks=ctx.settings.weekly_asks, most=most, now=ctx.now
    )
    offers = [row["offer_id"] for row in rows]
    known = await run(ctx.tx, "known_of_candidates", need_ids=[need_id] * len(offers), offer_ids=offers)
    of_offer = {offers[one["at"] - 1]: one for one in known}
    claims = await _claims(ctx, need_id, [row["member_id"] for row in rows])
    return [candidate_of(row, of_offer[row["offer_id"]], claims.get(row["member_id"], {})) for row in rows]


async def _claims(ctx: Context, need_id: NeedId, members: list[MemberId]) -> dict[MemberId, dict[str, Any]]:
    """What the last tick claims of these people; nobody is claimed where no solver runs."""
    rows = await run(
        ctx.tx, "claims_on", need_id=need_id, members=members, ticked_after=ctx.now - ctx.settings.claims_last
    )  # fmt: skip
    return {
        row["member_id"]: {
            "claimed": row["claimed"],
            "claimed_by": Urgency(row["claimed_by"]) if row["claimed_by"] else None,
        }
        for row in rows
    }


def candidate_of(row: Mapping[str, Any], known: Mapping[str, Any], claims: Mapping[str, Any]) -> Candidate:
    """From a row of the candidate search, one of what is known of these people, and one of who claims them."""
    return Candidate(
        **{name: value for name, value in row.items() if name != "cost"},
        **{name: value for name, value in known.items() if name != "at"},
        **claims,
    )


async def _write(ctx: Context, row: Mapping[str, Any], need: OpenNeed, plan: Plan, pace: Pace) -> None:
    asked = 0
    if plan.asks:
        wave = await run(ctx.tx, "next_wave", id=need.id)
        # In one order of members everywhere, so that two needs planning at once cannot wait for each other.
        for candidate, chance in sorted(zip(plan.asks, plan.chances, strict=True), key=lambda c: c[0].member_id):
            asked += await _ask(ctx, row, candidate, terms_of(candidate, chance, plan.prior), pace, wave)
        await tell(ctx, need.id, "worker", "wave", {"wave": wave, "asked": asked})
    if plan.exhausted and await run(ctx.tx, "mark_exhausted", id=need.id, now=ctx.now):
        await tell(ctx, need.id, "worker", "exhausted")
    if asked < len(plan.asks):  # someone else's ask reached them first: look again at once
        await promise(ctx.tx, "match_need", need.id, ctx.now)
    elif plan.next_at:
        await promise(ctx.tx, "match_need", need.id, plan.next_at)


async def _ask(
    ctx: Context, need: Mapping[str, Any], candidate: Candidate, terms: Mapping[str, Any], pace: Pace, wave: int
) -> bool:
    """False if the volunteer was asked by another need meanwhile, or has had enough asks this week."""
    member_id = candidate.member_id
    if not await run(ctx.tx, "count_ask", id=member_id, cap=ctx.settings.weekly_asks, now=ctx.now):
        return False
    ask_id = uuid4()
    times_out_at = min(ctx.now + pace.ask_timeout, need["expires_at"])
    added = await run(
        ctx.tx, "add_ask", id=ask_id, need_id=need["id"], offer_id=candidate.offer_id, member_id=member_id,
        group_id=need["group_id"], round=need["round"], wave=wave, urgent=need["urgency"] == Urgency.URGENT,
        language=candidate.language, terms=json.dumps(terms), now=ctx.now, times_out_at=times_out_at,
    )  # fmt: skip
    if not added:
        await run(ctx.tx, "uncount_ask", id=member_id, at=ctx.now)
        return False
    await owe_notice(ctx, "ask", ask_id, member_id=member_id)
    await promise(ctx.tx, "time_out_ask", ask_id, times_out_at)
    return True


def terms_of(candidate: Candidate, chance: float, prior: Beta) -> dict[str, Any]:
    """All that went into the cost and into the chance of a yes; of the distance only the band and the share of the
    radius. `cost_of_terms` and `chance_of_yes` give the same again.
    """
    cost = candidate.cost
    return {
        "band": band(candidate.km), "second_language": candidate.second_language,
        "share": None if candidate.km is None else candidate.distance, "used": candidate.load,
        "distance": cost.distance, "language": cost.language, "load": cost.load, "cost": cost.total,
        "asks_last_week": candidate.asks_last_week, "answered": candidate.answered, "accepted": candidate.accepted,
        "ease": candidate.ease, "chance": chance, "prior": {"yes": prior.yes, "no": prior.no}, "claimed": candidate.claimed, "helped_before": candidate.helped_before,
        "reserved": candidate.reserved,
    }  # fmt: skip


async def offer_appeared(ctx: Context, offer_id: OfferId) -> None:
    """An offer is new, changed or awake again: needs it could serve are matched anew."""
    for row in await run(ctx.tx, "needs_an_offer_fits", offer_id=offer_id, most=NEEDS_MOST):
        await promise(ctx.tx, "match_need", row["id"], ctx.now)
