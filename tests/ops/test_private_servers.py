"""The servers we start ourselves: no ports, nobody else's cluster, ready to be killed at any moment."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
import redis

from careweb.cli import processes
from careweb.cli.postgres import postmaster, shared_megabytes, start_postgres, stop_postgres
from careweb.cli.state import StateError, cluster_folder, ensure_keys, socket_folder
from careweb.cli.valkey import start_redis, stop_redis


async def _value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def _await_end(pid: int, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while processes.started_at(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not processes.started_at(pid)


def _postmaster(state: Path) -> int:
    pid = postmaster(cluster_folder(state))
    assert pid is not None
    return pid


async def test_a_second_start_finds_the_server_that_runs(state: Path) -> None:
    url = start_postgres(state)
    pid = _postmaster(state)
    assert start_postgres(state) == url
    assert _postmaster(state) == pid
    assert await _value(url, "SHOW listen_addresses") == ""
    assert await _value(url, "SHOW fsync") == "on"
    assert await _value(
        url, "SELECT setting::int / 128 FROM pg_settings WHERE name = 'shared_buffers'"
    ) == shared_megabytes(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    assert stop_postgres(state)
    assert not stop_postgres(state)


@pytest.mark.parametrize(("gigabytes", "megabytes"), [(0.5, 128), (2, 256), (8, 1024), (64, 1024)])
def test_an_eighth_of_the_memory_within_bounds(gigabytes: float, megabytes: int) -> None:
    assert shared_megabytes(int(gigabytes * 2**30)) == megabytes


async def test_after_kill_9_the_next_start_recovers_what_was_committed(state: Path) -> None:
    url = start_postgres(state)
    await _value(url, "CREATE TABLE kept AS SELECT 7 AS x")
    os.kill(_postmaster(state), signal.SIGKILL)
    assert await _value(start_postgres(state), "SELECT x FROM kept") == 7


def test_a_stale_pid_file_that_names_another_process_is_seen_through(state: Path) -> None:
    start_postgres(state)
    stop_postgres(state)
    with subprocess.Popen(["sleep", "60"]) as bystander:
        folder = cluster_folder(state)
        (folder / "postmaster.pid").write_text(f"{bystander.pid}\n{folder}\n0\n5432\n", encoding="utf-8")
        start_postgres(state)
        assert _postmaster(state) != bystander.pid
        assert bystander.poll() is None
        bystander.kill()


def test_a_cluster_that_was_half_made_is_made_again(state: Path) -> None:
    half = state / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("15\n", encoding="ascii")
    start_postgres(state)
    assert _postmaster(state)
    assert not half.exists()


def test_the_server_ends_when_the_process_it_is_tied_to_is_killed(state: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; state = Path(sys.argv[1])\n"
        "from careweb.cli.postgres import start_postgres; from careweb.cli.valkey import start_redis\n"
        "start_postgres(state, tied=True); start_redis(state, tied=True); print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(state)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "up\n"
        servers = [_postmaster(state), processes.recorded(state / "valkey.pid") or 0]
        holder.kill()
    assert all(_await_end(pid) for pid in servers)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as someone else")
def test_a_state_that_the_servers_user_cannot_reach_gets_a_place_elsewhere(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state.chmod(0o700)
    place = cluster_folder(state)
    try:
        assert place.is_relative_to("/var/lib/careweb")
        assert str(place.parent) in capsys.readouterr().out
        assert cluster_folder(state) == place
        start_postgres(state)
        assert _postmaster(state)
        stop_postgres(state)
    finally:
        shutil.rmtree(place.parent)
        (state / "postgres.where").unlink()
        state.chmod(0o755)


def test_a_long_temp_folder_does_not_make_a_socket_path_too_long(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert len(str(socket_folder(state) / "postgres" / ".s.PGSQL.5432.lock")) < 104


def test_a_socket_folder_that_others_may_write_to_is_refused(state: Path) -> None:
    folder = socket_folder(state)
    folder.chmod(0o777)
    with pytest.raises(StateError, match="belongs to someone else"):
        start_redis(state)
    folder.chmod(0o711)


def test_valkey_evicts_nothing_and_comes_back_after_kill_9(state: Path) -> None:
    url = start_redis(state)
    with redis.Redis.from_url(url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}
    assert stat.S_IMODE((state / "valkey.log").stat().st_mode) == 0o600
    os.kill(processes.recorded(state / "valkey.pid") or 0, signal.SIGKILL)
    with redis.Redis.from_url(start_redis(state)) as client:
        assert client.ping()
    assert stop_redis(state)


def test_keys_are_made_once_and_are_ours_alone(state: Path) -> None:
    program = "import sys; from pathlib import Path; from careweb.cli.state import ensure_keys; ensure_keys(Path(sys.argv[1]))"
    several = [subprocess.Popen([sys.executable, "-c", program, str(state)]) for _ in range(4)]
    assert [process.wait() for process in several] == [0] * 4
    path = ensure_keys(state)
    text = path.read_text(encoding="ascii")
    assert text.startswith("1:")
    assert ensure_keys(state).read_text(encoding="ascii") == text
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in state.glob("keys*")] == ["keys"]
