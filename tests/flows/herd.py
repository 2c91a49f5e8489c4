"""Many who say yes at once, and how long each of them waited for the answer."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from careweb.domain.errors import AtCapacityError, CareError, NotNowError
from careweb.domain.ids import AskId, MemberId, NeedId
from careweb.flows.asks import Answer, accept
from careweb.flows.needs import withdraw_need
from careweb.storage.database import Engine, transaction
from tests.world import World, committed

Asked = Sequence[tuple[AskId, MemberId]]


async def ask_everybody(world: World, need: NeedId, helpers: Sequence[MemberId]) -> Asked:
    """As if one wave had reached them all."""
    await world.match(need)
    known = await world.asked(need)
    await world.rows(
        "INSERT INTO ask (id, need_id, offer_id, member_id, group_id, round, wave, urgent, state, language, terms, planned_at, times_out_at) "
        "SELECT gen_random_uuid(), n.id, o.id, o.member_id, n.group_id, 1, 1, false, 'sent', 'yue', '{}', now(), now() "
        "FROM need n, offer o WHERE n.id = $1 AND o.member_id = ANY ($2)",
        need,
        [helper for helper in helpers if helper not in known],
    )
    return [
        (row["id"], row["member_id"])
        for row in await world.rows("SELECT id, member_id FROM ask WHERE need_id = $1", need)
    ]


async def start_afresh(engine: Engine) -> None:
    """The same people once more, with nothing asked and nothing taken."""
    async with committed(engine) as world:
        await world.rows("DELETE FROM promise")
        await world.rows("DELETE FROM notice")
        await world.rows("DELETE FROM need_event")
        await world.rows("DELETE FROM match")
        await world.rows("DELETE FROM ask")
        await world.rows("DELETE FROM need")
        await world.rows("UPDATE member SET task_times = '{}', ask_times = '{}'")


async def say_yes(engine: Engine, ask: AskId, helper: MemberId) -> Answer | str:
    try:
        async with transaction(engine) as tx:
            return await accept(World(tx=tx).ctx, ask, helper)
    except AtCapacityError:
        return "full"
    except NotNowError:  # blocked, or suspended, at that very moment
        return "not now"


async def withdraw(engine: Engine, need: NeedId) -> str:
    try:
        async with transaction(engine) as tx:
            await withdraw_need(World(tx=tx).ctx, need)
    except CareError:
        return "too late"
    return "withdrawn"


async def at_once(
    engine: Engine, asks: Asked, beside: Sequence[Callable[[], Awaitable[object]]] = ()
) -> tuple[Counter[Answer | str], list[float]]:
    """Everybody's answer, and how many seconds after all had begun each of them had it. A deadlock is raised."""
    seconds: list[float] = []
    started = time.perf_counter()

    async def timed(ask: AskId, helper: MemberId) -> Answer | str:
        answer = await say_yes(engine, ask, helper)
        seconds.append(time.perf_counter() - started)
        return answer

    yeses: list[Awaitable[object]] = [timed(ask, helper) for ask, helper in asks]
    middle = len(yeses) // 2
    done = await asyncio.gather(*yeses[:middle], *[do() for do in beside], *yeses[middle:])
    answers = [one for i, one in enumerate(done) if not middle <= i < middle + len(beside)]
    return Counter(answers), seconds  # type: ignore[arg-type]
