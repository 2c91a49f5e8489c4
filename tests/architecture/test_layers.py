"""The drawing in design.md, held: who may import whom, and who may speak SQL."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from careweb import paths
from careweb.storage.database import queries

SOURCES = sorted(file for folder in ("careweb", "workers") for file in (paths.ROOT / folder).rglob("*.py"))
SQL = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT INTO\b|\bUPDATE\b.+\bSET\b|\bDELETE FROM\b|"
    r"\b(CREATE|ALTER|DROP|TRUNCATE) (TABLE|INDEX|DATABASE|TYPE|EXTENSION|FUNCTION|VIEW)\b",
    re.DOTALL,
)


def test_the_contracts_of_pyproject_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def _strings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("file", [file for file in SOURCES if "storage" not in file.parts], ids=str)
def test_no_sql_is_written_in_python_outside_storage(file: Path) -> None:
    assert [text for text in _strings(file.read_text(encoding="utf-8")) if SQL.search(text)] == []


def test_sql_in_a_string_would_be_found() -> None:
    found = [
        text
        for text in _strings('f"SELECT name FROM need WHERE id = {id}"; "select a town from a list"')
        if SQL.search(text)
    ]
    assert len(found) == 1


def _names(node: ast.AST) -> Iterator[str]:
    """`queries().name` and `run(tx, "name")`."""
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_every_named_query_is_used() -> None:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in SOURCES]
    used = {name for tree in trees for node in ast.walk(tree) for name in _names(node)}
    names = {name for name in queries().available_queries if not name.endswith("_cursor")}
    assert sorted(names - used) == []


def test_nothing_names_a_registry_or_a_folder_of_this_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=paths.ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    machine = re.compile(r"/work/|/home/[a-z]+/|pypi\.org|pythonhosted|registry\.npmjs|deb\.debian\.org")
    readable = [
        paths.ROOT / name
        for name in tracked
        if name.endswith((".py", ".txt", ".md", ".toml", ".yaml", ".sql", "Makefile"))
    ]
    guilty = [
        file.name
        for file in readable
        if file.exists() and file.name != "test_layers.py" and machine.search(file.read_text(encoding="utf-8"))
    ]
    assert guilty == []
