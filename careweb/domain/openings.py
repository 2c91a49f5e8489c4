"""Opening a contact outside a match: when it takes two people, for how long it stays open, and why somebody is called."""

from datetime import timedelta
from enum import StrEnum

OPEN_FOR = timedelta(hours=24)
KEPT = timedelta(days=30)
REASON_LEAST, REASON_MOST = 10, 500  # characters: "because" is no reason
_MANY = 3


class CallReason(StrEnum):
    DUE = "due"  # whoever left a telephone only asked for this call: that is their yes to it
    QUESTION = "question"  # about what they need, while a call is due anyway
    CONFIRM = "confirm"  # a file brought them: nobody has asked them yet


def reasons_to_call(*, confirmed: bool) -> tuple[CallReason, ...]:
    return (CallReason.DUE, CallReason.QUESTION) if confirmed else (CallReason.CONFIRM,)


def takes_two(chosen: bool | None, staff: int) -> bool:
    """`chosen` by the group; where it said nothing, from three people on. One person alone cannot ask a second."""
    return staff > 1 and (staff >= _MANY if chosen is None else chosen)
