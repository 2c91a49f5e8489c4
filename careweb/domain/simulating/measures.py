"""What came of a run, in numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from careweb.domain.simulating.engine import FORTNIGHT, Progress, Record
from careweb.domain.simulating.world import Ints, Need
from careweb.domain.states import Urgency


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Shares are 0 to 1. Of fill, the share of slots."""

    needs: float
    fill: float  # by the time it is needed
    ceiling: float  # slots for which enough would have said yes, rested, if all had been asked
    urgent_hour: float  # urgent slots filled within an hour of posting
    wait_medium: float  # hours until a slot of a medium need is filled, the median of those filled
    wait_low: float
    asks_a_match: float
    late_a_match: float  # yeses that came when somebody else had taken it
    p99_asks: float  # of a volunteer in a fortnight
    opt_out: float  # share of volunteers who leave in a fortnight
    gini: float  # of asks among volunteers: 0 all alike, 1 one person has them all
    idle: float  # share of volunteers who were asked nothing in the first 28 days
    asked_a_day: float  # share of volunteers


def measure(record: Record) -> Measures:
    needs, people = record.needs, len(record.gone)
    slots = sum(one.need.helpers for one in needs)
    matches = sum(len(one.filled) for one in needs)
    urgent = [one for one in needs if one.need.urgency is Urgency.URGENT]
    prompt = sum(at <= one.need.posted + 1.0 for one in urgent for at in one.filled)
    asks = sum(one.asks for one in needs)
    days = record.world.given.time.days
    whom = np.array([who for _, who in record.asks], np.int64)
    each = np.bincount(whom, minlength=people)
    month = np.bincount([who for at, who in record.asks if at < 28 * 24.0], minlength=people)
    return Measures(
        needs=float(len(needs)), fill=matches / max(1, slots),
        ceiling=sum(attainable(one.need) for one in needs) / max(1, slots),
        urgent_hour=prompt / max(1, sum(one.need.helpers for one in urgent)),
        wait_medium=_wait(needs, Urgency.MEDIUM), wait_low=_wait(needs, Urgency.LOW),
        asks_a_match=asks / max(1, matches), late_a_match=sum(one.late for one in needs) / max(1, matches),
        p99_asks=_p99_fortnight(record, people), opt_out=float(record.gone.mean()) * 14 / days,
        gini=gini(each), idle=float((month == 0).mean()), asked_a_day=asks / people / days,
    )  # fmt: skip


def _wait(needs: Sequence[Progress], urgency: Urgency) -> float:
    waits = [at - one.need.posted for one in needs if one.need.urgency is urgency for at in one.filled]
    return float(np.median(waits)) if waits else 0.0


def attainable(need: Need) -> int:
    """Slots that could be filled if everybody were asked and nobody were tired, busy or asked by another need."""
    return min(need.helpers, int((need.draw < need.yes).sum()))


def _p99_fortnight(record: Record, people: int) -> float:
    fortnights = [(int(at // FORTNIGHT), who) for at, who in record.asks]
    whole = max(1, int(record.world.given.time.days * 24 // FORTNIGHT))
    counts = np.zeros((whole, people), np.int64)
    for fortnight, who in fortnights:
        if 0 <= fortnight < whole:
            counts[fortnight, who] += 1
    return float(np.quantile(counts, 0.99, method="higher"))


def gini(counts: Ints) -> float:
    ordered = np.sort(counts).astype(np.float64)
    total = ordered.sum()
    if total == 0:
        return 0.0
    rank = np.arange(1, len(ordered) + 1)
    return float(2 * (rank * ordered).sum() / (len(ordered) * total) - (len(ordered) + 1) / len(ordered))


@dataclass(frozen=True, kw_only=True)
class Filled:
    slots: int
    attainable: int
    filled: int


def by_language(needs: Sequence[Progress]) -> Mapping[int, Filled]:
    found: dict[int, Filled] = {}
    for one in needs:
        had = found.get(one.need.language, Filled(slots=0, attainable=0, filled=0))
        found[one.need.language] = Filled(
            slots=had.slots + one.need.helpers, attainable=had.attainable + attainable(one.need),
            filled=had.filled + len(one.filled),
        )  # fmt: skip
    return dict(sorted(found.items()))
