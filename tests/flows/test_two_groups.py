"""Jobs, files and messages about one group's things touch and tell nothing of another's."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest

from careweb.domain.columns import WITH_CONTACT, Exported
from careweb.domain.contacts import read_contact
from careweb.domain.errors import NotHereError
from careweb.domain.ids import GroupId, NoticeId
from careweb.domain.notices import NoticeKind
from careweb.flows.asks import accept
from careweb.flows.exports import export
from careweb.flows.messages import compose
from careweb.storage.notices import Notice
from tests.web.two_groups import review_of_two
from tests.world import NOON, World
from workers.jobs import EVERY, JOBS

# What each job is about; those about nobody go through every group's rows by what they are: see docs/jobs.md.
SUBJECTS: Mapping[str, str] = {
    "match_need": "need", "offer_appeared": "offer", "time_out_ask": "ask", "lapse_match": "match", "warn_need": "need",
    "expire_need": "need", "close_silent_need": "need", "purge_need": "need", "remind_match": "match",
    "ask_whether": "match", "repeat_need": "need",
    "erase_need": "need", "purge_review": "review", "tell_staff": "review", "remove_member": "member",
}  # fmt: skip
ABOUT_ALL = frozenset({*EVERY, "rewrap_keys"})
TABLES = """SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
    AND table_name NOT IN ('zone', 'zone_near', 'zone_around', 'zone_region', 'region', 'spatial_ref_sys', 'postal_area')"""


async def settle(world: World, slug: str) -> dict[str, Any]:
    """A need that one of two helpers said yes to and the asker has to agree, one ask still out, a report, and their ids."""
    group = await world.group(slug)
    first, second = [await world.helper(group, name=f"{slug} helper", address=f"{slug}{n}@example.org") for n in (1, 2)]
    need = await world.need(
        group,
        helpers=2,
        see_first=True,
        contact=read_contact(f"{slug}@example.org"),
        name=f"{slug} asker",
        text=f"{slug} words",
    )
    await world.match(need)
    await accept(world.ctx, await world.ask_of(need, first), first)
    match = await world.one("SELECT id FROM match WHERE need_id = $1", need)
    review = await review_of_two(world, group, need, match, first, author="asker")
    return {
        "group": group, "member": first, "other": second, "need": need, "ask": await world.ask_of(need, second),
        "match": match, "review": review,
        "offer": await world.one("SELECT id FROM offer WHERE member_id = $1", first),
    }  # fmt: skip


async def rows_about(world: World, things: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for table in await world.rows(TABLES):
        name = table["table_name"]
        rows = await world.rows(f"SELECT to_jsonb(t)::text AS row FROM {name} t")  # noqa: S608
        found += [f"{name}: {row['row']}" for row in rows if any(str(id) in row["row"] for id in things.values())]
    return sorted(found)


@pytest.mark.parametrize("job", sorted({*JOBS} - ABOUT_ALL))  # DELIVER is to one person: see below
async def test_a_job_about_one_groups_things_changes_nothing_of_anothers(world: World, job: str) -> None:
    assert job in SUBJECTS, "say in SUBJECTS what this job is about"
    east, west = await settle(world, "east"), await settle(world, "west")
    for later in ({"minutes": 40}, {"hours": 30}, {"days": 9}, {"days": 20}):
        world.later(**later)
        before = await rows_about(world, east)
        assert len(before) > 10
        await JOBS[job](world.ctx, west[SUBJECTS[job]])
        with suppress(NotHereError):  # a need that never was is refused
            await JOBS[job](world.ctx, uuid4())
        assert await rows_about(world, east) == before


@pytest.mark.parametrize("to", ["member", "asker"])
async def test_a_message_about_anothers_thing_opens_nothing(world: World, to: str) -> None:
    """Should a wrong row ever be written: nobody gets a link or a code to what is not theirs."""
    east, west = await settle(world, "east"), await settle(world, "west")
    sign_in = await world.one(
        "INSERT INTO sign_in VALUES ($1, $2, NULL, 'x', 0, $3, $4, NULL) RETURNING id",
        uuid4(), west["member"], world.now, world.now + timedelta(minutes=10),
    )  # fmt: skip
    theirs = {**west, "sign_in": sign_in}
    own_links = {world.ctx.vault.sign("need", east["need"]), world.ctx.vault.sign("confirm", east["member"])}
    for kind, subject in product(NoticeKind, theirs.values()):
        message = await compose(world.ctx, _notice(kind, subject, east, to))
        said = f"{message.subject} {message.text} {message.html}" if message else ""
        for purpose in ("need", "ask", "sign_in", "confirm", "stop", "stop need"):
            for one in theirs.values():
                link = world.ctx.vault.sign(purpose, UUID(str(one)))
                assert link not in said or link in own_links, kind
        assert world.ctx.vault.digits("ask", west["ask"], 4) not in said, kind
        assert world.ctx.vault.digits("sign_in", sign_in, 6) not in said, kind


def _notice(kind: NoticeKind, subject: UUID, east: Mapping[str, Any], to: str) -> Notice:
    return Notice(
        id=NoticeId(uuid4()), kind=kind, subject=subject, tries=1, created_at=NOON, lease_until=NOON,
        member_id=east["member"] if to == "member" else None, need_id=east["need"] if to == "asker" else None,
    )  # fmt: skip


async def cells(world: World, what: Exported, group: GroupId | None, *, with_contact: bool) -> list[list[str]]:
    return [row async for row in export(world.ctx, what, group, with_contact=with_contact)]


@pytest.mark.parametrize("what", Exported)
async def test_a_groups_file_is_the_same_whether_or_not_there_is_another_group(world: World, what: Exported) -> None:
    east = await settle(world, "east")
    contact = what in WITH_CONTACT
    alone = await cells(world, what, east["group"], with_contact=contact)
    assert len(alone) > 1
    await settle(world, "west")
    assert await cells(world, what, east["group"], with_contact=contact) == alone
    assert len(await cells(world, what, None, with_contact=contact)) > len(alone)
