import pytest

from careweb.storage.database import Transaction
from tests.world import World


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx=tx)
