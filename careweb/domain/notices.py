"""Kinds of messages, whom each may reach, and how often a failing one is tried."""

from datetime import timedelta
from enum import StrEnum


class NoticeKind(StrEnum):
    SIGN_IN = "sign_in"  # a link and a code that someone asked for
    ASK = "ask"  # can you help with this?
    ASK_COVERED = "ask_covered"  # someone else took it, or it is not needed any more
    POSTED = "posted"  # the link to what was posted
    CHOOSE = "choose"  # someone can help: look, and choose
    CONNECTED = "connected"  # two yeses
    NOT_CHOSEN = "not_chosen"  # the asker chose otherwise, or never answered
    FELL_THROUGH = "fell_through"  # it did not happen, or the other cannot after all
    NEED_ENDED = "need_ended"  # the help somebody agreed to is not needed any more
    NEED_CHANGED = "need_changed"  # what somebody agreed to is another day, place, kind of help or number of people
    NEED_WARNING = "need_warning"  # it expires soon
    NEED_EXPIRED = "need_expired"
    REMIND = "remind"  # of what somebody agreed to
    WHETHER = "whether"  # did it happen?
    THANKS = "thanks"  # the other one of two people says thank you
    NOTE = "note"  # the other one of two connected people wrote something
    CONFIRM_IMPORT = "confirm_import"  # a group put you on its list: do you want that?
    ADMITTED = "admitted"
    SUSPENDED = "suspended"
    GLASS_BROKEN = "glass_broken"  # to all staff of a group: somebody opened a contact without a second person
    TO_LOOK_AT = "to_look_at"  # to the staff of a group: a held need or a report waits for a person
    RULE_OFF = "rule_off"  # to all staff of a group: one person is enough again to open a contact
    CHANNEL_CODE = "channel_code"  # is this address yours? Type this code
    CHANNEL_OFF = "channel_off"  # nothing arrives on another channel any more

    ANSWERED = "answered"  # what became of an answer by mail
    AT_CAPACITY = "at_capacity"  # of a yes by mail: as many tasks as they take in a week
    NOT_UNDERSTOOD = "not_understood"  # an answer by mail that we did not understand, once about one thing
    STOPPED = "stopped"  # that they get no more messages, which they wrote to us


# They asked for it this minute.
TO_THOSE_WHO_STOPPED = frozenset({NoticeKind.SIGN_IN, NoticeKind.CHANNEL_CODE, NoticeKind.STOPPED})
BY_MAIL_ONLY = frozenset(
    {
        NoticeKind.SIGN_IN,
        NoticeKind.CONFIRM_IMPORT,
        NoticeKind.ANSWERED,
        NoticeKind.AT_CAPACITY,
        NoticeKind.NOT_UNDERSTOOD,
        NoticeKind.STOPPED,
    }
)  # to the contact that was given, and nowhere else
TO_THE_UNCONFIRMED = frozenset({NoticeKind.SIGN_IN, NoticeKind.CONFIRM_IMPORT})
CAN_WAIT = frozenset({NoticeKind.ASK, NoticeKind.ASK_COVERED, NoticeKind.ADMITTED})  # an ask only if nothing hurries
AT_ANY_HOUR = frozenset(
    {
        *TO_THOSE_WHO_STOPPED,
        NoticeKind.POSTED,
        NoticeKind.ANSWERED,
        NoticeKind.AT_CAPACITY,
        NoticeKind.NOT_UNDERSTOOD,
        NoticeKind.GLASS_BROKEN,
        NoticeKind.RULE_OFF,
    }
)  # the answer to what they did this minute; or it is loud
NOT_IN_SUSPENSE = frozenset(
    {
        NoticeKind.WHETHER,
        NoticeKind.THANKS,
        NoticeKind.NEED_WARNING,
        NoticeKind.NEED_EXPIRED,
    }
)  # all else whoever asked wants to know at once
CALL_INSTEAD = frozenset(
    {
        NoticeKind.SIGN_IN,
        NoticeKind.CHOOSE,
        NoticeKind.CONNECTED,
        NoticeKind.FELL_THROUGH,
        NoticeKind.NEED_WARNING,
        NoticeKind.NEED_EXPIRED,
    }
)  # an asker with a telephone only is called by a coordinator

TRIES_MOST = 5
UNSURE_MOST = 2  # tries on one channel that may have arrived; the next one is on another
BURST = timedelta(minutes=10)  # between two messages about what one person writes to another


def wait_after(tries: int, first: timedelta) -> timedelta:
    """How long before the next try: four times as long each time."""
    return first * float(4 ** (tries - 1))
