"""Fakes of the parts around the core: a clock that jumps, a store in memory, a peer that may stall."""

import asyncio
import selectors
import socket
from asyncio import Future
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from itertools import count
from typing import Any, NamedTuple, ParamSpec

from hubbub import events
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.conversation.pins import PINS
from hubbub.domain.aspects.document import Document
from hubbub.domain.aspects.reactions import REACTIONS
from hubbub.domain.facts import (
    EVERYONE,
    Accepted,
    Answer,
    Commit,
    Facts,
    Head,
    MessageKey,
    Needs,
    PostKey,
    Proposal,
)
from hubbub.domain.identity import NAMELESS, outbox_application, token_holder, visitor
from hubbub.domain.identity import user as user_id
from hubbub.domain.ledger import Ledger
from hubbub.domain.patterns import EVERY_NAME, Span
from hubbub.domain.principals import Principal, Role
from hubbub.domain.records import AnyTable, Prefix, R, Table
from hubbub.domain.rules import Rules
from hubbub.domain.search.matching import matches
from hubbub.domain.tables.accounts import BLOCKS
from hubbub.domain.tables.markers import MARKER, MENTION, ReadMarker
from hubbub.domain.tables.rooms import MEMBER, PLACE, ROOM, Placement
from hubbub.domain.threads import THREAD, Thread
from hubbub.domain.view import RoomView
from hubbub.events import Edited, Posted, Reacted, Unreacted
from hubbub.protocol import keys
from hubbub.protocol.messages import Message
from hubbub.protocol.wires import NATIVE, Wire
from hubbub.server.engine.journal import Journal
from hubbub.server.stores.base import (
    EVERY_ROOM,
    MOST_MENTIONS,
    MOST_REACTED,
    Activity,
    Important,
    LogPage,
    OwnRoom,
    OwnThread,
    OwnThreads,
    Publish,
    RoomRow,
    Selection,
    StoredMessage,
    StoredMessages,
    StoredPage,
    StoredRoom,
    StoreFailed,
    Token,
    Turn,
    Unseen,
    Written,
)
from hubbub.server.stores.records import Between
from hubbub.server.stores.search import IndexPlace, WantedMessages, id_of, searched
from hubbub.server.stores.tables import OWN
from hubbub.server.stores.tokens import TOKENS, row_of
from hubbub.server.transports.socket_outlet import SocketOutlet
from tests.support.records import MemoryRecords

Parameters = ParamSpec("Parameters")

AT = "2026-11-23T09:00:00.123Z"
EPOCH = "e1"
HIGH_WATER = 65_536  # bytes queued, above which a peer is waited for
PAGE_EVENTS = 5  # small, so that reading on takes several pages


def guest(name: str, key: str | None = None) -> Principal:
    """A guest who chose a name, and perhaps a key."""
    return Principal(name, Role.GUEST, visitor(name, key))


def stranger(name: str) -> Principal:
    """A guest who chose none, and was given one."""
    return Principal(name, Role.GUEST, visitor(name), key_owner=NAMELESS)


def holder(name: str) -> Principal:
    """One who has a token."""
    return Principal(name, Role.TOKEN, token_holder(name))


def outbox_by(name: str) -> Principal:
    """An application that posts by the outbox."""
    return Principal(name, Role.TOKEN, outbox_application(name))


def user(name: str, subject: str) -> Principal:
    """One who comes with a JWT."""
    return Principal(name, Role.USER, user_id("https://app.example.org", subject))


def account(name: str) -> Principal:
    """An account of this server; its key is made of the name, which must be in letters of base 32."""
    key = f"{keys.ACCOUNT}{name:0<12}"
    return Principal(key, Role.ACCOUNT, key)


ADA, GRACE = guest("ada", "ada's secret key"), guest("grace", "grace's secret key")


# --- time -----------------------------------------------------------------------------------------


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock all but stands while anything can run, and jumps when all wait.

    If all wait and no timer is set, nobody will ever go on: that is an error, not a hang. Where it
    `is_alone`, there are neither threads nor sockets to look for.
    """

    def __init__(self, *, is_alone: bool = False) -> None:
        self.now = 0.0
        super().__init__(_Jump(self, is_alone=is_alone))

    def time(self) -> float:
        return self.now


class _Jump(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop, *, is_alone: bool) -> None:
        super().__init__()
        self._loop = loop
        self._is_alone = is_alone

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = [] if self._is_alone else super().select(0)
        self._loop.now += 1e-9  # each turn takes a moment, or who sleeps for less would never wake
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("everyone waits for someone else, for ever")
        self._loop.now += timeout
        return []


def timeless(
    test: Callable[Parameters, Coroutine[Any, Any, None]],
) -> Callable[Parameters, None]:
    """Run an async test on a loop of its own, on which waiting takes no time."""

    @wraps(test)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        unheard: list[dict[str, Any]] = []
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.get_loop().set_exception_handler(lambda _, context: unheard.append(context))
            runner.run(test(*args, **kwargs))
        assert not unheard

    return run


async def settle() -> None:
    """Let everything run that can, until all wait."""
    await asyncio.sleep(1e-6)  # the clock only jumps when nobody else can run


# --- a store --------------------------------------------------------------------------------------


async def answer_of(journal: Journal, proposal: Proposal) -> Answer:
    """Submit a proposal and wait for its answer."""
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    journal.submit(proposal, answered.set_result)
    return await answered


class _First(NamedTuple):
    seq: int
    at: str


class MemoryStore:
    """A store that keeps only logs, and folds them to answer: the contract in its plainest form."""

    is_shared = False
    hint_key = b""  # there are no other nodes

    def __init__(self, epoch: str = EPOCH, rules: Rules = RULES) -> None:
        self.epoch = epoch
        self._rules = rules
        self.logs: dict[str, list[bytes]] = {}
        self.records = MemoryRecords([*rules.tables, *OWN])
        self.kept: dict[str, int] = {}
        self._views: dict[str, RoomView] = {}
        self._first_answers: dict[PostKey, _First] = {}
        self._owners: dict[MessageKey, str] = {}
        self.commits: list[Sequence[Proposal]] = []  # all that was asked for, in order
        self.is_failing = False
        self.ends = 0
        self.indexed: set[MessageKey] = set()  # messages that can be found
        self._looks = count()

    def commit(self, proposals: Sequence[Proposal], at: str) -> "Future[Commit]":
        self.commits.append(proposals)
        done: Future[Commit] = asyncio.get_running_loop().create_future()
        self._finish(done, proposals, at)
        return done

    async def version_of_others(self) -> int:
        return next(self._looks)

    async def head(self, room: str) -> Head:
        self._fail_if_asked()
        return self._head(room)

    async def heads(self, rooms: list[str]) -> dict[str, Head]:
        self._fail_if_asked()
        return {room: self._head(room) for room in self.logs if room in rooms}

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        self._fail_if_asked()
        kept = self.kept.get(room, 1)
        if after + 1 < kept:
            return LogPage(kept, [])
        bodies = self.logs.get(room, [])[after:upto]
        return LogPage(kept, bodies[:PAGE_EVENTS])

    async def snapshot(self, room: str, limit: int) -> StoredRoom:
        page, document = await self.history(room, None, None, limit), await self.document(room)
        pins = [seq for seq in self._view(room).pins if seq >= self.kept.get(room, 1)]
        return StoredRoom(page, document, tuple(pins))

    async def history(
        self, room: str, before: int | None, after: int | None, limit: int
    ) -> StoredPage:
        self._fail_if_asked()
        messages = [m for m in self._messages(room) if before is None or m.seq < before]
        if after is not None:
            messages = [m for m in messages if m.seq > after]
            page = messages[:limit]
        else:
            page = messages[-limit:]
        threads: Sequence[Thread] = ()
        if page and keys.is_room_key(room):
            threads = await self.threads(room, page[0].seq - 1, page[-1].seq, limit)
        return StoredPage(len(self.logs.get(room, [])), page, len(messages) > limit, threads)

    async def messages(self, keys: Sequence[MessageKey]) -> StoredMessages:
        self._fail_if_asked()
        found = [(self.nths(key.room).get(key.seq), key) for key in keys]
        return StoredMessages(
            {key.room: self._head(key.room) for key in keys if key.room in self.logs},
            [
                StoredMessage(self._view(key.room).messages[key.seq], nth) if nth else None
                for nth, key in found
            ],
        )

    async def edits(self, key: MessageKey, after: int, limit: int) -> list[bytes]:
        self._fail_if_asked()
        log = self.logs.get(key.room, [])[max(after, self.kept.get(key.room, 1) - 1) :]
        found = [(self._rules.events.decode(body), body) for body in log]
        return [b for e, b in found if isinstance(e, Edited) and e.message == key.seq][:limit]

    async def written(self, author: str, room: str, after: int, upto: int) -> Written:
        self._fail_if_asked()
        views = self._view(room).messages
        log = [
            self._rules.events.decode(body)
            for body in self.logs.get(room, [])[max(after, self.kept.get(room, 1) - 1) :]
        ]
        messages = [
            event.seq
            for event in log
            if isinstance(event, Posted) and event.seq <= upto and not views[event.seq].deleted
            if self._owners[MessageKey(room, event.seq)] == author
        ]
        acts = [
            e for e in log if isinstance(e, Reacted | Unreacted) and not e.erased and e.by == author
        ]
        told = {event.message for event in acts if event.seq <= upto}
        reactions = sorted({(e.message, e.emoji) for e in acts if e.message in told})
        return Written(tuple(messages), tuple(reactions))

    async def document(self, room: str) -> Document:
        self._fail_if_asked()
        return self._document(room)

    async def rooms(
        self, after: str, limit: int, spans: Sequence[Span] = EVERY_NAME
    ) -> list[RoomRow]:
        self._fail_if_asked()
        names = [name for name in self.logs if any(low <= name < high for low, high in spans)]
        names = sorted(name for name in names if name > after)[:limit]
        return [RoomRow(name, len(self.logs[name]), self._head(name).nth) for name in names]

    async def own_rooms(self, account: str, which: Selection = EVERY_ROOM) -> list[OwnRoom]:
        self._fail_if_asked()
        places = self.records.read(PLACE, account)
        found = [self._own_room(place) for place in places if keys.is_room_key(place.room)]
        return [
            row
            for row in found
            if row.room > which.after
            and (which.rooms is None or row.room in which.rooms)
            and not (
                which.only_shown
                and row.hidden
                and all(m.seq <= row.hidden for m in self._messages(row.room))
            )
        ][: which.limit]

    def _own_room(self, place: Placement) -> OwnRoom:
        (room,) = self.records.read(ROOM, place.room)
        (member,) = self.records.read(MEMBER, place.room, place.account)
        (marker,) = self.records.read(MARKER, place.room, place.account)
        head = self._head(place.room)
        return OwnRoom(
            *(
                room.room,
                room.kind,
                room.title,
                room.alias,
                room.avatar,
                room.people,
                room.archived_at,
            ),
            *(member.role, place.hidden, head.seq, head.nth),
            *(marker.seq, marker.nth, marker.is_marked),
            *(place.level, place.muted_until, place.starred),
            *self._unread(marker),
        )

    def _unread(self, marker: ReadMarker) -> tuple[int, int]:
        """How many messages are after a marker, and how many of them mention its account."""
        messages = self._messages(marker.room)
        unread = {m.seq for m in messages if m.seq > marker.seq and not m.deleted}
        unheard = {each.blocked for each in self.records.read(BLOCKS, marker.account)}
        unheard.add(marker.account)
        mentions = {
            each.seq
            for each in self.records.read(MENTION, marker.room)
            if each.account in (marker.account, EVERYONE) and each.by not in unheard
        }
        return len(unread), len(unread & mentions)

    async def important(self, account: str, parts: Sequence[Unseen]) -> dict[str, Important]:
        self._fail_if_asked()
        there = [part for part in parts if self._head(part.room).seq]
        return {part.room: self._important(account, part) for part in there}

    def _important(self, account: str, part: Unseen) -> Important:
        def within(seq: int) -> bool:
            return part.after < seq <= part.upto

        first = [m.seq for m in self._messages(part.room) if within(m.seq) and not m.deleted]
        unheard = {row.blocked for row in self.records.read(BLOCKS, account)} | {account}
        mentions = {
            row.seq
            for row in self.records.read(MENTION, part.room)
            if row.account in (account, EVERYONE) and row.by not in unheard and within(row.seq)
        }
        reactions = Counter(
            row.message for row in self.records.read(REACTIONS, part.room) if within(row.message)
        )
        reacted = sorted(reactions, key=lambda seq: (-reactions[seq], -seq))
        return Important(
            part.room,
            min(first, default=None),
            tuple(sorted(mentions, reverse=True)[:MOST_MENTIONS]),
            tuple(reacted[:MOST_REACTED]),
        )

    async def threads(self, room: str, after: int, upto: int, limit: int) -> list[Thread]:
        self._fail_if_asked()
        rows = sorted(self.records.read(THREAD), key=lambda row: row.message)
        return [r for r in rows if r.room == room and after < r.message <= upto][:limit]

    async def newest_threads(self, room: str, after: Activity, limit: int) -> list[Thread]:
        self._fail_if_asked()
        rows = [row for row in self.records.read(THREAD) if row.room == room]
        rows.sort(key=lambda row: (row.at, row.message), reverse=True)
        bound = after.at, keys.root_of(after.thread)
        return [row for row in rows if (row.at, row.message) < bound][:limit]

    async def own_threads(
        self, account: str, after: Activity, limit: int, only_unread: bool = False
    ) -> OwnThreads:
        self._fail_if_asked()
        followed = {place.room: place for place in self.records.read(PLACE, account)}
        rows = [
            self._own_thread(row, followed[row.thread])
            for row in self.records.read(THREAD)
            if row.thread in followed and (row.at, row.thread) < after
        ]
        rows.sort(key=lambda row: (row.thread.at, row.thread.thread), reverse=True)
        new = [row for row in rows if row.read_nth < row.thread.nth or row.is_marked]
        return OwnThreads.of(new if only_unread else rows, limit, None)

    def _own_thread(self, row: Thread, place: Placement) -> OwnThread:
        (marker,) = self.records.read(MARKER, row.thread, place.account)
        unread, mentions = self._unread(marker)
        return OwnThread(
            *(row, self._head(row.thread).seq, marker.seq, marker.nth, marker.is_marked),
            *(place.level, place.muted_until, place.starred, unread, mentions),
        )

    async def count_ends(self) -> int:
        self._fail_if_asked()
        return self.ends

    async def find(self, wanted: Needs) -> Facts:
        self._fail_if_asked()
        return self._facts(wanted)

    async def rows(self, table: Table[Any, R], *prefix: Any) -> list[R]:
        self._fail_if_asked()
        return list(self.records.read(table, *prefix))

    async def page(
        self, table: Table[Any, R], *prefix: Any, after: str = "", limit: int
    ) -> list[R]:
        rows = await self.rows(table, *prefix)
        return [row for row in rows if row[len(prefix)] > after][:limit]

    async def by(self, table: Table[Any, R], column: str, values: Sequence[Any]) -> list[R]:
        return [row for row in await self.rows(table) if getattr(row, column) in values]

    async def largest(self, table: Table[Any, R], column: str, limit: int) -> list[R]:
        rows = await self.rows(table)
        return sorted(rows, key=lambda row: getattr(row, column), reverse=True)[:limit]

    async def total(self, table: AnyTable, summed: str, column: str, value: Any = None) -> int:
        rows = await self.rows(table)
        return sum(getattr(row, summed) for row in rows if value in (None, getattr(row, column)))

    async def totals(self, table: AnyTable, summed: str, column: str) -> dict[str, int]:
        found = Counter[str]()
        for row in await self.rows(table):
            found[getattr(row, column)] += getattr(row, summed)
        return dict(found)

    def give(self, *tokens: Token) -> None:
        """Have exactly these tokens."""
        self.ends += 1
        self.records.clear(TOKENS)
        self.records.rows[TOKENS] = {(token.id,): row_of(token) for token in tokens}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[Turn]:
        self._fail_if_asked()
        turn = MemoryTurn(self.records)
        yield turn
        self._fail_if_asked()
        for table, key in turn.dropped:
            self.records.rows[table].pop(key, None)
        for table, row in turn.put_rows:
            self.records.rows[table][row[: table.width]] = row

    async def trim(self, room: str, upto: int) -> None:
        self._fail_if_asked()
        self._trim(room, upto)

    def _trim(self, room: str, upto: int) -> None:
        if room in self.logs:
            upto = max(0, min(upto, len(self.logs[room])))
            self.kept[room] = max(self.kept.get(room, 1), upto + 1)
            for table in self._rules.trimmed:
                self.records.clear(table, room, between=Between(0, upto))

    async def index(self, room: str, after: int, upto: int) -> int:
        self._fail_if_asked()
        for body in self.logs.get(room, [])[after:upto]:
            match self._rules.events.decode(body):
                case Posted(seq=seq) | Edited(message=seq, erased=False):
                    self.indexed.add(MessageKey(room, seq))
        return upto

    async def search(self, wanted: WantedMessages) -> list[IndexPlace]:
        """Look at each message that was indexed, in rooms that anybody may read."""
        self._fail_if_asked()
        found = []
        for room, seq in self.indexed:
            message = self._view(room).messages[seq]
            place = keys.parent_of(room)
            if seq < self.kept.get(room, 1) or message.deleted:
                continue
            if wanted.rooms is not None and not {room, place} & {*wanted.rooms}:
                continue
            if wanted.rooms is None and not keys.is_made_key(room):
                continue
            pinned = any(p.message == seq for p in self.records.read(PINS, room))
            if "pinned" in wanted.query.of_kind and not pinned:
                continue
            given = searched(room, message)
            id_ = id_of(room, message)
            if matches(wanted.query, given) is not None and wanted.low <= id_ < wanted.high:
                found.append(IndexPlace(id_, room, seq))
        return sorted(found, reverse=True)[: wanted.limit]

    async def scrub(self) -> None:
        self._fail_if_asked()

    async def beat(self) -> None:
        self._fail_if_asked()

    async def check(self) -> None:
        self._fail_if_asked()

    async def empty_outbox(self, publish: Publish) -> None:
        """There is none."""

    async def close(self) -> None:
        pass

    def message(self, room: str, seq: int | None) -> Message | None:
        """A message as it is now, even if it is no longer kept."""
        return self._view(room).messages.get(seq or 0)

    def seq_of(self, key: PostKey) -> int | None:
        """The number of a post that is in the log."""
        first = self._first_answers.get(key)
        return first.seq if first else None

    def _fail_if_asked(self) -> None:
        if self.is_failing:
            raise StoreFailed("the disk is full")

    def _finish(self, done: "Future[Commit]", proposals: Sequence[Proposal], at: str) -> None:
        if self.is_failing:
            done.set_exception(StoreFailed("the disk is full"))
            return
        wanted = self._rules.needs(proposals)
        ledger = Ledger(self._rules, wanted, self._facts(wanted), at)
        commit = ledger.decide(proposals)
        self.ends += ledger.ends_credentials
        commit = commit.after_ends(self.ends)
        self.records.write(ledger)
        for post in ledger.posts:
            self._owners[MessageKey(post.room, post.seq)] = post.owner
            if post.key is not None:
                self._first_answers[post.key] = _First(post.seq, at)
        for batch in commit.batches:
            log = self.logs.setdefault(batch.room, [])
            log += batch.bodies
            if gone := events.gone_in(batch.bodies):
                log[:] = events.without(log, gone)
            for body in batch.bodies:
                self._rules.fold(self._view(batch.room), self._rules.events.decode(body))
        for log_, upto in ledger.erasures.trimmed.items() if ledger.erasures else ():
            self._trim(log_, upto)
        done.set_result(commit)

    def nths(self, room: str) -> dict[int, int]:
        """Which of its room each message is that is kept, by seq; all that were ever posted are counted."""
        seqs = enumerate(self._view(room).messages, start=1)
        return {seq: nth for nth, seq in seqs if seq >= self.kept.get(room, 1)}

    def _head(self, room: str) -> Head:
        log, messages = self.logs.get(room, []), self._view(room).messages
        return Head(len(log), self.kept.get(room, 1), len(messages))

    def _view(self, room: str) -> RoomView:
        return self._views.setdefault(room, RoomView())

    def _messages(self, room: str) -> list[Message]:
        kept = self.kept.get(room, 1)
        return [m for seq, m in self._view(room).messages.items() if seq >= kept]

    def _document(self, room: str) -> Document:
        view = self._view(room)
        return Document(view.state, view.state_seq)

    def _facts(self, wanted: Needs) -> Facts:
        facts = Facts()
        self.records.learn(wanted, facts)
        for log in wanted.logs:
            facts.heads[log] = self._head(log)
        for key in wanted.posts & self._first_answers.keys():
            if self._first_answers[key].seq >= self.kept.get(key.room, 1):
                facts.posts[key] = first = Accepted(*self._first_answers[key])
                posted = self._view(key.room).messages[first.seq or 0]
                if not (posted.edited_at or posted.deleted):
                    facts.reached[key] = posted.mentions or ()
        for place in wanted.nths:
            facts.nths[place] = sum(seq <= place.seq for seq in self._view(place.room).messages)
        for message in wanted.messages:
            self._learn(facts, message)
        for message in wanted.last_edits:
            edits = (self._rules.events.decode(body) for body in self.logs.get(message.room, []))
            for edit in edits:
                if isinstance(edit, Edited) and edit.message == message.seq:
                    facts.last_edits[message] = edit.seq
        return facts

    def _learn(self, facts: Facts, key: MessageKey) -> None:
        message = self._view(key.room).messages.get(key.seq)
        if message is None or key.seq < self.kept.get(key.room, 1):
            return
        facts.owners[key] = self._owners[key]
        if message.deleted:
            facts.deleted.add(key)


class MemoryTurn:
    """Keeps what is put until the end."""

    def __init__(self, records: MemoryRecords) -> None:
        self._records = records
        self.put_rows: list[tuple[AnyTable, Any]] = []
        self.dropped: list[tuple[AnyTable, Any]] = []

    async def get(self, table: Table[Any, R], keys: Sequence[Prefix]) -> list[R]:
        return [self._records.rows[table][key] for key in keys if key in self._records.rows[table]]

    async def put(self, table: Table[Any, R], rows: Sequence[R]) -> None:
        self.put_rows += [(table, row) for row in rows]

    async def drop(self, table: Table[Any, R], keys: Sequence[Prefix]) -> None:
        self.dropped += [(table, key) for key in keys]


class HeldStore(MemoryStore):
    """A store whose commits take until `finish` or `fail` is called, one call each."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[tuple[Future[Commit], Sequence[Proposal], str]] = []

    def commit(self, proposals: Sequence[Proposal], at: str) -> "Future[Commit]":
        self.commits.append(proposals)
        done: Future[Commit] = asyncio.get_running_loop().create_future()
        self._held.append((done, proposals, at))
        return done

    async def finish(self) -> None:
        """Let the oldest commit succeed, and what hangs on it happen."""
        self._finish(*self._held.pop(0))
        await settle()

    async def fail(self, error: Exception | None = None) -> None:
        """Let the oldest commit fail."""
        done, _, _ = self._held.pop(0)
        done.set_exception(error or StoreFailed("the disk is full"))
        await settle()


# --- a peer ---------------------------------------------------------------------------------------


class Peer(asyncio.Transport):
    """The far end of one connection, seen through a transport that queues while the peer is stalled.

    `received` is what it has got. A direct peer's socket (a pair within this process) is written to
    as well; any other is said to be under TLS, where all goes through the transport.
    """

    def __init__(
        self,
        wire: Wire = NATIVE,
        is_direct: bool = False,
        outlet: type[SocketOutlet] = SocketOutlet,
    ) -> None:
        self.near, self.far = socket.socketpair()
        for end in (self.near, self.far):
            end.setblocking(False)
        self.is_direct = is_direct
        self._received = bytearray()
        self._queued = bytearray()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._is_closing = False
        self.was_aborted = self.was_finished = False
        self.outlet = outlet(self, self, wire, is_told=True)

    @property
    def received(self) -> bytes:
        self._drink()
        return bytes(self._received)

    def take(self) -> bytes:
        """What it has got since the last `take`."""
        taken = self.received
        self._received.clear()
        return taken

    def stall(self) -> None:
        """Listen no more: what is written is queued."""
        self._flowing.clear()

    def listen(self) -> None:
        """Take what is queued, and what comes."""
        self._drink()
        self._received += self._queued
        self._queued.clear()
        self._flowing.set()

    def vanish(self) -> None:
        """Be gone: whoever waits for it finds out."""
        self._is_closing = True
        self.outlet.lost()
        self._flowing.set()

    def dispose(self) -> None:
        """Give the descriptors back."""
        self.near.close()
        self.far.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"socket": self.near, "sslcontext": None if self.is_direct else "TLS"}[name]

    def get_write_buffer_size(self) -> int:
        return len(self._queued)

    def is_closing(self) -> bool:
        return self._is_closing

    def write(self, data: Any) -> None:
        self._drink()
        if self._flowing.is_set():
            self._received += data
        else:
            self._queued += data

    def close(self) -> None:
        self._is_closing = True

    def can_write_eof(self) -> bool:
        return self.is_direct  # TLS has no half-closed connections

    def write_eof(self) -> None:
        self.was_finished = True

    def abort(self) -> None:
        self._is_closing = self.was_aborted = True

    async def drain(self) -> None:
        if len(self._queued) > HIGH_WATER:  # as transports do: a little may stay queued
            await self._flowing.wait()

    def _drink(self) -> None:
        try:
            while data := self.far.recv(65536):
                self._received += data
        except (BlockingIOError, OSError):
            pass


def unframe(stream: bytes) -> Iterator[bytes]:
    """The payloads of unmasked WebSocket frames."""
    at = 0
    while at < len(stream):
        size, start = stream[at + 1], at + 2
        if size == 126:
            size, start = int.from_bytes(stream[start : start + 2], "big"), start + 2
        elif size == 127:
            size, start = int.from_bytes(stream[start : start + 8], "big"), start + 8
        at = start + size
        assert at <= len(stream), "a frame was cut off"
        yield stream[start:at]
