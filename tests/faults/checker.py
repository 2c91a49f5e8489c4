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
_ON_ITS_WAY = 10.0  # seconds that a message takes at most, from when its sender looked whether it still makes sense
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
            *await _rows(
                checks.shown_to_asker_too_early(
                    connection,
                    needs=[need for _, need, _ in diary.shown],
                    members=[member for _, _, member in diary.shown],
                )
            ),
            *await _rows(checks.connected_mails(connection, delivered=delivered)),
            *[f"an address in {one.notice}" for one in office.deliveries if "@example.org" in one.text],
        ],
        "contact after a block": [
            *await _rows(checks.unblocked(connection)),
            *await after_a_block(connection, diary, office.deliveries),
        ],
        "delivered twice": [
            *await _rows(checks.told_twice(connection, delivered=delivered)),
            *unexcused(office.deliveries, crashes),
        ],
        "not drained": [*await _rows(checks.undrained(connection)), *await _rows(checks.why_open(connection))],
    }
    repeats = len(office.deliveries) - len({one.notice for one in office.deliveries})
    return Verdict(wrong=wrong, counts=dict(await checks.counts(connection)), repeats=repeats)


async def after_a_block(connection: asyncpg.Connection, diary: Diary, deliveries: Sequence[Delivery]) -> list[str]:
    """Pages of either that were opened after the two were kept apart and showed a way to reach the other, and messages."""
    two = {row["id"]: (row["need_id"], row["member_id"]) async for row in checks.parties(connection)}
    parted: dict[tuple[UUID, UUID], float] = {}
    for since, *pair in [*diary.parted, *((since, *two[match]) for since, match in diary.blocked if match in two)]:
        parted[pair[0], pair[1]] = min(since, parted.get((pair[0], pair[1]), since))
    seen = [(at, two[match], "the helper's page") for at, match in diary.seen if match in two]
    seen += [(at, (need, member), "the asker's page") for at, need, member in diary.shown]
    sent = {delivery.notice: delivery.at - _ON_ITS_WAY for delivery in deliveries}
    about = [row async for row in checks.about_two(connection, delivered=_ids(sent))]
    seen += [(sent[row["notice"]], (row["need_id"], row["member_id"]), "a message") for row in about]
    return [f"{where} of need {pair[0]} and member {pair[1]}" for at, pair, where in seen if at > parted.get(pair, at)]


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
