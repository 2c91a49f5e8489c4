"""After a run: what PostgreSQL, the mail server and the people themselves say. Nothing else is asked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from tests.faults.acts import checks
from tests.faults.people import Diary
from tests.faults.post import Delivery, PostOffice

_AROUND = 3.0  # seconds before and after a crash in which a sender may not have learnt, or not have written down, that it sent
Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    wrong: dict[str, list[str]]  # by what was promised; each list empty
    counts: dict[str, Any]
    repeats: int  # messages that arrived twice, because nobody could know that they had arrived

    @property
    def good(self) -> bool:
        return not any(self.wrong.values())


async def judge(
    connection: asyncpg.Connection, diary: Diary, office: PostOffice, crashes: dict[str, list[Span]]
) -> Verdict:
    """`crashes`: by worker, when it or the database was away."""
    told = [need for needs in diary.posted.values() for need in needs]
    delivered = _ids(delivery.notice for delivery in office.deliveries)
    after_block = [
        str(match) for began, match in diary.seen
        if any(match == blocked and began > since for since, blocked in diary.blocked)
    ]  # fmt: skip
    wrong = {
        "lost": [
            *await _rows(checks.lost_needs(connection, told=told)),
            *await _rows(checks.lost_yeses(connection, taken=list(diary.taken))),
            *await _rows(checks.untold(connection)),
            *await _rows(checks.marked_unsent(connection, delivered=delivered)),
            *await _rows(checks.failed_for_nothing(connection, refused=_ids(office.refused))),
        ],
        "done twice": [
            *[f"one form, two needs: {needs}" for needs in diary.posted.values() if len(needs) > 1],
            *await _rows(checks.unknown_needs(connection, told=told)),
        ],
        "double winners": await _rows(checks.double_winners(connection)),
        "over capacity": await _rows(checks.over_capacity(connection)),
        "contact without two yeses": [
            *await _rows(
                checks.without_two_yeses(connection, pressed=list(diary.pressed_yes), chose=list(diary.chose))
            ),
            *await _rows(checks.shown_too_early(connection, shown=[match for _, match in diary.seen])),
            *await _rows(checks.connected_mails(connection, delivered=delivered)),
            *[f"an address in {one.notice}" for one in office.deliveries if "@example.org" in one.text],
        ],
        "contact after a block": [*await _rows(checks.unblocked(connection)), *after_block],
        "delivered twice": [
            *await _rows(checks.told_twice(connection, delivered=delivered)),
            *unexcused(office.deliveries, crashes),
        ],
        "not drained": [*await _rows(checks.undrained(connection)), *await _rows(checks.why_open(connection))],
    }
    repeats = len(office.deliveries) - len({one.notice for one in office.deliveries})
    return Verdict(wrong=wrong, counts=dict(await checks.counts(connection)), repeats=repeats)


def unexcused(deliveries: Sequence[Delivery], crashes: dict[str, list[Span]]) -> list[str]:
    """Messages that came again although whoever sent them knew that they had arrived."""
    last: dict[str, Delivery] = {}
    found = []
    for one in deliveries:
        before = last.get(one.notice)
        if (
            before
            and before.told
            and not any(a - _AROUND <= before.at <= b + _AROUND for a, b in crashes[before.worker])
        ):
            found.append(f"{one.notice} at {before.at:.1f} by {before.worker} and at {one.at:.1f} by {one.worker}")
        last[one.notice] = one
    return found


def _ids(notices: Any) -> list[UUID]:
    return [UUID(notice) for notice in Counter(notices)]


async def _rows(found: Any) -> list[str]:
    return [str({name: str(value) for name, value in row.items()}) async for row in found]
