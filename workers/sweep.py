"""From PostgreSQL alone: rows that wait without a promise, jobs about nobody, and the gauges."""

import asyncio

from careweb.storage.away import is_away
from careweb.storage.database import transaction
from careweb.storage.markets import market_figures
from careweb.storage.notices import count_notices
from careweb.storage.promises import count_promises, promise, promise_forgotten, stuck
from workers.jobs import EVERY, NOBODY
from workers.records import log, mishap
from workers.workshop import Workshop

_MOST = 1000


class Sweep:
    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                found = await self.look()
                if found:
                    log.warning("forgotten work promised again", count=found)
                if self._workshop.settings.metrics_port:
                    await self.measure()
            except Exception as error:
                if is_away(error):
                    log.warning("database away", error=type(error).__name__)
                else:
                    mishap("sweep failed", error)
            await asyncio.sleep(self._workshop.settings.sweep_every.total_seconds())

    async def look(self) -> int:
        await self._workshop.clock.set(self._workshop.engine)
        settings, at = self._workshop.settings, self._workshop.clock.now()
        async with transaction(self._workshop.engine) as tx:
            for job, every in EVERY.items():
                await promise(tx, job, NOBODY, at + every)
            return await promise_forgotten(
                tx,
                now=at,
                met_after=settings.met_after,
                purge_after=settings.purge_after,
                urgent_lapse=settings.urgent_choice_lapses,
                lapse=settings.choice_lapses,
                most=_MOST,
            )

    async def measure(self) -> None:
        figures, at = self._workshop.figures, self._workshop.clock.now()
        async with transaction(self._workshop.engine) as tx:
            figures.promises(await count_promises(tx, now=at, late_after=self._workshop.settings.lost_after))
            figures.stuck(await stuck(tx, now=at))
            figures.notices(await count_notices(tx))
            figures.ticks(await market_figures(tx), at)
