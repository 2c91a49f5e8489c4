"""What coordinators see: unmet needs by region, the list behind any number, the map beside the table."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import Response

from careweb.domain.board import Area
from careweb.domain.errors import NotHereError
from careweb.domain.places import Province
from careweb.domain.regions import PROVINCES, URBAN_AREAS
from careweb.domain.shortages import NEWCOMER_KM
from careweb.flows import board as flow
from careweb.flows.calls import count_call_backs
from careweb.flows.reviewing import count_reviews
from careweb.flows.shortages import Recruit, matched_lately
from careweb.flows.shortages import recruiting as recruits
from careweb.flows.signin import needs_unconfirmed
from careweb.rendering import place_name, province_name
from careweb.storage.regions import region_sets
from careweb.web.board_map import map_of
from careweb.web.choices import spoken_languages
from careweb.web.visits import Visit


async def board(visit: Visit) -> Response:
    post, area = visit.post(), read_area(visit.request.query_params)
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    layers, markets = await region_sets(visit.ctx.tx), visit.ctx.settings.market_regions
    return visit.page(
        "board/board.html", post=post, area=area, board=await flow.board(visit.ctx, post.group_id, area),
        layers=[one for one in layers if one.slug != PROVINCES],
        markets=next((place_name(visit.interface.tag, one.name_en, one.name_fr) for one in layers if one.slug == markets), ""),
        waiting=await count_reviews(visit.ctx, post.group_id, visit.member_id),
        calls=await count_call_backs(visit.ctx, post.group_id), speech=spoken.name, query=area_query,
        province=province_name(visit.interface.tag, Province[area.province]) if area.province else "",
    )  # fmt: skip


def read_area(query: Mapping[str, str]) -> Area:
    province, region, layer = query.get("province", ""), query.get("region", ""), query.get("layer", URBAN_AREAS)
    if (province and province not in Province.__members__) or (region and not province):
        raise NotHereError
    return Area(province=province, region=region, layer=layer)


def area_query(area: Area, **more: str) -> str:
    """The same level in an address, with more."""
    values = {
        "province": area.province,
        "region": area.region,
        "layer": "" if area.layer == URBAN_AREAS else area.layer,
    }
    return urlencode({name: value for name, value in (values | more).items() if value})


async def board_map(visit: Visit) -> Response:
    post, area = visit.post(), read_area(visit.request.query_params)
    counted = await flow.board(visit.ctx, post.group_id, area)
    svg = await map_of(visit.request.app.state, visit.ctx.tx, area, {line.key: line for line in counted.lines})
    return Response(svg, media_type="image/svg+xml")


async def needs(visit: Visit) -> Response:
    post, given = visit.post(), visit.request.query_params
    area = read_area(given)
    only = {column: given.get(column, "") for column in flow.COLUMNS}
    rows = await flow.needs_behind(
        visit.ctx, post.group_id, area, zone=given.get("zone", ""), unmet=given.get("unmet") == "yes", **only
    )
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    return visit.page(
        "board/needs.html", post=post, area=area, needs=rows, unmet=given.get("unmet") == "yes", now=visit.ctx.now, only=only,
        unconfirmed=await needs_unconfirmed(visit.ctx, post.group_id), speech=spoken.name, query=area_query,
    )  # fmt: skip


RECRUITS_SHOWN = 60  # lines: a page is light, and whoever looks for more than these looks at a region


async def recruiting(visit: Visit) -> Response:
    """Whom to look for: of a province or region, where the board was of one. Remote help is of everywhere."""
    post, area = visit.post(), read_area(visit.request.query_params)
    every = await recruits(visit.ctx, post.group_id)
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    return visit.page(
        "board/recruiting.html", post=post, area=area, speech=spoken.name, query=area_query, most=RECRUITS_SHOWN,
        lines=[line for line in every if not line.zone or _lies_in(area, line)], km=NEWCOMER_KM,
        matched=bool(every) or await matched_lately(visit.ctx),
    )  # fmt: skip


def _lies_in(area: Area, line: Recruit) -> bool:
    of_layer = area.layer == URBAN_AREAS
    return line.province == (area.province or line.province) and (
        not of_layer or line.region == (area.region or line.region)
    )
