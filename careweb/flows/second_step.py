"""The second step of staff, beside the mailed code: a code of an app, or of the paper. Passkeys are next door."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from careweb.domain.codes import CodeError, read_digits
from careweb.domain.errors import NotHereError, WrongCodeError
from careweb.domain.ids import GroupId, MemberId
from careweb.flows import auditing
from careweb.flows.context import Context
from careweb.flows.entering import act_in
from careweb.flows.signin import posts_of, session_hash
from careweb.storage import factors
from careweb.storage.database import run
from careweb.storage.factors import APP_DIGITS, Passkey
from careweb.storage.sealing import Sealer, key_of

RECOVERY_CODES, RECOVERY_DIGITS = 8, 12


class Kind(StrEnum):
    APP = "app"
    PASSKEY = "passkey"


@dataclass(frozen=True, kw_only=True)
class Authenticator:
    id: UUID
    kind: Kind
    secret: str = field(repr=False)
    counter: int
    confirmed: bool
    since: datetime

    def passkey(self) -> Passkey:
        held = json.loads(self.secret)
        return Passkey(
            id=base64.b64decode(held["id"]), public_key=base64.b64decode(held["public_key"]), counter=self.counter
        )


async def authenticators(ctx: Context, member_id: MemberId) -> list[Authenticator]:
    sealer, rows = await sealer_of(ctx, member_id), await run(ctx.tx, "authenticators", member_id=member_id)
    return [
        Authenticator(
            id=row["id"], kind=Kind(row["kind"]), secret=sealer.open(_column(row["id"]), row["sealed_secret"]),
            counter=row["counter"], confirmed=row["confirmed_at"] is not None, since=row["created_at"],
        )
        for row in rows
    ]  # fmt: skip


async def sealer_of(ctx: Context, member_id: MemberId) -> Sealer:
    sealer = await key_of(ctx.tx, ctx.vault, "member", member_id)
    if sealer is None:
        raise NotHereError
    return sealer


def _column(id: UUID) -> str:
    return f"authenticator {id}"


async def add_one(ctx: Context, member_id: MemberId, kind: Kind, secret: str, **more: Any) -> UUID:
    id, sealer = uuid4(), await sealer_of(ctx, member_id)
    values = {"credential_index": None, "counter": 0, "confirmed_at": None} | more
    await run(
        ctx.tx, "add_authenticator", id=id, member_id=member_id, kind=kind,
        sealed_secret=sealer.seal(_column(id), secret), now=ctx.now, **values,
    )  # fmt: skip
    return id


# an app


async def begin_app(ctx: Context, member_id: MemberId) -> UUID:
    """It counts once its first code was typed."""
    return await add_one(ctx, member_id, Kind.APP, base64.b32encode(factors.new_app_secret()).decode())


async def begun_app(ctx: Context, member_id: MemberId, id: UUID) -> Authenticator:
    found = [one for one in await authenticators(ctx, member_id) if one.id == id and not one.confirmed]
    if not found:
        raise NotHereError
    return found[0]


def address_of(app: Authenticator, ctx: Context) -> str:
    return factors.app_address(
        base64.b32decode(app.secret), "staff", urlsplit(ctx.settings.public_url).hostname or "careweb"
    )


async def confirm_app(ctx: Context, member_id: MemberId, id: UUID, typed: str, *, session: str) -> None:
    app = await begun_app(ctx, member_id, id)
    if not await _code_fits(ctx, member_id, app, _digits(typed, APP_DIGITS)):
        raise WrongCodeError
    await note(ctx, member_id, "added", by=member_id)
    await pass_it(ctx, session)


async def _code_fits(ctx: Context, member_id: MemberId, app: Authenticator, typed: str) -> bool:
    step = factors.step_of_code(base64.b32decode(app.secret), typed, ctx.now)
    return bool(
        step and await run(ctx.tx, "use_authenticator", id=app.id, member_id=member_id, counter=step, now=ctx.now)
    )


def _digits(typed: str, count: int) -> str:
    try:
        return read_digits(typed, count)
    except CodeError:
        return ""


# showing it


async def show_code(ctx: Context, member_id: MemberId, typed: str, *, session: str) -> None:
    """Of an app, or of the paper. Raises WrongCodeError; commit even then, since tries are counted."""
    if not await run(ctx.tx, "begin_second_try", member_id=member_id, now=ctx.now):
        raise WrongCodeError  # ten within an hour
    if code := _digits(typed, APP_DIGITS):
        apps = [one for one in await authenticators(ctx, member_id) if one.kind is Kind.APP and one.confirmed]
        right = any([await _code_fits(ctx, member_id, app, code) for app in apps])
    else:
        right = await _use_recovery_code(ctx, member_id, _digits(typed, RECOVERY_DIGITS))
    if not right:
        raise WrongCodeError
    await pass_it(ctx, session)
    await run(ctx.tx, "forgive_second_tries", member_id=member_id)


async def pass_it(ctx: Context, session: str) -> None:
    await run(ctx.tx, "pass_second_step", id_hash=session_hash(ctx, session), now=ctx.now)


# ways back


async def make_recovery_codes(ctx: Context, member_id: MemberId) -> list[str]:
    """Shown once, and never again; those before are good for nothing."""
    codes = [f"{secrets.randbelow(10**RECOVERY_DIGITS):0{RECOVERY_DIGITS}d}" for _ in range(RECOVERY_CODES)]
    hashes = [_recovery_hash(ctx, member_id, code) for code in codes]
    await run(ctx.tx, "replace_recovery_codes", member_id=member_id, hashes=hashes)
    await note(ctx, member_id, "codes_made", by=member_id)
    return codes


def _recovery_hash(ctx: Context, member_id: MemberId, code: str) -> bytes:
    return ctx.vault.index("recovery code", f"{member_id}:{code}")


async def _use_recovery_code(ctx: Context, member_id: MemberId, code: str) -> bool:
    used = code and await run(
        ctx.tx, "use_recovery_code", member_id=member_id, code_hash=_recovery_hash(ctx, member_id, code), now=ctx.now
    )
    if used:
        await note(ctx, member_id, "code_used", by=member_id)
        await _account_of_code(ctx, member_id)
    return bool(used)


async def _account_of_code(ctx: Context, member_id: MemberId) -> None:
    """In every group that they coordinate: what was only written beside the codes can be deleted with them."""
    for post in await posts_of(ctx, member_id):
        await act_in(ctx, post.slug)
        await auditing.note(ctx, post.group_id, post.role, member_id, "recovery_code_used", "member", member_id)


async def recovery_codes_left(ctx: Context, member_id: MemberId) -> int:
    return int(await run(ctx.tx, "recovery_codes_left", member_id=member_id))


async def remove(ctx: Context, member_id: MemberId, id: UUID) -> None:
    """One of one's own."""
    if await run(ctx.tx, "remove_authenticator", id=id, member_id=member_id):
        await note(ctx, member_id, "removed", by=member_id)


async def note(
    ctx: Context,
    member_id: MemberId,
    kind: str,
    *,
    by: MemberId | None = None,
    group_id: GroupId | None = None,
    reason: str = "",
) -> None:
    sealed = (await sealer_of(ctx, member_id)).seal("second step", reason)
    await run(
        ctx.tx, "add_second_step_event", member_id=member_id, group_id=group_id, by_member=by, now=ctx.now, kind=kind,
        sealed_reason=sealed,
    )  # fmt: skip
