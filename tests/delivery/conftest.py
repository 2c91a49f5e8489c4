from collections.abc import AsyncIterator

import pytest_asyncio

from careweb.storage.database import Engine
from tests.servers import MailSink
from tests.workers.shop import quick_settings, workshop_of
from workers.workshop import Workshop


@pytest_asyncio.fixture
async def workshop(engine: Engine, smtp: MailSink) -> AsyncIterator[Workshop]:
    """Jobs done in this process, mail by real SMTP, no Redis."""
    workshop = workshop_of(engine, quick_settings("", "", smtp))
    yield workshop
    await workshop.mailer.close()
