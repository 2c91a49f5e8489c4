"""From a posted need to its first ask in the mail server's hands; one at a time, and many a second."""

import asyncio
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiosmtplib
import asyncpg
import numpy as np

from bench.browser import Browser
from bench.post_office import PostOffice
from bench.stage import Product, Stage
from bench.town import open_town, queries, wanted

_NEED = re.compile(rb'href="/need/([0-9a-f-]{36})"')
_PATIENCE = 30.0  # seconds until work that is still owed counts as lost
_FLOOR_TIMES = 200
_LETTER = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n\r\n" + b"x" * 4000 + b"\r\n"

Wanted = tuple[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Post:
    """Seconds on the monotonic clock, and the wall clock at `sent` for what the database writes down."""

    need: UUID
    sent: float
    answered: float
    wall: datetime
    cookies: Mapping[str, str]  # of the browser that posted it


@dataclass(frozen=True, kw_only=True)
class Timing:
    """All in seconds, from the moment the form was sent."""

    needs: int
    answered: Sequence[float]  # the page with the code
    planned: Sequence[float]  # the worker began to look for whom to ask
    handed: Sequence[float]  # the mail server had the first ask
    asks: int
    nobody: int  # needs that nobody could be asked about
    refused: int  # needs that the web process did not take


async def measure_floor(stage: Stage, office: PostOffice) -> list[float]:
    """The least it can take: one row committed, then one letter sent, each over a connection that is open."""
    connection = await asyncpg.connect(stage.database_url)
    smtp = aiosmtplib.SMTP(hostname="127.0.0.1", port=office.port, start_tls=False)
    await smtp.connect()
    await queries.make_floor(connection)
    taken = []
    for _ in range(_FLOOR_TIMES):
        start = time.monotonic()
        await queries.add_to_floor(connection, body=_LETTER)
        await smtp.sendmail("a@example.org", ["b@example.org"], _LETTER)
        taken.append(time.monotonic() - start)
    await smtp.quit()
    await connection.close()
    return taken


async def needs_of(stage: Stage, count: int, seed: int) -> list[Wanted]:
    connection = await asyncpg.connect(stage.database_url)
    try:
        return list(wanted(await open_town(connection, seed), count))
    finally:
        await connection.close()


async def post_one(port: int, need: Wanted) -> Post | None:
    """As a phone does it: open the form, fill it in, send it. None: it was refused, as by a process that is too busy."""
    city, fields = need
    async with Browser(port) as browser:
        form = await browser.get(f"/g/{city}/ask")
        body = form.hidden() | fields | {"do": "send"}
        sent, wall = time.monotonic(), datetime.now(UTC)
        answer = await browser.post(f"/g/{city}/ask", body)
        found = _NEED.search(answer.body)
        if not found:
            return None
        return Post(
            need=UUID(found[1].decode()), sent=sent, answered=time.monotonic(), wall=wall, cookies=browser.cookies
        )


async def one_at_a_time(product: Product, office: PostOffice, needs: Sequence[Wanted]) -> Timing:
    """Each is posted when nothing is left to do for those before it."""
    connection = await asyncpg.connect(product.stage.database_url)
    try:
        posts = []
        for need in needs:
            await _idle(connection)
            posts.append(await post_one(product.port, need))
        await _idle(connection)
        return await _timing(connection, office, posts)
    finally:
        await connection.close()


async def open_loop(product: Product, office: PostOffice, needs: Sequence[Wanted], rate: float) -> Timing:
    """They come when they come (a Poisson process), whether or not those before them were served."""
    connection = await asyncpg.connect(product.stage.database_url)
    try:
        await _idle(connection)
        start = time.monotonic()
        coming = []
        for need, at in zip(needs, _moments(len(needs), rate), strict=True):
            await asyncio.sleep(max(0.0, start + at - time.monotonic()))
            coming.append(asyncio.create_task(post_one(product.port, need)))
        posts = await asyncio.gather(*coming)
        await _idle(connection)
        return await _timing(connection, office, posts)
    finally:
        await connection.close()


def _moments(count: int, rate: float) -> Iterator[float]:
    """Scaled so that exactly `count` come in `count / rate` seconds."""
    gaps = np.random.default_rng(7).exponential(1 / rate, size=count)
    yield from (np.cumsum(gaps) * (count / rate / gaps.sum())).tolist()


async def _idle(connection: asyncpg.Connection) -> None:
    until = time.monotonic() + _PATIENCE
    while await queries.work_due(connection):
        if time.monotonic() > until:
            raise TimeoutError("the worker does not get its work done")
        await asyncio.sleep(0.02)


async def _timing(connection: asyncpg.Connection, office: PostOffice, tried: Sequence[Post | None]) -> Timing:
    posts = [post for post in tried if post]
    arrived = office.asks_arrived()
    first: dict[UUID, Any] = {}
    async for ask in queries.asks_made(connection, ids=list(arrived)):
        at = arrived[ask["id"]]
        if ask["need_id"] not in first or at < first[ask["need_id"]][0]:
            first[ask["need_id"]] = (at, ask["planned_at"])
    became = [row async for row in queries.what_became(connection, ids=[post.need for post in posts])]
    asked = [post for post in posts if post.need in first]
    return Timing(
        needs=len(tried),
        answered=[post.answered - post.sent for post in posts],
        planned=[(first[post.need][1] - post.wall).total_seconds() for post in asked],
        handed=[first[post.need][0] - post.sent for post in asked],
        asks=sum(row["asks"] for row in became),
        nobody=sum(row["asks"] == 0 for row in became),
        refused=len(tried) - len(posts),
    )
