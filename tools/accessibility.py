"""`make pages`: the browser tests, and what they measured of every page, into docs/accessibility.md.

As `make test` runs them; with CAREWEB_EVERY=1 (`make pages EVERY=1`) in every language, at every width, by every rule in the dark too.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tools.assurance import ROOT, commit, now

PAGE = ROOT / "docs" / "accessibility.md"
TESTS = (
    "tests/browser/test_pages.py",
    "tests/browser/test_bare.py",
    "tests/browser/test_keep.py",
    "tests/web/test_plain_words.py",
)
CONNECTIONS = 2  # round trips before the first request: TCP and TLS 1.3
NETWORKS = {  # bits a second, and seconds for a round trip
    "50 kbit/s and 600 ms": (50_000, 0.6),
    "Slow 3G (400 kbit/s and 400 ms)": (400_000, 0.4),
}
Records = Sequence[Mapping[str, Any]]


def main() -> int:
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
        told = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *TESTS], cwd=ROOT, env=os.environ | {"CAREWEB_PAGES": file.name}, check=False
        )  # fmt: skip
        records = [json.loads(line) for line in file]
    if records:
        text = page(records, how=f"{now()} at {commit()}", passed=not told.returncode)
        print(text.partition("## What no program")[0])  # noqa: T201
        PAGE.write_text(text, encoding="utf-8")
    return told.returncode


def page(records: Records, *, how: str, passed: bool) -> str:
    return TEXT.format(
        how=how, outcome="All of them passed." if passed else "**Some failed: the figures below say which.**",
        axe="\n".join(_axe(_of(records, "axe"))), sizes="\n".join(_sizes(_of(records, "bytes"))),
        script=len(gzip.compress((ROOT / "static" / "keep.js").read_bytes(), 6)), flow=_flow(_of(records, "flow")), times="\n".join(_times(records)), held="\n".join(_held(records)),
    )  # fmt: skip


def _of(records: Records, kind: str) -> Records:
    return [one for one in records if one["kind"] == kind]


def _axe(records: Records) -> Iterable[str]:
    yield "| language | width | colours | rules | pages | with a violation |\n|---|---|---|---|---|---|"
    for one in sorted(records, key=lambda one: (one["language"], one["width"], one["scheme"])):
        found = ", ".join(sorted(one["broken"])) or "0"
        yield f"| {one['language']} | {one['width']} px | {one['scheme']} | {one['rules']} | {one['pages']} | {found} |"


def _sizes(records: Records) -> Iterable[str]:
    yield "| page | bytes |\n|---|---|"
    for one in records:
        for name, size in sorted(one["pages"].items(), key=lambda item: -item[1]):
            yield f"| {name} | {size:,} |"


def _flow(records: Records) -> str:
    if not records:
        return "not measured"
    heaviest = max(records, key=lambda one: sum(one["sizes"].values()))
    sizes = heaviest["sizes"]
    return " + ".join(f"{size:,} ({name})" for name, size in sizes.items()) + (
        f" = **{sum(sizes.values()):,} bytes** in {heaviest['language']}, the heaviest"
    )


def _times(records: Records) -> Iterable[str]:
    """Reckoned, not timed: a machine that measures while others work on it would tell of them."""
    largest = max((max(one["pages"].values()) for one in _of(records, "bytes")), default=0)
    trips = CONNECTIONS + max((one["trips"] for one in _of(records, "trips")), default=0)
    yield "| network | round trips | bytes | seconds |\n|---|---|---|---|"
    for name, (bits, trip) in NETWORKS.items():
        yield f"| {name} | {trips} | {largest:,} | {trips * trip + largest * 8 / bits:.1f} |"


def _held(records: Records) -> Iterable[str]:
    for kind, what in (
        ("sideways", "scroll sideways"),
        ("targets", "have a target less than 44 pixels tall or wide"),
        ("trips", "need more than their own answer and one more round"),
    ):
        for one in _of(records, kind):
            where = f" in {one['language']}" if "language" in one else ""
            where += f" at {one['width']} px" if "width" in one else ""
            yield f"- {len(one['broken'])} of {one['pages']} pages {what}{where}."


TEXT = """# Accessibility

Written by `make pages` from what the browser tests measured, {how}. {outcome}

## axe

Violations found by axe-core, with scripts on, in Chromium. "contrast": all else was looked at in the light.

{axe}

## Bytes

A page compressed with its stylesheet, in the language in which it is heaviest, the most first. At most 14,336. The script comes
afterwards and is not needed: {script:,} bytes compressed on pages about a person and on those of staff, none on the others.

{sizes}

The whole of asking, at most 30,720: {flow}.

## Time

The largest page on a first visit: connection and encryption, the page, then the stylesheet; every byte at the speed of the
network. Reckoned from the figures above, not timed.

{times}

## What else is measured

{held}
- Asking and answering go by keyboard alone, with scripts off, with styles and without: `tests/browser/test_bare.py`. So do signing
  in, offering and changing, the week, rest, channels, erasing, report, block, "I cannot", the second step, and what coordinators
  decide: `tests/browser/test_keys.py`, without styles in each run, with them too when every page is measured.
- Asking, helping, coordinating, reporting and blocking are told from the first page to the last in English, Chinese, Urdu and
  Tibetan, with scripts off and on, with the mail that belongs to them: language and direction of each page, nothing left in
  English, nothing off the side of a phone, what was typed kept after a mistake: `tests/browser/test_stories.py`.
- The focus is seen wherever the tab key stops, and is not under the strip that stays in place.
- What is printed has the words and none of the buttons, black on white.
- Sentences of asking have at most 20 words; the English reads at about grade six: `tests/web/test_plain_words.py`.
- A form with a mistake says so first, linked to its field, in text, and keeps what was typed: `tests/web/test_asking.py`.

## What no program here can tell

- How it is to use this with a screen reader. Names, roles and order are checked by rule; nobody who needs one has tried it.
- Whether the words are understood. A grade counts syllables. It knows nothing of fear, of a second language, or of a bad day.
- Whether translations are right. Tests know that a string is there, in its script and with its placeholders; only a speaker
  knows the rest. The foot of a page says where one has not looked yet.
- Voice control, switches, magnifiers and braille lines: not tried.
- Real old phones. Chromium at 320 pixels is not a phone of 2014; Firefox and Safari are not run here.
- High contrast of the system, and people's own fonts and spacing: no test looks at them.
- Real networks: loss, captive portals, a proxy that rewrites pages.
- Criteria of WCAG 2.2 that need a person: 1.3.3, 1.4.5, 2.4.4 to 2.4.6 in every language, 3.2.6, 3.3.3, 3.3.7 and 3.3.8 in use.
"""


if __name__ == "__main__":
    sys.exit(main())
