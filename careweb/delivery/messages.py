"""What goes out, whatever the channel, and how it can fail."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from careweb.domain.channels import ChannelKind


@dataclass(frozen=True, kw_only=True)
class Message:
    id: UUID  # the notice's: the same however often it is tried, so that a receiver can tell it is one message
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    locale: str
    written_at: datetime
    stop_url: str = field(default="", repr=False)  # where one click stops further messages; empty where none stops
    channel: ChannelKind = ChannelKind.EMAIL
    detailed: bool = False  # what it is about stands in it
    answer_to: str = field(default="", repr=False)  # for answers, and for reports that it never arrived
    link: str = field(default="", repr=False)  # where it leads; a push notification opens it


class DeliveryError(Exception):
    """The message did not reach the channel. `permanent`: it never will, for a reason that lies with the recipient.

    `unsure`: it may have arrived all the same; it is tried again where it was, so that its receiver can tell it is one.
    """

    def __init__(self, reason: str, *, permanent: bool, unsure: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.unsure = unsure
