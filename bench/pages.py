"""Pages a second: the busiest pages against a bare one of the same size, turn by turn, one client for all."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from bench.browser import Answer, Browser
from bench.latency import Wanted, post_one
from bench.stage import Product, environment, free_port
from careweb import paths
from careweb.cli import processes
from careweb.domain.contacts import read_email
from careweb.domain.states import Role
from careweb.flows.context import Context
from careweb.flows.groups import grant_role, group_by_slug
from careweb.flows.signin import open_session
from careweb.storage.database import open_engine, transaction
from careweb.storage.sealing import open_vault
from careweb.web.cookies import SESSION, cookie_name

CONNECTIONS = 8
ROUNDS = 5


class WrongPageError(Exception):
    """A page answered with something else."""


@dataclass(frozen=True, kw_only=True)
class Page:
    name: str
    path: str
    cookies: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Medians of the rounds, in pages a second; sizes in bytes as they travel."""

    page: str
    packed: bool
    size: int
    ours: float
    bare: float
    bare_size: int


async def measure_pages(product: Product, needs: Sequence[Wanted], seconds: float) -> list[Pace]:
    """The pages of `needs`' own city: posted first, so that there is something to see."""
    pages = await _pages_of(product, needs)
    sizes = {page.name: len((await _look(product.port, page)).body) for page in pages}
    async with _bare(product, sizes) as port:
        return [
            await _compare(page, product.port, port, seconds, packed=packed)
            for packed in (False, True)
            for page in pages
        ]


async def _pages_of(product: Product, needs: Sequence[Wanted]) -> list[Page]:
    city = needs[0][0]
    posts = [post for post in [await post_one(product.port, need) for need in needs] if post]
    staff = {cookie_name(SESSION, secure=False): await _coordinator(product, city)}
    return [
        Page(name="ask", path=f"/g/{city}/ask", cookies={}),
        Page(name="status", path=f"/need/{posts[0].need}", cookies=posts[0].cookies),
        Page(name="board", path=f"/staff/{city}", cookies=staff),
    ]


async def _coordinator(product: Product, city: str) -> str:
    """The secret of a signed-in coordinator's session."""
    settings = product.stage.settings
    engine = open_engine(settings.database_url)
    try:
        async with transaction(engine) as tx:
            ctx = Context(tx=tx, vault=open_vault(settings), settings=settings, now=datetime.now(UTC))
            group = await group_by_slug(ctx, city)
            member = await grant_role(ctx, group.id, read_email("coordinator@example.org"), Role.COORDINATOR, name="Jo")
            return await open_session(ctx, member_id=member)
    finally:
        await engine.dispose()


async def _look(port: int, page: Page, *, packed: bool = False) -> Answer:
    async with Browser(port, page.cookies, gzip=packed) as browser:
        answer = await browser.get(page.path)
    if answer.status != 200:
        raise WrongPageError(f"{page.path}: {answer.status}")
    return answer


@asynccontextmanager
async def _bare(product: Product, sizes: Mapping[str, int]) -> AsyncIterator[int]:
    port = free_port()
    state = product.stage.state
    command = [sys.executable, "-m", "bench.bare", str(port), json.dumps(sizes)]
    child = processes.launch(command, log=state / "bare.log", environment=environment({"PYTHONPATH": str(paths.ROOT)}))
    try:
        await _await_open(port)
        yield port
    finally:
        processes.end(child.pid)
        child.wait()


async def _await_open(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                async with Browser(port):
                    return
            except OSError:
                await asyncio.sleep(0.05)


async def _compare(page: Page, ours: int, bare: int, seconds: float, *, packed: bool) -> Pace:
    """Turn by turn, so that whatever else this machine does slows both."""
    plain = Page(name=page.name, path=f"{'/packed' if packed else ''}/{page.name}", cookies={})
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        rates[0].append(await _rate(ours, page, seconds, packed=packed))
        rates[1].append(await _rate(bare, plain, seconds, packed=packed))
    return Pace(
        page=page.name, packed=packed, ours=median(rates[0]), bare=median(rates[1]),
        size=len((await _look(ours, page, packed=packed)).body), bare_size=len((await _look(bare, plain, packed=packed)).body),
    )  # fmt: skip


async def _rate(port: int, page: Page, seconds: float, *, packed: bool) -> float:
    async with AsyncExitStack() as stack:
        browsers = [
            await stack.enter_async_context(Browser(port, page.cookies, gzip=packed)) for _ in range(CONNECTIONS)
        ]
        start = time.monotonic()
        counts = await asyncio.gather(*[_again_and_again(one, page.path, start + seconds) for one in browsers])
        return sum(counts) / (time.monotonic() - start)


async def _again_and_again(browser: Browser, path: str, until: float) -> int:
    request, count = browser.request("GET", path), 0
    while time.monotonic() < until:
        if (await browser.exchange(request)).status != 200:
            raise WrongPageError(path)
        count += 1
    return count
