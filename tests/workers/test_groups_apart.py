"""A need and an offer that two groups share, from the first mail to the last, as the roles of the application alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from careweb.domain.contacts import read_email
from careweb.domain.errors import NotHereError, NotNowError
from careweb.domain.reviews import Action, Cause
from careweb.domain.states import Reach, Role
from careweb.flows.apart import keep_apart
from careweb.flows.asks import Answer, accept
from careweb.flows.board import need_for_staff
from careweb.flows.context import Context
from careweb.flows.entering import act_for, act_in, enter
from careweb.flows.following import follow
from careweb.flows.groups import grant_role, helpers, suspend
from careweb.flows.matches import helper_side
from careweb.flows.members import forget_member
from careweb.flows.offers import my_page
from careweb.flows.reports import Said, report_asker, report_helper
from careweb.flows.reviewing import decide_review, review_of, reviews
from careweb.flows.signin import add_member
from careweb.storage.database import Engine, run, transaction
from tests.servers import MailSink
from tests.workers.shop import do_all_due, fetch
from tests.world import committed
from workers.workshop import Workshop

LIN, PO = "lin@example.org", "po@example.org"
BLOCK = Said(cause=Cause.OTHER, block=True)


@asynccontextmanager
async def page(workshop: Workshop) -> AsyncIterator[Context]:
    """As a page of the web has it: of nobody and no group yet."""
    async with transaction(workshop.groups) as tx:
        yield Context(tx=tx, vault=workshop.vault, settings=workshop.settings, now=datetime.now(UTC))


@pytest.fixture
async def shared(workshop: Workshop, engine: Engine) -> dict[str, Any]:
    """A helper of `west` and a need of `east`, both shared with the alliance; matched by the workers, and accepted."""
    async with committed(engine, datetime.now(UTC)) as world:
        east, west = await world.group("east"), await world.group("west")
        lin = await world.helper(west, name="Lin", address=LIN, reach=Reach.ALLIANCE)
        need = await world.need(east, reach=Reach.ALLIANCE, contact=read_email(PO), text="Rice")
    assert {outcome for _, outcome in await do_all_due(workshop)} <= {"done", "sent"}
    ask = (await fetch(engine, "SELECT id FROM ask"))[0]["id"]
    async with page(workshop) as ctx:
        await act_for(ctx, lin)
        await enter(ctx, ask)
        assert await accept(ctx, ask, lin) is Answer.ACCEPTED
    assert {outcome for _, outcome in await do_all_due(workshop)} <= {"done", "sent"}
    match = (await fetch(engine, "SELECT id FROM match"))[0]["id"]
    return {"east": east, "west": west, "lin": lin, "need": need, "ask": ask, "match": match}


async def test_two_who_share_are_brought_together(shared: dict[str, Any], workshop: Workshop, smtp: MailSink) -> None:
    assert len(smtp.to(LIN)) == 3, "admitted, asked, connected"
    assert len(smtp.to(PO)) == 2, "posted, then connected"
    async with page(workshop) as ctx:
        await enter(ctx, shared["need"])
        [helper] = (await follow(ctx, shared["need"])).matches
        assert (helper.helper_name, helper.helper_contact) == ("Lin", LIN)
    async with page(workshop) as ctx:
        await act_for(ctx, shared["lin"])
        mine = await my_page(ctx, shared["lin"])
        assert ([row["category"] for row in mine.matches], len(mine.offers), len(mine.asks)) == (["groceries"], 1, 1)
        side = await helper_side(ctx, shared["match"], shared["lin"])
        assert (side.asker_name, side.asker_contact, side.text) == ("Po", PO, "Rice")


async def test_the_need_s_group_sees_who_came_and_the_other_group_sees_no_need(
    shared: dict[str, Any], workshop: Workshop
) -> None:
    async with page(workshop) as ctx:
        await act_in(ctx, "east")
        view = await need_for_staff(ctx, shared["east"], shared["need"])
        assert view.need.name == "Po"
        assert await helpers(ctx, shared["west"]) == []
    async with page(workshop) as ctx:
        await act_in(ctx, "west")
        assert [one.name for one in await helpers(ctx, shared["west"])] == ["Lin"]
        with pytest.raises(NotHereError):
            await follow(ctx, shared["need"])


async def test_a_group_that_suspends_its_helper_takes_back_what_they_agreed_to_elsewhere(
    shared: dict[str, Any], workshop: Workshop, engine: Engine, smtp: MailSink
) -> None:
    async with page(workshop) as ctx:
        await act_in(ctx, "west")
        await suspend(ctx, shared["west"], shared["lin"], by=None, note="")
    assert {outcome for _, outcome in await do_all_due(workshop)} <= {"done", "sent"}
    assert [row["state"] for row in await fetch(engine, "SELECT state FROM match")] == ["fell_through"]
    assert [row["state"] for row in await fetch(engine, "SELECT state FROM need")] == ["open"]
    assert len(smtp.to(PO)) == 3, "and the asker is told"


async def test_a_helper_who_leaves_for_good_leaves_both_groups(
    shared: dict[str, Any], workshop: Workshop, engine: Engine
) -> None:
    async with committed(engine, datetime.now(UTC)) as world:
        own = await world.need(shared["west"], member=shared["lin"])
    async with page(workshop) as ctx:
        await act_for(ctx, shared["lin"])
        await forget_member(ctx, shared["lin"])
    assert {outcome for _, outcome in await do_all_due(workshop)} <= {"done", "sent"}
    assert await fetch(engine, "SELECT 1 FROM data_key WHERE id = ANY ($1)", [own, shared["lin"]]) == []
    assert await fetch(engine, "SELECT 1 FROM need WHERE member_id = $1", shared["lin"]) == []
    assert [row["state"] for row in await fetch(engine, "SELECT state FROM match")] == ["fell_through"]


@pytest.mark.parametrize("who", ["the asker", "the helper"])
async def test_a_block_in_one_group_ends_what_the_two_have_in_another(
    shared: dict[str, Any], workshop: Workshop, engine: Engine, smtp: MailSink, who: str
) -> None:
    """Of an asker with an account that no group knows: their next needs, by code alone, are posted to the other group."""
    async with committed(engine, datetime.now(UTC)) as world:
        account = await add_member(
            world.ctx, read_email(PO), locale="en", time_zone="America/Toronto", confirmed=True, name="Po", per_week=5
        )
        agreed = await world.need(shared["west"], member=account, text="agreed")
        await world.match(agreed)
        await accept(world.ctx, await world.ask_of(agreed, shared["lin"]), shared["lin"])
        asked = await world.need(shared["west"], member=account, text="asked", due_in=100)
        await world.match(asked)
        ask = await world.ask_of(asked, shared["lin"])
    async with page(workshop) as ctx:
        if who == "the helper":
            await act_for(ctx, shared["lin"])
            await enter(ctx, shared["match"])
            await report_asker(ctx, shared["match"], shared["lin"], BLOCK)
        else:
            await enter(ctx, shared["need"])
            await report_helper(ctx, shared["need"], shared["match"], BLOCK)
    matches = await fetch(engine, "SELECT state, ended_by FROM match WHERE need_id = $1", agreed)
    assert [tuple(row.values()) for row in matches] == [("fell_through", "coordinator")]
    assert [row["state"] for row in await fetch(engine, "SELECT state FROM ask WHERE id = $1", ask)] == ["cancelled"]

    async def answer() -> Answer:
        async with page(workshop) as ctx:
            await act_for(ctx, shared["lin"])
            await enter(ctx, ask)
            return await accept(ctx, ask, shared["lin"])

    assert await answer() is Answer.OVER
    async with committed(engine, datetime.now(UTC)) as world:
        await world.rows("UPDATE ask SET state = 'sent' WHERE id = $1", ask)
    with pytest.raises(NotNowError):
        await answer()
    async with committed(engine, datetime.now(UTC)) as world:
        await world.rows("UPDATE ask SET state = 'cancelled' WHERE id = $1", ask)
        third = await world.need(shared["west"], member=account, text="a third", due_in=100)
    assert {outcome for _, outcome in await do_all_due(workshop)} <= {"done", "sent", "obsolete"}
    assert await fetch(engine, "SELECT 1 FROM ask WHERE need_id = $1", third) == [], "the matcher asks nobody either"
    told = await fetch(
        engine, "SELECT kind FROM notice WHERE subject IN (SELECT id FROM match WHERE need_id = $1)", agreed
    )
    assert {row["kind"] for row in told} >= {"need_ended"}


async def test_the_helpers_group_may_let_two_together_whose_need_is_another_groups(
    shared: dict[str, Any], workshop: Workshop, engine: Engine
) -> None:
    two = {"need_id": shared["need"], "member_id": shared["lin"]}
    async with page(workshop) as ctx:
        await enter(ctx, shared["need"])
        await keep_apart(ctx, shared["need"], shared["lin"], "keep_apart")
    assert len(await fetch(engine, "SELECT 1 FROM apart")) == 1
    async with page(workshop) as ctx:
        await act_in(ctx, "west")
        await run(ctx.tx, "let_together", **two)
    assert await fetch(engine, "SELECT 1 FROM apart") == []


async def test_a_report_about_a_volunteer_is_judged_by_their_group_though_the_need_is_anothers(
    shared: dict[str, Any], workshop: Workshop, engine: Engine
) -> None:
    async with committed(engine, datetime.now(UTC)) as world:
        judge = await grant_role(world.ctx, shared["west"], read_email("jo@example.org"), Role.COORDINATOR, name="Jo")
    async with page(workshop) as ctx:
        await enter(ctx, shared["need"])
        await report_helper(ctx, shared["need"], shared["match"], Said(cause=Cause.UNKIND))
    async with page(workshop) as ctx:
        await act_for(ctx, judge)
        await act_in(ctx, "west")
        (waiting,) = await reviews(ctx, shared["west"], judge)
        found = await review_of(ctx, shared["west"], judge, waiting.id)
        assert (found.category, found.helper, found.asker, found.own_need) == ("groceries", "Lin", "", False)
        await decide_review(ctx, shared["west"], judge, found.id, Action.RELEASED, "I called both of them")
    assert await fetch(engine, "SELECT 1 FROM apart") == []


async def test_an_unknown_subject_gives_a_job_no_rows(workshop: Workshop, shared: dict[str, Any]) -> None:
    async with workshop.begin_for(
        shared["lin"]
    ) as ctx:  # the id of a person is none of a need, ask, match, offer or notice
        with pytest.raises(NotHereError):
            await follow(ctx, shared["need"])
