"""What the log says of a request beside its status: whether somebody got in, did not, or tried to get round."""

from starlette.requests import Request
from starlette.types import Scope

OUTCOMES = frozenset({
    "session_began", "second_step", "wrong_code", "sign_in_first", "second_step_first", "foreign", "stale", "too_much",
    "not_here", "not_admitted", "not_now", "over", "at_capacity", "crowded", "refused", "unexpected",
})  # fmt: skip
_KEY = "careweb.outcome"


def ended(request: Request, outcome: str) -> None:
    request.scope[_KEY] = outcome


def outcome_of(scope: Scope) -> dict[str, str]:
    """As a field of the log, or none."""
    return {"outcome": scope[_KEY]} if scope.get(_KEY) in OUTCOMES else {}
