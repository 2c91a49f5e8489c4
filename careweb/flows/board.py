"""What coordinators see of their group's needs, and what they do about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from careweb.domain.board import Area, Line, Place, Tally, lines, shares, within
from careweb.domain.distances import Band
from careweb.domain.errors import NotHereError, OverError
from careweb.domain.ids import AskId, GroupId, MemberId, NeedId
from careweb.domain.reasons import Reasons, Smallest, smallest_change
from careweb.domain.states import AskState, CloseReason, NeedState
from careweb.flows.context import Context
from careweb.flows.following import NeedView, follow
from careweb.flows.needs import end_need, tell
from careweb.flows.shortages import Shortage, shortage_of
from careweb.flows.widening import why_nobody
from careweb.storage.database import run
from careweb.storage.promises import promise
from careweb.storage.sealing import key_of

COLUMNS = ("age", "language", "category", "urgency")


@dataclass(frozen=True, kw_only=True)
class Board:
    area: Area
    lines: list[Line]
    open: int
    unmet: int
    by: dict[str, list[tuple[str, int, int]]]  # column -> value, open, unmet


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One ask as the coordinators of the need's group see it; a name only if the volunteer is their own."""

    id: AskId
    member_id: MemberId
    name: str = field(repr=False)
    own: bool
    wave: int
    state: AskState
    sent_at: datetime | None
    answered_at: datetime | None
    language: str
    band: Band


@dataclass(frozen=True, kw_only=True)
class Event:
    at: datetime
    actor: str
    kind: str
    detail: dict[str, Any]
    reason: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class NeedForStaff:
    need: NeedView
    widened_km: float
    asked: list[Asked]
    events: list[Event]
    reasons: Reasons | None  # only while it is open
    shortage: Shortage | None  # of the whole pool when it was solved last, if this need has part in one
    smallest: Smallest | None  # change that would serve it, if one is needed


async def board(ctx: Context, group_id: GroupId, area: Area) -> Board:
    tallies = [Tally(**row) for row in await run(ctx.tx, "board_tallies", group_id=group_id, now=ctx.now)]
    places = await _places(ctx, area, {tally.zone for tally in tallies})
    here = within(area, tallies, places)
    return Board(
        area=area,
        lines=lines(area, tallies, places),
        open=sum(tally.needs for tally in here),
        unmet=sum(tally.needs for tally in here if tally.unmet),
        by={column: shares(here, attrgetter(column)) for column in COLUMNS},
    )


async def _places(ctx: Context, area: Area, zones: set[str]) -> dict[str, Place]:
    rows = await run(ctx.tx, "board_places", zones=sorted(zones), layer=area.layer)
    return {row["zone"]: Place(**row) for row in rows}


async def needs_behind(
    ctx: Context, group_id: GroupId, area: Area, *, zone: str = "", unmet: bool = False, **only: str
) -> list[Mapping[str, Any]]:
    """The list behind any number of the board: `only` is of COLUMNS."""
    rows = await run(ctx.tx, "board_needs", group_id=group_id, now=ctx.now)
    places = await _places(ctx, area, {row["zone"] for row in rows})
    return [
        row
        for row in rows
        if area.holds(places[row["zone"]])
        and (not zone or row["zone"] == zone)
        and (not unmet or row["unmet"])
        and all(row[column] == value for column, value in only.items() if value)
    ]


async def need_for_staff(ctx: Context, group_id: GroupId, need_id: NeedId) -> NeedForStaff:
    row = await _own(ctx, group_id, need_id)
    asked = await run(ctx.tx, "asks_of_need", need_id=need_id)
    found = await why_nobody(ctx, need_id) if row["state"] == NeedState.OPEN else None
    shortage = await shortage_of(ctx, need_id) if found else None
    wanted = row["helpers"] - row["filled"]
    return NeedForStaff(
        need=await follow(ctx, need_id),
        widened_km=row["widened_km"],
        asked=[await _asked(ctx, group_id, ask) for ask in asked],
        events=await _events(ctx, need_id),
        reasons=found,
        shortage=shortage,
        smallest=smallest_change(found, wanted=wanted, contested=shortage is not None) if found else None,
    )


async def _asked(ctx: Context, group_id: GroupId, ask: Mapping[str, Any]) -> Asked:
    own = ask["offer_group_id"] == group_id
    sealer = await key_of(ctx.tx, ctx.vault, "member", ask["member_id"]) if own else None
    return Asked(
        id=ask["id"], member_id=ask["member_id"], name=sealer.open("name", ask["sealed_name"]) if sealer else "", own=own, wave=ask["wave"],
        state=AskState(ask["state"]), sent_at=ask["sent_at"], answered_at=ask["answered_at"],
        language=ask["language"], band=Band(ask["terms"]["band"]),
    )  # fmt: skip


async def _events(ctx: Context, need_id: NeedId) -> list[Event]:
    sealer = await key_of(ctx.tx, ctx.vault, "need", need_id)
    return [
        Event(
            at=row["at"], actor=row["actor"], kind=row["kind"], detail=row["detail"],
            reason=sealer.open("reason", row["sealed_reason"]) if sealer else "",
        )
        for row in await run(ctx.tx, "events_of_need", need_id=need_id)
    ]  # fmt: skip


async def widen(ctx: Context, group_id: GroupId, need_id: NeedId, km: float) -> None:
    """Volunteers may be asked who said a little less far; the ask tells them so by its band."""
    await _own(ctx, group_id, need_id)
    if not await run(ctx.tx, "widen_need", id=need_id, widened_km=km):
        raise OverError
    await promise(ctx.tx, "match_need", need_id, ctx.now)
    await tell(ctx, need_id, "coordinator", "widened", {"km": km})


async def ask_again(ctx: Context, group_id: GroupId, need_id: NeedId) -> None:
    """Those who did not answer may be asked once more; those who said no are left in peace."""
    await _own(ctx, group_id, need_id)
    if not await run(ctx.tx, "ask_again", id=need_id):
        raise OverError
    await promise(ctx.tx, "match_need", need_id, ctx.now)
    await tell(ctx, need_id, "coordinator", "asked_again")


async def close_need(ctx: Context, group_id: GroupId, need_id: NeedId, reason: CloseReason, words: str = "") -> None:
    await _own(ctx, group_id, need_id)
    await end_need(ctx, need_id, NeedState.CLOSED, actor="coordinator", kind="closed", close_reason=reason, words=words)


async def _own(ctx: Context, group_id: GroupId, need_id: NeedId) -> Mapping[str, Any]:
    """The need, if it is this group's; another group's is as if it were not there."""
    row: Mapping[str, Any] | None = await run(ctx.tx, "need_by_id", id=need_id)
    if row is None or row["group_id"] != group_id or row["purged_at"]:
        raise NotHereError
    return row
