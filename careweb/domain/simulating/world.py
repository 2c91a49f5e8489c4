"""An invented world, drawn from a seed before anything happens in it: every policy meets the same one.

Times are hours from the first midnight (UTC), places kilometres on a plane, the first axis to the east.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from careweb.domain.costs import DISTANCE_SHARE, LEAST_RADIUS_KM, SECOND_LANGUAGE
from careweb.domain.simulating.parameters import Parameters
from careweb.domain.states import Urgency

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Rng = np.random.Generator

START = datetime(2027, 1, 4, tzinfo=UTC)  # a Monday; no clock is put forward in the weeks after it
MAIN = 0  # the language most speak


@dataclass(frozen=True, kw_only=True)
class Zones:
    at: Floats  # km, one row a zone
    r50_km: Floats
    people: Floats  # share of all
    time_zone: Sequence[str]
    clock: Floats  # hours ahead of UTC


@dataclass(frozen=True, kw_only=True)
class Volunteers:
    zone: Ints
    radius_km: Floats
    tasks_a_week: Ints
    speaks: Bools  # by language
    gives: Bools  # by category
    any_hour: Bools
    yes: Floats  # the chance that they say yes to what costs them nothing


@dataclass(frozen=True, kw_only=True)
class Need:
    """With everyone who could serve it, the cheapest first, and how each of them will answer."""

    number: int
    posted: float
    needed_by: float
    urgency: Urgency
    category: int
    language: int
    also_main: bool  # also fine in the main language
    helpers: int
    zone: int
    who: Ints
    km: Floats
    share: Floats  # of the radius that is used
    second_language: Bools
    yes: Floats  # the true chance, rested
    draw: Floats  # they say yes if this is below their chance when asked
    delay: Floats  # hours until they answer, if they do
    silent: Bools  # if it is not a yes, they say nothing


@dataclass(frozen=True, kw_only=True)
class World:
    given: Parameters
    zones: Zones
    volunteers: Volunteers
    needs: Sequence[Need]
    leaving: Floats  # by volunteer and ask, in turn: they leave if it is below the risk


def draw_world(given: Parameters, seed: int) -> World:
    rng = np.random.default_rng(seed)
    zones = _zones(given, rng)
    volunteers = _volunteers(given, zones, rng)
    needs = [_need(given, zones, volunteers, number, one, rng) for number, one in enumerate(_posts(given, zones, rng))]
    leaving = rng.random((given.people.volunteers, 64))
    return World(given=given, zones=zones, volunteers=volunteers, needs=needs, leaving=leaving)


def _zones(given: Parameters, rng: Rng) -> Zones:
    places = given.places
    sizes, at, r50 = [], [], []
    if places.city_share > 0:
        city = _falling(places.cities, 1.0) * places.city_share
        for size in city:
            centre = rng.uniform(0, places.width_km, 2)
            at.append(centre + rng.normal(0, places.city_spread_km, (places.zones_a_city, 2)))
            sizes.append(np.full(places.zones_a_city, size / places.zones_a_city))
            r50.append(np.full(places.zones_a_city, places.city_r50_km))
    if places.city_share < 1:
        at.append(rng.uniform(0, places.width_km, (places.country_zones, 2)))
        sizes.append(np.full(places.country_zones, (1 - places.city_share) / places.country_zones))
        r50.append(np.full(places.country_zones, places.country_r50_km))
    where = np.concatenate(at)
    strip = np.clip(where[:, 0] / places.width_km, 0, 0.999) * len(places.time_zones)
    names = [places.time_zones[int(k)] for k in strip]
    clock = np.array([_hours_ahead(name) for name in names])
    return Zones(at=where, r50_km=np.concatenate(r50), people=np.concatenate(sizes), time_zone=names, clock=clock)


def _hours_ahead(time_zone: str) -> float:
    ahead = START.astimezone(ZoneInfo(time_zone)).utcoffset()
    return ahead.total_seconds() / 3600 if ahead else 0.0


def _falling(count: int, power: float) -> Floats:
    shares = 1.0 / np.arange(1, count + 1) ** power
    return np.asarray(shares / shares.sum())


def _volunteers(given: Parameters, zones: Zones, rng: Rng) -> Volunteers:
    people, count = given.people, given.people.volunteers
    speaks = np.zeros((count, 1 + given.languages.others), np.bool_)
    main = rng.random(count) < people.speaks_main_language
    other = ~main | (rng.random(count) < people.speaks_another_language)
    speaks[:, MAIN] = main
    tail = _falling(given.languages.others, given.languages.tail)
    speaks[other, 1 + rng.choice(len(tail), other.sum(), p=tail)] = True
    gives = np.zeros((count, given.needs.categories), np.bool_)
    for v, kinds in enumerate(rng.choice(people.offers_categories, count)):
        gives[v, rng.permutation(given.needs.categories)[:kinds]] = True
    answers = given.answers
    return Volunteers(
        zone=rng.choice(len(zones.people), count, p=zones.people),
        radius_km=rng.choice(np.array(people.radius_km, np.float64), count),
        tasks_a_week=rng.choice(people.tasks_a_week, count),
        speaks=speaks, gives=gives, any_hour=rng.random(count) < people.urgent_any_hour,
        yes=rng.beta(answers.yes * answers.firmness, (1 - answers.yes) * answers.firmness, count),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Post:
    at: float
    zone: int
    category: int


def _posts(given: Parameters, zones: Zones, rng: Rng) -> list[_Post]:
    needs, days = given.needs, given.time.days
    count = rng.poisson(given.people.volunteers * needs.load / needs.asks_a_need * days)
    in_burst = rng.random(count) < min(1.0, needs.bursts * needs.burst_needs)
    kinds = _falling(needs.categories, 1.0)
    zone = rng.choice(len(zones.people), count, p=zones.people)
    category = rng.choice(needs.categories, count, p=kinds)
    hour = np.where(rng.random(count) < needs.by_day, rng.uniform(8, 21, count), rng.uniform(21, 32, count) % 24)
    at = 24.0 * rng.integers(0, days, count) + hour - zones.clock[zone]
    for which in range(needs.bursts):
        mine = in_burst & (rng.integers(0, needs.bursts, count) == which)
        middle = rng.choice(len(zones.people), p=zones.people)
        close = np.argsort(np.linalg.norm(zones.at - zones.at[middle], axis=1))[:10]
        zone[mine] = rng.choice(close, mine.sum())
        category[mine] = rng.choice(needs.categories, p=kinds)
        begins = 24.0 * rng.integers(0, days) + rng.uniform(8, 18) - zones.clock[middle]
        at[mine] = begins + rng.uniform(0, needs.burst_hours, mine.sum())
    order = np.argsort(at)
    return [_Post(at=float(at[k]), zone=int(zone[k]), category=int(category[k])) for k in order]


def _need(given: Parameters, zones: Zones, volunteers: Volunteers, number: int, post: _Post, rng: Rng) -> Need:
    needs, answers = given.needs, given.answers
    urgency = Urgency(rng.choice(list(needs.urgency), p=np.array(list(needs.urgency.values()))))
    low, high = needs.needed_within_hours[urgency]
    language, also_main = _asker(given, rng)
    km = np.linalg.norm(zones.at - zones.at[post.zone], axis=1)[volunteers.zone]
    first = volunteers.speaks[:, language]
    fits = volunteers.gives[:, post.category] & ((km <= volunteers.radius_km) | (volunteers.zone == post.zone))
    fits &= first | (also_main & volunteers.speaks[:, MAIN])
    who = np.flatnonzero(fits)
    spread = np.sqrt(km[who] ** 2 + zones.r50_km[post.zone] ** 2 + zones.r50_km[volunteers.zone[who]] ** 2)
    share = np.minimum(1.0, spread / np.maximum(volunteers.radius_km[who], LEAST_RADIUS_KM))
    second = ~first[who]
    # Equal costs are told apart by chance, as the product tells them apart by a hash.
    order = np.lexsort((rng.random(len(who)), DISTANCE_SHARE * share + SECOND_LANGUAGE * second))
    who, share, second = who[order], share[order], second[order]
    chance = volunteers.yes[who] * answers.at_radius**share * np.where(second, answers.second_language, 1.0)
    return Need(
        number=number, posted=post.at, needed_by=post.at + rng.uniform(low, high), urgency=urgency,
        category=post.category, language=language, also_main=also_main, helpers=int(rng.choice(needs.helpers)), zone=post.zone, who=who, km=km[who], share=share,
        second_language=second, yes=chance, draw=rng.random(len(who)),
        delay=rng.lognormal(np.log(answers.minutes[urgency] / 60), answers.minutes_spread, len(who)),
        silent=rng.random(len(who)) >= answers.says_no,
    )  # fmt: skip


def _asker(given: Parameters, rng: Rng) -> tuple[int, bool]:
    """Their first language, and whether the main one is also fine."""
    languages = given.languages
    if languages.others == 0 or rng.random() < languages.askers_main:
        return MAIN, False
    other = 1 + int(rng.choice(languages.others, p=_falling(languages.others, languages.tail)))
    return other, bool(rng.random() < languages.askers_also_main)
