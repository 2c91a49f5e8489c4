"""Who waits for a call, and seeing their number: while the call is due, with a reason, and seen by the person (ADR 26)."""

import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.errors import NotHereError
from careweb.domain.ids import GroupId, MemberId, NeedId
from careweb.domain.openings import CallReason
from careweb.domain.states import Role
from careweb.flows.auditing import opened
from careweb.flows.calls import SecondPersonFirstError, call_backs, called_back, number_to_call
from careweb.flows.openings import ask_to_open, decide_opening, open_contact
from careweb.flows.signin import request_sign_in
from tests.flows.test_openings import WHY, post, staff
from tests.world import World

PHONE = read_contact("416 555 0123")


async def called(world: World, count: int = 1) -> tuple[GroupId, NeedId, list[MemberId]]:
    """A need whose asker left a telephone number only, lost their code and asked to be called; and so many staff."""
    group = await world.group()
    need = await world.need(group, contact=PHONE)
    await request_sign_in(world.ctx, PHONE, locale="en")
    return group, need, await staff(world, group, count)


async def imported(world: World, count: int = 1) -> tuple[GroupId, NeedId, list[MemberId]]:
    group, need, people = await called(world, count)
    await world.rows("UPDATE need SET confirmed = false WHERE id = $1", need)
    return group, need, people


async def test_who_waits_for_a_call_is_on_the_list_of_their_group_and_their_number_is_not(world: World) -> None:
    group, need, (jo,) = await called(world)
    other = await world.group("other")
    (one,) = await call_backs(world.ctx, group)
    assert (one.name, one.need_id, one.confirmed) == ("Po", need, True)
    assert "5550123" not in repr(vars(one))
    assert await call_backs(world.ctx, other) == []
    with pytest.raises(NotHereError):
        await called_back(world.ctx, post(other), jo, need)
    await called_back(world.ctx, post(group), jo, need)
    assert await call_backs(world.ctx, group) == []


async def test_a_number_is_seen_with_a_reason_and_the_person_reads_it(world: World) -> None:
    group, need, (jo,) = await called(world)
    assert await number_to_call(world.ctx, post(group), jo, need, CallReason.QUESTION) == "+14165550123"
    (line,) = await opened(world.ctx, "need", need)
    assert (line.role, line.action, line.table, line.reason) == (Role.COORDINATOR, "called_back", "call", "question")


async def test_a_call_that_was_asked_for_takes_no_second_person(world: World) -> None:
    group, need, (jo, *_) = await called(world, 3)
    assert await number_to_call(world.ctx, post(group), jo, need, CallReason.DUE) == "+14165550123"


async def test_once_they_were_called_their_number_is_as_closed_as_any(world: World) -> None:
    group, need, (jo,) = await called(world)
    await called_back(world.ctx, post(group), jo, need)
    with pytest.raises(NotHereError):
        await number_to_call(world.ctx, post(group), jo, need, CallReason.DUE)
    assert [line.action for line in await opened(world.ctx, "need", need)] == ["called"]


async def test_another_group_sees_no_number(world: World) -> None:
    _, need, _ = await called(world)
    west = await world.group("west")
    (kim,) = await staff(world, west, 1)
    with pytest.raises(NotHereError):
        await number_to_call(world.ctx, post(west), kim, need, CallReason.DUE)


async def test_whoever_a_file_brought_asked_for_no_call_and_the_reason_says_so(world: World) -> None:
    group, need, (jo,) = await imported(world)
    with pytest.raises(NotHereError):
        await number_to_call(world.ctx, post(group), jo, need, CallReason.DUE)
    assert await number_to_call(world.ctx, post(group), jo, need, CallReason.CONFIRM) == "+14165550123"
    (line,) = await opened(world.ctx, "need", need)
    assert (line.action, line.reason) == ("called_back", "confirm")


async def test_where_it_takes_two_the_number_of_whom_a_file_brought_takes_two_as_well(world: World) -> None:
    group, need, (jo, kim, _) = await imported(world, 3)
    with pytest.raises(SecondPersonFirstError):
        await number_to_call(world.ctx, post(group), jo, need, CallReason.CONFIRM)
    assert await opened(world.ctx, "need", need) == []
    opening = await ask_to_open(world.ctx, post(group), jo, "need", need, WHY)
    await decide_opening(world.ctx, post(group), kim, opening, yes=True)
    assert (await open_contact(world.ctx, post(group), jo, opening)).address == "+14165550123"


async def test_who_left_no_telephone_is_not_called(world: World) -> None:
    group, need, (jo,) = await called(world)
    await world.rows("UPDATE need SET contact_kind = 'email' WHERE id = $1", need)
    with pytest.raises(NotHereError):
        await number_to_call(world.ctx, post(group), jo, need, CallReason.DUE)


async def test_what_was_erased_has_no_number(world: World) -> None:
    group, need, (jo,) = await called(world)
    await world.rows("UPDATE need SET purged_at = $2 WHERE id = $1", need, world.now)
    with pytest.raises(NotHereError):
        await number_to_call(world.ctx, post(group), jo, need, CallReason.DUE)
