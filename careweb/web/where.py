"""Towns, parts of a town, wider places: each list on a page of its own, since with the form it would be a heavy one."""

from starlette.responses import Response

from careweb.web.choices import PlaceChoice
from careweb.web.need_form import Errors
from careweb.web.visits import Visit

LISTS = ("town", "zone", "wider")
_NEVER_CARRIED = {"token", "do", "wider", "kept_zone"}
_REPLACED = {"town": {"town", "zone", "kept_town"}, "zone": {"zone", "kept_town"}, "wider": set[str]()}


def left_for_later(errors: Errors) -> Errors:
    """What is wrong with a form, without the lists that come once all else is right."""
    return errors if _asked(errors) else {field: key for field, key in errors.items() if field not in ("town", "zone")}


def ask_where(visit: Visit, place: PlaceChoice, errors: Errors) -> Response | None:
    """The page with one list, if nothing else is left to say. All that was typed goes along, and is not typed again."""
    if not (asked := _asked(errors)):
        return None
    left_out = _NEVER_CARRIED | _REPLACED[asked]
    wrong = errors if asked == "wider" or asked in visit.fields else {}  # a list that was not seen yet is no mistake
    return visit.page(
        "places/where.html", 422 if wrong else 200, place=place, values=visit.fields, errors=wrong, asked=asked,
        carried=[(name, value) for name, value in visit.fields.multi_items() if name not in left_out],
    )  # fmt: skip


def _asked(errors: Errors) -> str:
    return next((one for one in LISTS if one in errors), "") if errors.keys() <= set(LISTS) else ""
