"""`make setup`: nothing to do is quick, what fails is said, what others decided is left alone."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from careweb import paths


@pytest.fixture
def setup(tmp_path: Path) -> Any:
    """The script as a module, with a log of its own."""
    spec = importlib.util.spec_from_file_location("setup_script", paths.ROOT / "ops" / "setup.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.LOG = tmp_path / "setup.log"  # type: ignore[attr-defined]
    return module


def test_where_all_is_there_it_does_and_says_nothing() -> None:
    done = subprocess.run([sys.executable, "ops/setup.py"], cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_command_that_fails_is_said_with_the_end_of_its_output(setup: Any) -> None:
    with pytest.raises(setup.SetupError, match="no space left"):
        setup.run(["/bin/sh", "-c", "echo no space left; exit 1"])


def test_when_the_fast_installer_fails_the_other_is_tried(
    setup: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "installed"
    monkeypatch.setattr(setup, "_installers", lambda: [["false"], ["/bin/sh", "-c", f'echo "$@" >> {note}', "sh"]])
    setup._install(tmp_path / "lock.txt")
    locked, itself = note.read_text(encoding="utf-8").splitlines()
    assert locked == f"--require-hashes -r {tmp_path / 'lock.txt'}"
    assert "--no-build-isolation" in itself


def test_when_every_installer_fails_so_does_the_setup(
    setup: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "_installers", lambda: [["false"], ["false"]])
    with pytest.raises(setup.SetupError):
        setup._install(tmp_path / "lock.txt")


@pytest.mark.parametrize(
    ("text", "decided"),
    [("create_main_cluster = true\n", True), ("#create_main_cluster = true\n", False), (None, False)],
)
def test_what_someone_decided_about_debians_own_cluster_is_left_alone(
    setup: Any, tmp_path: Path, text: str | None, decided: bool
) -> None:
    setup.NO_MAIN_CLUSTER = tmp_path / "createcluster.d" / "careweb-setup.conf"
    if text:
        (tmp_path / "createcluster.conf").write_text(text, encoding="utf-8")
    with setup._no_main_cluster([]):
        assert setup.NO_MAIN_CLUSTER.exists() is not decided
    assert not setup.NO_MAIN_CLUSTER.parent.exists()


def test_where_we_cannot_install_the_line_that_would_is_said(setup: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.shutil, "which", {"dnf": "/usr/bin/dnf"}.get)
    with pytest.raises(setup.SetupError, match="sudo dnf install"):
        setup.install_system_packages(["postgresql-postgis"])


def test_the_solvers_loops_are_compiled_once_and_again_when_they_change(
    setup: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(setup, "VENV", tmp_path)
    monkeypatch.setattr(setup, "run", lambda command: ran.append(" ".join(map(str, command[1:]))))
    for _ in range(2):
        setup.compile_solver()
    assert ran == [f"solve {paths.ROOT / 'docs' / 'example.json'}"]
    monkeypatch.setenv("CAREWEB_STATE", "elsewhere")
    setup.compile_solver()
    assert len(ran) == 2


def test_a_solver_that_cannot_be_compiled_ahead_does_not_end_the_setup(
    setup: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "careweb").symlink_to("/bin/false")
    monkeypatch.setattr(setup, "VENV", tmp_path)
    setup.compile_solver()
    assert not (tmp_path / ".solver.compiled").exists()


def test_make_help_lists_every_target() -> None:
    text = (paths.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {name for line in re.findall(r"^\.PHONY:(.*)", text, re.MULTILINE) for name in line.split()}
    command = ["make", "--no-print-directory", "help"]  # this may itself run under make
    told = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in told.splitlines()} == targets
