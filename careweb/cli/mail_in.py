"""`careweb mail-in`: one mail from the mail server, which reads by the code this ends with what to do with it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import BinaryIO

import click

from careweb.cli.door import refuse_other_keys, vault_of
from careweb.cli.installation import open_database
from careweb.config import Settings, settings
from careweb.domain.letters import LETTER_MOST, Brought, Letter, LetterError, read_letter
from careweb.flows.context import Context
from careweb.flows.letters import bring
from careweb.rendering import stop_words
from careweb.storage.database import transaction
from careweb.storage.logins import Login, open_login

NO_SUCH_ADDRESS, TRY_LATER = 67, 75  # EX_NOUSER, EX_TEMPFAIL of sysexits.h, as Postfix, Exim and others read them
_PIECE = 64 * 1024


@click.command("mail-in")
@click.argument("recipient", default="")
def mail_in(recipient: str) -> None:
    """Take one mail on standard input: an answer, or a message that came back. For the mail server, not for people.

    RECIPIENT is the address it came to, as the mail server knows it; if left out, the mail's own lines say so.
    """
    chosen = settings()
    if not chosen.answers_to:
        raise _later("CAREWEB_ANSWERS_TO is not set")
    try:
        letter = read_letter(_taken(sys.stdin.buffer), chosen.answers_to, stop_words(), recipient)
    except LetterError:
        click.echo(Brought.IGNORED)  # handed back, it would go to whomever its sender was forged to be
        return
    try:
        brought = asyncio.run(_bring(chosen, letter))
    except Exception as error:  # whatever it was: the mail server keeps the mail, and no word of it is printed
        raise _later(type(error).__name__) from None
    if brought is Brought.LATER:
        raise _later("that message is still being sent")
    if brought is Brought.TOO_OLD:
        raise _ended("This message is too old to answer by mail. Please use its link.", NO_SUCH_ADDRESS)
    click.echo(brought)


def _taken(stream: BinaryIO) -> bytes:
    """As much as is looked at; the rest is read away, since some mail servers take a closed pipe for a failure."""
    raw = stream.read(LETTER_MOST)
    while stream.read(_PIECE):
        pass
    return raw


def _later(why: str) -> SystemExit:
    return _ended(f"{why}; try again later", TRY_LATER)


def _ended(why: str, code: int) -> SystemExit:
    click.echo(why, err=True)
    return SystemExit(code)


async def _bring(chosen: Settings, letter: Letter) -> Brought:
    """As the web: what strangers write is read with no more rights than a page has."""
    vault, now = vault_of(chosen), datetime.now(UTC)
    with open_database(chosen) as url:
        engine = open_login(Login.WEB, chosen.model_copy(update={"database_url": url}), vault, pool_size=1)

        @asynccontextmanager
        async def begin() -> AsyncIterator[Context]:
            async with transaction(engine) as tx:
                yield Context(tx=tx, vault=vault, settings=chosen, now=now)

        try:
            await refuse_other_keys(engine, vault)
            return await bring(begin, letter)
        finally:
            await engine.dispose()
