"""One table: what the rules call an error, and what a person is told."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from careweb.domain import errors
from careweb.web.bodies import BodyError
from careweb.web.headers import headers_of
from careweb.web.pages import error_page

STATUS: Mapping[type[errors.CareError], tuple[int, str]] = {
    errors.NotHereError: (404, "not_here"),
    errors.OverError: (409, "over"),
    errors.NotNowError: (409, "not_now"),
    errors.AtCapacityError: (409, "at_capacity"),
    errors.MovedTooOftenError: (422, "not_now"),  # the page of an offer says it beside the field
    errors.NoCodeLeftError: (409, "not_now"),
    errors.WrongCodeError: (422, "wrong_code"),
    errors.NotAdmittedError: (403, "not_admitted"),
    errors.TooManyChannelsError: (422, "not_now"),  # the page of channels says it beside the field
}


class StaleFormError(Exception):
    """The form was not made for this browser, or its cookie is gone."""


class SecondStepFirstError(Exception):
    """Only for staff who have shown their second step."""


class SignInFirstError(Exception):
    """Only for someone who is signed in."""


async def care_error(request: Request, error: Exception) -> Response:
    found = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), (400, "not_now"))
    return error_page(request, *found)


async def http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  for the type checker: registered for nothing else
    kind = {404: "not_here", 405: "not_here"}.get(error.status_code, "refused")
    return error_page(request, error.status_code, kind, headers=error.headers)


async def body_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BodyError)  # noqa: S101
    return error_page(request, error.status, "too_much", headers={"connection": "close"})


async def stale_form(request: Request, _error: Exception) -> Response:
    return error_page(request, 403, "stale")


async def crowded(request: Request, _error: Exception) -> Response:
    return error_page(request, 429, "crowded", headers={"retry-after": "30"})


async def last_resort(request: Request, _error: Exception) -> Response:
    """Outside of everything that makes an answer ours: not even the page of errors could be drawn."""
    closed = {"connection": "close"}  # the error goes on to the server, which ends the connection
    headers = {**headers_of(request.app.state.settings), "cache-control": "no-store", **closed}
    return PlainTextResponse("500\n", 500, headers)
