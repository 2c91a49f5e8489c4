"""What the kernel says: the processor time and the memory of processes, and which machine this is."""

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

from careweb import paths
from careweb.cli.postgres import postmaster
from careweb.cli.state import cluster_folder

_TICK = os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> tuple[float, float]:
    """Resident, and the proportional share of it (what is shared with other processes is divided among them)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    kept = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return kept["Rss"] / 1024, kept["Pss"] / 1024


def cpu_seconds(pid: int) -> float:
    """Of this process, all its threads, and its children that have ended."""
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / _TICK


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def database_cpu_seconds(state: Path) -> float:
    """Of the server and its backends."""
    server = postmaster(cluster_folder(state))
    if server is None:
        return 0.0
    pids = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return cpu_seconds(server) + sum(cpu_seconds(pid) for pid in pids if _parent(pid) == server)


def _parent(pid: int) -> int:
    try:
        return int(_stat(pid)[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def busy_seconds() -> float:
    """Processor time that all processes of this machine have used."""
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text(encoding="ascii").split()[1:8])
    return (user + nice + system + irq + softirq) / _TICK


def describe() -> Mapping[str, str]:
    return {
        "commit": _commit(),
        "processor": f"{_processor()}, {os.cpu_count()} cores shared by everything measured and by the load generator",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load before": f"{os.getloadavg()[0]:.1f} (one-minute average)",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    def git(*what: str) -> str:
        return subprocess.run(
            ["git", *what], cwd=paths.ROOT, capture_output=True, text=True, check=False
        ).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/benchmarks.md")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" and changes not committed" if changed else "")
