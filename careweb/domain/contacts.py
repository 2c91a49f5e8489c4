"""One way to reach a person, written always the same, so that the same contact is found again."""

import re
import unicodedata
from dataclasses import dataclass, field

from careweb.domain.states import ContactKind


class ContactError(ValueError):
    """That is neither an e-mail address nor a phone number."""


@dataclass(frozen=True)
class Contact:
    kind: ContactKind
    address: str = field(repr=False)


_EMAIL = re.compile(r"[^@\s\"<>(),:;\\\[\]]+@[^@\s.\"<>(),:;\\\[\]]+(\.[^@\s.\"<>(),:;\\\[\]]+)+")
_BY_CODE = Contact(ContactKind.CODE, "")


def by_code() -> Contact:
    return _BY_CODE


def read_email(text: str) -> Contact:
    address = unicodedata.normalize("NFKC", text).strip()
    if len(address) > 254 or not address.isprintable() or not _EMAIL.fullmatch(address):
        raise ContactError
    local, _, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode()
        address = f"{local}@{domain}".lower()
        address.encode("ascii")  # most mail servers know nothing else before the @
    except UnicodeError as error:
        raise ContactError from error
    return Contact(ContactKind.EMAIL, address)


def read_phone(text: str) -> Contact:
    """North American numbers in E.164; others only with their +."""
    text = unicodedata.normalize("NFKC", text).strip()
    digits = "".join(str(unicodedata.digit(c)) for c in text if unicodedata.digit(c, None) is not None)
    if re.search(r"[^\d\s().+\-\u2010-\u2015]", text):
        raise ContactError
    if text.startswith("+") and 8 <= len(digits) <= 15:
        return Contact(ContactKind.PHONE, "+" + digits)
    if len(digits) == 10 and digits[0] not in "01":
        return Contact(ContactKind.PHONE, "+1" + digits)
    if len(digits) == 11 and digits[0] == "1" and digits[1] not in "01":
        return Contact(ContactKind.PHONE, "+" + digits)
    raise ContactError


def read_contact(text: str) -> Contact:
    return read_email(text) if "@" in text or "＠" in text else read_phone(text)
