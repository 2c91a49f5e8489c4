"""Needs out of a file: nobody is looked for until the person has confirmed, or somebody has stated their consent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from careweb.domain.ids import GroupId, NeedId, NoticeId
from careweb.domain.needs import warned_at
from careweb.domain.records import NeedRecord
from careweb.domain.states import ContactKind
from careweb.flows.context import Context
from careweb.flows.imports import Taken, confirmations_due
from careweb.storage import imports
from careweb.storage.imports import ImportedNeed, Wrapped
from careweb.storage.promises import promise_each, promise_many


async def take_needs(
    ctx: Context, records: Sequence[NeedRecord], *, group_id: GroupId, consent: str, before: int
) -> Taken:
    await imports.take_turns(ctx.tx, group_id)
    there = await imports.needs_there(ctx.tx, group_id, [record.ref for record in records])
    fresh = [_seal(ctx, record, consent) for record in records if record.ref not in there]
    if fresh:
        needs = [need for need, _ in fresh]
        await imports.add_keys(ctx.tx, "need", [key for _, key in fresh])
        await imports.add_needs(ctx.tx, group_id, needs, confirmed=bool(consent), now=ctx.now)
        await promise_each(ctx.tx, [job for need in needs for job in _jobs(ctx, need, at_once=bool(consent))])
        await _ask_to_confirm(ctx, [need.id for need in needs], before)
    twice = frozenset(ref for ref, at in there.items() if at == ctx.now)
    return Taken(new=len(fresh), there=len(there) - len(twice), twice=twice)


def _seal(ctx: Context, record: NeedRecord, consent: str) -> tuple[ImportedNeed, Wrapped]:
    need_id = NeedId(uuid4())
    sealer, master, wrapped = ctx.vault.new_sealer("need", need_id)
    contact = record.new.contact
    need = ImportedNeed(
        id=need_id, record=record,
        contact_index=None if contact.kind is ContactKind.CODE else ctx.vault.contact_index(contact),
        sealed_contact=sealer.seal("contact", contact.address), sealed_text=sealer.seal("text", record.new.text),
        sealed_consent=sealer.seal("consent", consent),
    )  # fmt: skip
    return need, Wrapped(id=need_id, master=master, wrapped=wrapped)


def _jobs(ctx: Context, need: ImportedNeed, *, at_once: bool) -> list[tuple[str, UUID, datetime]]:
    record = need.record
    jobs: list[tuple[str, UUID, datetime]] = [
        ("warn_need", need.id, warned_at(ctx.now, record.expires_at, ctx.settings.expiry_warning)),
        ("expire_need", need.id, record.expires_at),
        ("close_silent_need", need.id, record.new.needed_by + ctx.settings.met_after),
    ]
    return [*jobs, ("match_need", need.id, ctx.now)] if at_once else jobs


async def _ask_to_confirm(ctx: Context, need_ids: list[NeedId], before: int) -> None:
    notices = [NoticeId(uuid4()) for _ in need_ids]
    owed = await imports.owe_to_askers(ctx.tx, notices, need_ids, ctx.now)
    await promise_many(ctx.tx, "deliver_notice", owed, confirmations_due(ctx.now, before))
