"""Why staff opened or changed something: a word of a list; their own words only where a person was asked for a reason."""

from collections.abc import Mapping

from careweb.domain.openings import CallReason
from careweb.domain.reviews import Action, Cause
from careweb.domain.states import AskState, CloseReason, MembershipState, NeedState, Role

WRITTEN = frozenset(
    {
        "asked_contact",
        "allowed_contact",
        "refused_contact",
        "opened_contact",
        "broke_glass",
        "exported",
        "rule_one",
        "rule_two",
        "vouched",
        "second_step_reset",
    }
)
# By the tables of wording.py. Where nobody is asked why, it is what the thing was at that moment.
LISTS: Mapping[str, frozenset[str]] = {
    "need": frozenset(NeedState),
    "ask": frozenset(AskState),
    "membership": frozenset(MembershipState),
    "call": frozenset(CallReason),
    "close_reason": frozenset(CloseReason),
    "cause": frozenset(Cause),
    "held_reason": frozenset({"network", "words"}),
    "action": frozenset(Action),
    "vetting": frozenset({"0", "1"}),
    "opening": frozenset({"asked", "open", "refused"}),
    "role": frozenset(Role),
}


def why(table: str, word: str) -> str:
    """As it is sealed; nothing where the list has no such word."""
    return f"{table}:{word}" if word in LISTS[table] else ""


def listed(reason: str) -> tuple[str, str] | None:
    """Its table and word, if it is one of a list."""
    table, _, word = reason.partition(":")
    return (table, word) if word in LISTS.get(table, ()) else None


def fits(action: str, reason: str) -> bool:
    return not reason or action in WRITTEN or listed(reason) is not None
