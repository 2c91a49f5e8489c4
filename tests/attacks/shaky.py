"""The web process or a worker as they are, but that they fail when a file says so: with all they know in the message.

`python -m tests.attacks.shaky web PORT | worker`; SHAKY_FLAG names the file. It holds `crash`, `crash all` for the page of
errors too, or `log` and a text that is printed as a careless line of code would.
"""

import os
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn

from careweb.cli.serve import config_of
from careweb.config import settings
from careweb.flows import messages
from careweb.web import pages

FLAG = Path(os.environ.get("SHAKY_FLAG", "/nonexistent"))


def _told() -> str:
    return FLAG.read_text(encoding="utf-8") if FLAG.exists() else ""


def _failing(render: Any) -> Any:
    def rendered(locale: str, name: str, **context: Any) -> Any:
        told = _told()
        if told.startswith("log "):
            print(told.removeprefix("log "), flush=True)  # noqa: T201  past the log, whose list of fields would drop it
        if told.startswith("crash all") or (told == "crash" and name != "error.html"):
            everything = {"told": told} | {key: str(value) for key, value in context.items()}
            raise RuntimeError(f"could not render {name} with {everything}")
        return render(locale, name, **context)

    return rendered


def main() -> int:
    kind, *more = sys.argv[1:]
    if kind == "web":
        pages.render_html = _failing(pages.render_html)  # type: ignore[attr-defined]
        listening = socket.create_server(("127.0.0.1", int(more[0])))
        uvicorn.Server(config_of(settings())).run(sockets=[listening])
        return 0
    messages.render_text = _failing(messages.render_text)  # type: ignore[attr-defined]
    sys.argv = sys.argv[:1]
    from workers.__main__ import main as work

    return work()


if __name__ == "__main__":
    sys.exit(main())
