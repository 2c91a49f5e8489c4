"""The request log and the figures, which tell nothing about a person; and what went wrong."""

import secrets
import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from careweb.journal import places
from careweb.storage.away import is_away
from careweb.web.away import away_page
from careweb.web.outcomes import outcome_of
from careweb.web.pages import error_page

log = structlog.get_logger("careweb.web")
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Figures:
    """What /metrics shows, of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter("careweb_requests", "Requests", ["route", "method", "status"], registry=self.registry)
        self._seconds = Histogram(
            "careweb_request_seconds", "Time", ["route"], buckets=_BUCKETS, registry=self.registry
        )

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class Recorder:
    """Logs each request by its route's template, and turns what nobody expected into a page with a reference."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception as error:
            page = self._mishap(scope, error)
            if status:  # too late for another page: the connection ends
                raise ConnectionAbortedError from None
            await page(scope, receive, send_noting)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _mishap(self, scope: Scope, error: Exception) -> ASGIApp:
        if is_away(error):
            log.warning("database away", error=type(error).__name__)
            return away_page(Request(scope))
        reference = secrets.token_hex(4)
        log.error("unexpected", reference=reference, error=type(error).__name__, at=places(error))
        return error_page(Request(scope), 500, "unexpected", reference=reference)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
        self._figures.count(route, method, status, seconds)
        ms = round(seconds * 1000, 1)
        log.info("request", route=route, method=method, status=status, ms=ms, **outcome_of(scope))
