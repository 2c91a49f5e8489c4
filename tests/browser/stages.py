"""Needs at every stage, and the pages that show them."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from careweb.domain.contacts import read_email, read_phone
from careweb.domain.ids import MemberId
from careweb.domain.reviews import Action, Cause
from careweb.domain.states import Role
from careweb.flows.asks import accept
from careweb.flows.auditing import note
from careweb.flows.context import Context
from careweb.flows.groups import grant_role
from careweb.flows.matches import add_note, helped, thank
from careweb.flows.messages import STOP_MEMBER
from careweb.flows.needs import withdraw_need
from careweb.flows.openings import ask_to_open
from careweb.flows.reports import Said, appeal, report_helper
from careweb.flows.reviewing import decide_review
from careweb.flows.second_step import Kind, add_one, begin_app, begun_app, confirm_app
from careweb.flows.shortages import write_recruiting
from careweb.flows.signin import Post, open_session
from careweb.storage.factors import app_code
from tests.cast import Cast
from tests.flows.pool import solved
from tests.web.two_groups import channel_of
from tests.world import BURNABY, NORTH_YORK, OTTAWA, SCARBOROUGH, World

MAIL = "00001763860000000000-000001.eml"  # as the demonstration names what it caught

Ids = dict[str, Any]
Sessions = dict[str, str]  # whose -> its secret
Pages = dict[str, tuple[str, str]]  # name -> path, whose session


async def staged(world: World, cast: Cast) -> tuple[Sessions, Pages]:
    ids = await _under_way(world, cast) | await _unmet(world, cast) | await _ended(world, cast)
    await channel_of(world, cast.helper)
    ids |= await _looked_at(world, cast, ids["caller"])
    ids |= await _after(world, cast)
    sessions = await _sessions(world.ctx, cast, ids)
    of_members = _of_askers(world.ctx, ids) | _of_helpers(world.ctx, cast, ids)
    return sessions, _of_anyone() | of_members | _of_staff(ids)


async def _under_way(world: World, cast: Cast) -> Ids:
    """Someone said yes to one, to another only so that the asker looks first; a third is being asked about; a fourth is late."""
    ctx: Context = world.ctx
    contact = read_email("someone-with-quite-a-long-name.and-another@neighbourhood-association.example.org")
    taken = await world.need(cast.group, contact=contact, text="Rice and greens", show_text=True)
    await world.match(taken)
    ask = await world.ask_of(taken, cast.helper)
    choosing = await world.need(cast.group, see_first=True)
    await accept(ctx, ask, cast.helper)
    await world.match(choosing)
    await accept(ctx, await world.ask_of(choosing, cast.helper), cast.helper)
    searching = await world.need(cast.group, due_in=100)
    await world.match(searching)
    open_ask = await world.ask_of(searching, cast.helper)
    await world.rows("UPDATE ask SET state = 'sent', sent_at = $2 WHERE id = $1", open_ask, world.now)
    late = await world.need(cast.group, helpers=2)
    await world.match(late)
    await accept(ctx, await world.ask_of(late, cast.helper), cast.helper)
    await world.rows(
        "UPDATE need SET needed_by = $2, expires_at = $3 WHERE id = $1",
        late, world.now - timedelta(days=2), world.now - timedelta(days=1),
    )  # fmt: skip
    return {
        "taken": taken, "choosing": choosing, "searching": searching, "late": late, "open ask": open_ask,
        "task": await world.one("SELECT id FROM match WHERE need_id = $1", taken),
        "offer": await world.one("SELECT id FROM offer WHERE member_id = $1", cast.helper),
    }  # fmt: skip


async def _unmet(world: World, cast: Cast) -> Ids:
    """For whom nobody is left, and the list of whom to look for; who waits for a call, and to be admitted."""
    unmet = await world.need(cast.group, languages=("ti",), text="Tea with my mother")
    await world.match(unmet)
    caller = await world.need(cast.group, contact=read_phone("416 555 0123"))
    await world.rows("UPDATE need SET confirmed = false, call_back = true WHERE id = $1", caller)
    await world.helper(cast.group, name="Dolma", admitted=False, languages=("bo",))
    imported = await world.helper(cast.group, name="Tenzin", languages=("bo",))
    await world.rows("UPDATE offer SET state = 'paused' WHERE member_id = $1", imported)
    await world.rows("UPDATE member SET mail_stopped = true WHERE id = $1", imported)
    lacking = [await world.need(cast.group, languages=tongues, category=category, zone_code=zone) for tongues, category, zone in (
        (("ti",), "ride", SCARBOROUGH), (("ti", "am"), "ride", SCARBOROUGH), (("bo",), "call", BURNABY),
        (("ta",), "translation", OTTAWA), (("fr", "en"), "appointment", OTTAWA), (("yue",), "groceries", NORTH_YORK),
    )]  # fmt: skip
    await write_recruiting(world.ctx, "all", await solved(world, [unmet, *lacking]))
    return {"unmet": unmet, "caller": caller, "imported": imported, "lacking": lacking[0]}


async def _ended(world: World, cast: Cast) -> Ids:
    withdrawn = await world.need(cast.group)
    await withdraw_need(world.ctx, withdrawn)
    return {"withdrawn": withdrawn}


async def _looked_at(world: World, cast: Cast, caller: Any) -> Ids:
    """A held need, a report, an appeal, a contact that was opened, and lines of the audit."""
    ctx: Context = world.ctx
    post = Post(group_id=cast.group, slug="east", name="East", role=Role.COORDINATOR, second_step=False)
    kim = await grant_role(ctx, cast.group, read_email("kim@example.org"), Role.COORDINATOR, name="Kim")
    held, needs = await world.need(cast.group, text="Held"), []
    await world.rows("UPDATE need SET state = 'held', held_reason = 'many' WHERE id = $1", held)
    for address in ("ada@example.org", "bo@example.org"):
        helper = await world.helper(cast.group, name="Lin", languages=("lo",))
        need = await world.need(cast.group, languages=("lo",), contact=read_email(address))
        await world.match(need)
        await accept(ctx, await world.ask_of(need, helper), helper)
        match = await world.one("SELECT id FROM match WHERE need_id = $1", need)
        await report_helper(ctx, need, match, Said(cause=Cause.UNSAFE, text="He followed me home"))
        needs.append((need, await world.one("SELECT id FROM review WHERE need_id = $1", need)))
        await world.rows("UPDATE offer SET state = 'ended' WHERE member_id = $1", helper)
    (first, review), (second, appealed) = needs
    await decide_review(ctx, cast.group, kim, appealed, Action.RELEASED, "Both say it was a misunderstanding")
    await appeal(ctx, appealed, "It was not", need_id=second)
    await note(ctx, cast.group, "coordinator", cast.coordinator, "opened_contact", "need", first, "She called")
    opening = await ask_to_open(ctx, post, cast.coordinator, "need", caller, "She asked to be called back")
    await ask_to_open(ctx, post, kim, "need", first, "The clinic called about her")
    return {"held": held, "reported": first, "review": review, "appealed": appealed, "opening": opening}


async def _after(world: World, cast: Cast) -> Ids:
    """A day that has passed with nothing said, and a task that was done, with thanks of both; one comes every week."""
    ids: Ids = {}
    helper = await world.helper(cast.group, name="Mai", languages=("hak",), per_week=50)
    for name, until in (("whether", None), ("thanked", (world.now + timedelta(days=30)).date())):
        ids[name] = await world.need(cast.group, languages=("hak",), repeats_until=until, text="Soup")
        await world.match(ids[name])
        await accept(world.ctx, await world.ask_of(ids[name], helper), helper)
        ids[f"{name} task"] = await world.one("SELECT id FROM match WHERE need_id = $1", ids[name])
    await add_note(world.ctx, ids["thanked task"], ids["thanked"], "asker", "The red door")
    await helped(world.ctx, ids["thanked task"], helper)
    for author in ("asker", "helper"):
        await thank(world.ctx, ids["thanked task"], ids["thanked"], author, "You saved my day")
    await world.rows("UPDATE need SET needed_by = $2 WHERE id = $1", ids["whether"], world.now - timedelta(hours=5))
    await world.rows("UPDATE offer SET state = 'ended' WHERE member_id = $1", helper)
    return ids | {"thanked helper": helper}


async def _passed(ctx: Context, member: MemberId) -> str:
    """A session in which the second step was shown: a group of so many staff wants one."""
    app, session = await begin_app(ctx, member), await open_session(ctx, member_id=member)
    secret = base64.b32decode((await begun_app(ctx, member, app)).secret)
    await confirm_app(ctx, member, app, app_code(secret, ctx.now), session=session)
    return session


async def keyed(ctx: Context, member: MemberId) -> str:
    """A session of someone who has a passkey and has not shown it."""
    held = json.dumps({"id": base64.b64encode(member.bytes).decode(), "public_key": ""})
    await add_one(ctx, member, Kind.PASSKEY, held, credential_index=member.bytes, confirmed_at=ctx.now)
    return await open_session(ctx, member_id=member)


async def _sessions(ctx: Context, cast: Cast, ids: Ids) -> Sessions:
    guarded, fresh, with_key = [
        await grant_role(ctx, cast.group, read_email(f"{name.lower()}@example.org"), Role.COORDINATOR, name=name)
        for name in ("Ana", "Mo", "Kay")
    ]
    ids["app"] = await begin_app(ctx, fresh)
    asked = ("held", "reported", "taken", "choosing", "unmet", "late", "withdrawn", "searching", "whether", "thanked")
    return {
        "thanked": await open_session(ctx, member_id=ids["thanked helper"]),
        "passed": await _passed(ctx, guarded),
        "guarded": await open_session(ctx, member_id=guarded),
        "fresh": await open_session(ctx, member_id=fresh),
        "keyed": await keyed(ctx, with_key),
        "asker": await open_session(ctx, needs=[ids[name] for name in asked]),
        "imported": await open_session(ctx, member_id=ids["imported"]),
        "helper": await open_session(ctx, member_id=cast.helper),
        "coordinator": await _passed(ctx, cast.coordinator),
    }


def _of_anyone() -> Pages:
    return {
        "home": ("/", ""), "group": ("/g/east", ""), "ask": ("/g/east/ask", ""), "help": ("/help", ""),
        "privacy": ("/privacy", ""), "find": ("/find", ""), "sign in": ("/sign-in", ""), "nothing": ("/nothing", ""),
        "offline": ("/offline", ""), "code": ("/sign-in/7b0cf2f2-2f7e-4c1e-9a53-0d8f4b8f6a11", ""),
        "offer start": ("/g/east/offer", ""), "demo": ("/demo", ""), "message": (f"/demo/{MAIL}", ""),
    }  # fmt: skip


def _of_askers(ctx: Context, ids: Ids) -> Pages:
    return {
        "whether": (f"/need/{ids['whether']}", "asker"), "thanked": (f"/need/{ids['thanked']}", "asker"),
        "link": (f"/n/{ctx.vault.sign('need', ids['taken'])}", ""), "connected": (f"/need/{ids['taken']}", "asker"),
        "choosing": (f"/need/{ids['choosing']}", "asker"), "unmet": (f"/need/{ids['unmet']}", "asker"),
        "change": (f"/need/{ids['unmet']}/change", "asker"), "withdraw": (f"/need/{ids['unmet']}/withdraw", "asker"),
        "late": (f"/need/{ids['late']}", "asker"), "over": (f"/need/{ids['withdrawn']}?late=yes", "asker"),
        "searching": (f"/need/{ids['searching']}", "asker"),
        "report": (f"/need/{ids['taken']}/matches/{ids['task']}/report", "asker"),
        "my reports": (f"/need/{ids['reported']}/reviews", "asker"),
        "opened": (f"/need/{ids['reported']}/privacy", "asker"), "held": (f"/need/{ids['held']}", "asker"),
        "erase kept": (f"/need/{ids['reported']}/erase", "asker"),
        "channels of a need": (f"/need/{ids['taken']}/channels", "asker"),
        "erase": (f"/need/{ids['unmet']}/erase", "asker"),
    }  # fmt: skip


def _of_helpers(ctx: Context, cast: Cast, ids: Ids) -> Pages:
    return {
        "me thanked": ("/me", "thanked"), "whether task": (f"/task/{ids['whether task']}", "thanked"),
        "thanked task": (f"/task/{ids['thanked task']}", "thanked"),
        "answer": (f"/a/{ctx.vault.sign('ask', ids['open ask'])}", ""),
        "answer signed in": (f"/a/{ctx.vault.sign('ask', ids['open ask'])}", "helper"),
        "task": (f"/task/{ids['task']}", "helper"), "cannot": (f"/task/{ids['task']}/cannot", "helper"),
        "me": ("/me", "helper"), "channels": ("/me/channels", "helper"), "me imported": ("/me", "imported"),
        "offer": ("/g/east/offer", "helper"), "my offer": (f"/me/offers/{ids['offer']}", "helper"),
        "task report": (f"/task/{ids['task']}/report", "helper"), "my own reports": ("/me/reviews", "helper"),
        "opened to me": ("/me/opened", "helper"), "remove": ("/me/remove", "helper"),
        "not by a click": ("/me/remove", "coordinator"),
        "link to sign in": (f"/s/{ctx.vault.sign('sign_in', uuid4())}", ""),
        "link to confirm": (f"/c/{ctx.vault.sign('confirm', cast.helper)}", ""),
        "link to stop": (f"/stop/{ctx.vault.sign(STOP_MEMBER, cast.helper)}", ""),
    }  # fmt: skip


def _of_staff(ids: Ids) -> Pages:
    staff = "/staff/east"
    return {
        "unconfirmed": (f"{staff}/needs/{ids['caller']}", "coordinator"), "board": (staff, "coordinator"),
        "province": (f"{staff}?province=ON", "coordinator"),
        "town": (f"{staff}?province=ON&region=toronto", "coordinator"), "needs": (f"{staff}/needs", "coordinator"),
        "recruiting": (f"{staff}/recruiting", "coordinator"),
        "lacking": (f"{staff}/needs/{ids['lacking']}", "coordinator"),
        "need": (f"{staff}/needs/{ids['unmet']}", "coordinator"),
        "staff change": (f"{staff}/needs/{ids['unmet']}/change", "coordinator"),
        "post": (f"{staff}/post", "coordinator"), "calls": (f"{staff}/calls", "coordinator"),
        "people": (f"{staff}/people", "coordinator"), "reviews": (f"{staff}/reviews", "coordinator"),
        "review": (f"{staff}/reviews/{ids['review']}", "coordinator"),
        "appealed": (f"{staff}/reviews/{ids['appealed']}", "coordinator"),
        "open contact": (f"{staff}/needs/{ids['caller']}/contact", "coordinator"),
        "openings": (f"{staff}/openings", "coordinator"),
        "contact": (f"{staff}/openings/{ids['opening']}", "coordinator"), "second step": ("/second-step", "guarded"),
        "own second step": ("/second-step/own", "fresh"), "app": (f"/second-step/app/{ids['app']}", "fresh"),
        "passkey": ("/second-step/own", "passed"), "colleagues": (f"{staff}/colleagues", "coordinator"),
        "needs of a language": (f"{staff}/needs?language=ti&unmet=yes", "coordinator"),
        "volunteer's contact": (f"{staff}/people/{ids['imported']}/contact", "coordinator"),
        "second step by passkey": ("/second-step", "keyed"),
    }  # fmt: skip
