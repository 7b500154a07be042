"""Decides whether an account is to be notified of a message by now, and what it is told."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from hubbub.domain.aspects.people.preferences import PREFERENCES, PreferenceKey
from hubbub.domain.facts import EVERYONE, MessageKey, Needs
from hubbub.domain.notifying.rule import THREAD, Listener, Venue, should_notify
from hubbub.domain.tables.accounts import ACCOUNT, BLOCKS, Account, Block, account_row
from hubbub.domain.tables.markers import KEYWORD, MARKER, MENTION, NAMED, MentionKey
from hubbub.domain.tables.rooms import MEMBER, PLACE, ROOM, MemberKey, PlaceKey, room_row
from hubbub.protocol.commands.preferences import QUIET, quiet_of
from hubbub.protocol.keys import parent_of
from hubbub.protocol.messages import Message
from hubbub.server.stores.base import Store
from hubbub.server.stores.notifications import Notification

MAX_TEXT = 500  # characters


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a device is told of a message: where it is and, if its person wants that, who wrote what. `mention`: it names the account."""

    room: str
    seq: int
    mention: bool = False
    title: str = ""
    by: str = ""
    text: str = ""


class _Known(NamedTuple):
    """What was looked up about a notification."""

    rows: Mapping[Any, Mapping[Any, Any]]
    message: Message

    def row(self, table: Any, key: Any) -> Any:
        """Return a row, or None."""
        return self.rows[table][key]


async def decide(store: Store, about: Notification, now: float) -> Told | None:
    """Return what an account is told of a message, with all of it; None if it is not to be notified. Raises StoreFailed."""
    known = await _look_up(store, about)
    if known is None or not _is_unread(known, about):
        return None
    is_mentioned = any(known.row(MENTION, key) for key in _mentions(about))
    me: Account = known.row(ACCOUNT, account_row(about.account))
    by = known.message.by
    blocked = {by} if known.row(BLOCKS, Block(about.account, by)) else frozenset[str]()
    chosen = known.row(PREFERENCES, PreferenceKey(about.account, QUIET))
    quiet = quiet_of({QUIET: msgspec.json.decode(chosen.value)} if chosen else {})
    listener = Listener(me.account, blocked, quiet, me.time_zone)
    made = known.row(ROOM, room_row(parent_of(about.room)))
    place = _place(known, about, made.kind if made else "")
    if not should_notify(listener, place, is_mentioned=is_mentioned, by=by, now=now):
        return None
    author: Account | None = known.row(ACCOUNT, account_row(by))
    text = (known.message.text or "")[:MAX_TEXT]
    return Told(
        about.room,
        about.seq,
        is_mentioned,
        made.title if made else "",
        author.name if author else by,
        text,
    )


async def _look_up(store: Store, about: Notification) -> _Known | None:
    (found,) = (await store.messages([MessageKey(about.room, about.seq)])).found or (None,)
    if found is None or found.message.deleted:
        return None
    account, room, parent = about.account, about.room, parent_of(about.room)
    wanted = Needs()
    wanted.row(ROOM, room_row(parent))
    wanted.row(MEMBER, MemberKey(parent, account))
    for each in (room, parent):
        wanted.row(PLACE, PlaceKey(account, each))
    wanted.row(MARKER, MemberKey(room, account))
    wanted.row(PREFERENCES, PreferenceKey(account, QUIET))
    wanted.row(BLOCKS, Block(account, found.message.by))
    for each in (account, found.message.by):
        wanted.row(ACCOUNT, account_row(each))
    for key in _mentions(about):
        wanted.row(MENTION, key)
    return _Known((await store.find(wanted)).rows, found.message)


def _mentions(about: Notification) -> list[MentionKey]:
    message = about.room, about.seq
    return [
        MentionKey(*message, NAMED, EVERYONE),
        MentionKey(*message, NAMED, about.account),
        MentionKey(*message, KEYWORD, about.account),
    ]


def _is_unread(known: _Known, about: Notification) -> bool:
    """Whether an active member has not read it; in a thread, only if it follows that."""
    room, parent = about.room, parent_of(about.room)
    me = known.row(ACCOUNT, account_row(about.account))
    is_member = known.row(MEMBER, MemberKey(parent, about.account)) is not None
    if not is_member or me is None or me.status != "active":
        return False
    marker = known.row(MARKER, MemberKey(room, about.account))
    return room == parent if marker is None else marker.seq < about.seq


def _place(known: _Known, about: Notification, kind: str) -> Venue:
    """Return what the rule looks at. `kind` is that of the room."""
    room, parent = about.room, parent_of(about.room)
    chosen, of_room = (known.row(PLACE, PlaceKey(about.account, each)) for each in (room, parent))
    return Venue(kind, chosen) if room == parent else Venue(THREAD, chosen, of_room)
