"""The door: a request with its form and whoever sends it, in one transaction that commits when the answer is ready."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from careweb.domain.errors import NotHereError
from careweb.domain.ids import MemberId, NeedId
from careweb.flows.context import Context
from careweb.flows.entering import act_in, enter
from careweb.flows.offers import speak_in
from careweb.flows.signin import Post, Visitor, see_session, visitor_of
from careweb.rendering import Interface
from careweb.storage.database import Deadlock, ReadOnly, Transaction, reading, transaction
from careweb.web.bodies import MOST_FIELDS, NO_FIELDS, Fields, read_fields
from careweb.web.cookies import BROWSER, LANGUAGE, SESSION, read_cookie, set_cookie, token_fits
from careweb.web.errors import SecondStepFirstError, SignInFirstError, StaleFormError
from careweb.web.interfaces import asked_for, interface_of
from careweb.web.outcomes import ended
from careweb.web.pages import page
from careweb.web.slowing import turn


@dataclass(frozen=True, kw_only=True)
class Visit:
    request: Request
    ctx: Context
    visitor: Visitor
    fields: Fields

    @property
    def posting(self) -> bool:
        return self.request.method == "POST"

    @property
    def interface(self) -> Interface:
        return interface_of(self.request)

    @property
    def secret(self) -> str:
        return read_cookie(self.request, SESSION)

    def given(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    @property
    def member_id(self) -> MemberId:
        if self.visitor.member_id is None:
            raise SignInFirstError
        return self.visitor.member_id

    def need_id(self) -> NeedId:
        """The need of the path, if this browser may follow it; else it is as if there were none."""
        need_id = NeedId(self.request.path_params["need_id"])
        if need_id not in self.visitor.needs:
            raise NotHereError
        return need_id

    def post(self) -> Post:
        """The visitor's role in the group of the path; to others who are signed in the page does not exist."""
        if self.visitor.member_id is None:
            raise SignInFirstError
        post = self.visitor.post_in(self.given("slug"))
        if post is None:
            raise NotHereError
        if post.second_step and not self.visitor.second_at:
            raise SecondStepFirstError
        return post

    def page(self, name: str, status: int = 200, **context: Any) -> Response:
        return page(self.request, name, status, **context)


Handler = Callable[[Visit], Awaitable[Response]]
First = Callable[[Request, Fields], Awaitable[None]]


def see_other(path: str) -> Response:
    return RedirectResponse(path, 303)


FORM = ("GET", "POST")
_MORE_TRIES = 2


class Door(Route):
    """`reads`: looking changes nothing; a test opens each of these on a database that takes no writing."""

    def __init__(self, path: str, endpoint: Callable[..., Any], *, reads: bool, **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        self.reads = reads


def door(
    path: str,
    handler: Handler,
    methods: Sequence[str] = ("GET",),
    *,
    most_fields: int = MOST_FIELDS,
    own_forms_only: bool = True,
    reads: bool = False,
    first: First | None = None,
    in_turn: bool = False,
) -> Door:
    """`own_forms_only`: a post carries the token of a form made for this browser. `reads`: looking changes nothing.

    `first`: what is slow about a post, done before the door takes a connection. `in_turn`: a few posts at a time, of each
    network in turn, so that a crowd of them holds up itself.
    """

    async def endpoint(request: Request) -> Response:
        fields = await read_fields(request, most_fields=most_fields) if request.method == "POST" else NO_FIELDS
        if request.method == "POST" and own_forms_only:
            _check_token(request, fields)
        request.state.fields = fields  # should the database be away, they are given back
        request.state.language = asked_for(fields.get("do", ""))
        if request.method == "POST" and in_turn:
            async with turn(request):
                return await answered(request, fields)
        return await answered(request, fields)

    async def answered(request: Request, fields: Fields) -> Response:
        if request.method == "POST" and first:
            await first(request, fields)
        for _ in range(_MORE_TRIES):
            with suppress(Deadlock):  # a worker was at the same need the other way around; nothing of ours was kept
                return await _noting_use(request, await in_transaction(request, fields))
        return await in_transaction(request, fields)

    async def in_transaction(request: Request, fields: Fields) -> Response:
        state = request.app.state
        secret = read_cookie(request, SESSION)
        begin = reading if reads and request.method != "POST" and not secret else transaction
        async with begin(state.engine) as tx:
            ctx = _context(state, tx)
            visitor = await visitor_of(ctx, secret)
            await _enter(ctx, request, visitor)
            request.state.visitor = visitor
            try:
                _check_address(request)
                visit = Visit(request=request, ctx=ctx, visitor=visitor, fields=fields)
                return await _speaking(visit, await handler(visit))
            except SecondStepFirstError:
                ended(request, "second_step_first")
                return see_other(f"/second-step?then={request.url.path}" if request.method == "GET" else "/second-step")
            except SignInFirstError:
                ended(request, "sign_in_first")
                return see_other(f"/sign-in?then={request.url.path}" if request.method == "GET" else "/sign-in")

    return Door(path, endpoint, methods=list(methods), name=handler.__name__, reads=reads)


async def _enter(ctx: Context, request: Request, visitor: Visitor) -> None:
    """The group that this request is about, if it is about one: no row of another is seen from here on."""
    given = request.path_params
    if "slug" in given and (visitor.member_id or request.method == "POST"):
        await act_in(ctx, given["slug"])
    elif "need_id" in given and given["need_id"] in visitor.needs:
        await enter(ctx, given["need_id"])
    elif "match_id" in given and visitor.member_id:
        await enter(ctx, given["match_id"])


async def _speaking(visit: Visit, response: Response) -> Response:
    """A language chosen in the middle of a form: the form comes back in it as it was typed, and it is remembered."""
    if chosen := str(visit.request.state.language):
        set_cookie(visit.request, response, LANGUAGE, chosen)
        if visit.visitor.member_id:
            await speak_in(visit.ctx, visit.visitor.member_id, locale=chosen, time_zone=visit.visitor.time_zone)
    return response


async def _noting_use(request: Request, response: Response) -> Response:
    """Apart from the page, which may be of a database that takes no writing. A page that looks again by itself is no use of it."""
    by_script = request.headers.get("x-careweb-looks") == "again"
    if request.state.visitor.stale and not by_script:
        with suppress(ReadOnly):
            async with context(request.app.state) as ctx:
                await see_session(ctx, read_cookie(request, SESSION))
    return response


def _context(state: State, tx: Transaction) -> Context:
    return Context(tx=tx, vault=state.vault, settings=state.settings, now=datetime.now(UTC))


@asynccontextmanager
async def context(state: State) -> AsyncIterator[Context]:
    """A transaction apart from the door's, for what comes first."""
    async with transaction(state.engine) as tx:
        yield _context(state, tx)


def _check_address(request: Request) -> None:
    """No page has a NUL in its address, and PostgreSQL takes none in a text."""
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise NotHereError


def _check_token(request: Request, fields: Fields) -> None:
    if not token_fits(read_cookie(request, BROWSER), fields.get("token", "")):
        raise StaleFormError
