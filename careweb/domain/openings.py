"""Opening a contact outside a match: when it takes two people, and for how long it stays open."""

from datetime import timedelta

OPEN_FOR = timedelta(hours=24)
KEPT = timedelta(days=30)
REASON_LEAST, REASON_MOST = 10, 500  # characters: "because" is no reason
_MANY = 3


def takes_two(chosen: bool | None, staff: int) -> bool:
    """`chosen` by the group; where it said nothing, from three people on. One person alone cannot ask a second."""
    return staff > 1 and (staff >= _MANY if chosen is None else chosen)
