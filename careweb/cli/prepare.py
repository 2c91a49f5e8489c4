"""Brings the database to this version: migrations, places, and in a demonstration its people.

Run as `python -m careweb.cli.prepare [--demo]`, so that whoever calls need not load all that this needs.
"""

import asyncio
import importlib
import importlib.util
import sys

from sqlalchemy.ext.asyncio import AsyncEngine

from careweb.cli.steps import step
from careweb.config import settings
from careweb.storage.database import open_engine
from careweb.storage.migrations import migrate


async def prepare(engine: AsyncEngine, *, demo: bool) -> None:
    with step("migrations"):
        await migrate(engine)
    if importlib.util.find_spec("careweb.flows.places"):
        with step("places"):
            await importlib.import_module("careweb.flows.places").load_places(engine)
    if demo and importlib.util.find_spec("careweb.flows.demo"):
        with step("the demonstration's people"):
            await importlib.import_module("careweb.flows.demo").fill(engine)


async def _run(*, demo: bool) -> None:
    engine = open_engine(settings().database_url)
    try:
        await prepare(engine, demo=demo)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(_run(demo="--demo" in sys.argv))
