"""What each fault does, and how it is mended again."""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import aiosql
import asyncpg
import redis.asyncio as redis

from careweb import paths
from careweb.flows.apart import keep_apart
from careweb.storage.away import is_away
from careweb.storage.database import Deadlock, Engine, transaction
from careweb.storage.promises import Handed
from tests.faults.company import Actor, Company, Postgres
from tests.faults.people import Town, Volunteer
from tests.faults.post import PostOffice
from tests.faults.schedule import Due, Fault
from tests.workers.shop import OwnValkey
from tests.world import VAULT, World
from workers.queue import Queue, QueueAwayError
from workers.relay import MAIL, WORK, lane_of

checks: Any = aiosql.from_path(paths.ROOT / "tests" / "faults" / "checks.sql", "asyncpg")
_TRAP_SECONDS = 8.0
_PATIENCE = 30.0  # seconds, until what a fault waits for has come by
_TRIES = 30
Act = Callable[[Due], Awaitable[None]]


@dataclass
class Acts:
    town: Town
    company: Company
    postgres: Postgres
    valkey: OwnValkey
    office: PostOffice
    database_url: str
    engine: Engine
    done: dict[Fault, int] = field(default_factory=dict)
    poisoned: set[UUID] = field(default_factory=set)
    _redis: asyncio.Lock = field(default_factory=asyncio.Lock)
    _postgres: asyncio.Lock = field(default_factory=asyncio.Lock)
    _mail: asyncio.Lock = field(default_factory=asyncio.Lock)
    _killing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def play(self, due: Due) -> None:
        """Once more where another fault was in its way."""
        for _ in range(_TRIES):
            try:
                happened = await self._of(due.fault)(due) is not False
            except Exception as error:
                if not (is_away(error) or isinstance(error, redis.RedisError)):
                    raise
                await asyncio.sleep(0.3)
            else:
                self.done[due.fault] = self.done.get(due.fault, 0) + happened
                return

    def _of(self, fault: Fault) -> Callable[[Due], Awaitable[bool | None]]:
        return {
            Fault.POSTGRES_RESTARTED: lambda _: self._crash(signal.SIGQUIT),
            Fault.POSTGRES_KILLED: lambda _: self._crash(signal.SIGKILL),
            Fault.REDIS_FLUSHED: lambda _: self._tell_redis(0, ("FLUSHALL",)),
            Fault.REDIS_KILLED: self._kill_redis,
            Fault.REDIS_FROZEN: self._freeze_redis,
            Fault.REDIS_FULL: lambda due: self._tell_redis(
                due.seconds, ("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")
            ),
            Fault.REDIS_READ_ONLY: lambda due: self._tell_redis(
                due.seconds, ("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")
            ),
            Fault.JOBS_TWICE: self._deliver_again,
            Fault.POISON: self._poison,
            Fault.WORKER_KILLED: lambda due: self._kill("worker", due),
            Fault.WORKER_KILLED_SENDING: self._kill_sending,
            Fault.WORKER_ENDED: lambda due: self._end("worker", due),
            Fault.WORKER_SKEWED: self._skew,
            Fault.SOLVER_KILLED: lambda due: self._kill("solver", due),
            Fault.WEB_KILLED: lambda due: self._kill("web", due),
            Fault.WEB_KILLED_ACCEPTING: lambda due: self._in_mid_accept(due, self._kill_web_of),
            Fault.WEB_ENDED: lambda due: self._end("web", due),
            Fault.MAIL_REFUSED: self._refuse_mail,
            Fault.MAIL_STALLED: lambda due: self._mail_for("stalls", due),
            Fault.MAIL_LATE: lambda due: self._mail_for("late", due),
            Fault.BLOCKED: lambda due: self._in_mid_accept(due, self._block),
            Fault.WITHDRAWN: lambda due: self._in_mid_accept(due, self._withdraw),
            Fault.PAUSED: lambda due: self._in_mid_accept(due, self._pause),
        }[fault]

    # Processes

    def _actors(self, kind: str) -> list[Actor]:
        return [actor for actor in self.company.actors if actor.name.startswith(kind)]

    def _one(self, kind: str, due: Due) -> Actor | None:
        actors = self._actors(kind)
        return actors[due.pick % len(actors)] if actors else None

    async def _kill(self, kind: str, due: Due) -> bool:
        actor = self._one(kind, due)
        return actor is not None and await _comes(lambda: actor.runs) and actor.kill()

    async def _end(self, kind: str, due: Due) -> bool:
        actor = self._one(kind, due)
        return actor is not None and await _comes(lambda: actor.runs) and await actor.end()

    async def _skew(self, due: Due) -> bool:
        actor = self._one("worker", due)
        if actor is None or not await _comes(lambda: actor.runs):
            return False
        actor.skew = random.Random(due.pick).choice((-600.0, 600.0))
        return await actor.end()

    async def _kill_sending(self, _due: Due) -> bool:
        async with self._killing:
            self.office.kill_next = True
            await _comes(lambda: not self.office.kill_next)
            waits, self.office.kill_next = self.office.kill_next, False
        return not waits

    def kill_worker(self, name: str) -> None:
        for actor in self._actors(name):
            actor.kill()

    # PostgreSQL

    async def _crash(self, how: signal.Signals) -> None:
        async with self._postgres:
            await self.postgres.crash(how)

    # Redis

    async def _tell_redis(self, seconds: float, *commands: tuple[str, ...]) -> None:
        async with self._redis, redis.Redis.from_url(self.valkey.url, socket_timeout=5) as client:
            await client.execute_command(*commands[0])
            await asyncio.sleep(seconds)
            for command in commands[1:]:
                await client.execute_command(*command)

    async def _kill_redis(self, due: Due) -> None:
        async with self._redis:
            self.valkey.kill()
            await asyncio.sleep(due.seconds / 2)
            self.valkey.start()

    async def _freeze_redis(self, due: Due) -> None:
        async with self._redis:
            self.valkey.freeze()
            await asyncio.sleep(due.seconds)
            self.valkey.thaw()

    async def _deliver_again(self, due: Due) -> None:
        """Whatever is or was in the queue, twice more, in any order."""
        async with self._connected() as connection:
            rows = [row async for row in checks.handed(connection)]
        again = [Handed(job=row["job"], subject=row["subject"], tries=1) for row in rows] * 2
        random.Random(due.pick).shuffle(again)
        await self._put(again)

    async def _poison(self, _due: Due) -> None:
        """A promise of a job nobody knows, and things in the queue that are no jobs."""
        subject = uuid4()
        self.poisoned.add(subject)
        async with self._connected() as connection:
            await checks.add_poison(connection, subject=subject)
        await self._put([Handed(job="poison", subject=subject, tries=1)])
        with suppress(redis.RedisError, OSError):
            async with redis.Redis.from_url(self.valkey.url, socket_timeout=2) as client:
                for lane in (WORK, MAIL):
                    for body in (b"\x80not json", b"{}", b'{"t": 1, "f": "gone", "a": [], "k": {}, "et": 0}',
                                 b'{"t": 1, "f": "do", "a": ["match_need", "no-id"], "k": {}, "et": 0}'):  # fmt: skip
                        id = uuid4().hex
                        await client.set(f"arq:job:{id}", body, px=60_000)
                        await client.zadd(lane, {id: 1.0})

    async def _put(self, handed: list[Handed]) -> None:
        queue = Queue(self.valkey.url)
        with suppress(QueueAwayError, redis.RedisError):
            await queue.put(handed, lane_of)
        await queue.close()

    # Mail

    async def _refuse_mail(self, due: Due) -> bool:
        replies = ("451 4.3.0 later", "421 4.7.0 busy", "550 5.1.1 nobody here", "554 5.0.0 no")
        return await self._mail_for("reply", due, replies[due.pick % 4], "")

    async def _mail_for(self, mode: str, due: Due, on: str | bool = True, off: str | bool = False) -> bool:
        """For as long as it lasts, and until it hit a message."""
        async with self._mail:
            self.office.hit = 0
            setattr(self.office, mode, on)
            await asyncio.sleep(due.seconds)
            hit = await _comes(lambda: self.office.hit > 0)
            setattr(self.office, mode, off)
        return hit

    # In the middle of a yes

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        """As soon as the server is there."""
        while True:
            try:
                connection = await asyncpg.connect(self.database_url)
                break
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)
        try:
            yield connection
        finally:
            with suppress(Exception):
                await connection.close(timeout=1)

    async def _in_mid_accept(self, due: Due, act: Callable[[Any, int], Awaitable[None]]) -> bool:
        """Holds a row that a yes wants, waits until that yes hangs on it, acts, and lets go. A yes that got by, since the
        need was covered or another fault was faster, leaves it to the next.
        """
        until, caught = time.monotonic() + _PATIENCE, False
        while not caught and (left := until - time.monotonic()) > 0:
            caught = await self._set_trap(due, act, left)
        return caught

    async def _set_trap(self, due: Due, act: Callable[[Any, int], Awaitable[None]], seconds: float) -> bool:
        caught: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def trap(volunteer: Volunteer, path: str, press: Callable[[], Awaitable[Any]]) -> Awaitable[Any]:
            return self._trap(volunteer, path, press, due, act, caught)

        self.town.traps.append(trap)
        await asyncio.wait([caught], timeout=seconds)
        if trap in self.town.traps:
            self.town.traps.remove(trap)  # nobody came: whoever comes now must not walk into it uncounted
            return False
        return await caught

    async def _trap(
        self, volunteer: Volunteer, path: str, press: Callable[[], Awaitable[Any]], due: Due,
        act: Callable[[Any, int], Awaitable[None]], caught: "asyncio.Future[bool]",
    ) -> Any:  # fmt: skip
        answer: asyncio.Task[Any] | None = None
        acting: asyncio.Future[None] | None = None
        sprung = False
        try:
            async with asyncio.timeout(_TRAP_SECONDS), self._connected() as connection:
                behind = await checks.ask_behind(connection, id=VAULT.verify("ask", path.removeprefix("/a/")))
                if behind is not None:
                    async with connection.transaction():
                        if due.pick % 2:
                            await checks.hold_need(connection, id=behind["need"])
                        else:
                            await checks.hold_member(connection, id=volunteer.member)
                        holder = connection.get_server_pid()
                        answer = asyncio.ensure_future(press())
                        while not (sprung := await self._hangs(holder)) and not answer.done():  # noqa: ASYNC110
                            await asyncio.sleep(0.02)
                        if not sprung:
                            return await answer
                        acting = asyncio.ensure_future(act((volunteer, behind), due.pick))
                        await asyncio.wait([acting], timeout=0.3)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            sprung = False  # another fault was faster
        finally:
            caught.set_result(sprung)
        if acting:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await acting
        return await (answer or press())

    async def _hangs(self, holder: int) -> bool:
        async with self._connected() as connection:
            return bool(await checks.waits_accepting(connection, holder=holder))

    async def _kill_web_of(self, _caught: Any, _pick: int) -> None:
        """All of them: whichever serves the yes is among them."""
        for actor in self._actors("web"):
            actor.kill()

    async def _withdraw(self, caught: Any, _pick: int) -> None:
        _, behind = caught
        for asker in list(self.town.askers.values()):
            if asker.need == behind["need"]:
                await asker.withdraw()

    async def _pause(self, caught: Any, _pick: int) -> None:
        volunteer, _ = caught
        await volunteer.pause()

    async def _block(self, caught: Any, _pick: int) -> None:
        """As the form does it, before there is a match whose page has one. Tried until it is written down."""
        volunteer, behind = caught
        need, member = behind["need"], volunteer.member
        while True:
            try:
                async with transaction(self.engine) as tx:
                    await keep_apart(World(tx=tx, now=datetime.now(UTC)).ctx, need, member, "block")
                break
            except Exception as error:
                if not (is_away(error) or isinstance(error, Deadlock)):
                    raise
                await asyncio.sleep(0.2)
        self.town.diary.parted.append((time.monotonic(), need, member))
        async with self._connected() as connection:
            rows = [row async for row in checks.matches_between(connection, need=need, member=member)]
        for row in rows:
            await volunteer.look(row["id"])
        for asker in list(self.town.askers.values()):
            if asker.need == need:
                await asker.look()


async def _comes(that: Callable[[], bool]) -> bool:
    until = time.monotonic() + _PATIENCE
    while not that() and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return that()
