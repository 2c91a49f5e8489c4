from collections.abc import AsyncIterator

import pytest_asyncio

from tests.servers import MailSink
from tests.workers.shop import quick_settings, workshop_of
from workers.workshop import Workshop


@pytest_asyncio.fixture
async def workshop(database: str, smtp: MailSink) -> AsyncIterator[Workshop]:
    """Jobs done in this process, mail by real SMTP, no Redis."""
    async with workshop_of(quick_settings(database, "", smtp)) as workshop:
        yield workshop
