"""The candidates of many needs at once, against an oracle that measures every distance and sorts."""

from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import aiosql
import pytest

from careweb.domain.costs import cost
from careweb.domain.hours import ANY_TIME, DAYTIME, Part, bit
from careweb.domain.ids import GroupId
from careweb.storage.database import driver, run
from tests.world import NOON, World

ORACLE: Any = aiosql.from_path(Path(__file__).with_name("oracle.sql"), "asyncpg")
CAP = 5
ZONES = ("M1S", "M1S", "M2N", "M4C", "M5V", "L5B", "K1P", "U-toronto", "ON")
TONGUES = ("yue", "cmn", "en", "hi", "ur", "ti")
CATEGORIES = ("groceries", "ride", "forms", "childcare")
_MEMBER = """INSERT INTO member (id, contact_index, contact_kind, per_week, weekly_asks, mail_stopped, confirmed, task_times, ask_times, move_times, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now())"""
_OFFER = """INSERT INTO offer (id, group_id, member_id, state, categories, languages, zone_code, radius_km, reach, hours, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now(), now())"""
_ASK = """INSERT INTO ask (id, need_id, offer_id, member_id, group_id, round, wave, urgent, state, language, terms, planned_at, times_out_at)
    SELECT gen_random_uuid(), $1, o.id, o.member_id, o.group_id, 1, 1, $3, $4, 'en', '{}', now(), now() FROM offer o WHERE o.id = $2
    ON CONFLICT DO NOTHING"""


class Crowd:
    """A seeded world in which every hard constraint bites somebody, and many people cost the same."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, Random(seed)
        self.groups: list[GroupId] = []
        self.members: list[UUID] = []
        self.offers: list[UUID] = []
        self.needs: list[UUID] = []

    async def settle(self, people: int, needs: int) -> None:
        self.groups = [await self.world.group(slug) for slug in ("east", "west")]
        for _ in range(people):
            await self._person()
        for _ in range(needs):
            await self._need()
        for _ in range(people // 4):
            state = self.random.choice(["sent", "planned", "declined", "timed_out"])
            urgent = self.random.random() < 0.5
            await self.world.rows(_ASK, self.random.choice(self.needs), self.random.choice(self.offers), urgent, state)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def some(self, values: tuple[str, ...], most: int) -> list[str]:
        return self.random.sample(values, self.random.randint(1, most))

    def times(self, most: int) -> list[datetime]:
        """Some older than a week, which count no more."""
        return [NOON - timedelta(hours=self.random.uniform(1, 200)) for _ in range(self.random.randint(0, most))]

    def moves(self) -> list[datetime]:
        """Some before the needs were posted, some after."""
        return sorted(
            NOON + timedelta(hours=self.random.uniform(-40, 4)) for _ in range(self.random.choice([0, 0, 1, 2]))
        )

    async def _person(self) -> None:
        member, random = uuid4(), self.random
        self.members.append(member)
        await self.world.rows(
            _MEMBER, member, member.bytes, random.choice(["email"] * 9 + ["phone"]), random.randint(1, 7),
            random.choice([None, None, 1, 9]), self.chance(0.05), not self.chance(0.05), self.times(4), self.times(6), self.moves(),
        )  # fmt: skip
        for group in self.groups if self.chance(0.3) else [random.choice(self.groups)]:
            await self.world.rows(
                "INSERT INTO membership (group_id, member_id, state, vetting, created_at) VALUES ($1, $2, $3, $4, now())",
                group, member, random.choice(["admitted"] * 8 + ["awaiting", "suspended"]), random.randint(0, 1),
            )  # fmt: skip
            for _ in range(random.randint(1, 2)):
                await self._offer(group, member)

    async def _offer(self, group: GroupId, member: UUID) -> None:
        random = self.random
        self.offers.append(uuid4())
        await self.world.rows(
            _OFFER, self.offers[-1], group, member, random.choice(["active"] * 9 + ["paused"]), self.some(CATEGORIES, 3),
            self.some(TONGUES, 3), random.choice(ZONES), random.choice([0, 2, 5, 10, 10, 25, 50, 200, 7.5, 33.3, 61.0]),
            random.choice(["group", "alliance"]), random.choice([ANY_TIME, DAYTIME, bit(0, Part.EVENING)]),
        )  # fmt: skip

    async def _need(self) -> None:
        random = self.random
        need = await self.world.need(
            random.choice(self.groups), category=random.choice(CATEGORIES), languages=tuple(self.some(TONGUES, 3)),
            zone_code=random.choice(ZONES), due_in=random.choice([24, 100]), hours=random.choice([ANY_TIME, DAYTIME]),
        )  # fmt: skip
        self.needs.append(need)
        theirs = random.choice(self.members)
        apart = sorted([theirs.bytes, need.bytes])
        await self.world.rows(
            "UPDATE need SET reach = $2, widened_km = $3, member_id = $4, contact_index = $5 WHERE id = $1",
            need, random.choice(["group", "alliance"]), random.choice([0, 0, 0, 20]), random.choice([None, theirs]), need.bytes,
        )  # fmt: skip
        await self.world.rows("INSERT INTO apart VALUES ($1, $2, 'block', now())", *apart)
        one, other = sorted(who.bytes for who in random.sample(self.members, 2))  # some of them ask signed in
        await self.world.rows("INSERT INTO apart VALUES ($1, $2, 'block', now()) ON CONFLICT DO NOTHING", one, other)

    async def live(self) -> None:
        """Tasks come, radii change, people pause and are suspended: by their triggers, after all was laid out."""
        for member in self.random.sample(self.members, len(self.members) // 3):
            await self.world.rows("UPDATE member SET task_times = $2 WHERE id = $1", member, self.times(4))
        for offer in self.random.sample(self.offers, 10):
            await self.world.rows("UPDATE offer SET radius_km = 15, zone_code = 'M2N' WHERE id = $1", offer)
        for radius, offer in enumerate(self.random.sample(self.offers, 12)):
            await self.world.rows(
                "UPDATE offer SET radius_km = $2, hours = $3 WHERE id = $1", offer, radius * 9.5, DAYTIME
            )
        for offer in self.random.sample(self.offers, 5):
            await self.world.rows("UPDATE offer SET state = 'paused' WHERE id = $1", offer)
        for member in self.random.sample(self.members, 5):
            await self.world.rows("UPDATE membership SET state = 'suspended' WHERE member_id = $1", member)

    async def age(self) -> None:
        while await run(self.world.tx, "age_loads", now=self.world.now, most=50):
            pass

    async def best(self, needs: list[UUID], most: int) -> dict[UUID, list[Any]]:
        return _by_need(
            await self.world.rows("SELECT * FROM best_candidates($1, $2, $3, $4)", needs, most, CAP, self.world.now)
        )

    async def oracle(self) -> dict[UUID, list[Any]]:
        connection = await driver(self.world.tx)
        rows = ORACLE.every_candidate(connection, need_ids=self.needs, weekly_asks=CAP, now=self.world.now)
        return _by_need([row async for row in rows])


def _by_need(rows: list[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row["need_id"]].append(row)
    return found


async def _agree(crowd: Crowd) -> int:
    """How many candidates were compared."""
    truth = await crowd.oracle()
    for most in (1, 4, 1000):
        best = await crowd.best(crowd.needs, most)
        for need in crowd.needs:
            costs = {row["member_id"]: row["cost"] for row in truth[need]}
            ranked = [row["cost"] for row in truth[need]]
            assert [row["cost"] for row in best[need]] == pytest.approx(ranked[:most], abs=1e-12)
            assert len({row["member_id"] for row in best[need]}) == len(best[need])
            assert [costs[row["member_id"]] for row in best[need]] == pytest.approx(ranked[:most], abs=1e-12)
            for row in best[need]:
                left = ranked[most] if len(ranked) > most else None
                assert row["next_cost"] == (None if left is None else pytest.approx(left, abs=1e-12))
    return sum(map(len, truth.values()))


@pytest.mark.parametrize("seed", range(4))
async def test_they_are_those_of_the_oracle_with_the_next_cost_as_bound(world: World, seed: int) -> None:
    crowd = Crowd(world, seed)
    await crowd.settle(people=90, needs=16)
    assert await _agree(crowd) > 60  # before anything is known of how loads will fall
    await crowd.age()
    assert await _agree(crowd) > 60
    await crowd.live()
    assert await _agree(crowd) > 50
    for hours in (20, 3, 50):  # within what was foreseen, and beyond it
        world.later(hours=hours)
        assert await _agree(crowd) > 50


async def test_a_batch_is_the_same_as_one_by_one(world: World) -> None:
    crowd = Crowd(world, 7)
    await crowd.settle(people=90, needs=16)
    together = await crowd.best([*crowd.needs, uuid4()], 5)
    for need in crowd.needs:
        assert (await crowd.best([need], 5))[need] == together[need]
    assert sum(map(len, together.values())) > 40


async def test_every_term_is_that_of_the_domain(world: World) -> None:
    crowd = Crowd(world, 8)
    await crowd.settle(people=60, needs=10)
    rows = [row for found in (await crowd.best(crowd.needs, 20)).values() for row in found]
    assert len(rows) > 20
    for row in rows:
        terms = cost(
            km=row["km"], need_r50_km=row["need_r50_km"], offer_r50_km=row["offer_r50_km"],
            radius_km=row["radius_km"], second_language=row["second_language"], load=row["load"],
        )  # fmt: skip
        found = (row["distance_cost"], row["language_cost"], row["load_cost"], row["cost"])
        assert found == pytest.approx((terms.distance, terms.language, terms.load, terms.total), abs=1e-12)


async def test_the_many_of_one_place_are_not_all_read(world: World) -> None:
    """A stretch of equals is left as soon as enough of them are known."""
    crowd = Crowd(world, 9)
    crowd.groups = [await world.group()]
    await crowd.age()
    for _ in range(300):
        member = uuid4()
        crowd.members.append(member)
        await world.rows(_MEMBER, member, member.bytes, "email", 2, None, False, True, [], [], [])
        await world.rows(
            "INSERT INTO membership (group_id, member_id, state, created_at) VALUES ($1, $2, 'admitted', now())",
            crowd.groups[0], member,
        )  # fmt: skip
        await world.rows(
            _OFFER, uuid4(), crowd.groups[0], member, "active", ["ride"], ["en"], "M5V", 10, "group", ANY_TIME
        )
    need = await world.need(crowd.groups[0], category="ride", languages=("en",), zone_code="M5V")
    await crowd.best([need], 5)
    looked = "SELECT coalesce(pg_stat_get_xact_tuples_fetched(CAST('member_pkey' AS regclass)), 0)"
    before = await world.one(looked)
    assert len((await crowd.best([need], 5))[need]) == 5
    assert await world.one(looked) - before < 20


async def test_loads_are_aged_a_few_people_at_a_time_and_empty_steps_go(world: World) -> None:
    crowd = Crowd(world, 10)
    await crowd.settle(people=30, needs=4)
    await crowd.live()  # leaves steps behind
    steps = "SELECT count(*) FROM offer_step"
    before, rounds = await world.one(steps), 0
    while await run(world.tx, "age_loads", now=world.now, most=20):
        rounds += 1
    assert rounds >= 3
    assert await world.one("SELECT valid_until FROM load_horizon") == world.now + timedelta(days=2)
    assert await world.one(steps) < before
    assert await world.one("SELECT count(DISTINCT (shelf, zone, step)) FROM offer_key") == await world.one(steps)
    assert not await run(world.tx, "age_loads", now=world.now, most=20)


async def test_what_was_changed_lies_as_if_it_had_just_been_added(world: World) -> None:
    crowd = Crowd(world, 11)
    await crowd.settle(people=40, needs=1)
    await crowd.live()
    await world.rows(
        "UPDATE offer SET radius_km = least(200, radius_km + 1), hours = $1", ANY_TIME
    )  # all in one statement
    every = "SELECT * FROM offer_key ORDER BY offer_id, shelf, zone, step"
    missing = """SELECT count(*) FROM offer_key k WHERE NOT EXISTS (
        SELECT FROM offer_step s JOIN offer_shelf h ON h.id = s.shelf WHERE s.shelf = k.shelf AND s.zone = k.zone AND s.step = k.step
        AND get_bit(h.zones, k.zone) = 1 AND h.widest_km >= k.step / 64)"""
    changed = await world.rows(every)
    assert len(changed) > 100
    assert await world.one(missing) == 0
    await world.rows("SELECT stock_offers(ARRAY(SELECT id FROM offer))")
    assert await world.rows(every) == changed
