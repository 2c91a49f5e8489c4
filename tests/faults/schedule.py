"""Which fault comes when: the same seed gives the same faults, in the same order, for the same length."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    POSTGRES_RESTARTED = "PostgreSQL restarted at once"
    POSTGRES_KILLED = "PostgreSQL killed (-9)"
    REDIS_FLUSHED = "Redis emptied"
    REDIS_KILLED = "Redis killed (-9) and started empty"
    REDIS_FROZEN = "Redis frozen"
    REDIS_FULL = "Redis full"
    REDIS_READ_ONLY = "Redis read-only"
    JOBS_TWICE = "jobs delivered twice and out of order"
    POISON = "poison jobs"
    WORKER_KILLED = "worker killed (-9)"
    WORKER_KILLED_SENDING = "worker killed (-9) between send and commit"
    WORKER_ENDED = "worker ended (SIGTERM, 5 s)"
    WORKER_SKEWED = "worker's clock 10 minutes off"
    SOLVER_KILLED = "solver killed (-9)"
    WEB_KILLED = "web killed (-9)"
    WEB_KILLED_ACCEPTING = "web killed (-9) in mid-accept"
    WEB_ENDED = "web ended (SIGTERM, 5 s)"
    MAIL_REFUSED = "mail server refuses"
    MAIL_STALLED = "mail server stalls"
    MAIL_LATE = "mail server takes a message and does not say so"
    BLOCKED = "a block in mid-accept"
    WITHDRAWN = "a withdrawal in mid-accept"
    PAUSED = "a pause in mid-accept"


POSTGRES = (Fault.POSTGRES_RESTARTED, Fault.POSTGRES_KILLED)
REDIS = (
    Fault.REDIS_FLUSHED, Fault.REDIS_KILLED, Fault.REDIS_FROZEN, Fault.REDIS_FULL, Fault.REDIS_READ_ONLY,
)  # fmt: skip
DECK = (*Fault, *(Fault.POSTGRES_RESTARTED,) * 5)  # 28: three of them are 84 faults, with 21 restarts and 15 of Redis
FULL = 3 * len(DECK)  # faults; from so many on a run must have had each kind, and of these two at least so many:
POSTGRES_LEAST, REDIS_LEAST = 20, 10


@dataclass(frozen=True, kw_only=True)
class Due:
    at: float  # share of the run that has passed
    fault: Fault
    seconds: float  # where it lasts
    pick: int  # whom it hits, of several


def schedule(seed: int, count: int, faults: tuple[Fault, ...] = DECK) -> list[Due]:
    """Deck after deck, each shuffled, evenly spread over the first nine tenths of the run."""
    chance = random.Random(seed)
    order: list[Fault] = []
    while len(order) < count:
        deck = list(faults)
        chance.shuffle(deck)
        order += deck
    return [
        Due(at=0.9 * (k + 0.5) / count, fault=fault, seconds=chance.uniform(0.5, 3.0), pick=chance.randrange(1000))
        for k, fault in enumerate(order[:count])
    ]
