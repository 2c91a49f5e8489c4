"""Names of things, so that one cannot be passed for another."""

from typing import NewType
from uuid import UUID

GroupId = NewType("GroupId", UUID)
MemberId = NewType("MemberId", UUID)
OfferId = NewType("OfferId", UUID)
NeedId = NewType("NeedId", UUID)
AskId = NewType("AskId", UUID)
MatchId = NewType("MatchId", UUID)
NoticeId = NewType("NoticeId", UUID)
SignInId = NewType("SignInId", UUID)

PersonId = MemberId | NeedId  # whom a channel reaches: a member, or whoever asked for this need
