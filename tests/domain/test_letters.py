"""Mail that comes back: whose address it went to, what its writer wrote, what only a program wrote, what never arrives."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweb.domain.answers import Said, Written
from careweb.domain.letters import LETTER_MOST, Letter, LetterError, own_line, read_letter
from careweb.rendering import stop_words
from tests import letters

OURS = "answers+{token}@care.example.org"
TOKEN = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklm"
HERE = OURS.replace("{token}", TOKEN)
YES = Written(said=Said.YES, code="4821")
UNCLEAR = Written(said=Said.UNCLEAR)
QUOTED = "> You can say yes or no on this page.\n> Y 4821\n"


def mail(text: str = "Y 4821\n", to: str = HERE, **lines: str) -> bytes:
    return letters.mail(text, to, **lines)


def report(*fates: tuple[str, str], **more: str) -> bytes:
    return letters.report(HERE, *fates, **more)


def read(raw: bytes, recipient: str = "") -> Letter:
    return read_letter(raw, OURS, stop_words(), recipient)


def test_an_answer_as_a_mail_program_sends_it() -> None:
    assert read(mail()) == Letter(
        tokens=(TOKEN,), sender="mei@example.org", id="<1@example.org>", written=YES, automatic=False, bounced=False
    )


@pytest.mark.parametrize(
    "text",
    [
        "Y 4821", "\n\n  y 4821  \n\nSent from my phone", "Y 4821\n\nOn Mon, Nov 23, 2026 at 9:00, careweb <a@b.c> wrote:\n\n" + QUOTED,
        "Y 4821\nOn Mon careweb wrote:\n" + QUOTED, QUOTED + "\nY 4821\n-- \nMei", "Le lun. 23 nov. 2026,\ncareweb a écrit :\n" + QUOTED + "oui 4821",
        "2026年11月23日 careweb 寫道：\n\n" + QUOTED + "Y 4821", "\ufeff\u200b\nY 4821", "Ｙ：４８２１", "> quoted\nY 4821\n> more\nN 1111",
    ],
)  # fmt: skip
def test_only_what_its_writer_wrote_is_an_answer(text: str) -> None:
    assert read(mail(text)).written == YES


@pytest.mark.parametrize(
    "text",
    [
        "", "> Y 4821\n", "Could you tell me more?\nY 4821", "On Mon careweb wrote:\n" + QUOTED, "-----Original Message-----\nY 4821",
        "Y 4821 or N 4821", "Y", "4821", "y" * 100_000,
    ],
)  # fmt: skip
def test_nothing_else_is(text: str) -> None:
    assert read(mail(text)).written == UNCLEAR


def test_a_long_line_is_cut() -> None:
    assert len(own_line("y" * 100_000, stop_words())) == 200


def test_an_answer_in_html_alone_or_in_what_is_attached_is_none() -> None:
    page = EmailMessage()
    page["To"], page["From"] = HERE, "mei@example.org"
    page.set_content("<p>Y 4821</p>", subtype="html")
    assert read(page.as_bytes()).written == UNCLEAR
    inner = EmailMessage()
    inner.set_content("Y 4821")
    page.set_content("What is this?")
    page.add_attachment(inner)
    page.add_attachment("Y 4821")
    assert read(page.as_bytes()).written == UNCLEAR


def test_the_plain_part_of_several_is_read_in_its_own_writing() -> None:
    both = EmailMessage()
    both["To"], both["From"] = HERE, "mei@example.org"
    both.set_content("停止", charset="big5")
    both.add_alternative("<p>x</p>", subtype="html")
    assert read(both.as_bytes()).written == Written(said=Said.STOP)
    assert read(both.as_bytes().replace(b"big5", b"none")).written == UNCLEAR


@pytest.mark.parametrize(
    "to",
    [HERE.upper(), f'"{HERE}" <{HERE}>, other@example.org', f"x@example.org,\n {HERE}"],
)
def test_the_address_is_found_however_it_is_written(to: str) -> None:
    raw = b"To: " + to.encode() + b"\nFrom: a@example.org\n\nY 4821\n"
    assert read(raw).tokens == (TOKEN,)


@pytest.mark.parametrize(
    "to",
    [
        "answers@care.example.org", HERE + ".evil.example", "x" + HERE, f"answers+{TOKEN[:-1]}@care.example.org",
        HERE.replace("care", "other"), f"answers+{TOKEN}x@care.example.org",
    ],
)  # fmt: skip
def test_another_address_is_not_ours(to: str) -> None:
    assert read(mail(to=to)).tokens == ()


def test_the_words_of_a_mail_name_no_address_and_the_mail_server_does() -> None:
    assert read(mail(f"Y 4821\n{HERE}", to="x@example.org", Subject=HERE)).tokens == ()
    assert read(mail(to="x@example.org", Delivered_To=HERE)).tokens == (TOKEN,)
    assert read(mail(to="x@example.org"), recipient=HERE).tokens == (TOKEN,)
    assert read(mail(), recipient="answers@care.example.org").tokens == ()


@pytest.mark.parametrize(
    "lines",
    [b"", b"From: nobody\n", b"From: a@example.org, b@example.org\n", b"From: a@example.org\nFrom: b@example.org\n"],
)
def test_a_sender_that_is_nobody_or_several_is_none(lines: bytes) -> None:
    assert read(lines + b"To: " + HERE.encode() + b"\n\nY 4821\n").sender == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "auto-replied; owner-email=x"), ("Auto-Submitted", "auto-generated"), ("Precedence", "bulk"), ("Precedence", "Auto_Reply"),
        ("X-Autoreply", "yes"), ("List-Id", "<a.example.org>"), ("Return-Path", "<>"),
    ],
)  # fmt: skip
def test_what_a_program_wrote_is_no_answer(name: str, value: str) -> None:
    letter = read(mail("STOP", **{name: value}))
    assert (letter.automatic, letter.written) == (True, UNCLEAR)


def test_somebody_whose_program_says_that_it_is_none_is_read() -> None:
    assert read(mail(Auto_Submitted="no", Return_Path="<mei@example.org>")).written == YES


@pytest.mark.parametrize(
    "fates", [[("failed", "5.1.1")], [("Failed", "5.2.2 (mailbox full)")], [("failed", "5.0.0"), ("failed", "4.4.7")]]
)
def test_a_report_that_it_never_arrives(fates: list[tuple[str, str]]) -> None:
    letter = read(report(*fates))
    assert (letter.bounced, letter.automatic, letter.tokens) == (True, True, (TOKEN,))


@pytest.mark.parametrize(
    "fates",
    [
        [], [("delayed", "4.4.1")], [("delayed", "5.4.1")], [("failed", "4.4.7")], [("failed", "5.7.1")], [("failed", "550")], [("", "5.1.1")],
        [("delivered", "2.0.0")], [("failed", "5.1.1"), ("relayed", "2.0.0")],
    ],
)  # fmt: skip
def test_a_report_of_a_delay_or_about_ourselves_is_no_such_report(fates: list[tuple[str, str]]) -> None:
    assert (read(report(*fates)).bounced, read(report(*fates)).automatic) == (False, True)


def test_a_receipt_is_no_report_and_the_words_of_a_person_are_none() -> None:
    assert not read(report(("failed", "5.1.1"), kind="disposition-notification")).bounced
    assert not read(mail("Action: failed\nStatus: 5.1.1\n")).bounced


def test_what_is_behind_the_bound_is_not_looked_at() -> None:
    assert read(b"To: " + b"x@example.org, " * 300 + HERE.encode() + b"\n\n").tokens == ()
    assert read(mail("\n" * LETTER_MOST + "Y 4821")).written == UNCLEAR


PIECES = st.sampled_from([
    b"To: " + HERE.encode() + b"\n", b"From: a@example.org\n", b"From: =?utf-8?q?=00?= <", b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
    b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Type: text/plain; charset=utf-7\n", b"Content-Type: ;;=", b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: message/delivery-status\n", b"Content-Type: message/rfc822\n", b"Action: failed\nStatus: 5.1.1\n", b"--b\n", b"--b--\n", b"\n", b"\n\n", b"Y 4821\n", b"STOP",
    b"Auto-Submitted:", b"Precedence: \xff\n", b"Status: ", b"\x00", b"\r", b" ", b"\xf0\x9f", b"From: (((((", b"To: " + b"(" * 500, b'"' * 50,
])  # fmt: skip
RUBBISH = st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=30).map(b"".join)


@given(RUBBISH)
def test_rubbish_is_read_or_refused_and_nothing_else(raw: bytes) -> None:
    try:
        letter = read(raw)
    except LetterError:
        return
    assert not (letter.automatic and letter.written.said is not Said.UNCLEAR)
    assert letter.bounced <= letter.automatic


@pytest.mark.parametrize(("parts", "read_at_all"), [(49, True), (50, False)])
def test_a_mail_of_too_many_parts_is_refused(parts: int, *, read_at_all: bool) -> None:
    raw = b"To: %s\nContent-Type: multipart/mixed; boundary=b\n\n" % HERE.encode()
    raw += b"--b\nContent-Type: text/plain\n\nY 4821\n" * parts
    if read_at_all:
        assert read(raw).written == YES
    else:
        with pytest.raises(LetterError):
            read(raw)


def test_what_is_nested_too_deep_is_refused_and_no_word_of_it_repeated() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(51))
    assert read(deep).tokens == (), "what did not come to us is not even taken apart"
    with pytest.raises(LetterError) as raised:
        read(b"To: " + HERE.encode() + b"\n" + deep)
    assert (raised.value.args, raised.value.__suppress_context__) == ((), True)
