"""The offering form: what it may hold, and the offer it states."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError
from starlette.datastructures import ImmutableMultiDict

from careweb.domain.hours import Part, pack, unpack
from careweb.domain.needs import NAME_MOST
from careweb.domain.offers import PER_WEEK_MOST, RADII_KM, NewOffer, Pace
from careweb.domain.states import Reach
from careweb.web.bodies import Fields
from careweb.web.need_form import Errors, languages_of
from careweb.web.text_rules import free_text, known_category, read_day

LONGEST_REST = timedelta(days=366)


def _offered_radius(value: int) -> int:
    if value not in RADII_KM:
        raise PydanticCustomError("radius", "not one of ours")
    return value


PerWeek = Annotated[int, Field(ge=1, le=PER_WEEK_MOST)]


class OfferForm(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, str_strip_whitespace=True)

    categories: Annotated[
        tuple[Annotated[str, AfterValidator(known_category)], ...], Field(min_length=1, max_length=12)
    ]
    languages: Annotated[tuple[str, ...], Field(min_length=1, max_length=4)]
    radius: Annotated[int, AfterValidator(_offered_radius)]
    per_week: PerWeek
    hours: Annotated[int, Field(gt=0, lt=1 << 28)]
    reach: Reach = Reach.GROUP
    name: Annotated[str, Field(min_length=1, max_length=NAME_MOST), AfterValidator(free_text)]

    def stated(self, zone_code: str) -> NewOffer:
        return NewOffer(
            categories=tuple(dict.fromkeys(self.categories)), languages=self.languages, zone_code=zone_code,
            radius_km=self.radius, reach=self.reach, hours=self.hours,
        )  # fmt: skip


class PaceForm(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    per_week: PerWeek
    weekly_asks: Annotated[int | None, Field(ge=1, le=50)] = None  # None: as usual
    quiet_from: Annotated[int, Field(ge=0, le=23)] = 21
    quiet_until: Annotated[int, Field(ge=0, le=23)] = 8
    urgent_any_hour: bool = False

    def stated(self) -> Pace:
        return Pace(
            per_week=self.per_week, weekly_asks=self.weekly_asks, quiet_from=self.quiet_from, quiet_until=self.quiet_until,
            urgent_any_hour=self.urgent_any_hour,
        )  # fmt: skip


def read_offer_form(fields: Fields) -> tuple[OfferForm | None, Errors]:
    given: dict[str, Any] = {name: fields[name] for name in ("radius", "reach", "per_week") if fields.get(name)}
    given |= {
        "categories": fields.getlist("categories"),
        "languages": languages_of(fields),
        "hours": read_hours(fields.getlist("hours")),
        "name": fields.get("name", ""),
    }
    try:
        return OfferForm.model_validate(given), {}
    except ValidationError as error:
        return None, _errors(error)


def read_pace_form(fields: Fields) -> tuple[PaceForm | None, Errors]:
    given: dict[str, Any] = {
        name: fields[name] for name in ("per_week", "weekly_asks", "quiet_from", "quiet_until") if fields.get(name)
    }
    try:
        return PaceForm.model_validate(given | {"urgent_any_hour": "urgent_any_hour" in fields}), {}
    except ValidationError as error:
        return None, _errors(error)


def _errors(error: ValidationError) -> Errors:
    found: Errors = {}
    for one in error.errors(include_input=False, include_url=False, include_context=False):
        field = {"languages": "language"}.get(str(one["loc"][0]), str(one["loc"][0]))
        found[field] = "coordinates" if one["type"] == "coordinates" else field
    return found


def read_hours(boxes: list[str]) -> int:
    """Boxes of the grid, as day-part: 0-1 is Monday afternoon."""
    return pack([(int(b[0]), Part(int(b[2]))) for b in boxes if len(b) == 3 and b[0] in "0123456" and b[2] in "0123"])


def as_typed(offer: Mapping[str, Any], name: str, per_week: int) -> Fields:
    """An offer as its volunteer would fill in the form now."""
    items = [
        *(("categories", slug) for slug in offer["categories"]),
        *((f"language{number or ''}", tag) for number, tag in zip(("", 2, 3, 4), offer["languages"], strict=False)),
        *(("hours", f"{day}-{int(part)}") for day, part in unpack(offer["hours"])),
        ("radius", str(int(offer["radius_km"]))), ("reach", offer["reach"]), ("name", name),
        ("per_week", str(per_week)),
        ("place", offer["zone_code"]) if len(offer["zone_code"]) == 3 else ("kept_town", offer["zone_code"]),
    ]  # fmt: skip
    return ImmutableMultiDict(items)


def read_rest(text: str, today: date) -> date | None:
    try:
        until = read_day(text)
    except ValueError:
        return None
    return until if today < until <= today + LONGEST_REST else None
