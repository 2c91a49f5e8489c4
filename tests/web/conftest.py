import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from starlette.testclient import TestClient

from careweb.storage.database import open_engine
from careweb.web.app import create_app
from tests import servers
from tests.cast import gather
from tests.web.site import Person, Site, site_settings


@pytest_asyncio.fixture(scope="module")
async def site(postgres: str, template: str) -> AsyncIterator[Site]:
    """One site for all tests of a file: each makes needs of its own."""
    url = await servers.clone(postgres, template)
    engine = open_engine(url)
    cast = await gather(engine)
    await engine.dispose()
    app = create_app(site_settings(url))
    client = TestClient(app)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "careweb.web.away._EVERY_SECONDS", 3600.0
        )  # tests count the statements that their own requests make
        await asyncio.to_thread(client.__enter__)
        site = Site(app, client.portal, cast, url)
        yield site
        site.call(site.operator.dispose)
        await asyncio.to_thread(client.__exit__, None, None, None)
    await servers.drop(postgres, url)


@pytest.fixture
def anyone(site: Site) -> Person:
    return site.person()
