"""A mail scanner that is a whole browser: it follows redirects, runs what the pages bring, and changes nothing."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from careweb.domain.contacts import read_email
from careweb.flows.signin import request_sign_in
from careweb.storage.database import Engine, driver, open_engine, transaction
from tests.browser.conftest import Running
from tests.web.test_scanners import EVERYTHING, FETCHES
from tests.world import VAULT, World

Prepared = tuple[str, dict[str, str], dict[str, tuple[str, str]]]


@pytest_asyncio.fixture
async def engine(prepared: Prepared) -> AsyncIterator[Engine]:
    engine = open_engine(prepared[0])
    yield engine
    async with transaction(engine) as tx:
        await World(tx=tx).rows("UPDATE member SET confirmed = true WHERE NOT confirmed")
    await engine.dispose()


async def _links(engine: Engine, pages: Mapping[str, tuple[str, str]]) -> Mapping[str, str]:
    async with transaction(engine) as tx:
        world = World(tx=tx, now=datetime.now(UTC))
        await world.rows("DELETE FROM sign_in")
        sign_in = await request_sign_in(world.ctx, read_email("helper@example.org"), locale="en", browser="theirs")
        helper = await world.one("SELECT id FROM member WHERE confirmed AND NOT mail_stopped LIMIT 1")
        asker = await world.one("SELECT id FROM need WHERE state = 'open' LIMIT 1")
        imported = await world.one("SELECT id FROM member WHERE mail_stopped LIMIT 1")
        await world.rows("UPDATE member SET confirmed = false WHERE id = $1", imported)
        assert sign_in
    return {
        "ask": pages["answer"][0],
        "need": pages["link"][0],
        "sign in": f"/s/{VAULT.sign('sign_in', sign_in)}",
        "imported helper": f"/c/{VAULT.sign('confirm', imported)}",
        "stop": f"/stop/{VAULT.sign('stop', helper)}",
        "stop of an asker": f"/stop/{VAULT.sign('stop need', asker)}",
    }


async def _everything(engine: Engine) -> Mapping[str, str]:
    async with transaction(engine) as tx:
        return {row[0]: row[1] for row in await (await driver(tx)).fetch(EVERYTHING)}


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_browser_that_opens_every_link_changes_nothing(
    chromium: Browser, running: Running, engine: Engine, javascript: bool
) -> None:
    links = await _links(engine, running.pages)
    before = await _everything(engine)
    for _ in range(max(1, FETCHES // 10)):
        for path in links.values():
            context = await chromium.new_context(java_script_enabled=javascript)
            page = await context.new_page()
            answer = await page.goto(running.url + path, wait_until="networkidle")
            assert answer
            assert answer.status == 200
            await page.keyboard.press("Tab")
            await context.close()
    assert await _everything(engine) == before
