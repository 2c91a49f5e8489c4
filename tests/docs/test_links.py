"""A reader who follows a link arrives; a decision names what holds it, and that is there."""

import re
from pathlib import Path

import pytest

from careweb import paths

PAGES = sorted([*paths.ROOT.glob("*.md"), *(paths.ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((paths.ROOT / "docs" / "adr").glob("[0-9]*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
PARTS = ["Context", "Decision", "Consequences", "What enforces it"]


def _name(file: Path) -> str:
    return str(file.relative_to(paths.ROOT))


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _prose(file: Path) -> str:
    return re.sub(r"```.*?```", "", _text(file), flags=re.DOTALL)


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _prose(file), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _arrives(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(paths.ROOT):
        return False
    return not anchor or anchor in _anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_arrives(page: Path) -> None:
    links = [first or second for first, second in LINK.findall(_prose(page))]
    assert [link for link in links if "://" not in link and not _arrives(page, link)] == []


def test_a_link_into_the_void_would_be_found() -> None:
    page = paths.ROOT / "README.md"
    assert _arrives(page, "README.md#how-it-works")
    assert not _arrives(page, "docs/nothing.md")
    assert not _arrives(page, "README.md#nothing")


def test_every_page_can_be_reached_from_the_first() -> None:
    seen: set[Path] = set()
    next_ones = [paths.ROOT / "README.md"]
    while next_ones:
        page = next_ones.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        links = [(first or second).partition("#")[0] for first, second in LINK.findall(_prose(page))]
        next_ones += [(page.parent / link).resolve() for link in links if link and "://" not in link]
    assert [_name(page) for page in PAGES if page not in seen] == []


def _section(page: str, title: str) -> str:
    return page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("decision", DECISIONS, ids=_name)
def test_a_decision_is_one_page_in_four_parts(decision: Path) -> None:
    text = _text(decision)
    number = int(decision.name[:4])
    assert text.startswith(f"# {number}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert len(text.splitlines()) <= 60
    assert f"({decision.name})" in _text(decision.parent / "README.md")


@pytest.mark.parametrize("decision", DECISIONS, ids=_name)
def test_what_enforces_a_decision_is_there(decision: Path) -> None:
    named = re.findall(r"`([\w./-]+/[\w.-]+|[\w.-]+\.toml)(?:::(\w+))?`", _section(_text(decision), PARTS[-1]))
    assert named
    for path, test in named:
        file = paths.ROOT / path
        assert file.exists(), path
        assert not test or f"def {test}(" in _text(file), f"{path}::{test}"


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(decision.name[:4]) for decision in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert len(DECISIONS) >= 10
