"""Free text that leads to a person comes back once, with a word beside the field and a box to keep it as it is."""

from careweb.domain.giveaways import Giveaway, giveaways
from careweb.domain.needs import TEXT_MOST
from careweb.web.bodies import CUT, Fields
from careweb.web.text_rules import names_a_position
from careweb.web.visits import Visit

Cautions = dict[str, str]  # field -> a key of wording.ERRORS


def cautions(fields: Fields, *names: str) -> Cautions:
    return {name: key for name in names if (key := _caution(fields, name))}


def _caution(fields: Fields, name: str) -> str:
    kinds = {*giveaways(fields.get(name, "")), *([Giveaway.POSTAL] if name in fields.getlist(CUT) else [])}
    if not kinds or f"keep-{name}" in fields:
        return ""
    return "gives_several" if len(kinds) > 1 else f"gives_{kinds.pop()}"


def read_words(visit: Visit, field: str) -> tuple[str, str]:
    """What was written, and what is wrong with it, if anything."""
    text = visit.fields.get(field, "").strip()
    if names_a_position(text):
        return text, "coordinates"
    return text, "text" if len(text) > TEXT_MOST else cautions(visit.fields, field).get(field, "")
