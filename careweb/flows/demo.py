"""A demonstration circle: two groups of invented people. It never shares a database with real ones."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from careweb.config import settings
from careweb.domain.contacts import by_code, read_email
from careweb.domain.hours import ANY_TIME, DAYTIME, until
from careweb.domain.ids import GroupId, MemberId
from careweb.domain.needs import NewNeed, urgency_of
from careweb.domain.offers import NewOffer
from careweb.domain.states import Reach, Role
from careweb.flows.context import Context
from careweb.flows.groups import admit, grant_role, open_group, want_second_step
from careweb.flows.needs import post_need
from careweb.flows.offers import make_offer
from careweb.flows.signin import add_member
from careweb.storage.database import Engine, run, transaction
from careweb.storage.sealing import open_vault

ASKER = "asker@demo.careweb.example"
HELPER = "helper@demo.careweb.example"
COORDINATOR = "coordinator@demo.careweb.example"
FIRST_GROUP = "scarborough"


@dataclass(frozen=True, kw_only=True)
class _Circle:
    slug: str
    name: str
    area_code: str
    phone_line: str
    languages: tuple[str, ...]
    coordinator: str
    time_zone: str
    helpers: tuple[tuple[str, str, str, str, float], ...]  # name, zone, languages, categories, km
    waiting: tuple[str, str, str, str, float]  # wants to help, not admitted yet
    needs: tuple[tuple[str, str, str, int, str], ...]  # category, zone, languages, hours until needed, text


_CIRCLES = (
    _Circle(
        slug=FIRST_GROUP, name="Scarborough Care Web", area_code="M1S", phone_line="416-555-0142",
        languages=("yue", "cmn", "ta", "fil", "ti", "en"), coordinator=COORDINATOR, time_zone="America/Toronto",
        helpers=(
            ("Mei", "M1S", "yue en", "groceries ride company translation appointment", 10),
            ("Anand", "M1K", "ta en", "groceries ride forms medicine", 15),
            ("Grace", "M1B", "fil en", "meals company call childcare", 10),
            ("Wing", "M1V", "yue cmn", "groceries medicine call translation", 5),
            ("Sarah", "M4C", "en fr", "ride forms technology household", 25),
            ("Jian", "M1W", "cmn en", "ride appointment technology forms", 15),
            ("Priya", "M1E", "ta en", "company groceries meals", 10),
            ("Lily", "M1T", "cmn yue en", "translation forms call", 5),
        ),
        waiting=("Selam", "M1J", "ti am en", "translation company ride", 15),
        # Mostly what nobody there can give: the board has something to show, and the volunteers are free for whoever tries.
        needs=(
            ("ride", "M1J", "ti", 30, "Hospital visit on the east side, I walk slowly."),
            ("forms", "M1E", "ta en", 120, "A letter about benefits that I do not understand."),
            ("company", "M1G", "ti am", 400, "Someone to sit and drink tea with my mother."),
            ("childcare", "M1K", "bn", 90, "Two hours while I see the dentist."),
        ),
    ),
    _Circle(
        slug="burnaby", name="Burnaby Neighbours", area_code="V5H", phone_line="604-555-0177",
        languages=("yue", "ko", "fa", "pa", "en"), coordinator="west.coordinator@demo.careweb.example",
        time_zone="America/Vancouver",
        helpers=(
            ("Minji", "V5E", "ko en", "groceries ride translation", 15),
            ("Reza", "V5B", "fa en", "ride forms appointment", 25),
            ("Harpreet", "V3W", "pa en", "ride groceries household medicine", 25),
            ("Ka-Yan", "V6X", "yue en", "company call meals groceries", 15),
        ),
        waiting=("Dawa", "V5C", "bo en", "company translation", 20),
        needs=(
            ("translation", "V5H", "bo", 60, "A call with the school."),
            ("groceries", "V5E", "ko", 44, "I cannot lift after an operation."),
        ),
    ),
)  # fmt: skip


async def fill(engine: Engine) -> None:
    """Once: if the first group is there, nothing changes."""
    chosen = settings()
    async with transaction(engine) as tx:
        if await run(tx, "group_by_slug", slug=FIRST_GROUP):
            return
        ctx = Context(tx=tx, vault=open_vault(chosen), settings=chosen, now=datetime.now(UTC))
        for circle in _CIRCLES:
            await _fill(ctx, circle)


async def _fill(ctx: Context, circle: _Circle) -> None:
    group_id = await open_group(
        ctx, circle.slug, circle.name, area_code=circle.area_code, phone_line=circle.phone_line,
        languages=circle.languages, demo=True,
    )  # fmt: skip
    await want_second_step(ctx, group_id, "off")  # whoever looks around has no app for codes at hand
    staff_id = await grant_role(ctx, group_id, read_email(circle.coordinator), Role.COORDINATOR, name="Jo")
    for number, helper in enumerate(circle.helpers):
        first = circle.slug == FIRST_GROUP and number == 0
        address = HELPER if first else f"{helper[0].lower()}@demo.careweb.example"
        member_id = await _helper(ctx, circle, group_id, address, helper)
        await admit(ctx, group_id, member_id, by=staff_id, note="We have known each other for years.", vetting=1)
    await _helper(ctx, circle, group_id, f"{circle.waiting[0].lower()}@demo.careweb.example", circle.waiting)
    for category, zone, languages, hours, text in circle.needs:
        await post_need(ctx, group_id, _need(ctx, circle, category, zone, languages, hours, text), form_id=_form_id())


async def _helper(
    ctx: Context, circle: _Circle, group_id: GroupId, address: str, helper: tuple[str, str, str, str, float]
) -> MemberId:
    name, zone, languages, categories, km = helper
    member_id = await add_member(
        ctx, read_email(address), locale="en", time_zone=circle.time_zone, confirmed=True, name=name, per_week=4
    )
    # Nobody here sleeps: whoever tries the demonstration at night wants to see a message too.
    await run(
        ctx.tx, "set_member_pace", id=member_id, per_week=4, weekly_asks=None, quiet_from=0, quiet_until=0,
        urgent_any_hour=True,
    )  # fmt: skip
    new = NewOffer(
        categories=tuple(categories.split()), languages=tuple(languages.split()), zone_code=zone, radius_km=km,
        reach=Reach.GROUP, hours=DAYTIME,
    )  # fmt: skip
    await make_offer(ctx, group_id, member_id, new)
    return member_id


def _need(ctx: Context, circle: _Circle, category: str, zone: str, languages: str, hours: int, text: str) -> NewNeed:
    needed_by = ctx.now + timedelta(hours=hours)
    wanted = until(ctx.now, needed_by, circle.time_zone)
    return NewNeed(
        category=category, zone_code=zone, languages=tuple(languages.split()), urgency=urgency_of(ctx.now, needed_by),
        needed_by=needed_by, hours=wanted & DAYTIME or ANY_TIME, helpers=1, reach=Reach.GROUP, name="A neighbour",
        contact=by_code(), text=text, show_text=True, see_first=False, locale="en",
    )  # fmt: skip


def _form_id() -> str:
    return secrets.token_urlsafe(16)
