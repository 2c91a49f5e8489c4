"""The account of who of the staff opened or changed what, and why: only ever added to, and chained once a minute."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from careweb.domain.ids import GroupId, MemberId
from careweb.domain.whys import WRITTEN, fits, listed
from careweb.flows.context import Context
from careweb.storage.audit_heads import append_head
from careweb.storage.database import run
from careweb.storage.sealing import Sealer, Vault, key_of

OPERATOR = UUID(int=0)  # whoever has the command line: they are not a member here
AT_ONCE = 5_000
FIRST = b"\0" * 32


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A line, as the person it is about reads it."""

    day: date
    group: str
    role: str
    action: str
    reason: str
    table: str  # of wording.py, where the reason is a word of a list


async def note(
    ctx: Context, group_id: GroupId, role: str, by: MemberId, action: str, record: str, id: UUID, reason: str = ""
) -> None:
    """Written in the transaction of what it tells of. The same once more on the same day is one line."""
    await note_many(ctx, group_id, role, by, action, record, {id: reason})


async def note_many(
    ctx: Context, group_id: GroupId, role: str, by: MemberId, action: str, record: str, reasons: Mapping[UUID, str]
) -> None:
    """A line for each record, with why; one whose key is destroyed tells nobody anything, and gets none."""
    if not all(fits(action, reason) for reason in reasons.values()):
        raise ValueError(f"{action}: why is a word of a list")
    person = await _person(ctx, by)
    same = {"group_id": group_id, "day": ctx.now.date(), "role": role, "action": action, "person": person}
    keys = await run(ctx.tx, "data_keys", record=record, ids=list(reasons))
    lines = [
        same | _of_record(ctx.vault.unwrap(record, key["id"], key["master"], key["wrapped"]), reasons[key["id"]])
        for key in keys
    ]
    await run(
        ctx.tx, "add_audit_lines", **same,
        records=[line["record"] for line in lines], reasons=[line["sealed_reason"] for line in lines],
        hashes=[line["reason_hash"] for line in lines], macs=[mac_of(ctx.vault, line) for line in lines],
    )  # fmt: skip


async def note_of_operator(ctx: Context, action: str, member_id: MemberId, reason: str = "") -> None:
    """In each group in which this person has a role or helps; whoever is in none has nobody who could read it."""
    for row in await run(ctx.tx, "groups_of_member", member_id=member_id):
        group_id = GroupId(row["group_id"])
        await note(ctx, group_id, "operator", MemberId(OPERATOR), action, "member", member_id, reason)


def _of_record(sealer: Sealer, reason: str) -> dict[str, Any]:
    return {
        "record": pseudonym(sealer), "sealed_reason": sealer.seal("audit", reason),
        "reason_hash": _keyed(sealer, f"reason {reason}"),
    }  # fmt: skip


async def _person(ctx: Context, by: MemberId) -> bytes:
    sealer = await key_of(ctx.tx, ctx.vault, "member", by) if by != OPERATOR else None
    return pseudonym(sealer) if sealer else ctx.vault.index("audit person", str(by))[:16]


def pseudonym(sealer: Sealer) -> bytes:
    """Of a record: only whoever has its data key can tell that a line is about it."""
    return _keyed(sealer, "audit")


def _keyed(sealer: Sealer, message: str) -> bytes:
    return hmac.digest(sealer.data_key, f"careweb {message}".encode(), hashlib.sha256)[:16]


async def opened(ctx: Context, record: str, id: UUID) -> list[Opened]:
    """Who opened or changed what is known of this person?"""
    sealer = await key_of(ctx.tx, ctx.vault, record, id)
    if sealer is None:
        return []
    rows = await run(ctx.tx, "audit_lines_of", record=pseudonym(sealer))
    return [_opened(sealer, row) for row in rows]


def _opened(sealer: Sealer, row: Mapping[str, Any]) -> Opened:
    reason = sealer.open("audit", row["sealed_reason"])
    table, word = (listed(reason) if row["action"] not in WRITTEN else None) or ("", reason)
    return Opened(
        day=row["day"], group=row["group_name"], role=row["role"], action=row["action"], reason=word, table=table
    )


async def chain_audit(ctx: Context, _: UUID) -> None:
    """Off the path of whoever waits for a page. The last of each group goes beside the database too."""
    rows = await run(ctx.tx, "unchained_lines", most=AT_ONCE)
    heads: dict[UUID, tuple[int, bytes]] = {}
    links: list[tuple[UUID, int, int, bytes]] = []
    for row in rows:
        group_id = row["group_id"]
        if group_id not in heads:
            last = await run(ctx.tx, "last_link", group_id=group_id)
            heads[group_id] = (last["number"], last["hash"]) if last else (0, FIRST)
        number, before = heads[group_id]
        heads[group_id] = number + 1, chained(ctx.vault, before, row)
        links.append((group_id, number + 1, row["id"], heads[group_id][1]))
    if links:
        groups, numbers, lines, hashes = map(list, zip(*links, strict=True))
        await run(ctx.tx, "add_links", groups=groups, numbers=numbers, lines=lines, hashes=hashes)
    for group_id, (number, hash) in heads.items():
        await asyncio.to_thread(append_head, ctx.settings.state, group_id, number, hash)


def chained(vault: Vault, before: bytes, line: Mapping[str, Any]) -> bytes:
    """The hash of a line and of all before it; keyed, so that a database alone cannot be made to fit again."""
    return vault.index("audit link", (before + _packed([line["id"].to_bytes(8), line["mac"]])).hex())


def mac_of(vault: Vault, line: Mapping[str, Any]) -> bytes:
    cells = [
        line["group_id"].bytes, line["day"].isoformat().encode(), line["role"].encode(), line["action"].encode(),
        line["record"], line["person"], line["sealed_reason"] or b"", line["reason_hash"],
    ]  # fmt: skip
    return vault.index("audit line", _packed(cells).hex())


def _packed(cells: Iterable[bytes]) -> bytes:
    return b"".join(len(cell).to_bytes(4) + cell for cell in cells)
