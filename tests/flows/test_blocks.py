"""A block as people press it: of every need of the two, however each of them is known, and either way."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from careweb.domain.contacts import Contact, by_code, read_contact
from careweb.domain.errors import NotNowError
from careweb.domain.ids import AskId, GroupId, MatchId, MemberId, NeedId
from careweb.domain.reviews import Action, Cause
from careweb.domain.states import Role
from careweb.flows.asks import accept
from careweb.flows.following import follow
from careweb.flows.groups import grant_role
from careweb.flows.matches import choose, helper_side
from careweb.flows.reports import Said, report_asker, report_helper
from careweb.flows.reviewing import decide_review, reviews
from careweb.storage.database import Transaction
from tests.world import VAULT, World

MAIL, PHONE, OTHER_PHONE = (read_contact(said) for said in ("po@example.org", "416 555 0188", "416 555 0199"))
WING = "wing@example.org"
BLOCK = Said(cause=Cause.OTHER, block=True)


@pytest.fixture
async def world(tx: Transaction) -> World:
    world = World(tx=tx)
    await world.helper(await world.group(), address=WING, per_week=20)
    return world


async def group_of(world: World) -> GroupId:
    return GroupId(await world.one("SELECT id FROM care_group"))


async def wing(world: World) -> MemberId:
    return MemberId(
        await world.one("SELECT id FROM member WHERE contact_index = $1", VAULT.contact_index(read_contact(WING)))
    )


async def need(world: World, contact: Contact, **changes: Any) -> NeedId:
    return await world.need(await group_of(world), contact=contact, **changes)


async def ask(world: World, need_id: NeedId) -> AskId:
    """Whatever else Wing was asked today."""
    await world.rows("UPDATE member SET ask_times = '{}'")
    await world.rows("UPDATE ask SET state = 'timed_out' WHERE state IN ('planned', 'sent')")
    await world.match(need_id)
    return await world.ask_of(need_id, await wing(world))


async def said_yes(world: World, need_id: NeedId) -> MatchId:
    await accept(world.ctx, await ask(world, need_id), await wing(world))
    return MatchId(await world.one("SELECT id FROM match WHERE need_id = $1", need_id))


async def by_asker(world: World, need_id: NeedId, match: MatchId) -> None:
    await report_helper(world.ctx, need_id, match, BLOCK)


async def by_helper(world: World, _: NeedId, match: MatchId) -> None:
    await report_asker(world.ctx, match, await wing(world), BLOCK)


either = pytest.mark.parametrize("block", [by_asker, by_helper])
Block = Callable[[World, NeedId, MatchId], Awaitable[None]]


# Every need of the two


@either
async def test_a_block_on_one_need_ends_what_the_two_have_on_others(world: World, block: Block) -> None:
    first, second, third = [await need(world, MAIL, text=text) for text in ("a", "b", "c")]
    match, other = await said_yes(world, first), await said_yes(world, second)
    open_ask = await ask(world, third)
    await world.rows("DELETE FROM promise")
    await block(world, first, match)
    assert {row["state"] for row in await world.rows("SELECT state FROM match")} == {"fell_through"}
    assert await world.one("SELECT state FROM ask WHERE id = $1", open_ask) == "cancelled"
    again = await world.rows("SELECT subject FROM promise WHERE job = 'match_need'")
    assert {row["subject"] for row in again} == {first, second, third}, "and others are looked for"
    assert {row["state"] for row in await world.rows("SELECT state FROM need")} == {"open"}
    assert await world.one("SELECT cardinality(task_times) FROM member") == 0
    told = {(row["kind"], row["subject"]) for row in await world.rows("SELECT kind, subject FROM notice")}
    assert told >= {("fell_through", match), ("fell_through", other), ("need_ended", other)}
    await world.rows(
        "UPDATE ask SET state = 'sent' WHERE id = $1", open_ask
    )  # as if it had been sent at that very moment
    with pytest.raises(NotNowError):
        await accept(world.ctx, open_ask, await wing(world))


async def test_whoever_ended_it_is_still_who_it_says(world: World) -> None:
    first, second = await need(world, MAIL), await need(world, MAIL, text="more")
    match, other = await said_yes(world, first), await said_yes(world, second)
    await by_helper(world, first, match)
    ended = {row["id"]: row["ended_by"] for row in await world.rows("SELECT id, ended_by FROM match")}
    assert ended == {match: "helper", other: "coordinator"}


@either
async def test_what_third_people_agreed_to_stays(world: World, block: Block) -> None:
    mei = await world.helper(await group_of(world), name="Mei")
    one = await need(world, MAIL, helpers=2)
    match = await said_yes(world, one)
    await accept(world.ctx, await world.ask_of(one, mei), mei)
    another = await need(world, read_contact("ada@example.org"))
    kept = await said_yes(world, another)
    await block(world, one, match)
    live = await world.rows("SELECT need_id, member_id FROM match WHERE state = 'connected'")
    assert {(row["need_id"], row["member_id"]) for row in live} == {(one, mei), (another, await wing(world))}
    assert (await helper_side(world.ctx, kept, await wing(world))).asker_contact == "ada@example.org"


# However each of them is known

Kinds = tuple[Contact, bool]  # the contact on the need, and whether they were signed in
KNOWN: dict[str, Kinds] = {
    "mail": (MAIL, False), "mail, signed in": (MAIL, True), "phone, signed in": (PHONE, True),
    "another phone, signed in": (OTHER_PHONE, True), "code, signed in": (by_code(), True),
}  # fmt: skip


async def po(world: World) -> MemberId:
    """Asks and offers; their account is known by MAIL."""
    found = await world.one("SELECT id FROM member WHERE contact_index = $1", VAULT.contact_index(MAIL))
    return MemberId(found or await world.helper(await group_of(world), name="Po", address=MAIL.address, per_week=20))


async def asked_as(world: World, how: str, **changes: Any) -> NeedId:
    contact, signed_in = KNOWN[how]
    return await need(world, contact, member=await po(world) if signed_in else None, **changes)


@either
@pytest.mark.parametrize("later", KNOWN)
@pytest.mark.parametrize("before", KNOWN)
async def test_who_is_blocked_is_not_asked_about_the_next_need_however_it_is_posted(
    world: World, before: str, later: str, block: Block
) -> None:
    await po(world)
    first = await asked_as(world, before)
    await block(world, first, await said_yes(world, first))
    second = await asked_as(world, later, text="another time")
    await world.match(second)
    assert await wing(world) not in await world.asked(second)


@either
@pytest.mark.parametrize("before", KNOWN)
async def test_nor_is_the_blocked_one_asked_about_the_other_ones_own_needs(
    world: World, before: str, block: Block
) -> None:
    asker = await po(world)
    first = await asked_as(world, before)
    await block(world, first, await said_yes(world, first))
    for contact, member in ((read_contact(WING), None), (by_code(), await wing(world)), (PHONE, await wing(world))):
        theirs = await need(world, contact, member=member)
        await world.match(theirs)
        assert asker not in await world.asked(theirs)


async def test_a_telephone_known_from_an_earlier_need_is_theirs_without_a_sign_in_too(world: World) -> None:
    await asked_as(world, "phone, signed in")
    first = await asked_as(world, "code, signed in", text="another")
    await by_helper(world, first, await said_yes(world, first))
    later = await need(world, PHONE, text="a third")
    await world.match(later)
    assert await wing(world) not in await world.asked(later)


@pytest.mark.parametrize("how", KNOWN)
async def test_a_yes_on_its_way_and_a_choice_are_refused_however_the_asker_is_known(world: World, how: str) -> None:
    await po(world)
    first = await asked_as(world, how)
    await by_helper(world, first, await said_yes(world, first))
    kept = await world.rows("DELETE FROM apart RETURNING *")
    second = await asked_as(world, how, text="another", see_first=True)
    third = await asked_as(world, how, text="a third")
    match, open_ask = await said_yes(world, second), await ask(world, third)
    for row in kept:
        await world.rows("INSERT INTO apart VALUES ($1, $2, $3, $4)", *row.values())
    with pytest.raises(NotNowError):
        await choose(world.ctx, second, match, yes=True)
    assert [one.helper_name for one in (await follow(world.ctx, second)).matches] == [""]
    with pytest.raises(NotNowError):
        await accept(world.ctx, open_ask, await wing(world))


@pytest.mark.parametrize("how", KNOWN)
async def test_a_search_before_and_an_ask_after_the_block_does_not_happen(
    world: World, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from careweb.flows import matching

    await po(world)
    first = await asked_as(world, how)
    match = await said_yes(world, first)
    asks = matching._ask

    async def block_first(*values: Any) -> bool:
        await by_helper(world, first, match)
        return await asks(*values)

    second = await asked_as(world, how, text="another")
    await world.rows("UPDATE member SET ask_times = '{}'")
    monkeypatch.setattr(matching, "_ask", block_first)
    await world.match(second)
    assert await wing(world) not in await world.asked(second)


@pytest.mark.parametrize("how", KNOWN)
async def test_why_nobody_leaves_them_out_too(world: World, how: str) -> None:
    await po(world)
    first = await asked_as(world, how)
    await by_helper(world, first, await said_yes(world, first))
    second = await asked_as(world, how, text="another")
    found = await world.one("SELECT sum(offers) FROM why_nobody($1, 5, $2)", second, world.now)
    assert not found


async def test_who_left_no_contact_is_known_by_their_need(world: World) -> None:
    first = await need(world, by_code())
    await by_helper(world, first, await said_yes(world, first))
    assert await world.one("SELECT count(*) FROM apart") == 1
    await world.rows("UPDATE ask SET state = 'cancelled'")  # so that only the block is left to say so
    await world.rows("UPDATE need SET round = round + 1")
    await world.match(first)
    assert await world.one("SELECT count(*) FROM ask") == 1
    stranger = await need(world, by_code(), text="another")
    await world.match(stranger)
    assert await world.asked(stranger) == {await wing(world)}, "whom nothing ties to them"


# A report that turned out to be nothing


async def decided(world: World, need_id: NeedId, match: MatchId) -> Callable[[Action], Awaitable[None]]:
    group = await group_of(world)
    jo = await grant_role(world.ctx, group, read_contact("jo@example.org"), Role.COORDINATOR, name="Jo")
    await report_helper(world.ctx, need_id, match, Said(cause=Cause.UNKIND))
    review = (await reviews(world.ctx, group, jo))[-1]

    async def decide(action: Action) -> None:
        await decide_review(world.ctx, group, jo, review.id, action, "I called both of them")

    return decide


@pytest.mark.parametrize("how", KNOWN)
async def test_released_two_are_together_again_by_all_that_was_known_of_them(world: World, how: str) -> None:
    await po(world)
    await asked_as(world, "phone, signed in", text="before")
    first = await asked_as(world, how)
    decide = await decided(world, first, await said_yes(world, first))
    assert await world.one("SELECT count(*) FROM apart") > 0
    await decide(Action.RELEASED)
    assert await world.one("SELECT count(*) FROM apart") == 0


async def test_a_second_report_of_the_two_keeps_them_apart_though_the_first_was_nothing(world: World) -> None:
    first, second = await need(world, MAIL), await need(world, MAIL, text="another")
    match, other = await said_yes(world, first), await said_yes(world, second)
    release = await decided(world, first, match)
    await report_helper(world.ctx, second, other, Said(cause=Cause.MONEY))
    await release(Action.RELEASED)
    assert await world.one("SELECT kind FROM apart") == "keep_apart"
    third = await need(world, MAIL, text="a third")
    await world.match(third)
    assert await world.asked(third) == set()


async def test_saying_so_twice_is_saying_so_once_and_a_report_never_loosens_a_block(world: World) -> None:
    first = await need(world, MAIL)
    match = await said_yes(world, first)
    await by_asker(world, first, match)
    await by_helper(world, first, match)
    await report_helper(world.ctx, first, match, Said(cause=Cause.UNKIND))
    assert [row["kind"] for row in await world.rows("SELECT kind FROM apart")] == ["block"]
