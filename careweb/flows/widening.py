"""When nobody is left to ask: why, and which other language the asker could say is fine too."""

from careweb.domain.errors import OverError
from careweb.domain.ids import NeedId
from careweb.domain.reasons import MANY, Reasons, reasons
from careweb.flows.context import Context
from careweb.flows.needs import tell
from careweb.storage.database import run
from careweb.storage.promises import promise

LANGUAGES_MOST = 4  # of a need, as its form has it


async def why_nobody(ctx: Context, need_id: NeedId) -> Reasons:
    rows = await run(ctx.tx, "why_nobody", need_id=need_id, weekly_asks=ctx.settings.weekly_asks, now=ctx.now)
    return reasons(rows, await run(ctx.tx, "closed_to_need", need_id=need_id, most=MANY))


async def languages_that_help(ctx: Context, need_id: NeedId) -> list[str]:
    """In which somebody could be asked who fits but for the language, the most first. How many stays unsaid."""
    return [tag for tag, _ in (await why_nobody(ctx, need_id)).if_language]


async def allow_language(ctx: Context, need_id: NeedId, language: str) -> None:
    """Fine too, says the asker. Whoever was asked before is not asked again for that."""
    if language not in await languages_that_help(ctx, need_id):
        raise OverError
    if not await run(ctx.tx, "allow_language", id=need_id, language=language, most=LANGUAGES_MOST):
        raise OverError
    await promise(ctx.tx, "match_need", need_id, ctx.now)
    await tell(ctx, need_id, "asker", "changed")
