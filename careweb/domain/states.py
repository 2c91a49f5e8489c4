"""Every state, with the move that leads there. docs/states.md draws them; CHECKs in sql/migrations hold them."""

from enum import StrEnum


class NeedState(StrEnum):
    HELD = "held"  # a person reviews it first
    OPEN = "open"  # posted, or a slot opened again
    MATCHED = "matched"  # every slot is taken
    MET = "met"  # it happened, or silence long after it should have
    WITHDRAWN = "withdrawn"  # by the asker
    EXPIRED = "expired"  # nobody came in time, and the asker did not renew
    HANDED_OVER = "handed_over"  # to another group
    CLOSED = "closed"  # by a coordinator, with a reason


class OfferState(StrEnum):
    ACTIVE = "active"  # made, or rest is over
    RESTING = "resting"  # until a date
    PAUSED = "paused"  # until the volunteer says otherwise
    ENDED = "ended"  # taken back


class MembershipState(StrEnum):
    AWAITING = "awaiting"  # asked to join
    ADMITTED = "admitted"  # by a coordinator, with a note
    SUSPENDED = "suspended"  # by a coordinator; what was asked of them is cancelled


class AskState(StrEnum):
    PLANNED = "planned"  # in a wave, not yet handed to a channel
    SENT = "sent"  # with the volunteer
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TIMED_OUT = "timed_out"  # no answer
    COVERED = "covered"  # someone else took it
    CANCELLED = "cancelled"  # withdrawn, closed, suspended


class MatchState(StrEnum):
    ACCEPTED = "accepted"
    AWAITING_ASKER = "awaiting_asker"  # the asker wanted to see who first
    CONNECTED = "connected"  # two yeses: both see how to reach the other
    DONE = "done"
    FELL_THROUGH = "fell_through"  # the slot opens again


class NoticeState(StrEnum):
    OWED = "owed"
    CLAIMED = "claimed"  # a worker is sending it, under a lease
    SENT = "sent"
    FAILED = "failed"  # permanently
    PARKED = "parked"  # five tries; an operator looks


class ChannelState(StrEnum):
    UNPROVEN = "unproven"  # a code went there, and was not typed yet
    ON = "on"
    OFF = "off"  # refused for good: nothing arrives there
    STOPPED = "stopped"  # by its person


class ReviewState(StrEnum):
    OPEN = "open"  # waits for a person of the group, or is with one
    DECIDED = "decided"  # may be appealed against once
    APPEALED = "appealed"  # waits for another person
    SETTLED = "settled"  # for good


class Urgency(StrEnum):
    URGENT = "urgent"  # needed within 48 hours
    MEDIUM = "medium"
    LOW = "low"


class Reach(StrEnum):
    GROUP = "group"  # this group only
    ALLIANCE = "alliance"  # any group of the alliance


class Role(StrEnum):
    COORDINATOR = "coordinator"
    STEWARD = "steward"


class ContactKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    CODE = "code"  # "I will come back with my code"


class CloseReason(StrEnum):
    HELPED_ELSEWHERE = "helped_elsewhere"
    NOT_NEEDED = "not_needed"
    NO_ANSWER = "no_answer"
    NO_SUPPLY = "no_supply"
    DUPLICATE = "duplicate"
    NOT_SAFE = "not_safe"
    OTHER = "other"


OVER = frozenset({NeedState.MET, NeedState.WITHDRAWN, NeedState.EXPIRED, NeedState.HANDED_OVER, NeedState.CLOSED})
LIVE = frozenset({NeedState.HELD, NeedState.OPEN, NeedState.MATCHED})
UNDER_WAY = frozenset({MatchState.ACCEPTED, MatchState.AWAITING_ASKER, MatchState.CONNECTED})
