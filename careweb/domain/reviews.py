"""What a person of a group has to look at: held needs, and reports. How soon, what they may do, how long words are kept."""

from datetime import datetime, timedelta
from enum import StrEnum

from careweb.domain.states import ReviewState

REASON_MOST = 500
KEPT_MOST = timedelta(days=90)  # that a report keeps what is known of those involved
APPEAL_WITHIN = timedelta(days=7)  # of a decision
TOLD_EVERY = timedelta(hours=1)  # at most, the staff of one group, however many come
REMINDED_EVERY = timedelta(days=1)  # of what is overdue
_DUE, _URGENTLY = timedelta(hours=72), timedelta(hours=24)


class ReviewKind(StrEnum):
    HELD = "held"
    REPORT = "report"


class Cause(StrEnum):
    """Of a report."""

    UNSAFE = "unsafe"
    THREAT = "threat"
    MONEY = "money"
    UNKIND = "unkind"
    NO_SHOW = "no_show"
    OTHER = "other"


class Action(StrEnum):
    RELEASED = "released"  # nothing wrong: a held need is looked for, two people may be matched again
    KEPT_APART = "kept_apart"  # the two are not matched again
    SUSPENDED = "suspended"  # the volunteer
    CLOSED = "closed"  # the need
    WITHDRAWN = "withdrawn"  # by itself: the held need ended
    LAPSED = "lapsed"  # by itself: nobody decided in the longest time


URGENT_CAUSES = frozenset({Cause.UNSAFE, Cause.THREAT})
WAITING = frozenset({ReviewState.OPEN, ReviewState.APPEALED})


def due_at(now: datetime, *, urgent: bool) -> datetime:
    return now + (_URGENTLY if urgent else _DUE)


def told_at(since: datetime, due: datetime, last: datetime | None) -> datetime:
    """When those who may judge it hear of it next: when it comes, when its time has passed, then day by day.

    `last`: when they last got such a message about whatever waits in their group; it told of this one too.
    """
    if last is None:
        return since
    return max(since if last < since else due if last < due else last + REMINDED_EVERY, last + TOLD_EVERY)


def possible(kind: ReviewKind, author: str | None, *, own_need: bool, live: bool) -> tuple[Action, ...]:
    """What may be decided. `own_need`: the need is of the group that decides; `live`: it has not ended."""
    if kind is ReviewKind.HELD:
        return (Action.RELEASED, Action.CLOSED)
    more = [Action.SUSPENDED] if author == "asker" else []
    return (Action.RELEASED, Action.KEPT_APART, *more, *([Action.CLOSED] if own_need and live else []))
