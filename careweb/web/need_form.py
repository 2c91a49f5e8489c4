"""The asking form: what it may hold, and the need it states."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from careweb.domain.contacts import Contact, ContactError, by_code, read_email, read_phone
from careweb.domain.hours import ANY_TIME, Part, bit, until
from careweb.domain.needs import (
    LONGEST,
    LONGEST_SERIES,
    NAME_MOST,
    TEXT_MOST,
    URGENT_WITHIN,
    WEEK,
    NewNeed,
    calmer,
    urgency_of,
)
from careweb.domain.states import ContactKind, Reach, Urgency
from careweb.web.bodies import Fields
from careweb.web.text_rules import free_text, known_category, read_day

_DEFAULT_WAIT = {
    Urgency.URGENT: URGENT_WITHIN,
    Urgency.MEDIUM: timedelta(days=7),
    Urgency.LOW: timedelta(days=30),
}
Errors = dict[str, str]  # field -> a key of wording.ERRORS


def _day(value: object) -> object:
    if value in ("", None):
        return None
    try:
        return read_day(str(value))
    except ValueError as error:
        raise PydanticCustomError("by", "not a day") from error


def _contact(kind: ContactKind, text: str) -> Contact:
    if kind is ContactKind.CODE:
        return by_code()
    return read_email(text) if kind is ContactKind.EMAIL else read_phone(text)


def _reachable(value: str, info: ValidationInfo) -> str:
    kind = info.data.get("contact_kind")
    try:
        if kind:
            _contact(kind, value)
    except ContactError as error:
        raise PydanticCustomError("email" if kind is ContactKind.EMAIL else "phone", "no way to reach you") from error
    return value


class NeedForm(BaseModel):
    """One model for the form and, later, for other doors. Errors carry a key, never what was typed."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, str_strip_whitespace=True)

    category: Annotated[str, AfterValidator(known_category)]
    text: Annotated[str, Field(max_length=TEXT_MOST), AfterValidator(free_text)] = ""
    show_text: bool = False
    languages: Annotated[tuple[str, ...], Field(min_length=1, max_length=4)]
    urgency: Urgency
    by: Annotated[date | None, BeforeValidator(_day)] = None
    parts: frozenset[Part] = frozenset()
    repeats_until: Annotated[date | None, BeforeValidator(_day)] = None
    helpers: Annotated[int, Field(ge=1, le=5)] = 1
    name: Annotated[str, Field(min_length=1, max_length=NAME_MOST), AfterValidator(free_text)]
    contact_kind: ContactKind
    contact: Annotated[str, Field(validate_default=True), AfterValidator(_reachable)] = ""
    reach: Reach = Reach.GROUP
    see_first: bool = False
    consent: bool = False

    def reached_by(self) -> Contact:
        return _contact(self.contact_kind, self.contact)


@dataclass(frozen=True, kw_only=True)
class When:
    needed_by: datetime
    urgency: Urgency
    hours: int
    repeats_until: date | None = None


class WhenError(Exception):
    def __init__(self, field: str, key: str) -> None:
        self.field, self.key = field, key


def read_when(form: NeedForm, *, now: datetime, time_zone: str) -> When:
    """The day wins over the urgency where both are given: something in ten days is not urgent."""
    zone = ZoneInfo(time_zone)
    needed_by = now + _DEFAULT_WAIT[form.urgency]
    if form.by:
        needed_by = datetime.combine(form.by, time(23, 59), zone)
        if needed_by < now:
            raise WhenError("by", "by_past")
        if needed_by > now + LONGEST:
            raise WhenError("by", "by_far")
    urgency = calmer(form.urgency, urgency_of(now, needed_by)) if form.by else form.urgency
    hours = until(now, needed_by, time_zone) & _only(form.parts)
    if not hours:
        raise WhenError("parts", "parts")
    if form.repeats_until:
        first = needed_by.astimezone(zone).date()
        if form.repeats_until < first + WEEK:
            raise WhenError("repeats_until", "repeats_short")
        if form.repeats_until > first + LONGEST_SERIES:
            raise WhenError("repeats_until", "repeats_far")
    return When(needed_by=needed_by, urgency=urgency, hours=hours, repeats_until=form.repeats_until)


def _only(parts: frozenset[Part]) -> int:
    return sum(bit(day, part) for day in range(7) for part in parts) if parts else ANY_TIME


def read_need_form(fields: Fields, *, consent: bool = True) -> tuple[NeedForm | None, Errors]:
    """Either a form that holds, or what is wrong with it by field."""
    given = {
        name: fields[name]
        for name in (
            "category",
            "urgency",
            "by",
            "repeats_until",
            "helpers",
            "contact_kind",
            "contact",
            "reach",
            "see_first",
        )
        if fields.get(name, "") != ""
    }
    errors: Errors = {}
    try:
        form = NeedForm.model_validate(
            given
            | {
                "text": fields.get("text", ""),
                "name": fields.get("name", ""),
                "show_text": "show_text" in fields,
                "consent": "consent" in fields,
                "languages": languages_of(fields),
                "parts": [int(part) for part in fields.getlist("parts") if part in ("0", "1", "2", "3")],
            }
        )
    except ValidationError as error:
        form = None
        for one in error.errors(include_input=False, include_url=False, include_context=False):
            errors.update([_said(one["loc"], one["type"])])
    if consent and "consent" not in fields:
        errors["consent"] = "consent"
    return (None if errors else form), errors


_KEYS = {"coordinates", "email", "phone"}


def _said(where: tuple[int | str, ...], kind: str) -> tuple[str, str]:
    field = {"languages": "language"}.get(str(where[0]), str(where[0]))
    return field, kind if kind in _KEYS else field


def languages_of(fields: Fields) -> tuple[str, ...]:
    """In order of choice, each once. Nothing counts before the first is chosen."""
    chosen = [fields.get(f"language{number or ''}", "") for number in ("", 2, 3, 4)]
    return tuple(dict.fromkeys(tag for tag in chosen if tag)) if chosen[0] else ()


def stated_need(form: NeedForm, when: When, *, zone_code: str, locale: str) -> NewNeed:
    return NewNeed(
        category=form.category, zone_code=zone_code, languages=form.languages, urgency=when.urgency,
        needed_by=when.needed_by, hours=when.hours, helpers=form.helpers, reach=form.reach, name=form.name,
        contact=form.reached_by(), text=form.text, show_text=form.show_text, see_first=form.see_first, locale=locale,
        repeats_until=when.repeats_until,
    )  # fmt: skip
