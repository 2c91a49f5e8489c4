"""One row of a file into a need or an offer, or into the reason why not. A reason never repeats what a cell holds."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from careweb.domain import needs
from careweb.domain.cells import unguarded
from careweb.domain.contacts import Contact, ContactError, by_code, read_contact
from careweb.domain.hours import ANY_TIME, DAYTIME, until
from careweb.domain.moments import MomentError, read_moment
from careweb.domain.needs import NAME_MOST, TEXT_MOST, NewNeed
from careweb.domain.offers import NewOffer
from careweb.domain.places import PlaceError, cut_postal_codes, province_of, read_postal
from careweb.domain.positions import names_a_position
from careweb.domain.refs import told_by
from careweb.domain.spelling import visible
from careweb.domain.states import Reach, Urgency

REF_MOST = 100
HELPERS_MOST, LANGUAGES_MOST, RADIUS_MOST_KM, PER_WEEK_MOST = 10, 8, 200, 50
NOT_SHOWN = "(not shown)"  # for a ref that may stand nowhere
NEEDED_WITHIN = {
    Urgency.URGENT: needs.URGENT_WITHIN,
    Urgency.MEDIUM: needs.MEDIUM_WITHIN,
    Urgency.LOW: timedelta(days=30),
}
_WEEK = timedelta(days=7)

T = TypeVar("T")


class RecordError(ValueError):
    """A cell that cannot be taken."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column, self.reason = column, reason


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a row may name, and when it is read."""

    categories: frozenset[str]
    zones: Mapping[str, str]  # code, upper case -> code
    clocks: Mapping[str, str]  # code -> IANA time zone
    postals: Mapping[str, str]  # three characters -> code of the zone
    languages: Mapping[str, str]  # tag or other name, lower case -> spoken id
    interfaces: Sequence[str]  # tags that messages can be written in
    now: datetime


@dataclass(frozen=True, kw_only=True)
class NeedRecord:
    ref: str
    new: NewNeed
    posted_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class OfferRecord:
    ref: str
    new: NewOffer
    per_week: int
    name: str = field(repr=False)
    contact: Contact
    locale: str
    time_zone: str


Cells = Mapping[str, str]


def cells_of(columns: Sequence[str], cells: Sequence[str]) -> Cells:
    if len(cells) != len(columns):
        raise RecordError("", f"the row has {len(cells)} cells, the header {len(columns)}")
    for column, cell in zip(columns, cells, strict=True):
        _check_text(column, cell)
    return {column: visible(unguarded(cell)).strip() for column, cell in zip(columns, cells, strict=True)}


def _check_text(column: str, cell: str) -> None:
    if any("\udc80" <= c <= "\udcff" for c in cell):
        raise RecordError(column, "is not written in UTF-8")
    if not cell.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\r\n" for c in cell):
        raise RecordError(column, "holds a control character")


def read_need(cells: Cells, known: Known, *, consented: bool) -> NeedRecord:
    ref = _ref(cells)
    category = _category(cells.get("category", ""), "category", known)
    zone = read_place(cells["place"], known)
    languages, locale = _languages(cells, known)
    urgency = _urgency(cells)
    helpers = _whole(cells, "helpers", default=1, most=HELPERS_MOST)
    posted_at, needed_by, expires_at = _dates(cells, urgency, known, known.clocks[zone])
    new = NewNeed(
        category=category, zone_code=zone, languages=languages, urgency=urgency, needed_by=needed_by,
        hours=_hours(known.now, needed_by, known.clocks[zone]), helpers=helpers, reach=Reach.GROUP, name="",
        contact=_asker(cells, consented=consented), text=_text(cells, "note", TEXT_MOST),
        show_text=False, see_first=False, locale=locale,
    )  # fmt: skip
    return NeedRecord(ref=ref, new=new, posted_at=posted_at, expires_at=expires_at)


def read_offer(cells: Cells, known: Known, *, consented: bool) -> OfferRecord:  # noqa: ARG001  as read_need
    ref = _ref(cells)
    categories = _words(cells["categories"], "categories", 12, lambda word: _category(word, "categories", known))
    zone = read_place(cells["place"], known)
    languages, locale = _languages(cells, known)
    return OfferRecord(
        ref=ref,
        new=NewOffer(
            categories=categories, languages=languages, zone_code=zone, radius_km=_radius(cells),
            reach=Reach.GROUP, hours=DAYTIME,
        ),
        per_week=_whole(cells, "per_week", default=2, most=PER_WEEK_MOST),
        name=_text(cells, "name", NAME_MOST), contact=_contact(cells), locale=locale, time_zone=known.clocks[zone],
    )  # fmt: skip


def readable_ref(cells: Sequence[str], columns: Sequence[str]) -> str:
    """To name a row that cannot be taken; a ref that may not be kept is not written into another file either."""
    ref = dict(zip(columns, cells, strict=False)).get("ref", "")
    try:
        return _ref(cells_of(["ref"], [ref]))
    except RecordError:
        return NOT_SHOWN if ref.strip() else ""


def _ref(cells: Cells) -> str:
    ref = cells["ref"]
    if not ref:
        raise RecordError("ref", "is empty")
    if len(ref) > REF_MOST or not ref.isprintable():
        raise RecordError("ref", f"is longer than {REF_MOST} characters, or has a line break in it")
    if kind := told_by(ref):
        raise RecordError(
            "ref", f"looks like {kind}: refs are kept in plain text, so give another, or put a letter before it"
        )
    return ref


def _category(text: str, column: str, known: Known) -> str:
    if text.lower() not in known.categories:
        raise RecordError(column, "is empty" if not text else f"is not one of: {', '.join(sorted(known.categories))}")
    return text.lower()


def read_place(text: str, known: Known) -> str:
    """The code of a zone: its own, or that of the postal area; a postal area nobody knows yet is its province."""
    if code := known.zones.get(text.upper()):
        return code
    if text.upper().startswith("U-"):
        raise RecordError("place", "is not the code of a zone")
    try:
        postal = read_postal(text)
    except PlaceError as error:
        raise RecordError("place", _place_reasons[type(error).__name__]) from None
    return known.postals.get(postal) or province_of(postal).value


_place_reasons = {
    "NoPlaceError": "is empty",
    "NotAPostalCodeError": "is neither a postal code nor the code of a zone",
    "NotACanadianPatternError": "is not a Canadian postal code",
    "CoordinatesRefusedError": "exact positions are not taken: give three characters of the postal code",
}


def _words(text: str, column: str, most: int, read: Callable[[str], T]) -> tuple[T, ...]:
    words = re.split(r"[\s,;|]+", text.strip(" ,;|"))
    found = tuple(dict.fromkeys(read(word) for word in words))
    if len(found) > most:
        raise RecordError(column, f"are more than {most}")
    return found


def read_tags(text: str, known: Known) -> tuple[str, ...]:
    """Spoken ids; tags that are one spoken language in two scripts become one."""
    return _words(text, "languages", LANGUAGES_MOST, lambda tag: _spoken(tag, known))


def _languages(cells: Cells, known: Known) -> tuple[tuple[str, ...], str]:
    """Spoken ids in order of choice, and the language to write in: the first of theirs that we can."""
    spoken = read_tags(cells["languages"], known)
    tags = re.split(r"[\s,;|]+", cells["languages"].lower())
    readable = (own for tag in tags for own in known.interfaces if f"{tag}-".startswith(f"{own.lower()}-"))
    return spoken, next(readable, known.interfaces[0])


def _spoken(tag: str, known: Known) -> str:
    """`fr-CA` is French: what follows a tag we do not have is dropped from its end."""
    parts = tag.lower().replace("_", "-").split("-")
    for count in range(len(parts), 0, -1):
        if spoken := known.languages.get("-".join(parts[:count])):
            return spoken
    raise RecordError("languages", "are empty" if not tag else "has a tag that is not known; see docs/files.md")


def _urgency(cells: Cells) -> Urgency:
    try:
        return Urgency(cells.get("urgency", "").lower() or Urgency.MEDIUM)
    except ValueError:
        raise RecordError("urgency", f"is not one of: {', '.join(Urgency)}") from None


def _whole(cells: Cells, column: str, *, default: int, most: int) -> int:
    text = cells.get(column, "") or str(default)
    if not re.fullmatch(r"0*[0-9]{1,3}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise RecordError(column, f"is not a whole number from 1 to {most}")
    return int(text)


def _radius(cells: Cells) -> float:
    text = cells.get("radius_km", "") or "5"
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text, re.ASCII) or float(text) > RADIUS_MOST_KM:
        raise RecordError("radius_km", f"is not a number of kilometres from 0 to {RADIUS_MOST_KM}")
    return float(text)


def _text(cells: Cells, column: str, most: int) -> str:
    text = cut_postal_codes(cells.get(column, ""))
    if len(text) > most:
        raise RecordError(column, f"is longer than {most} characters")
    if names_a_position(text):
        raise RecordError(column, "holds an exact position: those are not taken, only areas")
    return text


def _asker(cells: Cells, *, consented: bool) -> Contact:
    if cells.get("contact"):
        return _contact(cells)
    if not consented:
        raise RecordError("contact", "is empty, so nobody can be asked to confirm: give one, or import with --consent")
    return by_code()


def _contact(cells: Cells) -> Contact:
    try:
        return read_contact(cells["contact"])
    except ContactError:
        reason = "is neither an e-mail address nor a phone number" if cells["contact"] else "is empty"
        raise RecordError("contact", reason) from None


def _dates(cells: Cells, urgency: Urgency, known: Known, clock: str) -> tuple[datetime, datetime, datetime]:
    """Posted, needed by, expires. The by-when never says less urgent than the urgency, nor later than the expiry."""
    now, within = known.now, NEEDED_WITHIN[urgency]
    posted = _moment(cells, "posted_at", clock) or now
    expires = _moment(cells, "expires_at", clock, end=True)
    if posted > now:
        raise RecordError("posted_at", "lies in the future")
    if expires is None:
        if now - posted > needs.LONGEST:
            raise RecordError("posted_at", f"is more than {needs.LONGEST.days} days ago: say in expires_at until when")
        return posted, now + within, needs.expires_at(now + within)
    if expires <= posted:
        raise RecordError("expires_at", "is before posted_at")
    if expires <= now:
        raise RecordError("expires_at", "is past: this need is over")
    if expires > needs.expires_at(now + needs.LONGEST):
        raise RecordError("expires_at", f"is more than {(needs.LONGEST + needs.GRACE).days} days ahead")
    needed_by = max(expires - needs.GRACE, now + (expires - now) / 2)  # a short life has a short grace
    return posted, needed_by if urgency is Urgency.LOW else min(needed_by, now + within), expires


def _moment(cells: Cells, column: str, clock: str, *, end: bool = False) -> datetime | None:
    text = cells.get(column, "")
    try:
        return read_moment(text, clock, end=end) if text else None
    except MomentError:
        raise RecordError(column, "is not a day or a time, as 2026-03-01 or 2026-03-01T14:30") from None


def _hours(now: datetime, needed_by: datetime, clock: str) -> int:
    if needed_by - now >= _WEEK:
        return ANY_TIME
    return _hours_of_half_hours(_half_hour(now), _half_hour(needed_by), clock)


def _half_hour(at: datetime) -> datetime:
    """Parts of a day begin on the hour, and clocks differ by half hours: nothing changes within one."""
    return at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)


@lru_cache(8192)
def _hours_of_half_hours(now: datetime, needed_by: datetime, clock: str) -> int:
    return until(now, needed_by, clock)
