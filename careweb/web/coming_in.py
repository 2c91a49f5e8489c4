"""Coming in: by a mailed link or code, by the link of a need, by the return code; and going out."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from careweb.domain.contacts import ContactError, read_contact
from careweb.domain.errors import WrongCodeError
from careweb.domain.ids import NeedId, SignInId
from careweb.flows import signin
from careweb.flows.channels import end_browser, end_browsers
from careweb.flows.needs import find_by_code
from careweb.flows.notices import stop
from careweb.web.asking import keep_session, remember
from careweb.web.bodies import Fields
from careweb.web.cookies import BROWSER, SESSION, drop_cookie, read_cookie
from careweb.web.language import own_path
from careweb.web.need_form import Errors
from careweb.web.outcomes import ended
from careweb.web.slowing import forgive, forgive_code, slowed_code, slowed_sign_in, slowed_try
from careweb.web.visits import Visit, context, see_other


async def sign_in(visit: Visit) -> Response:
    """The same answer whether we know the contact or not."""
    if not visit.posting:
        then = own_path(visit.request.query_params.get("then", "/me"))
        return visit.page("signin/start.html", errors={}, values=visit.fields, then=then)
    return await _write_to(visit, join="join" in visit.fields, again="signin/start.html")


async def _write_to(visit: Visit, *, join: bool, again: str) -> Response:
    then = own_path(visit.fields.get("then", "/me"))
    try:
        contact = read_contact(visit.fields.get("contact", ""))
    except ContactError:
        errors = {"contact": "contact"}
        return visit.page(again, 422, errors=errors, values=visit.fields, then=then)
    sign_in_id = await signin.request_sign_in(
        visit.ctx, contact, locale=visit.interface.tag, join=join, browser=read_cookie(visit.request, BROWSER)
    )
    return see_other(f"/sign-in/{sign_in_id}?then={then}")


async def sign_in_code(visit: Visit) -> Response:
    then = own_path(visit.fields.get("then") or visit.request.query_params.get("then", "/me"))
    sign_in_id = SignInId(UUID(str(visit.request.path_params["sign_in_id"])))
    if not visit.posting:
        return visit.page("signin/code.html", errors={}, values=visit.fields, then=then, id=sign_in_id)
    try:
        secret = await signin.sign_in(visit.ctx, sign_in_id, visit.fields.get("code", ""))
    except WrongCodeError:  # answered, not raised: the wrong try must be counted
        ended(visit.request, "wrong_code")
        return visit.page(
            "signin/code.html", 422, errors={"code": "code"}, values=visit.fields, then=then, id=sign_in_id
        )
    await forgive_code(visit.request)
    return await _inside(visit, secret, then)


async def _inside(visit: Visit, secret: str, then: str) -> Response:
    """To where they wanted to go; else to their page, or to the need they asked about."""
    visitor = await signin.visitor_of(visit.ctx, secret)
    if visitor.member_id is None and visitor.needs:
        then = f"/need/{visitor.needs[0]}"
    elif then == "/me" and visitor.posts:
        then = f"/staff/{visitor.posts[0].slug}"
    response = see_other(then)
    keep_session(visit, response, secret)
    return response


def _link_page(visit: Visit, kind: str, errors: Errors | None = None) -> Response:
    """What a link in a message shows. Mail programs open links, and some press the buttons they find: so a button alone
    does nothing. It takes the browser that asked, a code of the message, or a tick that no program sets."""
    return visit.page("signin/link.html", 422 if errors else 200, kind=kind, errors=errors or {}, values={})


def _sure(visit: Visit) -> bool:
    return visit.fields.get("sure") == "yes"


async def sign_in_link(visit: Visit) -> Response:
    if not visit.posting:
        return _link_page(visit, "sign_in")
    browser, code = read_cookie(visit.request, BROWSER), visit.fields.get("code", "")
    try:
        secret = await signin.sign_in_by_link(visit.ctx, visit.given("token"), browser=browser, code=code)
    except WrongCodeError:  # answered, not raised: a wrong code must be counted
        ended(visit.request, "wrong_code")
        return _link_page(visit, "sign_in", {"code": "code"})
    return await _inside(visit, secret, "/me")


async def need_link(visit: Visit) -> Response:
    token = visit.given("token")
    if not visit.posting:
        need_id = visit.ctx.vault.verify("need", token)
        if need_id and NeedId(need_id) in visit.visitor.needs:
            return see_other(f"/need/{need_id}")
        return _link_page(visit, "need")
    if not _sure(visit):
        return _link_page(visit, "need", {"sure": "sure"})
    opened, secret = await signin.open_need(visit.ctx, token, old_secret=visit.secret)
    response = see_other(f"/need/{opened}")
    keep_session(visit, response, secret)
    return response


async def confirm_link(visit: Visit) -> Response:
    if not visit.posting:
        return _link_page(visit, "confirm")
    if not _sure(visit):
        return _link_page(visit, "confirm", {"sure": "sure"})
    secret = await signin.confirm_by_link(visit.ctx, visit.given("token"), old_secret=visit.secret)
    if secret is None:  # used before: a message that lies about for years must not let anyone in
        return see_other("/sign-in")
    return await _inside(visit, secret, "/me")


async def stop_link(visit: Visit) -> Response:
    """Mail programs post here by themselves when someone presses "unsubscribe" (RFC 8058), and say so in those words."""
    if not visit.posting:
        return _link_page(visit, "stop")
    if visit.fields.get("List-Unsubscribe") != "One-Click" and not _sure(visit):
        return _link_page(visit, "stop", {"sure": "sure"})
    if not await stop(visit.ctx, visit.given("token")):
        raise WrongCodeError
    return visit.page("signin/stopped.html")


async def try_code_first(request: Request, fields: Fields) -> None:
    if fields.get("do") == "contact":
        await slowed_sign_in(request)
        return
    typed = fields.get("code", "")
    async with slowed_try(request, typed):
        request.state.found = await find_by_code(lambda: context(request.app.state), typed)
    if request.state.found:
        await forgive(request, typed)


async def slow_first(request: Request, _fields: Fields) -> None:
    await slowed_sign_in(request)


async def slow_code_first(request: Request, _fields: Fields) -> None:
    await slowed_code(request)


async def find(visit: Visit) -> Response:
    if not visit.posting:
        asked_about = visit.request.query_params.get("need", "")  # as texts to an asker say
        if asked_about in map(str, visit.visitor.needs):
            return see_other(f"/need/{asked_about}")
        return visit.page("signin/find.html", errors={}, values=visit.fields, then="/me")
    if visit.fields.get("do") == "contact":
        return await _write_to(visit, join=False, again="signin/find.html")
    need_id: NeedId | None = visit.request.state.found
    if need_id is None:
        ended(visit.request, "wrong_code")
        return visit.page("signin/find.html", 422, errors={"code": "code"}, values=visit.fields, then="/me")
    response = see_other(f"/need/{need_id}")
    await remember(visit, response, await signin.series_of(visit.ctx, need_id))
    return response


async def sign_out(visit: Visit) -> Response:
    if visit.secret:
        await signin.close_session(visit.ctx, visit.secret)
    response = see_other("/")
    # With its storage it drops its subscription.
    await end_browser(visit.ctx, read_cookie(visit.request, BROWSER))
    for cookie in (SESSION, BROWSER):
        drop_cookie(visit.request, response, cookie)
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


async def sign_out_everywhere(visit: Visit) -> Response:
    """Every browser of theirs, this one too: a lost phone shows nothing from its next request on, and is told nothing."""
    await signin.sign_out_everywhere(visit.ctx, visit.member_id)
    await end_browsers(visit.ctx, visit.member_id)
    return await sign_out(visit)
