"""A tick over a small market: claims, asks, promises, and what it leaves alone."""

from tests.ticking.conftest import claims, tick_now
from tests.world import World


async def test_a_tick_claims_and_asks_in_one_go(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group)
    ticked = await tick_now(world)
    assert (ticked.needs, ticked.people, ticked.asked) == (1, 1, 1)
    assert await claims(world) == {(need, helper)}
    assert await world.asked(need) == {helper}
    assert {"deliver_notice", "time_out_ask", "match_need"} <= await world.owed()
