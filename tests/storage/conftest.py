"""What most tests of queries begin with: a world that is rolled back, and one volunteer in it."""

import pytest

from careweb.domain.ids import MemberId
from careweb.storage.database import Transaction
from tests.world import World


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx=tx)


@pytest.fixture
async def sam(world: World) -> MemberId:
    return await world.helper(await world.group(), name="Sam")
