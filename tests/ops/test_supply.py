"""What is installed is what was locked, and the bill of materials says all of it."""

import json
import re
import tomllib
from datetime import UTC, date, datetime, timedelta

import pytest

from careweb import paths
from tools.locked import digest, read_record, record_of
from tools.sbom import LOCKS, bill_of_materials, read_lock


def _text(name: str) -> str:
    return (paths.ROOT / name).read_text(encoding="utf-8")


def _names(lock: str) -> list[str]:
    """Every line that begins a requirement, by whatever means it is pinned."""
    return [re.split(r"[=<>!~@\[ ;]", line)[0] for line in lock.splitlines() if line and line[0] not in " #-"]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_one_version_with_its_hashes(lock: str) -> None:
    text = _text(lock)
    pins = list(read_lock(text))
    assert [pin.name for pin in pins] == _names(text)
    assert all(pin.hashes for pin in pins)
    assert not re.search(r"^\s*(-e|-r|--index-url|--extra-index-url|--trusted-host|git\+|https?:)", text, re.MULTILINE)


def test_a_line_without_a_hash_would_be_found() -> None:
    good = "one==1 \\\n    --hash=sha256:" + "0" * 64 + "\n"
    assert [pin.name for pin in read_lock(good)] == _names(good)
    for bad in ("two==2\n", "two>=2 \\\n    --hash=sha256:" + "0" * 64 + "\n", "two @ https://example.org/two.whl\n"):
        assert [pin.name for pin in read_lock(good + bad)] != _names(good + bad), bad


def test_what_we_ask_for_is_locked_and_what_runs_is_tested() -> None:
    locked = {name: {(pin.name, pin.version) for pin in read_lock(_text(name))} for name in LOCKS}
    project = tomllib.loads(_text("pyproject.toml"))
    asked = {re.split(r"[\[<>=]", one)[0] for one in project["project"]["dependencies"]}
    assert asked <= {name for name, _ in locked["requirements.txt"]}
    assert locked["requirements.txt"] <= locked["requirements-dev.txt"]


@pytest.mark.parametrize("lock", LOCKS)
def test_the_bill_of_materials_lists_every_locked_package(lock: str) -> None:
    text = _text(lock)
    told = bill_of_materials(text, "1.0")
    assert told == bill_of_materials(text, "1.0"), "the same lock, the same bytes"
    bill = json.loads(told)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {(one["name"], one["version"], one["purl"]) for one in bill["components"]}
    assert listed == {(pin.name, pin.version, f"pkg:pypi/{pin.name}@{pin.version}") for pin in read_lock(text)}
    (ours,) = [one for one in bill["dependencies"] if one["ref"] == "careweb"]
    assert set(ours["dependsOn"]) == {purl for _, _, purl in listed}
    hashes = {p["value"] for one in bill["components"] for p in one["properties"] if p["name"] == "careweb:file-sha256"}
    assert hashes == {one for pin in read_lock(text) for one in pin.hashes}


def test_the_lock_is_renewed_with_versions_a_week_old_and_audited_strictly() -> None:
    makefile = _text("Makefile")
    assert "timedelta(days=7)" in makefile
    assert "$(RESOLVE) --upgrade --exclude-newer $(WEEK_AGO)" in makefile
    assert "pip-audit --strict --require-hashes" in makefile, "what cannot be looked up is not clean"


def test_no_locked_version_was_younger_than_a_week_when_it_was_locked() -> None:
    """As `make lock` wrote it down; `make locked` asks the registry once more, which a test without a network cannot."""
    record = read_record(_text("locked.toml"))
    assert record.made - record.newest >= timedelta(days=7)
    assert record.made <= datetime.now(UTC).date()
    assert record.locks == {name: digest(_text(name)) for name in LOCKS}, "changed by hand? make lock"


def test_a_lock_that_was_changed_by_hand_would_be_found() -> None:
    record = read_record(record_of({"requirements.txt": "one==1\n"}, newest=date(2026, 1, 1), made=date(2026, 1, 8)))
    assert (record.newest, record.made) == (date(2026, 1, 1), date(2026, 1, 8))
    assert record.locks["requirements.txt"] != digest("one==2\n")


def test_the_record_is_written_with_the_lock_and_by_the_same_date() -> None:
    makefile = _text("Makefile")
    lock = makefile.split("\nlock:")[1].split("\n\n")[0]
    assert "tools.locked $(WEEK_AGO)" in lock
    again = makefile.split("\nlocked:")[1].split("\n\n")[0]
    assert "AGAIN = $(RESOLVE) --exclude-newer $$($(PYTHON) -m tools.locked)" in makefile
    assert again.count("$(AGAIN)") == again.count("&& cmp") == 2, "the same bytes, or something is younger"
