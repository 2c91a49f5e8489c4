"""Who of the staff opened or changed what is known of somebody: for that person alone."""

from starlette.responses import Response

from careweb.flows.auditing import opened
from careweb.flows.following import follow
from careweb.web.visits import Visit


async def opened_need(visit: Visit) -> Response:
    need_id = visit.need_id()
    await follow(visit.ctx, need_id)
    lines = await opened(visit.ctx, "need", need_id)
    return visit.page("reviews/opened.html", lines=lines, back=f"/need/{need_id}")


async def opened_member(visit: Visit) -> Response:
    lines = await opened(visit.ctx, "member", visit.member_id)
    return visit.page("reviews/opened.html", lines=lines, back="/me")
