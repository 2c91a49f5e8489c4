"""`careweb export`: to the screen or into a private file, of one group or, said plainly, of all."""

import stat
from pathlib import Path

import pytest

from careweb.domain.columns import Exported, export_columns
from tests.cli.conftest import Careweb


@pytest.mark.parametrize("what", list(Exported))
def test_a_group_without_rows_gives_the_header(careweb: Careweb, what: Exported) -> None:
    done = careweb("export", what.value, "--group", "east")
    assert (done.exit_code, done.stderr) == (0, f"0 {what}\n")
    assert done.stdout == ",".join(export_columns(what, with_contact=False)) + "\n"


def test_whose_rows_leave_is_said_plainly(careweb: Careweb) -> None:
    for options in ([], ["--group", "east", "--all-groups"]):
        done = careweb("export", "needs", *options)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "say whose" in done.stderr
    assert careweb("export", "needs", "--group", "nowhere").exit_code == 2
    assert careweb("export", "needs", "--all-groups").exit_code == 0


def test_contacts_need_a_reason_and_asks_have_none(careweb: Careweb) -> None:
    assert careweb("export", "needs", "--group", "east", "--with-contact", " ").exit_code == 2
    done = careweb("export", "asks", "--group", "east", "--with-contact", "curious")
    assert (done.exit_code, done.stdout) == (2, "")


def test_a_file_is_for_its_owner_only_and_replaces_what_was_there(careweb: Careweb, tmp_path: Path) -> None:
    file = tmp_path / "needs.csv"
    file.write_text("older")
    assert careweb("export", "needs", "--group", "east", "--to", str(file)).exit_code == 0
    assert file.read_text(encoding="utf-8").startswith("ref,group,category")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("*needs*")] == ["needs.csv"]
