"""arq on Redis: it wakes workers, and nothing that matters is kept in it. No other module knows arq.

Every handing over is an arq job of its own (a random id): arq's own uniqueness by job id would make a job of a killed
worker wait until its keys expire. Whether a promise is still to be kept is decided in PostgreSQL alone.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from arq.jobs import serialize_job
from arq.utils import timestamp_ms
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from careweb.storage.promises import Handed
from workers.records import log

ANSWER_SECONDS = 2.0  # a Redis that does not answer for so long is away
POLL_SECONDS = 0.05
JOB_SECONDS = 60  # no job takes long; a message has its own, shorter limit
FINISH_SECONDS = 10  # that running jobs get when the process is told to end
_BODY_LIVES_MS = 3_600_000  # what waits longer was handed over again long ago
_LONG_SINCE_MS = 86_400_000  # jobs keep their order, and a worker whose clock is behind takes them at once all the same
_AWAY = (RedisError, OSError, TimeoutError, asyncio.TimeoutError)
_CLOSED = "the handler is closed"  # uvloop's RuntimeError for writing to a server that has just hung up
_SENTINEL = "careweb:here"  # a Redis without it has lost what it was given

Do = Callable[[str, UUID], Awaitable[Any]]


class QueueAwayError(Exception):
    """Redis cannot be reached, or does not answer in time."""


class EvictingRedisError(Exception):
    """This Redis may throw jobs away when its memory is full: set its maxmemory-policy to noeviction."""


def is_redis_away(error: Exception) -> bool:
    return isinstance(error, _AWAY) or (isinstance(error, RuntimeError) and _CLOSED in str(error))


def _encode(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


def _connect(url: str, answer_seconds: float) -> ArqRedis:
    pool = ConnectionPool.from_url(url, socket_timeout=answer_seconds, socket_connect_timeout=ANSWER_SECONDS)
    return ArqRedis(pool, job_serializer=_encode, job_deserializer=json.loads, expires_extra_ms=_BODY_LIVES_MS)


class Queue:
    """Where promises are handed over. Every call answers within ANSWER_SECONDS, or says that Redis is away."""

    def __init__(self, url: str) -> None:
        self._redis = _connect(url, ANSWER_SECONDS)

    async def put(self, handed: Sequence[Handed], lane_of: Callable[[str], str]) -> None:
        async with _in_time(), self._redis.pipeline(transaction=True) as pipe:
            at = timestamp_ms() - _LONG_SINCE_MS
            for one in handed:
                id = uuid4().hex
                body = serialize_job("do", (one.job, str(one.subject)), {}, None, at, serializer=_encode)
                pipe.psetex(job_key_prefix + id, _BODY_LIVES_MS, body)
                pipe.zadd(lane_of(one.job), {id: at})
            await pipe.execute()

    async def lost_everything(self) -> bool:
        """True for one caller, once for each time that Redis was emptied or replaced."""
        async with _in_time():
            return bool(await self._redis.set(_SENTINEL, "1", nx=True))

    async def waiting(self, lanes: Sequence[str]) -> int:
        """How many jobs lie in these lanes, not taken or not done yet."""
        async with _in_time(), self._redis.pipeline(transaction=False) as pipe:
            for lane in lanes:
                pipe.zcard(lane)
            return sum(await pipe.execute())

    async def refuse_eviction(self) -> None:
        async with _in_time():
            memory = await self._redis.info("memory")
        if memory.get("maxmemory_policy", "noeviction") != "noeviction":
            raise EvictingRedisError

    async def close(self) -> None:
        await _close(self._redis)


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except Exception as error:
        if is_redis_away(error):
            raise QueueAwayError from error
        raise


async def _close(redis: ArqRedis) -> None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await redis.aclose(close_connection_pool=True)
    except Exception as error:
        if not is_redis_away(error):
            raise


class Lane:
    """One queue and those of this process who work on it. Starts over whenever Redis goes away and comes back."""

    def __init__(self, url: str, name: str, *, at_once: int, do: Do) -> None:
        self._url, self._name, self._at_once, self._do = url, name, at_once, do
        self._worker: Worker | None = None
        self._ending = False

    async def work(self) -> None:
        wait = 0.1
        while not self._ending:
            redis = _connect(self._url, ANSWER_SECONDS * 2)
            worker = self._worker = self._new_worker(redis)
            try:
                await worker.async_run()
            except Exception as error:
                if not is_redis_away(error):
                    raise
                log.warning("redis away", error=type(error).__name__)
                wait = 0.1 if worker.jobs_complete else min(wait * 2, 2.0)
            finally:
                await self._finish(worker)
                await _close(redis)
            await asyncio.sleep(wait)

    def _new_worker(self, redis: ArqRedis) -> Worker:
        async def do(_ctx: dict[Any, Any], job: str, subject: str) -> None:
            await self._do(job, UUID(subject))

        return Worker(
            functions=[func(do, name="do")],  # type: ignore[arg-type]
            queue_name=self._name,
            redis_pool=redis,
            handle_signals=False,
            max_jobs=self._at_once,
            job_timeout=JOB_SECONDS,
            keep_result=0,
            poll_delay=POLL_SECONDS,
            max_tries=1,  # the relay tries again
            retry_jobs=False,
            job_serializer=_encode,
            job_deserializer=json.loads,
            log_results=False,
        )

    async def end(self) -> None:
        """Takes nothing new, lets what runs finish."""
        self._ending = True
        worker = self._worker
        if worker is None:
            return
        worker.allow_pick_jobs = False
        await self._finish(worker)
        if worker.main_task:
            worker.main_task.cancel()

    async def _finish(self, worker: Worker) -> None:
        running = list(worker.tasks.values())
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=FINISH_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
