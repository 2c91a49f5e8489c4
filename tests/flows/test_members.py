"""A member who leaves for good: nobody is left waiting for them, and nothing says who they were."""

from careweb.domain.contacts import read_contact
from careweb.domain.states import Role
from careweb.flows.asks import Answer, accept
from careweb.flows.following import follow
from careweb.flows.groups import grant_role, helpers
from careweb.flows.members import forget_contact, forget_member
from careweb.flows.offers import hear_again
from careweb.flows.signin import open_session, request_sign_in, visitor_of
from careweb.storage.promises import unpromise
from tests.world import World

WING = "wing@example.org"


async def test_whoever_counts_on_them_is_told_and_others_are_asked(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, address=WING)
    agreed = await world.need(group, contact=read_contact("po@example.org"))
    await world.match(agreed)
    await accept(world.ctx, await world.ask_of(agreed, helper), helper)
    asked = await world.need(group)
    await world.match(asked)
    for need in (agreed, asked):
        await unpromise(world.tx, "match_need", need)
    await forget_member(world.ctx, helper)
    assert (await follow(world.ctx, agreed)).state == "open"
    assert await world.one("SELECT count(*) FROM notice WHERE kind = 'fell_through' AND need_id = $1", agreed) == 1
    assert await world.one("SELECT state FROM ask WHERE need_id = $1", asked) == "cancelled"
    again = {row["subject"] for row in await world.rows("SELECT subject FROM promise WHERE job = 'match_need'")}
    assert again == {agreed, asked}
    other = await world.helper(group, name="Mei")
    for need in (agreed, asked):
        await world.match(need)
    assert await world.asked(agreed) == {helper, other}


async def test_nothing_says_who_they_were(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, name="Wing", address=WING)
    await grant_role(world.ctx, group, read_contact(WING), Role.COORDINATOR)
    own = await world.need(group, member=helper)
    secret = await open_session(world.ctx, member_id=helper)
    await request_sign_in(world.ctx, read_contact(WING), locale="en")
    before = await world.one("SELECT contact_index FROM member WHERE id = $1", helper)
    await forget_member(world.ctx, helper)
    (member,) = await world.rows("SELECT * FROM member WHERE id = $1", helper)
    assert (member["sealed_name"], member["sealed_contact"]) == (None, None)
    assert member["contact_index"] != before
    assert await world.one("SELECT count(*) FROM data_key WHERE id = $1", helper) == 0
    (kept,) = await world.rows("SELECT state, sealed_note FROM membership WHERE member_id = $1", helper)
    assert tuple(kept) == ("suspended", None)
    for table in ("staff", "session", "sign_in", "need"):
        assert await world.one(f"SELECT count(*) FROM {table} WHERE member_id = $1", helper) == 0, table  # noqa: S608
    assert await world.one("SELECT state = 'withdrawn' AND purged_at IS NOT NULL FROM need WHERE id = $1", own)
    assert await world.one("SELECT count(*) FROM data_key WHERE id = $1", own) == 0, "and what they asked for"
    assert await visitor_of(world.ctx, secret) == await visitor_of(world.ctx, "")
    assert await helpers(world.ctx, group) == []


async def test_twice_is_once_and_the_same_contact_is_somebody_new(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, address=WING)
    await forget_contact(world.ctx, read_contact(WING))
    await forget_member(world.ctx, helper)
    again = await world.helper(group, address=WING)
    assert again != helper
    need = await world.need(group)
    await world.match(need)
    assert await world.asked(need) == {again}


async def test_a_yes_after_leaving_is_not_taken(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    ask = await world.ask_of(need, helper)
    await forget_member(world.ctx, helper)
    await hear_again(world.ctx, helper)
    assert await accept(world.ctx, ask, helper) is Answer.OVER
