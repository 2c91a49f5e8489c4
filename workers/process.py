"""One worker process: it hands promises over, does jobs, and sweeps. Start as many as you like, anywhere."""

import asyncio
import signal

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
    for feeder in feeders:
        feeder.cancel()
    await asyncio.gather(*[lane.end() for lane in lanes])
    for task in [waiting, *tasks]:
        task.cancel()
    for result in await asyncio.gather(waiting, *tasks, *feeders, return_exceptions=True):
        if isinstance(result, Exception):  # a mistake of ours: whoever watches this process starts it again
            raise result


__all__ = ["EvictingRedisError", "work"]
