"""For whom a transaction acts: one group, and at most one person. Of other groups and people it sees nothing (ADR 20)."""

from uuid import UUID

from careweb.domain.ids import MemberId, PersonId
from careweb.flows.context import Context
from careweb.storage.database import run


async def enter(ctx: Context, record: UUID) -> None:
    """The group of this need, ask, match, offer or notice; and its person, unless it acts for somebody already."""
    await run(ctx.tx, "enter_record", id=record)


async def act_in(ctx: Context, slug: str) -> None:
    """This group."""
    await run(ctx.tx, "enter_group", slug=slug)


async def act_for(ctx: Context, member_id: MemberId) -> None:
    await run(ctx.tx, "enter_person", id=member_id)


async def act_for_owner(ctx: Context, person_id: PersonId) -> None:
    """Of a channel: this member; or whoever asked for this need, in its group."""
    await run(ctx.tx, "enter_person", id=person_id)
    await enter(ctx, person_id)
