"""Staff opening how to reach somebody outside a match: a reason, two people, the audit, and loud if it cannot wait."""

from uuid import UUID

import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.errors import NotHereError, NotNowError
from careweb.domain.ids import GroupId, MemberId, NeedId
from careweb.domain.openings import takes_two
from careweb.domain.states import Role
from careweb.flows.auditing import opened
from careweb.flows.groups import grant_role
from careweb.flows.openings import ask_to_open, decide_opening, open_contact, opening_of, openings, set_rule, two_needed
from careweb.flows.signin import Post
from careweb.flows.timing import end_old_sessions
from careweb.storage.sealing import key_of
from tests.world import VAULT, World

WHY = "The clinic called, she has to come today"


async def staff(world: World, group: GroupId, count: int) -> list[MemberId]:
    return [
        await grant_role(world.ctx, group, read_contact(f"staff{n}@example.org"), Role.COORDINATOR, name=f"Staff {n}")
        for n in range(count)
    ]


def post(group: GroupId) -> Post:
    return Post(group_id=group, slug="east", name="East", role=Role.COORDINATOR, second_step=False)


async def posted(world: World) -> tuple[GroupId, NeedId]:
    group = await world.group()
    return group, await world.need(group, contact=read_contact("po@example.org"))


@pytest.mark.parametrize(
    ("chosen", "count", "two"),
    [(None, 1, False), (None, 2, False), (None, 3, True), (True, 2, True), (False, 9, False), (True, 1, False)],
)
def test_two_are_needed_from_three_on_or_as_the_group_says_and_never_where_there_is_no_second(
    chosen: bool | None, count: int, two: bool
) -> None:
    assert takes_two(chosen, count) is two


async def test_in_a_small_group_a_reason_is_enough_and_the_person_sees_it(world: World) -> None:
    group, need = await posted(world)
    jo, _ = await staff(world, group, 2)
    opening = await ask_to_open(world.ctx, post(group), jo, "need", need, WHY)
    assert (await open_contact(world.ctx, post(group), jo, opening)).address == "po@example.org"
    lines = await opened(world.ctx, "need", need)
    assert {(line.action, line.reason) for line in lines} == {("asked_contact", WHY), ("opened_contact", WHY)}


async def test_where_it_takes_two_nothing_opens_before_a_second_agrees(world: World) -> None:
    group, need = await posted(world)
    jo, kim, _ = await staff(world, group, 3)
    assert await two_needed(world.ctx, group)
    opening = await ask_to_open(world.ctx, post(group), jo, "need", need, WHY)
    with pytest.raises(NotNowError):
        await open_contact(world.ctx, post(group), jo, opening)
    with pytest.raises(NotNowError):
        await decide_opening(world.ctx, post(group), jo, opening, yes=True)
    await decide_opening(world.ctx, post(group), kim, opening, yes=True)
    assert (await open_contact(world.ctx, post(group), jo, opening)).address == "po@example.org"
    with pytest.raises(NotNowError):
        await open_contact(world.ctx, post(group), kim, opening)
    assert "allowed_contact" in {line.action for line in await opened(world.ctx, "need", need)}
    world.later(hours=24)
    with pytest.raises(NotNowError):
        await open_contact(world.ctx, post(group), jo, opening)


async def test_what_a_second_person_refused_stays_shut(world: World) -> None:
    group, need = await posted(world)
    jo, kim, _ = await staff(world, group, 3)
    opening = await ask_to_open(world.ctx, post(group), jo, "need", need, WHY)
    await decide_opening(world.ctx, post(group), kim, opening, yes=False)
    with pytest.raises(NotNowError):
        await open_contact(world.ctx, post(group), jo, opening)
    with pytest.raises(NotNowError):
        await decide_opening(world.ctx, post(group), kim, opening, yes=True)


async def test_the_same_person_on_both_sides_is_refused_by_the_database_too(world: World) -> None:
    group, need = await posted(world)
    jo, *_ = await staff(world, group, 3)
    opening = await ask_to_open(world.ctx, post(group), jo, "need", need, WHY)
    with pytest.raises(Exception, match="opening_check"):
        await world.rows("UPDATE opening SET decided_by = asked_by WHERE id = $1", opening)


async def test_at_once_opens_and_everyone_else_of_the_staff_is_told_and_the_person_sees_it(world: World) -> None:
    group, need = await posted(world)
    jo, kim, lee = await staff(world, group, 3)
    opening = await ask_to_open(world.ctx, post(group), jo, "need", need, WHY, at_once=True)
    assert (await open_contact(world.ctx, post(group), jo, opening)).address == "po@example.org"
    told = {row["member_id"] for row in await world.rows("SELECT member_id FROM notice WHERE kind = 'glass_broken'")}
    assert told == {kim, lee}
    assert {"asked_contact", "broke_glass", "opened_contact"} == {
        x.action for x in await opened(world.ctx, "need", need)
    }
    (shown,) = await openings(world.ctx, post(group), kim)
    assert (shown.at_once, shown.reason, shown.asker, shown.open) == (True, WHY, "Staff 0", False)


async def test_a_volunteers_contact_is_opened_the_same_way(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, address="wing@example.org")
    jo, _ = await staff(world, group, 2)
    opening = await ask_to_open(world.ctx, post(group), jo, "member", helper, WHY)
    assert (await open_contact(world.ctx, post(group), jo, opening)).address == "wing@example.org"
    assert len(await opened(world.ctx, "member", helper)) == 2


async def test_another_groups_people_are_not_there(world: World) -> None:
    group, need = await posted(world)
    helper = await world.helper(group)
    west = await world.group("west")
    (kim,) = await staff(world, west, 1)
    for record, subject in (("need", need), ("member", helper), ("need", UUID(int=3))):
        with pytest.raises(NotHereError):
            await ask_to_open(world.ctx, post(west), kim, record, subject, WHY)  # type: ignore[arg-type]
    opening = await ask_to_open(world.ctx, post(group), (await staff(world, group, 2))[1], "need", need, WHY)
    with pytest.raises(NotHereError):
        await opening_of(world.ctx, west, kim, opening)


async def test_the_reason_is_sealed_and_forgotten_with_the_person_and_the_row_after_thirty_days(world: World) -> None:
    group, need = await posted(world)
    jo, _ = await staff(world, group, 2)
    await ask_to_open(world.ctx, post(group), jo, "need", need, WHY)
    (row,) = await world.rows("SELECT * FROM opening")
    assert WHY.encode() not in row["sealed_reason"]
    sealer = await key_of(world.tx, VAULT, "need", need)
    assert sealer
    assert sealer.open("opening", row["sealed_reason"]) == WHY
    world.later(days=30, seconds=-1)
    await end_old_sessions(world.ctx, UUID(int=0))
    assert await world.one("SELECT count(*) FROM opening") == 1
    world.later(seconds=1)
    await end_old_sessions(world.ctx, UUID(int=0))
    assert await world.one("SELECT count(*) FROM opening") == 0


RULE = "Two of us are away all August"


async def told_of_the_rule(world: World) -> set[MemberId]:
    return {row["member_id"] for row in await world.rows("SELECT member_id FROM notice WHERE kind = 'rule_off'")}


async def test_a_steward_may_let_it_take_two_or_let_one_be_enough_and_all_staff_read_why(world: World) -> None:
    group, _ = await posted(world)
    jo, kim, lee = await staff(world, group, 3)
    await set_rule(world.ctx, post(group), jo, chosen=False, reason=RULE)
    assert not await two_needed(world.ctx, group)
    assert await told_of_the_rule(world) == {kim, lee}
    for one in (jo, kim, lee):
        (line,) = await opened(world.ctx, "member", one)
        assert (line.action, line.reason) == ("rule_one", RULE)
    await set_rule(world.ctx, post(group), jo, chosen=None, reason="They are back")
    assert await two_needed(world.ctx, group)
    assert {(line.action, line.reason) for line in await opened(world.ctx, "member", kim)} == {
        ("rule_one", RULE), ("rule_two", "They are back"),
    }  # fmt: skip
    assert len(await world.rows("SELECT 1 FROM notice WHERE kind = 'rule_off'")) == 2, "turning it on is quiet"


async def test_each_time_it_is_switched_off_all_are_told(world: World) -> None:
    group, _ = await posted(world)
    jo, kim = await staff(world, group, 2)
    for chosen in (True, None, True, False, False):
        await set_rule(world.ctx, post(group), jo, chosen=chosen, reason=RULE)
    assert await told_of_the_rule(world) == {kim}
    assert await world.one("SELECT count(*) FROM notice WHERE kind = 'rule_off'") == 3, "also where it had been off"


async def test_whoever_looks_at_what_was_opened_sees_whose_it_was_and_those_people_read_that(world: World) -> None:
    group, need = await posted(world)
    helper = await world.helper(group)
    jo, kim, _ = await staff(world, group, 3)
    await ask_to_open(world.ctx, post(group), jo, "need", need, WHY)
    await ask_to_open(world.ctx, post(group), jo, "member", helper, WHY, at_once=True)
    assert len(await openings(world.ctx, post(group), kim)) == 2
    for record, id, action, state in (("need", need, "read_need", "asked"), ("member", helper, "read_name", "open")):
        lines = {(line.action, line.table, line.reason) for line in await opened(world.ctx, record, id)}
        assert (action, "opening", state) in lines
