"""Is the audit what was written? Any edit, deletion or insertion is found, also by whoever owns the database."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from careweb.flows.auditing import AT_ONCE, FIRST, chained, mac_of
from careweb.flows.context import Context
from careweb.storage.audit_heads import read_heads
from careweb.storage.database import run


async def verify_audit(ctx: Context) -> list[str]:
    """What does not fit, each in a line; nothing if all does."""
    heads = read_heads(ctx.settings.state)
    wrong: list[str] = []
    for group in await run(ctx.tx, "all_groups"):
        known = heads.get(group["id"], {})
        wrong += [f"{group['slug']}: {text}" async for text in _of_group(ctx, group["id"], known)]
    for row in await run(ctx.tx, "links_without_line"):
        wrong.append(f"line {row['line_id']} was taken out: its link is there")
    for row in await run(ctx.tx, "lines_twice"):
        wrong.append(f"line {row['id']} is a copy of another")
    for row in await run(ctx.tx, "lines_not_chained"):
        if mac_of(ctx.vault, row) != row["mac"]:
            wrong.append(f"line {row['id']} was not written by careweb, or was changed")
    return wrong


async def _of_group(ctx: Context, group_id: UUID, known: Mapping[int, bytes]) -> AsyncIterator[str]:
    before, expected, after = FIRST, 1, 0
    while rows := await run(ctx.tx, "chained_lines", group_id=group_id, after=after, most=AT_ONCE):
        for row in rows:
            number = row["number"]
            if number != expected:
                yield f"{expected} to {number - 1} of the chain are missing"
            if mac_of(ctx.vault, row) != row["mac"]:
                yield f"{number} of the chain was not written by careweb, or was changed"
            if number == expected and chained(ctx.vault, before, row) != row["hash"]:
                yield f"{number} of the chain does not follow from what stands before it"
            if known.get(number, row["hash"]) != row["hash"]:
                yield f"{number} of the chain is not what the list beside the database says"
            before, expected = row["hash"], number + 1
        after = rows[-1]["number"]
    if known and max(known) >= expected:
        yield f"{expected} to {max(known)} of the chain are missing at its end: the list beside the database has them"
