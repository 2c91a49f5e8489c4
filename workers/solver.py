"""One solver process: it looks at whole markets, one after the other. Start as many as there are markets.

Only this process ever imports numba. It needs PostgreSQL alone: the row of a market says when it is due, and its lock is
held by whoever ticks it, so that neither Redis nor a relay stands between.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from careweb.config import Settings
from careweb.flows import ticking
from careweb.storage.away import is_away
from careweb.storage.database import Deadlock
from workers.records import log, mishap, note_stray
from workers.workshop import Workshop, open_workshop

LOOK_SECONDS = 1.0
_MARKETS_EVERY = 60.0  # seconds


async def solve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; a tick that is under way is given up, and nothing of it has happened."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.state.absolute() / "numba"))
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(note_stray)
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, ended.set)
    async with open_workshop(settings, jobs=2) as workshop:
        if settings.metrics_port:
            workshop.figures.serve(settings.metrics_port)
        solver = asyncio.create_task(Solver(workshop).run())
        log.info("ready")
        waiting = asyncio.create_task(ended.wait())
        await asyncio.wait([waiting, solver], return_when=asyncio.FIRST_COMPLETED)
        log.info("ending")
        for task in (waiting, solver):
            task.cancel()
        await asyncio.wait([waiting, solver])
        if not solver.cancelled() and (error := solver.exception()):
            raise error


class Solver:
    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._kept: float | None = None  # when, on the monotonic clock, the list of markets was looked after

    async def run(self) -> None:
        """Until cancelled. An absent database does not end it."""
        while True:
            if not await self.look():
                await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> bool:
        """Ticks the market that is most overdue; False if none is due, True also where it should be tried again at once."""
        try:
            await self._keep_markets()
            return await self._tick()
        except Deadlock:  # somebody was at the same people the other way around; nothing of ours was kept
            return True
        except Exception as error:
            if is_away(error):
                log.warning("database away", error=type(error).__name__)
            else:
                mishap("tick failed", error)
            return False

    async def _keep_markets(self) -> None:
        if self._kept is None or time.monotonic() - self._kept >= _MARKETS_EVERY:
            await self._workshop.clock.set(self._workshop.engine)
            async with self._workshop.begin() as ctx:
                await ticking.keep_markets(ctx)
            self._kept = time.monotonic()

    async def _tick(self) -> bool:
        market, started = None, time.perf_counter()
        try:
            async with self._workshop.begin() as ctx:
                market = await ticking.due_market(ctx)
                if market is None:
                    return False
                ticked = await ticking.tick(ctx, market, aside=aside, clock=self._workshop.clock.now)
        except Exception as error:
            if market is not None and not isinstance(error, Deadlock):
                await self._postpone(market["slug"])
            raise
        self._workshop.figures.ticked(time.perf_counter() - started, ticked.asked)
        return True

    async def _postpone(self, slug: str) -> None:
        async with self._workshop.begin() as ctx:
            await ticking.postpone(ctx, slug)


async def aside(do: Callable[..., Any], *values: Any) -> Any:
    """In a thread that does not outlive the process: told to end, nobody waits for a solve."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def answer(result: Any, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)

    def run() -> None:
        try:
            result, error = do(*values), None
        except BaseException as wrong:  # whatever it is, it is the caller's
            result, error = None, wrong
        if not loop.is_closed():
            loop.call_soon_threadsafe(answer, result, error)

    threading.Thread(target=run, name="solve", daemon=True).start()
    return await done
