"""E-mail by SMTP, over a few connections that are kept: one mail a connection is four times slower."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr
from typing import NoReturn

import aiosmtplib

from careweb.config import Settings
from careweb.delivery.messages import DeliveryError, Message
from careweb.domain.letters import is_about_us

_IDLE_MOST = 20.0  # seconds: servers hang up on their own after minutes
_ASK_AFTER = 1.0  # idle for longer than this, a connection is asked whether it still lives
# No header is folded: a List-Unsubscribe on two lines is not understood everywhere.
_UNFOLDED = compat32.clone(linesep="\r\n", max_line_length=0)
_QUOTED = Charset("utf-8")
_QUOTED.body_encoding = QP


class Mailer:
    """Give one to a process; it opens as many connections as it is asked to send at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._timeout = settings.smtp_timeout.total_seconds()
        name, self._address = parseaddr(settings.mail_from)
        self._sender = formataddr((name, self._address))
        self._domain = self._address.rpartition("@")[2] or "localhost"
        self._idle: list[tuple[float, aiosmtplib.SMTP]] = []

    async def send(self, message: Message) -> None:
        """Raises DeliveryError. After a temporary one the message may have arrived all the same (no answer after DATA)."""
        wire, handed = self.wire(message), False
        try:
            async with asyncio.timeout(self._timeout), self._connection() as smtp:
                handed = True
                await smtp.sendmail(message.answer_to or self._address, [message.to], wire)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            _refuse(error, handed=handed)

    def wire(self, message: Message) -> bytes:
        """By the older half of the standard library: the newer one parses each header anew and takes four times as long."""
        mail = MIMEMultipart("alternative")
        mail["From"] = self._sender
        mail["To"] = message.to
        if message.answer_to:
            mail["Reply-To"] = message.answer_to
        mail["Subject"] = (
            Header(message.subject, "utf-8").encode(maxlinelen=0) if not message.subject.isascii() else message.subject
        )
        mail["Date"] = format_datetime(message.written_at)
        mail["Message-ID"] = f"<{message.id}@{self._domain}>"
        mail["Content-Language"] = message.locale
        mail["Auto-Submitted"] = "auto-generated"
        if message.stop_url:
            mail["List-Unsubscribe"] = f"<{message.stop_url}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if any(mark in value for value in map(str, mail.values()) for mark in "\r\n"):
            raise DeliveryError("a header with a line break", permanent=True)
        mail.attach(MIMEText(message.text, "plain", _QUOTED))  # type: ignore[arg-type]  # typeshed knows names only
        mail.attach(MIMEText(message.html, "html", _QUOTED))  # type: ignore[arg-type]
        return mail.as_bytes(policy=_UNFOLDED)

    async def close(self) -> None:
        while self._idle:
            _, smtp = self._idle.pop()
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await smtp.quit(timeout=1)
            smtp.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        smtp = await self._kept() or await self._open()
        try:
            yield smtp
        except BaseException:
            smtp.close()  # whatever state the talk is in, nobody should go on with it
            raise
        self._idle.append((time.monotonic(), smtp))

    async def _kept(self) -> aiosmtplib.SMTP | None:
        while self._idle:
            since, smtp = self._idle.pop()
            if smtp.is_connected and await _lives(smtp, time.monotonic() - since):
                return smtp
            smtp.close()
        return None

    async def _open(self) -> aiosmtplib.SMTP:
        settings = self._settings
        smtp = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            local_hostname=self._domain,
            timeout=self._timeout,
        )
        await smtp.connect()
        return smtp


async def _lives(smtp: aiosmtplib.SMTP, idle: float) -> bool:
    if idle < _ASK_AFTER:
        return True
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        return idle < _IDLE_MOST and (await smtp.noop(timeout=2)).code == aiosmtplib.SMTPStatus.completed
    return False


def _refuse(error: Exception, *, handed: bool) -> NoReturn:
    """Only a code and a class go on: a server's words may repeat the address."""
    code, words = _reply(error)
    reason = f"{type(error).__name__} {code or ''}".strip()
    permanent = 500 <= code < 600 and not is_about_us(words)
    raise DeliveryError(reason, permanent=permanent, unsure=handed and not code) from None


def _reply(error: Exception) -> tuple[int, str]:
    """What was said of this recipient or this message; 0 where the server or our settings are at fault."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)):
        return int(error.code), error.message
    return 0, ""
