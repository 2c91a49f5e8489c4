"""What of a need is not as its helpers agreed to it."""

from datetime import datetime

from careweb.domain.ids import NeedId
from careweb.domain.needs import Change
from careweb.flows.context import Context
from careweb.storage.database import run


async def changes_since(ctx: Context, need_id: NeedId, since: datetime) -> tuple[Change, ...]:
    rows = await run(ctx.tx, "changes_since", need_id=need_id, since=since)
    there = {row["change"] for row in rows}
    return tuple(one for one in Change if one in there)
