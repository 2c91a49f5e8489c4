"""What a volunteer does with an ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from careweb.domain.codes import CodeError, read_digits
from careweb.domain.distances import Band
from careweb.domain.errors import AtCapacityError, NotHereError, NotNowError
from careweb.domain.explanations import Reason, why_asked
from careweb.domain.ids import AskId, MatchId, MemberId, NeedId
from careweb.domain.states import AskState, MatchState, NeedState, Urgency
from careweb.flows.again import look_again
from careweb.flows.context import Context
from careweb.flows.needs import cancel_asks, tell
from careweb.flows.notices import owe_notice
from careweb.storage.database import run
from careweb.storage.promises import call_off, promise
from careweb.storage.sealing import key_of

SHORT_CODE_DIGITS = 4
WRONG_CODES_MOST = 5


class Answer(StrEnum):
    ACCEPTED = "accepted"  # connected
    AWAITING_ASKER = "awaiting_asker"  # the asker looks first
    COVERED = "covered"  # someone else was there before
    OVER = "over"  # the ask was answered, timed out or taken back


class Door(StrEnum):
    """Where an answer came in: it is the same answer everywhere."""

    PAGE = "page"
    TEXT = "text"
    MAIL = "mail"
    PHONE = "phone"  # a coordinator enters what they are told

    @property
    def entered_by(self) -> str:
        return "coordinator" if self is Door.PHONE else "helper"


@dataclass(frozen=True, kw_only=True)
class AskView:
    id: AskId
    member_id: MemberId
    state: AskState
    category: str
    needed_by: datetime
    hours: int
    urgency: Urgency
    helpers: int
    time_zone: str
    band: Band
    language: str
    second_language: bool
    asks_last_week: int
    least_served: bool  # its community, by the last tick
    group_name: str
    asker_sees_first: bool
    text: str  # only for the asked volunteer, signed in, where the asker allowed it
    match_id: MatchId | None
    match_state: MatchState | None

    @property
    def why(self) -> list[Reason]:
        return why_asked(
            category=self.category, language=self.language, second_language=self.second_language, band=self.band,
            asks_last_week=self.asks_last_week, least_served=self.least_served,
        )  # fmt: skip


async def view_ask(ctx: Context, ask_id: AskId, visitor: MemberId | None) -> AskView:
    """Structured facts for whoever holds the link; the free text only for the volunteer who was asked."""
    row = await run(ctx.tx, "ask_by_id", id=ask_id)
    if row is None or (visitor and visitor != row["member_id"]):
        raise NotHereError
    text = ""
    if visitor:
        await run(ctx.tx, "see_ask", id=ask_id, now=ctx.now)
        if row["show_text"] and row["need_state"] == NeedState.OPEN and _still_asked(row):
            sealer = await key_of(ctx.tx, ctx.vault, "need", row["need_id"])
            text = sealer.open("text", row["sealed_text"]) if sealer else ""
    return _view(row, text)


def _view(row: Mapping[str, Any], text: str) -> AskView:
    terms = row["terms"]
    return AskView(
        id=row["id"], member_id=row["member_id"], state=AskState(row["state"]), category=row["category"],
        needed_by=row["needed_by"], hours=row["hours"], urgency=Urgency(row["urgency"]), helpers=row["helpers"],
        time_zone=row["time_zone"], band=Band(terms["band"]), language=row["language"],
        second_language=terms["second_language"], asks_last_week=terms["asks_last_week"],
        least_served=row["least_served"],
        group_name=row["group_name"], asker_sees_first=row["see_first"], text=text, match_id=row["match_id"],
        match_state=MatchState(row["match_state"]) if row["match_state"] else None,
    )  # fmt: skip


async def who_holds(ctx: Context, ask_id: AskId, short_code: str) -> MemberId | None:
    """The asked volunteer, if the code of the message was typed in; five wrong ones and it is dead.

    What is no code is no try: programs that press every button must not use up a person's.
    """
    row = await run(ctx.tx, "ask_by_id", id=ask_id)
    if row is None or row["wrong_codes"] >= WRONG_CODES_MOST:
        return None
    try:
        typed = read_digits(short_code, SHORT_CODE_DIGITS)
    except CodeError:
        return None
    if typed == ctx.vault.digits("ask", ask_id, SHORT_CODE_DIGITS):
        return MemberId(row["member_id"])
    await run(ctx.tx, "count_wrong_code", id=ask_id)
    return None


async def accept(ctx: Context, ask_id: AskId, member_id: MemberId, door: Door = Door.PAGE) -> Answer:
    """Each step is one guarded statement, always in the order membership, need, member, ask, so that nobody waits in
    a circle.

    Raises AtCapacityError or NotNowError: then nothing of it has happened, since the transaction is rolled back.
    """
    ask = await run(ctx.tx, "ask_by_id", id=ask_id)
    if ask is None or ask["member_id"] != member_id:
        raise NotHereError
    if ask["match_id"] and ask["match_state"] != MatchState.FELL_THROUGH:
        return _answer(ask["match_state"])  # the same yes, sent twice
    if not _still_asked(ask) or not await run(ctx.tx, "hold_membership", ask_id=ask_id):
        return Answer.COVERED if ask["state"] == AskState.COVERED else Answer.OVER
    need_state = await run(ctx.tx, "take_slot", id=ask["need_id"])
    if need_state is None:
        await run(ctx.tx, "cover_ask", id=ask_id, now=ctx.now)
        return Answer.COVERED
    if not await run(ctx.tx, "take_task", id=member_id, now=ctx.now):
        raise AtCapacityError
    if not await run(ctx.tx, "accept_ask", id=ask_id, member_id=member_id, now=ctx.now):
        raise NotNowError
    await _told(ctx, NeedId(ask["need_id"]), door, "accepted")
    return await _open_match(ctx, ask, full=need_state == NeedState.MATCHED)


async def _told(ctx: Context, need_id: NeedId, door: Door, kind: str) -> None:
    """The line in the need's history: by whichever door it came in."""
    await tell(ctx, need_id, door.entered_by, kind, {"door": door})


def _still_asked(ask: Mapping[str, Any]) -> bool:
    """A late yes counts, but not to a need that has changed since, nor from someone who is not admitted any more."""
    late = ask["state"] == AskState.TIMED_OUT and ask["of_this_round"]
    return bool(ask["admitted"] and (late or ask["state"] in (AskState.PLANNED, AskState.SENT)))


async def _open_match(ctx: Context, ask: Mapping[str, Any], *, full: bool) -> Answer:
    match_id, need_id = MatchId(uuid4()), NeedId(ask["need_id"])
    state = MatchState.AWAITING_ASKER if ask["see_first"] else MatchState.CONNECTED
    await run(
        ctx.tx, "add_match", id=match_id, need_id=need_id, ask_id=ask["id"], offer_id=ask["offer_id"],
        member_id=ask["member_id"], group_id=ask["group_id"], state=state, now=ctx.now,
    )  # fmt: skip
    await call_off(ctx.tx, "time_out_ask", [ask["id"]])
    if full:
        await cancel_asks(ctx, need_id, AskState.COVERED)
        await call_off(ctx.tx, "match_need", [need_id])
    if state is MatchState.AWAITING_ASKER:
        urgent = ask["urgency"] == Urgency.URGENT
        wait = ctx.settings.urgent_choice_lapses if urgent else ctx.settings.choice_lapses
        await promise(ctx.tx, "lapse_match", match_id, ctx.now + wait)
        await owe_notice(ctx, "choose", match_id, need_id=need_id)
    else:
        await connected(ctx, match_id, need_id, MemberId(ask["member_id"]), ask["needed_by"])
    return _answer(state)


async def connected(ctx: Context, match_id: MatchId, need_id: NeedId, member_id: MemberId, needed_by: datetime) -> None:
    """Two yeses: both may now see how to reach the other."""
    await owe_notice(ctx, "connected", match_id, need_id=need_id)
    await owe_notice(ctx, "connected", match_id, member_id=member_id)
    await promise(ctx.tx, "remind_match", match_id, max(ctx.now, needed_by - (needed_by - ctx.now) / 4))
    await promise(ctx.tx, "ask_whether", match_id, needed_by)
    await tell(ctx, need_id, "worker", "connected")


def _answer(match_state: str) -> Answer:
    return Answer.AWAITING_ASKER if match_state == MatchState.AWAITING_ASKER else Answer.ACCEPTED


async def decline(ctx: Context, ask_id: AskId, member_id: MemberId, door: Door = Door.PAGE) -> bool:
    """Not this time; nothing else follows for the volunteer. The need looks for others at once."""
    await look_again(ctx, ask_id)
    need_id = await run(ctx.tx, "decline_ask", id=ask_id, member_id=member_id, now=ctx.now)
    if not need_id:
        return False
    await call_off(ctx.tx, "time_out_ask", [ask_id])
    await _told(ctx, need_id, door, "declined")
    return True
