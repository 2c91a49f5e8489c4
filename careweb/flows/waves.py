"""Many waves at once: planned for whatever is due, written in a few statements.

Nothing here waits for a row: whatever somebody else is at work on is left to them, so that a tick can neither hold
anybody up for long nor wait in a circle.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from careweb.domain.ids import MemberId, NeedId
from careweb.domain.planning import UNKNOWN, Due, Known, Looked, Planned, PlannedAsk, Waves
from careweb.domain.responses import PRIOR, Beta
from careweb.domain.states import Urgency
from careweb.domain.waves import Candidate, OpenNeed, Pace
from careweb.flows.beside import Aside, Beside
from careweb.flows.context import Context
from careweb.flows.matching import pace_of, terms_of
from careweb.storage.database import run
from careweb.storage.promises import promise_each, promise_many

_BATCH = 2000  # needs
_ASKS = 5000  # written at a time


def terms_text(candidate: Candidate, chance: float, prior: Beta) -> str:
    return json.dumps(terms_of(candidate, chance, prior))


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


async def ask_waves(ctx: Context, due: Sequence[Due], waves: Waves, aside: Aside) -> int:
    """How many were asked. While one batch is planned, what is known for the next is fetched, and the one before is written."""
    position = {need.id: i for i, need in enumerate(waves.lists.needs)}
    asked = 0
    async with Beside(aside) as beside:
        for start in range(0, len(due), _BATCH):
            looked = waves.look([(position[one.need.id], one) for one in due[start : start + _BATCH]])
            asked += await _write_waves(ctx, await beside.begin(waves.plan, looked, await _known(ctx, looked)) or [])
        asked += await _write_waves(ctx, await beside.done() or [])
    return asked


async def _known(ctx: Context, looked: Sequence[Looked]) -> list[Known]:
    """Of each row, one need after the other."""
    needs: list[UUID] = []
    offers: list[UUID] = []
    for one in looked:
        needs += [one.due.need.id] * len(one.rows)
        offers += [UUID(bytes=offer) for offer in one.list.columns.offer[one.rows].tolist()]
    known = [UNKNOWN] * len(needs)
    if needs:
        for row in await run(ctx.tx, "known_of_candidates", need_ids=needs, offer_ids=offers):
            known[row["at"] - 1] = Known(row["answered"], row["accepted"], row["helped_before"], row["reserved"])
    return known


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ask:
    id: UUID
    planned: PlannedAsk
    due: Due
    times_out_at: datetime

    @property
    def row(self) -> Mapping[str, Any]:
        return self.due.row


async def _write_waves(ctx: Context, plans: Sequence[Planned]) -> int:
    """How many were asked. A need that is not what it was when it was planned for keeps its promise: a worker looks."""
    if not plans:
        return 0
    still = await _hold(ctx, plans)
    made = Counter[NeedId]()
    for asks in _stretches(ask for one in still for ask in _asks(ctx, one)):
        made.update(await _write(ctx, asks))
    await _tell(ctx, made, {one.due.need.id: one.due.row["waves"] + 1 for one in still})
    complete = {one.due.need.id: len(one.asks) == made[one.due.need.id] for one in still}
    due = [one.next_at if complete[one.due.need.id] else ctx.now for one in still]
    await run(ctx.tx, "move_match_promises", needs=list(complete), due=due)
    return made.total()


def _stretches(asks: Iterable[_Ask]) -> Iterator[list[_Ask]]:
    whole = iter(asks)
    while stretch := list(islice(whole, _ASKS)):
        yield stretch


async def _write(ctx: Context, asks: Sequence[_Ask]) -> list[NeedId]:
    """The need of each ask that was made."""
    made = await _add(ctx, asks)
    await _owe(ctx, made)
    return [NeedId(ask.row["id"]) for ask in made]


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
    return [_Ask(id=uuid4(), planned=ask, due=one.due, times_out_at=times_out_at) for ask in one.asks]


def _times_out_at(ctx: Context, pace: Pace, row: Mapping[str, Any]) -> datetime:
    expires_at: datetime = row["expires_at"]
    return min(ctx.now + pace.ask_timeout, expires_at)


async def _add(ctx: Context, asks: Sequence[_Ask]) -> list[_Ask]:
    """Those that were made: nobody beyond their week, nobody who has an ask already."""
    members = [ask.planned.member for ask in asks]
    counted = {
        row["id"] for row in await run(ctx.tx, "count_asks", members=members, cap=ctx.settings.weekly_asks, now=ctx.now)
    }
    asks = [ask for ask in asks if ask.planned.member in counted]
    added = await run(
        ctx.tx, "add_asks", now=ctx.now, ids=[ask.id for ask in asks], needs=[ask.row["id"] for ask in asks],
        offers=[ask.planned.offer for ask in asks], members=[ask.planned.member for ask in asks],
        groups=[ask.row["group_id"] for ask in asks], rounds=[ask.row["round"] for ask in asks],
        waves=[ask.row["waves"] + 1 for ask in asks], urgent=[ask.row["urgency"] == Urgency.URGENT for ask in asks],
        languages=[ask.planned.language for ask in asks], terms=[ask.planned.terms for ask in asks],
        times_out=[ask.times_out_at for ask in asks],
    )  # fmt: skip
    made = {row["id"] for row in added}
    not_made: list[MemberId] = [ask.planned.member for ask in asks if ask.id not in made]
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
        subjects=[ask.id for ask in asks], members=[ask.planned.member for ask in asks],
    )  # fmt: skip
    await promise_many(ctx.tx, "deliver_notice", [row["id"] for row in owed], ctx.now)
    await promise_each(ctx.tx, [("time_out_ask", ask.id, ask.times_out_at) for ask in asks])
