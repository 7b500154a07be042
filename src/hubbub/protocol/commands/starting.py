"""What `start` answers: the rooms of an account, the people, and where to follow them from."""

from typing import Any

import msgspec

from hubbub.protocol.commands.emoji import EmojiReply
from hubbub.protocol.commands.threads import MyThread


class ShownPerson(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account as others see it."""

    handle: str
    name: str
    role: str = "member"
    kind: str = "person"
    status: str = "active"
    status_text: str = ""
    time_zone: str = ""
    avatar: str = ""


class MyRoom(msgspec.Struct, frozen=True, omit_defaults=True):
    """A room that an account is a member of.

    Attributes:
        head, nth: its last event, and how many messages were ever posted.
        avatar: the key of its picture.
        people: those of a direct.
        hidden: until there is an event after this one, a direct that was left is not to be shown.
        read, read_nth: the last event that was read, and how many messages there were by then.
        unread, mentions: messages that were not read, and how many of those mention the account.
        marked: whether the room is to look unread all the same.
        level, muted_until, starred: what the account chose (see the command `set`).
    """

    room: str
    kind: str
    role: str
    head: int
    nth: int
    title: str = ""
    alias: str = ""
    avatar: str = ""
    people: list[str] | None = None
    hidden: int = 0
    archived_at: str | None = None
    read: int = 0
    read_nth: int = 0
    unread: int = 0
    mentions: int = 0
    marked: bool = False
    level: str = ""
    muted_until: float = 0.0
    starred: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether it is a direct that was left, without an event since then."""
        return 0 < self.head <= self.hidden


class Started(msgspec.Struct, frozen=True):
    """The answer to `start`.

    Attributes:
        account: the key of the own account.
        own, directory: the seqs from which to follow the own log and `@directory`; null for a guest, who may not.
        people: accounts by their keys: all, or for a guest those in the same rooms. Null if they were left out.
        preferences, blocked: the settings of the account by name, and the accounts that it blocks; empty with `rooms`.
        emoji: those of the server, with the people; without a list if the device has this version of it.
        threads: those that the account follows and has not read, the one with the newest reply first, at most 50.
        more_threads: whether there are others like these.
    """

    account: str
    me: ShownPerson
    epoch: str
    own: int
    directory: int | None
    rooms: list[MyRoom]
    people: dict[str, ShownPerson] | None
    emoji: EmojiReply | None = None
    preferences: dict[str, Any] = {}
    blocked: list[str] = []
    threads: list[MyThread] = []
    more_threads: bool = False
