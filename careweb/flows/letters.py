"""What somebody answers by mail. The same verbs as on the page; only who it is and what they saw is found out another way.

Who may answer follows from the address it came to, which only that one message named; the sender's can be forged. What is
said back goes to the address we know, never to the one that it says it is from.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from careweb.domain.answers import Said
from careweb.domain.contacts import Contact
from careweb.domain.errors import AtCapacityError, NotHereError, NotNowError
from careweb.domain.ids import AskId, MemberId, NeedId
from careweb.domain.letters import Brought, Letter
from careweb.domain.notices import NoticeKind
from careweb.domain.states import ContactKind
from careweb.flows.asks import SHORT_CODE_DIGITS, WRONG_CODES_MOST, Answer, Door, accept, decline
from careweb.flows.bounces import came_back
from careweb.flows.context import Context
from careweb.flows.entering import enter
from careweb.flows.forms import first_time
from careweb.flows.notices import Begin, owe_notice, stop_asker
from careweb.storage.database import Deadlock, run

_MORE_TRIES = 2
_ANY = 2**15 - 1  # wrong codes


async def bring(begin: Begin, letter: Letter) -> Brought:
    for _ in range(_MORE_TRIES):
        with suppress(Deadlock):
            return await _bring(begin, letter)
    return await _bring(begin, letter)


async def _bring(begin: Begin, letter: Letter) -> Brought:
    try:
        async with begin() as ctx:
            return await _read(ctx, letter)
    except AtCapacityError:
        outcome = NoticeKind.AT_CAPACITY
    except (NotNowError, NotHereError):
        outcome = NoticeKind.ANSWERED
    async with begin() as ctx:  # why nothing has happened, in another transaction than the one that did not
        told = await _told(ctx, letter)
        ask_id = told and await _ask_of(ctx, told, letter.written.code)
        if told and ask_id:
            await owe_notice(ctx, outcome, ask_id, member_id=told["member_id"])
    return Brought.ANSWERED


async def _read(ctx: Context, letter: Letter) -> Brought:
    if not any(map(ctx.vault.addressed, letter.tokens)):
        return Brought.IGNORED
    told = await _told(ctx, letter)
    if letter.bounced:
        return await came_back(ctx, told) if told else Brought.IGNORED
    if letter.automatic:
        return Brought.IGNORED
    if told is None:
        return Brought.TOO_OLD
    if letter.id and not await first_time(ctx, f"letter {told['id']} {letter.id}"):
        return Brought.IGNORED
    if letter.written.said is Said.STOP:
        return await _stop(ctx, told)
    if letter.written.said is Said.UNCLEAR or not await _is_from_its_reader(ctx, told, letter.sender):
        return await _unclear(ctx, told)
    return await _answer(ctx, told, letter.written.code, yes=letter.written.said is Said.YES)


async def _told(ctx: Context, letter: Letter) -> Mapping[str, Any] | None:
    """The message that is answered, or that came back; None if we have forgotten it. From here on it acts for its reader."""
    for notice_id in filter(None, map(ctx.vault.addressed, letter.tokens)):
        await enter(ctx, notice_id)
        row: Mapping[str, Any] | None = await run(ctx.tx, "notice_by_id", id=notice_id)
        return row
    return None


async def _stop(ctx: Context, told: Mapping[str, Any]) -> Brought:
    """What the link at the foot of that message does, for whoever has the message, as the link does it."""
    if told["member_id"]:
        await run(ctx.tx, "stop_mail", id=told["member_id"])
    else:
        await stop_asker(ctx, NeedId(told["need_id"]))
    await _say(ctx, NoticeKind.STOPPED, told)
    return Brought.STOPPED


async def _unclear(ctx: Context, told: Mapping[str, Any]) -> Brought:
    await _say(ctx, NoticeKind.NOT_UNDERSTOOD, told)
    return Brought.UNCLEAR


async def _say(ctx: Context, kind: NoticeKind, told: Mapping[str, Any]) -> None:
    """Once about one ask, or whatever else it was: however often they write, and whatever program answers by itself."""
    asks = await run(ctx.tx, "asks_of_mail", id=told["id"], most=_ANY)
    subject = asks[0]["id"] if len(asks) == 1 else told["subject"]
    member_id, need_id = told["member_id"], told["need_id"]
    if member_id:
        await owe_notice(ctx, kind, subject, member_id=MemberId(member_id))
    else:
        await owe_notice(ctx, kind, subject, need_id=NeedId(need_id))


async def _is_from_its_reader(ctx: Context, told: Mapping[str, Any], sender: str) -> bool:
    if not sender or not told["member_id"]:
        return False
    index = ctx.vault.contact_index(Contact(ContactKind.EMAIL, sender))
    row = await run(ctx.tx, "member_by_contact", contact_index=index)
    return bool(row) and row["id"] == told["member_id"]


async def _asks(ctx: Context, notice_id: UUID) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = await run(ctx.tx, "asks_of_mail", id=notice_id, most=WRONG_CODES_MOST)
    return rows


async def _ask_of(ctx: Context, told: Mapping[str, Any], code: str) -> AskId | None:
    """That of the code, among those that this one message told of."""
    fitting = [
        ask["id"]
        for ask in await _asks(ctx, told["id"])
        if ctx.vault.digits("ask", ask["id"], SHORT_CODE_DIGITS) == code
    ]
    return AskId(fitting[0]) if fitting else None


async def _answer(ctx: Context, told: Mapping[str, Any], code: str, *, yes: bool) -> Brought:
    ask_id, member_id = await _ask_of(ctx, told, code), MemberId(told["member_id"])
    if ask_id is None:
        for ask in await _asks(ctx, told["id"]):
            if ask["waits"]:
                await run(ctx.tx, "count_wrong_code", id=ask["id"])
        return await _unclear(ctx, told)
    await enter(ctx, ask_id)
    if yes and not await run(ctx.tx, "details_were_seen", id=ask_id):
        return await _unclear(ctx, told)
    if not yes:
        await decline(ctx, ask_id, member_id, Door.MAIL)
    elif await accept(ctx, ask_id, member_id, Door.MAIL) is Answer.ACCEPTED:
        return Brought.ANSWERED  # the message that they are connected says it
    await owe_notice(ctx, NoticeKind.ANSWERED, ask_id, member_id=member_id)
    return Brought.ANSWERED
