"""A passkey as the second step: what the browser is asked, and whether its answer proves it."""

import base64
import json
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from careweb.domain.errors import WrongCodeError
from careweb.domain.ids import MemberId
from careweb.flows.context import Context
from careweb.flows.second_step import Authenticator, Kind, add_one, authenticators, note, pass_it
from careweb.storage import factors
from careweb.storage.database import run
from careweb.storage.factors import NoProofError

CHALLENGE_LIVES = timedelta(minutes=10)


async def ask_to_make_passkey(ctx: Context, member_id: MemberId, name: str) -> str:
    there = [one.passkey().id for one in await _passkeys(ctx, member_id)]
    return factors.passkey_to_make(
        await _challenge(ctx, member_id), host=_host(ctx), member=member_id.bytes, name=name or "staff", there=there
    )


async def keep_passkey(ctx: Context, member_id: MemberId, answer: str, *, session: str) -> None:
    """Raises WrongCodeError."""
    try:
        made = factors.made_passkey(
            answer, await _taken_challenge(ctx, member_id), host=_host(ctx), origin=ctx.settings.public_url
        )
    except NoProofError:
        raise WrongCodeError from None
    held = {"id": base64.b64encode(made.id).decode(), "public_key": base64.b64encode(made.public_key).decode()}
    await add_one(
        ctx, member_id, Kind.PASSKEY, json.dumps(held), credential_index=_index(ctx, made.id), counter=made.counter,
        confirmed_at=ctx.now,
    )  # fmt: skip
    await note(ctx, member_id, "added", by=member_id)
    await pass_it(ctx, session)


async def ask_to_show_passkey(ctx: Context, member_id: MemberId) -> str:
    """Empty where there is none."""
    there = [one.passkey().id for one in await _passkeys(ctx, member_id)]
    return factors.passkey_to_show(await _challenge(ctx, member_id), host=_host(ctx), there=there) if there else ""


async def show_passkey(ctx: Context, member_id: MemberId, answer: str, *, session: str) -> None:
    """Raises WrongCodeError; commit even then: what was asked is asked once."""
    challenge = await _taken_challenge(ctx, member_id)
    try:
        shown = factors.shown_passkey(answer)
        one = next((one for one in await _passkeys(ctx, member_id) if one.passkey().id == shown), None)
        if one is None:
            raise WrongCodeError
        counter = factors.counter_of_passkey(
            answer, challenge, one.passkey(), host=_host(ctx), origin=ctx.settings.public_url
        )
    except NoProofError:
        raise WrongCodeError from None
    if not await run(ctx.tx, "use_passkey", id=one.id, member_id=member_id, counter=counter):
        raise WrongCodeError
    await pass_it(ctx, session)


async def _passkeys(ctx: Context, member_id: MemberId) -> list[Authenticator]:
    return [one for one in await authenticators(ctx, member_id) if one.kind is Kind.PASSKEY]


async def _challenge(ctx: Context, member_id: MemberId) -> bytes:
    challenge = secrets.token_bytes(32)
    await run(ctx.tx, "set_challenge", member_id=member_id, challenge=challenge, until=ctx.now + CHALLENGE_LIVES)
    return challenge


async def _taken_challenge(ctx: Context, member_id: MemberId) -> bytes:
    challenge: bytes | None = await run(ctx.tx, "take_challenge", member_id=member_id, now=ctx.now)
    if challenge is None:
        raise WrongCodeError
    return challenge


def _host(ctx: Context) -> str:
    return urlsplit(ctx.settings.public_url).hostname or ""


def _index(ctx: Context, credential_id: bytes) -> bytes:
    return ctx.vault.index("passkey", credential_id.hex())
