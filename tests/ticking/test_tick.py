"""A tick over a small market: claims, asks, promises, and what it leaves alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from careweb.domain.contacts import by_code, read_email
from careweb.domain.ids import MemberId, NeedId
from careweb.flows import ticking
from careweb.flows.apart import keep_apart
from careweb.flows.asks import accept, decline
from careweb.flows.groups import suspend
from careweb.flows.needs import confirm_met, withdraw_need
from careweb.flows.offers import rest
from careweb.flows.timing import purge_need
from careweb.storage.database import run
from tests.ticking.conftest import claims, here, tick_now
from tests.world import NORTH_YORK, World

MEDIUM = 5 * 24.0  # hours
LOW = 20 * 24.0


async def test_a_tick_claims_and_asks_in_one_go(world: World) -> None:
    helper = await world.helper(group := await world.group())
    need = await world.need(group)
    ticked = await tick_now(world)
    assert (ticked.needs, ticked.people, ticked.asked, ticked.fresh) == (1, 1, 1, 1)
    assert ticked.gap < 1e-9
    assert await claims(world) == {(need, helper)}
    assert await world.asked(need) == {helper}
    (ask,) = await world.rows("SELECT * FROM ask")
    assert (ask["state"], ask["wave"], ask["urgent"]) == ("planned", 1, True)
    assert ask["terms"]["claimed"] is True
    assert {"deliver_notice", "time_out_ask", "match_need"} <= await world.owed()
    assert await world.one("SELECT count(*) FROM need_event WHERE kind = 'wave'") == 1
    assert await world.one("SELECT waves FROM need") == 1
    assert await world.one("SELECT cardinality(ask_times) FROM member WHERE id = $1", helper) == 1


ASKED = "SELECT member_id, offer_id, group_id, language, round, wave, urgent, times_out_at, terms - 'claimed' AS terms FROM ask"


async def test_a_tick_asks_as_a_worker_would_have(world: World) -> None:
    group = await world.group()
    for spoken in (("yue",), ("yue", "en"), ("en",)):
        await world.helper(group, languages=spoken, zone_code=NORTH_YORK, radius_km=30)
    need = await world.need(group, languages=("yue", "en"))
    savepoint = await world.tx.begin_nested()
    await world.match(need)
    by_worker = await world.rows(ASKED)
    await savepoint.rollback()
    await tick_now(world)
    assert len(by_worker) == 3
    assert sorted(by_worker, key=str) == sorted(await world.rows(ASKED), key=str)


async def test_the_next_tick_unsends_nothing_and_asks_nobody_twice(world: World) -> None:
    group = await world.group()
    for _ in range(8):
        await world.helper(group)
    need = await world.need(group, due_in=MEDIUM)
    first = await tick_now(world)
    assert first.asked > 0
    before = await world.rows("SELECT id, state FROM ask ORDER BY id")
    world.later(minutes=1)
    assert (await tick_now(world)).asked == 0
    assert await world.rows("SELECT id, state FROM ask ORDER BY id") == before
    assert await claims(world) & {(need, member) for member in await world.asked(need)} == set(), (
        "the slot stays open, whoever is asked leaves"
    )
    assert len(await claims(world)) == 1


async def _with_a_wave_to_come(world: World, due_in: float) -> None:
    """Somebody is asked, and not likely to say yes: more are to be asked as soon as a wave is due."""
    group = await world.group()
    for _ in range(20):
        await world.helper(group)
    await world.need(group, due_in=due_in)
    assert (await tick_now(world)).asked > 0
    await world.one("UPDATE ask SET terms = jsonb_set(terms, '{chance}', '0.01')")


async def _asked_if_due_in(world: World, seconds: int) -> int:
    due_at = world.now + timedelta(seconds=seconds)
    await world.one("UPDATE promise SET due_at = $1 WHERE job = 'match_need'", due_at)
    return (await tick_now(world)).asked


async def test_a_wave_due_before_the_next_tick_is_planned_by_this_one(world: World) -> None:
    await _with_a_wave_to_come(world, MEDIUM)
    assert await _asked_if_due_in(world, 61) == 0
    assert await _asked_if_due_in(world, 59) > 0


async def test_an_urgent_wave_is_not_early(world: World) -> None:
    await _with_a_wave_to_come(world, 24)
    assert await _asked_if_due_in(world, 1) == 0
    assert await _asked_if_due_in(world, 0) > 0


async def test_a_need_that_nobody_could_serve_is_left_to_its_worker(world: World) -> None:
    need = await world.need(await world.group())
    ticked = await tick_now(world)
    assert (ticked.needs, ticked.people, ticked.asked) == (1, 0, 0)
    assert await world.one("SELECT exhausted_at IS NULL FROM need WHERE id = $1", need)
    assert "match_need" in await world.owed()


async def test_nobody_is_asked_twice_by_one_tick(world: World) -> None:
    group = await world.group()
    helpers = [await world.helper(group) for _ in range(3)]
    needs = [await world.need(group, due_in=due) for due in (24, 30, MEDIUM, LOW)]
    await tick_now(world)
    asks = [member for need in needs for member in await world.asked(need)]
    assert sorted(asks) == sorted(helpers)


async def test_a_person_is_one_person_whatever_they_offer(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group, per_week=1)
    await world.offer(group, helper, categories=("meals",))
    await world.need(group)
    await world.need(group, category="meals")
    ticked = await tick_now(world)
    assert ticked.people == 1
    assert len(await claims(world)) == 1
    assert await world.one("SELECT sum(open) - sum(planned) FROM market_class") == 1


async def test_a_markets_classes_are_counts_and_the_next_tick_makes_them_anew(world: World) -> None:
    group = await world.group()
    await world.helper(group)
    need = await world.need(group)

    async def classes() -> list[tuple[str, int]]:
        rows = await world.rows("SELECT * FROM market_class")
        assert {name: type(value) for row in rows for name, value in row.items()}.items() <= {
            "market": str, "tier": str, "community": str, "asked": int, "served": int, "open": int, "planned": int,
        }.items()  # fmt: skip
        return [(row["community"], row["open"]) for row in rows]

    await tick_now(world)
    assert [open_ for _, open_ in await classes()] == [1]
    await withdraw_need(world.ctx, need)
    await tick_now(world)
    assert await classes() == [], "of what is over nothing is left"


async def test_who_has_an_ask_is_in_no_plan(world: World) -> None:
    group = await world.group()
    await world.helper(group)
    await world.match(await world.need(group, due_in=24))
    await world.need(group, due_in=MEDIUM)
    ticked = await tick_now(world)
    assert (ticked.people, await claims(world)) == (0, set())


async def test_the_worst_served_community_comes_first(world: World) -> None:
    """Three can be helped. Nobody asked in Tamil before; of those who asked in Cantonese half were served."""
    group = await world.group()
    for _ in range(3):
        await world.helper(group, per_week=1, languages=("yue", "ta"))
    for language, needs in (("yue", 6), ("ta", 2)):
        for _ in range(needs):
            await world.need(group, languages=(language,))
    await tick_now(world)
    rows = await world.rows("SELECT community, planned FROM market_class")
    assert {row["community"].split()[0]: row["planned"] for row in rows} == {"yue": 2, "ta": 1}
    assert {row["community"] for row in rows} == {"yue toronto", "ta toronto"} or all(
        " " in row["community"] for row in rows
    )


async def test_a_tick_sees_more_than_its_first_short_lists(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With lists of one, everybody is on somebody's list only after some have grown."""
    monkeypatch.setattr(ticking, "SHORT", 1)
    group = await world.group()
    helpers = [await world.helper(group, per_week=1) for _ in range(5)]
    needs = [await world.need(group) for _ in range(5)]
    await tick_now(world)
    found = await claims(world)
    assert {need for need, _ in found} == set(needs)
    assert {member for _, member in found} == set(helpers)


async def test_a_low_need_is_planned_as_medium_after_a_week(world: World) -> None:
    group = await world.group()
    old = await world.need(group, due_in=30 * 24)
    world.later(days=8)
    await world.helper(group, per_week=1)
    await world.need(group, due_in=30 * 24)
    await tick_now(world)
    assert {need for need, _ in await claims(world)} == {old}
    assert await world.one("SELECT tier FROM claim") == "medium"


async def test_claims_of_a_need_keep_others_from_asking(world: World) -> None:
    group = await world.group()
    for _ in range(2):
        await world.helper(group, per_week=1)
    planned = await world.need(group, due_in=MEDIUM, helpers=2)
    await world.one("UPDATE promise SET due_at = due_at + interval '1 day' WHERE job = 'match_need'")
    await world.one("UPDATE member SET quiet_from = 0, quiet_until = 23, urgent_any_hour = true")
    await tick_now(world)
    assert len(await claims(world)) == 2
    await world.one("UPDATE member SET quiet_from = 0, quiet_until = 0")
    late = await world.need(group, due_in=MEDIUM)
    await world.match(late)
    assert await world.asked(late) == set(), "both are claimed by a need of the same tier"
    urgent = await world.need(group, due_in=24)
    await world.match(urgent)
    assert len(await world.asked(urgent)) > 0, "an urgent need goes before"
    await world.match(planned)
    assert len(await world.asked(planned)) == 2


async def test_claims_of_a_solver_that_stopped_keep_nobody(world: World) -> None:
    group = await world.group()
    await world.helper(group, per_week=1)
    await world.need(group, due_in=MEDIUM)
    await world.one("UPDATE member SET quiet_from = 0, quiet_until = 23")
    await tick_now(world)
    await world.one("UPDATE member SET quiet_from = 0, quiet_until = 0")
    assert len(await claims(world)) == 1
    late = await world.need(group, due_in=MEDIUM)
    world.later(minutes=20)
    await world.match(late)
    assert len(await world.asked(late)) == 1


async def test_who_claims_somebody_nobody_asked_yet_is_asked_at_the_next_tick(world: World) -> None:
    """A need found nobody to ask when it came; the tick after somebody is free does not wait for its next wave."""
    group = await world.group()
    helper = await world.helper(group)
    first = await world.need(group, due_in=MEDIUM)
    await world.match(first)
    second = await world.need(group, due_in=MEDIUM, category="groceries")
    await world.match(second)
    assert await world.asked(second) == set()
    await decline(world.ctx, await world.ask_of(first, helper), helper)
    world.later(minutes=1)
    await tick_now(world)
    assert await world.asked(second) == {helper}


async def test_what_is_carried_over_outlives_forgetting(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    met, closed = await world.need(group), await world.need(group, languages=("ta",))
    await world.match(met)
    await accept(world.ctx, await world.ask_of(met, helper), helper)
    await confirm_met(world.ctx, met)
    await withdraw_need(world.ctx, closed)

    async def carried() -> set[tuple[Any, ...]]:
        zones = [row["code"] for row in await world.rows("SELECT code FROM zone")]
        rows = await run(world.tx, "carried_slots", zones=zones, now=world.now)
        return {(row["language"], row["asked"], row["served"]) for row in rows}

    before = await carried()
    assert before == {("yue", 1, 1), ("ta", 1, 0)}
    world.later(days=15)
    await purge_need(world.ctx, met)
    await purge_need(world.ctx, closed)
    assert await world.one("SELECT count(*) FROM need WHERE purged_at IS NULL") == 0
    assert await carried() == before
    world.later(days=14)
    assert await carried() == set(), "four weeks are over"


async def test_each_market_is_solved_by_itself(world: World) -> None:
    """Toronto and Vancouver: by province. Who is at home in one helps there."""
    world.settings = world.settings.model_copy(update={"market_regions": "provinces"})
    group = await world.group()
    east = await world.helper(group)
    west = await world.helper(group, zone_code="V5H")
    in_east, in_west = await world.need(group), await world.need(group, zone_code="V5H")
    await ticking.keep_markets(world.ctx)
    done = set()
    while market := await ticking.due_market(world.ctx):
        ticked = await ticking.tick(world.ctx, market, aside=here, clock=lambda: world.now)
        done.add((ticked.market, ticked.needs, ticked.people, ticked.asked))
    assert {("ON", 1, 1, 1), ("BC", 1, 1, 1), ("QC", 0, 0, 0)} <= done
    assert await claims(world) == {(in_east, east), (in_west, west)}


async def test_remote_help_belongs_to_the_market_at_home(world: World) -> None:
    world.settings = world.settings.model_copy(update={"market_regions": "provinces"})
    group = await world.group()
    west = await world.helper(group, zone_code="V5H", categories=("translation",))
    need = await world.need(group, category="translation")
    await ticking.keep_markets(world.ctx)
    while market := await ticking.due_market(world.ctx):
        await ticking.tick(world.ctx, market, aside=here, clock=lambda: world.now)
    assert await claims(world) == set()
    assert await world.asked(need) == {west}, "nobody at home claims them, so they may be asked all the same"


async def test_markets_of_an_earlier_split_are_forgotten(world: World) -> None:
    await tick_now(world)
    world.settings = world.settings.model_copy(update={"market_regions": "provinces"})
    await ticking.keep_markets(world.ctx)
    assert await world.one("SELECT count(*) FROM market WHERE slug = 'all'") == 0
    assert await world.one("SELECT count(*) FROM market") == 13


async def test_an_empty_market_ticks_without_a_solve(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.group()
    monkeypatch.setattr(ticking, "attempt", None)
    assert (await tick_now(world)).needs == 0
    assert await world.one("SELECT ticks FROM market") == 1


async def test_claims_that_move_are_counted(world: World) -> None:
    group = await world.group()
    near = await world.helper(group, per_week=1)
    await world.one("UPDATE member SET quiet_from = 0, quiet_until = 23")
    old = await world.need(group, due_in=LOW)
    assert (await tick_now(world)).moved == 0
    assert await claims(world) == {(old, near)}
    world.later(minutes=1)
    urgent = await world.need(group, due_in=24)
    assert (await tick_now(world)).moved == 1
    assert await claims(world) == {(urgent, near)}
    assert await world.one("SELECT (fresh, moved) = (2, 1) FROM market")


async def test_a_claim_stays_where_others_cost_the_same(world: World) -> None:
    group = await world.group()
    need = await world.need(group, due_in=LOW)
    offers = [await world.helper(group) for _ in range(12)]
    await world.one(
        "UPDATE member SET quiet_from = 0, quiet_until = 23"
    )  # nobody may be asked: a claim is all there is
    await tick_now(world)
    ((_, by_hash),) = await claims(world)
    for helper in set(offers) - {by_hash}:  # whoever the hash likes less was claimed before
        await world.one(
            "UPDATE claim SET member_id = $1, offer_id = (SELECT id FROM offer WHERE member_id = $1)", helper
        )
        assert (await tick_now(world)).moved == 0
        assert await claims(world) == {(need, helper)}


async def test_a_claim_moves_to_somebody_who_costs_less(world: World) -> None:
    group = await world.group()
    need = await world.need(group, due_in=LOW)
    before = await world.helper(group, per_week=4)
    await world.one("UPDATE member SET task_times = ARRAY[$1::timestamptz]", world.now)
    await world.one("UPDATE member SET quiet_from = 0, quiet_until = 23")
    await tick_now(world)
    assert await claims(world) == {(need, before)}
    cheaper = await world.helper(group, per_week=4)
    await world.one("UPDATE member SET quiet_from = 0, quiet_until = 23")
    assert (await tick_now(world)).moved == 1
    assert await claims(world) == {(need, cheaper)}


ASKER, HELPER = read_email("po@example.org"), read_email("wing@example.org")


async def _keep_apart(world: World, need: NeedId, helper: MemberId) -> None:
    await keep_apart(world.ctx, need, helper, "block")


async def _suspend(world: World, need: NeedId, helper: MemberId) -> None:
    group = await world.one("SELECT group_id FROM need WHERE id = $1", need)
    await suspend(world.ctx, group, helper, by=None, note="a reason")


CHANGES: dict[str, Callable[[World, Any, Any], Any]] = {
    "withdrawn": lambda world, need, _: withdraw_need(world.ctx, need),
    "matched by a worker": lambda world, need, _: world.match(need),
    "its helper has had enough asks": lambda world, _, helper: world.one("UPDATE member SET weekly_asks = 1, ask_times = ARRAY[$2::timestamptz] WHERE id = $1", helper, world.now),
    "its helper rests": lambda world, _, helper: rest(world.ctx, helper, world.now.date() + timedelta(days=9)),
    "its helper is suspended": _suspend,
    "the two are kept apart": _keep_apart,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
async def test_what_changed_while_it_solved_is_left_alone(world: World, change: str) -> None:
    group = await world.group()
    helper = await world.helper(group, address=HELPER.address)
    need = await world.need(group, contact=ASKER)
    await ticking.keep_markets(world.ctx)
    market = await ticking.due_market(world.ctx)
    assert market
    changed = False

    async def meanwhile(do: Callable[..., Any], *values: Any) -> Any:
        nonlocal changed
        result = do(*values)
        if do.__name__ == "plan" and not changed:
            changed = True
            await CHANGES[change](world, need, helper)
        return result

    ticked = await ticking.tick(world.ctx, market, aside=meanwhile, clock=lambda: world.now)
    assert changed
    assert ticked.asked == 0
    assert len(await world.asks(need)) == (1 if change == "matched by a worker" else 0)
    asks_counted = await world.one("SELECT cardinality(ask_times) FROM member WHERE id = $1", helper)
    assert asks_counted == (1 if change in {"matched by a worker", "its helper has had enough asks"} else 0)


async def test_a_tick_asks_nobody_for_an_account_that_is_kept_apart_whatever_contact_it_leaves(world: World) -> None:
    group = await world.group()
    helper, account = await world.helper(group), await world.helper(group, name="Po", languages=("fr",))
    before = await world.need(group, member=account)
    await keep_apart(world.ctx, before, helper, "block")
    later = [await world.need(group, member=account, contact=contact, due_in=LOW) for contact in (by_code(), ASKER)]
    theirs = await world.need(group, member=helper, languages=("fr",), due_in=LOW)
    await tick_now(world)
    assert [await world.asks(need) for need in (before, *later, theirs)] == [[], [], [], []]
    assert await claims(world) == set()
