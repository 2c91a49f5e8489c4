"""Mail that comes back to an address below ours: somebody's answer, or the report that a message never arrived.

Anybody may have written it: it is bounded, read by the standard library alone, and nothing of its words is kept.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import EmailPolicy
from enum import StrEnum
from itertools import groupby, pairwise

from careweb.domain.answers import Said, Stops, Written, read_answer
from careweb.domain.contacts import ContactError, read_email

LETTER_MOST = 256 * 1024  # bytes; whatever comes after them is not looked at
_HEADER_MOST, _CONTENT_MOST, _LINE_MOST, _TOKENS_MOST = 4_000, 500, 200, 5  # characters, thrice, and addresses
_PARTS_MOST = 50  # each may take the parser a twentieth of a second
TOKEN = "[a-z2-7]{45}"  # noqa: S105  how one looks

_TO = frozenset({"delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc"})
_BY_PROGRAMS = frozenset({"x-autoreply", "x-autorespond", "x-auto-reply", "list-id"})
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b", re.ASCII)
_TAKEN = frozenset({"delivered", "relayed", "expanded", "delayed"})


class _Bounded(EmailPolicy):
    """Taking one header of 250 KB apart takes half a minute; each part of a mail has a Content-Type."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[: _CONTENT_MOST if name.lower().startswith("content-") else _HEADER_MOST]


class LetterError(ValueError):
    """That is no mail that can be read."""


class Brought(StrEnum):
    """What became of one."""

    IGNORED = "ignored"  # to none of our addresses, by a program, or it changes nothing
    TOO_OLD = "too_old"  # to a message that we have forgotten
    LATER = "later"  # a report about a message that is still being sent
    BOUNCED = "bounced"
    STOPPED = "stopped"
    ANSWERED = "answered"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class Letter:
    tokens: tuple[str, ...] = field(repr=False)  # of the addresses below ours that it went to
    sender: str = field(repr=False)  # as it says, which anybody can write; empty if that is nobody or several
    id: str = field(repr=False)  # its Message-ID: the same however often a mail server brings it
    written: Written = field(repr=False)
    automatic: bool  # by a program: it is no answer, and is not answered
    bounced: bool  # a mail server's report that a message of ours will never arrive


# Only what came to us is taken apart: of what anybody may send, that costs most.
_TO_NOBODY = Letter(tokens=(), sender="", id="", written=Written(said=Said.UNCLEAR), automatic=False, bounced=False)


def read_letter(raw: bytes, template: str, stops: Stops, recipient: str = "") -> Letter:
    """`template`: our addresses, with {token} in them; `recipient`: the one it came to, where the mail server says so."""
    raw = raw[:LETTER_MOST]
    try:
        reader: BytesParser[EmailMessage] = BytesParser(policy=_Bounded())  # type: ignore[arg-type]
        first = reader.parsebytes(raw, headersonly=True)
        tokens = _tokens([recipient] if recipient else _raw(first, *_TO), template)
        if not tokens:
            return _TO_NOBODY
        if raw.lower().count(b"content-type:") > _PARTS_MOST:
            raise LetterError
        return _letter(reader.parsebytes(raw), tokens, stops)
    except Exception:
        # The parser of the standard library fails in many ways on what is no mail, and each failure repeats its words.
        raise LetterError from None


def _letter(mail: EmailMessage, tokens: tuple[str, ...], stops: Stops) -> Letter:
    report = mail.get_content_type() == "multipart/report"
    automatic = report or _by_a_program(mail)
    return Letter(
        tokens=tokens,
        sender=_sender(mail),
        id="".join(_raw(mail, "message-id")[:1]).strip(),
        written=Written(said=Said.UNCLEAR) if automatic else read_answer(own_line(_text(mail), stops), stops),
        automatic=automatic,
        bounced=report and _never_arrives(mail),
    )


def _raw(mail: Message, *names: str) -> list[str]:
    """As they stand there: to read an address or a word, no header needs to be taken apart."""
    return [str(value) for name, value in mail.raw_items() if name.lower() in names]


def _tokens(places: list[str], template: str) -> tuple[str, ...]:
    before, after = map(re.escape, template.split("{token}"))
    ours = re.compile(rf"(?<![\w.+=-]){before}({TOKEN}){after}(?![\w.-])", re.ASCII)
    found = [token for place in places for token in ours.findall(place.lower())]
    return tuple(dict.fromkeys(found))[:_TOKENS_MOST]


def _sender(mail: EmailMessage) -> str:
    lines = _raw(mail, "from")
    if len(lines) != 1 or len(lines[0]) >= _HEADER_MOST:
        return ""
    try:
        (one,) = mail["from"].addresses
        return read_email(one.addr_spec).address
    except (ContactError, ValueError):
        return ""


def _by_a_program(mail: EmailMessage) -> bool:
    says_so = [line.partition(";")[0].strip().lower() not in ("", "no") for line in _raw(mail, "auto-submitted")]
    bulk = [line.strip().lower() in _BULK for line in _raw(mail, "precedence")]
    to_nobody = [line.strip() == "<>" for line in _raw(mail, "return-path")]
    return any(says_so + bulk + to_nobody) or bool(_raw(mail, *_BY_PROGRAMS))


def _never_arrives(mail: EmailMessage) -> bool:
    """RFC 3464. Each message of ours goes to one address: if that one is anybody's, the report says nothing of the sort."""
    if str(mail.get_param("report-type", "")).lower() != "delivery-status":
        return False
    fates = list(_fates(mail))
    never = any(action == "failed" and status.startswith("5.") and not is_about_us(status) for action, status in fates)
    return never and not any(action in _TAKEN for action, _ in fates)


def is_about_us(status: str) -> bool:
    """An enhanced status code (RFC 3463) of what a mail server thinks of its sender, by a list or a rule of its own."""
    return status.startswith("5.7.")


def _fates(mail: EmailMessage) -> Iterator[tuple[str, str]]:
    for part in mail.iter_parts():
        if part.get_content_type() == "message/delivery-status":
            for block in part.get_payload():
                action, status = ("".join(_raw(block, name)[:1]) for name in ("action", "status"))  # type: ignore[arg-type]
                found = _STATUS.match(status)
                yield action.strip().lower(), found[1] if found else ""


def _text(mail: EmailMessage) -> str:
    """The first part in plain text; none of what is attached or forwarded."""
    part = mail.get_body(("plain",))
    raw = part.get_payload(decode=True) if part else b""
    if part is None or not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):  # in no writing that we know
        return ""


def own_line(text: str, stops: Stops) -> str:
    """The first line that its writer wrote, above, below or between what is quoted; what stands over a quotation to
    introduce it ("On Monday ... wrote:", in any language) is the mail program's.
    """
    lines = [_seen(line) for line in text.splitlines()]
    blocks = [(kind, list(block)) for kind, block in groupby(lines, _kind) if kind]
    for (kind, block), (after, _) in pairwise([*blocks, ("", [])]):
        introduces = (
            after == ">" and block[-1].endswith((":", "：")) and read_answer(block[0], stops).said is Said.UNCLEAR
        )
        if kind != ">" and not introduces:
            return block[0][:_LINE_MOST]
    return ""


def _seen(line: str) -> str:
    return "".join(c for c in line if unicodedata.category(c) not in ("Cf", "Cc")).strip()


def _kind(line: str) -> str:
    return line and (">" if line.startswith(">") else "own")
