"""`make faults N=2000 FAULTS=84 SEED=1`: a red run prints how to play it again."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import click

from tests.faults.run import DRAIN_SECONDS, Outcome, Plan, play
from tests.faults.schedule import POSTGRES, REDIS

ROOT = Path(__file__).parent.parent.parent
STATE = ROOT / ".cache" / "faults"


@click.command()
@click.option("--needs", default=2000, show_default=True, help="needs to post at most; as many as the machine sees to")
@click.option("--faults", default=84, show_default=True, help="faults to play")
@click.option("--seed", default=1, show_default=True, help="of the faults, and of what people do")
@click.option("--minutes", default=4.0, show_default=True, help="that the faults are spread over")
def main(needs: int, faults: int, seed: int, minutes: float) -> None:
    """Ask and answer while everything fails, then check that nothing was lost and nothing happened twice."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "test" / "numba"))
    plan = Plan(needs=needs, faults=faults, seed=seed, seconds=minutes * 60)
    outcome = asyncio.run(play(plan, STATE))
    click.echo(told(outcome))
    if not outcome.good:
        click.echo(f"red: seed {seed}, commit {_commit()}; again: make faults N={needs} FAULTS={faults} SEED={seed} MINUTES={minutes:g}; logs in {STATE / 'logs'}")  # fmt: skip
        sys.exit(1)


def told(outcome: Outcome) -> str:
    planned, faults, counts = outcome.planned, outcome.faults, outcome.verdict.counts
    lines = [
        f"{outcome.posted} needs posted in {outcome.ran:.0f} s, {outcome.deliveries} messages; slowest post {outcome.slowest:.1f} s",
        f"{faults.total()} of {planned.total()} planned faults happened: "
        f"PostgreSQL {sum(faults[one] for one in POSTGRES)}, Redis {sum(faults[one] for one in REDIS)}",
        *(f"  {count:3} did not happen: {fault}" for fault, count in sorted((planned - faults).items())),
        *(f"  {count:3} {fault}" for fault, count in sorted(faults.items())),
        f"blocks pressed on a page: {outcome.blocks}",
        "after it: " + ", ".join(f"{name} {count}" for name, count in counts.items()),
        f"drained in {outcome.drained:.1f} s (at most {DRAIN_SECONDS:.0f})",
        f"messages repeated because nobody could know that they had arrived: {outcome.verdict.repeats}",
        *(f"{len(found)} {what}" for what, found in outcome.verdict.wrong.items()),
        *(f"  {what}: {one}" for what, found in outcome.verdict.wrong.items() for one in found[:40]),
        *outcome.unasked,
        *(f"too few faults: {what}" for what in outcome.too_few),
    ]
    return "\n".join(lines)


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or time.strftime("%F")


if __name__ == "__main__":
    main()
