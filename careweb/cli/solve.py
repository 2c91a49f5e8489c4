"""`careweb solve FILE.json`: the fair solve of a pool in a file. It opens no database and stores nothing."""

import csv
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import click
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from careweb import paths
from careweb.cli.state import ensure_state
from careweb.config import settings
from careweb.domain.solving.problem import Carried, Pool, PoolNeed, PoolOffer
from careweb.domain.states import Urgency

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]
Kilometres = Annotated[float, Field(ge=0, le=20_100, allow_inf_nan=False)]
Tasks = Annotated[int, Field(ge=0, le=10_000, strict=True)]
_WRONG = 2  # exit code: the file cannot be used
_UNPROVEN = 1  # exit code: the answer is not what it says


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Placed(_Strict):
    id: Name
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None
    zone: Name | None = None
    r50_km: Kilometres = 0.0

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if (self.zone is None) != (self.lat is not None and self.lon is not None):
            raise ValueError("needs lat and lon, or zone instead of them")
        return self


class _Offer(_Placed):
    languages: Names
    categories: Names
    radius_km: Kilometres
    capacity: Tasks
    load: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0


class _Need(_Placed):
    languages: Names
    category: Name
    urgency: Literal["urgent", "medium", "low"]
    helpers: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    age_days: Annotated[float, Field(ge=0, le=36_600, allow_inf_nan=False)] = 0.0
    community: Name | None = None


class _File(_Strict):
    offers: tuple[_Offer, ...]
    needs: tuple[_Need, ...]
    carried: dict[Name, tuple[Tasks, Tasks]] = {}
    pinned: tuple[tuple[Name, Name], ...] = ()


class PoolFileError(Exception):
    """One line that names the place and what is wrong there."""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--verify", is_flag=True, help="Check the answer with code that shares nothing with the solver.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Breaks ties between communities; today if left out.")
def solve(file: Path, verify: bool, day: datetime | None) -> None:
    """Match the needs and offers of a JSON file: most people served, worst-served first, at the least cost."""
    try:
        pool = read_pool(file)
    except PoolFileError as error:
        click.echo(f"{file}: {error}", err=True)
        raise SystemExit(_WRONG) from error
    found = _solve(pool, (day or datetime.now(UTC)).date())
    click.echo(json.dumps(found, ensure_ascii=False, allow_nan=False))
    if verify:
        _verify(pool, found)


def _solve(pool: Pool, day: date) -> dict[str, Any]:
    # Where numba keeps what it compiled; it reads this when it is imported, which is here and nowhere earlier.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(ensure_state(settings().state) / "numba"))
    from careweb.domain.solving.answer import answer
    from careweb.domain.solving.solve import solve as solve_pool

    return answer(solve_pool(pool, day))


def _verify(pool: Pool, found: dict[str, Any]) -> None:
    from careweb.domain.solving.verify import faults

    wrong = faults(pool, found)
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        raise SystemExit(_UNPROVEN)
    click.echo("verified: tiers, communities and cost", err=True)


def read_pool(file: Path) -> Pool:
    """Raises PoolFileError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PoolFileError(f"cannot be read: {error}") from error
    try:
        given = _File.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        what = error.msg if text.strip() else "the file is empty"
        raise PoolFileError(f"line {error.lineno}, column {error.colno}: {what}") from error
    except RecursionError as error:
        raise PoolFileError("nested too deeply") from error
    except ValidationError as error:
        first = error.errors()[0]
        what = first["msg"] if first["loc"] else "an object with offers and needs is wanted"
        raise PoolFileError(f"{_place(first['loc'])}: {what}") from error
    _refuse_contradictions(given)
    return _pool(given)


def _place(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".") or "file"


def _refuse_contradictions(given: _File) -> None:
    for name, rows in (("offers", given.offers), ("needs", given.needs)):
        first: dict[str, int] = {}
        for at, row in enumerate(rows):
            if row.id in first:
                raise PoolFileError(f"{name}[{at}].id: {row.id!r} stands at {name}[{first[row.id]}] already")
            first[row.id] = at
    for community, (asked, served) in given.carried.items():
        if served > asked:
            raise PoolFileError(f"carried.{community}: more served than asked")
    _refuse_impossible_pins(given)


def _refuse_impossible_pins(given: _File) -> None:
    slots, tasks = {need.id: need.helpers for need in given.needs}, {offer.id: offer.capacity for offer in given.offers}
    seen: set[tuple[str, str]] = set()
    for at, (need, offer) in enumerate(given.pinned):
        if need not in slots:
            raise PoolFileError(f"pinned[{at}]: there is no need {need!r}")
        if offer not in tasks:
            raise PoolFileError(f"pinned[{at}]: there is no offer {offer!r}")
        if (need, offer) in seen:
            raise PoolFileError(f"pinned[{at}]: the same pair twice")
        seen.add((need, offer))
        slots[need] -= 1
        tasks[offer] -= 1
        if slots[need] < 0:
            raise PoolFileError(f"pinned[{at}]: {need!r} wants no more helpers")
        if tasks[offer] < 0:
            raise PoolFileError(f"pinned[{at}]: {offer!r} has no more capacity")


def _pool(given: _File) -> Pool:
    zones = _zones() if any(row.zone for row in (*given.offers, *given.needs)) else {}

    def place(row: _Placed, where: str) -> dict[str, float]:
        if row.zone is None:
            return {"latitude": row.lat or 0.0, "longitude": row.lon or 0.0, "r50_km": row.r50_km}
        if row.zone not in zones:
            raise PoolFileError(f"{where}.zone: there is no zone {row.zone!r}")
        latitude, longitude, r50 = zones[row.zone]
        return {"latitude": latitude, "longitude": longitude, "r50_km": row.r50_km or r50}

    return Pool(
        offers=[
            PoolOffer(
                id=one.id, languages=one.languages, categories=one.categories, radius_km=one.radius_km,
                capacity=one.capacity, load=one.load, **place(one, f"offers[{at}]"),
            )
            for at, one in enumerate(given.offers)
        ],
        needs=[
            PoolNeed(
                id=one.id, languages=one.languages, category=one.category, urgency=Urgency(one.urgency),
                helpers=one.helpers, age_days=one.age_days, community=one.community or "", **place(one, f"needs[{at}]"),
            )
            for at, one in enumerate(given.needs)
        ],
        carried={name: Carried(asked=asked, served=served) for name, (asked, served) in given.carried.items()},
        pinned=given.pinned,
    )  # fmt: skip


def _zones() -> dict[str, tuple[float, float, float]]:
    with (paths.DATA / "zones.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: (float(row["latitude"]), float(row["longitude"]), float(row["r50_km"]))
            for row in csv.DictReader(file)
        }
