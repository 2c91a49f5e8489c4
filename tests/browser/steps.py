"""What people do on the pages, one step after the other, and what they read there."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import expect

from careweb.domain.contacts import read_email
from careweb.domain.ids import GroupId, MemberId, NeedId
from careweb.flows.groups import admit
from careweb.storage.database import run
from careweb.wording import BANDS, CATEGORIES, ERRORS, MEMBERSHIP_STATES, OFFERED
from tests.browser.telling import Person, Tongue, code_in, link_in
from tests.world import World

HELPED = ("You helped once.", "You helped %(times)s times.")
# of messages, a sentence that stands in no other
ASK = "Someone would like help, and you may be the right person."
CONNECTED = "Someone has said yes. How to reach each other is on your page, and you can write to each other there."
CANNOT = (
    "The person who said yes cannot come after all. We are sorry, and we are already looking for someone else. "
    "Your page shows what is happening."
)
POSTED = "Keep it to yourself. Whoever has it can see what you see."
SIGN_IN = "Someone, probably you, asked to open your page. This link opens it:"
THANKS = "The person you were connected with left you a line of thanks. It is on this page:"
WELCOME = (
    "Welcome! From now on we may ask you for help now and then, never more often than you said. "
    "You can change that, or rest, on your page:"
)


async def choose_the_language(asker: Person) -> None:
    """A browser that asks for another one gets English, and every language is one tap further."""
    await asker.page.goto(asker.house.url)
    assert await asker.page.locator("html").get_attribute("lang") == "en"
    if asker.tongue.tag != "en":
        await asker.page.locator("header summary").click()
        await asker.goes_by(asker.page.get_by_role("button", name=asker.tongue.interface.name, exact=True))
    await asker.reads("Someone nearby can help. Ask in your own language.")


async def ask(asker: Person, address: str) -> None:
    page, tongue = asker.page, asker.tongue
    await page.locator("#text").fill(tongue.words)
    await page.locator("#place").fill("M1S 2B3")
    await page.locator("#name").fill(tongue.names[0])
    await asker.presses("Look for someone")
    assert "2B3" not in await page.content()
    missing = ("category", "language", "urgency", "contact_kind", "consent")
    await asker.is_told({name: ERRORS[name] for name in missing})
    await asker.has_kept(text=tongue.words, name=tongue.names[0])
    await page.locator("[name=category][value=ride]").check()
    await page.locator("#language").select_option(tongue.spoken)
    await page.locator("[name=urgency][value=urgent]").check()
    await page.locator("[name=contact_kind][value=email]").check()
    await page.locator("#contact").fill(address)
    await page.locator("#consent").check()
    await asker.presses("Look for someone")
    await keep_the_area(asker)
    await asker.reads("Write down this code")
    assert "2B3" not in await page.content()


async def keep_the_area(asker: Person) -> None:
    if asker.tongue.few:
        await asker.reads(
            "Few people here speak this language, so someone might recognise you. You can name a wider place instead."
        )
        await asker.page.locator("[name=wider][value=same]").check()
        await asker.presses("Go on")


async def find_by_code(asker: Person, code: str) -> None:
    await asker.follows("Find my need again")
    mistyped = (
        f"{code[:-1]}{(int(code[-1]) + 1) % 10}"  # their own: the same wrong code from everybody takes ever longer
    )
    await asker.page.locator("#code").fill(mistyped)
    await asker.presses("Open my need")
    await asker.is_told({"code": ERRORS["code"]})
    await asker.has_kept(code=mistyped)
    await asker.page.locator("#code").fill(code)
    await asker.presses("Open my need")
    await asker.reads("What you asked for")


async def sign_in(person: Person, address: str, *, button: str) -> None:
    """By the code of the mail where scripts are on, by its link where they are off."""
    await person.page.locator("#contact").fill(address)
    await person.presses(button)
    await person.reads("Look into your mail")
    text = await person.house.mail(address, person.tongue, SIGN_IN)
    if person.scripts:
        await person.page.locator("#code").fill("12 34")
        await person.presses("Sign in")
        await person.is_told({"code": ERRORS["code"]})
        await person.has_kept(code="12 34")
        await person.page.locator("#code").fill(code_in(text, 6))
        await person.presses("Sign in")
    else:
        await person.opens(link_in(text))
        await person.reads("One more tap and you are in.")
        await person.presses("Sign me in")


async def offer(helper: Person, slug: str) -> None:
    page, tongue = helper.page, helper.tongue
    if urlsplit(page.url).path != f"/g/{slug}/offer":  # the link of a mail leads to their page
        link = page.locator(f"main a[href='/g/{slug}/offer']")
        await expect(link).to_have_text(tongue.says("Offer something in %(name)s", name=tongue.group))
        await helper.goes_by(link)
    await page.locator("#name").fill(tongue.names[1])
    await helper.presses("Offer this")
    await helper.is_told({name: ERRORS[name] for name in ("categories", "place", "language")})
    await helper.has_kept(name=tongue.names[1])
    await page.locator("[name=categories][value=groceries]").check()
    await page.locator("#language").select_option(tongue.spoken)
    await page.locator("#place").fill("M1S")
    await helper.presses("Offer this")
    await helper.reads("Hello, %(name)s", name=tongue.names[1])
    await helper.reads(MEMBERSHIP_STATES["awaiting"])
    await page.locator("#per_week").select_option("3")
    await page.locator("#quiet_from").select_option("0")
    await page.locator("#quiet_until").select_option("0")  # asked at any hour: this may run at night
    await helper.presses("Save the pace")


async def let_in(world: World, group: GroupId, address: str) -> MemberId:
    index = world.ctx.vault.contact_index(read_email(address))
    member = MemberId((await run(world.ctx.tx, "member_by_contact", contact_index=index))["id"])
    await admit(world.ctx, group, member, by=None, note="known", vetting=0)
    return member


async def need_of(world: World, group: GroupId, tongue: Tongue, address: str, **changes: Any) -> NeedId:
    stated: dict[str, Any] = {
        "contact": read_email(address),
        "languages": (tongue.spoken,),
        "locale": tongue.tag,
        "name": tongue.names[0],
    }
    return await world.need(group, **{**stated, "text": tongue.words, "show_text": True, **changes})


async def answer(helper: Person, to_helper: str, to_asker: str) -> None:
    tongue = helper.tongue
    text = await helper.house.mail(to_helper, tongue, ASK)
    assert tongue.says("What: %(what)s", what=tongue.says(CATEGORIES["groceries"])) in text
    assert tongue.words not in text
    assert len(code_in(text, 4)) == 4
    await helper.opens(link_in(text))
    await helper.reads("Can you help?")
    await helper.reads(BANDS["same"])
    await helper.sees(tongue.words)
    await expect(helper.main.get_by_text(tongue.says(OFFERED["groceries"]))).to_be_hidden()
    await helper.page.get_by_text(tongue.says("Why am I asked?")).click()
    await expect(helper.main.get_by_text(tongue.says(OFFERED["groceries"]))).to_be_visible()
    await helper.presses("Yes, I can")
    await helper.reads("You are connected. Talk to each other about when and where.")
    await helper.sees(to_asker)
    await helper.sees(tongue.names[0])


async def open_from_the_mail(asker: Person, address: str, message: str) -> None:
    await asker.opens(link_in(await asker.house.mail(address, asker.tongue, message)))
    await asker.presses("Open my need")
    await asker.is_told({"sure": ERRORS["sure"]})
    await asker.page.locator("#sure").check()
    await asker.presses("Open my need")


async def see_who_helps(asker: Person, to_asker: str, to_helper: str) -> None:
    await open_from_the_mail(asker, to_asker, CONNECTED)
    await asker.reads("You are connected. Talk to each other about when and where.")
    await asker.sees(to_helper)
    await asker.sees(asker.tongue.names[1])


async def thank(asker: Person) -> None:
    await asker.opens(urlsplit(asker.page.url).path)
    await asker.reads("This is done. Thank you for telling us.")
    await asker.page.locator("#thanks").fill(asker.tongue.words)
    await asker.presses("Send the thanks")
    await asker.reads("Your thanks:")


async def see_the_week_and_rest(helper: Person) -> None:
    tongue, until = helper.tongue, helper.page.locator("#until")
    await helper.follows("My page")
    await helper.reads("%(done)s of %(most)s tasks this week.", done=1, most=3)
    await helper.sees(tongue.counts(*HELPED, 1))
    await helper.sees(tongue.words)
    today = datetime.now(UTC).date()
    await until.fill(str(today - timedelta(days=9)))
    await helper.presses("Rest")
    await helper.is_told({"until": ERRORS["until"]})
    await helper.has_kept(until=str(today - timedelta(days=9)))
    await until.fill(str(today + timedelta(days=9)))
    await helper.presses("Rest")
    await helper.reads("You are resting until")
    await helper.presses("I am back")
    await expect(helper.main).not_to_contain_text(tongue.says("You are resting until"))
