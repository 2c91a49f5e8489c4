"""A small world for tests: groups, helpers and needs made by the real verbs, at a time the test chooses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from careweb.config import Settings
from careweb.domain.contacts import by_code, read_contact
from careweb.domain.hours import ANY_TIME
from careweb.domain.ids import AskId, GroupId, MemberId, NeedId, OfferId
from careweb.domain.needs import NewNeed, urgency_of
from careweb.domain.offers import NewOffer, Pace
from careweb.domain.states import Reach
from careweb.flows.context import Context
from careweb.flows.groups import admit, open_group
from careweb.flows.matching import match_need
from careweb.flows.needs import post_need
from careweb.flows.offers import make_offer, set_pace
from careweb.flows.signin import add_member
from careweb.storage.database import Engine, Transaction, driver, transaction
from careweb.storage.sealing import Vault

NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)  # a Monday, noon in Toronto
VAULT = Vault({1: bytes(range(32))})
SETTINGS = Settings.model_validate({})
SCARBOROUGH, NORTH_YORK, OTTAWA, BURNABY = "M1S", "M2N", "K1P", "V5H"


@dataclass(kw_only=True)
class World:
    """All in one transaction, or (`engine`) each verb in its own."""

    tx: Transaction
    now: datetime = NOON
    settings: Settings = field(default_factory=lambda: SETTINGS)

    @property
    def ctx(self) -> Context:
        return Context(tx=self.tx, vault=VAULT, settings=self.settings, now=self.now)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Context]:
        """For verbs of several transactions: here all are one."""
        yield self.ctx

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    async def group(self, slug: str = "east") -> GroupId:
        return await open_group(self.ctx, slug, slug.title(), area_code=SCARBOROUGH, phone_line="416-555-0100")

    async def helper(
        self,
        group: GroupId,
        *,
        name: str = "Wing",
        admitted: bool = True,
        per_week: int = 5,
        address: str = "",
        **changes: Any,
    ) -> MemberId:
        """Offers groceries around Scarborough in Cantonese, at any hour, unless `changes` say otherwise."""
        contact = read_contact(address or f"{uuid4().hex}@example.org")
        member = await add_member(
            self.ctx, contact, locale="en", time_zone="America/Toronto", confirmed=True, name=name, per_week=per_week
        )
        await set_pace(self.ctx, member, replace(ANY_HOUR, per_week=per_week))
        await self.offer(group, member, **changes)
        if admitted:
            await admit(self.ctx, group, member, by=None, note="known", vetting=0)
        return member

    async def offer(self, group: GroupId, member: MemberId, **changes: Any) -> OfferId:
        offer = await make_offer(self.ctx, group, member, replace(OFFER, **changes))
        assert offer
        return offer

    async def need(
        self, group: GroupId, *, due_in: float = 24, member: MemberId | None = None, **changes: Any
    ) -> NeedId:
        """Groceries in Scarborough, in Cantonese, due in so many hours, unless `changes` say otherwise."""
        needed_by = self.now + timedelta(hours=due_in)
        stated: dict[str, Any] = {"needed_by": needed_by, "urgency": urgency_of(self.now, needed_by)} | changes
        posted = await post_need(self.ctx, group, replace(NEED, **stated), form_id=uuid4().hex, member_id=member)
        return posted.need_id

    async def match(self, need: NeedId) -> None:
        await match_need(self.ctx, need)

    async def asks(self, need: NeedId) -> list[AskId]:
        return [
            row["id"] for row in await self.rows("SELECT id FROM ask WHERE need_id = $1 ORDER BY planned_at, id", need)
        ]

    async def asked(self, need: NeedId) -> set[MemberId]:
        return {row["member_id"] for row in await self.rows("SELECT member_id FROM ask WHERE need_id = $1", need)}

    async def ask_of(self, need: NeedId, member: MemberId) -> AskId:
        (row,) = await self.rows("SELECT id FROM ask WHERE need_id = $1 AND member_id = $2", need, member)
        return AskId(row["id"])

    async def one(self, query: str, *values: Any) -> Any:
        return await (await driver(self.tx)).fetchval(query, *values)

    async def rows(self, query: str, *values: Any) -> list[Any]:
        return list(await (await driver(self.tx)).fetch(query, *values))

    async def owed(self) -> set[str]:
        """Jobs owed now or later."""
        return {row["job"] for row in await self.rows("SELECT DISTINCT job FROM promise")}


ANY_HOUR = Pace(per_week=5, weekly_asks=None, quiet_from=0, quiet_until=0, urgent_any_hour=True)
OFFER = NewOffer(
    categories=("groceries",),
    languages=("yue",),
    zone_code=SCARBOROUGH,
    radius_km=10,
    reach=Reach.GROUP,
    hours=ANY_TIME,
)
NEED = NewNeed(
    category="groceries", zone_code=SCARBOROUGH, languages=("yue",), urgency=urgency_of(NOON, NOON), needed_by=NOON,
    hours=ANY_TIME, helpers=1, reach=Reach.GROUP, name="Po", contact=by_code(), text="Rice and greens", show_text=False,
    see_first=False, locale="en",
)  # fmt: skip


@asynccontextmanager
async def committed(engine: Engine, now: datetime = NOON) -> AsyncIterator[World]:
    """A world whose facts others see once this ends."""
    async with transaction(engine) as tx:
        yield World(tx=tx, now=now)
