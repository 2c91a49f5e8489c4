"""Everything `make run` needs, without starting it: system packages, .venv, Python packages from the lock.

Standard library only: it runs on the system's own Python before anything is installed.
Usage: python3 ops/setup.py [--dev | --compile]
"""

import contextlib
import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = ROOT / ".cache" / "setup.log"

POSTGIS = "postgresql-postgis"
NO_MAIN_CLUSTER = Path("/etc/postgresql-common/createcluster.d/careweb-setup.conf")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FONTS = {"fonts-noto-core": "NotoSansArabic-Regular.ttf", "fonts-noto-cjk": "NotoSansCJK-Regular.ttc"}
ONE_LINE = {  # for systems whose package manager we do not run ourselves
    "dnf": "sudo dnf install postgresql-server postgis python3",
    "pacman": "sudo pacman -S --needed postgresql postgis python",
    "zypper": "sudo zypper install postgresql-server postgis python3",
    "apk": "sudo apk add postgresql postgis python3",
    "brew": "brew install postgresql@17 postgis python@3.12",
}


class SetupError(Exception):
    """Something is missing that we cannot install; the message is the line that would."""


def main(arguments: list[str]) -> int:
    dev = "--dev" in arguments
    try:
        install_system_packages(missing_system_packages(dev))
        install_python_packages(ROOT / ("requirements-dev.txt" if dev else "requirements.txt"))
        if dev and not _browser():
            step(
                "a browser for the tests",
                lambda: run([PYTHON, "-m", "playwright", "install", "--with-deps", "chromium"]),
            )
        if "--compile" in arguments:
            compile_solver()
    except SetupError as error:
        return _refuse(str(error))
    return 0


def _refuse(message: str) -> int:
    print(message, file=sys.stderr)  # noqa: T201  this script has no other way to speak
    return 1


def step(what: str, action: Callable[[], object]) -> None:
    """Says what it does and how long it took."""
    print(f"  {what} ...", end="", flush=True)  # noqa: T201
    start = time.monotonic()
    try:
        action()
    except BaseException:
        print(" failed", flush=True)  # noqa: T201
        raise
    print(f" {time.monotonic() - start:.1f} s", flush=True)  # noqa: T201


def run(command: list[str | Path], *, environment: dict[str, str] | None = None) -> None:
    """Its output goes to the log; the end of it is shown when it fails."""
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(map(str, command))}\n")
        log.flush()
        start = log.tell()
        done = subprocess.run(
            [str(part) for part in command],
            stdin=None if sys.stdin.isatty() else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            check=False,
        )
    if done.returncode != 0:
        said = LOG.read_bytes()[start:].decode(errors="replace").strip().splitlines()
        raise SetupError("\n".join([f"{command[0]} failed ({LOG}):", *said[-15:]]))


# -- the system's packages ---------------------------------------------------------------------------------------


def missing_system_packages(dev: bool) -> list[str]:
    missing = [] if (os.environ.get("DATABASE_URL") and not dev) or _has_postgis() else [POSTGIS]
    if not _can_make_venv():
        missing.append("python3-venv")
    if dev:
        missing += [package for package, file in FONTS.items() if not _has_font(file)]
        if not ctypes.util.find_library("atomic"):
            missing.append("libatomic1")  # which the driver that Playwright brings along is linked to
        if not _browser() and not _is_ubuntu():  # Ubuntu's package is a snap, which Playwright cannot drive
            missing.append("chromium")
    return missing


def _has_postgis() -> bool:
    """By where postgis.control lies, as careweb/cli/postgres.py chooses its binaries."""
    for control in Path("/usr/share/postgresql").glob("*/extension/postgis.control"):
        if Path("/usr/lib/postgresql", control.parent.parent.name, "bin", "postgres").exists():
            return True
    config = shutil.which("pg_config")
    if not config:
        return False
    shared, binaries = (_answer([config, what]) for what in ("--sharedir", "--bindir"))
    return Path(shared, "extension", "postgis.control").exists() and Path(binaries, "postgres").exists()


def _answer(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _can_make_venv() -> bool:
    if PYTHON.exists() or shutil.which("uv"):
        return True
    return (
        subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode
        == 0
    )


def _has_font(file: str) -> bool:
    return any(True for folder in ("/usr/share/fonts", "/usr/local/share/fonts") for _ in Path(folder).rglob(file))


def _browser() -> str | None:
    system = next(filter(None, map(shutil.which, BROWSERS)), None)
    downloaded = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    if system and not (_is_ubuntu() and Path(system).resolve().name == "snap"):
        return system
    return next((str(found) for found in downloaded.glob("chromium-*")), None)


def _is_ubuntu() -> bool:
    with contextlib.suppress(OSError):
        return "ID=ubuntu" in Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    return False


def install_system_packages(packages: list[str]) -> None:
    if not packages:
        return
    if not shutil.which("apt-get"):
        raise SetupError(f"please install these and try again:\n  {_one_line(packages)}")
    become = _become_root(packages)
    noninteractive = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l"]
    install: list[str | Path] = [*noninteractive, "apt-get", "install", "-y", "--no-install-recommends", *packages]
    step("the system's list of packages", lambda: run([*noninteractive, "apt-get", "update"]))
    with _no_main_cluster(become):
        step(f"installing {' '.join(packages)} by apt", lambda: run(install))


def _one_line(packages: list[str]) -> str:
    for manager, line in ONE_LINE.items():
        if shutil.which(manager):
            return line
    if shutil.which("docker"):
        return "docker compose up"
    return f"(your system's packages for) {' '.join(packages)}"


def _become_root(packages: list[str]) -> list[str]:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        may = ["sudo", "-n", "true"] if not sys.stdin.isatty() else ["sudo", "-v"]
        if subprocess.run(may, check=False, capture_output=not sys.stdin.isatty()).returncode == 0:
            return ["sudo", "-n"]
    raise SetupError(f"please run this as root and try again:\n  apt-get install {' '.join(packages)}")


@contextlib.contextmanager
def _no_main_cluster(become: list[str]) -> Iterator[None]:
    """Debian's package makes and starts a cluster of its own on 5432 unless told otherwise; we leave no trace."""
    if _main_cluster_is_decided():
        yield
        return
    write = f"mkdir -p {NO_MAIN_CLUSTER.parent} && echo 'create_main_cluster = false' > {NO_MAIN_CLUSTER}"
    run([*become, "sh", "-c", write])
    try:
        yield
    finally:
        run(
            [*become, "sh", "-c", f"rm -f {NO_MAIN_CLUSTER}; rmdir --ignore-fail-on-non-empty {NO_MAIN_CLUSTER.parent}"]
        )


def _main_cluster_is_decided() -> bool:
    common = NO_MAIN_CLUSTER.parent.parent
    for file in [common / "createcluster.conf", *NO_MAIN_CLUSTER.parent.glob("*.conf")]:
        with contextlib.suppress(OSError):
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            if any(line.strip().startswith("create_main_cluster") for line in lines):
                return True
    return False


# -- Python packages ---------------------------------------------------------------------------------------------


def install_python_packages(lock: Path) -> None:
    stamp = VENV / f".{lock.stem}.installed"
    wanted = _digest(lock)
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    if not _venv_works():
        step("making .venv", _make_venv)
    step(f"Python packages from {lock.name}, checked by hash", lambda: _install(lock))
    stamp.write_text(wanted, encoding="ascii")
    if lock.stem.endswith("-dev"):  # the development lock holds all that the other does
        (VENV / ".requirements.installed").write_text(_digest(ROOT / "requirements.txt"), encoding="ascii")


def _digest(lock: Path) -> str:
    digest = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    for file in (lock, ROOT / "pyproject.toml"):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _venv_works() -> bool:
    """A folder that moved, or whose Python was upgraded away, has a Python that does not run."""
    if not PYTHON.exists():
        return False
    prefix = subprocess.run(
        [PYTHON, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=False
    )
    return prefix.returncode == 0 and Path(prefix.stdout.strip()).resolve() == VENV.resolve()


def _make_venv() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    if (
        subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode
        == 0
    ):
        run([sys.executable, "-m", "venv", VENV])
    else:
        run(["uv", "venv", "--python", sys.executable, VENV])


def _install(lock: Path) -> None:
    locked: list[str | Path] = ["--require-hashes", "-r", lock]
    itself: list[str | Path] = ["--no-deps", "--no-build-isolation", "-e", ROOT]
    *earlier, last = _installers()
    for installer in earlier:
        with contextlib.suppress(SetupError):
            _install_with(installer, locked, itself)
            return
    _install_with(last, locked, itself)


def _install_with(installer: list[str | Path], locked: list[str | Path], itself: list[str | Path]) -> None:
    run([*installer, *locked])
    run([*installer, *itself])


def _installers() -> list[list[str | Path]]:
    """uv is five times faster; pip is there without it, and knows a pip.conf that uv does not read."""
    uv = shutil.which("uv")
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    fast: list[list[str | Path]] = (
        [[uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", PYTHON]] if uv else []
    )
    has_pip = subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    return [*fast, pip] if has_pip or not fast else fast


# -- the solver's loops ------------------------------------------------------------------------------------------


def compile_solver() -> None:
    """By a first small solve, so that the first real one need not wait: numba keeps them in the state folder."""
    stamp, wanted = VENV / ".solver.compiled", _sources_digest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    with contextlib.suppress(SetupError):  # then the first real one compiles
        step(
            "compiling the solver's loops",
            lambda: run([VENV / "bin" / "careweb", "solve", ROOT / "docs" / "example.json"]),
        )
        stamp.write_text(wanted, encoding="ascii")


def _sources_digest() -> str:
    digest = hashlib.sha256(os.environ.get("CAREWEB_STATE", "").encode())
    for file in (ROOT / "requirements.txt", *sorted((ROOT / "careweb" / "domain" / "solving").glob("*.py"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
