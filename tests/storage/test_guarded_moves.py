"""Every move out of a state is one guarded statement: from any other state it changes nothing. `make mutation` drops each guard."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from careweb.domain.hours import ANY_TIME
from careweb.domain.states import AskState, ChannelState, MatchState, NeedState, NoticeState, OfferState
from careweb.flows.asks import accept
from careweb.storage.database import Transaction, run
from careweb.storage.promises import promise
from tests.world import NOON, World

LATER = NOON + timedelta(days=60)
_NEED = {
    "category": "groceries", "zone_code": "M1S", "languages": ["yue"], "urgency": "low", "helpers": 3, "needed_by": LATER, "hours": ANY_TIME,
    "reach": "group", "show_text": False, "see_first": False, "sealed_name": b"", "sealed_text": b"", "expires_at": LATER, "repeats_until": None, "series": None,
}  # fmt: skip
_OFFER = {
    "categories": ["meals"],
    "languages": ["yue"],
    "zone_code": "M1S",
    "radius_km": 5.0,
    "reach": "group",
    "hours": 1,
    "now": NOON,
}
STATES: dict[str, list[str]] = {
    "need": list(NeedState), "ask": list(AskState), "match": list(MatchState), "offer": list(OfferState), "notice": list(NoticeState),
    "channel": list(ChannelState),
}  # fmt: skip


@dataclass(frozen=True)
class Move:
    table: str
    from_states: set[str]
    values: dict[str, Any] = field(default_factory=dict)  # beside the id; a name of another row stands for its id
    by: str = "id"  # which row is named, and how
    filled: int = 1


MOVES = {
    "take_slot": Move("need", {"open"}),
    "free_slot": Move("need", {"open", "matched"}, {"even_met": False}),
    "free_slot of a met need too": Move("need", {"open", "matched", "met"}, {"even_met": True}),
    "change_need": Move("need", {"held", "open", "matched"}, _NEED),
    "renew_need": Move("need", {"open", "expired"}, {"needed_by": LATER, "hours": ANY_TIME, "expires_at": LATER}),
    "end_need": Move("need", {"held", "open", "matched"}, {"state": "withdrawn", "close_reason": None, "now": LATER}),
    "expire_need": Move("need", {"held", "open"}, {"now": LATER}, filled=0),
    "close_silent_need": Move("need", {"open", "matched"}, {"needed_before": LATER, "now": LATER}),
    "mark_exhausted": Move("need", {"open"}, {"now": NOON}),
    "widen_need": Move("need", {"open"}, {"widened_km": 5.0}),
    "ask_again": Move("need", {"open"}),
    "release_need": Move("need", {"held"}),
    "lock_open_need": Move("need", {"open"}, {"now": NOON}),
    "accept_ask": Move("ask", {"planned", "sent", "timed_out"}, {"member_id": "member", "now": NOON}),
    "decline_ask": Move("ask", {"planned", "sent"}, {"member_id": "member", "now": NOON}),
    "take_ask_back": Move("ask", {"planned", "sent"}, {"now": NOON}),
    "time_out_ask": Move("ask", {"planned", "sent"}, {"now": LATER}),
    "cover_ask": Move("ask", {"planned", "sent"}, {"now": NOON}),
    "ask_never_arrived": Move("ask", {"planned", "sent"}, {"now": NOON}),
    "end_asks": Move("ask", {"planned", "sent"}, {"need_id": "need", "state": "covered", "now": NOON}, by=""),
    "cancel_asks_of_member": Move("ask", {"planned", "sent"}, {"member_id": "member", "group_id": None, "now": NOON}, by=""),
    "cancel_asks_of_offer": Move("ask", {"planned", "sent"}, {"offer_id": "offer", "now": NOON}, by=""),
    "connect_match": Move("match", {"awaiting_asker"}, {"need_id": "need", "now": NOON}),
    "finish_match": Move("match", {"connected"}, {"by": "helper", "now": NOON}),
    "finish_matches_of_need": Move("match", {"connected"}, {"need_id": "need", "by": "asker", "now": NOON}, by=""),
    "drop_match": Move("match", {"accepted", "awaiting_asker", "connected"}, {"by": "asker", "now": NOON, "even_done": False}),
    "drop_match of what is done too": Move(
        "match", {"accepted", "awaiting_asker", "connected", "done"}, {"by": "asker", "now": NOON, "even_done": True}
    ),
    "drop_matches_of_need": Move("match", {"accepted", "awaiting_asker", "connected"}, {"need_id": "need", "by": "asker", "now": NOON}, by=""),
    "change_offer": Move("offer", {"active", "resting", "paused"}, {"member_id": "member"} | _OFFER),
    "rest_offers": Move("offer", {"active", "resting"}, {"member_id": "member", "rests_until": date(2026, 12, 1)}, by=""),
    "resume_offers": Move("offer", {"resting"}, {"member_id": "member"}, by=""),
    "switch_on_offer": Move("offer", {"paused"}, {"member_id": "member"}),
    "end_offer": Move("offer", {"active", "resting", "paused"}, {"member_id": "member"}),
    "wake_rested": Move("offer", {"resting"}, {"today": date(2027, 12, 1)}, by=""),
    "claim_notice": Move("notice", {"owed"}, {"now": NOON, "lease_until": LATER}),
    "notice_sent": Move("notice", {"claimed"}, {"lease_until": LATER, "now": NOON}),
    "notice_not_sent": Move("notice", {"claimed"}, {"lease_until": LATER, "state": "failed", "channel_id": None, "tries": 1}),
    "notice_came_back": Move("notice", {"sent"}, {"state": "failed", "channel_id": None}),
    "revive_notices": Move("notice", {"parked"}, by=""),
    "prove_channel": Move("channel", {"unproven"}, {"person_id": "member"}),
    "turn_channel_off": Move("channel", {"on"}),
    "stop_channel": Move("channel", {"on", "off"}, {"person_id": "member", "series": []}),
    "restart_channel": Move("channel", {"off", "stopped"}, {"person_id": "member"}),
}  # fmt: skip
_PUT = {
    "need": "UPDATE need SET state = $2, helpers = 2, filled = CASE $2 WHEN 'matched' THEN 2 ELSE CAST($3 AS int) END, "
    "closed_at = CASE WHEN $2 IN ('met', 'withdrawn', 'expired', 'handed_over', 'closed') THEN posted_at END WHERE id = $1",
    "ask": "UPDATE ask SET state = $2 WHERE id = $1 AND $3 >= 0",
    "match": "UPDATE match SET state = $2 WHERE id = $1 AND $3 >= 0",
    "offer": "UPDATE offer SET state = $2, rests_until = CASE $2 WHEN 'resting' THEN date '2026-11-30' END WHERE id = $1 AND $3 >= 0",
    "notice": "UPDATE notice SET state = $2, lease_until = CASE $2 WHEN 'claimed' THEN timestamptz '2027-01-22 17:00Z' END WHERE id = $1 AND $3 >= 0",
    "channel": "UPDATE channel SET state = $2 WHERE id = $1 AND $3 >= 0",
}


@pytest.fixture
async def rows(tx: Transaction) -> dict[str, Any]:
    """One need, asked of one volunteer who said yes."""
    world = World(tx=tx)
    group = await world.group()
    member = await world.helper(group)
    need = await world.need(group, helpers=2)
    await world.match(need)
    ask = await world.ask_of(need, member)
    await accept(world.ctx, ask, member)
    [match] = await world.rows("SELECT id, offer_id FROM match WHERE need_id = $1", need)
    notice = await world.one("SELECT id FROM notice WHERE kind = 'connected'")
    await world.rows("DELETE FROM notice WHERE id <> $1", notice)
    await run(tx, "keep_mail_channel", person_id=member, now=NOON)
    return {
        "need": need,
        "ask": ask,
        "match": match["id"],
        "offer": match["offer_id"],
        "member": member,
        "notice": notice,
        "channel": member,
    }


@pytest.mark.parametrize("query", MOVES)
async def test_a_move_is_made_from_its_own_states_alone(tx: Transaction, rows: dict[str, Any], query: str) -> None:
    move, world = MOVES[query], World(tx=tx)
    row = rows[move.table]
    values = {
        name: rows[value] if isinstance(value, str) and value in rows else value for name, value in move.values.items()
    }
    if move.by:
        values[move.by] = row
    assert LATER.isoformat() == "2027-01-22T17:00:00+00:00"  # as the notice's lease above
    for state in STATES[move.table]:
        inner = await tx.begin_nested()
        await world.rows(_PUT[move.table], row, state, move.filled)
        moved = await run(tx, query.split()[0], **values)
        assert bool(moved) == (state in move.from_states), f"{query} from {state}: {moved}"
        if not moved:
            assert await world.one(f"SELECT state FROM {move.table} WHERE id = $1", row) == state  # noqa: S608
        await inner.rollback()


@pytest.mark.parametrize("state", ["awaiting", "admitted", "suspended"])
async def test_only_who_is_admitted_may_say_yes(tx: Transaction, rows: dict[str, Any], state: str) -> None:
    await World(tx=tx).rows("UPDATE membership SET state = $1", state)
    assert bool(await run(tx, "hold_membership", ask_id=rows["ask"])) == (state == "admitted")


async def test_a_week_holds_its_tasks_and_its_asks_and_no_more(tx: Transaction, rows: dict[str, Any]) -> None:
    world = World(tx=tx)
    await world.rows("UPDATE member SET per_week = 2, task_times = '{}', ask_times = '{}'")
    for query, more in (("take_task", {}), ("count_ask", {"cap": 2})):
        taken = [await run(tx, query, id=rows["member"], now=NOON, **more) for _ in range(3)]
        assert taken == [True, True, None], query


async def test_a_promise_that_was_not_handed_over_is_kept_by_nobody(tx: Transaction, rows: dict[str, Any]) -> None:
    await promise(tx, "warn_need", rows["member"], NOON)
    which = {"job": "warn_need", "subject": rows["member"]}
    assert not await run(tx, "postpone_promise", until=LATER, **which)
    assert not await run(tx, "keep_promise", **which)


async def test_a_message_is_one_senders_until_the_lease_ends(tx: Transaction, rows: dict[str, Any]) -> None:
    first = await run(tx, "claim_notice", id=rows["notice"], now=NOON, lease_until=NOON + timedelta(seconds=30))
    claims = [
        await run(tx, "claim_notice", id=rows["notice"], now=NOON + timedelta(seconds=after), lease_until=LATER)
        for after in (29, 31)
    ]
    assert [bool(one) for one in (first, *claims)] == [True, False, True]
    lost = {"id": rows["notice"], "lease_until": NOON + timedelta(seconds=30)}
    assert not await run(tx, "notice_sent", now=NOON, **lost)
    assert not await run(tx, "notice_not_sent", state="owed", channel_id=None, tries=1, **lost)


async def test_accept_ask_takes_no_yes_to_an_offer_that_was_ended(tx: Transaction, rows: dict[str, Any]) -> None:
    world = World(tx=tx)
    await world.rows("UPDATE ask SET state = 'sent'")
    await world.rows("UPDATE offer SET state = 'ended'")
    assert not await run(tx, "accept_ask", id=rows["ask"], member_id=rows["member"], now=NOON)
