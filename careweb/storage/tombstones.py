"""The list of what was erased, as files beside the database: one a week, a mark in hex a line.

It must outlive the database: a copy that is restored knows nothing of what was erased after it was made.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

Marks = Mapping[bytes, date]


def folder_of(state: Path) -> Path:
    return state / "erased"


def append_marks(folder: Path, week: date, marks: Iterable[bytes]) -> None:
    """On disk when this returns. A mark may come twice."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / week.isoformat(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(f"{mark.hex()}\n" for mark in marks)
        file.flush()
        os.fsync(file.fileno())


def read_marks(folders: Iterable[Path]) -> Marks:
    return {mark: week for folder in folders for week, file in _weeks(folder) for mark in _marks(file)}


def last_marks(folder: Path, since: date) -> list[bytes]:
    """One of each week from that on: enough to see whether the database is older than the list."""
    return [marks[-1] for week, file in _weeks(folder) if week >= since and (marks := list(_marks(file)))]


def drop_weeks(folder: Path, before: date) -> None:
    for week, file in list(_weeks(folder)):
        if week < before:
            file.unlink(missing_ok=True)


def _weeks(folder: Path) -> Iterator[tuple[date, Path]]:
    for file in sorted(folder.glob("*-*-*")) if folder.is_dir() else ():
        with suppress(ValueError):
            yield date.fromisoformat(file.name), file


def _marks(file: Path) -> Iterator[bytes]:
    """A last line that was cut off by a crash is written again by whoever wrote it: it counts for nothing."""
    for line in file.read_text(encoding="ascii").splitlines():
        with suppress(ValueError):
            if len(mark := bytes.fromhex(line)) == 32:
                yield mark
