"""What a message says, in its reader's language, and whether it still makes sense to send it.

Only here is a recipient's address opened, and only to put it on the envelope. A message holds links and codes that
are derived and never stored; it holds no name, no free text, no zone and no group.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from typing import Any

from careweb.delivery.messages import Message
from careweb.domain.distances import band
from careweb.domain.notices import TO_THE_UNCONFIRMED, TO_THOSE_WHO_STOPPED, NoticeKind
from careweb.domain.states import LIVE, UNDER_WAY, AskState, MatchState, MembershipState, NeedState
from careweb.flows.changes import changes_since
from careweb.flows.context import Context
from careweb.rendering import SOURCE, interfaces, language_name, render_html, render_text
from careweb.storage.database import run
from careweb.storage.notices import Notice
from careweb.storage.sealing import key_of

ASK_DIGITS, SIGN_IN_DIGITS = 4, 6
STOP_MEMBER, STOP_ASKER = "stop", "stop need"  # purposes of the link that stops messages

Facts = dict[str, Any]


async def compose(ctx: Context, notice: Notice) -> Message | None:
    """None if it makes no sense any more, or if there is nobody to send it to."""
    recipient = await _recipient(ctx, notice)
    facts = await _FACTS[NoticeKind(notice.kind)](ctx, notice) if recipient else None
    if recipient is None or facts is None:
        return None
    locale = recipient["locale"] if recipient["locale"] in interfaces() else SOURCE
    stop_url = _stop_url(ctx, notice)
    values = {"to_asker": notice.need_id is not None, "stop_url": stop_url} | facts
    if "language" in facts:
        values["language"] = _language_in(locale, facts["language"])
    text = render_text(locale, f"notices/{notice.kind}.txt", **values)
    subject, _, body = re.sub(r"\n{3,}", "\n\n", text).partition("\n\n")
    return Message(
        id=notice.id, to=recipient["address"], subject=subject.strip(), text=body,
        html=render_html(locale, "notices/message.html", subject=subject.strip(), blocks=blocks(body)),
        locale=locale, written_at=ctx.now, stop_url=stop_url,
    )  # fmt: skip


def blocks(body: str) -> list[tuple[str, str]]:
    """The same message for HTML: paragraphs of text, and lines that are a link or a code alone."""
    return [(_kind_of(block), block) for block in map(str.strip, body.split("\n\n")) if block]


def _kind_of(block: str) -> str:
    if block.startswith(("http://", "https://")) and " " not in block and "\n" not in block:
        return "link"
    return "code" if block.isdigit() else "text"


async def _recipient(ctx: Context, notice: Notice) -> Mapping[str, Any] | None:
    """Who stopped messages since this one was owed gets it no more."""
    record, id = ("member", notice.member_id) if notice.member_id else ("need", notice.need_id)
    row = await run(ctx.tx, "recipient_member" if notice.member_id else "recipient_asker", id=id)
    if row is None or id is None:
        return None
    stopped = row["mail_stopped"] and notice.kind not in TO_THOSE_WHO_STOPPED
    if stopped or not (row["confirmed"] or notice.kind in TO_THE_UNCONFIRMED):
        return None
    sealer = await key_of(ctx.tx, ctx.vault, record, id)
    address = sealer.open("contact", row["sealed_contact"]) if sealer else ""
    return {"address": address, "locale": row["locale"]} if address else None


def _stop_url(ctx: Context, notice: Notice) -> str:
    if notice.kind in TO_THOSE_WHO_STOPPED:
        return ""
    purpose, id = (STOP_MEMBER, notice.member_id) if notice.member_id else (STOP_ASKER, notice.need_id)
    return _link(ctx, "stop", purpose, id)


def _link(ctx: Context, path: str, purpose: str, id: Any) -> str:
    return f"{ctx.settings.public_url}/{path}/{ctx.vault.sign(purpose, id)}"


def _need_link(ctx: Context, need_id: Any) -> Facts:
    return {"link": _link(ctx, "n", "need", need_id)}


def _ask_link(ctx: Context, ask_id: Any) -> Facts:
    return {"link": _link(ctx, "a", "ask", ask_id)}


async def _ask(ctx: Context, notice: Notice) -> Facts | None:
    row = await run(ctx.tx, "ask_facts", id=notice.subject, member_id=notice.member_id)
    if row is None or row["state"] not in (AskState.PLANNED, AskState.SENT) or row["need_state"] != NeedState.OPEN:
        return None
    names = await run(ctx.tx, "language_names", tag=row["language"])
    return _ask_link(ctx, notice.subject) | {
        "code": ctx.vault.digits("ask", notice.subject, ASK_DIGITS),
        "category": row["category"],
        "needed_by": row["needed_by"],
        "time_zone": row["time_zone"],
        "band": row["terms"]["band"],
        "language": dict(names)
        if names
        else dict.fromkeys(("tag", "endonym", "name_en", "name_fr", "name_zh"), row["language"]),
    }


def _language_in(locale: str, names: Mapping[str, str]) -> str:
    """What the reader calls it, and what its speakers call it."""
    name = language_name(
        locale, names["tag"], english=names["name_en"], french=names["name_fr"], chinese=names["name_zh"]
    )
    return name if name == names["endonym"] else f"{name} ({names['endonym']})"


async def _nothing_more(_: Context, __: Notice) -> Facts | None:
    return {}


def _about_need(*states: NeedState) -> Callable[[Context, Notice], Awaitable[Facts | None]]:
    async def facts(ctx: Context, notice: Notice) -> Facts | None:
        row = await run(ctx.tx, "need_facts", id=notice.need_id)
        return _need_link(ctx, notice.need_id) if row and row["state"] in states and not row["purged_at"] else None

    return facts


def _about_match(state: MatchState) -> Callable[[Context, Notice], Awaitable[Facts | None]]:
    async def facts(ctx: Context, notice: Notice) -> Facts | None:
        row = await run(ctx.tx, "match_facts", id=notice.subject, member_id=notice.member_id, need_id=notice.need_id)
        if row is None or row["state"] != state or row["purged_at"]:
            return None
        return _need_link(ctx, notice.need_id) if notice.need_id else _ask_link(ctx, row["ask_id"])

    return facts


async def _need_changed(ctx: Context, notice: Notice) -> Facts | None:
    row = await run(ctx.tx, "agreed_facts", id=notice.subject, member_id=notice.member_id)
    if row is None or row["state"] not in UNDER_WAY:
        return None
    same = {name: row[name] for name in ("category", "needed_by", "time_zone", "helpers")}
    km = None if row["remote"] else inf if row["km"] is None else row["km"]
    changed = await changes_since(ctx, row["need_id"], row["accepted_at"])
    return {**_ask_link(ctx, row["ask_id"]), **same, "band": band(km), "changed": changed} if changed else None


async def _fell_through(ctx: Context, notice: Notice) -> Facts | None:
    return await _about_need(*LIVE)(ctx, notice) if notice.need_id else {}


async def _glass_broken(ctx: Context, _: Notice) -> Facts | None:
    return {"link": f"{ctx.settings.public_url}/me"}


async def _sign_in(ctx: Context, notice: Notice) -> Facts | None:
    row = await run(ctx.tx, "usable_sign_in", id=notice.subject, now=ctx.now)
    if row is None or (row["member_id"], row["need_id"]) != (notice.member_id, notice.need_id):
        return None
    code = ctx.vault.digits("sign_in", notice.subject, SIGN_IN_DIGITS)
    return {"link": _link(ctx, "s", "sign_in", notice.subject), "code": code}


async def _confirm_import(ctx: Context, notice: Notice) -> Facts | None:
    if notice.need_id:
        row = await run(ctx.tx, "need_facts", id=notice.need_id)
        return _need_link(ctx, notice.need_id) if row and not row["confirmed"] and not row["purged_at"] else None
    row = await run(ctx.tx, "recipient_member", id=notice.member_id)
    return {"link": _link(ctx, "c", "confirm", notice.member_id)} if row and not row["confirmed"] else None


def _about_membership(state: MembershipState) -> Callable[[Context, Notice], Awaitable[Facts | None]]:
    async def facts(ctx: Context, notice: Notice) -> Facts | None:
        now = await run(ctx.tx, "membership_state", group_id=notice.subject, member_id=notice.member_id)
        return {"link": f"{ctx.settings.public_url}/me"} if now == state else None

    return facts


_FACTS: Mapping[NoticeKind, Callable[[Context, Notice], Awaitable[Facts | None]]] = {
    NoticeKind.SIGN_IN: _sign_in,
    NoticeKind.ASK: _ask,
    NoticeKind.ASK_COVERED: _nothing_more,
    NoticeKind.POSTED: _about_need(*LIVE),
    NoticeKind.CHOOSE: _about_match(MatchState.AWAITING_ASKER),
    NoticeKind.CONNECTED: _about_match(MatchState.CONNECTED),
    NoticeKind.NOT_CHOSEN: _nothing_more,
    NoticeKind.FELL_THROUGH: _fell_through,
    NoticeKind.NEED_ENDED: _nothing_more,
    NoticeKind.NEED_CHANGED: _need_changed,
    NoticeKind.NEED_WARNING: _about_need(NeedState.OPEN),
    NoticeKind.NEED_EXPIRED: _about_need(NeedState.EXPIRED),
    NoticeKind.REMIND: _about_match(MatchState.CONNECTED),
    NoticeKind.NOTE: _about_match(MatchState.CONNECTED),
    NoticeKind.WHETHER: _about_match(MatchState.CONNECTED),
    NoticeKind.THANKS: _about_match(MatchState.DONE),
    NoticeKind.CONFIRM_IMPORT: _confirm_import,
    NoticeKind.ADMITTED: _about_membership(MembershipState.ADMITTED),
    NoticeKind.GLASS_BROKEN: _glass_broken,
    NoticeKind.SUSPENDED: _about_membership(MembershipState.SUSPENDED),
}
