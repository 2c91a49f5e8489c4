"""docs/asvs.md answers every requirement of levels 1 and 2, once, with a test that is there or a reason."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from careweb import paths

PAGE = (paths.ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (V[\d.]+(?:-V[\d.]+)?) \| ([12](?:, 2)?) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
# ASVS 5.0.0: how many requirements of levels 1 and 2 each section has, where those of level 3 come last.
SECTIONS: dict[str, int] = {
    "V1.1": 2, "V1.2": 9, "V1.3": 11, "V1.4": 3, "V1.5": 2, "V2.1": 3, "V2.2": 3, "V2.3": 4, "V2.4": 1,
    "V3.2": 2, "V3.3": 4, "V3.4": 6, "V3.5": 5, "V3.7": 2, "V4.1": 3, "V4.2": 1, "V4.3": 2, "V4.4": 4,
    "V5.1": 1, "V5.2": 3, "V5.3": 2, "V5.4": 3,
    "V6.1": 3, "V6.2": 12, "V6.3": 4, "V6.4": 4, "V6.5": 5, "V6.6": 3, "V6.8": 4,
    "V7.1": 3, "V7.2": 4, "V7.3": 2, "V7.4": 5, "V7.5": 2, "V7.6": 2,
    "V8.1": 2, "V8.2": 3, "V8.3": 1, "V8.4": 1, "V9.1": 3, "V9.2": 4,
    "V10.1": 2, "V10.2": 2, "V10.3": 4, "V10.4": 11, "V10.5": 5, "V10.6": 2, "V10.7": 3,
    "V11.1": 2, "V11.2": 3, "V11.3": 3, "V11.4": 4, "V11.5": 1, "V11.6": 1,
    "V12.1": 3, "V12.2": 2, "V12.3": 4, "V13.1": 1, "V13.2": 5, "V13.3": 2, "V13.4": 5,
    "V14.1": 2, "V14.2": 4, "V14.3": 3, "V15.1": 3, "V15.2": 3, "V15.3": 7,
    "V16.1": 1, "V16.2": 5, "V16.3": 4, "V16.4": 3, "V16.5": 3, "V17.1": 1, "V17.2": 4, "V17.3": 2,
}  # fmt: skip


def _wanted() -> Iterator[str]:
    for section, count in SECTIONS.items():
        yield from (f"{section}.{number}" for number in range(1, count + 1))


def _answered() -> Iterator[str]:
    for id, _, _, _ in ROWS:
        first, _, last = id.partition("-")
        section, _, number = first.rpartition(".")
        for one in range(int(number), int((last or first).rpartition(".")[2]) + 1):
            yield f"{section}.{one}"


def test_every_requirement_is_answered_once() -> None:
    absent = re.findall(r"(V[\d.]+) \(", PAGE.split("what is not there:")[1].split("\n\n")[0])
    assert absent == ["V4.3", "V4.4", "V10", "V17"]
    wanted = [id for id in _wanted() if not id.startswith(tuple(f"{one}." for one in absent))]
    assert list(_answered()) == wanted


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_names_a_test_that_is_there_or_says_why_not(row: tuple[str, str, str, str]) -> None:
    named = re.findall(r"\[test\]\(\.\./(tests/\S+\.py) \"(test_\w+)\"\)", row[3])
    assert named or "Not" in row[3] or "the same" in row[3]
    assert "Open" not in row[3], "a test, or why not"
    assert row[3].count("[test]") == len(named), "a test is a file and a name"
    for file, test in named:
        assert f"def {test}(" in Path(paths.ROOT, file).read_text(encoding="utf-8"), test
