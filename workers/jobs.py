"""Every job, by the name under which it is promised, and how one is done."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from careweb.domain.ids import NeedId, NoticeId
from careweb.flows import (
    auditing,
    erasing,
    forgetting,
    matching,
    members,
    notices,
    renewing,
    repeating,
    reports,
    reviewing,
    timing,
)
from careweb.flows.context import Context
from careweb.storage.away import is_away
from careweb.storage.database import Deadlock
from careweb.storage.promises import keep, promise
from workers.records import log, mishap
from workers.workshop import Workshop

Flow = Callable[[Context, Any], Awaitable[None]]

# Each may run twice: the second finds no promise to keep, or a state its guarded move does not start from.
JOBS: dict[str, Flow] = {
    "match_need": matching.match_need,
    "offer_appeared": matching.offer_appeared,
    "time_out_ask": timing.time_out_ask,
    "lapse_match": timing.lapse_match,
    "warn_need": timing.warn_need,
    "expire_need": timing.expire_need,
    "close_silent_need": timing.close_silent_need,
    "purge_need": timing.purge_need,
    "repeat_need": repeating.repeat_need,
    "erase_need": forgetting.erase_need,
    "remove_member": members.remove_member,
    "purge_review": reports.purge_review,
    "tell_staff": reviewing.tell_staff,
    "remind_match": timing.remind_match,
    "ask_whether": timing.ask_whether,
    "wake_rested": timing.wake_rested,
    "end_old_sessions": timing.end_old_sessions,
    "age_loads": timing.age_loads,
    "list_erased": erasing.list_erased,
    "chain_audit": auditing.chain_audit,
    "drop_old_copies": erasing.drop_old_copies,
    "rewrap_keys": renewing.rewrap_keys,
}
# Of one group or person, and done with a look at nothing else. The others look across groups, or are about nobody.
OF_ONE_GROUP = {
    "time_out_ask", "lapse_match", "warn_need", "expire_need", "close_silent_need", "purge_need", "erase_need",
    "remove_member", "purge_review", "tell_staff", "remind_match", "ask_whether", "repeat_need",
}  # fmt: skip
OF_A_NEED = {"match_need"}  # held before its promise is kept: whoever promises this anew has the need by then
DELIVER = "deliver_notice"  # the one job that is not one transaction

EVERY = {
    "wake_rested": timedelta(hours=1),
    "end_old_sessions": timedelta(hours=1),
    "age_loads": timedelta(hours=1),
    "list_erased": timedelta(minutes=1),
    "chain_audit": timedelta(minutes=1),
    "drop_old_copies": timedelta(hours=1),
}  # about nobody: done again and again
NOBODY = UUID(int=0)

DONE, NOT_OURS, FAILED, AWAY = "done", "not_ours", "failed", "away"


async def do(workshop: Workshop, job: str, subject: UUID) -> str:
    """Never raises: a job that fails keeps its promise, and the relay hands that over again."""
    started = time.perf_counter()
    outcome = FAILED
    try:
        try:
            outcome = await _do(workshop, job, subject)
        except Deadlock:  # a page was at the same need the other way around; nothing of ours was kept
            outcome = await _do(workshop, job, subject)
    except Exception as error:
        if is_away(error):
            outcome = AWAY
            log.warning("database away", job=job, error=type(error).__name__)
        else:
            mishap("job failed", error, job=job)
    finally:
        workshop.figures.done(job, outcome, time.perf_counter() - started)
        workshop.promised.set()
    return outcome


async def _do(workshop: Workshop, job: str, subject: UUID) -> str:
    if job == DELIVER:
        return await notices.deliver(lambda: workshop.begin_for(subject), workshop.ways.send, NoticeId(subject))
    async with workshop.begin_for(subject) if job in OF_ONE_GROUP else workshop.begin() as ctx:
        if job in OF_A_NEED:
            await matching.hold_need(ctx, NeedId(subject))
        if not await keep(ctx.tx, job, subject):
            return NOT_OURS
        await JOBS[job](ctx, subject)
        if job in EVERY:
            await promise(ctx.tx, job, subject, ctx.now + EVERY[job])
    return DONE
