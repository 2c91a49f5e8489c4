"""Ways to reach a person, and how an address of each kind is written. No address here is a URL, nor can one become part
of a URL unquoted; a browser's push subscription, which holds one, is checked against the operator's list of push services."""

import base64
import json
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from careweb.domain.contacts import Contact, read_email, read_phone


class ChannelKind(StrEnum):
    EMAIL = "email"  # the contact they gave; whoever asks and gave none may add one
    PUSH = "push"  # a browser of theirs
    SMS = "sms"
    TELEGRAM = "telegram"
    SIGNAL = "signal"
    WHATSAPP = "whatsapp"
    MATRIX = "matrix"
    NTFY = "ntfy"


TYPED = frozenset(ChannelKind) - {ChannelKind.EMAIL, ChannelKind.PUSH}  # an address that somebody types, and proves
CHANNELS_MOST = 10  # of one person
CODES_MOST = 5  # to a person's new channels, or to one address, within a day: each may cost, and may go to a stranger


class AddressError(ValueError):
    """That is not an address of this kind."""


def read_address(kind: ChannelKind, text: str) -> str:
    return _READ[kind](unicodedata.normalize("NFKC", text).strip())


def _contact(read_contact: Callable[[str], Contact]) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            return read_contact(text).address
        except ValueError as error:
            raise AddressError from error

    return read


def _like(pattern: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise AddressError
        return text

    return read


_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_READ: Mapping[ChannelKind, Callable[[str], str]] = {
    ChannelKind.EMAIL: _contact(read_email),
    ChannelKind.SMS: _contact(read_phone),
    ChannelKind.SIGNAL: _contact(read_phone),
    ChannelKind.WHATSAPP: _contact(read_phone),
    ChannelKind.TELEGRAM: _like(r"[1-9]\d{4,14}"),  # a person's number there; groups have a minus
    ChannelKind.MATRIX: _like(rf"@[a-z0-9._=+-]{{1,64}}:{_LABEL}(?:\.{_LABEL}){{1,8}}"),
    ChannelKind.NTFY: _like(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"),  # a topic on the operator's server
}

EXAMPLES: Mapping[ChannelKind, str] = {  # to try an operator's template with
    **dict.fromkeys((ChannelKind.SMS, ChannelKind.SIGNAL, ChannelKind.WHATSAPP), "+14165550100"),
    ChannelKind.TELEGRAM: "123456789",
    ChannelKind.MATRIX: "@name:example.org",
    ChannelKind.NTFY: "topic",
}


def read_subscription(text: str, services: Collection[str]) -> str:
    """What a browser gives, as it is kept. `services`: hosts, `*.` before one for all below it; or whole origins."""
    try:
        given = json.loads(text)
        endpoint, keys = given["endpoint"], given["keys"]
        fit = len(endpoint) <= 1000 and endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
        key, auth = _raw(keys["p256dh"]), _raw(keys["auth"])
        if not (fit and len(key) == 65 and key[0] == 4 and len(auth) == 16 and is_of_service(endpoint, services)):
            raise AddressError
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise AddressError from error
    return json.dumps({"endpoint": endpoint, "keys": {"p256dh": keys["p256dh"], "auth": keys["auth"]}})


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_of_service(endpoint: str, services: Collection[str]) -> bool:
    parts = urlsplit(endpoint)
    origin, host = f"{parts.scheme}://{parts.netloc}", parts.hostname or ""
    if origin in services:
        return True
    plain = parts.scheme == "https" and parts.netloc == host  # no name, password or port before or after it
    return plain and any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in services)
