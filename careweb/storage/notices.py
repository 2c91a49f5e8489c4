"""Messages owed, one to one person about one thing: claimed with a lease, then sent, failed or parked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID, uuid4

from careweb.domain.channels import ChannelKind
from careweb.domain.ids import AskId, MemberId, NeedId, NoticeId, PersonId
from careweb.domain.states import NoticeState
from careweb.storage.database import Transaction, run


@dataclass(frozen=True, kw_only=True)
class Notice:
    id: NoticeId
    kind: str
    subject: UUID
    member_id: MemberId | None
    need_id: NeedId | None
    tries: int
    created_at: datetime
    lease_until: datetime
    channel_id: UUID | None = None  # on which it was tried last

    @property
    def person_id(self) -> PersonId:
        """To whom it goes."""
        return cast("PersonId", self.member_id or self.need_id)  # the table has no row without either


async def owe(
    tx: Transaction,
    kind: str,
    subject: UUID,
    to: PersonId,
    *,
    asker: bool,
    always: bool,
    confirming: bool,
    now: datetime,
) -> NoticeId | None:
    """None if this person is not written to, or was before. `always`: even if they stopped messages."""
    query, column = ("owe_notice_to_asker", "need_id") if asker else ("owe_notice_to_member", "member_id")
    values = {"kind": kind, "subject": subject, column: to, "always": always, "confirming": confirming, "now": now}
    owed = await run(tx, query, id=uuid4(), **values)
    return NoticeId(owed) if owed else None


async def forget(tx: Transaction, kind: str, subject: UUID, member_id: MemberId | None, need_id: NeedId | None) -> None:
    """Each is owed once; forgotten, it is another message, which a mail program does not take for the first."""
    await run(tx, "forget_notice", kind=kind, subject=subject, member_id=member_id, need_id=need_id)


async def forget_sent(
    tx: Transaction, kind: str, subject: UUID, member_id: MemberId | None, need_id: NeedId | None
) -> datetime | None:
    """When it was sent, if it was."""
    row = await run(tx, "forget_sent_notice", kind=kind, subject=subject, member_id=member_id, need_id=need_id)
    return row["sent_at"] if row else None


async def call_back(tx: Transaction, need_id: NeedId) -> None:
    await run(tx, "call_asker_back", need_id=need_id)


async def claim(tx: Transaction, notice_id: NoticeId, *, now: datetime, lease_until: datetime) -> Notice | None:
    row = await run(tx, "claim_notice", id=notice_id, now=now, lease_until=lease_until)
    return Notice(lease_until=lease_until, **row) if row else None


async def mark_sent(tx: Transaction, notice: Notice, now: datetime) -> bool:
    """False if the lease was lost meanwhile: another sender has it."""
    return bool(await run(tx, "notice_sent", id=notice.id, lease_until=notice.lease_until, now=now))


async def claim_waiting(tx: Transaction, notice: Notice, kinds: Sequence[str]) -> list[Notice]:
    """Under the lease of the one that is being sent."""
    rows = await run(
        tx, "claim_waiting_notices", id=notice.id, member_id=notice.member_id, kinds=list(kinds),
        lease_until=notice.lease_until,
    )  # fmt: skip
    return [Notice(lease_until=notice.lease_until, **row) for row in rows]


async def goes_by(tx: Transaction, notice: Notice, kind: ChannelKind, channel_id: UUID, *, detailed: bool) -> None:
    await run(tx, "notice_goes_by", id=notice.id, channel=kind, channel_id=channel_id, detailed=detailed)


async def mark_not_sent(
    tx: Transaction, notice: Notice, state: NoticeState, *, channel_id: UUID | None = None, tries: int | None = None
) -> bool:
    """`channel_id`: where it is tried next; None is the first that works then."""
    return bool(
        await run(
            tx, "notice_not_sent", id=notice.id, lease_until=notice.lease_until, state=state, channel_id=channel_id,
            tries=notice.tries if tries is None else tries,
        )
    )  # fmt: skip


async def revive(tx: Transaction) -> list[NoticeId]:
    return [NoticeId(row["id"]) for row in await run(tx, "revive_notices")]


async def count_notices(tx: Transaction) -> dict[NoticeState, int]:
    return {NoticeState(row["state"]): row["count"] for row in await run(tx, "count_notices")}


async def ask_was_sent(tx: Transaction, ask_id: AskId, now: datetime) -> str | None:
    """The state the ask is in now; None if it was sent before."""
    state: str | None = await run(tx, "ask_was_sent", id=ask_id, now=now)
    return state


async def ask_never_arrived(tx: Transaction, ask_id: AskId, now: datetime) -> NeedId | None:
    need_id = await run(tx, "ask_never_arrived", id=ask_id, now=now)
    return NeedId(need_id) if need_id else None
