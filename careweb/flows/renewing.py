"""Master keys: whether they are the right ones, and a new one for every data key."""

from uuid import UUID

from careweb.flows.context import Context
from careweb.storage.database import Transaction, run
from careweb.storage.promises import promise
from careweb.storage.sealing import KeyVersionMissingError, Vault, WrongKeysError

BATCH = 1000  # data keys in one transaction: some 20 ms, so that no reader waits


async def check_keys(tx: Transaction, vault: Vault) -> None:
    """Raises WrongKeysError or KeyVersionMissingError before a process could seal with one key and fail with another."""
    ours = vault.prints()
    known = {row["version"]: row["print"] for row in await run(tx, "key_prints")}
    if any(known.get(version, print_) != print_ for version, print_ in ours.items()):
        raise WrongKeysError
    in_use = {row["version"] for row in await run(tx, "masters")}
    if not in_use | ({min(known)} if known else set()) <= set(ours):  # look-ups are derived from the oldest
        raise KeyVersionMissingError
    for version in set(ours) - set(known):
        await run(tx, "add_key_print", version=version, print=ours[version])


async def owe_rewrap(ctx: Context) -> None:
    await promise(ctx.tx, "rewrap_keys", UUID(int=0), ctx.now)


async def rewrap_keys(ctx: Context, _: UUID) -> None:
    """One batch under the current master key, then the next one at once. A record erased meanwhile stays erased."""
    ctx.vault.refresh()
    await check_keys(ctx.tx, ctx.vault)
    if await rewrap_batch(ctx):
        await owe_rewrap(ctx)


async def rewrap_batch(ctx: Context, most: int = BATCH) -> int:
    rows = await run(ctx.tx, "wrapped_by_others", current=ctx.vault.current, most=most)
    sealers = [ctx.vault.unwrap(**row) for row in rows]
    fresh = [ctx.vault.wrap(sealer) for sealer in sealers]
    await run(
        ctx.tx, "wrap_anew", records=[row["record"] for row in rows], ids=[row["id"] for row in rows],
        masters=[master for master, _ in fresh], wrapped=[wrapped for _, wrapped in fresh],
    )  # fmt: skip
    return len(rows)


async def masters_in_use(ctx: Context) -> dict[int, int]:
    """How many records each master key wraps."""
    return {row["version"]: row["records"] for row in await run(ctx.tx, "masters_in_use")}
