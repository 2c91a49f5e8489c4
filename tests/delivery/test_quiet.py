"""Quiet hours hold for every message, whoever it is from; what answers somebody, or cannot wait for the morning, comes."""

from datetime import UTC, datetime, timedelta

import pytest

from careweb.domain.contacts import read_contact
from careweb.domain.ids import MemberId, NeedId
from careweb.domain.notices import AT_ANY_HOUR, NoticeKind
from careweb.domain.offers import Pace
from careweb.domain.states import Urgency
from careweb.flows.asks import accept
from careweb.flows.channels import set_quiet_hours
from careweb.flows.notices import Outcome, owe_notice
from careweb.flows.offers import set_pace
from careweb.storage.database import Engine
from tests.delivery.test_notices import Sender
from tests.world import World, committed

NIGHT = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)  # half past one in Toronto
MORNING = datetime(2026, 11, 24, 13, tzinfo=UTC)  # eight


async def sleeping(world: World, helper: MemberId, *, urgent_any_hour: bool = False) -> None:
    pace = Pace(per_week=5, weekly_asks=None, quiet_from=21, quiet_until=8, urgent_any_hour=urgent_any_hour)
    await set_pace(world.ctx, helper, pace)


async def agreed(engine: Engine, *, due_in: float) -> tuple[NeedId, MemberId, object]:
    """A yes at half past one, by somebody who is asleep at that hour on other days; nothing of before is owed any more."""
    async with committed(engine, NIGHT) as world:
        helper = await world.helper(await world.group(), address="helper@example.org")
        need = await world.need(
            await world.one("SELECT id FROM care_group"), due_in=due_in, contact=read_contact("po@example.org")
        )
        await world.match(need)
        await world.rows("DELETE FROM notice")
        await world.rows("DELETE FROM promise WHERE job = 'deliver_notice'")
        await accept(world.ctx, await world.ask_of(need, helper), helper)
        await sleeping(world, helper)
        return need, helper, await world.one("SELECT id FROM match")


async def told(
    engine: Engine,
    kind: NoticeKind,
    *,
    due_in: float = 100,
    to_asker: bool = False,
    chosen: tuple[int, int] | None = None,
) -> list[Outcome]:
    need, helper, match = await agreed(engine, due_in=due_in)
    async with committed(engine, NIGHT) as world:
        await set_quiet_hours(world.ctx, need, chosen)
        await world.rows("DELETE FROM notice")
        await world.rows("DELETE FROM promise WHERE job = 'deliver_notice'")
        to = {"need_id": need} if to_asker else {"member_id": helper}
        await owe_notice(world.ctx, kind, match, **to)  # type: ignore[arg-type]
    sender = Sender(engine)
    sender.now = NIGHT
    return await sender.deliver_due()


ABOUT_A_MATCH = [NoticeKind.CONNECTED, NoticeKind.REMIND, NoticeKind.WHETHER]


@pytest.mark.parametrize("kind", ABOUT_A_MATCH)
async def test_at_night_a_helper_is_told_nothing_that_can_wait(engine: Engine, kind: NoticeKind) -> None:
    assert await told(engine, kind) == [Outcome.WAITS]
    sender = Sender(engine)
    sender.now = MORNING - timedelta(seconds=1)
    assert await sender.due() == []
    sender.now = MORNING
    assert await sender.deliver_due() == [Outcome.SENT]


@pytest.mark.parametrize(
    ("kind", "due_in", "outcome"),
    [
        (NoticeKind.CONNECTED, 8.4, Outcome.SENT), (NoticeKind.CONNECTED, 8.6, Outcome.WAITS),  # ten o'clock: two hours to get ready
        (NoticeKind.REMIND, 6.4, Outcome.SENT), (NoticeKind.REMIND, 6.6, Outcome.WAITS),
    ],
)  # fmt: skip
async def test_what_is_due_before_they_could_get_ready_does_not_wait(
    engine: Engine, kind: NoticeKind, due_in: float, outcome: Outcome
) -> None:
    assert await told(engine, kind, due_in=due_in) == [outcome]


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [(NoticeKind.CONNECTED, Outcome.SENT), (NoticeKind.WHETHER, Outcome.WAITS)],
)
async def test_whoever_asked_hears_at_once_who_helps_and_in_the_morning_what_nobody_waits_for(
    engine: Engine, kind: NoticeKind, outcome: Outcome
) -> None:
    assert await told(engine, kind, to_asker=True) == [outcome]


@pytest.mark.parametrize(
    ("kind", "chosen", "due_in", "outcome"),
    [
        (NoticeKind.CONNECTED, (22, 7), 100, Outcome.WAITS), (NoticeKind.CONNECTED, (22, 1), 100, Outcome.SENT),
        (NoticeKind.CONNECTED, (22, 7), 7, Outcome.SENT), (NoticeKind.WHETHER, (3, 3), 100, Outcome.SENT),
    ],
)  # fmt: skip
async def test_whoever_asked_may_choose_hours(
    engine: Engine, kind: NoticeKind, chosen: tuple[int, int], due_in: float, outcome: Outcome
) -> None:
    assert await told(engine, kind, to_asker=True, chosen=chosen, due_in=due_in) == [outcome]


@pytest.mark.parametrize(
    ("urgency", "any_hour", "outcome"),
    [
        (Urgency.URGENT, True, Outcome.SENT), (Urgency.URGENT, False, Outcome.WAITS), (Urgency.LOW, True, Outcome.WAITS),
    ],
)  # fmt: skip
async def test_an_ask_that_is_late_rings_at_night_only_for_who_wants_that(
    engine: Engine, urgency: Urgency, any_hour: bool, outcome: Outcome
) -> None:
    async with committed(engine, NIGHT) as world:
        group = await world.group()
        helper = await world.helper(group, address="helper@example.org")
        await world.match(await world.need(group, urgency=urgency, due_in=5.0))
        await sleeping(world, helper, urgent_any_hour=any_hour)
        await world.rows("DELETE FROM notice WHERE kind <> 'ask'")
    sender = Sender(engine)
    sender.now = NIGHT
    assert [one for one in await sender.deliver_due() if one is not Outcome.NOT_OURS] == [outcome]


async def test_what_somebody_asked_for_this_minute_comes_at_any_hour(engine: Engine) -> None:
    async with committed(engine, NIGHT) as world:
        helper = await world.helper(await world.group(), address="helper@example.org")
        await sleeping(world, helper)
        await world.rows("DELETE FROM notice")
        await world.rows("DELETE FROM promise")
        await owe_notice(world.ctx, NoticeKind.STOPPED, helper, member_id=helper)
        assert NoticeKind.STOPPED in AT_ANY_HOUR
    sender = Sender(engine)
    sender.now = NIGHT
    assert await sender.deliver_due() == [Outcome.SENT]
