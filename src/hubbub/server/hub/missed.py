"""What an account has missed: the rooms and threads with something unread, and the messages in them that matter most to it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from msgspec import structs

from hubbub.domain.access import Operation
from hubbub.domain.facts import Head, MessageKey
from hubbub.domain.principals import Principal
from hubbub.protocol.commands.missed import (
    LONGEST_EXCERPT,
    Excerpt,
    ListMissed,
    MissedPage,
    MissedRoom,
    MissedThread,
)
from hubbub.protocol.commands.threads import MyThread, MyThreadsPage
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import is_room_key
from hubbub.protocol.messages import Message
from hubbub.server.hub.authors import Authors
from hubbub.server.hub.rights import Rights
from hubbub.server.hub.turns import Turns
from hubbub.server.stores import base
from hubbub.server.stores.base import Important, OwnRoom, Selection, Store, Unseen


class Missed:
    """Says what an account has missed. It follows from its markers, so it is the same on all devices. Raises RefusalError and StoreFailed."""

    def __init__(
        self,
        store: Store,
        rights: Rights,
        authors: Authors,
        unread: Callable[[Principal], Awaitable[MyThreadsPage]],
        turns: Turns,
    ) -> None:
        """`unread` gives threads that were not read. A turn is taken while the rooms are looked up."""
        self._store = store
        self._rights = rights
        self._authors = authors
        self._unread = unread
        self._turns = turns

    async def missed(self, principal: Principal, asked: ListMissed) -> MissedPage:
        """Return rooms with something unread and, at first, threads."""
        if not principal.is_account:
            raise RefusalError("forbidden", "Only accounts have rooms of their own")
        if asked.after and not is_room_key(asked.after):
            raise RefusalError("bad_request", "Invalid `after`: use the key of a room")
        await self._rights.require(principal, Operation.READ, principal.id)
        async with self._turns.of(principal):
            new = await self._new(principal.id, asked.after, asked.limit + 1)
            rows = new[: asked.limit]
            spans = [Unseen(row.room, row.read, row.head) for row in rows]
            important = await self._store.important(principal.id, spans) if spans else {}
            threads = MyThreadsPage(self._store.epoch, [], more=False)
            if not asked.after:
                threads = await self._unread(principal)
        keys = [key for row in rows for key in _keys(row.room, important.get(row.room))]
        keys += [MessageKey(each.room, each.message) for each in threads.threads]
        shown = await self._readable(principal, keys, {row.room for row in rows})
        return MissedPage(
            self._store.epoch,
            [
                _room(row, important.get(row.room), shown.excerpts)
                for row in rows
                if row.room in shown.rooms
            ],
            len(rows) < len(new),
            [_thread(each, shown.excerpts) for each in threads.threads if each.room in shown.rooms],
            threads.more,
            await self._authors.of(shown.messages),
        )

    async def _new(self, account: str, after: str, limit: int) -> list[OwnRoom]:
        """Return rooms with something unread, by their keys, read step by step."""
        new: list[OwnRoom] = []
        while len(new) < limit:
            step = Selection(after, base.PAGE_ROWS)
            rows = await self._store.own_rooms(account, step)
            new += [row for row in rows if row.unread or row.is_marked]
            if len(rows) < base.PAGE_ROWS:
                break
            after = rows[-1].room
        return new[:limit]

    async def _readable(
        self, principal: Principal, keys: Iterable[MessageKey], rooms: set[str]
    ) -> "_Readable":
        """Return those of some messages, and rooms, that a principal may read now; deleted messages are left out."""
        asked = list(dict.fromkeys(keys))
        wanted = {key.room for key in asked} | rooms
        known = await self._rights.readable(principal, wanted)
        asked = [key for key in asked if key.room in known]
        messages: dict[MessageKey, Message] = {}
        heads = dict.fromkeys(known, Head())
        at = 0
        while at < len(asked):  # fewer come at once if they are large
            now, found = await self._store.messages(asked[at:])
            heads |= now
            for key, each in zip(asked[at:], found, strict=False):
                if each and not each.message.deleted:
                    messages[key] = _short(each.message)
            at += len(found)
        readable = {
            room for room in known if await self._rights.may_read(principal, room, heads[room].seq)
        }
        messages = {key: each for key, each in messages.items() if key.room in readable}
        excerpts = {key: _excerpt(each) for key, each in messages.items()}
        return _Readable(readable, excerpts, list(messages.values()))


class _Readable(NamedTuple):
    rooms: set[str]
    excerpts: dict[MessageKey, Excerpt]
    messages: list[Message]


def _keys(room: str, important: Important | None) -> list[MessageKey]:
    if important is None:
        return []
    first = [] if important.first is None else [important.first]
    return [MessageKey(room, seq) for seq in (*first, *important.mentions, *important.reacted)]


def _short(message: Message) -> Message:
    """Return a message with no more than what is shown of it: there are many, and each may be large."""
    return structs.replace(message, text=(message.text or "")[:LONGEST_EXCERPT])


def _excerpt(message: Message) -> Excerpt:
    reactions = sum(map(len, (message.reactions or {}).values()))
    return Excerpt(message.seq, message.at, message.by, message.text or "", reactions)


def _room(
    row: OwnRoom, important: Important | None, excerpts: dict[MessageKey, Excerpt]
) -> MissedRoom:
    first, mentions, reacted = important[1:] if important else (None, (), ())
    shown = {
        seq: excerpts.get(MessageKey(row.room, seq)) for seq in (first, *mentions, *reacted) if seq
    }
    return MissedRoom(
        *(row.room, row.kind, row.title, row.head, row.read, row.unread, row.mentions),
        shown.get(first) if first else None,
        [each for seq in mentions if (each := shown[seq])],
        [each for seq in reacted if (each := shown[seq])],
    )


def _thread(row: MyThread, excerpts: dict[MessageKey, Excerpt]) -> MissedThread:
    about = excerpts.get(MessageKey(row.room, row.message))
    return MissedThread(**structs.asdict(row), about=about)
