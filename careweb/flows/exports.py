"""Taking needs, offers, asks and matches out: without names, contacts and notes, unless a reason was given and kept."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from careweb.domain.cells import guarded
from careweb.domain.columns import WITH_CONTACT, Exported, export_columns
from careweb.domain.ids import GroupId, MemberId
from careweb.flows.auditing import OPERATOR, note_many
from careweb.flows.context import Context
from careweb.storage import exports
from careweb.storage.sealing import Sealer, new_key

_SEALED_WITH = {Exported.NEEDS: "need", Exported.OFFERS: "member"}
_SEALED_AS = {"note": "text"}  # what a column is sealed as, where it is called otherwise in files


async def record_disclosure(ctx: Context, what: Exported, group_id: GroupId | None, reason: str) -> None:
    """Commit this before the first row leaves: then no contact has left without its reason, and each person sees it."""
    disclosure_id = uuid4()
    sealer = await new_key(ctx.tx, ctx.vault, "disclosure", disclosure_id)
    await exports.add_disclosure(ctx.tx, disclosure_id, what, group_id, sealer.seal("reason", reason), ctx.now)
    leaving: defaultdict[GroupId, list[UUID]] = defaultdict(list)
    for row in await exports.people_in(ctx.tx, what, group_id):
        leaving[row["group_id"]].append(row["id"])
    for group, ids in leaving.items():
        whys = dict.fromkeys(ids, reason)
        await note_many(ctx, group, "operator", MemberId(OPERATOR), "exported", _SEALED_WITH[what], whys)


async def export(
    ctx: Context, what: Exported, group_id: GroupId | None, *, with_contact: bool = False
) -> AsyncIterator[list[str]]:
    """The header, then one list of cells a row. `group_id` None: every group."""
    columns = export_columns(what, with_contact=with_contact)
    sealed = {column.name for column in WITH_CONTACT.get(what, ())}
    yield columns
    async for row in exports.rows_of(ctx.tx, what, group_id, with_contact=with_contact):
        sealer = _sealer(ctx, what, row) if with_contact else None
        yield [guarded(_opened(sealer, name, row) if name in sealed else _cell(row[name])) for name in columns]


def _sealer(ctx: Context, what: Exported, row: Mapping[str, Any]) -> Sealer | None:
    """None once the record was purged."""
    if row["wrapped"] is None:
        return None
    return ctx.vault.unwrap(_SEALED_WITH[what], row["sealed_id"], row["master"], row["wrapped"])


def _opened(sealer: Sealer | None, column: str, row: Mapping[str, Any]) -> str:
    return sealer.open(_SEALED_AS.get(column, column), row[column]) if sealer else ""


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case list():
            return " ".join(value)
        case _:
            return str(value)
