"""`make pages`: the browser tests, and what they measured of every page, into docs/accessibility.md.

As `make test` runs them; with CAREWEB_EVERY=1 (`make pages EVERY=1`) in every language and at more widths, on two cores.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tools.assurance import ROOT, commit, now

PAGE = ROOT / "docs" / "accessibility.md"
TESTS = ("tests/browser", "tests/web/test_plain_words.py", "tests/web/test_glyphs.py")
EVERY = ("--numprocesses=2", "--dist=load") if os.environ.get("CAREWEB_EVERY") else ()
CONNECTIONS = 2  # round trips before the first request: TCP and TLS 1.3
NETWORKS = {  # bits a second, and seconds for a round trip
    "50 kbit/s and 600 ms": (50_000, 0.6),
    "Slow 3G (400 kbit/s and 400 ms)": (400_000, 0.4),
}
Records = Sequence[Mapping[str, Any]]


def main() -> int:
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
        told = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *TESTS, *EVERY], cwd=ROOT, env=os.environ | {"CAREWEB_PAGES": file.name}, check=False
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
        looks=_looks(_of(records, "axe")), languages="\n".join(_languages(records)), sizes="\n".join(_sizes(_of(records, "bytes"))),
        script=len(gzip.compress((ROOT / "static" / "keep.js").read_bytes(), 6)), flow=_flow(_of(records, "flow")),
        times="\n".join(_times(records)), trips="\n".join(_trips(_of(records, "trips"))), glyphs="\n".join(_glyphs(_of(records, "glyphs"))),
    )  # fmt: skip


def _of(records: Records, kind: str) -> Records:
    return [one for one in records if one["kind"] == kind]


def _looks(records: Records) -> str:
    """Widths, colours and rules, once for all languages."""
    looks = sorted(
        {(one["width"], one["scheme"], one["rules"]) for one in records}, key=lambda look: (look[0], look[1] == "dark")
    )
    return ", ".join(f"{width} px {scheme} ({rules})" for width, scheme, rules in looks) or "none"


def _languages(records: Records) -> Iterable[str]:
    """A row for each language. "–": not measured in it."""
    yield "| language | pages | looks | axe | scroll sideways | small target |\n|---|---|---|---|---|---|"
    axe, wide, small = (_of(records, kind) for kind in ("axe", "sideways", "targets"))
    for language in sorted({one["language"] for one in (*axe, *wide, *small)}):
        looked, sideways, targets = (
            [one for one in some if one["language"] == language] for some in (axe, wide, small)
        )
        pages: Counter[tuple[int, str]] = Counter()
        for one in looked:
            pages[one["width"], one["scheme"]] += one["pages"]
        most = max([*pages.values(), sum(one["pages"] for one in targets)])
        found = " | ".join(map(_broken, (looked, sideways, targets)))
        yield f"| {language} | {most} | {sum(pages.values())} | {found} |"


def _broken(records: Records) -> str:
    """The pages, or that there are none."""
    if not records:
        return "–"
    return ", ".join(sorted({name for one in records for name in one["broken"]})) or "0"


def _trips(records: Records) -> Iterable[str]:
    if records:
        more = {name for one in records for name in one["broken"]}
        yield f"- {len(more)} of {records[0]['pages']} pages need more than their own answer and one more round."


def _glyphs(records: Records) -> Iterable[str]:
    yield "| strings of | strings | characters | missing |\n|---|---|---|---|"
    for one in records:
        yield f"| {one['what']} | {one['strings']:,} | {one['characters']:,} | {', '.join(one['missing']) or '0'} |"


def _heaviest(records: Records) -> Mapping[str, int]:
    """Each page in the language in which it is heaviest."""
    sizes: dict[str, int] = {}
    for one in records:
        for name, size in one["pages"].items():
            sizes[name] = max(size, sizes.get(name, 0))
    return sizes


def _sizes(records: Records) -> Iterable[str]:
    yield "| page | bytes |\n|---|---|"
    for name, size in sorted(_heaviest(records).items(), key=lambda item: -item[1]):
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
    largest = max(_heaviest(_of(records, "bytes")).values(), default=0)
    trips = CONNECTIONS + max((one["trips"] for one in _of(records, "trips")), default=0)
    yield "| network | round trips | bytes | seconds |\n|---|---|---|---|"
    for name, (bits, trip) in NETWORKS.items():
        yield f"| {name} | {trips} | {largest:,} | {trips * trip + largest * 8 / bits:.1f} |"


TEXT = """# Accessibility

Written by `make pages` from what the browser tests measured, {how}. {outcome}

## Every page in every way

Looked at with scripts on, in Chromium, in these ways: {looks}.

"all" is every rule of axe-core; "contrast": only colours are others in the dark, and all else was looked at in the light. The pages are those with an address, those that
come of a form that was sent or refused, and what people are told when something goes wrong: `tests/browser/test_walked.py`
fails where a template or an address is not among them. A look is one page in one of these ways. In the other columns stand the
pages where axe found a violation, that scroll sideways, and that have a target less than 44 pixels tall or wide; "–" is not
measured. What people see while the database is away has no stylesheet, and its targets are not measured.

{languages}

## Bytes

A page compressed with its stylesheet, in the language in which it is heaviest, the most first; what comes of a form, in the
heaviest of the languages above. At most 14,336. The script comes afterwards and is not needed: {script:,} bytes compressed on
pages about a person and on those of staff, none on the others.

{sizes}

The whole of asking, at most 30,720: {flow}.

## Time

The largest page on a first visit: connection and encryption, the page, then the stylesheet; every byte at the speed of the
network. Reckoned from the figures above, not timed.

{times}

## Letters

Characters that no Noto font of this machine can draw: of all strings and names of languages, and of what the formats of a
language make of days, hours, times ago and numbers.

{glyphs}

## What else is measured

{trips}
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
- A push is shown once and as it came; a passkey is made and shown: `tests/browser/test_push.py`, `tests/browser/test_passkey.py`.

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
