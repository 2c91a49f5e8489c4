"""Web push in a real browser: its debugging protocol plays the push service, which the browser itself would ask for."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from careweb.flows.signin import open_session, visitor_of
from careweb.storage.database import open_engine, transaction
from tests.browser.conftest import Running
from tests.browser.looks import LOCALES, LookingOver, looking
from tests.world import World

PUSHED = {"title": "You have a message", "body": "", "url": "/me/channels?pushed=yes", "tag": "one", "lang": "en"}


async def channels(chromium: Browser, earnest: Running) -> Page:
    """The policy of the page holds here."""
    context = await chromium.new_context(locale="en-CA")
    await context.grant_permissions(["notifications"], origin=earnest.url)
    await context.add_cookies([{"name": "careweb-session", "value": earnest.sessions["helper"], "url": earnest.url}])
    page = await context.new_page()
    await page.goto(earnest.url + "/me/channels")
    return page


async def test_a_push_is_shown_by_the_worker_once_and_as_it_came(chromium: Browser, earnest: Running) -> None:
    page = await channels(chromium, earnest)
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    devtools = await page.context.new_cdp_session(page)
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def registered(event: dict[str, Any]) -> None:
        for one in event["registrations"]:
            if not found.done():
                found.set_result(one["registrationId"])

    devtools.on("ServiceWorker.workerRegistrationUpdated", registered)
    await devtools.send("ServiceWorker.enable")
    await page.evaluate("navigator.serviceWorker.register('/static/push-worker.js')")
    push = {"origin": earnest.url, "registrationId": await asyncio.wait_for(found, 10), "data": json.dumps(PUSHED)}
    await page.wait_for_function(
        "async () => (await navigator.serviceWorker.getRegistration('/static/')).active?.state === 'activated'"
    )
    for _ in range(2):  # the push service may bring it twice
        await devtools.send("ServiceWorker.deliverPushMessage", push)
    shown = """async () => (await (await navigator.serviceWorker.getRegistration('/static/')).getNotifications())
        .map(one => [one.title, one.body, one.tag, one.data.url])"""
    once = json.dumps([["You have a message", "", "one", "/me/channels?pushed=yes"]], separators=(",", ":"))
    # the second takes the place of the first: for a moment there is none
    await page.wait_for_function(f"async (once) => JSON.stringify(await ({shown})()) === once", arg=once)
    assert refused == []
    await page.context.close()


@pytest.mark.parametrize("locale", LOCALES)
async def test_axe_finds_nothing_on_the_page_with_all_channels(
    chromium: Browser, earnest: Running, locale: str
) -> None:
    over = LookingOver(locale)
    for who, of in (("helper", "me"), ("asker", "unmet")):
        async with looking(chromium, earnest, who, locale=locale) as page:
            await page.goto(f"{earnest.url}{earnest.pages[of][0]}/channels")
            await over.look(page, f"all channels: {of}")
            await page.locator("form[action$='/channels'] button").last.click()
            await page.locator("[role=alert] a").first.wait_for()
            await over.look(page, f"all channels: {of}, refused")
    over.done()


async def test_the_form_is_there_where_a_browser_can_and_a_word_where_it_cannot(
    chromium: Browser, earnest: Running
) -> None:
    page = await channels(chromium, earnest)
    assert await page.get_by_role("button", name="Tell me in this browser").is_visible()
    assert not await page.locator("#unable").is_visible()
    await page.context.close()
    async with looking(chromium, earnest, "helper", scripts=False) as without:
        await without.goto(earnest.url + "/me/channels")
        assert not await without.get_by_role("button", name="Tell me in this browser").is_visible()
        assert await without.locator("#unable").is_visible()
        assert await without.get_by_role("button", name="Send me a code").is_visible()


async def test_a_browser_that_says_no_is_told_so_and_nothing_is_sent(chromium: Browser, earnest: Running) -> None:
    page = await channels(chromium, earnest)
    await page.evaluate("() => { PushManager.prototype.subscribe = () => Promise.reject(new Error('no')); }")
    await page.get_by_role("button", name="Tell me in this browser").click()
    await page.locator("#refused").wait_for(state="visible")
    assert page.url.endswith("/me/channels")
    await page.context.close()


async def subscribing(page: Page, endpoint: str) -> None:
    """What the browser would answer is played: a real subscription asks a push service outside."""
    await page.evaluate(
        """async (endpoint) => {
            const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
            const text = (raw) => btoa(String.fromCharCode(...new Uint8Array(raw))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
            const key = text(await crypto.subtle.exportKey('raw', pair.publicKey)), auth = text(new Uint8Array(16));
            PushManager.prototype.subscribe = async (options) => {
                if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new Error('no');
                return { endpoint, keys: { p256dh: key, auth } };
            };
        }""",
        endpoint,
    )


async def test_the_subscription_of_a_browser_is_kept(chromium: Browser, earnest: Running) -> None:
    page = await channels(chromium, earnest)
    await subscribing(page, "https://updates.push.services.mozilla.com/x")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Tell me in this browser").click()
    assert await page.locator("ol h2", has_text="this browser").count() == 1
    await page.context.close()


async def another_session(database: str, of: str) -> str:
    """Of the same person: the one that other tests use is not ended."""
    engine = open_engine(database)
    async with transaction(engine) as tx:
        ctx = World(tx=tx, now=datetime.now(UTC)).ctx
        secret = await open_session(ctx, member_id=(await visitor_of(ctx, of)).member_id)
    await engine.dispose()
    return secret


async def test_signing_out_ends_what_this_browser_shows(
    chromium: Browser, earnest: Running, prepared: tuple[str, dict[str, str], Any]
) -> None:
    """The browser drops the worker that shows messages, and its subscription with it; the channel goes too."""
    database, sessions, _ = prepared
    page = await channels(chromium, earnest)

    async def signed_in() -> int:
        """And how many browsers are listed."""
        secret = await another_session(database, sessions["helper"])
        await page.context.add_cookies([{"name": "careweb-session", "value": secret, "url": earnest.url}])
        await page.goto(earnest.url + "/me/channels")
        return await page.locator("ol h2", has_text="this browser").count()

    before = await signed_in()
    await subscribing(page, "https://updates.push.services.mozilla.com/signs-out")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Tell me in this browser").click()
    assert await page.locator("ol h2", has_text="this browser").count() == before + 1
    shows = "async () => Boolean(await navigator.serviceWorker.getRegistration('/static/'))"
    assert await page.evaluate(shows)
    await page.goto(earnest.url + "/me")
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await page.wait_for_url(earnest.url + "/")
    assert not await page.evaluate(shows)
    assert await signed_in() == before
    await page.context.close()
