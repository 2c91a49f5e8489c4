"""Starting, recognising and ending processes of our own, and never anybody else's."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from pwd import struct_passwd

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


def launch(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    user: struct_passwd | None = None,
    last_signal: signal.Signals = signal.SIGTERM,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """A child in a session of its own (Ctrl-C reaches only us), that gets `last_signal` if we die without a word."""
    with open(log, "ab", opener=_ours_alone) as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment) if environment is not None else None,
            cwd="/" if user else None,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,
            pass_fds=pass_fds,
            preexec_fn=_tie_to_parent(last_signal),
        )


def _ours_alone(path: str, flags: int) -> int:
    """Under root others pass through the state folder, and may know the names in it."""
    return os.open(path, flags, 0o600)


def _tie_to_parent(last_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None  # elsewhere the next start finds them by their records
    libc = ctypes.CDLL(None)  # loaded before the fork
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(last_signal))
        if os.getppid() != parent:
            os._exit(1)

    return tie


def end_with_parent(last_signal: signal.Signals = signal.SIGTERM) -> None:
    """For when our parent is a mere starter, like make: killed, it must not leave us behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, int(last_signal))


def started_at(pid: int) -> str:
    """Tells a process from a later one with the same number; empty when it does not run."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except FileNotFoundError:
        return _started_by_ps(pid) if not Path("/proc/self/stat").exists() else ""
    except ProcessLookupError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _started_by_ps(pid: int) -> str:
    listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout.strip()


def record(path: Path, pid: int) -> None:
    path.write_text(f"{pid} {started_at(pid)}\n", encoding="utf-8")


def recorded(path: Path) -> int | None:
    """The process this record names, if that very process still runs."""
    with suppress(FileNotFoundError, ValueError):
        number, _, start = path.read_text(encoding="utf-8").strip().partition(" ")
        if start and started_at(int(number)) == start:
            return int(number)
    return None


def end(pid: int, how: signal.Signals = signal.SIGTERM, *, patience: float = 10.0) -> bool:
    """Asks it to end, waits, and insists at last; says whether it went when asked."""
    start = started_at(pid)
    _signal(pid, how)
    if _gone(pid, start, patience):
        return True
    _signal(pid, signal.SIGKILL)
    _gone(pid, start, patience)
    return False


def _signal(pid: int, how: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, how)


def _gone(pid: int, start: str, patience: float) -> bool:
    until = time.monotonic() + patience
    while start and started_at(pid) == start:
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
