"""When the lock was made, and how old its youngest version may be: `make lock` writes it down, `make locked` reads it.

python -m tools.locked 2026-11-21   writes locked.toml: no version in the lock was published later
python -m tools.locked              prints that day
"""

import hashlib
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILE = ROOT / "locked.toml"
NAMES = ("requirements.txt", "requirements-dev.txt")


@dataclass(frozen=True, kw_only=True)
class Record:
    newest: date  # no version in the lock was published later
    made: date
    locks: Mapping[str, str]  # name: digest


def digest(lock: str) -> str:
    return hashlib.sha256(lock.encode()).hexdigest()


def record_of(locks: Mapping[str, str], *, newest: date, made: date) -> str:
    lines = [f'"{name}" = "{digest(lock)}"' for name, lock in locks.items()]
    return "\n".join(["# Written by `make lock`.", f"newest = {newest}", f"made = {made}", "", "[sha256]", *lines, ""])


def read_record(text: str) -> Record:
    found = tomllib.loads(text)
    return Record(newest=found["newest"], made=found["made"], locks=found["sha256"])


def main() -> None:
    if len(sys.argv) == 1:
        sys.stdout.write(f"{read_record(FILE.read_text(encoding='utf-8')).newest}\n")
        return
    locks = {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}
    record = record_of(locks, newest=date.fromisoformat(sys.argv[1]), made=datetime.now(UTC).date())
    FILE.write_text(record, encoding="utf-8")


if __name__ == "__main__":
    main()
