"""How the last tick of each market went."""

from collections.abc import Mapping
from typing import Any

from careweb.storage.database import Transaction, run


async def market_figures(tx: Transaction) -> list[Mapping[str, Any]]:
    return list(await run(tx, "market_figures"))
