"""Why nobody was found: how many offers pass each test in turn, and what one relaxation would add."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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


def reasons(rows: Iterable[Mapping[str, Any]]) -> Reasons:
    """`rows`: for each combination of passed tests, `offers`, `within_km` and `speaks`."""
    total = 0
    left: Counter[Test] = Counter()
    farther: Counter[int] = Counter()
    speaks: Counter[str] = Counter()
    single: Counter[Test] = Counter()
    for row in rows:
        total += row["offers"]
        failed = [test for test in Test if not row[test]]
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
    )
