"""May this process work on this database?"""

from datetime import UTC, datetime

from careweb.config import Settings
from careweb.flows.erasing import ErasedComeBackError, refuse_erased
from careweb.flows.renewing import check_keys
from careweb.storage.away import is_away
from careweb.storage.database import Engine, run, transaction
from careweb.storage.sealing import KeysMissingError, Vault


async def refuse_unfit(engine: Engine, vault: Vault, settings: Settings) -> None:
    """Raises KeysMissingError or ErasedComeBackError. A database that is away or empty just now is asked later."""
    try:
        async with transaction(engine) as tx:
            if await run(tx, "table_is_there", name="master_key"):
                await check_keys(tx, vault)
                await refuse_erased(tx, settings, datetime.now(UTC))
    except Exception as error:
        if not is_away(error):
            raise


__all__ = ["ErasedComeBackError", "KeysMissingError", "refuse_unfit"]
