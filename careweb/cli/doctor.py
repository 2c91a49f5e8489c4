"""`careweb doctor`: what is wrong with this installation, and how to mend it."""

import asyncio
import shutil
import smtplib
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any

import click
import redis
from pydantic import ValidationError

from careweb.cli.door import opened_engine
from careweb.config import Settings, settings
from careweb.delivery.messengers import Messengers
from careweb.domain.backups import taken_at, too_old
from careweb.domain.channels import EXAMPLES, TYPED, ChannelKind
from careweb.flows.starting import ErasedComeBackError, KeysMissingError, refuse_unfit
from careweb.flows.ways import switched_on
from careweb.storage.database import run, transaction
from careweb.storage.migrations import pending
from careweb.storage.promises import Stuck, stuck
from careweb.storage.sealing import open_vault

_OLDEST_POSTGRES = 15
_CLOCK_SECONDS = 5.0
_COPY_EVERY = timedelta(days=2)
_DISK_LEAST = 1_000_000_000  # bytes


@dataclass(frozen=True)
class Finding:
    what: str
    mend: str = ""  # empty: nothing is wrong


@click.command()
def doctor() -> None:
    """Say what is wrong and how to mend it; the exit code is 1 if anything is."""
    findings = list(examine())
    for finding in findings:
        click.echo(f"  {click.style('wrong', fg='red') if finding.mend else 'fine '}  {finding.what}")
        if finding.mend:
            click.echo(f"         {finding.mend}")
    raise SystemExit(1 if any(finding.mend for finding in findings) else 0)


def examine() -> Iterator[Finding]:
    try:
        chosen = settings()
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(map(str, problem["loc"]))
            yield Finding(f"the setting {name}: {problem['msg']}", "mend it in the environment or in CAREWEB_ENV_FILE")
        return
    yield Finding("the settings can be read")
    for check in (_address, _keys, _copies, _disk, _database, _solver, _redis, _mail, _channels):
        yield from _guarded(check, chosen)


def _guarded(check: Callable[[Settings], Iterator[Finding]], chosen: Settings) -> Iterator[Finding]:
    """One thing that is wrong hides nothing else."""
    name = check.__name__.strip("_")
    try:
        yield from check(chosen)
    except click.ClickException as error:
        yield Finding(f"{name}: {error.message}", "see above, or docs/operating.md")
    except (KeysMissingError, ErasedComeBackError) as error:
        yield Finding(f"{name}: {error}", _MEND["keys"] if isinstance(error, KeysMissingError) else "careweb erased")
    except Exception as error:  # whatever a server answers, the others are still looked at
        yield Finding(f"{name}: {type(error).__name__}: {error}", _MEND.get(name, "see docs/operating.md"))


_MEND = {
    "keys": "put the key file back from its copy (or set CAREWEB_KEYS); for a new installation: careweb init",
    "database": "is it running, and is DATABASE_URL right? Empty means a private one: make setup",
    "redis": "is it running, and is REDIS_URL right? Empty means a private one",
    "mail": "are CAREWEB_SMTP_HOST, CAREWEB_SMTP_PORT, CAREWEB_SMTP_TLS and the password right?",
}


def _address(chosen: Settings) -> Iterator[Finding]:
    what = f"people reach it at {chosen.public_url}"
    if chosen.demo or chosen.secure:
        yield Finding(what)
    else:
        yield Finding(f"{what}, which is not https", "set CAREWEB_BASE_URL to https://..., behind a TLS proxy")


def _keys(chosen: Settings) -> Iterator[Finding]:
    open_vault(chosen)
    yield Finding("the keys that seal names, contacts and text are there")
    file = chosen.state / "keys"
    if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
        yield Finding(f"others can read {file}", f"chmod 600 {file}")


def _copies(chosen: Settings) -> Iterator[Finding]:
    """Of a private database; one that was given may be copied by whoever runs it."""
    folder, now = chosen.state / "backups", datetime.now(UTC)
    taken = [at for file in folder.glob("*") if (at := taken_at(file.name))]
    if chosen.backup_to or taken:
        newest = f"the newest copy of the database is of {max(taken):%Y-%m-%d}" if taken else "there is no copy yet"
        lately = bool(taken) and now - max(taken) < _COPY_EVERY
        yield Finding(newest, "" if lately or chosen.demo else "run careweb backup every night: docs/operating.md")
    elif not (chosen.demo or chosen.database_url):
        yield Finding("nobody copies the database", "set CAREWEB_BACKUP_TO, then careweb backup every night")
    kept_too_long = too_old([file.name for file in folder.glob("*")], now, chosen.backups_kept)
    if kept_too_long:
        yield Finding(
            f"copies kept for too long: {len(kept_too_long)}", "careweb backup deletes them, or does a worker run?"
        )


def _disk(chosen: Settings) -> Iterator[Finding]:
    folder = next(folder for folder in (chosen.state.absolute(), *chosen.state.absolute().parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    yield Finding(f"{free // 1_000_000:,} MB are free", "" if free > _DISK_LEAST else f"make room where {folder} lies")


def _database(chosen: Settings) -> Iterator[Finding]:
    facts, missing = asyncio.run(_ask_database(chosen))
    major = facts["version"] // 10_000
    yield Finding(f"PostgreSQL {major}", "" if major >= _OLDEST_POSTGRES else f"{_OLDEST_POSTGRES} or newer is needed")
    if facts["postgis"]:
        yield Finding(f"PostGIS {facts['postgis']}")
    else:
        yield Finding("PostGIS is not in this database", "let its superuser create the extension postgis in it")
    if not missing:
        asyncio.run(_fits(chosen))
    if missing:
        may = "careweb update" if facts["may_create"] else "give this role CREATE on schema public, then careweb update"
        yield Finding(f"{len(missing)} migrations are missing", may)
    else:
        yield Finding("the tables are those of this version")
        yield from _work(asyncio.run(_ask_for_stuck(chosen)))
    apart = abs((facts["clock"] - datetime.now(UTC)).total_seconds())
    right = "" if apart < _CLOCK_SECONDS else "turn on time synchronisation (timedatectl set-ntp true) on both machines"
    yield Finding(f"the database's clock and ours are {apart:.1f} s apart", right)


async def _ask_database(chosen: Settings) -> tuple[Any, list[str]]:
    async with opened_engine(chosen) as engine:
        async with transaction(engine) as tx:
            facts = await run(tx, "server_facts")
        return facts, await pending(engine)


async def _ask_for_stuck(chosen: Settings) -> list[Stuck]:
    async with opened_engine(chosen) as engine, transaction(engine) as tx:
        return await stuck(tx, now=await run(tx, "database_time"))


def _work(found: list[Stuck]) -> Iterator[Finding]:
    if not found:
        yield Finding("nothing open waits for nobody")
    for one in found:
        since = f"the oldest since {one.since:%Y-%m-%d %H:%M} UTC"
        if one.what == "review":
            what = (
                f"{one.count} held needs or reports wait for a person for too long, or nobody may judge them, {since}"
            )
            yield Finding(what, "careweb reviews says in which group, and how to name somebody who may")
            continue
        what = f"{one.count} of the table {one.what} wait for nobody, {since}"
        yield Finding(what, "does a worker run (careweb work)? If it does: careweb revive, and look into its log")


async def _fits(chosen: Settings) -> None:
    """Raises what would end a start."""
    async with opened_engine(chosen) as engine:
        await refuse_unfit(engine, open_vault(chosen), chosen)


def _solver(chosen: Settings) -> Iterator[Finding]:
    last = asyncio.run(_last_tick(chosen))
    if last is None:
        yield Finding("no solver has looked at the open needs yet (careweb run, or careweb work --solver)")
        return
    late = datetime.now(UTC) - last > chosen.claims_last and not chosen.demo
    mend = "is careweb run, or careweb work --solver, running? state/solver.log may say why not" if late else ""
    yield Finding(f"a solver last looked at the open needs at {last:%Y-%m-%d %H:%M} UTC", mend)


async def _last_tick(chosen: Settings) -> datetime | None:
    async with opened_engine(chosen) as engine:
        if await pending(engine):
            return None  # the tables of another version, which was said already
        async with transaction(engine) as tx:
            last: datetime | None = await run(tx, "last_tick")
            return last


def _redis(chosen: Settings) -> Iterator[Finding]:
    if not chosen.redis_url:
        yield Finding("Redis: a private one is started when it is needed")
        return
    with redis.Redis.from_url(chosen.redis_url, socket_timeout=5, socket_connect_timeout=5) as client:
        client.ping()
        policy = ""
        with suppress(redis.ResponseError):  # managed servers may forbid CONFIG
            policy = str(client.config_get("maxmemory-policy").get("maxmemory-policy", ""))
    if policy in {"noeviction", ""}:
        yield Finding("Redis answers" + (" and evicts nothing" if policy else " (its eviction policy cannot be read)"))
    else:
        yield Finding(f"Redis may throw jobs away ({policy})", "set maxmemory-policy noeviction in its configuration")


def _mail(chosen: Settings) -> Iterator[Finding]:
    with _mail_client(chosen) as client:
        if chosen.smtp_user:
            client.login(chosen.smtp_user, chosen.smtp_password.get_secret_value())
        client.noop()
    yield Finding(f"the mail server {chosen.smtp_host}:{chosen.smtp_port} answers")
    if chosen.smtp_password.get_secret_value() and chosen.smtp_tls == "none" and not _is_local(chosen.smtp_host):
        yield Finding("the mail password travels unencrypted", "set CAREWEB_SMTP_TLS to starttls or tls")
    if not chosen.demo and parseaddr(chosen.mail_from)[1].endswith("@localhost"):
        yield Finding("mail is sent from an address at localhost", "set CAREWEB_MAIL_FROM to one of your own domain")


def _channels(chosen: Settings) -> Iterator[Finding]:
    on, messengers = switched_on(chosen), Messengers(chosen)
    yield Finding(f"people may be reached by {', '.join(kind for kind in ChannelKind if kind in on)}")
    for kind in sorted(on & TYPED):
        if messengers.service(kind, EXAMPLES[kind]) is None:
            mend = f"CAREWEB_{kind.upper()}_URL: see the wiki of Apprise for the form of its URL"
            yield Finding(f"Apprise knows no service by the URL for {kind}", mend)
    if chosen.sms_secret and ChannelKind.SMS not in on:
        yield Finding("answers by text are taken, and no text is sent", "set CAREWEB_SMS_URL too")


def _mail_client(chosen: Settings) -> smtplib.SMTP:
    trusted = ssl.create_default_context()
    if chosen.smtp_tls == "tls":
        return smtplib.SMTP_SSL(chosen.smtp_host, chosen.smtp_port, timeout=10, context=trusted)
    client = smtplib.SMTP(chosen.smtp_host, chosen.smtp_port, timeout=10)
    if chosen.smtp_tls == "starttls":
        client.starttls(context=trusted)
    return client


def _is_local(host: str) -> bool:
    with suppress(OSError):
        return all(str(info[4][0]).startswith(("127.", "::1")) for info in socket.getaddrinfo(host, None))
    return False
