"""What goes out, whatever the channel, and how it can fail."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


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


class DeliveryError(Exception):
    """The message did not reach the channel. `permanent`: it never will, for a reason that lies with the recipient."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent
