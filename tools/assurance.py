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
SUMMARY = re.compile(r"=+ (.*(?:passed|failed|error).*?) in [\d.]+s.*=+")


@dataclass(frozen=True, kw_only=True)
class Trial:
    what: str
    tests: str
    setting: str
    value: str


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
        what="Two hundred say yes at once, to one slot and to three: 50 times each",
        tests="tests/flows/test_herd.py", setting="CAREWEB_ROUNDS", value="50",
    ),
    Trial(
        what="A new master key for 100,000 records while four read without end, a worker is killed and some are erased",
        tests="tests/storage/test_renewal.py", setting="CAREWEB_ROWS", value="100000",
    ),
    Trial(
        what="Links of every kind, 100 times fetched by mail scanners and pressed by bots: nothing changes",
        tests="tests/web/test_scanners.py", setting="CAREWEB_FETCHES", value="100",
    ),
    Trial(
        what="A flood of 10,000 needs from three networks: people meanwhile are served within 5 seconds, nothing is dropped",
        tests="tests/web/test_flood.py", setting="CAREWEB_FLOOD", value="10000",
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
        command = [
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
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {trial.setting: trial.value},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        told = SUMMARY.findall(done.stdout)
        outcome = told[-1] if told else f"ended with {done.returncode}"
        if done.returncode:
            print(done.stdout[-20_000:])  # noqa: T201
        worst = max(worst, done.returncode)
        minutes = (time.monotonic() - started) / 60
        lines.append(
            f"| {trial.what} | `{trial.setting}={trial.value} pytest {trial.tests}` | {outcome} | {minutes:.0f} min |"
        )
        print(f"{trial.what}: {outcome}", flush=True)  # noqa: T201
    PAGE.write_text(_page(lines), encoding="utf-8")
    return worst


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
