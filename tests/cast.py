"""The fixed cast: someone who asks, someone who helps, someone who coordinates, and an outsider who must see nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime

from careweb.domain.contacts import read_email
from careweb.domain.ids import GroupId, MemberId
from careweb.domain.states import Role
from careweb.flows.groups import grant_role
from careweb.storage.database import Engine, transaction
from tests.world import World

ASKER, HELPER, COORDINATOR = "asker@example.org", "helper@example.org", "coordinator@example.org"
OUTSIDER = "outsider@example.org"  # coordinates another group


@dataclass(frozen=True, kw_only=True)
class Cast:
    group: GroupId
    other_group: GroupId
    helper: MemberId
    coordinator: MemberId
    outsider: MemberId


async def gather(engine: Engine) -> Cast:
    """Two groups: `east` with a helper (groceries, Cantonese, around Scarborough) and a coordinator; `west`."""
    async with transaction(engine) as tx:
        world = World(tx=tx, now=datetime.now(UTC))
        east, west = await world.group("east"), await world.group("west")
        return Cast(
            group=east,
            other_group=west,
            helper=await world.helper(east, name="Wing", address=HELPER, per_week=50),
            coordinator=await grant_role(world.ctx, east, read_email(COORDINATOR), Role.COORDINATOR, name="Jo"),
            outsider=await grant_role(world.ctx, west, read_email(OUTSIDER), Role.COORDINATOR, name="Kim"),
        )
