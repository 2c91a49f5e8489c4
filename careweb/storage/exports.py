"""Rows on their way out, read by a cursor on the server: never more than a few at a time in memory."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from careweb.domain.columns import Exported
from careweb.domain.ids import GroupId
from careweb.storage.database import Transaction, driver, queries, run

_QUERIES = {
    Exported.NEEDS: "export_needs",
    Exported.OFFERS: "export_offers",
    Exported.ASKS: "export_asks",
    Exported.MATCHES: "export_matches",
}


async def rows_of(
    tx: Transaction, what: Exported, group_id: GroupId | None, *, with_contact: bool
) -> AsyncIterator[Mapping[str, Any]]:
    values: dict[str, Any] = {"group_id": group_id}
    if what in (Exported.NEEDS, Exported.OFFERS):
        values["with_contact"] = with_contact
    opened = getattr(queries(), f"{_QUERIES[what]}_cursor")
    async with opened(await driver(tx), **values) as cursor:
        async for row in cursor:
            yield row


async def add_disclosure(
    tx: Transaction, id: UUID, what: Exported, group_id: GroupId | None, sealed_reason: bytes | None, now: datetime
) -> None:
    await run(tx, "add_disclosure", id=id, at=now, what=what, group_id=group_id, sealed_reason=sealed_reason)


async def people_in(tx: Transaction, what: Exported, group_id: GroupId | None) -> list[Mapping[str, Any]]:
    """Whose names and contacts would leave."""
    query = {Exported.NEEDS: "askers_to_export", Exported.OFFERS: "volunteers_to_export"}[what]
    return list(await run(tx, query, group_id=group_id))
