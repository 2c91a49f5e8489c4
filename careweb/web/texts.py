"""Where a gateway brings the texts that people send back, signed as Twilio signs; the reply goes out with the answer."""

import base64
import hmac
from collections.abc import Iterable
from contextlib import suppress
from html import escape

from starlette.requests import Request
from starlette.responses import Response

from careweb.domain.answers import read_answer
from careweb.domain.contacts import ContactError, read_phone
from careweb.domain.errors import AtCapacityError, NotHereError, NotNowError
from careweb.flows.forms import first_time
from careweb.flows.texts import answer_text, refusal
from careweb.rendering import stop_words
from careweb.storage.database import Deadlock
from careweb.web.bodies import read_body, read_urlencoded
from careweb.web.visits import context

_MORE_TRIES = 2
_MOST_TEXT = 200  # characters; what is longer is no answer


def signature(secret: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """Of the address as the gateway knows it, then each field by name, then its values: HMAC-SHA1, which is Twilio's choice."""
    message = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(secret.encode(), message.encode(), "sha1")).decode()


async def incoming(request: Request) -> Response:
    """Nothing is done before the signature fits, and without a secret none does. The same text brought twice is one."""
    settings = request.app.state.settings
    secret = settings.sms_secret.get_secret_value()
    fields = read_urlencoded(await read_body(request))
    url = settings.public_url + request.url.path + (f"?{request.url.query}" if request.url.query else "")
    given_signature = request.headers.get("x-twilio-signature", "").encode()
    if not (secret and hmac.compare_digest(signature(secret, url, fields).encode(), given_signature)):
        return Response(status_code=403)
    given = dict(fields)
    try:
        phone = read_phone(given.get("From", "")).address
    except ContactError:
        return _say("")
    return _say(await _answered(request, phone, given.get("Body", "")[:_MOST_TEXT], given.get("MessageSid", "")))


async def _answered(request: Request, phone: str, text: str, key: str) -> str:
    try:
        for _ in range(_MORE_TRIES):
            with suppress(Deadlock):
                return await _once(request, phone, text, key)
        return await _once(request, phone, text, key)
    except AtCapacityError:
        outcome = "at_capacity"
    except (NotNowError, NotHereError):
        outcome = "over"
    async with context(request.app.state) as ctx:
        return await refusal(ctx, phone, outcome)


async def _once(request: Request, phone: str, text: str, key: str) -> str:
    async with context(request.app.state) as ctx:
        if key and not await first_time(ctx, f"text {key}"):
            return ""
        return await answer_text(ctx, phone, read_answer(text, stop_words()))


def _say(words: str) -> Response:
    message = f"<Message>{escape(words)}</Message>" if words else ""
    return Response(f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>', media_type="text/xml")
