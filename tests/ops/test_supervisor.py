"""The supervisor: what ends comes back, what it started ends with it, and nobody else's process is touched."""

import socket
import subprocess
import time
from pathlib import Path

import click
import pytest

from careweb.cli import processes
from careweb.cli.supervisor import Child, Supervisor, end_leftovers, listen


def _tend_until(supervisor: Supervisor, child: Child, runs: int) -> list[float]:
    """The delays before each restart."""
    delays: list[float] = []
    seen, until = child.process, time.monotonic() + 20
    while len(delays) < runs and time.monotonic() < until:
        supervisor.tend(child)
        if child.process not in {None, seen}:
            delays.append(child.delay)
            seen = child.process
        time.sleep(0.01)
    return delays


def test_a_child_that_ends_is_started_again_each_time_later(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor(state, {})
    child = supervisor.add("web", ["/bin/sh", "-c", "exit 3"])
    assert _tend_until(supervisor, child, 2) == [0.5, 1.0]
    assert "web ended (code 3)" in capsys.readouterr().out
    supervisor.stop()


def test_stopping_ends_the_children_in_order_even_those_that_do_not_listen(state: Path) -> None:
    supervisor = Supervisor(state, {"PATH": "/usr/bin:/bin"}, patience=0.5)
    children = [
        supervisor.add("web", ["sleep", "60"]),
        supervisor.add("worker", ["/bin/sh", "-c", "trap '' TERM; while true; do sleep 0.1; done"]),
    ]
    time.sleep(0.1)
    supervisor.stop()
    assert [child.process and child.process.returncode for child in children] == [-15, -9]
    assert not list(state.glob("*.pid"))


def test_what_a_killed_supervisor_left_is_ended_at_the_next_start(state: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as left:
        processes.record(state / "web.pid", left.pid)
        end_leftovers(state, ["web", "worker"])
        assert left.wait(5) == -15


def test_a_process_that_only_has_the_same_number_is_left_alone(state: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as bystander:
        (state / "web.pid").write_text(f"{bystander.pid} 12345\n", encoding="utf-8")
        end_leftovers(state, ["web"])
        assert bystander.poll() is None
        bystander.kill()


def test_an_occupied_port_is_said_and_none_is_picked_silently() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(click.ClickException) as refused:
            listen("127.0.0.1", taken.getsockname()[1])
        assert "PORT" in refused.value.message
