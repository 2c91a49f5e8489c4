"""`careweb keys`: which master keys are in use, and a new one for everything."""

import asyncio
import base64
import os
import secrets
from pathlib import Path

import click

from careweb.cli.door import context, vault_of
from careweb.cli.private_files import replaced_file
from careweb.config import Settings, settings
from careweb.flows.renewing import masters_in_use, owe_rewrap


@click.group("keys", invoke_without_command=True)
@click.pass_context
def keys(command: click.Context) -> None:
    """Say how many records each master key wraps; or renew it."""
    if command.invoked_subcommand is None:
        for line in asyncio.run(_list(settings())):
            click.echo(line)


@keys.command()
def rotate() -> None:
    """Wrap every data key by a new master key, in the background; again, to go on with what was interrupted."""
    chosen = settings()
    in_use, current = asyncio.run(_in_use(chosen))
    if set(in_use) <= {current}:
        current = _add_key(chosen)
    asyncio.run(_owe(chosen))
    click.echo(f"workers wrap {sum(in_use.values()):,} records by key {current}; `careweb keys` says how far they are")
    click.echo(
        f"keep a copy of {chosen.state / 'keys'} elsewhere: older keys too, links and look-ups come from the oldest"
    )


async def _list(chosen: Settings) -> list[str]:
    in_use, current = await _in_use(chosen)
    versions = sorted({*in_use, *vault_of(chosen).prints()})
    told = {current: "  seals what is new", versions[0]: "  links and look-ups come from it"}
    if current == versions[0]:
        told = {current: "  seals what is new; links and look-ups come from it"}
    return [f"key {version}: {in_use.get(version, 0):,} records{told.get(version, '')}" for version in versions]


async def _in_use(chosen: Settings) -> tuple[dict[int, int], int]:
    async with context(chosen) as ctx:
        return await masters_in_use(ctx), ctx.vault.current


async def _owe(chosen: Settings) -> None:
    async with context(chosen) as ctx:
        await owe_rewrap(ctx)


def _add_key(chosen: Settings) -> int:
    """First in the file, which running processes read again when they meet a key they do not know."""
    version, key = max(vault_of(chosen).prints()) + 1, base64.b64encode(secrets.token_bytes(32)).decode()
    if chosen.keys.get_secret_value():
        raise click.ClickException(
            "the keys are in CAREWEB_KEYS: put a new one there, as docs/operating.md says, and call this again"
        )
    file = chosen.state / "keys"
    before, owner = file.read_text(encoding="ascii"), file.stat()
    with replaced_file(file) as out:
        out.write(f"{version}:{key}\n{before}")
        out.flush()
        os.fsync(out.fileno())
        os.chown(out.fileno(), owner.st_uid, owner.st_gid)
    _sync(file.parent)
    return version


def _sync(folder: Path) -> None:
    """The new name is on disk before anything is wrapped by what is behind it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
