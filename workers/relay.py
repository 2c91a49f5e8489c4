"""From promises to the queue: what is due, what was lost, and everything again when the queue was emptied."""

import asyncio
import time

from careweb.storage.away import is_away
from careweb.storage.database import transaction
from careweb.storage.promises import Handed, hand_over, hand_over_lost, take_back, take_back_all
from workers.jobs import DELIVER
from workers.queue import Queue, QueueAwayError
from workers.records import log, mishap
from workers.workshop import Workshop

WORK, MAIL = "careweb:work", "careweb:mail"  # a mail server that hangs must not keep needs from being matched
LOOK_SECONDS = 0.1
_LOST_SECONDS = 1.0
_PAUSE_SECONDS = 0.02  # between looks when jobs promise one thing after the other
_AWAY_SECONDS = 0.5
_MOST = 500
_CROWDED = 200  # jobs in the queue: what was handed over waits its turn, and once more of it would only lengthen that


def lane_of(job: str) -> str:
    return MAIL if job == DELIVER else WORK


class Relay:
    def __init__(self, workshop: Workshop, queue: Queue) -> None:
        self._workshop, self._queue = workshop, queue
        self._looked_for_lost = 0.0

    async def run(self) -> None:
        """Until cancelled. Neither a frozen Redis nor an absent database ends it."""
        while True:
            try:
                count = await self.look()
            except QueueAwayError as error:
                self._workshop.figures.redis(up=False)
                log.warning("redis away", error=type(error.__cause__).__name__)
                await asyncio.sleep(_AWAY_SECONDS)
            except Exception as error:
                if is_away(error):
                    log.warning("database away", error=type(error).__name__)
                else:
                    mishap("relay failed", error)
                await asyncio.sleep(_AWAY_SECONDS)
            else:
                await self._wait(full=count >= _MOST)

    async def _wait(self, *, full: bool) -> None:
        promised = self._workshop.promised
        if not full:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await promised.wait()
            except TimeoutError:
                return
        promised.clear()
        await asyncio.sleep(_PAUSE_SECONDS)

    async def look(self) -> int:
        """How many promises were handed over. The queue is asked first: one that is away gets nothing to lose."""
        lost_too = time.monotonic() - self._looked_for_lost >= _LOST_SECONDS
        if lost_too:
            await self._start_over_if_emptied()
        crowded = lost_too and await self._queue.waiting((WORK, MAIL)) > _CROWDED
        handed = await self._hand_over(lost_too=lost_too and not crowded)
        if lost_too:
            self._looked_for_lost = time.monotonic()
        if handed:
            await self._put(handed)
        return len(handed)

    async def _start_over_if_emptied(self) -> None:
        if await self._queue.lost_everything():
            async with transaction(self._workshop.engine) as tx:
                await take_back_all(tx)
        self._workshop.figures.redis(up=True)

    async def _hand_over(self, *, lost_too: bool) -> list[Handed]:
        """Committed before anything reaches the queue: a worker can keep only what it sees as handed over."""
        await self._workshop.know_the_time()
        at, lost_after = self._workshop.clock.now(), self._workshop.settings.lost_after
        async with transaction(self._workshop.engine) as tx:
            handed = await hand_over(tx, now=at, most=_MOST)
            lost = await hand_over_lost(tx, now=at, lost_after=lost_after, most=_MOST) if lost_too else []
        if lost:
            log.warning("lost promises handed over again", count=len(lost))
        return [*handed, *lost]

    async def _put(self, handed: list[Handed]) -> None:
        try:
            await self._queue.put(handed, lane_of)
        except QueueAwayError:
            self._looked_for_lost = 0.0  # the next look asks the queue before it hands anything over
            async with transaction(self._workshop.engine) as tx:
                await take_back(tx, handed)
            raise
