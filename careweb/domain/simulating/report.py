"""Tables of what came of a simulation, in Markdown that also reads well in a terminal."""

from collections.abc import Mapping, Sequence

from careweb.domain.simulating.comparing import (
    EQUAL_FILL,
    NEVER_WORSE,
    NOT_WORSE_WHERE_FILL_IS_EQUAL,
    Outcome,
    gains,
    mean_and_noise,
)
from careweb.domain.simulating.measures import Filled

NOISE = 2.0  # standard errors
_COLUMNS = {  # measure: heading, as a share, decimals
    "fill": ("filled", True, 1), "urgent_hour": ("urgent in 1 h", True, 1),
    "wait_medium": ("wait, medium", False, 1), "wait_low": ("wait, low", False, 1),
    "asks_a_match": ("asks a match", False, 1), "late_a_match": ("late yeses a match", False, 2),
    "p99_asks": ("p99 asks", False, 1), "opt_out": ("opt-out", True, 2), "gini": ("Gini", False, 2),
    "idle": ("idle", True, 0), "asked_a_day": ("asked a day", True, 2),
}  # fmt: skip
LEGEND = """\
filled: slots filled by the time they are needed · urgent in 1 h: urgent slots filled within an hour · wait: hours until
a slot is filled, median · late yeses: somebody was quicker · p99 asks: of a volunteer in a fortnight · opt-out: leave in
a fortnight · Gini: of asks among volunteers · idle: asked nothing in 28 days · asked a day: asks a day for each volunteer
· ± one standard error over seeds"""


def table(outcomes: Mapping[str, Outcome]) -> str:
    headings = [heading for heading, _, _ in _COLUMNS.values()]
    rows = [[name, *_cells(outcome)] for name, outcome in outcomes.items()]
    return _aligned([["policy", *headings], *rows])


def _cells(outcome: Outcome) -> list[str]:
    numbers = mean_and_noise(outcome.measures)
    several = len(outcome.measures) > 1
    return [_cell(*numbers[name], share, decimals, several) for name, (_, share, decimals) in _COLUMNS.items()]


def _cell(mean: float, error: float, share: bool, decimals: int, several: bool) -> str:
    times = 100 if share else 1
    noise = f" ± {times * error:.{decimals}f}" if several else ""
    return f"{times * mean:.{decimals}f}{noise}{' %' if share else ''}"


def ceiling(outcome: Outcome) -> float:
    return mean_and_noise(outcome.measures)["ceiling"][0]


def gain_cells(ours: Outcome, theirs: Outcome) -> list[str]:
    """Ours against theirs in the same worlds; a cross where ours is worse by more than the noise, and it counts."""
    found = gains(ours.measures, theirs.measures)
    equal = abs(found["fill"][0]) <= EQUAL_FILL
    cells = []
    for name in (*NEVER_WORSE, *NOT_WORSE_WHERE_FILL_IS_EQUAL):
        mean, error = found[name]
        counts = name in NEVER_WORSE or equal
        mark = " ✗" if counts and mean < -NOISE * error - 1e-12 else ""
        times, unit, decimals = (100, " %", 2) if name in NEVER_WORSE else (1, "", 2)
        cells.append(f"{times * mean:+.{decimals}f} ± {times * error:.{decimals}f}{unit}{mark}")
    return cells


GAIN_HEADINGS = ["filled", "urgent in 1 h", "opt-out", "asks a match", "p99 asks"]


def languages(filled: Mapping[int, Filled], plan: Mapping[int, int], most: int = 8) -> str:
    """The main language, the most asked for of the others, and the rest together."""
    order = sorted(filled, key=lambda k: (k != 0, -filled[k].slots, k))
    groups = [(_name(k), [k]) for k in order[:most]]
    if order[most:]:
        groups.append((f"{len(order[most:])} others", order[most:]))
    rows = []
    for name, which in groups:
        slots = sum(filled[k].slots for k in which)
        shares = [
            sum(plan.get(k, 0) for k in which), sum(filled[k].attainable for k in which),
            sum(filled[k].filled for k in which),
        ]  # fmt: skip
        rows.append([name, str(slots), *(f"{100 * share / max(1, slots):.0f} %" for share in shares)])
    return _aligned([["language", "slots", "planned", "attainable", "filled"], *rows])


def _name(language: int) -> str:
    return f"other {language}" if language else "main"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return _aligned([headings, *rows])
