"""Two groups that must not know of each other, and for every route who may open it with what.

The routes table says what there is; CASES says only what it cannot: what a person would send. Everything else follows
from the names of the parameters.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from careweb.domain.contacts import Contact, read_contact
from careweb.domain.ids import AskId, GroupId, MemberId, NeedId, PersonId
from careweb.domain.states import Role
from careweb.flows.asks import accept
from careweb.flows.groups import grant_role
from careweb.flows.openings import ask_to_open
from careweb.flows.second_step import begin_app
from careweb.flows.signin import Post
from careweb.storage.database import run
from careweb.storage.sealing import key_of
from careweb.web.cookies import form_token
from careweb.web.routes import ROUTES
from careweb.web.visits import Door
from tests.web.site import Person, Site
from tests.world import World

Who = Literal["asker", "helper", "coordinator", "steward", "anyone"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """`fields`: what somebody whose thing it is would send. `public`: why everyone may see it whatever is in its address.

    `refusal`: to whoever names another's thing. `there`: to whoever names their own.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    public: str = ""
    refusal: int = 404
    there: tuple[int, ...] = (200, 303, 409)


OFFERED = {
    "categories": ["groceries"], "language": "yue", "place": "M1S", "radius": "10", "per_week": "5", "name": "Wing",
    "hours": ["0-1"], "reach": "group", "do": "send",
}  # fmt: skip
ASKED = {
    "category": "groceries", "language": "yue", "place": "M1S", "urgency": "medium", "helpers": "1", "name": "Po",
    "contact_kind": "code", "reach": "group", "see_first": "no", "do": "send",
}  # fmt: skip
REPORTED = {"cause": "unkind", "text": "Shouted at me"}
REASON = {"reason": "The clinic called about today"}
CASES: Mapping[str, Case] = {
    "/g/{slug}": Case(public="a group's page is for everyone"),
    "/g/{slug}/ask": Case(public="anyone may ask any group"),
    "/g/{slug}/offer": Case(public="anyone may offer help to any group"),
    "/static/{name}": Case(public="names of files"),
    "/need/{need_id:uuid}/change": Case(fields=ASKED),
    "/need/{need_id:uuid}/renew": Case(fields={"by": (datetime.now(UTC) + timedelta(days=10)).date().isoformat()}),
    "/need/{need_id:uuid}/matches/{match_id:uuid}/choose": Case(fields={"answer": "yes"}),
    "/need/{need_id:uuid}/matches/{match_id:uuid}/note": Case(fields={"note": "hello", "form_id": "f" * 32}),
    "/me/offers/{offer_id:uuid}": Case(fields=OFFERED),
    "/need/{need_id:uuid}/channels": Case(fields={"kind": "email", "address": "mei@example.org"}),
    "/need/{need_id:uuid}/channels/quiet": Case(fields={"quiet_from": "21", "quiet_until": "8"}),
    "/need/{need_id:uuid}/channels/browser": Case(there=(422,)),
    "/need/{need_id:uuid}/channels/{channel_id:uuid}": Case(fields={"do": "details"}),
    "/need/{need_id:uuid}/channels/{channel_id:uuid}/code": Case(fields={"code": "000000"}, there=(303, 422)),
    "/me/channels/{channel_id:uuid}": Case(fields={"do": "details"}),
    "/me/channels/{channel_id:uuid}/code": Case(fields={"code": "000000"}, there=(303, 422)),
    "/need/{need_id:uuid}/matches/{match_id:uuid}/report": Case(fields=REPORTED),
    "/need/{need_id:uuid}/reviews/{review_id:uuid}/appeal": Case(fields={"appeal": "It was not so"}, refusal=409),
    "/need/{need_id:uuid}/language": Case(fields={"language": "en"}),
    "/task/{match_id:uuid}/report": Case(fields=REPORTED),
    "/me/reviews/{review_id:uuid}/appeal": Case(fields={"appeal": "It was not so"}, refusal=409),
    "/second-step/app/{id:uuid}": Case(fields={"code": "000000"}, there=(200, 422)),
    "/second-step/remove/{id:uuid}": Case(refusal=303),  # to have it gone is what they want, and it is
    "/task/{match_id:uuid}/note": Case(fields={"note": "hello", "form_id": "f" * 32}),
    "/need/{need_id:uuid}/matches/{match_id:uuid}/thanks": Case(fields={"thanks": "hello"}),
    "/task/{match_id:uuid}/thanks": Case(fields={"thanks": "hello"}),
    "/n/{token}": Case(refusal=422),
    "/a/{token}": Case(fields={"answer": "yes", "code": "1234"}),
    "/s/{token}": Case(refusal=422),
    "/c/{token}": Case(refusal=422),
    "/stop/{token}": Case(refusal=422),
    "/sign-in/{sign_in_id:uuid}": Case(fields={"code": "000000"}, refusal=422),
    "/staff/{slug}/needs/{need_id:uuid}/asks/{ask_id:uuid}": Case(fields={"answer": "yes"}),
    "/staff/{slug}/needs/{need_id:uuid}/widen": Case(fields={"km": "25"}),
    "/staff/{slug}/needs/{need_id:uuid}/close": Case(fields={"reason": "other", "words": "phoned"}),
    "/staff/{slug}/needs/{need_id:uuid}/change": Case(fields=ASKED),
    "/staff/{slug}/post": Case(fields=ASKED | {"consent": "yes", "form_id": "g" * 32}),
    "/staff/{slug}/calls/{need_id:uuid}/number": Case(fields={"reason": "due"}),
    "/staff/{slug}/people/{member_id:uuid}/admit": Case(fields={"note": "known"}),
    "/staff/{slug}/people/{member_id:uuid}/contact": Case(fields=REASON),
    "/staff/{slug}/needs/{need_id:uuid}/contact": Case(fields=REASON),
    "/staff/{slug}/colleagues/{member_id:uuid}/vouch": Case(fields={"reason": "I know her voice"}),
    "/staff/{slug}/openings/rule": Case(fields={"two": "no", **REASON}),
    "/staff/{slug}/openings/{opening_id:uuid}/decide": Case(fields={"answer": "yes"}),
    "/staff/{slug}/reviews/{review_id:uuid}/decide": Case(fields={"action": "kept_apart", **REASON}),
    "/demo/{message}": Case(),
    "/demo/sign-in/{sign_in_id:uuid}": Case(),
}
# Posts that need no words: whoever may, presses one button.
ONE_BUTTON = frozenset({
    "/need/{need_id:uuid}/withdraw", "/need/{need_id:uuid}/erase", "/need/{need_id:uuid}/done",
    "/need/{need_id:uuid}/forget", "/need/{need_id:uuid}/once", "/staff/{slug}/reviews/{review_id:uuid}/take",
    "/need/{need_id:uuid}/matches/{match_id:uuid}/missed", "/me/offers/{offer_id:uuid}/end", "/me/offers/{offer_id:uuid}/on",
    "/task/{match_id:uuid}/done", "/task/{match_id:uuid}/cannot", "/staff/{slug}/needs/{need_id:uuid}/again",
    "/staff/{slug}/calls/{need_id:uuid}", "/staff/{slug}/calls/{need_id:uuid}/yes",
    "/staff/{slug}/people/{member_id:uuid}/suspend",
})  # fmt: skip
PURPOSES = {"/n/": "need", "/a/": "ask", "/s/": "sign_in", "/c/": "confirm", "/stop/": "stop"}


@dataclass(frozen=True, kw_only=True)
class Things:
    """One of each of a group."""

    slug: str
    need_id: NeedId
    match_id: Any
    ask_id: AskId
    offer_id: Any
    member_id: MemberId
    sign_in_id: Any
    colleague_id: MemberId
    review_id: Any  # waits for the group
    decided_id: Any  # of the same need and volunteer, who may each appeal
    opening_id: Any
    id: Any  # an app the volunteer began with
    channel_id: Any
    asker_channel_id: Any
    message: str = "00000000000000000001-000001.eml"

    def of(self, path: str, parameter: str) -> str:
        """What this parameter names in this path."""
        other = {
            ("colleagues", "member_id"): "colleague_id",
            ("appeal", "review_id"): "decided_id",
            ("need", "channel_id"): "asker_channel_id",
        }
        found = [name for (part, one), name in other.items() if part in path.split("/") and one == parameter]
        return str(getattr(self, found[0] if found else parameter))


def colleague_contact(slug: str) -> Contact:
    return read_contact(f"steward-{slug}@example.org")


async def things_of(world: World, group: GroupId, slug: str, address: str = "") -> Things:
    """A helper who said yes to a need of their group, and what its staff has of the two."""
    helper = await world.helper(group, name="Wing", address=address)
    need = await world.need(group, helpers=3, contact=read_contact(f"+1416555{uuid4().int % 10_000:04}"))
    await world.rows("UPDATE need SET call_back = true WHERE id = $1", need)
    await world.match(need)
    ask = await world.ask_of(need, helper)
    await accept(world.ctx, ask, helper)
    sign_in = await world.one(
        "INSERT INTO sign_in VALUES ($1, $2, NULL, 'x', 0, now(), now() + interval '10 minutes', NULL) RETURNING id",
        uuid4(), helper,
    )  # fmt: skip
    match = await world.one("SELECT id FROM match WHERE ask_id = $1", ask)
    staff = await grant_role(world.ctx, group, colleague_contact(slug), Role.STEWARD, name="Ash")
    post = Post(group_id=group, slug=slug, name=slug, role=Role.STEWARD, second_step=False)
    decided = await review_of_two(world, group, need, match, helper, author="helper")
    await world.rows(
        "UPDATE review SET state = 'decided', action = 'closed', decided_at = $2, decided_by = $3 WHERE id = $1",
        decided, world.now, staff,
    )  # fmt: skip
    return Things(
        slug=slug, need_id=need, ask_id=ask, member_id=helper, sign_in_id=sign_in, match_id=match, colleague_id=staff,
        offer_id=await world.one("SELECT id FROM offer WHERE member_id = $1", helper), decided_id=decided,
        review_id=await review_of_two(world, group, need, match, helper, author="asker"), id=await begin_app(world.ctx, helper),
        channel_id=await channel_of(world, helper), asker_channel_id=await channel_of(world, need, "need"),
        opening_id=await ask_to_open(world.ctx, post, staff, "member", helper, REASON["reason"]),
    )  # fmt: skip


async def review_of_two(
    world: World, group: GroupId, need: NeedId, match: Any, helper: MemberId, *, author: str
) -> UUID:
    """As reporting does it; but what is under way stays, for the other cases."""
    id = uuid4()
    sealer, master, wrapped = world.ctx.vault.new_sealer("review", id)
    await run(
        world.tx, "add_report", id=id, group_id=group, need_id=need, match_id=match, member_id=helper, author=author,
        cause="unkind", urgent=False, sealed_text=sealer.seal("text", "Shouted"), now=world.now,
        due_at=world.now + timedelta(days=3), kept_until=world.now + timedelta(days=7),
    )  # fmt: skip
    await run(world.tx, "add_data_key", record="review", id=id, master=master, wrapped=wrapped)
    return id


async def channel_of(world: World, person: PersonId, record: str = "member") -> UUID:
    id, sealer = uuid4(), await key_of(world.tx, world.ctx.vault, record, person)
    assert sealer
    await run(
        world.tx, "add_channel", id=id, person_id=person, kind="ntfy", state="unproven", most=9, now=world.now,
        sealed_address=sealer.seal(f"channel {id}", "topic"), address_index=b"x",
    )  # fmt: skip
    return id


def random_things() -> Things:
    return Things(
        slug="nowhere", need_id=NeedId(uuid4()), match_id=uuid4(), ask_id=AskId(uuid4()), offer_id=uuid4(),
        member_id=MemberId(uuid4()), sign_in_id=uuid4(), message="00000000000000000002-000002.eml",
        colleague_id=MemberId(uuid4()), review_id=uuid4(), decided_id=uuid4(), opening_id=uuid4(), id=uuid4(), channel_id=uuid4(), asker_channel_id=uuid4(),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One route, one method, and the parameters that are not one's own."""

    path: str
    method: str
    strange: tuple[str, ...]

    @property
    def case(self) -> Case:
        return CASES.get(self.path, Case())

    def address(self, site: Site, own: Things, strange: Things) -> str:
        def fill(found: re.Match[str]) -> str:
            name = found[1]
            whose = strange if name in self.strange else own
            forged = name in self.strange
            return _token(site, self.path, whose, forged=forged) if name == "token" else whose.of(self.path, name)

        return re.sub(r"{(\w+)(?::\w+)?}", fill, self.path)

    def send(self, person: Person, address: str) -> Any:
        if self.method == "GET":
            return person.get(address, follow_redirects=False)
        fields = {"token": token_of(person), **self.case.fields}
        return person.post(address, data=fields, headers={"sec-fetch-site": "same-origin"}, follow_redirects=False)


def _token(site: Site, path: str, whose: Things, *, forged: bool) -> str:
    """A link's token for something of theirs, with a seal that we did not make for this purpose."""
    purpose = next(purpose for start, purpose in PURPOSES.items() if path.startswith(start))
    about = {"need": whose.need_id, "ask": whose.ask_id, "sign_in": whose.sign_in_id}.get(purpose, whose.member_id)
    return str(site.app.state.vault.sign("forged" if forged else purpose, about))


def token_of(person: Person) -> str:
    """What every form made for this browser holds."""
    return form_token(person.cookies["careweb-browser"])


def parameters(path: str) -> tuple[str, ...]:
    return tuple(re.findall(r"{(\w+)(?::\w+)?}", path))


DOORS = [route for route in ROUTES if isinstance(route, Door) and parameters(route.path)]
PROBES = [
    Probe(path=route.path, method=method, strange=strange)
    for route in DOORS
    if not CASES.get(route.path, Case()).public
    for method in sorted(route.methods or ())
    if method in ("GET", "POST")
    for strange in dict.fromkeys([*((one,) for one in parameters(route.path)), parameters(route.path)])
]


def who_opens(path: str) -> Who:
    if path == "/staff/{slug}/openings/rule":
        return "steward"
    first = path.split("/")[1]
    people: Mapping[str, Who] = {
        "need": "asker",
        "me": "helper",
        "task": "helper",
        "second-step": "helper",
        "staff": "coordinator",
    }
    return people.get(first, "anyone")
