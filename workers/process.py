"""One worker process: it hands promises over, does jobs, and sweeps. Start as many as you like, anywhere."""

import asyncio
import signal
from collections.abc import Sequence
from typing import Any

from careweb.config import Settings
from workers.jobs import do
from workers.queue import EvictingRedisError, Lane, Queue, QueueAwayError
from workers.records import log, note_stray
from workers.relay import MAIL, WORK, Relay
from workers.sweep import Sweep
from workers.workshop import Workshop, open_workshop

JOBS_AT_ONCE = 16
MAILS_AT_ONCE = 16  # as many connections to the mail server
_RETRY_SECONDS = 1.0


async def work(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises EvictingRedisError."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(note_stray)
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, ended.set)
    async with open_workshop(settings, jobs=JOBS_AT_ONCE + MAILS_AT_ONCE) as workshop:
        if settings.metrics_port:
            workshop.figures.serve(settings.metrics_port)
        queue = Queue(settings.redis_url)
        try:
            if await _redis_is_fit(queue, ended):
                await _run(workshop, queue, ended)
        finally:
            await queue.close()


async def _redis_is_fit(queue: Queue, ended: asyncio.Event) -> bool:
    """Waits for Redis for as long as it takes; False if told to end meanwhile."""
    while not ended.is_set():
        try:
            await queue.refuse_eviction()
        except QueueAwayError as error:
            log.warning("redis away", error=type(error.__cause__).__name__)
        else:
            return True
        try:
            async with asyncio.timeout(_RETRY_SECONDS):
                await ended.wait()
        except TimeoutError:
            pass
    return False


async def _run(workshop: Workshop, queue: Queue, ended: asyncio.Event) -> None:
    async def do_one(job: str, subject: object) -> None:
        await do(workshop, job, subject)  # type: ignore[arg-type]

    url = workshop.settings.redis_url
    lanes = [Lane(url, WORK, at_once=JOBS_AT_ONCE, do=do_one), Lane(url, MAIL, at_once=MAILS_AT_ONCE, do=do_one)]
    tasks = [asyncio.create_task(lane.work()) for lane in lanes]
    feeders = [asyncio.create_task(Relay(workshop, queue).run()), asyncio.create_task(Sweep(workshop).run())]
    log.info("ready")
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait([waiting, *tasks, *feeders], return_when=asyncio.FIRST_COMPLETED)
    log.info("ending")
    await _cancel(feeders)
    await asyncio.gather(*[lane.end() for lane in lanes])
    await _cancel([waiting, *tasks])
    for task in [*tasks, *feeders]:
        error = None if task.cancelled() else task.exception()
        if error:  # a mistake of ours: whoever watches this process starts it again
            raise error


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Again and again: libraries now and then swallow a cancellation that comes while they end something of their own."""
    while alive := [task for task in tasks if not task.done()]:
        for task in alive:
            task.cancel()
        await asyncio.wait(alive, timeout=_RETRY_SECONDS)


__all__ = ["EvictingRedisError", "work"]
