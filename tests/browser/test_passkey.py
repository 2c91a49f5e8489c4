"""A passkey in a real browser, with an authenticator that its debugging protocol plays."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page

from careweb.domain.contacts import read_email
from careweb.domain.states import Role
from careweb.flows.groups import grant_role, group_by_slug
from careweb.flows.signin import open_session
from careweb.storage.database import open_engine, transaction
from careweb.web.app import create_app
from tests.web.site import site_settings
from tests.world import World

Prepared = tuple[str, dict[str, str], dict[str, tuple[str, str]]]


@pytest.fixture(scope="module")
def named(prepared: Prepared) -> Iterator[str]:
    """A site with a name: a passkey is bound to one, and an address of numbers is none."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://localhost:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(create_app(site_settings(prepared[0], base_url=url)), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield url
    server.should_exit = True
    thread.join(10)


@pytest_asyncio.fixture
async def sessions(prepared: Prepared) -> list[str]:
    """The same coordinator, signed in by mail twice."""
    engine = open_engine(prepared[0])
    async with transaction(engine) as tx:
        ctx = World(tx=tx, now=datetime.now(UTC)).ctx
        west = (await group_by_slug(ctx, "west")).id
        member = await grant_role(ctx, west, read_email("key@example.org"), Role.COORDINATOR, name="Kay")
        made = [await open_session(ctx, member_id=member) for _ in range(2)]
    await engine.dispose()
    return made


async def _come_in(page: Page, url: str, session: str) -> None:
    await page.context.add_cookies([{"name": "careweb-session", "value": session, "url": url}])


async def test_a_passkey_is_made_and_then_shown_at_the_next_sign_in(
    chromium: Browser, named: str, sessions: list[str]
) -> None:
    context = await chromium.new_context(locale="en-CA")
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)

    await _come_in(page, named, sessions[0])
    await page.goto(f"{named}/second-step/own")
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("heading", name="Codes on paper").wait_for()

    await _come_in(page, named, sessions[1])
    await page.goto(f"{named}/staff/west/people")
    await page.get_by_role("button", name="Use my passkey").click()
    await page.get_by_role("button", name="Go on").click()
    await page.wait_for_url(f"{named}/staff/west/people")
    assert refused == []
    await context.close()
