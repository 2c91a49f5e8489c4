"""From two commands to two people connected: `make run` in a fresh clone, then again; each need is posted and answered by HTTP."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import click
import numpy as np

from bench import document, machine
from bench.browser import Browser
from bench.stage import environment, free_port
from careweb import paths
from careweb.cli.steps import step

FIRST_AIM, AGAIN_AIM = 60.0, 3.0  # seconds to the first matched need
NEED = {
    "category": "groceries", "place": "M1S", "language": "yue", "urgency": "urgent", "name": "A neighbour",
    "contact_kind": "code", "reach": "group", "see_first": "no", "helpers": "1", "consent": "yes", "do": "send",
}  # fmt: skip
_PATIENCE = 60.0
_LINK = re.compile(r"https?://[^/\s]+(/a/[\w-]+)")
_CODE = re.compile(r"^(\d{4})\r?$", re.MULTILINE)
_OURS = ("Groceries", "Cantonese")  # the demonstration has needs of its own


@dataclass(frozen=True, kw_only=True)
class Start:
    """Seconds since the command was given."""

    ready: float  # the asking form was there
    posted: float  # the page with the code
    asked: float  # the first ask was with the mail server
    connected: float  # a volunteer had said yes: the need is matched


@click.command()
@click.option(
    "--again", default=3, show_default=True, help="second starts; volunteers answer at most four times a week"
)
@click.option("--out", type=Path, default=document.PAGE, help="where the report goes")
def main(again: int, out: Path) -> None:
    """Measure `make run`, from a fresh clone to the first matched need, and its second start."""
    begun, about = time.monotonic(), machine.describe()
    with _fresh_clone() as clone:
        with step("all packages once, so that they are in the installer's cache"):
            _quietly(["make", "setup"], clone)
            shutil.rmtree(clone / ".venv")
        with step("the first start"):
            first, steps = measure(["make", "run"], clone, clone / ".careweb")
        with step(f"{again} second starts"):
            others = [measure(["make", "run"], clone, clone / ".careweb")[0] for _ in range(again)]
    text = report(first, others, steps, took=time.monotonic() - begun, about=about)
    click.echo("\n" + text)
    document.write("start", text, out)


@contextmanager
def _fresh_clone() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="careweb-start-"))
    folder.chmod(0o755)  # the database server's own user must reach it
    try:
        _quietly(["git", "clone", "--quiet", "--no-hardlinks", paths.ROOT, folder / "careweb"], folder)
        yield folder / "careweb"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _quietly(command: Sequence[str | Path], where: Path) -> None:
    done = subprocess.run(
        [str(part) for part in command], cwd=where, env=environment({}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise click.ClickException(f"{command[0]}: {done.stdout[-500:]}{done.stderr[-500:]}")


def measure(command: Sequence[str], where: Path, state: Path, **more: str) -> tuple[Start, list[str]]:
    """Starts the demonstration, plays one need to its end, and ends it as Ctrl-C would. With what it printed."""
    port = free_port()
    chosen = environment({"PORT": str(port), "CAREWEB_STATE": str(state), **more})
    with tempfile.TemporaryFile("w+") as said:
        start = time.monotonic()
        process = subprocess.Popen(
            command, cwd=where, env=chosen, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            seen = asyncio.run(_play(port, state / "mail", start, process))
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(30)
        said.seek(0)
        return seen, [line.strip() for line in said if " ... " in line and line.rstrip().endswith(" s")]


async def _play(port: int, mail: Path, start: float, process: subprocess.Popen[bytes]) -> Start:
    async with asyncio.timeout(_PATIENCE):
        await _until_ready(port, process)
        async with Browser(port) as asker:
            page = await asker.get("/g/scarborough/ask")
            ready, before = time.monotonic() - start, _messages(mail)
            posted = await asker.post("/g/scarborough/ask", page.hidden() | NEED)
            if b'id="code"' not in posted.body:
                raise click.ClickException(f"the need was not taken: {posted.status}")
            at = time.monotonic() - start
            while not (ask := _ask_among(_messages(mail) - before)):  # noqa: ASYNC110  another process writes it
                await asyncio.sleep(0.005)
            asked = time.monotonic() - start
        await _say_yes(port, *ask)
        return Start(ready=ready, posted=at, asked=asked, connected=time.monotonic() - start)


async def _until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with suppress(OSError):
            async with Browser(port) as one:
                if (await one.get("/readyz")).status == 200:
                    return
        await asyncio.sleep(0.02)
    raise click.ClickException(f"the start ended with code {process.returncode}")


def _messages(mail: Path) -> set[Path]:
    return set(mail.glob("[0-9]*.eml"))  # one that is still being written begins with a dot


def _ask_among(messages: set[Path]) -> tuple[str, str] | None:
    """The link of the ask about our need, and the code that is typed there."""
    for file in sorted(messages):
        message = message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=policy.default)
        text = str(plain.get_content()) if (plain := message.get_body(("plain",))) else ""
        link, code = _LINK.search(text), _CODE.search(text)
        if link and code and all(word in text for word in _OURS):
            return link[1], code[1]
    return None


async def _say_yes(port: int, link: str, code: str) -> None:
    async with Browser(port) as helper:
        page = await helper.get(link)
        answered = await helper.post(link, {**page.hidden(), "code": code, "answer": "yes"})
        if b"You two are connected" not in answered.body:
            raise click.ClickException(f"the yes was not taken: {answered.status}")


def report(
    first: Start, others: Sequence[Start], steps: Sequence[str], *, took: float, about: Mapping[str, str]
) -> str:
    def row(name: str, starts: Sequence[Start], aim: float) -> str:
        cells = (f"{np.median([getattr(one, column) for one in starts]):.1f}" for column in Start.__dataclass_fields__)
        longest = max(one.connected for one in starts)
        return f"| {name} | {' | '.join(cells)} | {longest:.1f} | at most {aim:.0f}: {'met' if longest <= aim else '**missed**'} |"

    lines = [
        "## From the command to the first matched need",
        "Seconds since `make run` was given. The asking form is opened and sent by HTTP as soon as it is there; the ask is read in the",
        "demonstration's mail catcher; its volunteer says yes with the code of that message.",
        "",
        "| `make run` | form there | need posted | ask with the mail server | said yes: matched | longest | aim |",
        "|---|--:|--:|--:|--:|--:|---|",
        row("fresh clone, empty state", [first], FIRST_AIM),
        row(f"again, median of {len(others)}", others, AGAIN_AIM),
        "",
        "The fresh clone has no `.venv`; the packages are in the installer's cache, so that no download is counted, and the system's",
        "packages (PostgreSQL with PostGIS) are installed. What it said of its steps:",
        "",
        *(f"- {line}" for line in steps),
    ]
    return document.section(command="make bench ARGS=start", took=took, about=about, text="\n".join(lines))
