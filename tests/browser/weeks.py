"""What people do about a need that comes every week, how they are told, what is held of them; and a helper who cannot."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from playwright.async_api import expect

from careweb.domain.ids import NeedId
from careweb.flows.repeating import repeat_need
from careweb.wording import CATEGORIES, CHANNEL_STATES, CHANNELS, ERRORS, OPENED
from tests.browser.steps import keep_the_area
from tests.browser.telling import Person
from tests.world import World

WEEKLY = "We ask again every week, until %(day)s. Whoever helped the last time is asked first."


async def read_how_it_works(anyone: Person) -> None:
    for heading in ("If you need help", "If you can help", "If you lost your code"):
        await anyone.reads(heading)


async def ask_every_week(asker: Person, address: str, until: date) -> None:
    page, first = asker.page, datetime.now(UTC).date() + timedelta(days=3)
    await page.locator("[name=category][value=groceries]").check()
    await page.locator("#text").fill(asker.tongue.words)
    await page.locator("#place").fill("M1S")
    await page.locator("#language").select_option(asker.tongue.spoken)
    await page.locator("[name=urgency][value=medium]").check()
    await page.locator("#by").fill(str(first))
    await page.locator("#repeats_until").fill(str(first + timedelta(days=2)))
    await page.locator("#name").fill(asker.tongue.names[0])
    await page.locator("[name=contact_kind][value=email]").check()
    await page.locator("#contact").fill(address)
    await page.locator("#consent").check()
    await asker.presses("Look for someone")
    await keep_the_area(asker)
    await asker.is_told({"repeats_until": ERRORS["repeats_short"]})
    await asker.has_kept(repeats_until=str(first + timedelta(days=2)), text=asker.tongue.words)
    await page.locator("#repeats_until").fill(str(until))
    await asker.presses("Look for someone")
    await asker.follows("See what is happening")
    await asker.reads(WEEKLY, day=asker.tongue.day(until))


async def choose_how_to_be_told(asker: Person, topic: str) -> None:
    """Another way beside the mail, proven by the code that came there, then before it."""
    page, tongue = asker.page, asker.tongue
    await asker.follows("Choose how we can reach you.")
    await asker.reads(
        "Does somebody else look at your phone or your mail? Then switch on only what is safe for you, and stop the rest."
    )
    await page.locator("#kind").select_option("ntfy")
    await page.locator("#address").fill(f"{topic}/x")
    await asker.presses("Send me a code")
    await asker.is_told({"address": ERRORS["address_ntfy"]})
    await asker.has_kept(address=f"{topic}/x")
    await page.locator("#address").fill(topic)
    await asker.presses("Send me a code")
    await asker.reads(CHANNEL_STATES["unproven"])
    (code,) = re.findall(r"\d{6}", await asker.house.text(topic))
    await page.locator("input[name=code]").fill(code)
    await asker.presses("It is mine")
    ways = asker.main.locator("ol h2")
    await expect(ways.nth(1)).to_contain_text(CHANNELS["ntfy"])
    await expect(ways.nth(1)).to_contain_text(tongue.says(CHANNEL_STATES["on"]))
    await asker.presses("Use this first")
    await expect(ways.first).to_contain_text(CHANNELS["ntfy"])
    await asker.presses("Say what it is about")
    await expect(asker.main.get_by_role("button", name=tongue.says("Say only that there is a message"))).to_be_visible()
    await asker.follows("Go back")


async def see_what_is_held(asker: Person, why: str) -> None:
    """`why`: somebody of the group saw how to reach them."""
    await asker.follows("What we hold about this, who opened it, and when it goes")
    await asker.reads("What we hold about this need")
    for words in (*asker.tongue.names[:1], asker.tongue.words, asker.tongue.says(CATEGORIES["groceries"])):
        await asker.sees(words)
    await asker.reads("Who opened your details")
    await asker.reads(OPENED["opened_contact"])
    await asker.sees(why)
    await asker.reads("When it goes")
    await asker.reads("What is not locked stays as a count, without you.")
    await asker.follows("Go back")


async def a_week_later(world: World, need: NeedId) -> None:
    """Its day has come, and the worker with it."""
    await world.rows("UPDATE need SET needed_by = $2 WHERE id = $1", need, world.now - timedelta(minutes=1))
    await repeat_need(world.ctx, need)


async def see_the_next_and_no_other(asker: Person, until: date) -> None:
    await asker.opens(urlsplit(asker.page.url).path)
    await asker.reads("This comes again every week.")
    await asker.follows("See the next one")
    await asker.reads(WEEKLY, day=asker.tongue.day(until))
    await asker.sees(CHANNELS["ntfy"])
    await asker.presses("Only this once")
    await expect(asker.main).not_to_contain_text(asker.tongue.says("Only this once"))


async def say_that_one_cannot(helper: Person, task: str) -> None:
    await helper.opens(task)
    await helper.follows("I cannot after all")
    await helper.reads("It happens. The person is told, and others are asked at once. Thank you for saying so in time.")
    await helper.presses("I cannot: ask someone else")
    await helper.reads("Hello, %(name)s", name=helper.tongue.names[1])
    await helper.opens(task)
    await helper.reads("This did not happen. That is all right.")
