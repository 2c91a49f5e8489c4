"""Whatever anybody writes is nowhere in clear: not in the database, not in Redis, not in a log, however they wrote it.

Marks in five scripts go into every free field of every form, through every page and every way in which it can fail; then
whatever is left on any disk is searched. `make canary` does it for each field in each script.
"""

import asyncio
import base64
import os
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx2

from careweb.domain.columns import Exported, Imported
from careweb.domain.contacts import read_email
from careweb.domain.ids import MemberId
from careweb.domain.states import Role
from careweb.flows.exports import record_disclosure
from careweb.flows.groups import admit, grant_role
from careweb.flows.second_step import begin_app, begun_app, confirm_app
from careweb.flows.signin import open_session
from careweb.storage.database import Engine
from careweb.storage.factors import app_code
from tests import letters
from tests.attacks.failing import mail_is_refused, things_crash
from tests.attacks.house import House, left_behind
from tests.attacks.marks import Hit, Marks
from tests.attacks.walk import Walk, Walker, address, doors
from tests.figures import tell
from tests.flows.test_imports import NEEDS, OFFERS, bring
from tests.workers.shop import fetch, until
from tests.world import VAULT, World

TURNS = int(os.environ.get("CAREWEB_CANARY", "1"))
LAST = ("/erase", "/remove", "/withdraw", "/done", "/sign-out")  # what ends something comes last
ASKED = {"category": "groceries", "language": "yue", "urgency": "urgent", "place": "M1S 4X7", "contact_kind": "email", "consent": "yes",
    "show_text": "yes", "by": "", "repeats_until": ""}  # fmt: skip
OFFERED = {
    "categories": ["groceries"],
    "language": "yue",
    "place": "M1S 4X7",
    "hours": [f"{d}-{p}" for d in range(7) for p in range(4)],
}


def _answers(house: House) -> bool:
    try:
        return house.walk.person().get("/healthz").status_code == 200
    except httpx2.ConnectError:
        return False


async def test_whatever_anybody_writes_is_nowhere_in_clear(house: House) -> None:
    await until(lambda: _answers(house), seconds=30)
    walk = house.walk
    for turn in range(TURNS):
        house.marks.turn = turn
        await _all_flows(house, walk, f"group{turn}")
        assert doors() - walk.seen == set(), "walk through these too: in _everywhere, or a flow of their own"
        assert walk.there - walk.written == set(), "fields of forms that nobody has written a mark into"
    await _sealed_everywhere(house.engine)
    held = await left_behind(house)
    hits = [hit for where, content in held.items() for hit in house.marks.search(where, content)]
    assert [str(hit) for hit in hits] == []
    assert [
        where for where, content in held.items() if b"M1S 4X7" in content.upper() or b"M1S4X7" in content.upper()
    ] == []
    assert _said_in_mail(house) == []
    assert '"unexpected"' in held["web.log"].decode()
    assert '"job failed"' in held["worker.log"].decode()
    tell(
        f"{len(house.marks.fields)} fields, {TURNS} of 5 scripts each, {len(walk.seen)} ways to ask for a page; "
        f"searched {len(held)} files of {sum(map(len, held.values())) / 1e6:.0f} MB and {len(house.smtp.messages)} messages: {len(hits)} hits"
    )
    await _planted_ones_are_found(house)


async def _all_flows(house: House, walk: Walk, slug: str) -> None:
    group = await house.act(lambda world: world.group(slug))
    boss = await house.act(
        lambda world: grant_role(world.ctx, group, read_email(house.marks.address(f"{slug} staff")), Role.COORDINATOR, name=house.marks.mark("staff name"))
    )  # fmt: skip
    staff = walk.person(await house.session(member_id=boss))
    helper, member = await _somebody_offers(house, walk, slug)
    _admits(staff, slug, member)
    asker, need = _somebody_asks(house, walk, slug)
    await _they_meet(house, asker, helper, member, need)
    await _answers_by_mail(house, member)
    await _staff_writes(house, staff, slug)
    assert staff.fill(staff.see(f"/staff/{slug}/people/{member}/contact")).status == 200
    await _opens_elsewhere(house, walk, f"{slug} staff")
    await _staff_looks(house, staff, asker, need, slug)
    await _second_steps(house, walk, staff, slug, group)
    await _files(house, group)
    await mail_is_refused(house, walk, slug)
    await things_crash(house, walk, slug, staff, helper, asker, need)
    await _everywhere(house, slug, group)


async def _somebody_offers(house: House, walk: Walk, slug: str) -> tuple[Walker, Any]:
    person, mail = walk.person(), house.marks.address(f"{slug} helper")
    assert person.fill(person.see(f"/g/{slug}/offer")).status == 422, "what is no address"
    page = person.fill(person.see(f"/g/{slug}/offer"), contact=mail)
    assert person.fill(page).status == 422, "a mark is no code"
    sign_in = page.path.rpartition("/")[2]
    form = person.fill(page, code=VAULT.digits("sign_in", UUID(sign_in), 6), then=f"/g/{slug}/offer")
    assert person.fill(form).status == 422, "a mark is no place"
    mine = person.fill(person.see(f"/g/{slug}/offer"), **OFFERED)
    assert (mine.status, mine.path) == (200, "/me")
    member = (await fetch(house.engine, "SELECT member_id FROM sign_in WHERE id = $1", UUID(sign_in)))[0]["member_id"]
    await house.act(
        lambda world: world.rows(
            "UPDATE member SET quiet_from = 0, quiet_until = 0, per_week = 50 WHERE id = $1", member
        )
    )
    for action in ("rest", "pace"):
        person.fill(person.see("/me"), action)
    offer = (await fetch(house.engine, "SELECT id FROM offer WHERE member_id = $1", member))[0]["id"]
    assert person.fill(person.see(f"/me/offers/{offer}")).status == 422
    assert person.fill(person.see(f"/me/offers/{offer}"), place="M1S").path == "/me"
    _adds_a_channel(person, "/me/channels")
    return person, member


def _adds_a_channel(person: Walker, page: str) -> None:
    """Whose gateway is away: the code for it is not sent, and the worker has something to say about that."""
    marks = person.walk.marks
    assert person.fill(person.see(page), page, kind="ntfy", address=f"no topic {marks.mark('topic')}").status == 422
    topic = marks.mark("its topic", "latin") + str(marks.turn)  # codes to one address are few a day
    added = person.fill(person.see(page), page, kind="ntfy", address=topic)
    assert added.status == 200, added.text
    assert person.fill(added, "/code").status == 422, "a mark is no code"


def _admits(staff: Walker, slug: str, member: Any) -> None:
    people = staff.see(f"/staff/{slug}/people")
    where = f"/people/{member}/admit"
    assert staff.fill(people, where, note=f"{staff.walk.marks.mark('where')} 43.653210, -79.383210").status == 422
    assert staff.fill(people, where).status == 200


def _somebody_asks(house: House, walk: Walk, slug: str) -> tuple[Walker, str]:
    person, mail = walk.person(), house.marks.address(f"{slug} asker")
    form = person.see(f"/g/{slug}/ask")
    for do in ("send", "places", "languages"):
        person.fill(form, do=do)
    long = house.marks.mark("long text") * 60
    assert person.fill(form, **ASKED | {"text": long, "contact": mail}).status == 422
    where = person.fill(form, **ASKED | {"contact": mail, "province": "ON"})
    assert (where.status, bool(where.soup.select("select[name=town]"))) == (200, True), "the page with the towns alone"
    assert house.marks.stems["latin"] in where.html, "what was typed goes along"
    assert person.fill(where, town=house.marks.mark("town")).status == 422, "a mark is no town"
    posted = person.fill(form, **ASKED | {"contact": mail})
    assert "code" in posted.html, posted.text
    need = str(posted.soup.select_one('a[href^="/need/"]')["href"]).rpartition("/")[2]  # type: ignore[index]
    assert person.fill(person.see(f"/need/{need}/change")).status == 422
    assert person.fill(person.see(f"/need/{need}/change"), place="M1S", by="", repeats_until="").status == 200
    _adds_a_channel(person, f"/need/{need}/channels")
    for forms in ("/find", "/sign-in"):
        for form_of in person.see(forms).soup.select("main form"):
            fields = dict.fromkeys(("contact", "code"), house.marks.mark(f"{forms} fields"))
            person.press(forms, {"token": _token_of(form_of), "do": "contact", **fields})
            person.press(forms, {"token": _token_of(form_of), **fields, "contact": mail})
            walk.written |= {(forms, name) for name in fields}
    return person, need


async def _they_meet(house: House, asker: Walker, helper: Walker, member: Any, need: str) -> None:
    sent = "SELECT id FROM ask WHERE need_id = $1 AND state = 'sent'"

    async def is_asked() -> bool:
        return bool(await fetch(house.engine, sent, UUID(need)))

    await until(is_asked)
    ask = (await fetch(house.engine, sent, UUID(need)))[0]["id"]
    link = f"/a/{VAULT.sign('ask', ask)}"
    stranger = helper.walk.person()
    assert stranger.fill(stranger.see(link)).status == 422, "a mark is no code"
    task = helper.fill(helper.see(link), answer="yes")
    assert task.path.startswith("/task/"), task.text
    for person, page in ((helper, task.path), (asker, f"/need/{need}")):
        assert (
            person.fill(person.see(page), "/note", note=f"{house.marks.mark('where')} 43.653210, -79.383210").status
            == 422
        )
        assert person.fill(person.see(page), "/note").status == 200
    assert house.marks.stems["latin"] in helper.see(task.path).html, "or nothing was written"
    assert helper.press(f"{task.path}/done", {"token": _token_of(helper.see(task.path).soup)}).status == 200
    for person, page in ((helper, task.path), (asker, f"/need/{need}")):
        assert (
            person.fill(person.see(page), "/thanks", thanks=f"{house.marks.mark('t')} 43.653210, -79.383210").status
            == 422
        )
        assert person.fill(person.see(page), "/thanks").status == 200


async def _answers_by_mail(house: House, member: Any) -> None:
    """Words, name, address, subject and file name, as a mail server brings them; then while the database is away."""
    m = house.marks
    [ask, *_] = await fetch(house.engine, "SELECT id FROM notice WHERE member_id = $1 AND kind = 'ask'", member)
    to = f"answers+{VAULT.address(ask['id'])}@care.example.org"
    sender = f"{m.mark('mail name')} <{m.address('mail from')}>"
    raw = letters.mail(m.mark("mail words"), to, sender, Subject=m.mark("mail subject"), X_Note=m.mark("mail line"))
    for text, more in ((raw, {}), (b"From: \xff" + raw, {}), (raw, {"DATABASE_URL": "postgresql://127.0.0.1:1/x"})):
        await asyncio.to_thread(_mail_in, house, text, more)
    assert (house.folder / "mail-in.log").read_text().splitlines()[0] == "unclear", "or nothing was read"


def _mail_in(house: House, raw: bytes, more: dict[str, str]) -> None:
    command = [sys.executable, "-m", "careweb", "mail-in"]
    with (house.folder / "mail-in.log").open("ab") as log:
        subprocess.run(command, input=raw, stdout=log, stderr=log, env=house.environment | more, check=False)


async def _staff_writes(house: House, staff: Walker, slug: str) -> None:
    """For somebody who phoned; then it is changed and closed, with words."""
    form, marks = staff.see(f"/staff/{slug}/post"), staff.walk.marks
    assert staff.fill(form).status == 422
    made = staff.fill(form, **ASKED | {"contact_kind": "phone", "contact": "416 555 0123"})
    assert made.status == 200
    (posted,) = [
        row["id"]
        for row in await fetch(house.engine, "SELECT id FROM need WHERE contact_kind = 'phone' AND state = 'open'")
    ]
    await house.act(lambda world: world.rows("UPDATE need SET call_back = true WHERE id = $1", posted))
    calls = staff.see(f"/staff/{slug}/calls")
    assert staff.fill(calls, "/number", reason=marks.mark("call")).status == 422
    assert "+14165550123" in staff.fill(calls, "/number", reason="due").html
    page = f"/staff/{slug}/needs/{posted}"
    assert staff.fill(staff.see(f"{page}/change"), place="M1S", by="", repeats_until="").status == 200
    assert staff.fill(staff.see(page), "/widen", km=marks.mark("km")).status == 422
    assert (
        staff.fill(
            staff.see(page), "/close", reason="other", words=f"{marks.mark('where')} 43.653210, -79.383210"
        ).status
        == 422
    )
    assert staff.fill(staff.see(page), "/close", reason="other").status == 200


async def _opens_elsewhere(house: House, walk: Walk, address: str) -> None:
    """The link of a message in another browser than the one that asked for it: it wants the code too."""
    person, other = walk.person(), walk.person()
    other.cookies.set("careweb-browser", "c" * 32, domain="127.0.0.1")
    person.fill(person.see("/sign-in"), contact=house.marks.address(address))
    latest = "SELECT id FROM sign_in ORDER BY expires_at DESC LIMIT 1"
    link = f"/s/{VAULT.sign('sign_in', (await fetch(house.engine, latest))[0]['id'])}"
    assert other.fill(other.fill(other.see(link))).status == 422, "a mark is no code"


async def _staff_looks(house: House, staff: Walker, asker: Walker, need: str, slug: str) -> None:
    """A report, its decision, the appeal; and how to reach somebody, with a reason."""
    match = (await fetch(house.engine, "SELECT id FROM match WHERE need_id = $1", UUID(need)))[0]["id"]
    form = f"/need/{need}/matches/{match}/report"
    assert asker.fill(asker.see(form)).status == 422, "what happened is not said"
    assert asker.fill(asker.see(form), cause="money").path == f"/need/{need}/reviews"
    review = (await fetch(house.engine, "SELECT id FROM review WHERE need_id = $1", UUID(need)))[0]["id"]
    page = f"/staff/{slug}/reviews/{review}"
    assert staff.fill(staff.see(page), "/take").status == 200
    assert staff.fill(staff.see(page), "/decide", action="nothing").status == 422
    assert staff.fill(staff.see(page), "/decide", action="kept_apart").status == 200
    assert asker.fill(asker.see(f"/need/{need}/reviews"), "/appeal").status == 200
    shown = staff.fill(staff.see(f"/staff/{slug}/needs/{need}/contact"))
    assert re.fullmatch(rf"/staff/{slug}/openings/[0-9a-f-]{{36}}", shown.path), shown.text
    assert asker.see(f"/need/{need}/privacy").status == 200


async def _second_steps(house: House, walk: Walk, staff: Walker, slug: str, group: Any) -> None:
    """An app is begun, with a mark for its code; and somebody is vouched for, with a reason."""
    app = staff.press("/second-step/app", {"token": _token_of(staff.see("/second-step/own").soup)})
    assert staff.fill(app).status == 422, "a mark is no code"

    async def colleague(world: World, name: str) -> tuple[MemberId, str]:
        """With an app, and a session in which its code was shown."""
        contact = read_email(house.marks.address(f"{slug} {name}"))
        one = await grant_role(world.ctx, group, contact, Role.COORDINATOR, name=house.marks.mark(name))
        begun, session = await begin_app(world.ctx, one), await open_session(world.ctx, member_id=one)
        secret = base64.b32decode((await begun_app(world.ctx, one, begun)).secret)
        await confirm_app(world.ctx, one, begun, app_code(secret, world.now), session=session)
        return one, session

    lost, _ = await house.act(lambda world: colleague(world, "colleague who lost it"))
    _, session = await house.act(lambda world: colleague(world, "colleague who vouches"))
    asked = walk.person(await house.session(member_id=lost))
    assert asked.fill(asked.see("/second-step"), then="/me").status == 422, "a mark is no code"
    vouching = walk.person(session)
    assert vouching.fill(vouching.see(f"/staff/{slug}/colleagues"), f"/{lost}/vouch").path.endswith("/colleagues")
    await house.act(lambda world: world.rows("UPDATE care_group SET second_step = 'off'"))  # the rest is without


async def _files(house: House, group: Any) -> None:
    m = house.marks
    needs = [
        NEEDS,
        f"1,groceries,M1S 4X7,yue,urgent,1,,,{m.mark('file note')},{m.address(f'{group} file')}",
        f"2,{m.mark('file bad')},{m.mark('file place')},{m.mark('file tag')},,,,,,",
    ]
    offers = [OFFERS, f"1,groceries,M1S,yue,10,3,{m.mark('file name')},{m.address(f'{group} file offer')}"]
    for what, lines in ((Imported.NEEDS, needs), (Imported.OFFERS, offers)):
        await bring(house.begin, group, what, lines, consent=m.mark("consent"))
    await house.act(lambda world: record_disclosure(world.ctx, Exported.NEEDS, group, m.mark("disclosure")))


async def _everywhere(house: House, slug: str, group: Any) -> None:
    """Every route once more as everybody, with marks in its address, its query and all its fields; then in odd bodies."""
    walk, marks = house.walk, house.marks
    member = await house.act(lambda world: world.helper(group, name=marks.mark("other name"), admitted=False))
    await house.act(lambda world: admit(world.ctx, group, member, by=None, note=marks.mark("other note")))
    need = await house.act(lambda world: world.need(group, text=marks.mark("other words")))
    boss = (await fetch(house.engine, "SELECT member_id FROM staff WHERE group_id = $1", group))[0]["member_id"]
    given = {
        name: str(need)
        for name in ("need_id", "match_id", "sign_in_id", "review_id", "opening_id", "channel_id", "ask_id", "id")
    } | {
        "slug": slug,
        "member_id": str(member),
    }
    given["offer_id"] = str((await fetch(house.engine, "SELECT id FROM offer WHERE member_id = $1", member))[0]["id"])
    fields = {name: marks.mark(f"field {name}") for _, name in walk.there} | {"do": "send", "then": marks.mark("then")}
    query = {name: marks.mark(f"query {name}") for name in ("then", "zone", "language", "province", "layer")}
    people = [walk.person()] + [
        walk.person(await house.session(**whose))
        for whose in ({"member_id": boss}, {"member_id": member}, {"needs": [need]})
    ]
    for method, path in sorted(doors(), key=lambda one: (one[1].endswith(LAST), one)):
        for person in people:
            person.knock(method, address(path, given, marks.mark("address")), fields, query)
        people[0].knock(method, address(path, {}, marks.mark("address")), fields, query)
    person, word = walk.person(), marks.mark("odd body")
    for kind, body in (
        ("application/json", f'{{"{word}": "{word}"}}'), ("text/plain", word), ("multipart/form-data; boundary=x", word),
        ("application/x-www-form-urlencoded", f"{word}={word * 900}"), ("application/x-www-form-urlencoded", f"{word}=1&" * 90),
    ):  # fmt: skip
        headers = {"content-type": kind, "sec-fetch-site": "same-origin"}
        person.post(f"/g/{slug}/ask", content=body.encode(), headers=headers)
    person.request("DELETE", f"/g/{word}")
    person.see(f"/{word}")


async def _sealed_everywhere(engine: Engine) -> None:
    """Every column for what is sealed was written to: one that is added wants a way to it here."""
    columns = await fetch(
        engine, "SELECT table_name, column_name FROM information_schema.columns WHERE column_name LIKE 'sealed_%'"
    )
    assert len(columns) > 8
    for table, column in columns:
        rows = await fetch(engine, f"SELECT 1 FROM {table} WHERE {column} IS NOT NULL LIMIT 1")  # noqa: S608
        assert rows, f"{table}.{column}: nobody has written anything there"


def _said_in_mail(house: House) -> list[str]:
    """A message names its own reader's address, on the envelope and in To, and nothing else that anybody wrote."""
    hits: list[Hit] = []
    for number, (message, envelope) in enumerate(zip(house.smtp.messages, house.smtp.envelopes, strict=True)):
        assert [str(message["To"])] == list(envelope.rcpt_tos)
        del message["To"]
        parts = [message.as_bytes()] + [
            part.get_content().encode() for part in message.walk() if not part.is_multipart()
        ]
        for part in parts:
            hits += house.marks.search(f"message {number}", part)
    assert house.smtp.messages
    return [str(hit) for hit in hits]


async def _planted_ones_are_found(house: House) -> None:
    """The same search, once somebody has been careless: in a table, in a log, in Redis."""
    planted = replace(house, marks=Marks())
    word = planted.marks.mark("planted", "gurmukhi")
    need = (await fetch(house.engine, "SELECT id FROM need WHERE state = 'open' LIMIT 1"))[0]["id"]
    await fetch(house.engine, "UPDATE need SET consent_reason = $2 WHERE id = $1", need, word)
    planted.flag.write_text(f"log {word}", encoding="utf-8")
    house.walk.person().get("/")
    planted.flag.unlink()
    house.valkey.ask("SET", "careless", word)
    held = await left_behind(planted)
    found = {where for where, content in held.items() if list(planted.marks.search(where, content))}
    assert {"pg_dump", "web.log", "dump.rdb"} <= found
    assert any(where.isdigit() for where in found), "the table's own file"
    assert any(len(where) == 24 for where in found), "the write-ahead log"
    assert any("aof" in where for where in found)


def _token_of(soup: Any) -> str:
    return str(soup.select_one("input[name=token]")["value"])
