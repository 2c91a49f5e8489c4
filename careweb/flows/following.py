"""What is happening with a need, for the person who asked."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from careweb.domain.distances import Band
from careweb.domain.errors import NotHereError
from careweb.domain.ids import GroupId, MatchId, NeedId
from careweb.domain.needs import NewNeed
from careweb.domain.states import LIVE, ContactKind, MatchState, NeedState, Reach, Urgency
from careweb.flows.context import Context
from careweb.flows.entering import enter
from careweb.flows.matches import Note, may_thank, notes_of, open_to_both
from careweb.storage.database import run
from careweb.storage.promises import due_at
from careweb.storage.sealing import key_of

LATELY = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class AskerSide:
    """What the asker sees of a match; the helper's contact only once both said yes."""

    id: MatchId
    state: MatchState
    ended_by: str | None
    helper_name: str = field(repr=False)
    helper_contact: str = field(repr=False)
    helper_contact_kind: ContactKind
    language: str
    band: Band
    notes: tuple[Note, ...]
    may_thank: bool


@dataclass(frozen=True, kw_only=True)
class NeedView:
    id: NeedId
    group_id: GroupId
    group_slug: str
    group_name: str
    phone_line: str
    state: NeedState
    category: str
    zone_code: str
    zone_name_en: str
    zone_name_fr: str
    time_zone: str
    languages: tuple[str, ...]
    urgency: Urgency
    needed_by: datetime
    hours: int
    helpers: int
    filled: int
    reach: Reach
    show_text: bool
    see_first: bool
    locale: str
    contact_kind: ContactKind
    confirmed: bool
    posted_at: datetime
    expires_at: datetime
    close_reason: str | None
    closed_at: datetime | None
    repeats_until: date | None
    next_id: NeedId | None  # the same need, a week later
    name: str = field(repr=False)
    text: str = field(repr=False)
    asked: int  # volunteers written to so far
    waiting: int  # of them, those who have not answered yet
    silent: int  # of them, those who did not in time
    next_step_at: datetime | None  # when others are asked, if nobody says yes before
    nobody_left: bool  # a coordinator looks at it now
    matches: tuple[AskerSide, ...]


async def read_in(ctx: Context, need_id: NeedId, locale: str) -> None:
    """The language of the messages about it."""
    await enter(ctx, need_id)
    await run(ctx.tx, "set_need_locale", id=need_id, locale=locale)


async def follow(ctx: Context, need_id: NeedId) -> NeedView:
    row = await run(ctx.tx, "need_by_id", id=need_id)
    if row is None or row["purged_at"]:
        raise NotHereError
    sealer = await key_of(ctx.tx, ctx.vault, "need", need_id)
    counts = await run(ctx.tx, "count_asks_of_need", need_id=need_id)
    same = {name: row[name] for name in (
        "id", "group_id", "group_slug", "group_name", "phone_line", "category", "zone_code", "zone_name_en",
        "zone_name_fr", "time_zone", "needed_by", "hours", "helpers", "filled", "show_text", "see_first", "locale",
        "confirmed", "posted_at", "expires_at", "close_reason", "closed_at", "repeats_until",
    )}  # fmt: skip
    return NeedView(
        **same,
        state=NeedState(row["state"]), languages=tuple(row["languages"]), urgency=Urgency(row["urgency"]),
        reach=Reach(row["reach"]), contact_kind=ContactKind(row["contact_kind"]),
        name=sealer.open("name", row["sealed_name"]) if sealer else "",
        text=sealer.open("text", row["sealed_text"]) if sealer else "",
        asked=counts["asked"], waiting=counts["waiting"], silent=counts["silent"],
        next_step_at=await due_at(ctx.tx, "match_need", need_id),
        next_id=await run(ctx.tx, "need_after", id=need_id), nobody_left=row["exhausted_at"] is not None,
        matches=await _matches(ctx, need_id),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Held:
    """Beside what the need itself says: how much else there is about it."""

    browsers: int  # that may follow it
    messages: int  # that we sent to its asker and still remember


async def held_about(ctx: Context, need_id: NeedId) -> Held:
    row = await run(ctx.tx, "held_about_need", need_id=need_id)
    return Held(browsers=row["browsers"], messages=row["messages"])


async def goes_at(ctx: Context, view: NeedView) -> datetime:
    """When name, contact and words are destroyed; of what is under way: at the latest, if nothing else happens."""
    silent = view.needed_by + ctx.settings.met_after
    ends = view.closed_at or (max(view.expires_at, silent) if view.filled else view.expires_at)
    return ends + ctx.settings.purge_after


async def sent_lately(ctx: Context, needs: Iterable[NeedId], new: NewNeed) -> NeedId | None:
    """Which of these is the same once more? Browsers that go back to a form fill it in again, and give it a new number."""
    for need_id in needs:
        with suppress(NotHereError):
            await enter(ctx, need_id)
            view = await follow(ctx, need_id)
            if view.state in LIVE and view.posted_at > ctx.now - LATELY and _says(view) == _says(new):
                return need_id
    return None


def _says(need: NeedView | NewNeed) -> tuple[object, ...]:
    """Not by when: that is reckoned from the moment it is sent."""
    what = (need.category, need.zone_code, need.languages, need.urgency, need.helpers)
    return (*what, need.name.strip().casefold(), need.text.strip())


async def _matches(ctx: Context, need_id: NeedId) -> tuple[AskerSide, ...]:
    rows = await run(ctx.tx, "matches_of_need", need_id=need_id)
    return tuple([await _asker_side(ctx, need_id, row) for row in rows])


async def _asker_side(ctx: Context, need_id: NeedId, row: Mapping[str, Any]) -> AskerSide:
    both = open_to_both(row)
    may_see_who = both or (row["state"] == MatchState.AWAITING_ASKER and not row["apart"])
    sealer = await key_of(ctx.tx, ctx.vault, "member", row["member_id"]) if may_see_who else None
    return AskerSide(
        id=row["id"], state=MatchState(row["state"]), ended_by=row["ended_by"],
        helper_name=sealer.open("name", row["sealed_name"]) if sealer else "",
        helper_contact=sealer.open("contact", row["sealed_contact"]) if sealer and both else "",
        helper_contact_kind=ContactKind(row["contact_kind"]), language=row["language"],
        band=Band(row["terms"]["band"]),
        notes=await notes_of(ctx, row["id"], need_id) if both else (), may_thank=may_thank(row),
    )  # fmt: skip
