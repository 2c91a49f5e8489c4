"""What every job of a process shares: the database, the keys, the settings, the ways out, the records."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from careweb.config import Settings
from careweb.delivery.ways import Ways
from careweb.flows.context import Context
from careweb.flows.starting import refuse_unfit
from careweb.storage.database import Engine, reading, run, transaction
from careweb.storage.logins import Login, open_login
from careweb.storage.sealing import Vault, open_vault
from workers.records import Figures


class Clock:
    """The database's time, carried on by this process's monotonic clock.

    Workers decide what is due, late or lost, and one machine's clock may be minutes away from another's.
    """

    def __init__(self) -> None:
        self._set_to: tuple[datetime, float] | None = None

    async def set(self, engine: Engine) -> None:
        async with reading(engine) as tx:
            at = await run(tx, "database_time")
        self._set_to = at, time.monotonic()

    @property
    def is_set(self) -> bool:
        return self._set_to is not None

    def now(self) -> datetime:
        if self._set_to is None:
            return datetime.now(UTC)
        at, since = self._set_to
        return at + timedelta(seconds=time.monotonic() - since)


@dataclass(frozen=True, kw_only=True)
class Workshop:
    engine: Engine  # as the matcher: across groups, and without a name, contact or text
    groups: Engine  # as the web: one group or person at a time
    vault: Vault
    settings: Settings
    ways: Ways
    figures: Figures
    clock: Clock = field(default_factory=Clock)
    promised: asyncio.Event = field(default_factory=asyncio.Event)  # some job may have promised something: relay, look

    async def know_the_time(self) -> None:
        """Before anything is judged by it: a process may have started while the database, whose time counts, was away."""
        if not self.clock.is_set:
            await self.clock.set(self.engine)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Context]:
        """One transaction; committed at the end, rolled back by any exception."""
        await self.know_the_time()
        async with transaction(self.engine) as tx:
            yield Context(tx=tx, vault=self.vault, settings=self.settings, now=self.clock.now())

    @asynccontextmanager
    async def begin_for(self, subject: UUID) -> AsyncIterator[Context]:
        """The same, for the group and person that this need, ask, match or notice belongs to, and no other."""
        await self.know_the_time()
        async with transaction(self.groups) as tx:
            await run(tx, "enter_record", id=subject)
            yield Context(tx=tx, vault=self.vault, settings=self.settings, now=self.clock.now())


@asynccontextmanager
async def open_workshop(settings: Settings, *, jobs: int) -> AsyncIterator[Workshop]:
    """`jobs`: how many run at once. Half as many connections of each kind do: a job that sends has none meanwhile."""
    vault = open_vault(settings)
    ways = Ways(settings, vault.push_key())
    engine, groups = (
        open_login(login, settings, vault, pool_size=jobs // 2 + 2) for login in (Login.MATCHER, Login.WEB)
    )
    try:
        await refuse_unfit(engine, vault, settings)
        workshop = Workshop(engine=engine, groups=groups, vault=vault, settings=settings, ways=ways, figures=Figures())
        yield workshop
    finally:
        await ways.close()
        await engine.dispose()
        await groups.dispose()
