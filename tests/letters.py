"""Mail as people's programs and mail servers write it."""

from email.message import EmailMessage


def mail(text: str, to: str, sender: str = "Mei <Mei@Example.org>", **lines: str) -> bytes:
    one = EmailMessage()
    one["From"], one["To"], one["Message-ID"] = sender, to, "<1@example.org>"
    for name, value in lines.items():
        del one[name.replace("_", "-")]
        one[name.replace("_", "-")] = value
    one.set_content(text)
    return one.as_bytes()


def report(to: str, *fates: tuple[str, str], kind: str = "delivery-status") -> bytes:
    """RFC 3464, as Postfix writes it: words, what became of each address, and the message itself. `fates`: action, status."""
    blocks = "\n".join(
        f"Final-Recipient: rfc822; x@y.example\nAction: {action}\nStatus: {status}\n" for action, status in fates
    )
    return f"""Return-Path: <>
Date: Mon, 23 Nov 2026 17:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind};
	boundary="4GcT.1/mx.example.org"

This is a MIME-encapsulated message.

--4GcT.1/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

--4GcT.1/mx.example.org
Content-Description: Delivery report
Content-Type: message/{kind}

Reporting-MTA: dns; mx.example.org
Arrival-Date: Mon, 23 Nov 2026 17:00:00 +0000 (UTC)

{blocks}
--4GcT.1/mx.example.org
Content-Description: Undelivered Message
Content-Type: message/rfc822

To: x@y.example
Subject: You have a message

Y 4821

--4GcT.1/mx.example.org--
""".encode()
