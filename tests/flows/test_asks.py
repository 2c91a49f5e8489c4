"""Saying yes, saying no, and who sees what before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.errors import AtCapacityError, NotHereError, NotNowError
from careweb.domain.ids import AskId, MatchId, MemberId, NeedId
from careweb.domain.states import MatchState
from careweb.flows.asks import Answer, accept, decline, view_ask, who_holds
from careweb.flows.following import follow
from careweb.flows.groups import suspend
from careweb.flows.matches import cannot, choose, helped, helper_side, missed
from careweb.flows.needs import change_need, confirm_met, withdraw_need
from careweb.flows.timing import time_out_ask
from careweb.storage.database import driver
from tests.flows.herd import ask_everybody
from tests.world import NEED, VAULT, World


@pytest.fixture
async def helper(world: World) -> MemberId:
    return await world.helper(await world.group(), address="wing@example.org")


async def asked(world: World, helper: MemberId, **changes: Any) -> tuple[NeedId, AskId]:
    group = await world.one("SELECT group_id FROM membership WHERE member_id = $1", helper)
    need = await world.need(group, **changes)
    await world.match(need)
    return need, await world.ask_of(need, helper)


async def match_of(world: World, need: NeedId) -> MatchId:
    return MatchId(await world.one("SELECT id FROM match WHERE need_id = $1 ORDER BY accepted_at DESC LIMIT 1", need))


async def test_a_yes_connects_two_who_wanted_whoever_accepts(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper)
    assert await accept(world.ctx, ask, helper) is Answer.ACCEPTED
    seen = await follow(world.ctx, need)
    assert seen.state == "matched"
    assert [(m.helper_name, m.helper_contact) for m in seen.matches] == [("Wing", "wing@example.org")]
    assert "deliver_notice" in await world.owed()


async def test_the_yes_that_ends_it_tells_many_with_as_few_statements_as_one(world: World) -> None:
    """Whoever says yes at the same moment waits for it."""
    statements: list[int] = []
    group = await world.group()
    for others in (1, 30):
        helpers = [await world.helper(group) for _ in range(1 + others)]
        need = await world.need(group)
        await ask_everybody(world, need, helpers)
        await world.rows("UPDATE ask SET sent_at = now(), state = 'sent' WHERE need_id = $1", need)
        heard: list[object] = []
        connection = await driver(world.tx)
        connection.add_query_logger(heard.append)
        assert await accept(world.ctx, await world.ask_of(need, helpers[0]), helpers[0]) is Answer.ACCEPTED
        connection.remove_query_logger(heard.append)
        statements.append(len(heard))
        covered = "SELECT count(*) FROM notice k JOIN ask a ON a.id = k.subject WHERE k.kind = 'ask_covered' AND a.need_id = $1 AND a.state = 'covered'"
        assert await world.one(covered, need) == others
        assert not await world.one("SELECT count(*) FROM promise p JOIN ask a ON a.id = p.subject WHERE p.job = 'time_out_ask' AND a.need_id = $1", need)  # fmt: skip
        await world.rows("UPDATE offer SET state = 'paused' WHERE member_id = ANY ($1)", helpers)
    assert statements[0] == statements[1]


async def test_who_says_twice_that_they_cannot_opens_one_slot(world: World) -> None:
    """A page that finds it done already says so, and commits: by then nothing else may have happened."""
    group = await world.group()
    helpers = [await world.helper(group) for _ in range(2)]
    need = await world.need(group, helpers=2)
    await ask_everybody(world, need, helpers)
    for helper in helpers:
        await accept(world.ctx, await world.ask_of(need, helper), helper)
    match = await world.one("SELECT id FROM match WHERE need_id = $1 AND member_id = $2", need, helpers[0])
    await cannot(world.ctx, match, helpers[0])
    with pytest.raises(NotNowError):
        await cannot(world.ctx, match, helpers[0])
    assert await world.one("SELECT filled FROM need WHERE id = $1", need) == 1


async def test_the_same_yes_twice_is_one_yes(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper, helpers=2)
    assert [await accept(world.ctx, ask, helper) for _ in range(2)] == [Answer.ACCEPTED] * 2
    assert await world.one("SELECT filled FROM need WHERE id = $1", need) == 1


async def test_no_contact_before_the_second_yes(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper, see_first=True)
    assert await accept(world.ctx, ask, helper) is Answer.AWAITING_ASKER
    (seen,) = (await follow(world.ctx, need)).matches
    assert (seen.state, seen.helper_name, seen.helper_contact) == (MatchState.AWAITING_ASKER, "Wing", "")
    theirs = await helper_side(world.ctx, seen.id, helper)
    assert (theirs.asker_name, theirs.asker_contact, theirs.text) == ("", "", "")
    await choose(world.ctx, need, seen.id, yes=True)
    (seen,) = (await follow(world.ctx, need)).matches
    assert seen.helper_contact == "wing@example.org"
    assert (await helper_side(world.ctx, seen.id, helper)).text == "Rice and greens"


async def test_an_asker_who_says_no_gets_the_slot_back_and_the_helper_their_week(
    world: World, helper: MemberId
) -> None:
    need, ask = await asked(world, helper, see_first=True)
    await accept(world.ctx, ask, helper)
    (seen,) = (await follow(world.ctx, need)).matches
    await choose(world.ctx, need, seen.id, yes=False)
    assert await world.rows("SELECT state, filled FROM need WHERE id = $1", need) == [("open", 0)]
    assert await world.one("SELECT task_times FROM member WHERE id = $1", helper) == []
    assert (await follow(world.ctx, need)).matches[0].helper_name == ""


async def test_a_late_yes_finds_a_kind_answer_when_the_slot_is_taken(world: World, helper: MemberId) -> None:
    group = await world.one("SELECT group_id FROM membership WHERE member_id = $1", helper)
    slower = await world.helper(group)
    need, ask = await asked(world, helper)
    late = await world.ask_of(need, slower)
    await accept(world.ctx, ask, helper)
    assert await accept(world.ctx, late, slower) is Answer.COVERED
    assert await world.one("SELECT count(*) FROM match WHERE need_id = $1", need) == 1


async def test_a_yes_beyond_the_week_is_refused_and_nothing_of_it_happened(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, per_week=1)
    calm, urgent = await world.need(group, due_in=100), await world.need(group)
    for need in (calm, urgent):
        await world.match(need)
    await accept(world.ctx, await world.ask_of(urgent, helper), helper)
    late = await world.ask_of(calm, helper)
    savepoint = await world.tx.begin_nested()
    with pytest.raises(AtCapacityError):
        await accept(world.ctx, late, helper)
    await savepoint.rollback()
    assert await world.rows("SELECT state, filled FROM need WHERE id = $1", calm) == [("open", 0)]


async def test_an_ask_is_invisible_to_another_volunteer(world: World, helper: MemberId) -> None:
    group = await world.one("SELECT group_id FROM membership WHERE member_id = $1", helper)
    need, ask = await asked(world, helper)
    outsider = await world.helper(group)
    with pytest.raises(NotHereError):
        await view_ask(world.ctx, ask, outsider)
    with pytest.raises(NotHereError):
        await accept(world.ctx, ask, outsider)
    assert await decline(world.ctx, ask, outsider) is False
    assert await world.one("SELECT state FROM ask WHERE id = $1", ask) == "planned"
    assert need


@pytest.mark.parametrize(("allowed", "text"), [(False, ""), (True, "Rice and greens")])
async def test_free_text_is_shown_to_the_asked_volunteer_only_if_the_asker_ticked_that(
    world: World, helper: MemberId, allowed: bool, text: str
) -> None:
    _, ask = await asked(world, helper, show_text=allowed)
    assert (await view_ask(world.ctx, ask, helper)).text == text
    assert (await view_ask(world.ctx, ask, None)).text == ""


async def test_the_short_code_of_the_message_stands_for_its_reader_five_times(world: World, helper: MemberId) -> None:
    _, ask = await asked(world, helper)
    code = VAULT.digits("ask", ask, 4)
    wrong = f"{(int(code) + 1) % 10000:04d}"
    assert await who_holds(world.ctx, ask, code) == helper
    for _ in range(5):
        assert await who_holds(world.ctx, ask, wrong) is None
    assert await who_holds(world.ctx, ask, code) is None


async def test_i_cannot_after_all_opens_the_slot_and_asks_again(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper)
    await accept(world.ctx, ask, helper)
    await cannot(world.ctx, await match_of(world, need), helper)
    assert await world.rows("SELECT state, filled FROM need WHERE id = $1", need) == [("open", 0)]
    assert "match_need" in await world.owed()
    with pytest.raises(NotHereError):
        await helped(world.ctx, await match_of(world, need), MemberId(need))


async def test_done_by_the_helper_meets_the_need(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper)
    await accept(world.ctx, ask, helper)
    await helped(world.ctx, await match_of(world, need), helper)
    assert await world.one("SELECT state FROM need WHERE id = $1", need) == "met"


async def test_it_did_not_happen_opens_the_slot_even_after_the_helper_said_done(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper)
    await accept(world.ctx, ask, helper)
    match = await match_of(world, need)
    await helped(world.ctx, match, helper)
    await missed(world.ctx, need, match)
    assert await world.rows("SELECT state, filled, closed_at FROM need WHERE id = $1", need) == [("open", 0, None)]
    assert {"match_need", "expire_need"} <= await world.owed()
    assert "purge_need" not in await world.owed()


async def test_it_is_done_by_the_asker_meets_the_need_and_covers_what_is_out(world: World, helper: MemberId) -> None:
    group = await world.one("SELECT group_id FROM membership WHERE member_id = $1", helper)
    other = await world.helper(group)
    need, ask = await asked(world, helper, helpers=2)
    await accept(world.ctx, ask, helper)
    await confirm_met(world.ctx, need)
    assert await world.one("SELECT state FROM match WHERE need_id = $1", need) == "done"
    assert await world.one("SELECT state FROM ask WHERE member_id = $1", other) == "cancelled"
    assert "purge_need" in await world.owed()


async def test_withdrawing_tells_the_helper_and_gives_their_week_back(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper)
    await accept(world.ctx, ask, helper)
    await withdraw_need(world.ctx, need)
    assert await world.one("SELECT state FROM match WHERE need_id = $1", need) == "fell_through"
    assert await world.one("SELECT task_times FROM member WHERE id = $1", helper) == []
    assert await world.one("SELECT count(*) FROM notice WHERE kind = 'need_ended' AND member_id = $1", helper) == 1
    assert await accept(world.ctx, ask, helper) is Answer.OVER


async def test_it_is_done_frees_who_said_yes_and_was_not_chosen(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper, see_first=True)
    await accept(world.ctx, ask, helper)
    await confirm_met(world.ctx, need)
    assert await world.one("SELECT state FROM match WHERE need_id = $1", need) == "fell_through"
    assert await world.one("SELECT task_times FROM member WHERE id = $1", helper) == []
    assert "lapse_match" not in await world.owed()


async def suspended(world: World, helper: MemberId) -> None:
    group = await world.one("SELECT group_id FROM membership WHERE member_id = $1", helper)
    await suspend(world.ctx, group, helper, by=None, note="a reason")


async def test_a_suspended_volunteer_can_neither_accept_late_nor_read(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper, show_text=True)
    world.later(minutes=31)
    await time_out_ask(world.ctx, ask)
    await suspended(world, helper)
    assert (await view_ask(world.ctx, ask, helper)).text == ""
    assert await accept(world.ctx, ask, helper) is Answer.OVER
    assert await world.one("SELECT count(*) FROM match WHERE need_id = $1", need) == 0


async def test_a_late_yes_counts_while_the_need_is_what_it_was(world: World, helper: MemberId) -> None:
    _, ask = await asked(world, helper)
    world.later(minutes=31)
    await time_out_ask(world.ctx, ask)
    assert await accept(world.ctx, ask, helper) is Answer.ACCEPTED


async def test_a_late_yes_to_a_need_that_changed_is_over(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper)
    world.later(minutes=31)
    await time_out_ask(world.ctx, ask)
    await change_need(world.ctx, need, replace(NEED, needed_by=world.now + timedelta(days=1), category="childcare"))
    assert await accept(world.ctx, ask, helper) is Answer.OVER


@pytest.mark.parametrize("what", ["UPDATE offer SET state = 'ended'", "INSERT INTO apart"])
async def test_nobody_accepts_with_an_ended_offer_or_across_a_block(world: World, helper: MemberId, what: str) -> None:
    need, ask = await asked(world, helper, contact=read_contact("po@example.org"))
    if what.startswith("INSERT"):
        what += (
            " SELECT least(n.contact_index, m.contact_index), greatest(n.contact_index, m.contact_index), 'block', now() "
            "FROM need n, member m"
        )
    await world.rows(what)
    savepoint = await world.tx.begin_nested()
    with pytest.raises(NotNowError):
        await accept(world.ctx, ask, helper)
    await savepoint.rollback()
    assert need


@pytest.mark.parametrize("see_first", [True, False])
async def test_suspension_takes_back_what_somebody_agreed_to(world: World, helper: MemberId, see_first: bool) -> None:
    need, ask = await asked(world, helper, see_first=see_first, contact=read_contact("po@example.org"))
    await accept(world.ctx, ask, helper)
    match = await match_of(world, need)
    await suspended(world, helper)
    assert await world.rows("SELECT state, filled FROM need WHERE id = $1", need) == [("open", 0)]
    side = await helper_side(world.ctx, match, helper)
    assert (side.asker_name, side.asker_contact, side.text) == ("", "", "")
    assert await world.one("SELECT count(*) FROM notice WHERE kind = 'fell_through' AND need_id = $1", need) == 1
    if see_first:
        with pytest.raises(NotNowError):
            await choose(world.ctx, need, match, yes=True)


async def test_who_was_let_down_after_their_day_gets_as_long_again(world: World, helper: MemberId) -> None:
    need, ask = await asked(world, helper)
    await accept(world.ctx, ask, helper)
    world.later(hours=60)
    await missed(world.ctx, need, await match_of(world, need))
    seen = await follow(world.ctx, need)
    assert (seen.state, seen.needed_by) == ("open", world.now + timedelta(hours=48))
    await world.helper(await world.one("SELECT group_id FROM need WHERE id = $1", need))
    await world.match(need)
    assert len(await world.asks(need)) == 2
