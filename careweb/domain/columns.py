"""The columns of every file that comes in or goes out: the one place of truth. docs/files.md is tested against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Imported(StrEnum):
    NEEDS = "needs"
    OFFERS = "offers"


class Exported(StrEnum):
    NEEDS = "needs"
    OFFERS = "offers"
    ASKS = "asks"
    MATCHES = "matches"


@dataclass(frozen=True)
class Column:
    name: str
    holds: str
    required: bool = False


class HeaderError(ValueError):
    """The first line is not the header of such a file. Its text is for whoever imports."""


_REF = Column(
    "ref",
    "Your own number or name for the row, up to 100 characters, the same every time it is imported. It is kept in plain text: no person's name, no contact, whole postal code or anything that looks like one, as a bare number of ten digits does.",
    True,
)
_PLACE = Column(
    "place",
    "Three characters of a postal code, a whole postal code (cut to three before anything is kept), or the code of a zone, as `M5V`, `U-toronto` or `ON`.",
    True,
)

IMPORTS: dict[Imported, tuple[Column, ...]] = {
    Imported.NEEDS: (
        _REF,
        Column("category", "One of the categories below.", True),
        _PLACE,
        Column("languages", "Language tags with spaces between, up to 8, the preferred one first, as `pa en`.", True),
        Column("urgency", "`urgent` (within 48 hours), `medium` (within 7 days) or `low`. Empty: `medium`."),
        Column("helpers", "How many people are wanted, 1 to 10. Empty: 1."),
        Column("posted_at", "When it was asked for: a day or a time, as `2026-03-01` or `2026-03-01T14:30`; local time of the place unless it ends in `Z` or an offset. Empty: now."),
        Column("expires_at", "When it is over, written likewise; a day counts to its end. At most 61 days ahead. Empty: a day after 48 hours, 7 days or 30 days from now, by urgency."),
        Column("note", "Free text, up to 500 characters; whole postal codes are cut to three, a row with an exact position is refused. Sealed; a helper reads it only once both have agreed."),
        Column("contact", "An e-mail address or a phone number. Sealed. May be empty only with `--consent`."),
    ),
    Imported.OFFERS: (
        _REF,
        Column("categories", "One or more of the categories below, with spaces between.", True),
        _PLACE,
        Column("languages", "Language tags with spaces between, up to 8.", True),
        Column("radius_km", "How far they go, 0 to 200. Empty: 5."),
        Column("per_week", "How many tasks a week, 1 to 50. Empty: 2. A person who is here already keeps their own."),
        Column("name", "What to call them, up to 60 characters. Sealed. Codes and positions as in a note."),
        Column("contact", "An e-mail address or a phone number. Sealed; the same contact is the same person.", True),
    ),
}  # fmt: skip

_NEED_REF = Column("need_ref", "`ref` of the need.")
_OFFER_REF = Column("offer_ref", "`ref` of the offer; its id where it belongs to another group than the need.")

EXPORTS: dict[Exported, tuple[Column, ...]] = {
    Exported.NEEDS: (
        Column("ref", "The `ref` it was imported with, or else its id. With `--all-groups` the group stands before an imported one: `group/ref`."),
        Column("group", "The group's slug."),
        Column("category", "As in the import."),
        Column("place", "The code of the zone; nothing finer is known."),
        Column("languages", "Spoken languages, the preferred one first."),
        Column("urgency", "`urgent`, `medium` or `low`."),
        Column("helpers", "How many were wanted."),
        Column("filled", "How many were found."),
        Column("state", "`held`, `open`, `matched`, `met`, `withdrawn`, `expired`, `handed_over` or `closed`."),
        Column("confirmed", "`true` or `false`: whether the person has said yes to being here."),
        Column("posted_at", "Times are in UTC, as `2026-03-01T19:30:00Z`."),
        Column("needed_by", "By when the help is wanted."),
        Column("expires_at", "When it is over."),
        Column("closed_at", "When it ended, if it did."),
        Column("close_reason", "Why a coordinator closed it, if one did."),
    ),
    Exported.OFFERS: (
        Column("ref", "As for needs."),
        Column("group", "The group's slug."),
        Column("state", "`active`, `resting`, `paused` or `ended`."),
        Column("membership", "`awaiting`, `admitted` or `suspended` in that group."),
        Column("confirmed", "`true` or `false`: whether the person has said yes to being here."),
        Column("categories", "With spaces between."),
        Column("place", "The code of the zone."),
        Column("languages", "With spaces between."),
        Column("radius_km", "How far they go."),
        Column("per_week", "How many tasks a week, over all their offers."),
        Column("rests_until", "The day until which they rest, if they do."),
        Column("created_at", "When it was made."),
    ),
    Exported.ASKS: (
        _NEED_REF,
        _OFFER_REF,
        Column("wave", "The number of the wave it was sent in."),
        Column("state", "`planned`, `sent`, `accepted`, `declined`, `timed_out`, `covered` or `cancelled`."),
        Column("planned_at", "When it was planned."),
        Column("sent_at", "When it was sent, if it was."),
        Column("answered_at", "When it was answered or ended, if it was."),
    ),
    Exported.MATCHES: (
        _NEED_REF,
        _OFFER_REF,
        Column("slot", "Which of the helpers wanted, from 1."),
        Column("state", "`accepted`, `awaiting_asker`, `connected`, `done` or `fell_through`."),
        Column("accepted_at", "When the volunteer said yes."),
        Column("connected_at", "When both had said yes, if they did."),
        Column("ended_at", "When it was done or fell through."),
        Column("ended_by", "`asker`, `helper`, `coordinator` or `time`."),
    ),
}  # fmt: skip

WITH_CONTACT: dict[Exported, tuple[Column, ...]] = {
    Exported.NEEDS: (
        Column("name", "What the asker wants to be called."),
        Column("contact", "How to reach them."),
        Column("note", "Their free text."),
    ),
    Exported.OFFERS: (
        Column("name", "What the volunteer wants to be called."),
        Column("contact", "How to reach them."),
    ),
}

_POSITIONS = frozenset([
    "latitude", "longitude", "lat", "lon", "lng", "long", "x", "y", "coordinates", "coords", "gps", "position",
    "geom", "geometry", "location", "address", "street", "postal_code",
])  # fmt: skip


def export_columns(what: Exported, *, with_contact: bool) -> list[str]:
    more = WITH_CONTACT.get(what, ()) if with_contact else ()
    return [column.name for column in (*EXPORTS[what], *more)]


def read_header(cells: Sequence[str], what: Imported) -> tuple[str, ...]:
    """The names of the columns, in the order of the file."""
    names = tuple(cell.strip().lower() for cell in cells)
    known = {column.name for column in IMPORTS[what]}
    if not known & set(names):  # it may be somebody's row: repeat nothing of it
        hint = " (the columns seem to be separated by semicolons: commas are needed)" if ";" in "".join(cells) else ""
        raise HeaderError(f"the first line must name the columns: {', '.join(c.name for c in IMPORTS[what])}{hint}")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise HeaderError(_refusal(unknown, what))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise HeaderError(f"the column {twice[0]} stands there twice")
    missing = [column.name for column in IMPORTS[what] if column.required and column.name not in names]
    if missing:
        raise HeaderError(f"a column is missing: {', '.join(missing)}")
    return names


def _refusal(unknown: list[str], what: Imported) -> str:
    named = ", ".join(repr(name[:40]) if name else "one without a name" for name in unknown[:10])
    why = ""
    if _POSITIONS & set(unknown):
        why = "; where exactly a person is never comes in: give three characters of the postal code as place"
    return (
        f"these columns are refused: {named}{why}. {what.capitalize()} have {', '.join(c.name for c in IMPORTS[what])}"
    )
