"""`careweb serve` and `careweb work`: one web process, worker or solver, in the foreground, for systemd or a container."""

import os
import socket
import sys

import click
import uvicorn

from careweb.config import settings

_GRACE = 10  # seconds that open requests have to end


@click.command()
@click.option("--fd", type=int, default=None, help="a listening socket that is already open")
def serve(fd: int | None) -> None:
    """Serve the pages on CAREWEB_HOST and PORT."""
    chosen = settings()
    config = uvicorn.Config(
        "careweb.web.app:create_app",
        factory=True,
        http="careweb.web.protocol:Protocol",
        host=chosen.host,
        port=chosen.port,
        proxy_headers=True,
        forwarded_allow_ips=chosen.trusted_proxies,
        server_header=False,
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)] if fd is not None else None)


@click.command()
@click.option(
    "--solver", is_flag=True, help="instead, solve whole markets again and again; one is enough for each market"
)
def work(*, solver: bool) -> None:
    """Match, send and tidy up; start as many as you like."""
    os.execv(sys.executable, [sys.executable, "-m", "workers", *(["solver"] if solver else [])])  # noqa: S606
