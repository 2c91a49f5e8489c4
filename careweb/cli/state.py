"""The state folder: everything of this installation that is not in the repository."""

import base64
import fcntl
import hashlib
import os
import pwd
import secrets
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import click

_LONGEST_SOCKET_FOLDER = 80  # Unix socket paths end at 107 bytes on Linux and 103 elsewhere


class StateError(click.ClickException):
    """The state folder cannot be used as it is."""


def ensure_state(state: Path) -> Path:
    state = state.absolute()
    # Ours alone; under root the database server, another user, passes through it to its own folder.
    state.mkdir(mode=0o700 if os.geteuid() else 0o711, parents=True, exist_ok=True)
    return state


def ensure_keys(state: Path) -> Path:
    """The master keys that seal names, contacts and text: version:base64, the one that seals first; made at the first start."""
    path = ensure_state(state) / "keys"
    if not path.exists():
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        fresh = path.with_name(f"keys.{os.getpid()}")
        _write_private(fresh, f"1:{key}\n")
        with suppress(FileExistsError):  # another process was first; its key stays
            os.link(fresh, path)
        fresh.unlink()
    return path


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def only_one(state: Path, what: str, *, patience: float = 0.0) -> Iterator[bool]:
    """True for the one process that may start and stop servers of this state; false while another does."""
    with (ensure_state(state) / "run.lock").open("a+") as file:
        if not _lock_within(file, patience):
            yield False
            return
        file.truncate(0)
        file.write(f"{what}, process {os.getpid()}\n")
        file.flush()
        yield True


def _lock_within(file: IO[str], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        else:
            return True


def who_runs(state: Path) -> str:
    return (state / "run.lock").read_text(encoding="utf-8").strip()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; the kernel lets go of the lock however its holder ends."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def server_user() -> pwd.struct_passwd | None:
    """Whom the database server runs as: ourselves (None), or for root, whom PostgreSQL refuses, another."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise StateError("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody': add one")


def socket_folder(state: Path) -> Path:
    """A short folder under the temp folder, the same at every start of this state, closed to others."""
    base = Path(tempfile.gettempdir())
    if len(bytes(base)) > _LONGEST_SOCKET_FOLDER - 30:
        base = Path("/tmp")  # noqa: S108  the folder below is checked to be ours
    folder = base / f"careweb-{os.geteuid()}-{_digest(state)}"
    _own_folder(folder, os.geteuid(), 0o711)
    return folder


def server_folder(folder: Path) -> Path:
    """A folder of the database server's user inside one of ours."""
    user = server_user()
    owner = user.pw_uid if user else os.geteuid()
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
    _own_folder(folder, owner, 0o700)
    return folder


def _own_folder(folder: Path, owner: int, mode: int) -> None:
    with suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(mode)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o022:
        raise StateError(f"{folder} belongs to someone else: remove it, or set TMPDIR to a folder of your own")


def cluster_folder(state: Path) -> Path:
    """Where the private database lies: in the state folder, unless the server's user cannot reach that."""
    state = ensure_state(state)
    pointer = state / "postgres.where"
    if pointer.exists():
        return Path(pointer.read_text(encoding="utf-8").strip())
    places = [
        state,
        Path("/var/lib/careweb") / _digest(state),
        Path(tempfile.gettempdir()) / f"careweb-state-{_digest(state)}",
    ]
    for place in places:
        if _usable(place):
            if place != state:
                click.echo(f"  the database lies in {place}: its user cannot reach {state}")
            pointer.write_text(f"{place / 'postgres'}\n", encoding="utf-8")
            return place / "postgres"
    raise StateError(f"the database server's user can reach none of {', '.join(map(str, places))}: set CAREWEB_STATE")


def _usable(place: Path) -> bool:
    user = server_user()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    if user is None:
        return os.access(place, os.W_OK | os.X_OK)
    reach = ["test", "-x", str(place)]
    return (
        subprocess.run(reach, user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/", check=False).returncode
        == 0
    )


def _digest(state: Path) -> str:
    return hashlib.sha256(bytes(state.absolute())).hexdigest()[:10]
