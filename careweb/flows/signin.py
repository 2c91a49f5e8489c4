"""Coming in: a mailed link or a six-digit code, no password; and what a browser may then do."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from careweb.domain.codes import CodeError, read_digits
from careweb.domain.contacts import Contact
from careweb.domain.errors import NotHereError, WrongCodeError
from careweb.domain.ids import GroupId, MemberId, NeedId, SignInId
from careweb.domain.states import ContactKind, Role
from careweb.flows.context import Context
from careweb.flows.entering import act_for, enter
from careweb.storage.database import run
from careweb.storage.promises import promise
from careweb.storage.sealing import key_of, new_key

CODE_LIVES = timedelta(minutes=10)
CODE_DIGITS = 6
MAILS_MOST = 4  # to one contact within CODE_LIVES
MAILS_MOST_IN_DEMO = 100  # whoever tries it out comes and goes as the same two people all the time
EVEN_ENDED = timedelta(days=14)  # a need that ended so lately is still found by its contact


@dataclass(frozen=True, kw_only=True)
class Post:
    """A role in a group."""

    group_id: GroupId
    slug: str
    name: str
    role: Role
    second_step: bool  # must be shown before any page of it


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """What a browser may act for. Nobody: a browser we have not seen."""

    member_id: MemberId | None = None
    name: str = field(default="", repr=False)
    locale: str = ""
    time_zone: str = ""
    needs: tuple[NeedId, ...] = ()
    posts: tuple[Post, ...] = ()
    second_at: datetime | None = None  # when the second step was shown in this session
    stale: bool = False  # it is time to write down that this session was used

    def post_in(self, slug: str) -> Post | None:
        return next((post for post in self.posts if post.slug == slug), None)


NOBODY = Visitor()


async def request_sign_in(
    ctx: Context,
    contact: Contact,
    *,
    locale: str,
    time_zone: str = "America/Toronto",
    join: bool = False,
    browser: str = "",
) -> SignInId:
    """Writes to the contact if it is known, or if someone new wants to help (`join`).

    The answer is the same either way, and so are the statements: see tests/web/test_alike.py.
    """
    sign_in_id = SignInId(uuid4())
    index = ctx.vault.contact_index(contact)
    most = MAILS_MOST_IN_DEMO if ctx.settings.demo else MAILS_MOST
    if await run(ctx.tx, "recent_sign_ins", contact_index=index, since=ctx.now - CODE_LIVES) >= most:
        return sign_in_id
    if join:
        await _add_if_new(ctx, contact, index, locale, time_zone)
    await run(
        ctx.tx, "ask_to_sign_in", id=sign_in_id, notice_id=uuid4(), contact_index=index,
        by_phone=contact.kind is ContactKind.PHONE, browser=_browser(ctx, browser), now=ctx.now, expires_at=ctx.now + CODE_LIVES,
        ended_after=ctx.now - EVEN_ENDED,
    )  # fmt: skip
    return sign_in_id


async def _add_if_new(ctx: Context, contact: Contact, index: bytes, locale: str, time_zone: str) -> None:
    """The same work and the same statement whether they are new or not."""
    member_id = MemberId(uuid4())
    sealer, master, wrapped = ctx.vault.new_sealer("member", member_id)
    await run(
        ctx.tx, "add_member_once", id=member_id, contact_index=index, contact_kind=contact.kind,
        sealed_contact=sealer.seal("contact", contact.address), locale=locale, time_zone=time_zone, now=ctx.now,
        master=master, wrapped=wrapped,
    )  # fmt: skip


async def _needs_of(ctx: Context, contact_index: bytes) -> list[NeedId]:
    rows = await run(ctx.tx, "needs_of_contact", contact_index=contact_index, ended_after=ctx.now - EVEN_ENDED)
    return [NeedId(row["id"]) for row in rows]


async def add_member(
    ctx: Context,
    contact: Contact,
    *,
    locale: str,
    time_zone: str,
    confirmed: bool,
    name: str = "",
    per_week: int = 2,
) -> MemberId:
    member_id = MemberId(uuid4())
    sealer = await new_key(ctx.tx, ctx.vault, "member", member_id)
    await run(
        ctx.tx, "add_member", id=member_id, contact_index=ctx.vault.contact_index(contact), contact_kind=contact.kind,
        sealed_name=sealer.seal("name", name), sealed_contact=sealer.seal("contact", contact.address),
        locale=locale, time_zone=time_zone, per_week=per_week, confirmed=confirmed, now=ctx.now,
    )  # fmt: skip
    return member_id


def _browser(ctx: Context, browser: str) -> bytes | None:
    return ctx.vault.index("browser", browser) if browser else None


async def sign_in(ctx: Context, sign_in_id: SignInId, code: str, *, has_mail: bool = False) -> str:
    """The session's secret, for the cookie. Raises WrongCodeError; commit even then, since wrong codes are counted.

    `has_mail`: they come by its link. Wrong codes of others, who typed them without it, do not shut them out.
    """
    row = await run(ctx.tx, "usable_sign_in", id=sign_in_id, now=ctx.now, has_mail=has_mail)
    try:
        typed = read_digits(code, CODE_DIGITS)
    except CodeError:  # no try: programs that press every button must not use up a person's
        raise WrongCodeError from None
    expected = ctx.vault.digits("sign_in", sign_in_id, CODE_DIGITS)
    known = row is not None and (row["member_id"] or row["need_id"])
    if not (secrets.compare_digest(typed, expected) and known):
        await run(ctx.tx, "count_wrong_sign_in", id=sign_in_id)
        raise WrongCodeError
    return await _use(ctx, sign_in_id, has_mail=has_mail)


async def sign_in_by_link(ctx: Context, token: str, *, browser: str = "", code: str = "") -> str:
    """By the button alone in the browser that asked; in another, whoever reads the message types its code too."""
    sign_in_id = ctx.vault.verify("sign_in", token)
    if sign_in_id is None:
        raise WrongCodeError
    row = await run(ctx.tx, "usable_sign_in", id=sign_in_id, now=ctx.now, has_mail=True)
    if row is None or not row["asked_from"] or row["asked_from"] != _browser(ctx, browser):
        return await sign_in(ctx, SignInId(sign_in_id), code, has_mail=True)
    return await _use(ctx, SignInId(sign_in_id), has_mail=True)


async def _use(ctx: Context, sign_in_id: SignInId, *, has_mail: bool) -> str:
    row = await run(ctx.tx, "use_sign_in", id=sign_in_id, now=ctx.now, has_mail=has_mail)
    if row is None:
        raise WrongCodeError
    if row["member_id"]:
        await confirm_member(ctx, row["member_id"])
    return await open_session(ctx, member_id=row["member_id"], needs=await _needs_of(ctx, row["contact_index"]))


async def confirm_member(ctx: Context, member_id: MemberId) -> bool:
    """False: they had said yes before."""
    if not await run(ctx.tx, "confirm_member", id=member_id):
        return False
    for offer in await run(ctx.tx, "offers_of_member", member_id=member_id):
        await promise(ctx.tx, "offer_appeared", offer["id"], ctx.now)
    return True


async def open_session(
    ctx: Context, *, member_id: MemberId | None = None, needs: list[NeedId] | None = None, old_secret: str = ""
) -> str:
    """A new secret each time someone comes in; what the browser could do before is carried over."""
    before = await visitor_of(ctx, old_secret) if old_secret else NOBODY
    member_id = member_id or before.member_id
    if old_secret:
        await close_session(ctx, old_secret)
    secret = secrets.token_urlsafe(32)
    staff = bool(member_id and await _roles(ctx, member_id))
    chosen = ctx.settings
    lives, idle = (
        (chosen.staff_session_lives, chosen.staff_session_idle)
        if staff
        else (chosen.session_lives, chosen.session_idle)
    )
    await run(
        ctx.tx, "add_session", id_hash=session_hash(ctx, secret), member_id=member_id,
        needs=list(dict.fromkeys([*(needs or []), *before.needs])), now=ctx.now, expires_at=ctx.now + lives, idle=idle,
        second_at=before.second_at if member_id == before.member_id else None,
    )  # fmt: skip
    return secret


async def _roles(ctx: Context, member_id: MemberId) -> list[Mapping[str, Any]]:
    roles: list[Mapping[str, Any]] = await run(
        ctx.tx, "staff_roles", member_id=member_id, usual=ctx.settings.second_step
    )
    return roles


async def see_session(ctx: Context, secret: str) -> None:
    """It was used just now, so it lives on; written down some ten times in its longest rest."""
    await run(ctx.tx, "see_session", id_hash=session_hash(ctx, secret), now=ctx.now)


async def sign_out_everywhere(ctx: Context, member_id: MemberId) -> None:
    """No browser of theirs is signed in from the next request on."""
    await run(ctx.tx, "end_sessions_of", member_id=member_id)


async def forget_everywhere(ctx: Context, need_id: NeedId) -> None:
    """No browser may follow this need, nor is told of it, until somebody types its code or opens its link."""
    for one in await series_of(ctx, need_id):
        await run(ctx.tx, "forget_need_everywhere", need_id=one)
        await run(ctx.tx, "forget_browsers", person_id=one)


async def close_session(ctx: Context, secret: str) -> None:
    await run(ctx.tx, "end_session", id_hash=session_hash(ctx, secret))


async def visitor_of(ctx: Context, secret: str) -> Visitor:
    row = await run(ctx.tx, "session_by_hash", id_hash=session_hash(ctx, secret), now=ctx.now) if secret else None
    if row is None:
        return NOBODY
    needs = tuple(NeedId(need) for need in row["needs"])
    if row["member_id"] is None:
        return Visitor(needs=needs, stale=row["stale"])
    member = await _member(ctx, MemberId(row["member_id"]), needs)
    return replace(member, second_at=row["second_at"], stale=row["stale"])


async def _member(ctx: Context, member_id: MemberId, needs: tuple[NeedId, ...]) -> Visitor:
    member = await run(ctx.tx, "member_by_id", id=member_id)
    sealer = await key_of(ctx.tx, ctx.vault, "member", member_id)
    own = await run(ctx.tx, "needs_of_member", member_id=member_id)
    return Visitor(
        member_id=member_id,
        name=sealer.open("name", member["sealed_name"]) if sealer else "",
        locale=member["locale"],
        time_zone=member["time_zone"],
        needs=tuple(dict.fromkeys([*needs, *(NeedId(need["id"]) for need in own)])),
        posts=await posts_of(ctx, member_id),
    )


async def posts_of(ctx: Context, member_id: MemberId) -> tuple[Post, ...]:
    """Roles of somebody, by group."""
    return tuple(
        Post(
            group_id=GroupId(r["id"]), slug=r["slug"], name=r["name"], role=Role(r["role"]), second_step=r["second_step"]
        )
        for r in await _roles(ctx, member_id)
    )  # fmt: skip


def session_hash(ctx: Context, secret: str) -> bytes:
    return ctx.vault.index("session", secret)


async def open_need(ctx: Context, token: str, *, old_secret: str = "") -> tuple[NeedId, str]:
    """The link of a need: who opens it may follow it, and an imported need now has its person's word.

    Returns the need and the session's secret.
    """
    need_id = ctx.vault.verify("need", token)
    if need_id:
        await enter(ctx, need_id)
    row = await run(ctx.tx, "need_by_id", id=need_id) if need_id else None
    if need_id is None or row is None or row["purged_at"]:
        raise WrongCodeError
    if await run(ctx.tx, "confirm_need", id=need_id):
        await promise(ctx.tx, "match_need", need_id, ctx.now)
    return NeedId(need_id), await open_session(ctx, needs=await series_of(ctx, NeedId(need_id)), old_secret=old_secret)


async def series_of(ctx: Context, need_id: NeedId) -> list[NeedId]:
    """With those it repeats and those that repeat it: who may follow one may follow all."""
    await enter(ctx, need_id)
    return [NeedId(row["id"]) for row in await run(ctx.tx, "series_of_need", id=need_id)]


async def needs_unconfirmed(ctx: Context, group_id: GroupId) -> set[NeedId]:
    return {NeedId(row["id"]) for row in await run(ctx.tx, "unconfirmed_needs", group_id=group_id)}


async def confirm_for_caller(ctx: Context, group_id: GroupId, need_id: NeedId) -> None:
    """An imported person said yes on the phone, to a coordinator of the need's group."""
    if not await run(ctx.tx, "called_back", id=need_id, group_id=group_id):
        raise NotHereError
    if await run(ctx.tx, "confirm_need", id=need_id):
        await promise(ctx.tx, "match_need", need_id, ctx.now)


async def confirm_by_link(ctx: Context, token: str, *, old_secret: str = "") -> str | None:
    """Someone imported says yes. The session's secret the first time; after that the link opens nothing."""
    member_id = ctx.vault.verify("confirm", token)
    if member_id:
        await act_for(ctx, MemberId(member_id))
    if member_id is None or not await run(ctx.tx, "member_by_id", id=member_id):
        raise WrongCodeError
    if not await confirm_member(ctx, MemberId(member_id)):
        return None
    return await open_session(ctx, member_id=MemberId(member_id), old_secret=old_secret)
