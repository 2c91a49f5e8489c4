"""Mail by real SMTP: what arrives, and which failures are worth another try."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from careweb.config import Settings
from careweb.delivery.mail import Mailer
from careweb.delivery.messages import DeliveryError, Message
from tests.servers import MailSink

STOP = "https://care.example.org/stop/" + "x" * 120


def settings_for(port: int, **more: Any) -> Settings:
    return Settings.model_validate(
        {"smtp_port": port, "mail_from": "A message <post@care.example.org>", "smtp_timeout": 5} | more
    )


def message(**more: Any) -> Message:
    about: dict[str, Any] = {
        "id": uuid4(), "to": "bo@example.org", "subject": "Vous avez un message à lire", "locale": "fr",
        "text": "Bonjour – 早晨\n", "html": "<p>Bonjour – 早晨</p>", "written_at": datetime(2026, 11, 23, tzinfo=UTC),
        "stop_url": STOP,
    }  # fmt: skip
    return Message(**about | more)


@pytest_asyncio.fixture
async def mailer(smtp: MailSink) -> AsyncIterator[Mailer]:
    mailer = Mailer(settings_for(smtp.port))
    yield mailer
    await mailer.close()


async def refused(mailer: Mailer) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await mailer.send(message())
    return caught.value


async def test_a_message_arrives_as_text_and_html_in_any_script(mailer: Mailer, smtp: MailSink) -> None:
    await mailer.send(message())
    [mail] = smtp.messages
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "Bonjour – 早晨"
    assert "<p>Bonjour – 早晨</p>" in html.get_content()
    assert mail["Subject"] == "Vous avez un message à lire"
    assert (mail["Content-Language"], mail["Auto-Submitted"]) == ("fr", "auto-generated")


async def test_one_click_stops_messages_and_the_link_is_on_one_line(mailer: Mailer, smtp: MailSink) -> None:
    await mailer.send(message())
    [mail] = smtp.messages
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    [envelope] = smtp.envelopes
    assert isinstance(envelope.content, bytes)
    assert f"List-Unsubscribe: <{STOP}>\r\n".encode() in envelope.content


async def test_a_message_that_nothing_can_stop_offers_no_stop(mailer: Mailer, smtp: MailSink) -> None:
    await mailer.send(message(stop_url=""))
    assert smtp.messages[0]["List-Unsubscribe"] is None


async def test_no_line_is_longer_than_mail_allows(mailer: Mailer, smtp: MailSink) -> None:
    await mailer.send(message(text="word " * 2000, html="<p>" + "x" * 5000))
    [envelope] = smtp.envelopes
    assert isinstance(envelope.content, bytes)
    head, _, body = envelope.content.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert max(map(len, head.split(b"\r\n"))) <= 998


async def test_the_same_notice_has_the_same_message_id_each_time(mailer: Mailer, smtp: MailSink) -> None:
    twice = message(id=UUID(int=7))
    await mailer.send(twice)
    await mailer.send(twice)
    assert {mail["Message-ID"] for mail in smtp.messages} == {f"<{UUID(int=7)}@care.example.org>"}


@pytest.mark.parametrize(
    ("reply", "permanent"),
    [("550 5.1.1 no such person", True), ("451 4.3.0 later", False), ("550 5.7.1 we do not like your relay", False)],
)
async def test_the_servers_reply_tells_permanent_from_temporary(
    mailer: Mailer, smtp: MailSink, reply: str, permanent: bool
) -> None:
    smtp.refuse_next(reply)
    assert (await refused(mailer)).permanent is permanent
    await mailer.send(message())
    assert len(smtp.messages) == 1


class Odd:
    """A server that refuses recipients, or never answers."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 OK", silent: float = 0) -> None:
        self.rcpt, self.data, self.silent = rcpt, data, silent
        self.connections = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: ARG002
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002
        await asyncio.sleep(self.silent)
        return self.data


async def serving(odd: Odd) -> tuple[asyncio.Server, int]:
    def protocol() -> SMTP:
        odd.connections += 1
        return SMTP(odd, hostname="odd.test")

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("reply", "permanent"), [("550 5.1.1 unknown", True), ("450 4.2.0 greylisted", False)])
async def test_a_refused_recipient_is_permanent_unless_the_server_says_later(reply: str, permanent: bool) -> None:
    server, port = await serving(Odd(rcpt=reply))
    mailer = Mailer(settings_for(port))
    error = await refused(mailer)
    assert error.permanent is permanent
    assert "example.org" not in str(error), "what we log must not repeat the address"
    await mailer.close()
    server.close()


async def test_no_answer_after_the_message_is_temporary_and_ends_in_time() -> None:
    server, port = await serving(Odd(silent=5))
    mailer = Mailer(settings_for(port, smtp_timeout=0.3))
    async with asyncio.timeout(2):
        error = await refused(mailer)
    assert (error.permanent, error.unsure) == (False, True), "it may have arrived"
    await mailer.close()
    server.close()


async def test_a_server_that_is_not_there_is_temporary() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        mailer = Mailer(settings_for(unused.getsockname()[1]))
        error = await refused(mailer)
        assert (error.permanent, error.unsure) == (False, False)


async def test_a_server_that_does_not_know_starttls_gets_nothing_in_the_open(smtp: MailSink) -> None:
    mailer = Mailer(settings_for(smtp.port, smtp_tls="starttls"))
    assert not (await refused(mailer)).permanent
    assert smtp.messages == []


async def test_messages_one_after_the_other_share_a_connection() -> None:
    odd = Odd()
    server, port = await serving(odd)
    mailer = Mailer(settings_for(port))
    for _ in range(5):
        await mailer.send(message())
    assert odd.connections == 1
    await mailer.close()
    server.close()


async def test_a_connection_that_the_server_has_closed_is_replaced() -> None:
    odd = Odd()
    server, port = await serving(odd)
    mailer = Mailer(settings_for(port))
    await mailer.send(message())
    for _, kept in mailer._idle:
        assert isinstance(kept.transport, asyncio.Transport)
        kept.transport.abort()
    await asyncio.sleep(0.05)
    await mailer.send(message())
    assert odd.connections == 2
    await mailer.close()
    server.close()


@asynccontextmanager
async def false_certificate(folder: Path) -> AsyncIterator[int]:
    """The port of a server that speaks TLS, with a certificate that nobody but itself has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "false.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    heard = MailSink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(heard, tls_context=context), "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
    assert heard.messages == []


async def test_a_server_with_a_certificate_that_nobody_signed_gets_nothing(tmp_path: Path) -> None:
    async with false_certificate(tmp_path) as port:
        mailer = Mailer(settings_for(port, smtp_host="localhost", smtp_tls="starttls"))
        error = await refused(mailer)
        await mailer.close()
    assert not error.permanent, "it may be mended; the message waits"
