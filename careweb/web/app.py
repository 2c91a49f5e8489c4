"""The web process, put together in one place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from careweb import config
from careweb.config import Settings
from careweb.domain.errors import CareError
from careweb.flows.starting import refuse_unfit
from careweb.journal import configure_log
from careweb.storage.logins import Login, open_login
from careweb.storage.sealing import open_vault
from careweb.web.away import Lines, kept_fresh
from careweb.web.bodies import BodyError
from careweb.web.errors import StaleFormError, body_error, care_error, crowded, http_error, stale_form
from careweb.web.records import Figures, Recorder
from careweb.web.routes import ROUTES
from careweb.web.shields import SameSiteOnly, SecurityHeaders
from careweb.web.slowing import CrowdedError, prepare


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
