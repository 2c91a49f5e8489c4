"""`careweb simulate`: tables on the screen, a drawing in a file, and one clear line where a world is wrong."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from careweb.cli import main

SMALL = "[people]\nvolunteers = 300\n[time]\ndays = 7\n[needs]\nload = 0.05\n"


def simulate(tmp_path: Path, world: str, *options: str) -> Result:
    file = tmp_path / "world.toml"
    file.write_text(world, encoding="utf-8")
    return CliRunner().invoke(main, ["simulate", "--world", str(file), "--seeds", "2", *options])


def test_policies_are_printed_side_by_side_and_drawn(tmp_path: Path) -> None:
    drawing = tmp_path / "fill.svg"
    result = simulate(tmp_path, SMALL, "--policy", "careweb", "--policy", "nearest-3", "--chart", str(drawing))
    assert result.exit_code == 0, result.output
    rows = [line for line in result.stdout.splitlines() if line.startswith("| ")]
    assert [row.split("|")[1].strip() for row in rows][:3] == ["policy", "careweb", "nearest-3"]
    assert "| main " in result.stdout  # fill by language
    assert simulate(tmp_path, SMALL, "--policy", "careweb", "--policy", "nearest-3").stdout == result.stdout
    assert ElementTree.parse(drawing).getroot().tag.endswith("svg")  # noqa: S314  our own


@pytest.mark.parametrize("world", ["[people]\nvolonteers = 3\n", "[people\n"])
def test_a_wrong_world_gets_one_line(tmp_path: Path, world: str) -> None:
    result = simulate(tmp_path, world)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
