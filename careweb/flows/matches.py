"""What two people do after one of them said yes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from careweb.domain.errors import NotHereError, NotNowError, OverError
from careweb.domain.hours import until
from careweb.domain.ids import MatchId, MemberId, NeedId
from careweb.domain.needs import USUAL_TIME, Change, expires_at
from careweb.domain.states import LIVE, UNDER_WAY, ContactKind, MatchState, NeedState, Urgency
from careweb.flows.asks import connected
from careweb.flows.changes import changes_since
from careweb.flows.context import Context
from careweb.flows.needs import promise_dates, stop_promises, tell
from careweb.flows.notices import owe_in_bursts, owe_notice
from careweb.storage.database import run
from careweb.storage.promises import call_off, promise
from careweb.storage.sealing import key_of

NOTE_MOST = 500
THANKS_MOST = 200
OPEN_TO_BOTH = (MatchState.CONNECTED, MatchState.DONE)


@dataclass(frozen=True, kw_only=True)
class Note:
    author: str  # asker or helper
    text: str = field(repr=False)
    written_at: datetime
    thanks: bool  # said once, after a task


@dataclass(frozen=True, kw_only=True)
class HelperSide:
    """What the helper sees of a match; name, contact and text only once both said yes."""

    id: MatchId
    need_id: NeedId
    state: MatchState
    ended_by: str | None
    category: str
    needed_by: datetime
    helpers: int
    changed: tuple[Change, ...]  # since they said yes, while it is under way
    time_zone: str
    language: str
    asker_name: str
    asker_contact: str = field(repr=False)
    asker_contact_kind: ContactKind
    text: str = field(repr=False)
    notes: tuple[Note, ...]
    may_thank: bool


def open_to_both(row: Mapping[str, Any]) -> bool:
    """May each see how to reach the other? Even of what is done not any more, once they are kept apart."""
    return row["state"] in OPEN_TO_BOTH and not row["apart"]


async def helper_side(ctx: Context, match_id: MatchId, member_id: MemberId) -> HelperSide:
    row = await _of_helper(ctx, match_id, member_id)
    sealer = await key_of(ctx.tx, ctx.vault, "need", row["need_id"]) if open_to_both(row) else None
    under_way = row["state"] in UNDER_WAY
    return HelperSide(
        id=row["id"], need_id=row["need_id"], state=MatchState(row["state"]), ended_by=row["ended_by"],
        category=row["category"], needed_by=row["needed_by"], helpers=row["helpers"],
        changed=await changes_since(ctx, row["need_id"], row["accepted_at"]) if under_way else (),
        time_zone=row["time_zone"], language=row["language"],
        asker_name=sealer.open("name", row["asker_sealed_name"]) if sealer else "",
        asker_contact=sealer.open("contact", row["asker_sealed_contact"]) if sealer else "",
        asker_contact_kind=ContactKind(row["asker_contact_kind"]),
        text=sealer.open("text", row["sealed_text"]) if sealer else "",
        notes=await notes_of(ctx, match_id, row["need_id"]) if sealer else (), may_thank=bool(sealer) and may_thank(row),
    )  # fmt: skip


async def notes_of(ctx: Context, match_id: MatchId, need_id: NeedId) -> tuple[Note, ...]:
    sealer = await key_of(ctx.tx, ctx.vault, "need", need_id)
    if sealer is None:
        return ()
    rows = await run(ctx.tx, "notes_of_match", match_id=match_id)
    return tuple(
        Note(
            author=row["author"],
            text=sealer.open("note", row["sealed_text"]),
            written_at=row["written_at"],
            thanks=row["thanks"],
        )
        for row in rows
    )


async def choose(ctx: Context, need_id: NeedId, match_id: MatchId, *, yes: bool) -> None:
    """The asker who wanted to see who first: the second yes, or no."""
    row = await _of_need(ctx, match_id, need_id)
    if not yes:
        if row["state"] != MatchState.AWAITING_ASKER:
            raise NotNowError
        await _reopen(ctx, row, by="asker", kind="refused")
        await owe_notice(ctx, "not_chosen", match_id, member_id=row["member_id"])
        return
    if not await run(ctx.tx, "connect_match", id=match_id, need_id=need_id, now=ctx.now):
        raise NotNowError
    await call_off(ctx.tx, "lapse_match", [match_id])
    await connected(ctx, match_id, need_id, row["member_id"], row["needed_by"])


async def missed(ctx: Context, need_id: NeedId, match_id: MatchId) -> None:
    """ "It did not happen", says the asker: the slot opens again."""
    row = await _of_need(ctx, match_id, need_id)
    await _reopen(ctx, row, by="asker", kind="fell_through", even_met=True)
    await owe_notice(ctx, "fell_through", match_id, member_id=row["member_id"])


async def cannot(ctx: Context, match_id: MatchId, member_id: MemberId) -> None:
    """ "I cannot after all", says the helper: the slot opens again and others are asked at once."""
    row = await _of_helper(ctx, match_id, member_id)
    await _reopen(ctx, row, by="helper", kind="fell_through")
    await owe_notice(ctx, "fell_through", match_id, need_id=row["need_id"])


async def take_back(ctx: Context, match_id: MatchId) -> None:
    """The helper was suspended: what they agreed to goes to somebody else."""
    row = await run(ctx.tx, "match_by_id", id=match_id, member_id=None, need_id=None)
    await _reopen(ctx, row, by="coordinator", kind="fell_through")
    await owe_notice(ctx, "fell_through", match_id, need_id=row["need_id"])


async def helped(ctx: Context, match_id: MatchId, member_id: MemberId) -> None:
    """ "Done", says the helper. When nothing else of the need is open or under way, it is met."""
    row = await _of_helper(ctx, match_id, member_id)
    need_state = await run(ctx.tx, "hold_need", id=row["need_id"])  # first, as everywhere
    if not await run(ctx.tx, "finish_match", id=match_id, by="helper", now=ctx.now):
        raise NotNowError
    for job in ("remind_match", "ask_whether"):
        await call_off(ctx.tx, job, [match_id])
    await tell(ctx, row["need_id"], "helper", "done")
    if need_state == NeedState.MATCHED and not await run(ctx.tx, "count_unfinished", need_id=row["need_id"]):
        await run(ctx.tx, "end_need", id=row["need_id"], state=NeedState.MET, close_reason=None, now=ctx.now)
        await stop_promises(ctx, row["need_id"])
        await tell(ctx, row["need_id"], "worker", "met")


async def lapse(ctx: Context, match_id: MatchId) -> None:
    """The asker who wanted to see who first never answered: the volunteer is free again."""
    row = await run(ctx.tx, "match_by_id", id=match_id, member_id=None, need_id=None)
    if row and row["state"] == MatchState.AWAITING_ASKER and row["need_state"] in LIVE:
        await _reopen(ctx, row, by="time", kind="fell_through")
        await owe_notice(ctx, "not_chosen", match_id, member_id=row["member_id"])


async def add_note(ctx: Context, match_id: MatchId, need_id: NeedId, author: str, text: str) -> None:
    row = await _of_need(ctx, match_id, need_id)
    if row["state"] != MatchState.CONNECTED or row["apart"]:
        raise OverError
    sealed = await _sealed_note(ctx, need_id, text)
    await run(ctx.tx, "add_note", id=uuid4(), match_id=match_id, author=author, sealed_text=sealed, now=ctx.now)
    await owe_in_bursts(ctx, "note", match_id, **_other(row, author))


async def thank(ctx: Context, match_id: MatchId, need_id: NeedId, author: str, text: str) -> None:
    """One line after a task, from either side. Said twice, the first one stands."""
    row = await _of_need(ctx, match_id, need_id)
    if not may_thank(row):
        raise OverError
    sealed = await _sealed_note(ctx, need_id, text)
    added = await run(
        ctx.tx, "add_thanks", id=uuid4(), match_id=match_id, author=author, sealed_text=sealed, now=ctx.now
    )
    if added:
        await owe_notice(ctx, "thanks", match_id, **_other(row, author))


def may_thank(row: Mapping[str, Any]) -> bool:
    return row["state"] == MatchState.DONE and not row["apart"]


async def thank_asker(ctx: Context, match_id: MatchId, member_id: MemberId, text: str) -> None:
    row = await _of_helper(ctx, match_id, member_id)
    await thank(ctx, match_id, row["need_id"], "helper", text)


def _other(row: Mapping[str, Any], author: str) -> dict[str, Any]:
    return {"member_id": row["member_id"]} if author == "asker" else {"need_id": row["need_id"]}


async def _sealed_note(ctx: Context, need_id: NeedId, text: str) -> bytes:
    sealer = await key_of(ctx.tx, ctx.vault, "need", need_id)
    sealed = sealer.seal("note", text) if sealer else None
    if sealed is None:
        raise OverError
    return sealed


async def add_helper_note(ctx: Context, match_id: MatchId, member_id: MemberId, text: str) -> None:
    row = await _of_helper(ctx, match_id, member_id)
    await add_note(ctx, match_id, row["need_id"], "helper", text)


async def _of_helper(ctx: Context, match_id: MatchId, member_id: MemberId) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await run(ctx.tx, "match_by_id", id=match_id, member_id=member_id, need_id=None)
    if row is None:
        raise NotHereError
    return row


async def _of_need(ctx: Context, match_id: MatchId, need_id: NeedId) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await run(ctx.tx, "match_by_id", id=match_id, member_id=None, need_id=need_id)
    if row is None:
        raise NotHereError
    return row


async def _reopen(ctx: Context, row: Mapping[str, Any], *, by: str, kind: str, even_met: bool = False) -> None:
    need_id = row["need_id"]
    # The need first: every flow locks it before its members and its matches. Then the match, before its slot: a form that
    # is sent twice finds it dropped, its page says so and commits, and no slot may have been freed by then.
    await run(ctx.tx, "hold_need", id=need_id)
    if not await run(ctx.tx, "drop_match", id=row["id"], by=by, now=ctx.now, even_done=even_met):
        raise NotNowError
    if not await run(ctx.tx, "free_slot", id=need_id, even_met=even_met):
        raise NotNowError
    await run(ctx.tx, "give_task_back", id=row["member_id"], accepted_at=row["accepted_at"])
    for job in ("lapse_match", "remind_match", "ask_whether"):
        await call_off(ctx.tx, job, [row["id"]])
    await call_off(ctx.tx, "purge_need", [need_id])
    needed_by = await _new_by_when(ctx, row) if by != "time" else row["needed_by"]
    await promise_dates(ctx, need_id, needed_by, row["accepted_at"], expires_at(needed_by))
    await promise(ctx.tx, "match_need", need_id, ctx.now)
    await tell(ctx, need_id, "worker" if by == "time" else by, kind)


async def _new_by_when(ctx: Context, row: Mapping[str, Any]) -> datetime:
    """Whoever was let down when their day had passed still needs it: they get as long again as such a need has."""
    needed_by: datetime = row["needed_by"]
    if needed_by > ctx.now:
        return needed_by
    needed_by = ctx.now + USUAL_TIME[Urgency(row["urgency"])]
    hours = until(ctx.now, needed_by, row["time_zone"])
    await run(
        ctx.tx, "postpone_need", id=row["need_id"], needed_by=needed_by, hours=row["hours"] | hours,
        expires_at=expires_at(needed_by),
    )  # fmt: skip
    return needed_by
