"""Files that only their owner may read, whatever stood in their place before."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click


class UnusableError(click.ClickException):
    """Nothing was done: a file or a name is not what it should be."""

    exit_code = 2


@contextmanager
def private_file(path: Path) -> Iterator[TextIO]:
    """Fresh, mode 0600; an older file of that name is gone, and a link there is not followed."""
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UnusableError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def replaced_file(path: Path) -> Iterator[TextIO]:
    """The same, but it stands there only once it is whole."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with private_file(half) as file:
            yield file
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
