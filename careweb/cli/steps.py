"""What a command does, line by line, and how long each took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def step(what: str) -> Iterator[None]:
    click.echo(f"  {what} ...", nl=False)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        click.echo(" failed")
        raise
    click.echo(f" {time.monotonic() - start:.1f} s")
