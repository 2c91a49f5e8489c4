"""Fill against asks, one point a policy: a drawing of our own, so that nothing need be installed for it."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from careweb.domain.simulating.comparing import OURS, Outcome, mean_and_noise

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 200, 50, 60
_TICKS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500)


def chart(outcomes: Mapping[str, Outcome], *, title: str) -> str:
    points = {name: _point(outcome) for name, outcome in outcomes.items()}
    across = _Axis(low=min(p[0] for p in points.values()) / 1.3, high=max(p[0] for p in points.values()) * 1.3)
    up = [p[1] + d * p[2] for p in points.values() for d in (-1, 1)]
    low, high = math.floor(20 * min(up)) / 20, min(1.0, math.ceil(20 * max(up)) / 20)
    parts = [_frame(title), *_across(across), *_up(low, high)]
    placed: list[float] = []
    for name, (asks, fill, error) in sorted(points.items(), key=lambda point: -point[1][1]):
        parts += _mark(name, across.at(asks), _y(fill, low, high), abs(_y(error, low, high) - _y(0, low, high)), placed)
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Axis:
    def __init__(self, *, low: float, high: float) -> None:
        self.low, self.high = math.log(low), math.log(high)

    def at(self, value: float) -> float:
        return _LEFT + (math.log(value) - self.low) / (self.high - self.low) * (_WIDTH - _LEFT - _RIGHT)


def _point(outcome: Outcome) -> tuple[float, float, float]:
    """Asks a match; the share of what was attainable that was filled, and its standard error."""
    numbers = mean_and_noise(outcome.measures)
    ceiling = numbers["ceiling"][0] or 1.0
    return numbers["asks_a_match"][0], numbers["fill"][0] / ceiling, numbers["fill"][1] / ceiling


def _y(value: float, low: float, high: float) -> float:
    return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)


def _frame(title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-family="sans-serif" '
        f'font-size="13">\n<title>{escape(title)}</title>\n<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="{_LEFT}" y="26" font-size="15" font-weight="bold" fill="#222">{escape(title)}</text>'
    )


def _across(axis: _Axis) -> Sequence[str]:
    base = _HEIGHT - _BOTTOM
    found = [f'<text x="{_LEFT}" y="{_HEIGHT - 14}" fill="#444">asks for each match (fewer is kinder)</text>']
    for tick in _TICKS:
        if axis.low <= math.log(tick) <= axis.high:
            x = axis.at(tick)
            found.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{base}" stroke="#ddd"/>')
            found.append(f'<text x="{x:.1f}" y="{base + 18}" text-anchor="middle" fill="#444">{tick}</text>')
    return found


def _up(low: float, high: float) -> Sequence[str]:
    found = [f'<text x="{_LEFT}" y="{_TOP - 6}" fill="#444">filled, of what was attainable</text>']
    steps = round((high - low) * 20)
    for step in range(steps + 1):
        value = low + step / 20
        y = _y(value, low, high)
        found.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        found.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{100 * value:.0f} %</text>')
    return found


def _mark(name: str, x: float, y: float, error: float, placed: list[float]) -> Sequence[str]:
    """A point with its noise, and its name to the right of the drawing, moved down where another one stands."""
    at = y
    while any(abs(at - other) < 16 for other in placed):
        at += 4
    placed.append(at)
    ours = name == OURS
    colour, edge = ("#b3261e", _WIDTH - _RIGHT) if ours else ("#33557a", _WIDTH - _RIGHT)
    weight = ' font-weight="bold"' if ours else ""
    return [
        f'<line x1="{x:.1f}" y1="{y - error:.1f}" x2="{x:.1f}" y2="{y + error:.1f}" stroke="{colour}" stroke-width="2"/>',
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{edge + 6}" y2="{at:.1f}" stroke="{colour}" stroke-width="0.5" opacity="0.6"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{6 if ours else 4.5}" fill="{colour}"/>',
        f'<text x="{edge + 10}" y="{at + 4:.1f}" fill="{colour}"{weight}>{escape(name)}</text>',
    ]
