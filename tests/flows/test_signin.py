"""Coming in without a password."""

import base64

import pytest

from careweb.domain.codes import return_code
from careweb.domain.contacts import read_contact
from careweb.domain.errors import NotHereError, WrongCodeError
from careweb.domain.ids import NeedId
from careweb.domain.states import Role
from careweb.flows.groups import grant_role, want_second_step
from careweb.flows.needs import find_by_code, withdraw_need
from careweb.flows.signin import (
    NOBODY,
    close_session,
    confirm_by_link,
    confirm_for_caller,
    forget_everywhere,
    needs_unconfirmed,
    open_session,
    request_sign_in,
    see_session,
    sign_in,
    sign_in_by_link,
    sign_out_everywhere,
    visitor_of,
)
from careweb.flows.timing import purge_need
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


async def test_a_code_of_one_request_is_none_of_another(world: World) -> None:
    await world.helper(await world.group(), address=WING.address)
    mine = await request_sign_in(world.ctx, WING, locale="en", browser="one")
    others = await request_sign_in(world.ctx, WING, locale="en", browser="one")
    with pytest.raises(WrongCodeError):
        await sign_in(world.ctx, others, VAULT.digits("sign_in", mine, 6))
    assert await sign_in(world.ctx, others, VAULT.digits("sign_in", others, 6))


async def test_a_code_is_six_digits_and_with_fewer_nobody_comes_in(world: World) -> None:
    await world.helper(await world.group(), address=WING.address)
    request = await request_sign_in(world.ctx, WING, locale="en")
    code = VAULT.digits("sign_in", request, 6)
    for other in (code[:5], code[:4], code + "0", ""):
        with pytest.raises(WrongCodeError):
            await sign_in(world.ctx, request, other)
    assert await sign_in(world.ctx, request, code)


async def test_a_sessions_secret_is_256_random_bits_and_only_its_hash_is_kept(world: World) -> None:
    helper = await world.helper(await world.group(), address=WING.address)
    secrets = [await open_session(world.ctx, member_id=helper) for _ in range(20)]
    raws = [base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4)) for secret in secrets]
    assert {len(raw) * 8 for raw in raws} == {256}
    assert all(len({raw[at] for raw in raws}) > 10 for at in range(32)), "no byte of it is fixed"
    rows = await world.rows("SELECT * FROM session")
    kept = b"".join(row["id_hash"] for row in rows) + str([tuple(row.values()) for row in rows]).encode()
    assert {len(row["id_hash"]) * 8 for row in rows} == {256}
    for secret, raw in zip(secrets, raws, strict=True):
        assert secret.encode() not in kept
        assert raw not in kept


async def test_a_link_signs_in_once(world: World) -> None:
    helper = await world.helper(await world.group(), address=WING.address)
    token = VAULT.sign("sign_in", await request_sign_in(world.ctx, WING, locale="en", browser="one"))
    with pytest.raises(WrongCodeError):
        await sign_in_by_link(world.ctx, token, browser="another")
    secret = await sign_in_by_link(world.ctx, token, browser="one")
    assert (await visitor_of(world.ctx, secret)).member_id == helper
    for bad in (token, token[:-1], "x", VAULT.sign("need", helper)):
        with pytest.raises(WrongCodeError):
            await sign_in_by_link(world.ctx, bad, browser="one")


async def test_five_wrong_codes_and_the_right_one_is_dead(world: World) -> None:
    await world.helper(await world.group(), address=WING.address)
    request = await request_sign_in(world.ctx, WING, locale="en")
    code = VAULT.digits("sign_in", request, 6)
    for _ in range(5):
        with pytest.raises(WrongCodeError):
            await sign_in(world.ctx, request, f"{(int(code) + 1) % 10**6:06d}")
    with pytest.raises(WrongCodeError):
        await sign_in(world.ctx, request, code)


async def test_who_guesses_shuts_nobody_out(world: World) -> None:
    """Four requests in ten minutes, all guessed dead by whoever made them: their mails still let their reader in."""
    helper = await world.helper(await world.group(), address=WING.address)
    request = await request_sign_in(world.ctx, WING, locale="en", browser="theirs")
    code = VAULT.digits("sign_in", request, 6)
    for _ in range(5):
        with pytest.raises(WrongCodeError):
            await sign_in(world.ctx, request, f"{(int(code) + 1) % 10**6:06d}")
    token = VAULT.sign("sign_in", request)
    with pytest.raises(WrongCodeError):
        await sign_in_by_link(world.ctx, token, browser="mine")
    secret = await sign_in_by_link(world.ctx, token, browser="mine", code=code)
    assert (await visitor_of(world.ctx, secret)).member_id == helper


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


async def test_the_link_of_an_import_lets_someone_in_once_and_never_after_they_said_yes(world: World) -> None:
    helper = await world.helper(await world.group(), address=WING.address)
    await world.rows("UPDATE member SET confirmed = false WHERE id = $1", helper)
    token = VAULT.sign("confirm", helper)
    assert (await visitor_of(world.ctx, await confirm_by_link(world.ctx, token) or "")).member_id == helper
    assert await confirm_by_link(world.ctx, token) is None


async def _with_code(world: World) -> tuple[NeedId, str, str]:
    """A need, its code, and the same locator with another secret."""
    need, code = await world.need(await world.group()), return_code(b"0123456789abcdef")
    await world.rows(
        "UPDATE need SET locator_hash = $2, secret_hash = $3 WHERE id = $1",
        need, VAULT.index("locator", code.locator), VAULT.hash_secret(code.secret),
    )  # fmt: skip
    return need, str(code), code.locator + f"{(int(code.secret) + 1) % 10**8:08d}"


async def test_however_often_a_code_was_mistyped_the_right_one_opens_the_need(world: World) -> None:
    need, right, wrong = await _with_code(world)
    for _ in range(12):
        assert await find_by_code(world.begin, wrong) is None
    assert await find_by_code(world.begin, right) == need


async def test_a_session_that_nobody_uses_ends_and_one_that_is_used_lives_on(world: World) -> None:
    helper = await world.helper(await world.group(), address=WING.address)
    used, unused = [await open_session(world.ctx, member_id=helper) for _ in range(2)]
    world.later(days=13)
    assert (await visitor_of(world.ctx, used)).stale
    await see_session(world.ctx, used)
    assert not (await visitor_of(world.ctx, used)).stale
    world.later(days=2)
    assert await visitor_of(world.ctx, unused) == NOBODY
    assert (await visitor_of(world.ctx, used)).member_id == helper
    world.later(days=11)
    await see_session(world.ctx, used)
    world.later(days=3)
    assert (await visitor_of(world.ctx, used)).member_id == helper
    world.later(days=1, seconds=1)
    assert await visitor_of(world.ctx, used) == NOBODY, "thirty days, however often it is used"


async def test_a_coordinator_who_leaves_the_page_open_is_signed_out_after_two_hours(world: World) -> None:
    staff = await grant_role(world.ctx, await world.group(), WING, Role.COORDINATOR)
    secret = await open_session(world.ctx, member_id=staff)
    world.later(hours=2, seconds=-1)
    assert (await visitor_of(world.ctx, secret)).member_id == staff
    world.later(seconds=1)
    assert await visitor_of(world.ctx, secret) == NOBODY
    await see_session(world.ctx, secret)
    assert await visitor_of(world.ctx, secret) == NOBODY, "what ended stays ended"


async def test_signing_out_everywhere_ends_every_browser_and_every_link_on_its_way(world: World) -> None:
    helper = await world.helper(await world.group(), address=WING.address)
    other = await open_session(world.ctx, member_id=await world.helper(await world.group("west")))
    secrets = [await open_session(world.ctx, member_id=helper) for _ in range(3)]
    request = await request_sign_in(world.ctx, WING, locale="en")
    await sign_out_everywhere(world.ctx, helper)
    assert [await visitor_of(world.ctx, secret) for secret in secrets] == [NOBODY] * 3
    assert await visitor_of(world.ctx, other) != NOBODY
    with pytest.raises(WrongCodeError):
        await sign_in(world.ctx, request, VAULT.digits("sign_in", request, 6))


async def test_a_need_is_forgotten_in_every_browser_and_the_others_needs_are_not(world: World) -> None:
    group = await world.group()
    need, other = await world.need(group), await world.need(group)
    first, second = await open_session(world.ctx, needs=[need, other]), await open_session(world.ctx, needs=[need])
    await forget_everywhere(world.ctx, need)
    assert [(await visitor_of(world.ctx, secret)).needs for secret in (first, second)] == [(other,), ()]


async def test_whose_need_ended_lately_finds_it_again_until_it_is_forgotten(world: World) -> None:
    need = await world.need(await world.group(), contact=WING)
    await withdraw_need(world.ctx, need)
    request = await request_sign_in(world.ctx, WING, locale="en")
    secret = await sign_in(world.ctx, request, VAULT.digits("sign_in", request, 6))
    assert (await visitor_of(world.ctx, secret)).needs == (need,)
    world.later(days=14, hours=1)
    await purge_need(world.ctx, need)
    late = await request_sign_in(world.ctx, WING, locale="en")
    with pytest.raises(WrongCodeError):
        await sign_in(world.ctx, late, VAULT.digits("sign_in", late, 6))


async def test_the_live_need_comes_before_those_that_ended(world: World) -> None:
    group = await world.group()
    live = await world.need(group, contact=WING)
    for _ in range(3):
        world.later(minutes=1)
        await withdraw_need(world.ctx, await world.need(group, contact=WING))
    request = await request_sign_in(world.ctx, WING, locale="en")
    secret = await sign_in(world.ctx, request, VAULT.digits("sign_in", request, 6))
    assert (await visitor_of(world.ctx, secret)).needs[0] == live


async def test_a_coordinator_writes_down_the_yes_of_a_caller_of_their_own_group(world: World) -> None:
    group, other = await world.group(), await world.group("west")
    need = await world.need(group, contact=read_contact("416 555 0123"))
    await world.rows("UPDATE need SET confirmed = false, call_back = true WHERE id = $1", need)
    await world.rows("DELETE FROM promise WHERE job = 'match_need'")
    with pytest.raises(NotHereError):
        await confirm_for_caller(world.ctx, other, need)
    assert (await needs_unconfirmed(world.ctx, group), await needs_unconfirmed(world.ctx, other)) == ({need}, set())
    for _ in range(2):
        await confirm_for_caller(world.ctx, group, need)
    row = (await world.rows("SELECT confirmed, call_back FROM need WHERE id = $1", need))[0]
    assert (row["confirmed"], row["call_back"]) == (True, False)
    assert "match_need" in await world.owed()
    assert await needs_unconfirmed(world.ctx, group) == set()


async def test_one_contact_is_written_to_a_few_times_only_but_whoever_tries_a_demonstration_comes_and_goes(
    world: World,
) -> None:
    await world.helper(await world.group(), address="wing@example.org")
    for demo, written in ((False, 4), (True, 9)):
        world.settings = world.settings.model_copy(update={"demo": demo})
        for _ in range(5):
            await request_sign_in(world.ctx, WING, locale="en")
        assert await world.one("SELECT count(*) FROM notice WHERE kind = 'sign_in'") == written


async def test_who_coordinates_shows_a_second_step_unless_the_group_does_without(world: World) -> None:
    group = await world.group()
    member = await grant_role(world.ctx, group, WING, Role.COORDINATOR, name="Wing")
    secret = await open_session(world.ctx, member_id=member)
    assert [post.second_step for post in (await visitor_of(world.ctx, secret)).posts] == [True], "alone, too"
    await want_second_step(world.ctx, group, "off")
    assert [post.second_step for post in (await visitor_of(world.ctx, secret)).posts] == [False]
