"""Why nobody was found: how many offers pass each test in turn, and what one relaxation would add."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Roughly(StrEnum):
    """How many of another group, as far as a coordinator may know."""

    NONE = "none"
    FEW = "few"  # fewer than MANY
    MANY = "many"


MANY = 10


def roughly(count: int) -> Roughly:
    if not count:
        return Roughly.NONE
    return Roughly.FEW if count < MANY else Roughly.MANY


class Test(StrEnum):
    """In the order in which a coordinator reads them."""

    CATEGORY = "category"
    LANGUAGE = "language"
    DISTANCE = "distance"
    CAPACITY = "capacity"  # admitted and vetted, active, not resting, free this week
    TIME = "time"
    UNASKED = "unasked"  # not asked about this need before
    ASKABLE = "askable"  # no other ask in hand, and not asked too often this week


@dataclass(frozen=True, kw_only=True)
class Reasons:
    offers: int  # that this need may use at all: of the group, or shared with the alliance
    left_after: dict[Test, int]
    within_km: list[tuple[int, int]]  # so many km farther than volunteers said would add so many offers, cumulative
    if_language: list[tuple[str, int]]  # if this language were fine, so many more; the most first
    if_time: int  # if any time were fine
    if_capacity: int  # if those who rest or are full this week were free
    if_asked_again: int  # if those who did not answer were asked again
    if_alliance: int  # if any group of the alliance might help: shared offers of other groups
    others: Roughly  # of other groups and not shared, that fit by kind, language and distance


class Change(StrEnum):
    """The smallest first: what asks nothing of the asker, then what asks little of anyone."""

    ASK_AGAIN = "ask_again"  # those who did not answer
    FARTHER = "farther"  # than they said
    TIME = "time"  # any
    ALLIANCE = "alliance"  # any of its groups
    LANGUAGE = "language"  # a second one
    MUCH_FARTHER = "much_farther"
    SOMEONE_NEW = "someone_new"


@dataclass(frozen=True, kw_only=True)
class Smallest:
    """One change, and how many more could then be asked."""

    change: Change
    more: int
    km: int = 0  # with farther
    language: str = ""  # with language


A_LITTLE_KM = 15


def smallest_change(found: Reasons, *, wanted: int, contested: bool) -> Smallest | None:
    """The first change that brings enough people to ask, else the first that brings any, else somebody new.

    `wanted`: open slots. None where enough can be asked as it is. `contested`: whoever can be asked is wanted by more
    needs than they have time for, so that they count for nothing.
    """
    left = 0 if contested else found.left_after[Test.ASKABLE]
    if left >= wanted:
        return None
    changes = [change for change in _changes(found) if change.more]
    enough = [change for change in changes if left + change.more >= wanted]
    return next(iter([*enough, *changes]), Smallest(change=Change.SOMEONE_NEW, more=wanted - left))


def _changes(found: Reasons) -> list[Smallest]:
    farther = [(Change.FARTHER if km <= A_LITTLE_KM else Change.MUCH_FARTHER, km, more) for km, more in found.within_km]
    return [
        Smallest(change=Change.ASK_AGAIN, more=found.if_asked_again),
        *(Smallest(change=change, more=more, km=km) for change, km, more in farther if change is Change.FARTHER),
        Smallest(change=Change.TIME, more=found.if_time),
        Smallest(change=Change.ALLIANCE, more=found.if_alliance),
        *(Smallest(change=Change.LANGUAGE, more=more, language=tag) for tag, more in found.if_language),
        *(Smallest(change=change, more=more, km=km) for change, km, more in farther if change is Change.MUCH_FARTHER),
    ]


def reasons(rows: Iterable[Mapping[str, Any]], others: int = 0) -> Reasons:
    """`rows`: for each combination of passed tests, `offers`, `within_km` and `speaks`; not `open` are shared offers of
    other groups while the need is for its own group only. `others`: of other groups, and not shared."""
    total = if_alliance = 0
    left: Counter[Test] = Counter()
    farther: Counter[int] = Counter()
    speaks: Counter[str] = Counter()
    single: Counter[Test] = Counter()
    for row in rows:
        failed = [test for test in Test if not row[test]]
        if not row["open"]:
            if_alliance += 0 if failed else row["offers"]
            continue
        total += row["offers"]
        for test in Test:
            if test in failed:
                break
            left[test] += row["offers"]
        if len(failed) == 1 and not (failed == [Test.UNASKED] and row["answered"]):  # a no is a no
            single[failed[0]] += row["offers"]
        if failed == [Test.DISTANCE] and row["within_km"]:
            farther[row["within_km"]] += row["offers"]
        if failed == [Test.LANGUAGE]:
            speaks.update(dict.fromkeys(row["speaks"], row["offers"]))
    return Reasons(
        offers=total,
        left_after={test: left[test] for test in Test},
        within_km=[(km, sum(n for k, n in farther.items() if k <= km)) for km in sorted(farther)],
        if_language=speaks.most_common(5),
        if_time=single[Test.TIME],
        if_capacity=single[Test.CAPACITY],
        if_asked_again=single[Test.UNASKED],
        if_alliance=if_alliance,
        others=roughly(others),
    )
