"""Needs as a tick reads them: what counts for its class, and what is open."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from careweb.domain.ids import NeedId
from careweb.domain.solving.problem import tier_of
from careweb.domain.states import Urgency


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveNeed:
    id: NeedId
    community: str
    tier: Urgency
    helpers: int
    filled: int
    open: bool  # or all slots are taken and it waits to be done

    @property
    def slots(self) -> int:
        return self.helpers - self.filled if self.open else 0


def community_of(language: str, place: str) -> str:
    return f"{language} {place}".rstrip()


def live_need(
    *, id: UUID, community: str, urgency: str, helpers: int, filled: int, posted_at: datetime, open: bool, now: datetime
) -> LiveNeed:
    age_days = (now - posted_at).total_seconds() / 86_400
    tier = tier_of(Urgency(urgency), age_days)
    return LiveNeed(id=NeedId(id), community=community, tier=tier, helpers=helpers, filled=filled, open=open)
