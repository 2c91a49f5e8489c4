"""The open pool of a small world, solved: what a tick hands to those who explain it."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from careweb.domain.costs import tie_break
from careweb.domain.ids import NeedId
from careweb.domain.solving.market import List, Longer, Market, Solved, attempt, classify
from careweb.domain.solving.problem import Carried
from careweb.domain.states import Urgency
from careweb.storage.database import run
from tests.world import World


async def solved(world: World, needs: Sequence[NeedId], carried: dict[str, Carried] | None = None) -> Solved:
    """A market of needs and people; a person's cheapest offer stands for them."""
    rows = [await run(world.tx, "need_by_id", id=need) for need in needs]
    found = [
        [row for row in await run(world.tx, "candidates_for_need", need_id=need, weekly_asks=99, most=99, now=world.now)
         if not row["outstanding"]]
        for need in needs
    ]  # fmt: skip
    people = sorted({row["member_id"] for rows_of_one in found for row in rows_of_one})
    place = {member: j for j, member in enumerate(people)}
    helpers = np.array([row["helpers"] for row in rows], np.int64)
    kinds = [(Urgency(row["urgency"]), row["languages"][0]) for row in rows]
    classes, kind = classify(kinds, helpers, np.zeros(len(rows), np.int64), carried or {}, date(2026, 11, 23))
    market = Market(
        needs=[str(need) for need in needs], slots=helpers, kind=kind, offers=[str(one) for one in people],
        capacity=np.ones(len(people), np.int64), classes=classes,
    )  # fmt: skip
    lists = [
        List(
            offer=np.array([place[row["member_id"]] for row in of_one], np.int64),
            cost=np.array([row["cost"] for row in of_one], np.float64),
            tie=np.array([tie_break(need, row["offer_id"]) for row in of_one], np.float64), next_cost=np.inf,
        )
        for need, of_one in zip(needs, found, strict=True)
    ]  # fmt: skip
    outcome = attempt(market, lists)
    assert not isinstance(outcome, Longer)
    return outcome
