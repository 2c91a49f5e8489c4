"""`make assurance`: what `make test` does once, with full counts; the outcome and its commit go into docs/assurance.md."""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "assurance.md"
FIGURES = re.compile(
    r"^(\d+ needs posted.*|\d+ faults: .*|drained in .*|messages repeated.*|0 [a-z ]+|.*p99 .*|dropped one by one.*|\d+ passed.*)$",
    re.MULTILINE,
)
SUMMARY = re.compile(r"=+ (.*(?:passed|failed|error).*?) in [\d.]+s.*=+")


@dataclass(frozen=True, kw_only=True)
class Trial:
    what: str
    tests: str = ""
    setting: str = ""
    value: str = ""
    make: str = ""  # instead of tests: a target of the Makefile, whose last line says how it went


TRIALS = (
    Trial(
        what="The solve against brute force, OR-tools and SciPy: 1,500 pools for each property",
        tests="tests/solving/test_solve.py", setting="CAREWEB_EXAMPLES", value="1500",
    ),
    Trial(
        what="One more volunteer, searched for and solved again: 1,500 pools",
        tests="tests/solving/test_gains.py", setting="CAREWEB_EXAMPLES", value="1500",
    ),
    Trial(
        what="Two hundred say yes at once, to one slot and to three, with a withdrawal and with blocks: 500 times each",
        make="herd ROUNDS=500",
    ),
    Trial(what="Everything fails: seed 1, 10,000 needs, 200 faults", make="faults N=10000 FAULTS=200 SEED=1 MINUTES=90"),
    Trial(what="Everything fails: seed 2, four minutes", make="faults SEED=2"),
    Trial(what="Everything fails: seed 3, four minutes", make="faults SEED=3"),
    Trial(what="Every constraint and every guard dropped, one at a time", make="mutation"),
    Trial(what="The tests of the release before, on the schema of this one", make="previous"),
    Trial(
        what="A new master key for 100,000 records while four read without end, a worker is killed and some are erased",
        tests="tests/storage/test_renewal.py", setting="CAREWEB_ROWS", value="100000",
    ),
    Trial(
        what="Every page in every language, at four widths, light and dark, by every axe rule",
        tests="tests/browser", setting="CAREWEB_EVERY", value="1",
    ),
)  # fmt: skip


def main() -> int:
    lines, worst = [], 0
    for trial in TRIALS:
        started = time.monotonic()
        command = (
            ["make", "-s", *trial.make.split()]
            if trial.make
            else [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-o",
                "console_output_style=classic",
                "--no-header",
                "-v",
                trial.tests,
            ]
        )
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | ({trial.setting: trial.value} if trial.setting else {}),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        told = SUMMARY.findall(done.stdout)
        outcome = _told(trial, done.stdout, told) if not done.returncode else f"**ended with {done.returncode}**"
        if done.returncode:
            print(done.stdout[-20_000:])  # noqa: T201
        worst = max(worst, done.returncode)
        minutes = (time.monotonic() - started) / 60
        lines.append(f"| {trial.what} | `{_command(trial)}` | {outcome} | {minutes:.0f} min |")
        print(f"{trial.what}: {outcome}", flush=True)  # noqa: T201
    PAGE.write_text(_page(lines), encoding="utf-8")
    return worst


def _command(trial: Trial) -> str:
    return f"make {trial.make}" if trial.make else f"{trial.setting}={trial.value} pytest {trial.tests}"


def _told(trial: Trial, output: str, summaries: list[str]) -> str:
    """The figures, in one cell: what the run printed about itself, or how many tests passed."""
    if trial.make and (figures := FIGURES.findall(output)):
        return "; ".join(figures)
    return summaries[-1] if summaries else "ended well"


def _page(lines: list[str]) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    rows = "\n".join(lines)
    return f"""# Assurance

Written by `make assurance` on {now}, at commit {_commit()}. What `make test` does once is done here with full counts.

| what | command | outcome | time |
|---|---|---|---|
{rows}
"""


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    changed = " and changes not committed" if git("status", "--porcelain", "--untracked-files=no") else ""
    return git("rev-parse", "--short", "HEAD") + changed


if __name__ == "__main__":
    sys.exit(main())
