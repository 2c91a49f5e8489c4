"""Texts that people send back: signed by the gateway, the same verbs as on the page, and a yes only after a look."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from careweb.domain.channels import ChannelKind
from careweb.domain.ids import AskId, MemberId, NeedId
from careweb.flows.asks import view_ask
from careweb.flows.channels import address_index, prove
from careweb.storage.database import run
from careweb.storage.sealing import key_of
from careweb.web.texts import signature
from tests.web.site import Site
from tests.world import VAULT, World

URL = "http://127.0.0.1:8000/texts"
NUMBERS = iter(range(5550100, 5559999))


@pytest.fixture(autouse=True)
def _with_texts(site: Site) -> Iterator[None]:
    state = site.app.state
    before = state.settings
    state.settings = before.model_copy(
        update={"sms_url": SecretStr("json://127.0.0.1:9/{to}"), "sms_secret": SecretStr("12345")}
    )
    yield
    state.settings = before


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A volunteer with a proven telephone, who is asked about a need."""

    site: Site
    member: MemberId
    channel: UUID
    phone: str
    need: NeedId
    ask: AskId

    @property
    def code(self) -> str:
        return VAULT.digits("ask", self.ask, 4)

    def texts(self, body: str, **more: Any) -> str:
        return str(send(self.site, {"From": self.phone, "Body": body, "MessageSid": uuid4().hex} | more).text)

    def one(self, sql: str, *values: Any) -> Any:
        return self.site.run(lambda world: world.one(sql, *values))

    @property
    def state(self) -> str:
        return str(self.one("SELECT state FROM ask WHERE id = $1", self.ask))

    def sees_it(self) -> None:
        self.site.run(lambda world: view_ask(world.ctx, self.ask, self.member))

    @property
    def channel_state(self) -> str:
        return str(self.one("SELECT state FROM channel WHERE id = $1", self.channel))


def send(site: Site, fields: dict[str, str], *, by: str = "12345", signed: bytes = b"") -> Any:
    body = urlencode(fields)
    headers = {
        b"content-type": b"application/x-www-form-urlencoded",
        b"x-twilio-signature": signed or signature(by, URL, parse_qsl(body, keep_blank_values=True)).encode(),
    }
    return site.person().post("/texts", content=body, headers=headers)


async def with_phone(world: World, member: MemberId, phone: str) -> UUID:
    id, sealer = uuid4(), await key_of(world.tx, VAULT, "member", member)
    assert sealer
    await run(world.tx, "keep_mail_channel", person_id=member, now=world.now)
    await run(
        world.tx, "add_channel", id=id, person_id=member, kind="sms", state="unproven", most=9, now=world.now,
        sealed_address=sealer.seal(f"channel {id}", phone), address_index=address_index(world.ctx, ChannelKind.SMS, phone),
    )  # fmt: skip
    await prove(world.ctx, member, id, VAULT.digits("channel", id, 6))
    return id


@pytest.fixture
def asked(site: Site) -> Asked:
    phone = f"+1416{next(NUMBERS)}"

    async def make(world: World) -> Asked:
        await world.rows("UPDATE offer SET state = 'ended'")
        member = await world.helper(site.cast.group, per_week=1)
        channel = await with_phone(world, member, phone)
        need = await world.need(site.cast.group)
        await world.match(need)
        ask = await world.ask_of(need, member)
        await world.rows("UPDATE ask SET state = 'sent', sent_at = now() WHERE id = $1", ask)
        await world.rows("UPDATE notice SET state = 'sent' WHERE subject = $1", ask)
        return Asked(site=site, member=member, channel=channel, phone=phone, need=need, ask=ask)

    return site.run(make)


def test_the_signature_is_the_one_twilio_publishes_as_its_example() -> None:
    fields = [("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675309"), ("Digits", "1234"), ("From", "+14158675309"), ("To", "+18005551212")]  # fmt: skip
    assert (
        signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", reversed(fields))
        == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    )


@pytest.mark.parametrize("signed", [b"x", "é".encode(), signature("other", URL, []).encode()])
def test_what_is_not_signed_does_nothing(asked: Asked, signed: bytes) -> None:
    fields = {"From": asked.phone, "Body": "STOP"}
    assert send(asked.site, fields, signed=signed).status_code == 403
    assert send(asked.site, fields, by="other").status_code == 403
    assert asked.channel_state == "on"


def test_without_a_secret_nothing_is_taken(asked: Asked) -> None:
    asked.site.app.state.settings = asked.site.app.state.settings.model_copy(update={"sms_secret": SecretStr("")})
    assert send(asked.site, {"From": asked.phone, "Body": "STOP"}, by="").status_code == 403
    assert asked.channel_state == "on"


def test_a_yes_without_a_look_brings_the_link(asked: Asked) -> None:
    reply = asked.texts(f"Y {asked.code}")
    assert f"/a/{VAULT.sign('ask', asked.ask)}" in reply
    assert "look at what it is about first" in reply
    assert asked.state == "sent"


def test_a_yes_after_a_look_counts(asked: Asked) -> None:
    asked.sees_it()
    assert "You two are connected" in asked.texts(f"y {asked.code}")
    assert asked.state == "accepted"
    assert asked.one("SELECT count(*) FROM match WHERE ask_id = $1", asked.ask) == 1
    assert asked.one("SELECT count(*) FROM need_event WHERE need_id = $1 AND kind = 'accepted'", asked.need) == 1
    assert "You two are connected" in asked.texts(f"y {asked.code}"), "the same yes, sent twice"
    assert asked.one("SELECT count(*) FROM match WHERE ask_id = $1", asked.ask) == 1


def test_a_yes_counts_where_what_it_is_about_stood_in_the_message(asked: Asked) -> None:
    asked.one("UPDATE notice SET detailed = true WHERE subject = $1", asked.ask)
    asked.texts(f"Oui {asked.code}")
    assert asked.state == "accepted"


def test_a_message_with_details_that_never_went_out_was_not_read(asked: Asked) -> None:
    asked.one("UPDATE notice SET detailed = true, state = 'owed' WHERE subject = $1", asked.ask)
    asked.texts(f"Y {asked.code}")
    assert asked.state == "sent"


def test_a_no_needs_no_look(asked: Asked) -> None:
    assert "nothing changes for you" in asked.texts(f"N {asked.code}")
    assert asked.state == "declined"
    for once_more in ("N", "Y"):
        asked.sees_it()
        assert "nothing left to do" in asked.texts(f"{once_more} {asked.code}")
    assert asked.state == "declined"


def test_five_wrong_codes_and_the_right_one_is_dead_too(asked: Asked) -> None:
    asked.sees_it()
    wrong = f"{(int(asked.code) + 1) % 10_000:04d}"
    for code in [wrong] * 5 + [asked.code]:
        assert "did not understand" in asked.texts(f"Y {code}")
    assert asked.state == "sent"


def test_who_is_full_this_week_reads_so_and_no_slot_is_taken(asked: Asked) -> None:
    asked.sees_it()
    asked.one("UPDATE member SET task_times = ARRAY[now()] WHERE id = $1", asked.member)
    assert "as many tasks this week" in asked.texts(f"Y {asked.code}")
    assert (asked.state, asked.one("SELECT filled FROM need WHERE id = $1", asked.need)) == ("sent", 0)


def test_late_and_covered_are_told_kindly(asked: Asked) -> None:
    asked.sees_it()
    asked.one("UPDATE need SET filled = 1, state = 'matched' WHERE id = $1", asked.need)
    assert "a little quicker" in asked.texts(f"Y {asked.code}")
    assert asked.state == "covered"


@pytest.mark.parametrize("word", ["STOP", "arrêt", "停止", "توقف", "རོ"])
def test_stop_stops_this_channel_and_no_other(asked: Asked, word: str) -> None:
    reply = asked.texts(word)
    stopped = word != "རོ"
    assert ("No more texts" in reply) is stopped
    assert asked.channel_state == ("stopped" if stopped else "on")
    assert asked.one("SELECT state FROM channel WHERE id = $1", asked.member) == "on", "e-mail"
    assert not asked.one("SELECT mail_stopped FROM member WHERE id = $1", asked.member)


def test_the_same_text_brought_twice_is_one(asked: Asked) -> None:
    assert "Message" in asked.texts("what?", MessageSid="same")
    assert "Message" not in asked.texts("what?", MessageSid="same")


def test_a_number_we_do_not_know_or_that_is_not_proven_gets_no_word(asked: Asked) -> None:
    stranger = replace(asked, phone="+14165550001")
    assert "Message" not in stranger.texts(f"Y {asked.code}")
    asked.one("UPDATE channel SET state = 'unproven' WHERE id = $1", asked.channel)
    assert "Message" not in asked.texts(f"N {asked.code}")
    assert "Message" not in asked.texts("STOP", From="nobody")
    assert asked.state == "sent"


def test_who_has_stopped_may_still_answer(asked: Asked) -> None:
    asked.texts("STOP")
    asked.texts(f"N {asked.code}")
    assert asked.state == "declined"


def test_in_a_family_with_one_telephone_the_code_says_who_answers(asked: Asked) -> None:
    async def another(world: World) -> MemberId:
        member = await world.helper(asked.site.cast.group, admitted=False)
        await with_phone(world, member, asked.phone)
        return member

    asked.site.run(another)
    asked.texts(f"N {asked.code}")
    assert asked.state == "declined"
    asked.texts("STOP")
    states = asked.site.run(lambda world: world.rows("SELECT state FROM channel WHERE address_index = (SELECT address_index FROM channel WHERE id = $1)", asked.channel))  # fmt: skip
    assert [row["state"] for row in states] == ["stopped", "stopped"]


def test_a_code_of_somebody_else_is_no_answer(asked: Asked, site: Site) -> None:
    asked.sees_it()
    phone = f"+1416{next(NUMBERS)}"

    async def another(world: World) -> MemberId:
        member = await world.helper(site.cast.group, admitted=False)
        await with_phone(world, member, phone)
        return member

    site.run(another)
    replace(asked, phone=phone).texts(f"Y {asked.code}")
    assert asked.state == "sent"


def test_the_reply_is_in_their_language(asked: Asked) -> None:
    asked.one("UPDATE member SET locale = 'fr' WHERE id = $1", asked.member)
    assert "Écrivez Y ou N" in asked.texts("quoi ?")


def test_a_coordinator_enters_the_answer_of_somebody_who_phones(asked: Asked) -> None:
    page = f"/staff/east/needs/{asked.need}"
    coordinator = asked.site.coordinator
    form = f"{page}/asks/{asked.ask}"
    assert coordinator.see(page).send(form, answer="yes").path == page
    assert asked.state == "accepted"
    assert asked.one("SELECT count(*) FROM audit_line WHERE action = 'answered_for'") >= 1
    told = asked.site.member(asked.member).see("/me/opened")
    assert "wrote down your answer" in told.text


def history(asked: Asked, kind: str) -> list[tuple[str, str]]:
    rows = asked.site.run(lambda world: world.rows("SELECT actor, detail ->> 'door' AS door FROM need_event WHERE need_id = $1 AND kind = $2", asked.need, kind))  # fmt: skip
    return [(row["actor"], row["door"]) for row in rows]


def entered(asked: Asked) -> int:
    """How often their page says that somebody wrote their answer down."""
    return str(asked.site.member(asked.member).see("/me/opened").text).count("wrote down your answer")


def test_the_history_says_who_entered_an_answer_and_by_which_door(asked: Asked) -> None:
    page = f"/staff/east/needs/{asked.need}"
    seen = asked.site.coordinator.see(page).send(f"{page}/asks/{asked.ask}", answer="yes")
    assert history(asked, "accepted") == [("coordinator", "phone")]
    assert "You two are connected" in seen.text


def test_a_no_is_in_the_history_too_and_names_nobody(asked: Asked) -> None:
    asked.texts(f"N {asked.code}")
    asked.texts(f"N {asked.code}")
    assert history(asked, "declined") == [("helper", "text")]
    assert asked.one("SELECT detail::text FROM need_event WHERE need_id = $1 AND kind = 'declined'", asked.need) == '{"door": "text"}'  # fmt: skip


def test_a_no_on_the_phone_is_the_coordinators_line(asked: Asked) -> None:
    page = f"/staff/east/needs/{asked.need}"
    seen = asked.site.coordinator.see(page).send(f"{page}/asks/{asked.ask}", answer="no")
    assert history(asked, "declined") == [("coordinator", "phone")]
    assert "Someone else is asked" in seen.text
    assert entered(asked) == 1


def test_a_coordinator_reads_that_an_answer_came_too_late_and_it_is_not_recorded(asked: Asked) -> None:
    page = f"/staff/east/needs/{asked.need}"
    before = asked.site.coordinator.see(page)
    asked.one("UPDATE ask SET state = 'covered', answered_at = now() WHERE id = $1", asked.ask)
    assert "Someone else was a little quicker" in before.send(f"{page}/asks/{asked.ask}", answer="yes").text
    assert "answered or taken back before" in before.send(f"{page}/asks/{asked.ask}", answer="no").text
    assert history(asked, "accepted") == history(asked, "declined") == []
    assert entered(asked) == 0


def test_a_coordinator_reads_that_the_week_is_full(asked: Asked) -> None:
    page = f"/staff/east/needs/{asked.need}"
    asked.one("UPDATE member SET task_times = array_fill(now(), ARRAY[per_week]) WHERE id = $1", asked.member)
    seen = asked.site.coordinator.see(page).send(f"{page}/asks/{asked.ask}", answer="yes")
    assert seen.path == page
    assert "as many tasks this week" in seen.text
    assert asked.state == "sent"
    assert entered(asked) == 0


def test_an_outcome_that_is_none_says_nothing(asked: Asked) -> None:
    page = asked.site.coordinator.see(f"/staff/east/needs/{asked.need}?outcome=nonsense")
    assert "Tell whoever phoned" not in page.text


def test_nobody_else_enters_it(asked: Asked) -> None:
    form = f"/staff/east/needs/{asked.need}/asks/{asked.ask}"
    for person in (asked.site.outsider, asked.site.member(asked.member)):
        token = person.see("/me").form("/sign-out").select_one("input[name=token]")
        assert token
        assert person.press(form, {"token": token["value"], "answer": "yes"}).status == 404
    assert asked.state == "sent"


def test_a_yes_by_text_and_on_the_page_at_once_is_one_yes(asked: Asked) -> None:
    asked.sees_it()
    person = asked.site.member(asked.member)
    page = person.see(f"/a/{VAULT.sign('ask', asked.ask)}")

    async def both() -> None:
        await asyncio.gather(
            asyncio.to_thread(asked.texts, f"Y {asked.code}"), asyncio.to_thread(page.send, answer="yes")
        )

    asyncio.run(both())
    assert asked.one("SELECT count(*) FROM match WHERE need_id = $1", asked.need) == 1
    assert asked.one("SELECT filled FROM need WHERE id = $1", asked.need) == 1
