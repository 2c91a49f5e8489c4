"""The first pages: what this is, a group's own page, help, and what is kept."""

from starlette.responses import Response

from careweb.flows.groups import all_groups, group_by_slug
from careweb.web.visits import Visit


async def home(visit: Visit) -> Response:
    groups = await all_groups(visit.ctx)
    return visit.page("start/home.html", groups=groups)


async def group(visit: Visit) -> Response:
    return visit.page("start/group.html", group=await group_by_slug(visit.ctx, visit.given("slug")))


async def help_page(visit: Visit) -> Response:
    return visit.page("start/help.html")


async def privacy(visit: Visit) -> Response:
    return visit.page("start/privacy.html")


async def offline(visit: Visit) -> Response:
    """What a phone keeps of us, to show where nothing can be reached."""
    return visit.page("start/offline.html")
