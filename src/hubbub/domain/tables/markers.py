"""Read markers and mentions as records: how far each member has read a room, and where each was mentioned.

Both are guarded by the room's log. How many messages are unread follows from a marker and the log: the messages after it,
without those that were deleted or are no longer kept. Nothing else is stored.
"""

from typing import NamedTuple

from hubbub.domain.records import Table
from hubbub.domain.tables.rooms import MemberKey

NAMED, KEYWORD = "", "keyword"


class ReadMarker(NamedTuple):
    """How far a member has read a room: up to the event `seq`, by when there were `nth` messages.

    A marker only rises. `is_marked`: whether the room is to look unread all the same.
    """

    room: str
    account: str
    seq: int
    nth: int
    is_marked: bool = False


class MentionKey(NamedTuple):
    """Identifies why a message mentions an account, or all members if that is `EVERYONE`."""

    room: str
    seq: int
    why: str
    account: str


class Mention(NamedTuple):
    """A message that mentions an account, or all members. It counts for nobody who blocks its author.

    `why` is `NAMED` since its text says so, or `KEYWORD` since it has a word that the account chose.
    """

    room: str
    seq: int
    why: str
    account: str
    by: str


MARKER = Table("marker", MemberKey, ReadMarker, is_remembered=True)
MENTION = Table(
    "mention", MentionKey, Mention, indexes=(("account", "room", "seq"),), trimmed_by="seq"
)
QUIET = (MARKER, MENTION)  # their rows also change without an event of the room's log
