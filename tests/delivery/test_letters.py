"""Answers by mail, and mail that comes back: sent by real SMTP, brought back as a mail server would, read as the web may."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis.strategies import sampled_from

from careweb.domain.answers import Said
from careweb.domain.channels import ChannelKind
from careweb.domain.contacts import read_email
from careweb.domain.letters import Brought, LetterError, read_letter
from careweb.domain.states import Urgency
from careweb.flows.asks import view_ask
from careweb.flows.channels import add_channel, prove, put_first, set_digest
from careweb.flows.context import Context
from careweb.flows.letters import bring
from careweb.rendering import stop_words
from careweb.storage.database import Engine, open_engine, run, transaction
from tests import letters
from tests.delivery.stubs import Stub, Stubbed
from tests.domain.test_letters import HERE, RUBBISH
from tests.servers import MailSink
from tests.workers.shop import do_all_due, fetch, quick_settings, workshop_of
from tests.world import VAULT, committed
from workers.workshop import Workshop

ANSWERS = "answers+{token}@care.example.org"
MEI, PO = "mei@example.org", "po@example.org"


@dataclass(kw_only=True)
class Post:
    """Mei is asked whether she can help Po, by mail. `came`: that mail, and whence the mail server has it."""

    engine: Engine
    workshop: Workshop
    smtp: MailSink
    gateway: Stub
    ids: dict[str, Any] = field(default_factory=dict)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Context]:
        async with transaction(self.workshop.groups) as tx:
            yield Context(tx=tx, vault=VAULT, settings=self.workshop.settings, now=datetime.now(UTC))

    @property
    def code(self) -> str:
        return VAULT.digits("ask", self.ids["ask"], 4)

    async def bring(self, raw: bytes) -> Brought:
        return await bring(self.begin, read_letter(raw, ANSWERS, stop_words()))

    async def answer(self, text: str, *, to: str = "", sender: str = f"Mei <{MEI.title()}>", **lines: str) -> Brought:
        return await self.bring(letters.mail(text, to or self.ids["to"], sender, Message_ID=f"<{uuid4()}@x>", **lines))

    async def sent(self) -> list[str]:
        """What goes out now: to whom, and what it says."""
        self.smtp.clear()
        await do_all_due(self.workshop)
        return [f"{mail['To']}: {_words(mail)}" for mail in self.smtp.messages]

    async def one(self, sql: str, *values: Any) -> Any:
        rows = await fetch(self.engine, sql, *values)
        return rows[0][0] if rows else None

    async def state(self) -> str:
        return str(await self.one("SELECT state FROM ask WHERE id = $1", self.ids["ask"]))

    async def channels(self) -> dict[str, str]:
        return {row["kind"]: row["state"] for row in await fetch(self.engine, "SELECT kind, state FROM channel")}

    def address(self) -> str:
        """Of the last mail that went out."""
        return str(self.smtp.messages[-1]["Reply-To"])


def _words(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content())


async def told(post: Post, *, texts: bool = False, urgency: Urgency = Urgency.URGENT, due_in: float = 24) -> Post:
    now = datetime.now(UTC)
    async with committed(post.engine, now) as world:
        world.settings = post.workshop.settings
        group = await world.group()
        member = await world.helper(group, address=MEI, per_week=1)
        if texts:
            channel = await add_channel(world.ctx, member, ChannelKind.SMS, "416 555 0199")
            await prove(world.ctx, member, channel, VAULT.digits("channel", channel, 6))
            await put_first(world.ctx, member, member)
        await world.one("DELETE FROM promise")
        await world.one("DELETE FROM notice")
        need = await world.need(group, contact=read_email(PO), urgency=urgency, due_in=due_in)
        await world.match(need)
        post.ids = {"group": group, "member": member, "need": need, "ask": await world.ask_of(need, member)}
    await post.sent()
    [at] = [n for n, mail in enumerate(post.smtp.messages) if mail["To"] == MEI]
    post.ids["to"], post.ids["from"] = str(post.smtp.messages[at]["Reply-To"]), post.smtp.envelopes[at].mail_from
    post.ids["text"] = _words(post.smtp.messages[at])
    [post.ids["asker to"]] = [str(mail["Reply-To"]) for mail in post.smtp.messages if mail["To"] == PO]
    return post


@asynccontextmanager
async def posts(database: str, engine: Engine, smtp: MailSink) -> AsyncIterator[Post]:
    with Stubbed() as gateway:
        settings = quick_settings(
            database, "", smtp, answers_to=ANSWERS, sms_url=f"json://127.0.0.1:{gateway.port}/send?:to={{to}}"
        )
        async with workshop_of(settings) as workshop:
            yield Post(engine=engine, workshop=workshop, smtp=smtp, gateway=gateway)


@pytest_asyncio.fixture
async def fresh(database: str, engine: Engine, smtp: MailSink) -> AsyncIterator[Post]:
    async with posts(database, engine, smtp) as post:
        yield post


@pytest_asyncio.fixture
async def post(fresh: Post) -> Post:
    return await told(fresh)


async def test_each_message_has_an_address_of_its_own_that_fits_before_the_at(post: Post) -> None:
    assert post.ids["to"] == post.ids["from"], "what comes back comes there too"
    assert re.fullmatch(r"answers\+[a-z2-7]{45}@care\.example\.org", post.ids["to"])
    assert len("x" * 19 + post.ids["to"].partition("+")[2].partition("@")[0]) == 64
    assert post.ids["to"] != post.ids["asker to"]
    assert f"Write Y {post.code} or N {post.code} as its first line." in post.ids["text"]


async def test_a_yes_counts_once_and_is_written_as_on_the_page(post: Post) -> None:
    yes = letters.mail(f"Y {post.code}", post.ids["to"], MEI)
    assert [await post.bring(yes) for _ in range(2)] == [Brought.ANSWERED, Brought.IGNORED], (
        "the mail server tried again"
    )
    assert await post.answer(f"oui {post.code}") is Brought.ANSWERED, "and she did"
    assert await post.state() == "accepted"
    assert await post.one("SELECT count(*) FROM match WHERE state = 'connected'") == 1
    assert await post.one("SELECT count(*) FROM need_event WHERE kind = 'accepted' AND actor = 'helper'") == 1
    told = await post.sent()
    assert sorted(line.partition(":")[0] for line in told) == [MEI, PO], "that they are connected, and nothing else"


async def test_a_no_is_thanked_for_once(post: Post) -> None:
    assert await post.answer(f"N {post.code}\n\n-- \nMei") is Brought.ANSWERED
    assert await post.state() == "declined"
    [reply] = await post.sent()
    assert reply.startswith(f"{MEI}: ")
    assert "That is fine. Someone else is asked" in reply
    for word in ("N", "Y"):
        assert await post.answer(f"{word} {post.code}") is Brought.ANSWERED
    assert (await post.state(), await post.sent()) == ("declined", [])


@pytest.mark.parametrize("sender", ["Mei <mei@evil.example>", "mei@example.org, x@evil.example", "(", "Mei"])
async def test_from_another_address_it_is_no_answer_and_nothing_is_said_there(post: Post, sender: str) -> None:
    raw = letters.mail(f"Y {post.code}", post.ids["to"]).replace(
        b"From: Mei <Mei@Example.org>", f"From: {sender}".encode()
    )
    with_luck = Brought.UNCLEAR
    try:
        with_luck = await post.bring(raw)
    except LetterError:
        assert sender == "("
    assert (with_luck, await post.state()) == (Brought.UNCLEAR, "sent")
    assert [line for line in await post.sent() if not line.startswith(f"{MEI}: ")] == []


async def test_whoever_forges_a_sender_has_no_address_to_write_to(post: Post) -> None:
    before, token = await _all_but_help(post), post.ids["to"].partition("+")[2].partition("@")[0]
    forged = VAULT.address(uuid4())[:26] + token[26:]
    for to in ("answers@care.example.org", f"answers+{forged}@care.example.org", HERE, "x@example.org"):
        for text in (f"Y {post.code}", "STOP"):
            assert await post.answer(text, to=to) is Brought.IGNORED
        assert await post.bring(letters.report(to, ("failed", "5.1.1"))) is Brought.IGNORED
    assert await _all_but_help(post) == before


async def test_the_address_of_one_message_answers_no_other(post: Post) -> None:
    """Somebody of the same group, with a message of their own, knows Mei's code and forges her address."""
    async with committed(post.engine, datetime.now(UTC)) as world:
        other = await world.helper(post.ids["group"], address="lee@example.org")
        await world.one("DELETE FROM notice WHERE member_id = $1", other)
        need = await world.need(post.ids["group"], urgency=Urgency.URGENT)
        await world.match(need)
        theirs = await world.ask_of(need, other)
    await post.sent()
    [to] = [str(mail["Reply-To"]) for mail in post.smtp.messages if mail["To"] == "lee@example.org"]
    for sender in (MEI, "lee@example.org"):
        assert await post.answer(f"Y {post.code}", to=to, sender=sender) is Brought.UNCLEAR
    assert await post.state() == "sent"
    assert await post.one("SELECT wrong_codes FROM ask WHERE id = $1", post.ids["ask"]) == 0
    assert await post.one("SELECT wrong_codes FROM ask WHERE id = $1", theirs) == 1


async def test_the_address_of_one_message_answers_no_other_of_the_same_person(post: Post) -> None:
    async with committed(post.engine, datetime.now(UTC)) as world:
        need = await world.need(post.ids["group"], urgency=Urgency.URGENT)
        await world.one("UPDATE ask SET urgent = false")
        await world.match(need)
        other = await world.ask_of(need, post.ids["member"])
    await post.sent()
    assert await post.answer(f"Y {VAULT.digits('ask', other, 4)}") is Brought.UNCLEAR
    assert await post.one("SELECT state FROM ask WHERE id = $1", other) == "sent"
    assert await post.answer(f"N {VAULT.digits('ask', other, 4)}", to=post.address()) is Brought.ANSWERED
    assert await post.one("SELECT state FROM ask WHERE id = $1", other) == "declined"


async def test_five_wrong_codes_and_the_right_one_is_dead_too_and_help_comes_once(post: Post) -> None:
    wrong = f"{(int(post.code) + 1) % 10_000:04d}"
    for code in [wrong] * 5 + [post.code]:
        assert await post.answer(f"Y {code}") is Brought.UNCLEAR
    assert await post.state() == "sent"
    [help_] = await post.sent()
    assert "We did not understand that. Write Y or N" in help_
    assert f"/a/{VAULT.sign('ask', post.ids['ask'])}" in help_


async def test_what_is_not_understood_gets_one_word_and_never_a_loop(post: Post) -> None:
    for _ in range(3):
        assert await post.answer("Who is this?") is Brought.UNCLEAR
    assert len(await post.sent()) == 1
    to = post.address()
    for _ in range(3):  # a program that answers whatever it gets, and does not say that it is one
        assert await post.answer("I am away.", to=to) is Brought.UNCLEAR
    assert await post.sent() == []
    assert await post.answer(f"Y {post.code}", to=to) is Brought.ANSWERED, "but she may answer the help itself"
    assert await post.state() == "accepted"


async def test_a_yes_counts_only_after_a_look(post: Post) -> None:
    await post.one("UPDATE notice SET detailed = false")
    assert await post.answer(f"Y {post.code}") is Brought.UNCLEAR
    assert await post.state() == "sent"
    async with committed(post.engine, datetime.now(UTC)) as world:
        await view_ask(world.ctx, post.ids["ask"], post.ids["member"])
    assert await post.answer(f"Y {post.code}") is Brought.ANSWERED
    assert await post.state() == "accepted"


async def test_who_is_full_this_week_reads_so_and_may_answer_again(post: Post) -> None:
    await post.one("UPDATE member SET task_times = ARRAY[now()]")
    assert await post.answer(f"Y {post.code}") is Brought.ANSWERED
    assert (await post.state(), await post.one("SELECT filled FROM need")) == ("sent", 0)
    [reply] = await post.sent()
    assert "You have as many tasks this week" in reply
    await post.one("UPDATE member SET task_times = '{}'")
    assert await post.answer(f"Y {post.code}", to=post.address()) is Brought.ANSWERED
    assert await post.state() == "accepted"


@pytest.mark.parametrize(
    ("sql", "says", "state"),
    [
        ("UPDATE need SET filled = 1, state = 'matched'", "a little quicker", "covered"),
        ("UPDATE ask SET state = 'cancelled'", "answered or taken back before", "cancelled"),
        ("UPDATE need SET see_first = true", "The person now sees your name", "accepted"),
    ],
)
async def test_what_became_of_a_yes_is_told_kindly(post: Post, sql: str, says: str, state: str) -> None:
    await post.one(sql)
    assert await post.answer(f"Y {post.code}") is Brought.ANSWERED
    assert await post.state() == state
    assert any(line.startswith(MEI) and says in line for line in await post.sent())


async def test_a_yes_by_mail_and_another_at_the_same_moment_are_one(post: Post) -> None:
    await asyncio.gather(*(post.answer(f"Y {post.code}") for _ in range(4)))
    assert await post.one("SELECT count(*) FROM match") == 1
    assert await post.one("SELECT filled FROM need") == 1


@pytest.mark.parametrize("word", ["STOP", "arrêt", "退訂", "توقف", "Stop\n\nSent from my phone"])
async def test_stop_does_what_the_link_of_that_message_does_and_says_so_once(post: Post, word: str) -> None:
    for _ in range(2):
        assert await post.answer(word, sender="forwarded@elsewhere.example") is Brought.STOPPED
    assert await post.one("SELECT mail_stopped FROM member WHERE id = $1", post.ids["member"])
    [reply] = await post.sent()
    assert reply.startswith(MEI)
    assert "We will not write to you again about this." in reply
    assert await post.one("SELECT mail_stopped FROM need") is False


async def test_whoever_asked_can_stop_and_answer_nothing(post: Post) -> None:
    assert await post.answer(f"Y {post.code}", to=post.ids["asker to"], sender=PO) is Brought.UNCLEAR
    assert await post.answer("停止", to=post.ids["asker to"], sender=PO) is Brought.STOPPED
    assert await post.one("SELECT mail_stopped FROM need")
    assert (await post.state(), await post.one("SELECT mail_stopped FROM member")) == ("sent", False)
    assert [line.partition(":")[0] for line in await post.sent()] == [PO], (
        "it had stopped before the other word was sent"
    )


@pytest.mark.parametrize(
    "line", [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"Return_Path": "<>"}, {"List_Id": "<x.y>"}]
)
async def test_what_a_program_answers_changes_nothing(post: Post, line: dict[str, str]) -> None:
    for text in ("STOP", f"Y {post.code}", "I am away"):
        assert await post.answer(text, **line) is Brought.IGNORED
    assert (await post.state(), await post.sent()) == ("sent", [])
    assert not await post.one("SELECT mail_stopped FROM member")


async def test_what_answers_a_message_that_we_have_forgotten_is_handed_back_to_people_alone(post: Post) -> None:
    await post.one("DELETE FROM notice")
    assert await post.answer("STOP") is Brought.TOO_OLD
    assert await post.answer("I am away", Auto_Submitted="auto-replied") is Brought.IGNORED
    assert await post.bring(letters.report(post.ids["from"], ("failed", "5.1.1"))) is Brought.IGNORED


async def test_a_message_that_comes_back_turns_mail_off_and_goes_another_way(fresh: Post) -> None:
    post = await told(fresh, texts=True)
    gone = letters.report(post.ids["from"], ("failed", "5.1.1"))
    assert await post.bring(letters.report(post.ids["from"], ("delayed", "4.4.1"))) is Brought.IGNORED
    assert await post.bring(letters.report(post.ids["from"], ("failed", "5.7.1"))) is Brought.IGNORED
    assert await post.channels() == {"email": "on", "sms": "on"}
    assert await post.bring(gone) is Brought.BOUNCED
    assert await post.channels() == {"email": "off", "sms": "on"}
    post.gateway.requests.clear()
    assert await post.sent() == []
    texts = [json.loads(one.body)["message"] for one in post.gateway.requests]
    assert len(texts) == 2, "the ask, and that mail does not arrive any more"
    assert sum(f"/a/{VAULT.sign('ask', post.ids['ask'])}" in text for text in texts) == 1
    assert await post.state() == "sent"
    kinds = {
        row["kind"]
        for row in await fetch(post.engine, "SELECT kind FROM notice WHERE channel = 'sms' AND state = 'sent'")
    }
    assert kinds == {"ask", "channel_off"}
    assert await post.bring(gone) is Brought.IGNORED, "it went another way since"
    assert not await post.one("SELECT mail_stopped FROM member")


async def test_where_there_is_no_other_way_mail_stays_on_and_others_are_asked(post: Post) -> None:
    gone = letters.report(post.ids["from"], ("failed", "5.1.1"))
    assert [await post.bring(gone) for _ in range(2)] == [Brought.BOUNCED, Brought.IGNORED]
    assert await post.state() == "cancelled"
    assert await post.channels() == {"email": "on"}
    assert await post.one("SELECT count(*) FROM promise WHERE job = 'match_need'") == 1
    assert await post.one("SELECT count(*) FROM promise WHERE job = 'time_out_ask'") == 0
    assert await post.one("SELECT state FROM notice WHERE kind = 'ask'") == "failed"


async def test_what_was_answered_before_it_came_back_stays_answered(post: Post) -> None:
    async with committed(post.engine, datetime.now(UTC)) as world:
        await view_ask(world.ctx, post.ids["ask"], post.ids["member"])
    await post.answer(f"Y {post.code}")
    assert await post.bring(letters.report(post.ids["from"], ("failed", "5.1.1"))) is Brought.BOUNCED
    assert await post.state() == "accepted"


async def test_the_mail_of_whoever_asked_that_comes_back_is_marked(post: Post) -> None:
    assert await post.bring(letters.report(post.ids["asker to"], ("failed", "5.1.1"))) is Brought.BOUNCED
    assert await post.one("SELECT state FROM notice WHERE need_id IS NOT NULL") == "failed"
    assert await post.channels() == {"email": "on"}, "left on: they have no other"


async def test_a_report_about_a_message_that_is_still_being_sent_comes_again_later(post: Post) -> None:
    await post.one("UPDATE notice SET state = 'claimed', lease_until = now(), sent_at = NULL WHERE kind = 'ask'")
    assert await post.bring(letters.report(post.ids["from"], ("failed", "5.1.1"))) is Brought.LATER


async def test_all_that_one_mail_told_goes_another_way(fresh: Post) -> None:
    """A digest: the report names the mail, and the mail was an ask and a welcome."""
    post = await told(fresh, texts=True, urgency=Urgency.LOW, due_in=24 * 20)
    async with committed(post.engine, datetime.now(UTC)) as world:
        west, at = await world.group("west"), await world.one("SELECT sent_at FROM notice WHERE kind = 'ask'")
        await run(world.tx, "add_membership", group_id=west, member_id=post.ids["member"], now=world.now)
        for group, sent_at in ((post.ids["group"], at), (west, at + timedelta(seconds=1))):
            await world.rows(
                "INSERT INTO notice (id, kind, channel_id, subject, member_id, state, created_at, sent_at)"
                " VALUES (gen_random_uuid(), 'admitted', $1, $2, $1, 'sent', $3, $3)",
                post.ids["member"], group, sent_at,
            )  # fmt: skip
    assert await post.bring(letters.report(post.ids["from"], ("failed", "5.1.1"))) is Brought.BOUNCED
    owed = await fetch(post.engine, "SELECT kind FROM notice WHERE state = 'owed' ORDER BY kind")
    assert [row["kind"] for row in owed] == ["admitted", "ask", "channel_off"]


async def test_a_digest_is_answered_by_the_code_of_its_ask(fresh: Post) -> None:
    now = datetime.now(UTC)
    post = fresh
    async with committed(post.engine, now) as world:
        group = await world.group()
        member = await world.helper(group, address=MEI)
        await world.one("UPDATE member SET time_zone = 'UTC'")
        await set_digest(world.ctx, member, (now.hour + 1) % 24)
        need = await world.need(group, urgency=Urgency.LOW, due_in=24 * 20)
        await world.match(need)
        post.ids = {"ask": await world.ask_of(need, member), "member": member}
    await post.sent()
    post.workshop.clock._set_to = now + timedelta(hours=2), time.monotonic()
    await do_all_due(post.workshop, now + timedelta(hours=2))
    [mail] = post.smtp.messages
    assert "Welcome!" in _words(mail)
    assert await post.answer(f"N {post.code}", to=str(mail["Reply-To"])) is Brought.ANSWERED
    assert await post.state() == "declined"


@contextmanager
def beside(database: str, smtp: MailSink) -> Iterator[tuple[Post, asyncio.Runner]]:
    """For a test without a loop of its own, as Hypothesis wants it."""
    with asyncio.Runner() as runner:
        engine = open_engine(database)
        opened = posts(database, engine, smtp)
        try:
            yield runner.run(opened.__aenter__()), runner
        finally:
            runner.run(opened.__aexit__(None, None, None))
            runner.run(engine.dispose())


def test_rubbish_changes_nothing(database: str, smtp: MailSink) -> None:
    """To the right address, or so it says: nothing is done about it, and one word of help is owed at most."""
    brought = []
    with beside(database, smtp) as (post, runner):
        runner.run(told(post))
        before, to = runner.run(_all_but_help(post)), post.ids["to"].encode()

        @tried(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(RUBBISH, sampled_from([b"To: " + to + b"\n", b"From: lee@example.org\nTo: " + to + b"\n\n", b""]))
        def bring_it(raw: bytes, first: bytes) -> None:
            try:
                letter = read_letter(first + raw.replace(HERE.encode(), to), ANSWERS, stop_words())
            except LetterError:
                return
            if letter.bounced or letter.written.said is Said.STOP:
                return  # by chance it is none
            brought.append(runner.run(bring(post.begin, letter)))
            assert runner.run(_all_but_help(post)) == before

        bring_it()
        assert brought.count(Brought.UNCLEAR) > 10, "or nothing was tried"
        assert runner.run(post.one("SELECT count(*) FROM notice WHERE kind = 'not_understood'")) == 1


async def _all_but_help(post: Post) -> list[str]:
    return [
        row[0]
        for table in ("ask", "notice", "promise", "member", "channel", "need", "match")
        for row in await fetch(post.engine, f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1")  # noqa: S608
        if "not_understood" not in row[0] and '"job": "deliver_notice"' not in row[0]
    ]
