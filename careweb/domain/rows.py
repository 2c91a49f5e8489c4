"""A CSV file as rows, in flat memory, where one broken row does not take its neighbours with it."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

CHARACTERS_MOST = 20_000  # of a row: far more than any good one has
LINES_MOST = 600  # a note may hold 500 line breaks


@dataclass(frozen=True)
class Row:
    line: int  # where it begins, from 1
    cells: tuple[str, ...] = field(repr=False)
    trouble: str = ""  # why it cannot be read


class _TooLongError(Exception):
    """A quotation mark that nobody closed would swallow the rest of the file."""


class _Lines:
    """Lines for the csv module that can be given a second time."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.given: list[str] = []
        self._characters = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text = self._again.popleft() if self._again else next(self._lines)
        self.given.append(text)
        self._characters += len(text)
        if len(self.given) > LINES_MOST or self._characters > CHARACTERS_MOST:
            raise _TooLongError
        return text

    def begin(self) -> None:
        self.given = []
        self._characters = 0

    def give_again(self) -> None:
        """All lines of this row but its first."""
        self._again.extendleft(reversed(self.given[1:]))


def split_rows(lines: Iterator[str]) -> Iterator[Row]:
    """`lines` with their ends, each of at most CHARACTERS_MOST + 1 characters. Empty rows are left out."""
    feed = _Lines(lines)
    reader = csv.reader(feed, strict=True)
    line = 1
    while True:
        feed.begin()
        try:
            cells = tuple(next(reader))
        except StopIteration:
            return
        except (csv.Error, _TooLongError):
            yield Row(line, (), "the row cannot be read: too long, or a quotation mark is not closed")
            feed.give_again()
            line += 1
            continue
        if any(cell.strip() for cell in cells):
            yield Row(line, cells)
        line += len(feed.given)
