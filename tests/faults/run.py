"""One run: a town that asks and answers, faults all the while, and what is true afterwards."""

import asyncio
import base64
import os
import random
import shutil
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from careweb import paths
from careweb.cli.state import ensure_state, only_one, server_folder, socket_folder, who_runs
from careweb.domain.ids import GroupId, MemberId
from careweb.flows.signin import open_session
from careweb.storage.database import open_engine, transaction
from tests import servers
from tests.faults.acts import Acts, checks
from tests.faults.checker import Span, Verdict, judge
from tests.faults.company import Actor, Company, Postgres, free_port
from tests.faults.people import CATEGORIES, GROUPS, LANGUAGES, Town, Volunteer, new_asker
from tests.faults.post import PostOffice
from tests.faults.schedule import DECK, FULL, POSTGRES, POSTGRES_LEAST, REDIS, REDIS_LEAST, Fault, schedule
from tests.workers.shop import OwnValkey
from tests.world import World

KEYS = "1:" + base64.b64encode(bytes(range(32))).decode()  # those of tests.world
DRAIN_SECONDS = 60.0
_AT_ONCE = 8
_OPEN_MOST = 30  # needs; a town that asks for more than its machine sees to in seconds measures only the machine:
_UNSENT_MOST = 40  # messages; with more of them asks time out before they are sent, and others are asked in vain too
_TELLS_FROM = 200
QUICK = {
    "URGENT_ASK_TIMEOUT": "PT6S", "MEDIUM_ASK_TIMEOUT": "PT8S", "LOW_ASK_TIMEOUT": "PT8S",
    "URGENT_WAVE_EVERY": "PT1S", "MEDIUM_WAVE_EVERY": "PT1S", "LOW_WAVE_EVERY": "PT1S", "WEEKLY_ASKS": "50",
    "URGENT_CHOICE_LAPSES": "PT6S", "CHOICE_LAPSES": "PT6S", "SMTP_TIMEOUT": "PT4S", "NOTICE_RETRY": "PT0.5S",
    "LOST_AFTER": "PT3S", "SWEEP_EVERY": "PT2S", "TICK_EVERY": "PT15S", "CLAIMS_LAST": "PT20S",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Plan:
    needs: int
    faults: int
    seed: int
    seconds: float  # that the faults are spread over; nobody posts after the last one
    webs: int = 2
    workers: int = 2
    solvers: int = 1
    deck: tuple[Fault, ...] = DECK


@dataclass(frozen=True, kw_only=True)
class Outcome:
    verdict: Verdict
    posted: int
    planned: Counter[Fault]
    faults: Counter[Fault]  # of these, what happened
    deliveries: int
    drained: float  # seconds after the last fault
    blocks: int  # pressed on a page, and answered
    slowest: float  # post, in seconds, faults included
    ran: float
    unasked: list[str]  # processes that ended by themselves

    @property
    def good(self) -> bool:
        return self.verdict.good and not self.unasked and not self.too_few

    @property
    def too_few(self) -> list[str]:
        """Of a full run: nothing is shown about a fault that did not happen."""
        if self.planned.total() < FULL:
            return []
        restarted, hit = (sum(self.faults[one] for one in some) for some in (POSTGRES, REDIS))
        return [
            *[f"never happened: {fault}" for fault in Fault if not self.faults[fault]],
            *([f"PostgreSQL was restarted {restarted} times, of at least {POSTGRES_LEAST}"] if restarted < POSTGRES_LEAST else []),
            *([f"Redis was hit {hit} times, of at least {REDIS_LEAST}"] if hit < REDIS_LEAST else []),
        ]  # fmt: skip


async def play(plan: Plan, state: Path) -> Outcome:
    with only_one(ensure_state(state), "a run of faults") as ours:
        if not ours:
            raise RuntimeError(f"another one runs: {who_runs(state)}")
        return await _Run(plan, ensure_state(state)).play()


class _Run:
    def __init__(self, plan: Plan, state: Path) -> None:
        self.plan, self.state = plan, state
        self.postgres, self.company = Postgres(state), Company()
        self.town = Town(ports=[free_port() for _ in range(plan.webs)], chance=random.Random(plan.seed))
        self.valkey = OwnValkey(server_folder_of(state) / "v.sock", ("--maxmemory-policy", "noeviction"))
        self.office = PostOffice(read=self.town.read, kill=self._kill_worker)
        self.last_fault = 0.0
        self.failing = True
        self.room = _AT_ONCE  # for so many needs more
        self.due = schedule(plan.seed, plan.faults, plan.deck)

    def _kill_worker(self, name: str) -> None:
        self.acts.kill_worker(name)

    async def play(self) -> Outcome:
        self.valkey.start()
        try:
            server = await self.postgres.start()
            await _keep_without_waiting_for_the_disk(server)
            url = await servers.clone(server, await servers.ensure_template(server))
            self.engine = open_engine(url)
            await self._settle()
            await self._open(url)
            return await self._act()
        finally:
            await self.company.close()
            self.office.close()
            with suppress(AttributeError):
                await self.engine.dispose()
            self.valkey.thaw()
            self.valkey.kill()
            with suppress(OSError, asyncpg.PostgresError, UnboundLocalError):
                await servers.drop(server, url)
            self.postgres.stop()

    async def _settle(self) -> None:
        """Two groups; volunteers with room for about as much as will be asked."""
        plan, chance = self.plan, random.Random(self.plan.seed + 1)
        async with transaction(self.engine) as tx:
            world = World(tx=tx, now=datetime.now(UTC))
            groups: list[GroupId] = [await world.group(slug) for slug in GROUPS]
            for number in range(max(12, plan.needs // 6)):
                address = f"helper{number}@example.org"
                member: MemberId = await world.helper(
                    chance.choice(groups), address=address, per_week=chance.randint(1, 8),
                    categories=tuple(chance.sample(CATEGORIES, 2)), languages=tuple(chance.sample(LANGUAGES, chance.randint(1, 2))),
                )  # fmt: skip
                secret = await open_session(world.ctx, member_id=member)
                self.town.volunteers[address] = Volunteer(
                    town=self.town, member=member, address=address, cookies={"careweb-session": secret}
                )
            await world.rows("DELETE FROM notice")  # "you are admitted" is not what is watched here
            await world.rows("DELETE FROM promise")

    async def _open(self, url: str) -> None:
        logs = self.state / "logs"
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir()
        base = {"PYTHONPATH": str(paths.ROOT)} | {name: value for name, value in os.environ.items() if not name.startswith("CAREWEB_")} | {
            "DATABASE_URL": url, "REDIS_URL": self.valkey.url, "CAREWEB_STATE": str(self.state), "CAREWEB_KEYS": KEYS,
            "CAREWEB_BASE_URL": "http://127.0.0.1:8000", "PYTHONUNBUFFERED": "1",
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(self.state / "numba")),
        } | {f"CAREWEB_{name}": value for name, value in QUICK.items()}  # fmt: skip
        for number, port in enumerate(self.town.ports):
            name = f"web{number}"
            self.company.actors.append(
                Actor(name, ["careweb", "serve"], base | {"PORT": str(port)}, logs / f"{name}.log", port=port)
            )
        for number in range(self.plan.workers):
            name = f"worker{number}"
            environment = base | {"CAREWEB_SMTP_PORT": str(await self.office.open_door(name))}
            self.company.actors.append(Actor(name, ["workers"], environment, logs / f"{name}.log"))
        for number in range(self.plan.solvers):
            name = f"solver{number}"
            self.company.actors.append(Actor(name, ["workers", "solver"], base, logs / f"{name}.log"))
        self.acts = Acts(
            town=self.town, company=self.company, postgres=self.postgres, valkey=self.valkey, office=self.office,
            database_url=url, engine=self.engine,
        )  # fmt: skip
        self.company.open()
        await self.company.ready()

    async def _act(self) -> Outcome:
        self.began = self.last_fault = time.monotonic()
        posting = asyncio.gather(*[self._post_on() for _ in range(_AT_ONCE)])
        failing = asyncio.create_task(self._fail())
        beside = [asyncio.create_task(doing()) for doing in (self._tell, self._make_room)]
        await failing
        self.failing = False
        await posting
        self.town.traps.clear()
        ran = self.last_fault - self.began
        for task in beside:
            task.cancel()
        await asyncio.wait(beside)
        for task in beside:
            if not task.cancelled():
                task.result()  # none ends by itself: it is a mistake of this play
        drained, verdict = await self._judge()
        diary = self.town.diary
        return Outcome(
            verdict=verdict, posted=len(diary.posted), planned=Counter(due.fault for due in self.due), faults=Counter(self.acts.done), blocks=len(diary.blocked), deliveries=len(self.office.deliveries),
            drained=drained, slowest=max(diary.waits, default=0.0), ran=ran, unasked=[*self.company.unasked, *self.town.mistakes],
        )  # fmt: skip

    async def _judge(self) -> tuple[float, Verdict]:
        """Seconds until nothing waited any more, and how it was then. Where nothing else is wrong, what falls due in the moment
        of judging, as the time-out of an ask that was answered, is looked at again while there is time.
        """
        while True:
            drained = await self._drain(self.last_fault)
            await asyncio.wait_for(self.town.quiet(), 30)
            async with self.acts._connected() as connection:
                verdict = await judge(connection, self.town.diary, self.office, self._crashes())
            wrong = [what for what, found in verdict.wrong.items() if found]
            if wrong != ["not drained"] or drained >= DRAIN_SECONDS:
                return drained, verdict

    @property
    def _passed(self) -> float:
        """Share of the run: of its needs or of its time, whichever is more."""
        return max(len(self.town.diary.posted) / self.plan.needs, (time.monotonic() - self.began) / self.plan.seconds)

    async def _post_on(self) -> None:
        while self.failing and len(self.town.askers) < self.plan.needs:
            if self.room > 0:
                self.room -= 1
                await new_asker(self.town, len(self.town.askers)).post()
            else:
                await asyncio.sleep(0.05)

    async def _make_room(self) -> None:
        """As many needs come as are seen to: how many that is says how quick this machine is, and not what it loses."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                async with asyncio.timeout(5), self.acts._connected() as connection:
                    waiting = await checks.count_waiting(connection)
                self.room = min(_AT_ONCE, _OPEN_MOST - waiting["open"], _UNSENT_MOST - waiting["unsent"])
            await asyncio.sleep(0.25)

    async def _fail(self) -> None:
        playing = []
        for due in self.due:
            while self._passed < due.at:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            playing.append(asyncio.create_task(self.acts.play(due)))
            await asyncio.sleep(0.2)
        for task in playing:
            await task
        self.last_fault = time.monotonic()

    async def _tell(self) -> None:
        while self.plan.needs >= _TELLS_FROM:
            await asyncio.sleep(20)
            print(  # noqa: T201
                f"{time.monotonic() - self.began:6.0f} s  {len(self.town.diary.posted)} needs, "
                f"{sum(self.acts.done.values())} faults, {len(self.office.deliveries)} messages", file=sys.stderr, flush=True,
            )  # fmt: skip

    async def _drain(self, since: float) -> float:
        """How long until nothing waits any more; the checker says what does, if it takes too long."""
        calm = 0
        while time.monotonic() < since + DRAIN_SECONDS:
            async with self.acts._connected() as connection:
                waiting = [row async for row in checks.undrained(connection)]
            calm = 0 if waiting else calm + 1
            if calm == 1:
                at = time.monotonic()
            if calm > 6 and not self.town._tasks:
                return at - since
            await asyncio.sleep(0.25)
        return DRAIN_SECONDS

    def _crashes(self) -> dict[str, list[Span]]:
        return {actor.name: actor.ends + self.postgres.away for actor in self.company.actors}


async def _keep_without_waiting_for_the_disk(server: str) -> None:
    """What is committed is with the kernel, which outlives every process that is killed here; not a power cut. A server
    that had to write everything to a busy disk when it recovers would be away for minutes.
    """
    connection = await asyncpg.connect(server)
    await connection.execute("ALTER SYSTEM SET fsync = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


def server_folder_of(state: Path) -> Path:
    return server_folder(socket_folder(state) / "valkey")
