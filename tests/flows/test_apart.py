"""Two people who are kept apart: not asked, not matched, not connected, and neither sees how to reach the other."""

from typing import Any

import pytest

from careweb.domain.contacts import read_email
from careweb.domain.errors import NotNowError, OverError
from careweb.flows import matching
from careweb.flows.apart import keep_apart
from careweb.flows.asks import accept
from careweb.flows.following import follow
from careweb.flows.matches import add_note, choose, helped, helper_side
from careweb.storage.database import Transaction
from tests.world import VAULT, World

ASKER, HELPER = read_email("po@example.org"), read_email("wing@example.org")
_TWO = VAULT.contact_index(HELPER), VAULT.contact_index(ASKER)


@pytest.fixture
async def world(tx: Transaction) -> World:
    world = World(tx=tx)
    await world.helper(await world.group(), address=HELPER.address)
    return world


async def asked(world: World, **changes: Any) -> tuple[Any, Any, Any]:
    group, helper = await world.one("SELECT id FROM care_group"), await world.one("SELECT id FROM member")
    need = await world.need(group, contact=ASKER, **changes)
    await world.match(need)
    return need, helper, await world.ask_of(need, helper)


async def part(world: World) -> None:
    need, helper = await world.one("SELECT id FROM need"), await world.one("SELECT id FROM member")
    await keep_apart(world.ctx, need, helper, "block")


async def match_of(world: World, need: Any) -> Any:
    return await world.one("SELECT id FROM match WHERE need_id = $1", need)


async def test_what_one_was_asked_for_the_other_is_taken_back_and_others_are_looked_for(world: World) -> None:
    need, helper, ask = await asked(world)
    await part(world)
    assert await world.one("SELECT state FROM ask WHERE id = $1", ask) == "cancelled"
    assert "match_need" in await world.owed()
    await world.rows("UPDATE need SET round = round + 1")
    await world.match(need)
    assert await world.one("SELECT count(*) FROM ask WHERE need_id = $1", need) == 1
    assert helper


async def test_who_is_kept_apart_while_people_are_looked_for_is_not_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = matching._ask

    async def part_first(*values: Any) -> bool:
        await part(world)
        return await asks(*values)

    monkeypatch.setattr(matching, "_ask", part_first)
    need = await world.need(await world.one("SELECT id FROM care_group"), contact=ASKER)
    await world.match(need)
    assert await world.asks(need) == []
    assert await world.one("SELECT cardinality(ask_times) FROM member") == 0


async def test_a_yes_that_comes_after_is_refused(world: World) -> None:
    _, helper, ask = await asked(world)
    await part(world)
    await world.rows("UPDATE ask SET state = 'sent'")  # as if it had been sent at that very moment
    with pytest.raises(NotNowError):
        await accept(world.ctx, ask, helper)


async def test_what_they_had_agreed_to_ends_and_the_slot_is_free_again(world: World) -> None:
    need, helper, ask = await asked(world)
    await accept(world.ctx, ask, helper)
    await part(world)
    match = await match_of(world, need)
    assert await world.one("SELECT state FROM match WHERE id = $1", match) == "fell_through"
    assert await world.one("SELECT (state, filled) = ('open', 0) FROM need WHERE id = $1", need)
    assert await world.one("SELECT cardinality(task_times) FROM member WHERE id = $1", helper) == 0
    told = {row["kind"] for row in await world.rows("SELECT kind FROM notice WHERE subject = $1", match)}
    assert told >= {"fell_through", "need_ended"}, "each is told that it ended, and neither why"


async def test_an_asker_who_has_not_chosen_yet_cannot_any_more(world: World) -> None:
    need, helper, ask = await asked(world, see_first=True)
    await accept(world.ctx, ask, helper)
    match = await match_of(world, need)
    await world.rows("INSERT INTO apart VALUES ($1, $2, 'block', $3)", min(_TWO), max(_TWO), world.now)
    with pytest.raises(NotNowError):
        await choose(world.ctx, need, match, yes=True)
    [side] = (await follow(world.ctx, need)).matches
    assert side.helper_name == ""


async def test_even_of_what_is_done_neither_sees_how_to_reach_the_other(world: World) -> None:
    need, helper, ask = await asked(world, helpers=2)
    await accept(world.ctx, ask, helper)
    match = await match_of(world, need)
    assert (await helper_side(world.ctx, match, helper)).asker_contact == ASKER.address
    await helped(world.ctx, match, helper)
    await part(world)
    side = await helper_side(world.ctx, match, helper)
    assert (side.asker_name, side.asker_contact, side.text, side.notes) == ("", "", "", ())
    [other] = (await follow(world.ctx, need)).matches
    assert (other.helper_name, other.helper_contact, other.notes) == ("", "", ())
    with pytest.raises(OverError):
        await add_note(world.ctx, match, need, "asker", "hello?")
