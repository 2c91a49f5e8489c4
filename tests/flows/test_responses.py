"""What is remembered of how people answered, and what it does to whom is asked next."""

import json

import pytest

from careweb.domain.costs import cost_of_terms
from careweb.domain.ids import AskId, MemberId, NeedId
from careweb.domain.responses import Beta, chance_of_yes, ease
from careweb.domain.waves import REMOTE_DISTANCE
from careweb.flows.asks import Answer, accept, decline
from careweb.flows.matches import helped
from careweb.flows.matching import CANDIDATES_MOST
from careweb.flows.needs import withdraw_need
from careweb.flows.timing import time_out_ask
from careweb.flows.waves import waves_due
from careweb.storage.database import run
from tests.world import NORTH_YORK, World


async def history(world: World, member: MemberId) -> list[float]:
    """The ease of what they answered, and their yeses."""
    (row,) = await world.rows("SELECT asks_answered, asks_accepted FROM member WHERE id = $1", member)
    return [row["asks_answered"], row["asks_accepted"]]


async def eases(world: World, member: MemberId) -> list[float]:
    rows = await world.rows(
        "SELECT CAST(terms ->> 'ease' AS float8) AS ease FROM ask WHERE member_id = $1 ORDER BY ease DESC", member
    )
    return [row["ease"] for row in rows]


async def sent(world: World, ask: AskId) -> None:
    await run(world.tx, "ask_was_sent", id=ask, now=world.now)


async def test_a_yes_a_no_and_a_silence_are_counted_once_each(world: World) -> None:
    group = await world.group()
    helper = await world.helper(group)
    seen = []
    for answer in ("yes", "no", "silence"):
        need = await world.need(group)
        await world.match(need)
        ask = await world.ask_of(need, helper)
        for _ in range(2):  # a second time changes nothing
            if answer == "yes":
                assert await accept(world.ctx, ask, helper) is Answer.ACCEPTED
            elif answer == "no":
                await decline(world.ctx, ask, helper)
            else:
                await sent(world, ask)
                world.later(hours=1)
                await time_out_ask(world.ctx, ask)
        seen.append(await history(world, helper))
    first, second, third = await eases(world, helper)
    assert first > second > third > 0  # each was asked of somebody asked once more
    assert seen == [pytest.approx([ease, 1]) for ease in (first, first + second, first + second + third)]


@pytest.mark.parametrize("when", ["in time", "too late", "never"])
async def test_a_late_yes_makes_a_yes_of_the_silence(world: World, when: str) -> None:
    group = await world.group()
    helper = await world.helper(group)
    need = await world.need(group)
    await world.match(need)
    ask = await world.ask_of(need, helper)
    if when == "in time":
        await sent(world, ask)
    world.later(hours=1)
    await time_out_ask(world.ctx, ask)
    (once,) = await eases(world, helper)
    assert await history(world, helper) == pytest.approx(
        [once if when == "in time" else 0, 0]
    )  # not written to: no silence
    if when == "too late":
        world.later(hours=1)
        await sent(world, ask)
    assert await accept(world.ctx, ask, helper) is Answer.ACCEPTED
    assert await history(world, helper) == pytest.approx([once, 1])


async def test_what_was_covered_or_taken_back_says_nothing_about_anybody(world: World) -> None:
    group = await world.group()
    quick, slow = await world.helper(group), await world.helper(group)
    covered, withdrawn = await world.need(group), await world.need(group)
    await world.match(covered)
    await accept(world.ctx, await world.ask_of(covered, quick), quick)
    await world.match(withdrawn)
    await withdraw_need(world.ctx, withdrawn)
    assert await history(world, slow) == [0, 0]


@pytest.mark.parametrize("category", ["groceries", "forms"])
async def test_the_terms_of_an_ask_give_its_cost_and_its_chance_again(world: World, category: str) -> None:
    group = await world.group()
    helper = await world.helper(group, categories=(category,), languages=("cmn",), radius_km=15, per_week=3)
    earlier = await world.need(group, languages=("cmn",), category=category)
    await world.match(earlier)
    await accept(world.ctx, await world.ask_of(earlier, helper), helper)
    need = await world.need(group, zone_code=NORTH_YORK, languages=("yue", "cmn"), category=category)
    await world.match(need)
    terms = json.loads(await world.one("SELECT terms::text FROM ask WHERE need_id = $1", need))
    again = cost_of_terms(share=terms["share"], second_language=terms["second_language"], load=terms["used"])
    assert again.total == pytest.approx(terms["cost"], abs=1e-9)
    assert terms["cost"] > 0.25 + 0.14 / 3 - 1e-9  # a second language, and one task of three
    assert terms["cost"] == pytest.approx(terms["distance"] + terms["language"] + terms["load"], abs=1e-9)
    assert (terms["share"] is None) == (category == "forms")
    easy = ease(
        distance=REMOTE_DISTANCE if terms["share"] is None else terms["share"],
        second_language=terms["second_language"], asks_last_week=terms["asks_last_week"],
    )  # fmt: skip
    assert easy == pytest.approx(terms["ease"], abs=1e-9)
    chance = chance_of_yes(
        ease=easy, answered=terms["answered"], accepted=terms["accepted"], prior=Beta(**terms["prior"])
    )
    assert chance == pytest.approx(terms["chance"], abs=1e-9)


async def _helped_before(world: World, need: NeedId) -> dict[MemberId, bool]:
    rows = await world.rows(
        "SELECT member_id, CAST(terms ->> 'helped_before' AS boolean) AS known FROM ask WHERE need_id = $1", need
    )
    return {row["member_id"]: row["known"] for row in rows}


async def test_whoever_helped_this_asker_is_asked_first_the_next_time(world: World) -> None:
    group = await world.group()
    asker, stranger = [await world.helper(group, categories=("ride",)) for _ in range(2)]
    friend = await world.helper(group, radius_km=15)

    async def low_need(member: MemberId) -> NeedId:  # two asks at most
        need = await world.need(group, due_in=20 * 24, zone_code=NORTH_YORK, member=member)
        await world.match(need)
        return need

    first = await low_need(asker)
    await accept(world.ctx, await world.ask_of(first, friend), friend)
    await helped(world.ctx, await world.one("SELECT id FROM match WHERE need_id = $1", first), friend)
    for _ in range(3):
        await world.helper(group, zone_code=NORTH_YORK)  # nearer
    assert True not in (await _helped_before(world, await low_need(stranger))).values()
    assert (await _helped_before(world, await low_need(asker))).get(friend) is True


async def test_a_speaker_of_a_rare_language_is_left_out_of_a_common_need(world: World) -> None:
    group = await world.group()
    rare = await world.helper(group, languages=("yue", "yue-x-toisan"))
    for _ in range(10):
        await world.helper(group, zone_code=NORTH_YORK, radius_km=15)  # farther off
    common, theirs = await world.need(group, due_in=20 * 24), await world.need(group, languages=("yue-x-toisan",))
    await world.match(common)
    assert rare not in await world.asked(common)
    await world.match(theirs)
    assert await world.asked(theirs) == {rare}


async def test_a_need_with_time_asks_no_more_until_somebody_says_no_or_nothing_for_half_as_long_as_they_have(
    world: World,
) -> None:
    group = await world.group()
    for _ in range(40):
        await world.helper(group)
    need = await world.need(group, due_in=100)
    await world.match(need)
    first = await world.asks(need)
    world.later(minutes=10)
    await world.match(need)
    assert await world.asks(need) == first
    asked = await world.one("SELECT member_id FROM ask WHERE id = $1", first[0])
    await decline(world.ctx, first[0], asked)
    await world.match(need)
    assert len(await world.asks(need)) == len(first) + 1
    world.later(hours=3)
    await world.match(need)
    assert len(await world.asks(need)) == len(first) + 2
    urgent = await world.need(group)
    sizes = []
    for _ in range(2):
        await world.match(urgent)
        sizes.append(len(await world.asks(urgent)))
        world.later(minutes=20)
    assert 1 < sizes[0] < sizes[1]
    seen = await world.rows("SELECT planned_at FROM ask WHERE need_id = $1 ORDER BY planned_at", urgent)
    (due,) = await waves_due(world.ctx, [urgent], [])  # a tick counts the same asks
    assert [due.need.asked_since, *due.need.sent_out] == [row["planned_at"] for row in [seen[0], *seen]]
    assert len(due.need.chances_out) == len(seen)


async def test_where_the_sixty_nearest_sleep_the_next_one_who_is_up_is_asked(world: World) -> None:
    group = await world.group()
    for _ in range(CANDIDATES_MOST[0]):
        await world.helper(group)
    await world.rows("UPDATE member SET quiet_from = 9, quiet_until = 20, urgent_any_hour = false")
    up = await world.helper(group, zone_code=NORTH_YORK, radius_km=50)
    need = await world.need(group)
    await world.match(need)
    assert await world.asked(need) == {up}
