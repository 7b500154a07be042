"""Reads from a PostgreSQL store: pages of the log, snapshots, history. One transaction each."""

import time
from collections.abc import Sequence
from typing import Any

from asyncpg import Connection

from hubbub.domain.aspects.conversation.pins import PINS, pins_of
from hubbub.domain.aspects.document import DOCUMENTS, Document, document_of
from hubbub.domain.aspects.previews import PREVIEWS, MessagePreviews
from hubbub.domain.aspects.reactions import REACTIONS
from hubbub.domain.facts import Facts, Head, MessageKey, Needs
from hubbub.domain.patterns import Span, beyond
from hubbub.domain.records import AnyTable, R, Table
from hubbub.domain.threads import THREAD, Thread
from hubbub.protocol.keys import is_made_key, is_room_key, root_of
from hubbub.protocol.messages import Message
from hubbub.server.stores import base, queries, records
from hubbub.server.stores.base import (
    EVERY_ROOM,
    Activity,
    Important,
    LogPage,
    LogsReplaced,
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
from hubbub.server.stores.postgres import search
from hubbub.server.stores.postgres.records import POSTGRES, ByteBound, PostgresRecords, columns_of
from hubbub.server.stores.rows import (
    AFTER_ALL,
    MAX_MESSAGES_BYTES,
    PAGE_BYTES,
    PAGE_EVENTS,
    REACTION_COST,
    Gathering,
    Picking,
    bounded,
    first_bytes,
    has_links,
    own_room,
    own_thread,
    span_of,
)
from hubbub.server.stores.search import IndexPlace, WantedMessages

Q = queries.load("postgres")


def check_epoch(found: str | None, meant: str) -> None:
    """Raise LogsReplaced if these are not the expected logs."""
    if found != meant:
        instead = found or "others that are being restored"
        raise LogsReplaced(f"the logs {meant} were replaced by {instead}")


class PostgresReader:
    """Reads committed data as of one point in time. Made anew for each transaction."""

    def __init__(self, connection: Connection, epoch: str) -> None:
        """`epoch` is that of the expected logs."""
        self._connection = connection
        self._epoch = epoch
        self._ends: int | None = None  # as a statement has said that reads the epoch as well

    async def head(self, room: str) -> Head:
        """The room's last number, and the first that is kept."""
        row = await self._room(room)
        return Head(row["head"], row["kept"], row["nth"]) if row else Head()

    async def heads(self, rooms: list[str]) -> dict[str, Head]:
        """The heads of rooms that have events."""
        rows = await self._connection.fetch(Q.heads, rooms)
        self._check(rows)
        return {name: Head(*head) for _, _, name, *head in rows if name is not None}

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        """A page of the log, bounded in events and bytes."""
        row = await self._room(room)
        if row is None or row["kept"] > after + 1:
            return LogPage(row["kept"] if row else 1, [])
        bounds = after, upto, PAGE_EVENTS, PAGE_BYTES
        found = await self._connection.fetch(Q.log, row["id"], *bounds)
        return LogPage(row["kept"], first_bytes(body for (body,) in found))

    async def snapshot(self, room: str, limit: int) -> StoredRoom:
        """The last messages and the document, at one head."""
        page = await self.history(room, None, None, limit)
        document = await self.document(room)
        pins = await self.rows(PINS, room) if is_made_key(room) else []
        return StoredRoom(page, document, tuple(pins_of(pins)))

    async def history(
        self, room: str, before: int | None, after: int | None, limit: int
    ) -> StoredPage:
        """The messages just before or after a number."""
        row = await self._room(room)
        if row is None:
            return StoredPage(0, [], False)
        bound = after if after is not None else AFTER_ALL if before is None else before
        query = Q.messages_before if after is None else Q.messages_after
        found = await self._connection.fetch(query, row["id"], bound, limit + 1, MAX_MESSAGES_BYTES)
        rows, has_more = bounded(map(tuple, found), limit)
        messages = await self._messages(room, rows)
        has_more |= len(messages) < len(rows)
        if after is None:
            messages.reverse()
        return StoredPage(row["head"], messages, has_more, await self._threads_of(room, messages))

    async def _threads_of(self, room: str, messages: list[Message]) -> Sequence[Thread]:
        """The threads of consecutive messages."""
        if not messages or not is_room_key(room):
            return ()
        found = await self.threads(room, messages[0].seq - 1, messages[-1].seq, len(messages))
        return sorted(found, key=lambda row: row.message)

    async def messages(self, keys: Sequence[MessageKey]) -> StoredMessages:
        """Messages by key."""
        heads = await self.heads(list({key.room for key in keys}))
        rooms, seqs = columns_of(keys, 2)
        found = await self._connection.fetch(Q.messages_at, rooms, seqs, MAX_MESSAGES_BYTES)
        rows = {keys[n - 1]: tuple(row) for n, *row in found}
        picking, records = Picking(), PostgresRecords(self._connection)
        for key in keys:
            if picking.is_full:
                break
            row = rows.get(key)
            reactions = await records.read(REACTIONS, *key) if row else []
            previews = await self._previews(key.room, [row]) if row else []
            picking.take(row, reactions, *previews)
        return StoredMessages(heads, picking.found)

    async def edits(self, key: MessageKey, after: int, limit: int) -> list[bytes]:
        """Edits of a message."""
        await self._room(key.room)
        found = await self._connection.fetch(Q.edits, *key, after, limit, PAGE_BYTES)
        return first_bytes(body for (body,) in found)

    async def written(self, author: str, room: str, after: int, upto: int) -> Written:
        """What an author wrote in a part of a room. Raises LogsReplaced."""
        await self._room(room)
        given = room, after, upto, author
        messages = tuple(seq for (seq,) in await self._connection.fetch(Q.written, *given))
        reactions = await self._connection.fetch(Q.reacted, *given)
        return Written(messages, tuple((seq, emoji) for seq, emoji in reactions))

    async def document(self, room: str) -> Document:
        """The state document."""
        return document_of(next(iter(await self.rows(DOCUMENTS, room)), None))

    async def find(self, wanted: Needs) -> Facts:
        """Heads, rows and counts."""
        facts = Facts(heads=await self.heads(list(wanted.logs)))
        await PostgresRecords(self._connection).learn(wanted, facts)
        return facts

    async def rows(self, table: Table[Any, R], *prefix: Any) -> list[R]:
        """Records whose keys begin so. Raises LogsReplaced."""
        return await self._listed(table, records.listing(POSTGRES, table, len(prefix)), *prefix)

    async def page(self, table: Table[Any, R], *prefix: Any, after: str, limit: int) -> list[R]:
        """Some records whose keys begin so and go on after a text. Raises LogsReplaced."""
        query = records.page(POSTGRES, table, len(prefix))
        return await self._listed(table, query, *prefix, after, limit)

    async def by(self, table: Table[Any, R], column: str, values: Sequence[Any]) -> list[R]:
        """Records by a column. Raises LogsReplaced."""
        return await self._listed(table, records.by(POSTGRES, table, column, 0), list(values))

    async def largest(self, table: Table[Any, R], column: str, limit: int) -> list[R]:
        """Records with the largest numbers."""
        found = await self._connection.fetch(records.largest(POSTGRES, table, column), limit)
        return list(map(records.maker(table), found))

    async def total(self, table: AnyTable, summed: str, column: str, value: Any) -> int:
        """A sum over records."""
        given = () if value is None else (value,)
        query = records.total(POSTGRES, table, summed, column, value is None)
        number: int = await self._connection.fetchval(query, *given)
        return number

    async def totals(self, table: AnyTable, summed: str, column: str) -> dict[str, int]:
        """Sums over records."""
        query = records.totals(POSTGRES, table, summed, column)
        return dict(await self._connection.fetch(query))

    async def _listed(self, table: Table[Any, R], rows: str, *values: Any) -> list[R]:
        found = await self._connection.fetch(Q.of_epoch.format(rows=rows), *values)
        self._check(found)
        make = records.maker(table)
        listed = [make(row) for _, _, *row in found if row[0] is not None]
        return sorted(listed, key=lambda row: row[: table.width])

    async def rooms(self, after: str, limit: int, spans: Sequence[Span]) -> list[RoomRow]:
        """Rooms in the order of their names."""
        rest = beyond(after, spans)
        lows, highs = [span.low for span in rest], [span.high for span in rest]
        rows = await self._connection.fetch(Q.room_list, lows, highs, limit)
        return [RoomRow(*row) for row in rows]

    async def own_rooms(self, account: str, which: Selection) -> list[OwnRoom]:
        """The rooms of an account in the order of their keys. Raises LogsReplaced."""
        is_all = which == EVERY_ROOM
        query = Q.of_epoch.format(rows=Q.all_own_rooms if is_all else Q.own_rooms)
        found = await self._connection.fetch(query, account, *(() if is_all else which))
        self._check(found)
        return sorted([own_room(row[2:]) for row in found if row[2] is not None])

    async def important(self, account: str, parts: Sequence[Unseen]) -> dict[str, Important]:
        """What matters most to an account in parts of rooms. Raises LogsReplaced."""
        query = Q.of_epoch.format(rows=Q.important)
        bounds = base.MOST_MENTIONS, base.MOST_REACTED, base.REACTIONS_COUNTED
        columns = [[part[at] for part in parts] for at in range(len(Unseen._fields))]
        found = await self._connection.fetch(query, account, *columns, *bounds)
        self._check(found)
        return {
            room: Important(room, first, tuple(mentions), tuple(reacted))
            for _, _, room, first, mentions, reacted in found
            if room is not None
        }

    async def threads(self, room: str, after: int, upto: int, limit: int) -> list[Thread]:
        """Threads by their messages. Raises LogsReplaced."""
        return await self._listed(THREAD, Q.threads, room, after, upto, limit)

    async def newest_threads(self, room: str, after: Activity, limit: int) -> list[Thread]:
        """Threads by their newest reply. Raises LogsReplaced."""
        given = room, after.at, root_of(after.thread), limit
        found = await self._listed(THREAD, Q.newest_threads, *given)
        return sorted(found, key=lambda row: (row.at, row.message), reverse=True)

    async def own_threads(
        self, account: str, after: Activity, limit: int, only_unread: bool
    ) -> OwnThreads:
        """Threads that an account follows, by their newest reply. Raises LogsReplaced."""
        bounds = base.MANY_FOLLOWED, base.LOOKED_THROUGH
        last = await self._connection.fetchrow(Q.threads_edge, account, *after, *bounds)
        edge = Activity(*last) if last else None
        own = Q.newest_followed if edge else Q.followed
        query = Q.of_epoch.format(rows=Q.own_threads.format(own=own))
        given = account, *after, limit + 1, only_unread, *(edge or ())
        found = await self._connection.fetch(query, *given)
        self._check(found)
        rows = [own_thread(row) for _, _, *row in found if row[0] is not None]
        rows.sort(key=lambda row: (row.thread.at, row.thread.thread), reverse=True)
        return OwnThreads.of(rows, limit, edge)

    async def search(self, wanted: WantedMessages) -> list[IndexPlace]:
        """Messages by what is in them. Raises TooSlow."""
        return await search.find(self._connection, wanted, time.monotonic)

    async def ends(self) -> int:
        """How many credentials had ended by then. Asks only if nothing that was read has said it. Raises LogsReplaced."""
        if self._ends is None:
            self._check(await self._connection.fetch(Q.epoch))
        assert self._ends is not None
        return self._ends

    async def _room(self, name: str) -> Any:
        """A room's row; None if there is none. Raises LogsReplaced, even if the query had to wait for a restore."""
        row = await self._connection.fetchrow(Q.room, name)
        self._check([(row["epoch"], row["ends"])] if row else [])
        return row if row["id"] is not None else None

    def _check(self, rows: Sequence[Any]) -> None:
        """Check the epoch with which rows begin, and note how many credentials have ended, which comes next."""
        check_epoch(rows[0][0] if rows else None, self._epoch)
        self._ends = rows[0][1]

    async def _messages(self, room: str, rows: list[tuple[Any, ...]]) -> list[Message]:
        """The messages in these rows, as many as fit with their reactions."""
        gathering = Gathering(rows, await self._previews(room, rows))
        if rows:
            found = PostgresRecords(self._connection).read(
                REACTIONS,
                room,
                between=span_of(rows),
                most=ByteBound("by", REACTION_COST, MAX_MESSAGES_BYTES),
            )
            for reaction in await found:
                if not gathering.take(reaction):
                    break
        return gathering.messages()

    async def _previews(self, room: str, rows: list[tuple[Any, ...]]) -> list[MessagePreviews]:
        """What the messages in these rows show of their links."""
        if not has_links(rows):
            return []
        records = PostgresRecords(self._connection)
        return await records.read(PREVIEWS, room, between=span_of(rows))
