"""A message that a mail server had taken, and that came back: from here on as if it had been refused at once."""

from collections.abc import Mapping
from typing import Any

from careweb.domain.channels import ChannelKind
from careweb.domain.letters import Brought
from careweb.domain.notices import NoticeKind
from careweb.domain.states import NoticeState
from careweb.flows.context import Context
from careweb.flows.notices import never_arrived, owe_anew
from careweb.flows.ways import Reader, Way, reader_of, turn_off
from careweb.storage.database import run
from careweb.storage.notices import Notice
from careweb.storage.promises import promise


async def came_back(ctx: Context, told: Mapping[str, Any]) -> Brought:
    """The same report twice, or one about what went out another way since, changes nothing."""
    if told["channel"] != ChannelKind.EMAIL or told["state"] not in (NoticeState.SENT, NoticeState.CLAIMED):
        return Brought.IGNORED
    if told["state"] == NoticeState.CLAIMED:  # sent, and not yet marked so
        return Brought.LATER
    for row in await run(ctx.tx, "notices_of_mail", id=told["id"]):
        await _came_back(ctx, Notice(lease_until=ctx.now, **row))
    return Brought.BOUNCED


async def _came_back(ctx: Context, notice: Notice) -> None:
    reader = await reader_of(ctx, notice)
    after = _after(reader, notice)
    if reader and notice.channel_id and await turn_off(ctx, notice.person_id, notice.channel_id):
        await owe_anew(ctx, NoticeKind.CHANNEL_OFF, notice.channel_id, notice.member_id, notice.need_id)
    state = NoticeState.OWED if after else NoticeState.FAILED
    if not await run(ctx.tx, "notice_came_back", id=notice.id, state=state, channel_id=after.id if after else None):
        return
    if after:
        await promise(ctx.tx, "deliver_notice", notice.id, ctx.now)
    else:
        await never_arrived(ctx, notice)


def _after(reader: Reader | None, notice: Notice) -> Way | None:
    """Where it goes instead: the next after the one it came back from, which may be off already."""
    ways = reader.ways if reader else ()
    at = next((place for place, way in enumerate(ways) if way.id == notice.channel_id), -1)
    others = [*ways[at + 1 :], *ways[: max(at, 0)]]
    return others[0] if others else None
