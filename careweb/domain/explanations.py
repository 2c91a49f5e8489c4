"""Why a volunteer is asked: facts in, reasons out, for a door to put into words.

Only what the volunteer told us, what the ask says anyway, and how often they were asked. No distance finer than a band,
and nothing that tells one asker from another.
"""

from dataclasses import dataclass
from enum import StrEnum

from careweb.domain.distances import Band


class Why(StrEnum):
    """In the order in which a volunteer reads them."""

    OFFERED = "offered"  # `value`: the category
    BOTH_SPEAK = "both_speak"  # `value`: the language, which is the asker's first
    ALSO_FINE = "also_fine"  # `value`: the language, a second choice of the asker
    PLACE = "place"  # `value`: the band
    TIME = "time"
    ASKS = "asks"  # `count`: asks in the seven days before this one
    LEAST_SERVED = "least_served"  # of what its community asked, less was served than of any other


@dataclass(frozen=True, kw_only=True)
class Reason:
    why: Why
    value: str = ""
    count: int = 0


def why_asked(
    *, category: str, language: str, second_language: bool, band: Band, asks_last_week: int, least_served: bool
) -> list[Reason]:
    """`least_served`: by the figures of the last tick. Told only where both speak the asker's first language: that the
    asker has another one, and a rare one, is nobody's business."""
    found = [
        Reason(why=Why.OFFERED, value=category),
        Reason(why=Why.ALSO_FINE if second_language else Why.BOTH_SPEAK, value=language),
        Reason(why=Why.PLACE, value=band),
        Reason(why=Why.TIME),
        Reason(why=Why.ASKS, count=asks_last_week),
    ]
    if least_served and not second_language:
        found.append(Reason(why=Why.LEAST_SERVED))
    return found
