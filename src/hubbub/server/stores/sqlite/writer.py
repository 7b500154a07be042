"""The only writing connection: supplies the ledger's facts, and writes what it decides.

Runs in its own thread. Knows SQL, but no rules.
"""

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import apsw
import msgspec

from hubbub import events
from hubbub.domain.facts import (
    UNSTORABLE,
    Accepted,
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
from hubbub.domain.records import AnyTable, Prefix
from hubbub.domain.rules import Rules
from hubbub.server.stores import queries
from hubbub.server.stores.records import Between
from hubbub.server.stores.sqlite.entries import SqliteEntries
from hubbub.server.stores.sqlite.memory import RowMemory
from hubbub.server.stores.sqlite.reader import nths
from hubbub.server.stores.sqlite.records import SqliteRecords, in_chunks

Q = queries.load("sqlite")

MAX_KNOWN_ROOMS = 10_000
TRIMMED_AT_ONCE = 1_000  # messages, or fewer if they are indexed
UNINDEXED_AT_ONCE = 100  # which takes about 0.1 s
OF_A_VALUE = (apsw.ConstraintError, apsw.MismatchError, apsw.RangeError, apsw.TooBigError)

log = logging.getLogger(__name__)


class RoomRecord(NamedTuple):
    """A room that has events, with its head as of now in the transaction."""

    id: int
    head: Head


class WriteTransaction:
    """What happens in its block is committed together, or not at all. There is one after the other."""

    def __init__(self, database: apsw.Connection, forget: Callable[[], None]) -> None:
        """`forget` is called when the file may not be what it was known to be."""
        self._database = database
        self._execute = database.execute
        self._forget = forget
        self._version = database.data_version()  # of the file as this connection left it

    def __enter__(self) -> None:
        """Begin."""
        self._execute("BEGIN IMMEDIATE")
        if self._database.data_version() != self._version:
            self._forget()  # a command for operators has written

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        """Commit, or undo everything."""
        is_committed = False
        try:
            if failed is None:
                self._execute("COMMIT")
                is_committed = True
        finally:
            if not is_committed:
                self._forget()  # some may already have the values of the failed commit
                if not self._database.get_autocommit():
                    self._execute("ROLLBACK")
            self._version = self._database.data_version()


class SqliteWriter:
    """Commits batches, each in one transaction."""

    def __init__(self, database: apsw.Connection, rules: Rules, erased: Callable[[], None]) -> None:
        """`erased` is called when something was erased from the file."""
        self._rules = rules
        self._database = database
        self._execute = database.execute
        self._records = SqliteRecords(database)
        self._entries = SqliteEntries(database)
        self._rooms: dict[str, RoomRecord] = {}  # as in the file, as long as nobody else writes it
        self._memory = RowMemory()  # likewise
        self._ends: int | None = None  # likewise, once it was asked for
        self._transaction = WriteTransaction(database, self._forget)
        self._erased = erased
        self._trims = 0

    def commit(self, proposals: Sequence[Proposal], at: str) -> Commit:
        """Decide and write. Returns once it is flushed, or raises `apsw.Error` and changes nothing."""
        if len(self._rooms) > MAX_KNOWN_ROOMS:
            self._rooms.clear()
        try:
            with self._transaction:
                return self._decide(proposals, at)
        except Exception as error:
            if not _is_of_a_proposal(error):
                raise
        with self._transaction:
            return self._decide_apart(proposals, at)

    def trim(self, room: str, upto: int) -> bool:
        """Delete some of the first events up to number `upto`. Returns whether there are more of these."""
        with self._transaction:
            self._look_up([room])
            reached = self._trim(room, upto, TRIMMED_AT_ONCE, UNINDEXED_AT_ONCE)
        self._trims += 1
        self._erased()
        return reached < upto

    def index(self, room: str, after: int, upto: int) -> int:
        """Put messages into the index. Returns up to which."""
        with self._transaction:
            return self._entries.add(room, after, upto)

    def _trim(
        self, room: str, upto: int, messages: int | None = None, indexed: int | None = None
    ) -> int:
        """Delete the events up to a number, or only some messages at most. Returns up to which all are deleted."""
        if room not in self._rooms or upto < self._rooms[room].head.kept:
            return upto
        room_id, head = self._rooms[room]
        held, reached = self._entries.first(room_id, min(upto, head.seq), messages, indexed)
        self._entries.take_out(held)
        for query in (Q.trim_messages, Q.trim_changes):
            self._execute(query, (room_id, reached))
        for table in self._rules.trimmed:
            self._records.clear(table, room, between=Between(0, reached))
        head = head._replace(kept=reached + 1)
        self._execute(Q.set_kept, {"room": room_id, "kept": head.kept, "nth": head.nth})
        self._rooms[room] = RoomRecord(room_id, head)
        return upto if reached == head.seq else reached

    def put(
        self,
        rows: Iterable[tuple[AnyTable, Sequence[Prefix]]],
        gone: Iterable[tuple[AnyTable, Sequence[Prefix]]] = (),
    ) -> None:
        """Delete the records with the keys `gone`; write others, each in place of any with the same key."""
        with self._transaction:
            for table, keys in gone:
                self._records.drop(table, table.width, keys)
            for table, some in rows:
                self._records.put(table, some)
            self._memory.clear()

    def version_of_others(self) -> int:
        """A number that changes when other connections write the file, or a log is trimmed."""
        version: int = self._execute("PRAGMA data_version").get
        return version + self._trims

    def touch(self, at: str) -> None:
        """Write something, and flush it."""
        with self._transaction:
            self._execute(Q.touch, (at,))

    def _forget(self) -> None:
        """Know nothing of what the file holds."""
        self._rooms.clear()
        self._memory.clear()
        self._ends = None

    def _decide(self, proposals: Sequence[Proposal], at: str) -> Commit:
        wanted = self._rules.needs(proposals)
        ledger = Ledger(self._rules, wanted, self._facts(wanted), at)
        commit = ledger.decide(proposals)
        self._write(ledger)
        if ledger.erasures:
            self._erased()
        if ledger.ends_credentials or self._ends is None:
            self._ends = self._execute(Q.count_end if ledger.ends_credentials else Q.ends).get
        return commit.after_ends(self._ends)

    def _decide_apart(self, proposals: Sequence[Proposal], at: str) -> Commit:
        """Find the proposals that can't be written, by bisection, and refuse only these."""
        try:
            with self._database:
                return self._decide(proposals, at)
        except Exception as error:
            if not _is_of_a_proposal(error):
                raise
            self._forget()
            if len(proposals) == 1:
                log.error("Can't store a change: %s", type(error).__name__)
                return Commit([UNSTORABLE], [])
        half = len(proposals) // 2
        commit = self._decide_apart(proposals[:half], at)
        return commit.then(self._decide_apart(proposals[half:], at))

    def _facts(self, wanted: Needs) -> Facts:
        rooms = self._rooms
        if unknown := wanted.logs.difference(rooms):
            self._look_up(unknown)
        facts = Facts({name: rooms[name].head for name in wanted.logs if name in rooms})
        if wanted.posts:
            self._post_facts(facts, wanted.posts)
        if wanted.messages:
            self._message_facts(facts, wanted.messages)
        if wanted.last_edits:
            names = self._names(facts)
            for room_id, seq, edit in self._select(Q.last_edits, wanted.last_edits):
                facts.last_edits[MessageKey(names[room_id], seq)] = edit
        if wanted.nths:
            facts.nths.update(nths(self._database, wanted.nths))
        if wanted.rows or wanted.lists or wanted.counts:
            rest = self._memory.recall(wanted, facts)
            if rest.has_records:
                self._records.learn(rest, facts)
                self._memory.remember(rest, facts)
        return facts

    def _look_up(self, rooms: Collection[str]) -> None:
        """Load the records of rooms that exist."""
        if rooms:
            for name, room_id, *head in self._execute(Q.rooms_by_name, (_json(list(rooms)),)):
                self._rooms[name] = RoomRecord(room_id, Head(*head))

    def _post_facts(self, facts: Facts, keys: Iterable[PostKey]) -> None:
        names = self._names(facts)
        for room_id, message_id, owner, seq, at, mentions in self._select(Q.posts_by_key, keys):
            called = names[room_id], message_id, owner
            facts.posts[called] = Accepted(seq, at)
            if mentions is not None:
                facts.reached[called] = msgspec.json.decode(mentions)

    def _message_facts(self, facts: Facts, keys: Iterable[MessageKey]) -> None:
        names = self._names(facts)
        for room_id, seq, owner, is_deleted in self._select(Q.messages_by_seq, keys):
            facts.owners[names[room_id], seq] = owner
            if is_deleted:
                facts.deleted.add(MessageKey(names[room_id], seq))

    def _names(self, facts: Facts) -> dict[int, str]:
        return {self._rooms[name].id: name for name in facts.heads}

    def _select(self, query: str, keys: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        """Run a query over keys whose first part is a room's name; rooms that aren't there have none."""
        rooms = self._rooms
        wanted = [(rooms[room].id, *rest) for room, *rest in keys if room in rooms]
        return self._execute(query, (_json(wanted),)).fetchall()

    def _write(self, ledger: Ledger) -> None:
        ids = dict(map(self._grown, ledger.logs.grown.values()))
        if posts := ledger.posts:
            self._set(Q.add_messages, [(ids[room], *rest) for room, *rest, _ in posts])
        if changes := ledger.changes:
            self._set(Q.add_changes, [(ids[c.room], c.seq, c.body, c.about) for c in changes])
        erasures = ledger.erasures
        if ledger.edited or erasures:
            changed = {*ledger.edited, *(erasures.deleted if erasures else ())}
            self._entries.forget((ids[key.room], key.seq) for key in changed)
        if erasures:
            self._erase(erasures, ids)
        if edited := ledger.edited:
            encode = events.encode
            edits = [(ids[room], seq, encode(event)) for (room, seq), event in edited.items()]
            self._set(Q.set_edited, edits)
        if ledger.rows or ledger.dropped:
            self._records.write(ledger)
            self._memory.follow(ledger)
        for log_, upto in erasures.trimmed.items() if erasures else ():
            self._trim(log_, upto)

    def _erase(self, erasures: Erasures, ids: Mapping[str, int]) -> None:
        """Erase messages and events. Logs are trimmed later, when the rows are there that go with their events."""
        for key, edit in erasures.former.items():
            for query in (Q.erase_former, Q.erase_first):
                self._execute(query, {"room": ids[key.room], "seq": key.seq, "edit": edit})
        for key in erasures.deleted:
            for query in (Q.set_deleted, Q.erase_changes):
                self._execute(query, (ids[key.room], key.seq))
        for (room, message), event in erasures.previews.items():
            self._execute(Q.erase_previews, (ids[room], message, event))
        for (room, message), of in erasures.unreacted:
            self._execute(Q.erase_reactions, (ids[room], message, of))
        for log_, account in erasures.unnamed:
            self._execute(Q.erase_names, (ids[log_], account))

    def _grown(self, growth: Growth) -> tuple[str, int]:
        """Note a room's new head; returns its name and its id, which it gets with its first event."""
        name = growth.log
        room = self._rooms.get(name)
        room_id: int = room.id if room else self._execute(Q.add_room, (name,)).get
        self._rooms[name] = RoomRecord(room_id, growth.head)
        return name, room_id

    def _set(self, query: str, rows: list[tuple[Any, ...]]) -> None:
        """Insert or change many rows in few statements."""
        if len(rows) == 1:  # by far the most frequent
            self._execute(query, rows[0])
            return
        for count, values in in_chunks(rows):
            self._execute(_of_rows(query, count), values)


def _is_of_a_proposal(error: Exception) -> bool:
    """Whether an error was caused by the data, not by the database or its disk."""
    return isinstance(error, OF_A_VALUE) or not isinstance(error, apsw.Error)


@cache
def _of_rows(query: str, count: int) -> str:
    """Return a query with the values of one row, for so many."""
    before, row, after = re.split(r"(?<=VALUES )(\([?, ]+\))", query)
    return f"{before}{', '.join([row] * count)}{after}"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
