"""Jobs owed (the outbox): written with the fact that makes them owed, deleted with the fact that does them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from careweb.storage.database import Transaction, driver, queries


@dataclass(frozen=True, kw_only=True)
class Handed:
    """A promise given to the queue; `tries` tells this handing over from an earlier one."""

    job: str
    subject: UUID
    tries: int


@dataclass(frozen=True, kw_only=True)
class PromiseCounts:
    due: int
    late: int
    parked: int


async def promise(tx: Transaction, job: str, subject: UUID, due_at: datetime) -> None:
    """Promising twice is promising once, at the earlier time."""
    await queries().promise(await driver(tx), job=job, subject=subject, due_at=due_at)


async def promise_many(tx: Transaction, job: str, subjects: Sequence[UUID], due_at: datetime) -> None:
    if subjects:
        await queries().promise_many(await driver(tx), job=job, subjects=list(subjects), due_at=due_at)


async def promise_each(tx: Transaction, owed: Sequence[tuple[str, UUID, datetime]]) -> None:
    """Jobs about new subjects, that were never promised before."""
    if owed:
        jobs, subjects, due = map(list, zip(*owed, strict=True))
        await queries().promise_each(await driver(tx), jobs=jobs, subjects=subjects, due=due)


async def hasten(tx: Transaction, job: str, subject: UUID, due_at: datetime) -> None:
    """If it is owed at all."""
    await queries().hasten_promise(await driver(tx), job=job, subject=subject, due_at=due_at)


async def unpromise(tx: Transaction, job: str, subject: UUID) -> None:
    await queries().unpromise(await driver(tx), job=job, subject=subject)


async def call_off(tx: Transaction, job: str, subjects: Sequence[UUID]) -> None:
    """Of jobs that find nothing to do once this is committed: one that a worker is at already is left to it."""
    if subjects:
        await queries().call_off_promises(await driver(tx), job=job, subjects=list(subjects))


async def hand_over(tx: Transaction, *, now: datetime, most: int) -> list[Handed]:
    """What is due. Commit before giving it to a queue: a worker can keep only what it sees as handed over."""
    rows = queries().hand_over_promises(await driver(tx), now=now, most=most)
    return [Handed(**row) async for row in rows]


async def hand_over_lost(tx: Transaction, *, now: datetime, lost_after: timedelta, most: int) -> list[Handed]:
    """What was handed over and not kept for `lost_after`, twice as long each time; after ten times it is parked."""
    rows = queries().hand_over_lost_promises(await driver(tx), now=now, lost_after=lost_after, most=most)
    return [Handed(**row) async for row in rows]


async def take_back(tx: Transaction, refused: Sequence[Handed]) -> None:
    """The queue did not take them. Those that were handed over once more meanwhile are left alone."""
    await queries().take_back_promises(
        await driver(tx),
        jobs=[one.job for one in refused],
        subjects=[one.subject for one in refused],
        tries=[one.tries for one in refused],
    )


async def take_back_all(tx: Transaction) -> None:
    await queries().take_back_every_promise(await driver(tx))


async def keep(tx: Transaction, job: str, subject: UUID) -> bool:
    """True for one worker only; it does the job in this transaction. If it fails, the promise is still there."""
    return bool(await queries().keep_promise(await driver(tx), job=job, subject=subject))


async def postpone(tx: Transaction, job: str, subject: UUID, until: datetime) -> bool:
    """True for one worker only, as `keep`; the promise is due again then, unless it is unpromised before."""
    return bool(await queries().postpone_promise(await driver(tx), job=job, subject=subject, until=until))


async def count_promises(tx: Transaction, *, now: datetime, late_after: timedelta) -> PromiseCounts:
    row = await queries().count_promises(await driver(tx), now=now, late_before=now - late_after)
    return PromiseCounts(**row)


STUCK_AFTER = timedelta(minutes=5)
STUCK = ("need", "ask", "match", "notice", "review", "promise")


@dataclass(frozen=True, kw_only=True)
class Stuck:
    what: str
    count: int
    since: datetime  # of the oldest


async def stuck(tx: Transaction, *, now: datetime) -> list[Stuck]:
    """Open for five minutes and more, and waiting for nothing, or for a person past its time. There should be none."""
    rows = queries().stuck(await driver(tx), now=now, before=now - STUCK_AFTER)
    return [Stuck(**row) async for row in rows]


async def parked_promises(tx: Transaction) -> list[Handed]:
    rows = queries().parked_promises(await driver(tx))
    return [Handed(job=row["job"], subject=row["subject"], tries=row["tries"]) async for row in rows]


async def revive_promises(tx: Transaction) -> None:
    await queries().revive_promises(await driver(tx))


async def due_at(tx: Transaction, job: str, subject: UUID) -> datetime | None:
    due: datetime | None = await queries().promise_due_at(await driver(tx), job=job, subject=subject)
    return due


async def promise_forgotten(
    tx: Transaction,
    *,
    now: datetime,
    met_after: timedelta,
    purge_after: timedelta,
    urgent_lapse: timedelta,
    lapse: timedelta,
    most: int,
) -> int:
    """How many rows waited without a promise; 0 also while another worker looks."""
    connection = await driver(tx)
    if not await queries().claim_sweep(connection):
        return 0
    done = await queries().promise_forgotten(
        connection,
        now=now,
        met_after=met_after,
        purge_after=purge_after,
        urgent_lapse=urgent_lapse,
        lapse=lapse,
        most=most,
    )
    return int(done.rpartition(" ")[2])
