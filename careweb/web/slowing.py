"""What is slow, or made slow: needs and codes in turns, and waits that grow, before the door takes a connection."""

from asyncio import sleep
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import State
from starlette.requests import Request

from careweb.domain.codes import CodeError, read_return_code
from careweb.domain.limits import HeldReason, Posts, held_for, network_of, telling, wait_for_code, wait_for_sign_in
from careweb.storage.counters import Counters
from careweb.web.turns import Turns

_AT_ONCE = 4  # needs and codes under way in this process: two are hashed, two are with the database
_TRIES_AT_ONCE = 4  # at one first half of a code, from one network: what comes beside them is told to wait


class CrowdedError(Exception):
    """So many tries at one code are under way that no more are taken for the moment."""


def prepare(state: State, redis_url: str) -> None:
    state.counters = Counters(redis_url)
    state.turns = Turns(_AT_ONCE)
    state.trying = Counter()


def network(request: Request) -> str:
    """As the proxy that we trust says; uvicorn has put it there (CAREWEB_TRUSTED_PROXIES)."""
    return network_of(request.client.host if request.client else "")


@asynccontextmanager
async def turn(request: Request) -> AsyncIterator[None]:
    async with request.app.state.turns.of(network(request)):
        yield


@asynccontextmanager
async def slowed_try(request: Request, typed: str) -> AsyncIterator[None]:
    """One try at a return code. Counted before it is known whether it is right, so that many at once do not pass as one."""
    state, theirs = request.app.state, network(request)
    try:
        locator = read_return_code(typed).locator
    except CodeError:  # no try at anything
        yield
        return
    lane = (locator, theirs)
    if state.trying[lane] >= _TRIES_AT_ONCE:
        raise CrowdedError
    state.trying[lane] += 1
    try:
        of_locator = await state.counters.count("locator", locator)
        of_network = await state.counters.count("codes", theirs)
        await sleep(wait_for_code(of_locator=of_locator - 1, of_network=max(0, of_network - 1)))
        async with turn(request):
            yield
    finally:
        state.trying[lane] -= 1
        if not state.trying[lane]:
            del state.trying[lane]


async def forgive(request: Request, typed: str) -> None:
    """It was right, so it was no guess; nor do those before count against this code."""
    counters: Counters = request.app.state.counters
    await counters.take_back("locator", read_return_code(typed).locator, all=True)
    await counters.take_back("codes", network(request))


async def slowed_sign_in(request: Request) -> None:
    await sleep(wait_for_sign_in(await request.app.state.counters.count("sign-ins", network(request))))


async def slowed_code(request: Request) -> None:
    """One try at a mailed code: five are free at each, and many of them from one network take ever longer."""
    tries = await request.app.state.counters.count("sign-in codes", network(request))
    await sleep(wait_for_code(of_locator=0, of_network=tries - 1))


async def forgive_code(request: Request) -> None:
    await request.app.state.counters.take_back("sign-in codes", network(request))


async def codes_sent_to(request: Request, kind: str, address: str) -> int:
    """Today, for whomever, this one included: it may be the number of somebody who knows nothing of it."""
    counters: Counters = request.app.state.counters
    return await counters.count("channel codes", f"{kind}:{address}")


async def held_because(request: Request, words: str) -> HeldReason | None:
    """Counts a need that is being posted, and says whether a coordinator reads it first."""
    state, settings = request.app.state, request.app.state.settings
    posts = Posts(
        of_network=await state.counters.count("posts", network(request)),
        of_words=await state.counters.count("words", telling(words)),
    )
    return held_for(posts, network_most=settings.posts_per_network, words_most=settings.same_words_most)
