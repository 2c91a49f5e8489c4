"""What is installed is what was locked, and the bill of materials says all of it."""

import json
import re
import tomllib

import pytest

from careweb import paths
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
    assert "--exclude-newer $(WEEK_AGO)" in makefile
    assert "pip-audit --strict --require-hashes" in makefile, "what cannot be looked up is not clean"
