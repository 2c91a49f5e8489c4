from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from careweb.flows import ticking
from careweb.flows.ticking import Ticked
from careweb.storage.database import Transaction
from tests.world import World


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx=tx)


async def here(do: Callable[..., Any], *values: Any) -> Any:
    return do(*values)


async def tick_now(world: World) -> Ticked:
    """The one market, whenever it is due."""
    await ticking.keep_markets(world.ctx)
    await world.one("UPDATE market SET due_at = $1", world.now)
    market = await ticking.due_market(world.ctx)
    assert market
    return await ticking.tick(world.ctx, market, aside=here, clock=lambda: world.now)


Claims = Callable[[], Awaitable[set[tuple[Any, Any]]]]


async def claims(world: World) -> set[tuple[Any, Any]]:
    return {(row["need_id"], row["member_id"]) for row in await world.rows("SELECT need_id, member_id FROM claim")}
