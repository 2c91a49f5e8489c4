"""What every verb is given: one transaction, the keys, the settings and the time."""

from dataclasses import dataclass
from datetime import datetime

from careweb.config import Settings
from careweb.storage.database import Transaction
from careweb.storage.sealing import Vault


@dataclass(frozen=True, kw_only=True)
class Context:
    tx: Transaction
    vault: Vault
    settings: Settings
    now: datetime
