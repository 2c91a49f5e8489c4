"""Coming in without a password."""

import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.errors import WrongCodeError
from careweb.domain.states import Role
from careweb.flows.groups import grant_role
from careweb.flows.signin import (
    NOBODY,
    close_session,
    open_session,
    request_sign_in,
    sign_in,
    sign_in_by_link,
    visitor_of,
)
from tests.world import VAULT, World

WING = read_contact("wing@example.org")


async def test_a_code_signs_in_once(world: World) -> None:
    helper = await world.helper(await world.group(), address=WING.address)
    request = await request_sign_in(world.ctx, WING, locale="en")
    code = VAULT.digits("sign_in", request, 6)
    secret = await sign_in(world.ctx, request, code)
    assert (await visitor_of(world.ctx, secret)).member_id == helper
    with pytest.raises(WrongCodeError):
        await sign_in(world.ctx, request, code)


async def test_a_link_signs_in_once(world: World) -> None:
    helper = await world.helper(await world.group(), address=WING.address)
    token = VAULT.sign("sign_in", await request_sign_in(world.ctx, WING, locale="en"))
    assert (await visitor_of(world.ctx, await sign_in_by_link(world.ctx, token))).member_id == helper
    for bad in (token, token[:-1], "x", VAULT.sign("need", helper)):
        with pytest.raises(WrongCodeError):
            await sign_in_by_link(world.ctx, bad)


async def test_five_wrong_codes_and_the_right_one_is_dead(world: World) -> None:
    await world.helper(await world.group(), address=WING.address)
    request = await request_sign_in(world.ctx, WING, locale="en")
    code = VAULT.digits("sign_in", request, 6)
    for _ in range(5):
        with pytest.raises(WrongCodeError):
            await sign_in(world.ctx, request, f"{(int(code) + 1) % 10**6:06d}")
    with pytest.raises(WrongCodeError):
        await sign_in(world.ctx, request, code)


async def test_a_code_lives_ten_minutes(world: World) -> None:
    await world.helper(await world.group(), address=WING.address)
    request = await request_sign_in(world.ctx, WING, locale="en")
    world.later(minutes=10)
    with pytest.raises(WrongCodeError):
        await sign_in(world.ctx, request, VAULT.digits("sign_in", request, 6))


async def test_an_unknown_contact_gets_no_message_and_no_way_in(world: World) -> None:
    request = await request_sign_in(world.ctx, WING, locale="en")
    assert await world.one("SELECT count(*) FROM notice") == 0
    with pytest.raises(WrongCodeError):
        await sign_in(world.ctx, request, VAULT.digits("sign_in", request, 6))


async def test_someone_new_who_wants_to_help_is_written_to(world: World) -> None:
    request = await request_sign_in(world.ctx, WING, locale="fr", join=True)
    assert await world.one("SELECT count(*) FROM notice WHERE kind = 'sign_in'") == 1
    secret = await sign_in(world.ctx, request, VAULT.digits("sign_in", request, 6))
    assert (await visitor_of(world.ctx, secret)).locale == "fr"


async def test_one_contact_is_not_flooded(world: World) -> None:
    await world.helper(await world.group(), address=WING.address)
    for _ in range(10):
        await request_sign_in(world.ctx, WING, locale="en")
    assert await world.one("SELECT count(*) FROM notice WHERE kind = 'sign_in'") == 4


async def test_a_lost_code_is_replaced_through_the_contact_given(world: World) -> None:
    group = await world.group()
    need = await world.need(group, contact=WING)
    await world.need(group, contact=read_contact("someone.else@example.org"))
    request = await request_sign_in(world.ctx, WING, locale="en")
    secret = await sign_in(world.ctx, request, VAULT.digits("sign_in", request, 6))
    assert (await visitor_of(world.ctx, secret)).needs == (need,)


async def test_who_asked_by_phone_is_called_back(world: World) -> None:
    phone = read_contact("416 555 0123")
    need = await world.need(await world.group(), contact=phone)
    assert not await world.one("SELECT call_back FROM need WHERE id = $1", need)
    await request_sign_in(world.ctx, phone, locale="en")
    assert await world.one("SELECT call_back FROM need WHERE id = $1", need)


async def test_signing_out_ends_it_and_a_new_session_has_a_new_secret(world: World) -> None:
    group = await world.group()
    need = await world.need(group)
    first = await open_session(world.ctx, needs=[need])
    staff = await grant_role(world.ctx, group, WING, Role.COORDINATOR, name="Jo")
    second = await open_session(world.ctx, member_id=staff, old_secret=first)
    assert first != second
    assert await visitor_of(world.ctx, first) == NOBODY
    visitor = await visitor_of(world.ctx, second)
    assert (visitor.needs, visitor.name, [post.slug for post in visitor.posts]) == ((need,), "Jo", ["east"])
    await close_session(world.ctx, second)
    assert await visitor_of(world.ctx, second) == NOBODY


async def test_a_coordinators_session_ends_the_same_day(world: World) -> None:
    staff = await grant_role(world.ctx, await world.group(), WING, Role.COORDINATOR)
    secret = await open_session(world.ctx, member_id=staff)
    world.later(hours=12, seconds=1)
    assert await visitor_of(world.ctx, secret) == NOBODY
