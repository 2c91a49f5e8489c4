"""What a worker says about itself: its log, and figures. Never an argument, never a message."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server

from careweb.domain.states import NoticeState
from careweb.journal import places
from careweb.storage.promises import STUCK, PromiseCounts, Stuck

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
TICK = "tick"  # the one job that no relay hands over

_TICK = {
    "age_seconds": "How long ago the last tick of a market saw the pool",
    "seconds": "What it took",
    "needs": "Needs with an open slot",
    "slots": "Open slots",
    "planned": "Of these, slots for which somebody is claimed",
    "people": "People with a free task whom some need could ask",
    "gap": "What the prices leave for a cheaper plan, relative: 0 but for rounding",
    "fresh": "Needs posted since the tick before, over all ticks",
    "moved": "Claims that went to somebody else, over all ticks",
}

log = structlog.get_logger("careweb.workers")


def note_stray(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """For what went wrong where nobody waited for the answer."""
    error = context.get("exception")
    if error is not None and not isinstance(error, asyncio.CancelledError):
        log.warning("stray", error=type(error).__name__, at=places(error))


def mishap(event: str, error: BaseException, **more: Any) -> None:
    """Where and what kind; never the message, which may hold what somebody wrote."""
    log.error(event, reference=secrets.token_hex(4), error=type(error).__name__, at=places(error), **more)


class Figures:
    """What Prometheus may read, of this process and of what all workers share."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._jobs = Counter("careweb_jobs", "Jobs by name and outcome", ["job", "outcome"], registry=registry)
        self._seconds = Histogram("careweb_job_seconds", "Time of a job", ["job"], buckets=_BUCKETS, registry=registry)
        self._promises = Gauge("careweb_promises", "Promises due, late and parked", ["kind"], registry=registry)
        self._notices = Gauge("careweb_notices", "Messages by state, but sent", ["state"], registry=registry)
        self._stuck = Gauge(
            "careweb_stuck", "Open for 5 minutes without a worker, a time or a person", ["what"], registry=registry
        )
        self._redis = Gauge("careweb_redis_up", "1 if Redis answers", registry=registry)
        self._ticks = {
            name: Gauge(f"careweb_tick_{name}", says, ["market"], registry=registry) for name, says in _TICK.items()
        }

    def done(self, job: str, outcome: str, seconds: float) -> None:
        self._jobs.labels(job, outcome).inc()
        self._seconds.labels(job).observe(seconds)
        log.info("job", job=job, outcome=outcome, ms=round(seconds * 1000, 1))

    def promises(self, counts: PromiseCounts) -> None:
        for kind in ("due", "late", "parked"):
            self._promises.labels(kind).set(getattr(counts, kind))

    def stuck(self, found: Sequence[Stuck]) -> None:
        counts = {one.what: one.count for one in found}
        for what in STUCK:
            self._stuck.labels(what).set(counts.get(what, 0))

    def notices(self, counts: Mapping[NoticeState, int]) -> None:
        for state in NoticeState:
            if state is not NoticeState.SENT:
                self._notices.labels(state).set(counts.get(state, 0))

    def redis(self, *, up: bool) -> None:
        self._redis.set(up)

    def ticks(self, markets: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """Of every market, as the database has them."""
        for gauge in self._ticks.values():
            gauge.clear()
        for market in markets:
            if market["ticked_at"] is None:
                continue
            shown = dict(market) | {
                "age_seconds": (now - market["ticked_at"]).total_seconds(),
                "seconds": sum(market["seconds"].values()),
                "slots": market["open"],
            }
            for name, gauge in self._ticks.items():
                gauge.labels(market["slug"]).set(shown[name])

    def ticked(self, seconds: float, asked: int) -> None:
        """One tick of this process, committed."""
        self._jobs.labels(TICK, "done").inc()
        self._seconds.labels(TICK).observe(seconds)
        log.info("tick", ms=round(seconds * 1000, 1), count=asked)

    def serve(self, port: int) -> None:
        """On this machine only. A second worker with the same port goes on without."""
        try:
            start_http_server(port, addr="127.0.0.1", registry=self.registry)
        except OSError as error:
            log.warning("metrics port taken", port=port, error=type(error).__name__)
