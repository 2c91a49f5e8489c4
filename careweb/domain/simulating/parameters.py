"""Every parameter of a simulated world, as data/simulation.toml documents it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self


class WorldError(ValueError):
    """A parameter that there is not, or that is missing."""


class _Section:
    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        names = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        for wrong in sorted(set(values) ^ names):
            raise WorldError(f"{wrong!r} is {'missing' if wrong in names else 'no parameter'}")
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class Time(_Section):
    days: int


@dataclass(frozen=True, kw_only=True)
class People(_Section):
    volunteers: int
    offers_categories: Sequence[int]
    radius_km: Sequence[float]
    tasks_a_week: Sequence[int]
    weekly_asks: int
    quiet_from: int
    quiet_until: int
    urgent_any_hour: float
    speaks_main_language: float
    speaks_another_language: float


@dataclass(frozen=True, kw_only=True)
class Places(_Section):
    width_km: float
    cities: int
    zones_a_city: int
    city_spread_km: float
    city_r50_km: float
    city_share: float
    country_zones: int
    country_r50_km: float
    time_zones: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Languages(_Section):
    others: int
    tail: float
    askers_main: float
    askers_also_main: float


@dataclass(frozen=True, kw_only=True)
class Needs(_Section):
    load: float
    asks_a_need: float
    urgency: Mapping[str, float]
    needed_within_hours: Mapping[str, Sequence[float]]
    categories: int
    helpers: Sequence[int]
    by_day: float
    bursts: int
    burst_needs: float
    burst_hours: float


@dataclass(frozen=True, kw_only=True)
class Answers(_Section):
    yes: float
    firmness: float
    at_radius: float
    second_language: float
    fatigue: float
    minutes: Mapping[str, float]
    minutes_spread: float
    says_no: float
    opt_out: float


@dataclass(frozen=True, kw_only=True)
class Product(_Section):
    timeout_minutes: Mapping[str, float]
    wave_minutes: Mapping[str, float]
    candidates: int


@dataclass(frozen=True, kw_only=True)
class Others(_Section):
    keep_caps: bool


@dataclass(frozen=True, kw_only=True)
class Parameters:
    time: Time
    people: People
    places: Places
    languages: Languages
    needs: Needs
    answers: Answers
    product: Product
    others: Others


_SECTIONS: Mapping[str, type[_Section]] = {
    "time": Time, "people": People, "places": Places, "languages": Languages,
    "needs": Needs, "answers": Answers, "product": Product, "others": Others,
}  # fmt: skip


def parameters(*files: Mapping[str, Any]) -> Parameters:
    """Of each value the last one given counts. Raises WorldError."""
    for wrong in sorted({name for file in files for name in file} - set(_SECTIONS)):
        raise WorldError(f"there is no section [{wrong}]")
    merged = {name: {key: value for file in files for key, value in file.get(name, {}).items()} for name in _SECTIONS}
    sections: dict[str, Any] = {}
    for name, section in _SECTIONS.items():
        try:
            sections[name] = section.of(merged[name])
        except WorldError as error:
            raise WorldError(f"[{name}]: {error}") from error
    return Parameters(**sections)
