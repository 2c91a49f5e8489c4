"""Free text that leads to a person comes back once, with a word beside the field and a box to keep it as it is."""

from careweb.domain.giveaways import Giveaway, giveaways
from careweb.web.bodies import CUT, Fields

Cautions = dict[str, str]  # field -> a key of wording.ERRORS


def cautions(fields: Fields, *names: str) -> Cautions:
    return {name: key for name in names if (key := _caution(fields, name))}


def _caution(fields: Fields, name: str) -> str:
    kinds = {*giveaways(fields.get(name, "")), *([Giveaway.POSTAL] if name in fields.getlist(CUT) else [])}
    if not kinds or f"keep-{name}" in fields:
        return ""
    return "gives_several" if len(kinds) > 1 else f"gives_{kinds.pop()}"
