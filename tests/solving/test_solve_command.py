"""`careweb solve FILE.json`: files in, one clear line where they are wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from careweb.cli import main

OFFER = {
    "id": "o",
    "lat": 43.7,
    "lon": -79.3,
    "languages": ["yue", "en"],
    "categories": ["ride"],
    "radius_km": 10,
    "capacity": 1,
}
NEED = {"id": "n", "lat": 43.7, "lon": -79.3, "languages": ["yue"], "category": "ride", "urgency": "urgent"}
FILE: dict[str, Any] = {"offers": [OFFER], "needs": [NEED]}


def run(tmp_path: Path, text: str, *options: str) -> Result:
    file = tmp_path / "pool.json"
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(main, ["solve", str(file), "--day", "2026-11-23", *options])


def test_a_pool_is_solved_and_proves_itself(tmp_path: Path) -> None:
    result = run(tmp_path, json.dumps(FILE), "--verify")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["assign"], found["gap"]) == (0, {"n": ["o"]}, 0.0)
    assert found["served"] == {"urgent": 1, "medium": 0, "low": 0}
    assert set(found["seconds"]) == {"candidates", "selection", "cost", "certificate"}
    assert "verified" in result.stderr


def test_a_zone_stands_for_its_point(tmp_path: Path) -> None:
    near = FILE | {
        "offers": [OFFER | {"radius_km": 15}],
        "needs": [{k: v for k, v in NEED.items() if k not in ("lat", "lon")} | {"zone": "M1S"}],
    }
    far = FILE | {"needs": [{k: v for k, v in NEED.items() if k not in ("lat", "lon")} | {"zone": "V5H"}]}
    assert json.loads(run(tmp_path, json.dumps(near)).stdout)["unserved"] == {}
    assert json.loads(run(tmp_path, json.dumps(far)).stdout)["unserved"] == {"n": 1}


def test_a_pin_uses_a_slot_and_a_task(tmp_path: Path) -> None:
    pool = {"offers": [OFFER], "needs": [NEED, NEED | {"id": "m", "urgency": "low"}], "pinned": [["m", "o"]]}
    assert json.loads(run(tmp_path, json.dumps(pool), "--verify").stdout)["assign"] == {"m": ["o"]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1, column 1: the file is empty"),
        ('{"offers": [', "line 1"),
        ("[]", "file: an object with offers and needs is wanted"),
        ("null", "file"),
        (json.dumps(FILE | {"more": 1}), "more"),
        (json.dumps(FILE | {"needs": [NEED | {"street": "x"}]}), "needs[0].street"),
        (json.dumps(FILE | {"needs": [NEED | {"lat": 200}]}), "needs[0].lat"),
        (json.dumps(FILE | {"needs": [NEED | {"urgency": "now"}]}), "needs[0].urgency"),
        (json.dumps(FILE | {"needs": [NEED | {"helpers": 0}]}), "needs[0].helpers"),
        (json.dumps(FILE | {"needs": [NEED | {"languages": []}]}), "needs[0].languages"),
        (json.dumps(FILE | {"needs": [NEED | {"zone": "M1S"}]}), "needs[0]"),
        (json.dumps(FILE | {"offers": [OFFER | {"capacity": -1}]}), "offers[0].capacity"),
        (json.dumps(FILE | {"offers": [OFFER | {"capacity": 10**12}]}), "offers[0].capacity"),
        (json.dumps(FILE | {"offers": [OFFER | {"capacity": 1.5}]}), "offers[0].capacity"),
        (json.dumps(FILE | {"offers": [OFFER | {"load": 2}]}), "offers[0].load"),
        (json.dumps(FILE).replace("43.7", "NaN"), "offers[0].lat"),
        (json.dumps(FILE).replace("43.7", "1e999"), "lat"),
        (json.dumps(FILE | {"needs": [NEED, NEED]}), "needs[1].id"),
        (json.dumps(FILE | {"carried": {"yue": [1, 2]}}), "carried.yue"),
        (json.dumps(FILE | {"pinned": [["n", "nobody"]]}), "pinned[0]"),
        (json.dumps(FILE | {"pinned": [["n", "o"], ["n", "o"]]}), "pinned[1]"),
        (json.dumps(FILE | {"needs": [{k: v for k, v in NEED.items() if k != "lat"}]}), "needs[0]"),
    ],
)
def test_a_wrong_file_gets_one_line_that_names_the_place(tmp_path: Path, text: str, says: str) -> None:
    result = run(tmp_path, text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert says in result.stderr


def test_an_empty_pool_is_no_mistake(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, '{"offers": [], "needs": []}', "--verify").stdout)
    assert (found["assign"], found["gap"], found["violators"]) == ({}, 0.0, [])


def test_latin_1_and_a_missing_file_are_said(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"offers": "\xe9"}')
    for name in ("latin.json", "missing.json"):
        result = CliRunner().invoke(main, ["solve", str(tmp_path / name)])
        assert (result.exit_code, "cannot be read" in result.stderr) == (2, True)
