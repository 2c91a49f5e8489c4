"""What is held about somebody, and who of the staff opened or changed it: for that person alone."""

from starlette.responses import Response

from careweb.flows.auditing import opened
from careweb.flows.channels import channels_of
from careweb.flows.following import follow, goes_at, held_about
from careweb.flows.forgetting import need_kept_until
from careweb.flows.members import member_kept_until
from careweb.web.choices import spoken_languages
from careweb.web.visits import Visit


async def privacy_of_need(visit: Visit) -> Response:
    """What is held about one need, who opened it, and when it goes."""
    need_id = visit.need_id()
    view = await follow(visit.ctx, need_id)
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    return visit.page(
        "needs/privacy.html", need=view, languages=[spoken.name(tag, visit.interface.tag) for tag in view.languages], lines=await opened(visit.ctx, "need", need_id),
        held=await held_about(visit.ctx, need_id), ways=await channels_of(visit.ctx, need_id), goes=await goes_at(visit.ctx, view),
        kept=await need_kept_until(visit.ctx, need_id),
    )  # fmt: skip


async def opened_member(visit: Visit) -> Response:
    lines = await opened(visit.ctx, "member", visit.member_id)
    kept = await member_kept_until(visit.ctx, visit.member_id)
    return visit.page("reviews/opened.html", lines=lines, back="/me", kept=kept, time_zone=visit.visitor.time_zone)
