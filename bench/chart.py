"""The surge as a picture: one column a rule, one row a community, a bar for the share of its people who are served.

Drawn by hand, with its own background, so that it can be read whatever the page around it looks like.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760
_COLUMNS = (212, 396, 580)  # where each rule begins
_COLUMN = 164
_BAR = 112  # all of a community
_BOLD, _THIN = 42, 25  # heights of rows

_STYLE = """
text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:var(--ink)}
.b{font-weight:600;font-size:14px}.s{font-size:12px;fill:var(--soft)}.n{font-size:26px;font-weight:700}
.p{fill:var(--paper);stroke:var(--line)}.o{fill:var(--ours);stroke:var(--line)}.t{fill:var(--track)}.c{fill:var(--common)}.x{fill:var(--third)}
.l{stroke:var(--line)}
svg{--ink:#1c2b2a;--soft:#4b625e;--paper:#ffffff;--ours:#eef6f3;--line:#b9cfc9;--track:#dde6e3;--common:#667984;--third:#1f7a68}
@media(prefers-color-scheme:dark){svg{--ink:#e8f0ee;--soft:#a9bdb8;--paper:#151d1c;--ours:#1d2c29;--line:#3c524d;--track:#33413e;--common:#93a5ae;--third:#4fc3a6}}
"""


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    about: str
    served: int


@dataclass(frozen=True, kw_only=True)
class Bars:
    """The share served of one community, or of several, by each rule."""

    name: str
    about: str
    shares: Sequence[float]
    third: bool  # coloured as third languages
    bold: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    """A figure that is no share of a row's people."""

    name: str
    values: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Chart:
    title: str
    description: str
    unit: str  # under each number of people served
    columns: Sequence[Column]
    bars: Sequence[Bars]
    lines: Sequence[Line]


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def picture(chart: Chart) -> str:
    """An SVG document."""
    bottom = 132 + sum(_height(row) for row in chart.bars) + 14 + _THIN * len(chart.lines) + 24
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom}" role="img" aria-labelledby="t d">',
            f'<title id="t">{escape(chart.title)}</title>',
            f'<desc id="d">{escape(chart.description)}</desc>',
            f"<style>{_STYLE}</style>",
            f'<rect class="p" x=".5" y=".5" width="{WIDTH - 1}" height="{bottom - 1}" rx="10"/>',
            f'<rect class="o" x="{_COLUMNS[-1] - 12}" y="12" width="{_COLUMN + 16}" height="{bottom - 24}" rx="8"/>',
            *_heads(chart),
            *_rows(chart),
            "</svg>\n",
        ]
    )


def _heads(chart: Chart) -> Iterator[str]:
    yield _text(16, 87, "People served", "b")
    for x, column in zip(_COLUMNS, chart.columns, strict=True):
        yield _text(x, 36, column.name, "b")
        yield _text(x, 53, column.about, "s")
        yield _text(x, 90, f"{column.served:,}", "n")
        yield _text(x, 108, chart.unit, "s")


def _rows(chart: Chart) -> Iterator[str]:
    y = 132
    for row in chart.bars:
        yield from _bars(y, row)
        y += _height(row)
    yield f'<path class="l" d="M16 {y + 6}H{_COLUMNS[-1] - 20}M{_COLUMNS[-1]} {y + 6}h{_COLUMN - 12}"/>'
    y += 14
    for line in chart.lines:
        yield _text(16, y + 18, line.name)
        yield from (_text(x, y + 18, value, "b") for x, value in zip(_COLUMNS, line.values, strict=True))
        y += _THIN


def _height(row: Bars) -> int:
    return _BOLD if row.bold else _THIN


def _bars(y: int, row: Bars) -> Iterator[str]:
    thick = 16 if row.bold else 9
    top, base = y + (4 if row.bold else 7), y + 17
    yield _text(16 if row.bold else 28, base, row.name, "b" if row.bold else "")
    if row.bold:
        yield _text(16, base + 15, row.about, "s")
    for x, share in zip(_COLUMNS, row.shares, strict=True):
        yield f'<rect class="t" x="{x}" y="{top}" width="{_BAR}" height="{thick}" rx="3"/>'
        if share:
            kind = "x" if row.third else "c"
            yield f'<rect class="{kind}" x="{x}" y="{top}" width="{_BAR * share:.1f}" height="{thick}" rx="3"/>'
        yield _text(x + _BAR + 8, base, percent(share), "b" if row.bold else "")


def _text(x: int, y: int, words: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x}" y="{y}">{escape(words)}</text>'
