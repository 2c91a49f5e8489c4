"""Whatever a reader may look up is in docs, and is as the code has it."""

import re
from enum import StrEnum
from pathlib import Path

import pytest
from sqlalchemy import text

from careweb import paths
from careweb.domain import states
from careweb.storage.database import Transaction
from tools import reference
from workers.jobs import DELIVER, JOBS
from workers.records import TICK

DOCS = paths.ROOT / "docs"
STATES: dict[str, type[StrEnum]] = {
    "need": states.NeedState,
    "ask": states.AskState,
    "match": states.MatchState,
    "offer": states.OfferState,
    "review": states.ReviewState,
    "membership": states.MembershipState,
    "notice": states.NoticeState,
    "channel": states.ChannelState,
}

CHECKS = """
    SELECT pg_get_constraintdef(c.oid) FROM pg_constraint c
    WHERE c.contype = 'c' AND c.conrelid = CAST(:noun AS regclass)
"""

# Tables of the extension belong to it, not to us.
TABLES = """
    SELECT c.relname FROM pg_class c
    WHERE c.relkind = 'r' AND c.relnamespace = CAST('public' AS regnamespace)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _section(page: str, title: str) -> str:
    return page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("name", sorted(reference.TABLES))
def test_the_lists_of_settings_and_commands_are_as_the_code_has_them(name: str) -> None:
    page = _page(name)
    assert page == reference.with_table(page, reference.TABLES[name]()), "make reference"


def test_every_job_is_told_with_why_it_may_run_twice() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.+)\|$", _page("jobs.md"), re.MULTILINE)
    assert {name for name, _ in rows} == {*JOBS, DELIVER, TICK}
    assert [name for name, cells in rows if any(not cell.strip() for cell in cells.split("|"))] == []


def _drawn(noun: str) -> set[str]:
    section = _section(_page("states.md"), noun)
    moves = re.findall(r"^ +(\S+) --> (\w+): \S", section, re.MULTILINE)
    later = re.search(r"Kept for later: (.+)", section)
    return {state for move in moves for state in move if state != "[*]"} | set(
        re.findall(r"`(\w+)`", later.group(1) if later else "")
    )


@pytest.mark.parametrize("noun", sorted(STATES))
def test_the_drawing_has_the_states_of_the_code(noun: str) -> None:
    assert _drawn(noun) == set(STATES[noun])


@pytest.mark.parametrize("noun", sorted(STATES))
async def test_the_database_allows_the_states_of_the_code_and_no_others(noun: str, tx: Transaction) -> None:
    checks = (await tx.execute(text(CHECKS), {"noun": noun})).scalars().all()
    lists = [found for check in checks if (found := re.fullmatch(r"CHECK \(\(state = ANY \((.+)\)\)\)", check))]
    assert len(lists) == 1
    assert set(re.findall(r"'(\w+)'", lists[0].group(1))) == set(STATES[noun])


def _glossary() -> set[str]:
    return set(re.findall(r"`([^`]+)`", _page("glossary.md")))


async def test_every_table_is_in_the_glossary(tx: Transaction) -> None:
    tables = set((await tx.execute(text(TABLES))).scalars().all())
    assert {"need", "zone", "promise"} <= tables
    assert sorted(tables - _glossary()) == []


def test_every_noun_of_the_domain_is_in_the_glossary() -> None:
    modules = {file.stem for file in (paths.ROOT / "careweb" / "domain").glob("*.py")} - {"__init__"}
    assert sorted(modules - _glossary()) == []


def test_no_word_of_the_glossary_in_code_has_lost_its_thing() -> None:
    named = set(re.findall(r"module `(\w+)`", _page("glossary.md")))
    modules = {file.stem for file in (paths.ROOT / "careweb" / "domain").glob("*.py")}
    assert sorted(named - modules) == []


def test_every_notice_has_words_and_every_word_file_a_notice() -> None:
    from careweb.domain.notices import NoticeKind

    words = {file.stem for file in Path(paths.TEMPLATES / "notices").glob("*.txt")} - {"layout"}
    assert words == set(NoticeKind)
