"""Offers out of a file, each of a person found by their contact or added: they wait for their own yes and a coordinator's."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from careweb.domain.ids import GroupId, MemberId, NoticeId, OfferId
from careweb.domain.records import OfferRecord
from careweb.domain.states import ContactKind, OfferState
from careweb.flows.context import Context
from careweb.flows.imports import Taken, confirmations_due
from careweb.storage import imports
from careweb.storage.imports import ImportedMember, ImportedOffer, Wrapped
from careweb.storage.promises import promise_many
from careweb.storage.sealing import Sealer

People = dict[bytes, tuple[MemberId, bool]]  # by contact: who, and whether they have said yes


async def take_offers(
    ctx: Context, records: Sequence[OfferRecord], *, group_id: GroupId, consent: str, before: int
) -> Taken:
    await imports.take_turns(ctx.tx, group_id)
    there = await imports.offers_there(ctx.tx, group_id, [record.ref for record in records])
    fresh = {record.ref: record for record in records if record.ref not in there}
    offers = await _offers(ctx, list(fresh.values()), consent) if fresh else []
    if offers:
        await imports.add_offers(ctx.tx, group_id, offers, now=ctx.now)
        await _after(ctx, group_id, offers, before)
    twice = frozenset(ref for ref, at in there.items() if at == ctx.now)
    paused = sum(offer.state is OfferState.PAUSED for offer in offers)
    by_phone = sum(offer.record.contact.kind is ContactKind.PHONE for offer in offers)
    return Taken(new=len(offers), there=len(there) - len(twice), twice=twice, paused=paused, by_phone=by_phone)


async def _offers(ctx: Context, records: list[OfferRecord], consent: str) -> list[ImportedOffer]:
    """Whoever is a member already has agreed to be here, not to this: without consent it is theirs to switch on."""
    indexes = [ctx.vault.contact_index(record.contact) for record in records]
    people = await _people(ctx, dict(zip(reversed(indexes), reversed(records), strict=True)), confirmed=bool(consent))
    ids = [people[index][0] for index in indexes]
    if consent:
        await imports.confirm_members(ctx.tx, ids)
    sealers = await imports.sealers(ctx.tx, ctx.vault, "member", ids) if consent else {}
    return [
        ImportedOffer(
            id=OfferId(uuid4()), record=record, member_id=people[index][0],
            state=OfferState.PAUSED if people[index][1] and not consent else OfferState.ACTIVE,
            sealed_consent=_consent(sealers, people[index][0], consent),
        )
        for index, record in zip(indexes, records, strict=True)
    ]  # fmt: skip


def _consent(sealers: dict[UUID, Sealer], member_id: MemberId, consent: str) -> bytes | None:
    return sealers[member_id].seal("consent", consent) if member_id in sealers else None


async def _people(ctx: Context, wanted: dict[bytes, OfferRecord], *, confirmed: bool) -> People:
    """Everyone in the batch once; of several rows with one contact, the first says name and pace."""
    people = await imports.members_there(ctx.tx, list(wanted))
    new = [_seal(ctx, index, record) for index, record in wanted.items() if index not in people]
    if not new:
        return people
    added = await imports.add_members(ctx.tx, [member for member, _ in new], confirmed=confirmed, now=ctx.now)
    await imports.add_keys(ctx.tx, "member", [key for member, key in new if member.id in added])
    return people | await imports.members_there(ctx.tx, [member.contact_index for member, _ in new])


def _seal(ctx: Context, index: bytes, record: OfferRecord) -> tuple[ImportedMember, Wrapped]:
    member_id = MemberId(uuid4())
    sealer, master, wrapped = ctx.vault.new_sealer("member", member_id)
    member = ImportedMember(
        id=member_id, contact=record.contact, contact_index=index, sealed_name=sealer.seal("name", record.name),
        sealed_contact=sealer.seal("contact", record.contact.address), locale=record.locale,
        time_zone=record.time_zone, per_week=record.per_week,
    )  # fmt: skip
    return member, Wrapped(id=member_id, master=master, wrapped=wrapped)


async def _after(ctx: Context, group_id: GroupId, offers: list[ImportedOffer], before: int) -> None:
    members = list(dict.fromkeys(offer.member_id for offer in offers))
    owed = await imports.owe_to_members(ctx.tx, [NoticeId(uuid4()) for _ in members], members, ctx.now)
    await promise_many(ctx.tx, "deliver_notice", owed, confirmations_due(ctx.now, before))
    askable = await imports.askable_offers(ctx.tx, group_id, [offer.id for offer in offers])
    await promise_many(ctx.tx, "offer_appeared", askable, ctx.now)
