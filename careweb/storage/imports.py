"""Many rows of a file at once, set by set: what one row costs on its own is too dear thirty thousand times."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from careweb.domain.contacts import Contact
from careweb.domain.ids import GroupId, MemberId, NeedId, NoticeId, OfferId
from careweb.domain.languages import spoken_id_of
from careweb.domain.records import Known, NeedRecord, OfferRecord
from careweb.domain.states import OfferState
from careweb.storage.database import Transaction, run
from careweb.storage.languages import language_aliases, languages
from careweb.storage.places import postal_areas
from careweb.storage.sealing import Sealer, Vault


class RefusedError(Exception):
    """The database refuses a row for what it holds. Says no more: its own words repeat the row."""


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except (
        asyncpg.DataError,
        asyncpg.IntegrityConstraintViolationError,
        asyncpg.RaiseError,
        asyncpg.TransactionRollbackError,  # of two that wait for each other one gives way: it is tried again, alone
    ):
        raise RefusedError from None


@dataclass(frozen=True, kw_only=True)
class ImportedNeed:
    id: NeedId
    record: NeedRecord
    contact_index: bytes | None
    sealed_contact: bytes | None
    sealed_text: bytes | None
    sealed_consent: bytes | None


@dataclass(frozen=True, kw_only=True)
class ImportedMember:
    id: MemberId
    contact: Contact
    contact_index: bytes
    sealed_name: bytes | None
    sealed_contact: bytes | None
    locale: str
    time_zone: str
    per_week: int


@dataclass(frozen=True, kw_only=True)
class ImportedOffer:
    id: OfferId
    record: OfferRecord
    member_id: MemberId
    state: OfferState
    sealed_consent: bytes | None


@dataclass(frozen=True, kw_only=True)
class Wrapped:
    """A record's data key as it is stored."""

    id: UUID
    master: int
    wrapped: bytes


async def known(tx: Transaction, interfaces: Sequence[str], now: datetime) -> Known:
    clocks = {row["code"]: row["time_zone"] for row in await run(tx, "zone_clocks")}
    return Known(
        categories=frozenset(row["slug"] for row in await run(tx, "all_categories")),
        zones={code.upper(): code for code in clocks},
        clocks=clocks,
        postals={str(postal): code for postal, code in (await postal_areas(tx)).items()},
        languages=await spoken_names(tx),
        interfaces=interfaces,
        now=now,
    )


async def spoken_names(tx: Transaction) -> dict[str, str]:
    """Every tag, and every other name in one word that means one spoken language."""
    every, aliases = await languages(tx), await language_aliases(tx)
    names = [alias for alias in aliases if " " not in alias] + [language.tag.lower() for language in every]
    return {name: spoken for name in names if (spoken := spoken_id_of(name, every, aliases))}


async def take_turns(tx: Transaction, group_id: GroupId) -> None:
    await run(tx, "one_import_at_a_time", group_id=group_id)


async def needs_there(tx: Transaction, group_id: GroupId, refs: list[str]) -> dict[str, datetime | None]:
    rows = await run(tx, "needs_by_ref", group_id=group_id, refs=refs)
    return {row["source_ref"]: row["imported_at"] for row in rows}


async def offers_there(tx: Transaction, group_id: GroupId, refs: list[str]) -> dict[str, datetime | None]:
    rows = await run(tx, "offers_by_ref", group_id=group_id, refs=refs)
    return {row["source_ref"]: row["imported_at"] for row in rows}


async def add_keys(tx: Transaction, record: str, keys: Sequence[Wrapped]) -> None:
    await run(
        tx, "add_data_keys", record=record, ids=[key.id for key in keys], masters=[key.master for key in keys],
        wrapped=[key.wrapped for key in keys],
    )  # fmt: skip


async def sealers(tx: Transaction, vault: Vault, record: str, ids: Sequence[UUID]) -> dict[UUID, Sealer]:
    """Those whose key still exists."""
    rows = await run(tx, "data_keys", record=record, ids=list(ids))
    return {row["id"]: vault.unwrap(record, row["id"], row["master"], row["wrapped"]) for row in rows}


async def add_needs(
    tx: Transaction, group_id: GroupId, needs: Sequence[ImportedNeed], *, confirmed: bool, now: datetime
) -> None:
    new = [need.record.new for need in needs]
    await run(
        tx, "import_needs", group_id=group_id, now=now, confirmed=confirmed,
        ids=[need.id for need in needs], refs=[need.record.ref for need in needs],
        categories=[one.category for one in new], zones=[one.zone_code for one in new],
        languages=[" ".join(one.languages) for one in new], urgencies=[one.urgency for one in new],
        helpers=[one.helpers for one in new], needed_by=[one.needed_by for one in new],
        hours=[one.hours for one in new], locales=[one.locale for one in new],
        contact_kinds=[one.contact.kind for one in new], contact_indexes=[need.contact_index for need in needs],
        contacts=[need.sealed_contact for need in needs], texts=[need.sealed_text for need in needs],
        consents=[need.sealed_consent for need in needs],
        posted=[need.record.posted_at for need in needs], expires=[need.record.expires_at for need in needs],
    )  # fmt: skip
    await run(tx, "tell_imported", need_ids=[need.id for need in needs], now=now)


async def members_there(tx: Transaction, indexes: Sequence[bytes]) -> dict[bytes, tuple[MemberId, bool]]:
    """By contact: who, and whether they have said yes."""
    rows = await run(tx, "members_by_contact", contact_indexes=list(indexes))
    return {row["contact_index"]: (MemberId(row["id"]), row["confirmed"]) for row in rows}


async def add_members(
    tx: Transaction, members: Sequence[ImportedMember], *, confirmed: bool, now: datetime
) -> set[MemberId]:
    rows = await run(
        tx, "import_members", now=now, confirmed=confirmed, ids=[one.id for one in members],
        contact_indexes=[one.contact_index for one in members], contact_kinds=[one.contact.kind for one in members],
        names=[one.sealed_name for one in members], contacts=[one.sealed_contact for one in members],
        locales=[one.locale for one in members], time_zones=[one.time_zone for one in members],
        per_week=[one.per_week for one in members],
    )  # fmt: skip
    return {MemberId(row["id"]) for row in rows}


async def confirm_members(tx: Transaction, ids: Sequence[MemberId]) -> None:
    await run(tx, "confirm_members", ids=list(ids))


async def add_offers(tx: Transaction, group_id: GroupId, offers: Sequence[ImportedOffer], *, now: datetime) -> None:
    new = [offer.record.new for offer in offers]
    members = [offer.member_id for offer in offers]
    await run(tx, "import_memberships", group_id=group_id, member_ids=members, now=now)
    await run(
        tx, "import_offers", group_id=group_id, now=now,
        ids=[offer.id for offer in offers], refs=[offer.record.ref for offer in offers], member_ids=members,
        states=[offer.state for offer in offers], categories=[" ".join(one.categories) for one in new],
        languages=[" ".join(one.languages) for one in new], zones=[one.zone_code for one in new],
        radii=[one.radius_km for one in new], hours=[one.hours for one in new],
        consents=[offer.sealed_consent for offer in offers],
    )  # fmt: skip


async def askable_offers(tx: Transaction, group_id: GroupId, ids: Sequence[OfferId]) -> list[UUID]:
    return [row["id"] for row in await run(tx, "askable_offers", group_id=group_id, ids=list(ids))]


async def owe_to_askers(
    tx: Transaction, notices: Sequence[NoticeId], needs: Sequence[NeedId], now: datetime
) -> list[UUID]:
    rows = await run(tx, "owe_confirmations_to_askers", ids=list(notices), need_ids=list(needs), now=now)
    return [row["id"] for row in rows]


async def owe_to_members(
    tx: Transaction, notices: Sequence[NoticeId], members: Sequence[MemberId], now: datetime
) -> list[UUID]:
    rows = await run(tx, "owe_confirmations_to_members", ids=list(notices), member_ids=list(members), now=now)
    return [row["id"] for row in rows]
