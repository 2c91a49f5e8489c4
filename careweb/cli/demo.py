"""`careweb demo` and `careweb run`: the whole product on this machine, until Ctrl-C or SIGTERM."""

import hashlib
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from careweb import paths
from careweb.cli.installation import child_environment, shorten, start_servers, stop_servers, tail
from careweb.cli.processes import end_with_parent
from careweb.cli.state import cluster_folder, ensure_state, only_one, who_runs
from careweb.cli.steps import step
from careweb.cli.supervisor import Child, StoppedError, Supervisor, await_ready, end_leftovers, listen, stop_on_signals
from careweb.config import Settings, settings

CHILDREN = ("web", "worker", "solver", "mail")  # in the order in which they end
_ENDING = 3.0  # seconds: one that was just told to end may hold the state for a moment
DEMO_LINKS = (
    ("post a need", "/g/scarborough/ask"),
    ("a volunteer's messages", "/demo"),
    ("the coordinators' board", "/staff/scarborough"),
)
REAL_LINKS = (("the start page", "/"),)
_DECIDES_PREPARED = ("sql/migrations/*.sql", "data/*", "careweb/flows/*.py", "careweb/storage/*.py")


@click.command()
def demo() -> None:
    """Run everything here with a demonstration circle; Ctrl-C ends it."""
    _supervise("careweb demo", demonstration=True)


@click.command()
def run() -> None:
    """Run everything here for real people: servers of our own unless given, web, one worker and one solver."""
    _supervise("careweb run", demonstration=False)


def _supervise(name: str, *, demonstration: bool) -> None:
    start = time.monotonic()
    state = ensure_state(settings().state)
    if "MAKELEVEL" in os.environ:
        end_with_parent()
    with only_one(state, name, patience=_ENDING) as ours:
        if not ours:
            raise click.ClickException(
                f"{state} is in use: {who_runs(state)}. Set CAREWEB_STATE and PORT for a second one."
            )
        stop_on_signals()
        _run(settings(), state, start, demonstration=demonstration)


def _run(chosen: Settings, state: Path, start: float, *, demonstration: bool) -> None:
    supervisor = Supervisor(state, {})
    try:
        end_leftovers(state, CHILDREN)
        listening = listen(chosen.host, chosen.port)
        mail = listen("127.0.0.1", 0) if demonstration else None
        extra = _demonstration(state, mail.getsockname()[1]) if mail else {"CAREWEB_DEMO": "false"}
        supervisor.environment = child_environment(start_servers(chosen) | extra)
        _prepare(state, supervisor, private=not chosen.database_url, demonstration=demonstration)
        web = _start_children(supervisor, listening, mail)
        with step("web, worker and solver"):
            await_ready(web, chosen.host, chosen.port)
        _say_where(chosen, time.monotonic() - start, demonstration=demonstration)
        supervisor.watch()
    except StoppedError:
        click.echo("\n  ending ...", nl=False)
    except click.ClickException:
        click.echo(_last_words(supervisor), err=True)
        raise
    finally:
        supervisor.stop()
        stop_servers(chosen)
    click.echo(" done")


def _demonstration(state: Path, mail_port: int) -> dict[str, str]:
    return {
        "CAREWEB_DEMO": "true",
        "CAREWEB_DEMO_MAIL": str(state / "mail"),
        "CAREWEB_SMTP_HOST": "127.0.0.1",
        "CAREWEB_SMTP_PORT": str(mail_port),
        "CAREWEB_SMTP_TLS": "none",
        "CAREWEB_SMTP_USER": "",
    }


def _prepare(state: Path, supervisor: Supervisor, *, private: bool, demonstration: bool) -> None:
    """Once for each version and day: a second start has nothing to do. Another's database is always looked at."""
    stamp = cluster_folder(state) / "careweb.prepared" if private else None
    wanted = _digest(demonstration=demonstration)
    if stamp and stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    command = [sys.executable, "-m", "careweb.cli.prepare"]
    if subprocess.run(command, env=dict(supervisor.environment), check=False).returncode != 0:
        raise click.ClickException("the database could not be prepared")
    if stamp:
        stamp.write_text(wanted, encoding="ascii")


def _digest(*, demonstration: bool) -> str:
    digest = hashlib.sha256(f"{demonstration} {datetime.now(UTC).date()}".encode())
    for pattern in _DECIDES_PREPARED:
        for file in sorted(paths.ROOT.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _start_children(supervisor: Supervisor, listening: socket.socket, mail: socket.socket | None) -> Child:
    for name in CHILDREN:
        shorten(supervisor.state / f"{name}.log")
    python, number = sys.executable, listening.fileno()
    web = supervisor.add("web", [python, "-m", "careweb", "serve", "--fd", str(number)], [number])
    supervisor.add("worker", [python, "-m", "workers"])
    supervisor.add("solver", [python, "-m", "workers", "solver"])
    if mail:
        catcher = [python, "-m", "careweb.cli.mail_catcher", str(mail.fileno()), str(supervisor.state / "mail")]
        supervisor.add("mail", catcher, [mail.fileno()])
    return web


def _say_where(chosen: Settings, seconds: float, *, demonstration: bool) -> None:
    click.echo(f"  ready after {seconds:.1f} s\n")
    for what, path in DEMO_LINKS if demonstration else REAL_LINKS:
        click.echo(f"  {what:<26}{chosen.public_url}{path}")
    click.echo("\n  Ctrl-C ends it.")


def _last_words(supervisor: Supervisor) -> str:
    ended = [child for child in supervisor.children if child.process is not None and child.process.poll() is not None]
    return "\n".join(f"\n{child.name} said:\n{tail(supervisor.log(child))}" for child in ended)
