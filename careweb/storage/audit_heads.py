"""The last link of each group's audit, as files beside the database: one a group, a number and a hash in hex a line.

It tells whether the end of the account was cut off, which the account alone cannot.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from uuid import UUID


def folder_of(state: Path) -> Path:
    return state / "audit"


def append_head(state: Path, group_id: UUID, number: int, hash: bytes) -> None:
    """On disk when this returns. One that was not committed after all is written again with the same number."""
    folder = folder_of(state)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / str(group_id), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{number} {hash.hex()}\n")
        file.flush()
        os.fsync(file.fileno())


def read_heads(state: Path) -> Mapping[UUID, Mapping[int, bytes]]:
    """Group -> number -> hash; of a number that was written twice, the later."""
    folder = folder_of(state)
    heads: dict[UUID, dict[int, bytes]] = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        for line in file.read_text(encoding="ascii").splitlines():
            with suppress(ValueError):  # a last line that was cut off by a crash
                number, hash = line.split(" ")
                heads.setdefault(UUID(file.name), {})[int(number)] = bytes.fromhex(hash)
    return heads
