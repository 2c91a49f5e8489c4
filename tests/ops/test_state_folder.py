"""The state folder is closed to others from its first moment."""

import os
import stat
from pathlib import Path

from careweb.cli import processes
from careweb.cli.state import ensure_state


def test_others_cannot_list_a_new_state_folder_and_only_root_lets_the_database_server_through(tmp_path: Path) -> None:
    folder = ensure_state(tmp_path / "here" / "state")
    assert stat.S_IMODE(folder.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_folder_that_was_there_keeps_the_mode_its_owner_gave_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    assert stat.S_IMODE(ensure_state(tmp_path).stat().st_mode) == 0o750


def test_logs_are_read_by_nobody_else_though_others_may_pass_through_the_folder(tmp_path: Path) -> None:
    usual = os.umask(0o022)
    try:
        processes.launch(["true"], log=tmp_path / "web.log").wait()
    finally:
        os.umask(usual)
    assert stat.S_IMODE((tmp_path / "web.log").stat().st_mode) == 0o600
