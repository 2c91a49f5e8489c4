"""A worker that renews keys and, in the middle of its third batch, waits to be killed: `python -m tests.storage.renewing URL MOST`."""

import asyncio
import sys

from careweb.flows.renewing import rewrap_batch
from careweb.storage.database import open_engine
from careweb.storage.sealing import Vault
from tests.storage.test_renewal import BOTH, begun


async def main(url: str, most: int) -> None:
    engine, vault = open_engine(url), Vault(BOTH)
    for batch in range(1, 4):
        async with begun(engine, vault) as ctx:
            moved = await rewrap_batch(ctx, most=most)
            if batch == 3:
                print(moved, flush=True)  # noqa: T201
                await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
