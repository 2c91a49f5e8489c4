"""Many waves at once: planned for whatever is due, written in a few statements.

Nothing here waits for a row: whatever somebody else is at work on is left to them, so that a tick can neither hold
anybody up for long nor wait in a circle.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from careweb.domain.ids import MemberId, NeedId
from careweb.domain.planning import Due, Planned, Waves, rows_for_wave
from careweb.domain.responses import PRIOR
from careweb.domain.states import Urgency
from careweb.domain.waves import Candidate, OpenNeed, Pace
from careweb.flows.context import Context
from careweb.flows.matching import pace_of, terms_of
from careweb.storage.database import run
from careweb.storage.promises import promise_each, promise_many

Aside = Callable[..., Awaitable[Any]]  # runs a function where it blocks nobody
_BATCH = 5000  # needs; what is known of so many people is found by reading each table once


async def waves_due(ctx: Context, needs: Sequence[NeedId], claimed: Sequence[NeedId]) -> list[Due]:
    """The most urgent first, then the oldest."""
    rows = await run(
        ctx.tx, "waves_due", needs=list(needs), claimed=list(claimed), now=ctx.now, before=ctx.now + ctx.settings.tick_every
    )  # fmt: skip
    return [_due(ctx, row) for row in rows]


def _due(ctx: Context, row: Mapping[str, Any]) -> Due:
    urgency = Urgency(row["urgency"])
    pace = pace_of(ctx.settings, urgency)
    chances = tuple(PRIOR.mean if chance is None else chance for chance in row["chances"])
    need = OpenNeed(
        id=row["id"], urgency=urgency, open_slots=row["open_slots"], chances_out=chances,
        sent_out=tuple(row["sent_out"]), asked_since=row["asked_since"], needed_by=row["needed_by"],
    )  # fmt: skip
    return Due(need=need, pace=pace, row=row)


async def plan_waves(ctx: Context, due: Sequence[Due], waves: Waves, aside: Aside) -> list[Planned]:
    position = {need.id: i for i, need in enumerate(waves.lists.needs)}
    plans: list[Planned] = []
    for start in range(0, len(due), _BATCH):
        batch = [(position[one.need.id], one) for one in due[start : start + _BATCH]]
        plans += await aside(waves.plan, batch, await _known(ctx, batch, waves))
    return plans


async def _known(
    ctx: Context, batch: Sequence[tuple[int, Due]], waves: Waves
) -> dict[tuple[UUID, UUID], Mapping[str, Any]]:
    needs: list[UUID] = []
    offers: list[UUID] = []
    for i, one in batch:
        listed = waves.lists.of[i]
        rows, _ = rows_for_wave(one.need, listed, waves.claims)
        needs += [one.need.id] * len(rows)
        offers += [listed.columns.offer[row] for row in rows]
    found = await run(ctx.tx, "known_of_candidates", need_ids=needs, offer_ids=offers) if needs else []
    return {(row["need_id"], row["offer_id"]): row for row in found}


@dataclass(frozen=True, kw_only=True)
class _Ask:
    id: UUID
    planned: Planned
    candidate: Candidate
    terms: str
    times_out_at: datetime

    @property
    def row(self) -> Mapping[str, Any]:
        return self.planned.due.row


async def write_waves(ctx: Context, plans: Sequence[Planned]) -> int:
    """How many were asked. A need that is not what it was when it was planned for keeps its promise: a worker looks."""
    still = await _hold(ctx, plans)
    asks = await _add(ctx, [ask for one in still for ask in _asks(ctx, one)])
    made = Counter(NeedId(ask.row["id"]) for ask in asks)
    await _tell(ctx, made, {one.due.need.id: one.due.row["waves"] + 1 for one in still})
    await _owe(ctx, asks)
    complete = {one.due.need.id: len(one.plan.asks) == made[one.due.need.id] for one in still}
    due = [one.plan.next_at if complete[one.due.need.id] else ctx.now for one in still]
    await run(ctx.tx, "move_match_promises", needs=list(complete), due=due)
    return len(asks)


async def _hold(ctx: Context, plans: Sequence[Planned]) -> list[Planned]:
    by_id = {one.due.need.id: one for one in plans}
    promised = {row["subject"] for row in await run(ctx.tx, "hold_match_promises", needs=list(by_id))}
    rows = [one.due.row for need_id, one in by_id.items() if need_id in promised]
    held = await run(
        ctx.tx, "hold_planned_needs", now=ctx.now, needs=[row["id"] for row in rows], rounds=[row["round"] for row in rows],
        waves=[row["waves"] for row in rows], slots=[row["open_slots"] for row in rows], outs=[len(row["chances"]) for row in rows],
    )  # fmt: skip
    return [by_id[row["id"]] for row in held]


def _asks(ctx: Context, one: Planned) -> list[_Ask]:
    times_out_at = _times_out_at(ctx, one.due.pace, one.due.row)
    return [
        _Ask(
            id=uuid4(), planned=one, candidate=candidate, times_out_at=times_out_at,
            terms=json.dumps(terms_of(candidate, chance, one.plan.prior)),
        )
        for candidate, chance in zip(one.plan.asks, one.plan.chances, strict=True)
    ]  # fmt: skip


def _times_out_at(ctx: Context, pace: Pace, row: Mapping[str, Any]) -> datetime:
    expires_at: datetime = row["expires_at"]
    return min(ctx.now + pace.ask_timeout, expires_at)


async def _add(ctx: Context, asks: Sequence[_Ask]) -> list[_Ask]:
    """Those that were made: nobody beyond their week, nobody who has an ask already."""
    members = [ask.candidate.member_id for ask in asks]
    counted = {
        row["id"] for row in await run(ctx.tx, "count_asks", members=members, cap=ctx.settings.weekly_asks, now=ctx.now)
    }
    asks = [ask for ask in asks if ask.candidate.member_id in counted]
    added = await run(
        ctx.tx, "add_asks", now=ctx.now, ids=[ask.id for ask in asks], needs=[ask.row["id"] for ask in asks],
        offers=[ask.candidate.offer_id for ask in asks], members=[ask.candidate.member_id for ask in asks],
        groups=[ask.row["group_id"] for ask in asks], rounds=[ask.row["round"] for ask in asks],
        waves=[ask.row["waves"] + 1 for ask in asks], urgent=[ask.row["urgency"] == Urgency.URGENT for ask in asks],
        languages=[ask.candidate.language for ask in asks], terms=[ask.terms for ask in asks],
        times_out=[ask.times_out_at for ask in asks],
    )  # fmt: skip
    made = {row["id"] for row in added}
    not_made: list[MemberId] = [ask.candidate.member_id for ask in asks if ask.id not in made]
    await run(ctx.tx, "uncount_asks", members=not_made, at=ctx.now)
    return [ask for ask in asks if ask.id in made]


async def _tell(ctx: Context, made: Mapping[NeedId, int], wave: Mapping[NeedId, int]) -> None:
    details = [json.dumps({"wave": wave[need_id], "asked": asked}) for need_id, asked in made.items()]
    await run(ctx.tx, "next_waves", needs=list(made))
    await run(ctx.tx, "add_events", needs=list(made), at=ctx.now, actor="worker", kind="wave", details=details)


async def _owe(ctx: Context, asks: Sequence[_Ask]) -> None:
    """Each ask's message, and its end if nobody answers."""
    owed = await run(
        ctx.tx, "owe_notices_to_members", ids=[uuid4() for _ in asks], kind="ask", now=ctx.now,
        subjects=[ask.id for ask in asks], members=[ask.candidate.member_id for ask in asks],
    )  # fmt: skip
    await promise_many(ctx.tx, "deliver_notice", [row["id"] for row in owed], ctx.now)
    await promise_each(ctx.tx, [("time_out_ask", ask.id, ask.times_out_at) for ask in asks])
