"""A connection that only reads: pages of the log, snapshots, history."""

import json
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from typing import Any

import apsw

from hubbub.domain.aspects.conversation.pins import PINS, pins_of
from hubbub.domain.aspects.document import DOCUMENTS, Document, document_of
from hubbub.domain.aspects.previews import PREVIEWS, MessagePreviews
from hubbub.domain.aspects.reactions import REACTIONS
from hubbub.domain.facts import Facts, Head, MessageKey, Needs
from hubbub.domain.patterns import Span, beyond
from hubbub.domain.records import AnyTable, Prefix, R, Table
from hubbub.domain.threads import Thread
from hubbub.protocol.keys import is_made_key, is_room_key, root_of
from hubbub.protocol.messages import Message
from hubbub.server.stores import base, queries
from hubbub.server.stores.base import (
    Activity,
    Important,
    LogPage,
    OwnRoom,
    OwnThreads,
    RoomRow,
    Selection,
    StoredMessages,
    StoredPage,
    StoredRoom,
    Unseen,
    Written,
)
from hubbub.server.stores.rows import (
    AFTER_ALL,
    PAGE_EVENTS,
    Gathering,
    Picking,
    bounded,
    first_bytes,
    has_links,
    own_room,
    own_thread,
    span_of,
)
from hubbub.server.stores.sqlite.records import SqliteRecords

Q = queries.load("sqlite")
IMPORTANT = {
    **{"mentions": base.MOST_MENTIONS, "reacted": base.MOST_REACTED},
    "counted": base.REACTIONS_COUNTED,
}


class SqliteReader:
    """Reads what is committed. Runs in one thread of its own."""

    def __init__(self, database: apsw.Connection) -> None:
        self._database = database
        self._execute = database.execute
        self._records = SqliteRecords(database)

    def head(self, room: str) -> Head:
        """The room's last number, and the first that is kept."""
        row = self._execute(Q.room, (room,)).fetchone()
        return Head(*row[1:]) if row else Head()

    def heads(self, rooms: list[str]) -> dict[str, Head]:
        """The heads of rooms that have events."""
        found = self._execute(Q.rooms_by_name, (json.dumps(rooms),))
        return {name: Head(*head) for name, _, *head in found}

    def read(self, room: str, after: int, upto: int) -> LogPage:
        """A page of the log, bounded in events and bytes."""
        with self._transaction():
            row = self._execute(Q.room, (room,)).fetchone()
            if row is None or row[2] > after + 1:
                return LogPage(row[2] if row else 1, [])
            bounds = {"room": row[0], "after": after, "upto": upto, "limit": PAGE_EVENTS}
            bodies = first_bytes(body for (body,) in self._execute(Q.log, bounds))
            return LogPage(row[2], bodies)

    def snapshot(self, room: str, limit: int) -> StoredRoom:
        """The last messages and the document, at one head."""
        with self._transaction():
            page, document = self._history(room, None, None, limit), self._document(room)
            pins = list(self._records.read(PINS, room)) if is_made_key(room) else []
            return StoredRoom(page, document, tuple(pins_of(pins)))

    def history(self, room: str, before: int | None, after: int | None, limit: int) -> StoredPage:
        """The messages just before or after a number."""
        with self._transaction():
            return self._history(room, before, after, limit)

    def messages(self, keys: Sequence[MessageKey]) -> StoredMessages:
        """Messages by key."""
        picking = Picking()
        with self._transaction():
            heads = self.heads(list({key.room for key in keys}))
            for key in keys:
                if picking.is_full:
                    break
                row = self._execute(Q.message, key).fetchone()
                reactions = list(self._records.read(REACTIONS, *key)) if row else []
                previews = self._previews(key.room, [row]) if row else []
                picking.take(row, reactions, *previews)
        return StoredMessages(heads, picking.found)

    def edits(self, key: MessageKey, after: int, limit: int) -> list[bytes]:
        """Edits of a message."""
        return first_bytes(body for (body,) in self._execute(Q.edits, (*key, after, limit)))

    def written(self, author: str, room: str, after: int, upto: int) -> Written:
        """What an author wrote in a part of a room."""
        given = {"author": author, "room": room, "after": after, "upto": upto}
        with self._transaction():
            messages = tuple(seq for (seq,) in self._execute(Q.written, given))
            return Written(messages, tuple(self._execute(Q.reacted, given)))

    def document(self, room: str) -> Document:
        """The state document."""
        with self._transaction():
            return self._document(room)

    def rooms(self, after: str, limit: int, spans: Sequence[Span]) -> list[RoomRow]:
        """Rooms in the order of their names."""
        found: list[RoomRow] = []
        for low, high in beyond(after, spans):
            rows = self._execute(Q.room_list, (low, high, limit - len(found)))
            found += [RoomRow(*row) for row in rows]
            if len(found) == limit:
                break
        return found

    def own_rooms(self, account: str, which: Selection) -> list[OwnRoom]:
        """The rooms of an account in the order of their keys."""
        given = {
            "account": account,
            "after": which.after,
            "limit": -1 if which.limit is None else which.limit,
            "only_shown": which.only_shown,
            "rooms": None if which.rooms is None else json.dumps(which.rooms),
        }
        return list(map(own_room, self._execute(Q.own_rooms, given)))

    def important(self, account: str, parts: Sequence[Unseen]) -> dict[str, Important]:
        """What matters most to an account in parts of rooms."""
        given = {"account": account, "parts": json.dumps(parts), **IMPORTANT}
        found = self._execute(Q.important, given)
        return {
            room: Important(room, first, tuple(json.loads(mentions)), tuple(json.loads(reacted)))
            for room, first, mentions, reacted in found
        }

    def threads(self, room: str, after: int, upto: int, limit: int) -> list[Thread]:
        """Threads by their messages."""
        return [Thread(*row) for row in self._execute(Q.threads, (room, after, upto, limit))]

    def newest_threads(self, room: str, after: Activity, limit: int) -> list[Thread]:
        """Threads by their newest reply."""
        given = room, after.at, root_of(after.thread), limit
        return [Thread(*row) for row in self._execute(Q.newest_threads, given)]

    def own_threads(
        self, account: str, after: Activity, limit: int, only_unread: bool
    ) -> OwnThreads:
        """Threads that an account follows, by their newest reply."""
        given = {
            **{"account": account, "at": after.at, "thread": after.thread},
            **{"limit": limit + 1, "only_unread": only_unread},
            **{"many": base.MANY_FOLLOWED, "most": base.LOOKED_THROUGH},
        }
        found = self._execute(Q.threads_edge, given).fetchone()
        edge = Activity(*found) if found else None
        given |= {"edge_at": edge.at, "edge": edge.thread} if edge else {}
        query = Q.own_threads.format(own=Q.newest_followed if edge else Q.followed)
        return OwnThreads.of([*map(own_thread, self._execute(query, given))], limit, edge)

    def ends(self) -> int:
        """How many credentials have ended, or tokens were changed."""
        version: int = self._execute(Q.ends).get
        return version

    def find(self, wanted: Needs) -> Facts:
        """Heads, rows and counts."""
        with self._transaction():
            facts = Facts(heads=self.heads(list(wanted.logs)) if wanted.logs else {})
            self._records.learn(wanted, facts)
            return facts

    def rows(self, table: Table[Any, R], *prefix: Any) -> list[R]:
        """Records whose keys begin so."""
        return list(self._records.read(table, *prefix))

    def page(self, table: Table[Any, R], prefix: Prefix, after: str, limit: int) -> list[R]:
        """Some records whose keys begin so and go on after a text."""
        return list(self._records.page(table, *prefix, after=after, limit=limit))

    def by(self, table: Table[Any, R], column: str, values: Sequence[Any]) -> list[R]:
        """Records by a column."""
        return list(self._records.by(table, column, values))

    def largest(self, table: Table[Any, R], column: str, limit: int) -> list[R]:
        """Records with the largest numbers."""
        return list(self._records.largest(table, column, limit))

    def total(self, table: AnyTable, summed: str, column: str, value: Any) -> int:
        """A sum over records."""
        return self._records.total(table, summed, column, value)

    def totals(self, table: AnyTable, summed: str, column: str) -> dict[str, int]:
        """Sums over records."""
        return self._records.totals(table, summed, column)

    def get(self, table: Table[Any, R], keys: Sequence[Prefix]) -> list[R]:
        """Records with these keys."""
        return list(self._records.get(table, keys))

    @contextmanager
    def _transaction(self) -> Any:
        """All reads in the block see the same state of the database."""
        self._execute("BEGIN")
        try:
            yield
        finally:
            self._execute("COMMIT")

    def _document(self, room: str) -> Document:
        return document_of(next(self._records.read(DOCUMENTS, room), None))

    def _history(self, room: str, before: int | None, after: int | None, limit: int) -> StoredPage:
        row = self._execute(Q.room, (room,)).fetchone()
        if row is None:
            return StoredPage(0, [], False)
        if after is not None:
            found = self._execute(Q.messages_after, (row[0], after, limit + 1))
        else:
            bound = AFTER_ALL if before is None else before
            found = self._execute(Q.messages_before, (row[0], bound, limit + 1))
        rows, has_more = bounded(found, limit)
        messages = self._messages(room, rows)
        has_more |= len(messages) < len(rows)
        if after is None:
            messages.reverse()
        return StoredPage(row[1], messages, has_more, self._threads_of(room, messages))

    def _threads_of(self, room: str, messages: list[Message]) -> Sequence[Thread]:
        """The threads of consecutive messages."""
        if not messages or not is_room_key(room):
            return ()
        return self.threads(room, messages[0].seq - 1, messages[-1].seq, len(messages))

    def _messages(self, room: str, rows: list[tuple[Any, ...]]) -> list[Message]:
        """The messages in these rows, as many as fit with their reactions."""
        gathering = Gathering(rows, self._previews(room, rows))
        if rows:
            for reaction in self._records.read(REACTIONS, room, between=span_of(rows)):
                if not gathering.take(reaction):
                    break
        return gathering.messages()

    def _previews(self, room: str, rows: list[tuple[Any, ...]]) -> list[MessagePreviews]:
        """What the messages in these rows show of their links."""
        if not has_links(rows):
            return []
        return list(self._records.read(PREVIEWS, room, between=span_of(rows)))


def nths(database: apsw.Connection, wanted: Iterable[MessageKey]) -> dict[MessageKey, int]:
    """How many messages there ever were in rooms up to an event."""
    found = database.execute(Q.nths, (json.dumps(list(wanted)),))
    return {MessageKey(room, seq): nth for room, seq, nth in found}
