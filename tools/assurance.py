"""`make assurance`: what `make test` does once, with full counts; the outcome and its commit go into docs/assurance.md.

With names, as `make canary` does, only those trials. A row is written as its trial ends; those of other trials stay as they
were, with the commit they were made at. What a test tells of itself (tests/figures.py) stands beside its outcome.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "assurance.md"
WRITTEN = ("assurance.md", "accessibility.md")  # by these runs: that they changed is no change of what was run
FIGURES = re.compile(
    r"^ *(\d+ needs posted.*|\d+ of \d+ planned faults happened: .*|\d+ did not happen: .*|drained in .*|messages repeated.*|0 [a-z ]+|.*p99 .*|dropped one by one.*|nothing to compare with.*|\d+ passed.*)$",
    re.MULTILINE,
)
SUMMARY = re.compile(r"^(?:=+ )?(\d+ (?:passed|failed|errors?|skipped)\b.*?) in [\d.]+s.*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Trial:
    name: str
    what: str
    tests: str = ""
    setting: str = ""
    value: str = ""
    make: str = ""  # instead of tests: a target of the Makefile, which says how it went


TRIALS = (
    Trial(
        name="solve",
        what="The solve against brute force, OR-tools and SciPy: 1,500 pools for each property",
        tests="tests/solving/test_solve.py", setting="CAREWEB_EXAMPLES", value="1500",
    ),
    Trial(
        name="gains",
        what="One more volunteer, searched for and solved again: 1,500 pools",
        tests="tests/solving/test_gains.py", setting="CAREWEB_EXAMPLES", value="1500",
    ),
    Trial(
        name="herd",
        what="Two hundred say yes at once, to one slot and to three, with a withdrawal and with blocks: 500 times each",
        make="herd ROUNDS=500",
    ),
    Trial(name="faults-1", what="Everything fails: seed 1, 10,000 needs, 200 faults", make="faults N=10000 FAULTS=200 SEED=1 MINUTES=90"),
    Trial(name="faults-2", what="Everything fails: seed 2, four minutes", make="faults SEED=2"),
    Trial(name="faults-3", what="Everything fails: seed 3, four minutes", make="faults SEED=3"),
    Trial(name="mutation", what="Every constraint and every guard dropped, one at a time", make="mutation"),
    Trial(name="previous", what="The tests of the release before, on the schema of this one", make="previous"),
    Trial(
        name="renewal",
        what="A new master key for 100,000 records while four read without end, a worker is killed and some are erased",
        tests="tests/storage/test_renewal.py", setting="CAREWEB_ROWS", value="100000",
    ),
    Trial(
        name="scanner",
        what="Links of every kind, 100 times fetched by mail scanners and pressed by bots: nothing changes",
        tests="tests/web/test_scanners.py tests/browser/test_scanner.py", setting="CAREWEB_FETCHES", value="100",
    ),
    Trial(
        name="flood",
        what="A flood of 10,000 needs from three networks: people meanwhile are served within 5 seconds, nothing is dropped",
        tests="tests/web/test_flood.py", setting="CAREWEB_FLOOD", value="10000",
    ),
    Trial(
        name="canary",
        what="Marks in five scripts in every field that is free, through every page and every way to fail, then every file searched",
        tests="tests/attacks/test_canary.py tests/attacks/test_marks.py", setting="CAREWEB_CANARY", value="5",
    ),
    Trial(
        name="fuzz",
        what="Another group's things against nobody's: every route, job, file and message, and how long each takes",
        tests="tests/web/test_two_groups.py tests/flows/test_two_groups.py", setting="CAREWEB_FUZZ", value="30",
    ),
    Trial(
        name="probe",
        what="Twenty accounts that move a thousand times, offer and say no, around a home that moves within its zone",
        tests="tests/attacks/test_probe.py tests/flows/test_moves.py", setting="CAREWEB_PROBE", value="1000",
    ),
    Trial(
        name="pages",
        what="Every page in every language, at three widths, light and dark: axe, no scrolling sideways, targets of 44 pixels; every story",
        make="pages EVERY=1",
    ),
)  # fmt: skip


def main() -> int:
    named, worst = sys.argv[1:], 0
    if unknown := set(named) - {trial.name for trial in TRIALS}:
        print(f"no trial is called {', '.join(sorted(unknown))}")  # noqa: T201
        return 2
    for trial in TRIALS:
        if named and trial.name not in named:
            continue
        failed, outcome, minutes = _run(trial)
        worst = max(worst, failed)
        command = f"`make {trial.make}`" if trial.make else f"`{trial.setting}={trial.value} pytest {trial.tests}`"
        row = f"| {trial.what} | {command} | {outcome} | {minutes:.0f} min | {now()} at {commit()} |"
        print(f"{trial.what}: {outcome}", flush=True)  # noqa: T201
        _write(_rows_there() | {trial.what: row})  # each as it ends: the next one may take an hour
    return worst


def _write(rows: dict[str, str]) -> None:
    lines = [rows[trial.what] for trial in TRIALS if trial.what in rows]
    PAGE.write_text(_page(lines), encoding="utf-8")


def _run(trial: Trial) -> tuple[int, str, float]:
    """Whether it failed, what came of it, and minutes."""
    started = time.monotonic()
    pytest = [sys.executable, "-m", "pytest", "-q", "-o", "console_output_style=classic", "--no-header", "-v"]
    command = ["make", "-s", *trial.make.split()] if trial.make else [*pytest, *trial.tests.split()]
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as figures:
        own = {"CAREWEB_FIGURES": figures.name} | ({trial.setting: trial.value} if trial.setting else {})
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | own, stdout=subprocess.PIPE, text=True, check=False
        )  # fmt: skip
        told = [line.strip() for line in figures]
    if done.returncode:
        print(done.stdout[-20_000:])  # noqa: T201
    outcome = _outcome(trial, done.stdout, done.returncode)
    return done.returncode, ". ".join([outcome, *told]), (time.monotonic() - started) / 60


def _outcome(trial: Trial, printed: str, code: int) -> str:
    """What the run printed about itself, or how many tests passed."""
    figures = FIGURES.findall(printed) if trial.make else []
    if figures and not code:
        return "; ".join(figures)
    ended = SUMMARY.findall(printed)
    return ended[-1] if ended else f"ended with {code}"


def _rows_there() -> dict[str, str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in lines if line.startswith("| ")}
    return {trial.what: rows[trial.what] for trial in TRIALS if trial.what in rows}


def _page(rows: list[str]) -> str:
    lines = "\n".join(rows)
    return f"""# Assurance

Written by `make assurance`, trial by trial (`make assurance ARGS="pages canary"` for some). What `make test` does once is done
here with full counts; each row says when, and at which commit.

| what | command | outcome | time | on |
|---|---|---|---|---|
{lines}
"""


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    elsewhere = git("status", "--porcelain", "--untracked-files=no", "--", ".", *(f":!docs/{name}" for name in WRITTEN))
    changed = " and changes not committed" if elsewhere else ""
    return git("rev-parse", "--short", "HEAD") + changed


if __name__ == "__main__":
    sys.exit(main())
