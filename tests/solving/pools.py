"""Small pools by chance, for oracles; and the candidate graph of a pool for those who want arrays."""

from typing import Any

from hypothesis import strategies as st

from careweb.domain.solving.problem import Carried, Pool, PoolNeed, PoolOffer
from careweb.domain.states import Urgency

LANGUAGES, CATEGORIES = ("en", "yue", "ti"), ("ride", "groceries")
PLACES = ((43.70, -79.30), (43.74, -79.30), (43.80, -79.25), (43.65, -79.40))


@st.composite
def pools(draw: st.DrawFn, *, needs: int = 5, offers: int = 4, slots: int = 2, pins: bool = True) -> Pool:
    place = st.sampled_from(PLACES)

    def offer(number: int) -> PoolOffer:
        latitude, longitude = draw(place)
        return PoolOffer(
            id=f"o{number}", latitude=latitude, longitude=longitude,
            languages=tuple(draw(st.sets(st.sampled_from(LANGUAGES), min_size=1, max_size=2))),
            categories=tuple(draw(st.sets(st.sampled_from(CATEGORIES), min_size=1))),
            radius_km=draw(st.sampled_from([0.0, 5.0, 12.0, 30.0])), capacity=draw(st.integers(0, 2)),
            load=draw(st.sampled_from([0.0, 0.5])),
        )  # fmt: skip

    def need(number: int) -> PoolNeed:
        latitude, longitude = draw(place)
        return PoolNeed(
            id=f"n{number}", latitude=latitude, longitude=longitude,
            languages=tuple(draw(st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=2, unique=True))),
            category=draw(st.sampled_from(CATEGORIES)), urgency=draw(st.sampled_from(Urgency)),
            helpers=draw(st.integers(1, slots)), age_days=draw(st.sampled_from([0.0, 8.0])),
        )  # fmt: skip

    pool = Pool(
        offers=[offer(k) for k in range(draw(st.integers(1, offers)))],
        needs=[need(k) for k in range(draw(st.integers(1, needs)))],
        carried=draw(st.dictionaries(st.sampled_from(LANGUAGES), st.integers(0, 4).map(_carried), max_size=3)),
    )
    return _pinned(draw, pool) if pins else pool


def _carried(asked: int) -> Carried:
    return Carried(asked=asked, served=asked // 2)


def _pinned(draw: st.DrawFn, pool: Pool) -> Pool:
    able = [offer.id for offer in pool.offers if offer.capacity]
    if not able or not draw(st.booleans()):
        return pool
    pin = (draw(st.sampled_from(pool.needs)).id, draw(st.sampled_from(able)))
    return Pool(offers=pool.offers, needs=pool.needs, carried=pool.carried, pinned=(pin,))


def shuffled(pool: Pool, order: Any) -> Pool:
    needs, offers = list(pool.needs), list(pool.offers)
    order.shuffle(needs)
    order.shuffle(offers)
    return Pool(offers=offers, needs=needs, carried=pool.carried, pinned=pool.pinned)
