"""What a message says, in its reader's language, and whether it still makes sense to send it.

A message holds links and codes that are derived and never stored; it holds no name, no free text, no zone and no group.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any
from uuid import UUID

from careweb.delivery.messages import Message
from careweb.domain.channels import ChannelKind
from careweb.domain.distances import band
from careweb.domain.notices import TO_THOSE_WHO_STOPPED, NoticeKind
from careweb.domain.states import LIVE, UNDER_WAY, AskState, ChannelState, MatchState, MembershipState, NeedState
from careweb.flows.changes import changes_since
from careweb.flows.context import Context
from careweb.flows.ways import Way, reader_of
from careweb.rendering import language_name, render_html, render_text
from careweb.storage.database import run
from careweb.storage.notices import Notice

ASK_DIGITS, SIGN_IN_DIGITS, CHANNEL_DIGITS = 4, 6, 6
STOP_MEMBER, STOP_ASKER, STOP_CHANNEL = "stop", "stop need", "stop channel"  # purposes of the link that stops messages

_HEAD, _FOOT = 2, 2  # blocks before and after what a mail says, as notices/layout.txt has them

Facts = dict[str, Any]


async def compose(ctx: Context, notice: Notice, way: Way | None = None) -> Message | None:
    """On this way, or the reader's first. None if it makes no sense any more, or if there is nobody to send it to."""
    reader = await reader_of(ctx, notice)
    if reader is None or not reader.ways:
        return None
    facts = await _FACTS[NoticeKind(notice.kind)](ctx, notice)
    if facts is None:
        return None
    way, locale = way or reader.ways[0], reader.locale
    values = {"to_asker": notice.need_id is not None, "stop_url": _stop_url(ctx, notice, way)} | facts
    if "language" in facts:
        values["language"] = _language_in(locale, facts["language"])
    return (_mail if way.kind is ChannelKind.EMAIL else _text)(ctx, notice, way, locale, values)


def _mail(ctx: Context, notice: Notice, way: Way, locale: str, values: Facts) -> Message:
    subject, body = _written(ctx, notice, locale, values)
    return Message(
        id=notice.id, to=way.address, subject=subject, text=body,
        html=render_html(locale, "notices/message.html", subject=subject, blocks=blocks(body)),
        locale=locale, written_at=ctx.now, stop_url=values["stop_url"], detailed=True, answer_to=_answer_to(ctx, notice),
    )  # fmt: skip


def _written(ctx: Context, notice: Notice, locale: str, values: Facts) -> tuple[str, str]:
    """Subject and text of the mail."""
    text = render_text(locale, f"notices/{notice.kind}.txt", answers=bool(ctx.settings.answers_to), **values)
    subject, _, body = re.sub(r"\n{3,}", "\n\n", text).partition("\n\n")
    return subject.strip(), body


def _said(ctx: Context, notice: Notice, locale: str, values: Facts) -> str:
    """What the mail says first, below the lines that say nothing."""
    return blocks(_written(ctx, notice, locale, values)[1])[_HEAD][1]


def _text(ctx: Context, notice: Notice, way: Way, locale: str, values: Facts) -> Message:
    """That there is a message, its link and code, and how to stop; what it is about only for those who want it there.

    The link of an asker opens nothing by itself: others may hold that phone.
    """
    detailed = way.details and (notice.kind == NoticeKind.ASK or notice.need_id is not None)
    page = own_page(ctx, notice.need_id)
    values = {"link": page, "code": ""} | values
    if notice.need_id:
        values |= {"link": page, "said": _said(ctx, notice, locale, values)}
    values = {**values, "kind": notice.kind, "detailed": detailed, "answers": _takes_answers(ctx, way)}
    subject, text = (
        _line(locale, part, values) for part in ("subject", "push" if way.kind is ChannelKind.PUSH else "message")
    )
    return Message(
        id=notice.id, to=way.address, subject=subject, text=text, html="", locale=locale, written_at=ctx.now,
        channel=way.kind, detailed=detailed, link=values["link"],
    )  # fmt: skip


def _takes_answers(ctx: Context, way: Way) -> bool:
    return way.kind is ChannelKind.SMS and bool(ctx.settings.sms_secret)


def _line(locale: str, part: str, values: Facts) -> str:
    return " ".join(render_text(locale, f"texts/{part}.txt", **values).split())


def in_one(ctx: Context, notice: Notice, way: Way, message: Message) -> Message:
    """Of several by text: their page has them all, and no one code or line would be that of the message."""
    page = own_page(ctx, notice.need_id)
    values: Facts = {
        "kind": notice.kind, "detailed": False, "answers": _takes_answers(ctx, way), "link": page, "code": "",
        "stop_url": _stop_url(ctx, notice, way),
    }  # fmt: skip
    text = "" if way.kind is ChannelKind.PUSH else _line(message.locale, "message", values)
    return replace(message, text=text, link=page, detailed=False)


def joined(mails: Sequence[Message]) -> Message:
    """One mail for several: greeting and way to stop once, and in between what each of them says."""
    parts = [[block for _, block in blocks(mail.text)] for mail in mails]
    first = parts[0]
    text = "\n\n".join([*first[:_HEAD], *(one for part in parts for one in part[_HEAD:-_FOOT]), *first[-_FOOT:]])
    html = render_html(mails[0].locale, "notices/message.html", subject=mails[0].subject, blocks=blocks(text))
    return replace(mails[0], text=text, html=html)


def blocks(body: str) -> list[tuple[str, str]]:
    """The same message for HTML: paragraphs of text, and lines that are a link or a code alone."""
    return [(_kind_of(block), block) for block in map(str.strip, body.split("\n\n")) if block]


def _kind_of(block: str) -> str:
    if block.startswith(("http://", "https://")) and " " not in block and "\n" not in block:
        return "link"
    return "code" if block.isdigit() else "text"


def _stop_url(ctx: Context, notice: Notice, way: Way) -> str:
    if notice.kind in TO_THOSE_WHO_STOPPED:
        return ""
    if way.id != notice.person_id:
        return _link(ctx, "stop", STOP_CHANNEL, way.id)
    purpose, id = (STOP_MEMBER, notice.member_id) if notice.member_id else (STOP_ASKER, notice.need_id)
    return _link(ctx, "stop", purpose, id)


def _answer_to(ctx: Context, notice: Notice) -> str:
    """Nobody but its reader has this address: that somebody answers there says who it is."""
    return ctx.settings.answers_to.replace("{token}", ctx.vault.address(notice.id))


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


async def _own_page(ctx: Context, _: Notice) -> Facts | None:
    return {"link": f"{ctx.settings.public_url}/me"}


async def _sign_in(ctx: Context, notice: Notice) -> Facts | None:
    row = await run(ctx.tx, "usable_sign_in", id=notice.subject, now=ctx.now, has_mail=True)
    if row is None or (row["member_id"], row["need_id"]) != (notice.member_id, notice.need_id):
        return None
    code = ctx.vault.digits("sign_in", notice.subject, SIGN_IN_DIGITS)
    return {"link": _link(ctx, "s", "sign_in", notice.subject), "code": code}


async def _confirm_import(ctx: Context, notice: Notice) -> Facts | None:
    if notice.need_id:
        row = await run(ctx.tx, "need_facts", id=notice.need_id)
        return _need_link(ctx, notice.need_id) if row and not row["confirmed"] and not row["purged_at"] else None
    row = await run(ctx.tx, "recipient", id=notice.member_id)
    return {"link": _link(ctx, "c", "confirm", notice.member_id)} if row and not row["confirmed"] else None


async def _channel_code(ctx: Context, notice: Notice) -> Facts | None:
    return {"code": ctx.vault.digits("channel", notice.subject, CHANNEL_DIGITS), "link": _channels_page(ctx, notice)}


async def _channel_off(ctx: Context, notice: Notice) -> Facts | None:
    rows = await run(ctx.tx, "channels_of_person", person_id=notice.person_id)
    off = [row["kind"] for row in rows if row["id"] == notice.subject and row["state"] == ChannelState.OFF]
    return {"channel": off[0], "link": _channels_page(ctx, notice)} if off else None


async def _answered(ctx: Context, notice: Notice) -> Facts | None:
    row = await run(ctx.tx, "ask_facts", id=notice.subject, member_id=notice.member_id)
    if row is None or row["match_state"] in (MatchState.CONNECTED, MatchState.DONE):
        return None  # of that another message tells
    outcome = row["match_state"] if row["match_state"] == MatchState.AWAITING_ASKER else row["state"]
    return _ask_link(ctx, notice.subject) | {"outcome": outcome}


async def _at_capacity(ctx: Context, notice: Notice) -> Facts | None:
    row = await run(ctx.tx, "ask_facts", id=notice.subject, member_id=notice.member_id)
    return {"link": f"{ctx.settings.public_url}/me"} if row else None


async def _stopped(ctx: Context, notice: Notice) -> Facts:
    """Where they can undo that, or do what they wrote for."""
    return _need_link(ctx, notice.need_id) if notice.need_id else {"link": f"{ctx.settings.public_url}/me"}


async def _not_understood(ctx: Context, notice: Notice) -> Facts | None:
    row = await run(ctx.tx, "ask_facts", id=notice.subject, member_id=notice.member_id) if notice.member_id else None
    link = _ask_link(ctx, notice.subject) if row else await _stopped(ctx, notice)
    return {**link, "of_ask": row is not None}


def _channels_page(ctx: Context, notice: Notice) -> str:
    return own_page(ctx, notice.need_id) + ("" if notice.need_id else "/channels")


def own_page(ctx: Context, need_id: UUID | None) -> str:
    """Of this need, or of a member. Only who follows the need, or is signed in, sees it: the link alone opens nothing."""
    return f"{ctx.settings.public_url}/" + (f"find?need={need_id}" if need_id else "me")


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
    NoticeKind.GLASS_BROKEN: _own_page,
    NoticeKind.TO_LOOK_AT: _own_page,
    NoticeKind.RULE_OFF: _own_page,
    NoticeKind.CHANNEL_CODE: _channel_code,
    NoticeKind.CHANNEL_OFF: _channel_off,
    NoticeKind.ANSWERED: _answered,
    NoticeKind.AT_CAPACITY: _at_capacity,
    NoticeKind.NOT_UNDERSTOOD: _not_understood,
    NoticeKind.STOPPED: _stopped,
    NoticeKind.SUSPENDED: _about_membership(MembershipState.SUSPENDED),
}
