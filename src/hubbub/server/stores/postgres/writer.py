"""One transaction of a PostgreSQL store: locks the rooms, supplies the ledger's facts, writes what it decides.

Knows SQL, but no rules. It takes few round trips, however many rooms and changes there are.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from asyncpg import Connection

from hubbub import events
from hubbub.domain.facts import (
    Accepted,
    Batch,
    Commit,
    Facts,
    Head,
    MessageKey,
    Needs,
    PostKey,
    Proposal,
)
from hubbub.domain.growing import Growth
from hubbub.domain.ledger import Erasures, Ledger
from hubbub.domain.rules import Rules
from hubbub.protocol.codec import encode
from hubbub.protocol.keys import parent_of
from hubbub.server.stores import queries
from hubbub.server.stores.postgres.reader import check_epoch
from hubbub.server.stores.postgres.records import PostgresRecords, columns_of
from hubbub.server.stores.records import Between

Q = queries.load("postgres")
SEARCH = queries.load("postgres_search")


class RoomVanished(Exception):
    """A known room no longer exists: start again."""


class LockedRoom(NamedTuple):
    """A locked room."""

    id: int
    head: Head


class PostgresWriter:
    """Decides on one batch of proposals, between BEGIN and COMMIT."""

    def __init__(self, connection: Connection, rules: Rules, epoch: str, known: set[str]) -> None:
        """`epoch` is that of the expected logs; `known` are names of rooms that exist."""
        self._connection = connection
        self._rules = rules
        self._epoch = epoch
        self._known = known
        self._records = PostgresRecords(connection)
        self._rooms: dict[str, LockedRoom] = {}
        self._names: dict[int, str] = {}

    async def write(self, proposals: Sequence[Proposal], at: str) -> Commit:
        """Decide and write everything but the commit. Raises RoomVanished and asyncpg's exceptions."""
        wanted = self._rules.needs(proposals)
        added = wanted.logs - self._known
        threads = {log for log in added if parent_of(log) != log}
        if rooms := added - threads:
            await self._connection.execute(Q.add_rooms, sorted(rooms))
        await self.lock(wanted.logs - threads)
        await self._begin(threads)
        ledger = Ledger(self._rules, wanted, await self._facts(wanted), at)
        commit = ledger.decide(proposals)
        grown = ledger.logs.grown
        await self._begin(grown.keys() - self._rooms.keys())
        ends = await self._write(ledger, grown)
        there = {name for name in added if self._rooms[name].head.seq}
        self._known.update(grown, there)
        if unused := added - grown.keys() - there:
            await self._connection.execute(Q.drop_rooms, [self._rooms[n].id for n in unused])
        return commit.after_ends(ends)

    async def _begin(self, threads: Set[str]) -> None:
        """Add and lock threads whose parents are locked: whoever else does so waits for those, so there is no deadlock."""
        if threads:
            await self._connection.execute(Q.add_rooms, sorted(threads))
            await self.lock(threads)

    async def lock(self, names: Iterable[str]) -> dict[str, LockedRoom]:
        """Lock rooms for this transaction; others wait for its end.

        Raises RoomVanished, or LogsReplaced.
        """
        wanted = list(names)
        found = await self._connection.fetchrow(Q.lock_rooms, encode(wanted).decode())
        epoch, there, ids, *heads = found
        if there is not None:
            check_epoch(epoch, self._epoch)
            self._rooms.update(zip(there, map(LockedRoom, ids, map(Head, *heads)), strict=True))
            self._names.update(zip(ids, there, strict=True))
        if len(self._rooms) < len(wanted):
            self._known.clear()
            raise RoomVanished
        return self._rooms

    async def trim(self, room: str, upto: int) -> None:
        """Delete everything up to number `upto`. Raises RoomVanished if there is no such room."""
        room_id, head = (await self.lock([room]))[room]
        upto = min(upto, head.seq)
        if upto >= head.kept:
            await self._trim(room, room_id, upto)

    async def _trim(self, room: str, room_id: int, upto: int) -> None:
        for query in (Q.trim_messages, Q.trim_changes, SEARCH.trim):
            await self._connection.execute(query, room_id, upto)
        for table in self._rules.trimmed:
            await self._records.clear(table, room, between=Between(0, upto))
        await self._connection.execute(Q.set_kept, room_id, upto + 1)

    async def holds(self, batch: Batch) -> bool:
        """Whether a batch is in the log; waits for one that is being written. Raises RoomVanished.

        The room is inserted rather than locked: an insert waits for another one, while a lock would not see it yet.
        """
        await self._connection.execute(Q.add_rooms, [batch.room])
        room_id = (await self.lock([batch.room]))[batch.room].id
        last = await self._connection.fetchval(Q.event, room_id, batch.last)
        await self._connection.execute(Q.drop_rooms, [room_id])
        return last in events.forms(batch.bodies[-1])

    async def _learn_posts(self, facts: Facts, wanted: Set[PostKey]) -> None:
        for room, key, owner, seq, body, has_changed in await self._select(Q.posts_by_key, wanted):
            called, posted = (self._names[room], key, owner), events.decode_posted(body)
            facts.posts[called] = Accepted(seq, posted.at)
            if not has_changed:
                facts.reached[called] = posted.mentions or ()

    async def _facts(self, wanted: Needs) -> Facts:
        facts = Facts({name: room.head for name, room in self._rooms.items() if room.head.seq})
        if wanted.posts:
            await self._learn_posts(facts, wanted.posts)
        if wanted.messages:
            rows = await self._select(Q.messages_by_seq, wanted.messages)
            for room, seq, owner, is_deleted in rows:
                key = MessageKey(self._names[room], seq)
                facts.owners[key] = owner
                if is_deleted:
                    facts.deleted.add(key)
        if wanted.last_edits:
            for room, seq, edit in await self._select(Q.last_edits, wanted.last_edits):
                facts.last_edits[MessageKey(self._names[room], seq)] = edit
        if wanted.nths:
            found = await self._connection.fetch(Q.nths, *columns_of(list(wanted.nths)))
            facts.nths.update((MessageKey(room, seq), nth) for room, seq, nth in found)
        if wanted.has_records:
            await self._records.learn(wanted, facts)
        return facts

    async def _select(self, query: str, keys: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Run a query over keys whose first part is a room's name."""
        rows = [(self._rooms[room].id, *rest) for room, *rest in keys]
        found: list[Any] = await self._connection.fetch(query, *columns_of(rows))
        return found

    async def _write(self, ledger: Ledger, grown: Mapping[str, Growth]) -> int:
        """Write what was decided. Returns how many credentials had ended by then; whoever counts an end waits for others that do."""
        ends, ids = 0, {name: room.id for name, room in self._rooms.items()}
        drops, gone = self._records.dropping(ledger, after=13)
        if grown or drops:
            heads = [(ids[name], log.seq, log.nth) for name, log in grown.items()]
            posts = [(ids[room], *rest) for room, *rest, _ in ledger.posts]
            changes = [(ids[c.room], c.seq, c.body, c.about) for c in ledger.changes]
            columns = (*columns_of(heads, 3), *columns_of(posts, 6), *columns_of(changes, 4))
            ends = await self._connection.fetchval(Q.write.format(drops=drops), *columns, *gone)
        erasures = ledger.erasures
        if erasures:
            await self._erase(erasures, ids)
        edited = [(ids[k.room], k.seq, events.encode(e)) for k, e in ledger.edited.items()]
        await self._change(Q.set_edited, edited)
        if ledger.edited or erasures:  # now that whoever was indexing one of these has done so
            changed = {*ledger.edited, *(erasures.deleted if erasures else ())}
            await self._change(SEARCH.forget, [(ids[key.room], key.seq) for key in changed])
        await self._records.put_decided(ledger)
        for each, upto in erasures.trimmed.items() if erasures else ():
            await self._trim(each, ids[each], upto)
        return await self._connection.fetchval(Q.count_end) if ledger.ends_credentials else ends

    async def _erase(self, erasures: Erasures, ids: Mapping[str, int]) -> None:
        """Erase messages and events. Logs are trimmed later, when the rows are there that go with their events."""
        former = [(ids[key.room], key.seq, edit) for key, edit in erasures.former.items()]
        await self._change(Q.erase_former, former)
        await self._change(Q.set_deleted, [(ids[key.room], key.seq) for key in erasures.deleted])
        previews = [(ids[key.room], key.seq, event) for key, event in erasures.previews.items()]
        await self._change(Q.erase_previews, previews)
        unreacted = [(ids[key.room], key.seq, of) for key, of in erasures.unreacted]
        await self._change(Q.erase_reactions, unreacted)
        await self._change(Q.erase_names, [(ids[each], of) for each, of in erasures.unnamed])

    async def _change(self, query: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            await self._connection.execute(query, *columns_of(rows))
