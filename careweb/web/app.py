"""The web process, put together in one place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from careweb import config
from careweb.config import Settings
from careweb.domain.errors import CareError
from careweb.flows.starting import ErasedComeBackError, KeysMissingError, refuse_unfit
from careweb.journal import configure_log, places, say_why_not
from careweb.storage.logins import Login, open_login
from careweb.storage.sealing import open_vault
from careweb.web.away import Lines, kept_fresh
from careweb.web.bodies import BodyError
from careweb.web.errors import StaleFormError, body_error, care_error, crowded, http_error, last_resort, stale_form
from careweb.web.records import Figures, Recorder
from careweb.web.routes import ROUTES
from careweb.web.shields import SameSiteOnly, SecurityHeaders
from careweb.web.slowing import CrowdedError, prepare

log = structlog.get_logger("careweb.web")


def create_app(settings: Settings | None = None) -> Starlette:
    """Opens nothing until it starts. Without `settings`, as uvicorn calls it: the environment's, and a log for machines."""
    if settings is None:
        configure_log()
    chosen = settings or config.settings()
    figures = Figures()
    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(SecurityHeaders, settings=chosen),
            Middleware(GZipMiddleware, minimum_size=500, compresslevel=6),
            Middleware(Recorder, figures=figures),
            Middleware(SameSiteOnly, settings=chosen),
        ],
        exception_handlers={
            CareError: care_error,
            HTTPException: http_error,
            BodyError: body_error,
            StaleFormError: stale_form,
            CrowdedError: crowded,
            Exception: last_resort,
        },
        lifespan=_lifespan,
    )
    app.state.settings = chosen
    app.state.figures = figures
    app.state.lines = Lines(chosen.state)
    app.state.first_forms = {}  # see asking
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """What goes wrong here is said in our words; the server's own are not written."""
    try:
        async with _opened(app):
            yield
    except (KeysMissingError, ErasedComeBackError) as error:
        say_why_not(error)
        raise
    except Exception as error:
        log.error("web ended", error=type(error).__name__, at=places(error))
        raise


@asynccontextmanager
async def _opened(app: Starlette) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    app.state.vault = open_vault(settings)
    app.state.engine = open_login(Login.WEB, settings, app.state.vault)
    prepare(app.state, settings.redis_url)
    try:
        await refuse_unfit(app.state.engine, app.state.vault, settings)
        async with kept_fresh(app.state.lines, app.state.engine):
            yield
    finally:
        await app.state.counters.close()
        await app.state.engine.dispose()
