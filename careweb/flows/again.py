"""An ask ends without a yes: its need looks for others."""

from careweb.domain.ids import AskId
from careweb.flows.context import Context
from careweb.storage.database import run
from careweb.storage.promises import promise


async def look_again(ctx: Context, ask_id: AskId) -> None:
    """Before the ask ends: everybody takes a need, what is promised of it, people and asks in this order. Whoever held the
    ask and then waited for the promise would stand in a circle with a yes.
    """
    need_id = await run(ctx.tx, "need_of_open_ask", id=ask_id)
    if need_id:
        await promise(ctx.tx, "match_need", need_id, ctx.now)
