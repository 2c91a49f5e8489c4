"""`careweb serve` and `careweb work`: one web process, worker or solver, in the foreground, for systemd or a container."""

import os
import socket
import sys

import click
import uvicorn

from careweb.cli.supervisor import listen
from careweb.config import Settings, settings

_GRACE = 10  # seconds that open requests have to end
_LOG = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"journal": {"class": "careweb.journal.Foreign", "level": "ERROR"}},
    "loggers": {
        "uvicorn": {"handlers": ["journal"], "propagate": False},
        "uvicorn.error": {"level": "ERROR"},
        "uvicorn.access": {"level": "CRITICAL"},
    },
}


def config_of(chosen: Settings, app: str = "careweb.web.app:create_app") -> uvicorn.Config:
    """No WebSocket: whoever asks for one is answered as for a page. Nothing is written in the server's own words."""
    return uvicorn.Config(
        app,
        factory=True,
        http="careweb.web.protocol:Protocol",
        ws="none",
        proxy_headers=True,
        forwarded_allow_ips=chosen.trusted_proxies,
        server_header=False,
        log_config=_LOG,
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
    )


@click.command()
@click.option("--fd", type=int, default=None, help="a listening socket that is already open")
def serve(fd: int | None) -> None:
    """Serve the pages on CAREWEB_HOST and PORT."""
    chosen = settings()
    listening = listen(chosen.host, chosen.port) if fd is None else socket.socket(fileno=fd)
    uvicorn.Server(config_of(chosen)).run(sockets=[listening])


@click.command()
@click.option(
    "--solver", is_flag=True, help="instead, solve whole markets again and again; one is enough for each market"
)
def work(*, solver: bool) -> None:
    """Match, send and tidy up; start as many as you like."""
    os.execv(sys.executable, [sys.executable, "-m", "workers", *(["solver"] if solver else [])])  # noqa: S606
