"""Forms whose second sending must change nothing, where what the first one made cannot tell."""

from careweb.flows.context import Context
from careweb.storage.database import run


async def first_time(ctx: Context, form_id: str) -> bool:
    """False: this form was sent within the last day. Two at once wait for each other; if the first fails, it never was."""
    return bool(await run(ctx.tx, "send_form", form_hash=ctx.vault.index("form", form_id), now=ctx.now))
