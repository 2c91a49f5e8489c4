"""Only in a demonstration: the messages that were caught, and the people a newcomer may be."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from starlette.responses import Response

from careweb.domain.contacts import read_email
from careweb.domain.errors import NotHereError
from careweb.flows.demo import ASKER, COORDINATOR, FIRST_GROUP, HELPER
from careweb.flows.signin import request_sign_in
from careweb.web.cookies import BROWSER, read_cookie
from careweb.web.language import own_path
from careweb.web.visits import Visit, see_other

_FILE = re.compile(r"\d{20}-\d{6}\.eml")
_SHOWN = 40
_PATIENCE = (0.0, 0.5, 1.0)  # seconds: a worker writes the message after the page has said that it is on its way
_PEOPLE = {"helper": HELPER, "coordinator": COORDINATOR}


@dataclass(frozen=True, kw_only=True)
class Caught:
    file: str
    at: datetime
    to: str
    subject: str
    lines: list[str]


def _folder(visit: Visit) -> Path:
    settings = visit.ctx.settings
    if not settings.demo:
        raise NotHereError
    return settings.demo_mail or Path("/nonexistent")


async def demo(visit: Visit) -> Response:
    messages = await asyncio.to_thread(_newest, _folder(visit))
    return visit.page("demo/messages.html", messages=messages, group=FIRST_GROUP, asker=ASKER)


async def message(visit: Visit) -> Response:
    name = visit.given("message")
    path = _folder(visit) / name
    if not _FILE.fullmatch(name) or not await asyncio.to_thread(path.is_file):
        raise NotHereError
    return visit.page(
        "demo/message.html", message=await asyncio.to_thread(_read, path), base=visit.ctx.settings.public_url
    )


def _newest(folder: Path) -> list[Caught]:
    """One that is still being written begins with a dot."""
    return [_read(path) for path in sorted(folder.glob("[0-9]*.eml"), reverse=True)[:_SHOWN]]


def _read(path: Path) -> Caught:
    mail = message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=policy.default)
    plain = mail.get_body(("plain",))
    text = str(plain.get_content()) if plain else ""
    return Caught(
        file=path.name, at=datetime.fromtimestamp(int(path.name[:20]) / 1e9, UTC), to=str(mail["To"] or ""),
        subject=str(mail["Subject"] or ""), lines=text.rstrip().splitlines(),
    )  # fmt: skip


async def message_of_sign_in(visit: Visit) -> Response:
    """The message with this link and code, a moment after it was asked for; where there is none, all of them."""
    folder = _folder(visit)
    link = f"/s/{visit.ctx.vault.sign('sign_in', visit.request.path_params['sign_in_id'])}"
    for wait in _PATIENCE:
        await asyncio.sleep(wait)
        for one in await asyncio.to_thread(_newest, folder):
            if any(line.strip().endswith(link) for line in one.lines):
                return see_other(f"/demo/{one.file}")
    return see_other("/demo")


async def sign_in_as(visit: Visit) -> Response:
    """Writes to that person as anyone else's sign-in would; the message is then among those caught."""
    _folder(visit)
    address = _PEOPLE.get(visit.fields.get("who", ""))
    if address is None:
        raise NotHereError
    sign_in_id = await request_sign_in(
        visit.ctx, read_email(address), locale=visit.interface.tag, browser=read_cookie(visit.request, BROWSER)
    )
    then = own_path(visit.fields.get("then", "/me")) if address == COORDINATOR else "/me"
    return see_other(f"/sign-in/{sign_in_id}?then={then}")
