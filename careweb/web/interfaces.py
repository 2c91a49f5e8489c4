"""Which language a page is in: the one chosen here before, else what the browser asks for, else English."""

from starlette.requests import Request

from careweb.rendering import SOURCE, Interface, interfaces
from careweb.web.cookies import LANGUAGE, read_cookie

SPEAK = "speak-"


def asked_for(button: str) -> str:
    """The language whose button was pressed in the middle of a form; empty if it was another."""
    tag = button.removeprefix(SPEAK)
    return tag if button.startswith(SPEAK) and tag in interfaces() else ""


def interface_of(request: Request) -> Interface:
    known = interfaces()
    chosen = getattr(request.state, "language", "") or read_cookie(request, LANGUAGE)
    if chosen not in known:
        chosen = best_match(request.headers.get("accept-language", ""))
    return known[chosen]


def best_match(accepted: str) -> str:
    """`accepted` is an Accept-Language header, as fr-CA, fr;q=0.9, en;q=0.1."""
    known = {name.lower(): one.tag for one in interfaces().values() for name in (*one.also, one.tag)}
    for wanted in _by_preference(accepted):
        parts = wanted.split("-")
        for length in range(len(parts), 0, -1):
            if (tag := "-".join(parts[:length])) in known:
                return known[tag]
    return SOURCE


def _by_preference(accepted: str) -> list[str]:
    ranked = []
    for entry in accepted.lower()[:400].split(","):
        tag, _, quality = entry.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if tag and weight > 0:
            ranked.append((-weight, tag))
    return [tag for _, tag in sorted(ranked, key=lambda pair: pair[0])]
