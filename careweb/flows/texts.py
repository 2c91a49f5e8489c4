"""What somebody texts back. The same verbs as on the page; only who it is and what they saw is found out another way."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from careweb.domain.answers import Said, Written
from careweb.domain.channels import ChannelKind
from careweb.domain.ids import AskId, MemberId, PersonId
from careweb.flows.asks import SHORT_CODE_DIGITS, WRONG_CODES_MOST, Door, accept, decline
from careweb.flows.channels import address_index
from careweb.flows.context import Context
from careweb.flows.entering import act_for, act_for_owner, enter
from careweb.flows.messages import own_page
from careweb.flows.ways import stop_channel
from careweb.rendering import SOURCE, interfaces, render_text
from careweb.storage.database import run


async def answer_text(ctx: Context, phone: str, written: Written) -> str:
    """The words of the reply; none to a number we do not know. Raises what accept does: nothing has happened then."""
    owners = await run(ctx.tx, "channels_of_address", address=address_index(ctx, ChannelKind.SMS, phone))
    if not owners:
        return ""
    if written.said is Said.STOP:
        for owner in owners:
            await act_for_owner(ctx, owner["person_id"])
            await stop_channel(ctx, owner["person_id"], owner["id"])
        return await _reply(ctx, owners[0]["person_id"], "stopped")
    if written.said is Said.UNCLEAR:
        return await _reply(ctx, owners[0]["person_id"], "unclear")
    for owner in owners:  # a family may share a telephone; who asked for something has no question to answer
        await act_for(ctx, owner["person_id"])
        ask_id = await _ask_of(ctx, owner["person_id"], written.code)
        if ask_id:
            return await _answer(ctx, ask_id, MemberId(owner["person_id"]), yes=written.said is Said.YES)
    for owner in owners:
        await _count_wrong(ctx, owner["person_id"])
    return await _reply(ctx, owners[0]["person_id"], "unclear")


async def refusal(ctx: Context, phone: str, outcome: str) -> str:
    """Why nothing has happened, in another transaction than the one that did not."""
    owners = await run(ctx.tx, "channels_of_address", address=address_index(ctx, ChannelKind.SMS, phone))
    return await _reply(ctx, owners[0]["person_id"], outcome) if owners else ""


async def _asks(ctx: Context, member_id: UUID) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = await run(ctx.tx, "asks_to_answer", member_id=member_id, most=WRONG_CODES_MOST)
    return rows


async def _ask_of(ctx: Context, member_id: UUID, code: str) -> AskId | None:
    fitting = [
        ask for ask in await _asks(ctx, member_id) if ctx.vault.digits("ask", ask["id"], SHORT_CODE_DIGITS) == code
    ]
    return AskId(fitting[0]["id"]) if fitting else None


async def _count_wrong(ctx: Context, member_id: UUID) -> None:
    """A sender's number can be forged: whoever guesses has five tries, as on the page."""
    await act_for(ctx, MemberId(member_id))
    for ask in await _asks(ctx, member_id):
        if ask["waits"]:
            await run(ctx.tx, "count_wrong_code", id=ask["id"])


async def _answer(ctx: Context, ask_id: AskId, member_id: MemberId, *, yes: bool) -> str:
    await enter(ctx, ask_id)
    link = f"{ctx.settings.public_url}/a/{ctx.vault.sign('ask', ask_id)}"
    if not yes:
        return await _reply(ctx, member_id, "declined" if await decline(ctx, ask_id, member_id, Door.TEXT) else "over")
    if not await run(ctx.tx, "details_were_seen", id=ask_id):
        return await _reply(ctx, member_id, "look_first", link)
    return await _reply(ctx, member_id, await accept(ctx, ask_id, member_id, Door.TEXT), link)


async def _reply(ctx: Context, person_id: PersonId, outcome: str, link: str = "") -> str:
    await act_for_owner(ctx, person_id)
    person = await run(ctx.tx, "recipient", id=person_id)
    locale = person["locale"] if person and person["locale"] in interfaces() else SOURCE
    link = link or own_page(ctx, person_id if person and person["record"] == "need" else None)
    return " ".join(render_text(locale, "texts/reply.txt", outcome=str(outcome), link=link).split())
