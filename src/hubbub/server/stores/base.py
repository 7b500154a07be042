"""The contract of a store, which keeps each room's log and state and assigns the numbers."""

from asyncio import Future
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, NamedTuple, Protocol

from hubbub.domain.aspects.document import Document
from hubbub.domain.facts import Answer, Commit, Facts, Head, MessageKey, Needs, Proposal
from hubbub.domain.patterns import EVERY_NAME, Span
from hubbub.domain.principals import Principal
from hubbub.domain.records import AnyTable, Prefix, R, Table
from hubbub.domain.threads import Thread
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Message, Post
from hubbub.server.stores.search import IndexPlace, WantedMessages

Publish = Callable[[Principal, Post], Awaitable[Answer]]
Durability = Literal["full", "normal"]
Progress = Callable[
    [str, int, int], None
]  # what is counted, how many are done, and how many there are

PAGE_ROWS = 1_000  # that one step of `some` reads
MANY_FOLLOWED, LOOKED_THROUGH = 2_000, 5_000  # see `Store.own_threads`
MOST_MENTIONS, MOST_REACTED, REACTIONS_COUNTED = 5, 3, 10_000  # see `Important`


def untold(_what: str, _done: int, _total: int) -> None:
    """Tell nobody of progress."""


class LogPage(NamedTuple):
    """Events after a position, in order and without gaps; there may be fewer than asked for.

    `kept` is the first number still in the log. If it is above the next one wanted, events are
    missing, and `bodies` is empty.
    """

    kept: int
    bodies: list[bytes]


class StoredPage(NamedTuple):
    """Messages, oldest first, with their threads, and the head of the log they were read at."""

    head: int
    messages: list[Message]
    more: bool
    threads: Sequence[Thread] = ()


class StoredRoom(NamedTuple):
    """A room at one head, read in one transaction. `pins` are the pinned messages, in the order of pinning."""

    page: StoredPage
    document: Document
    pins: tuple[int, ...] = ()


class StoredMessage(NamedTuple):
    """A message as it is now, and which of its room it is."""

    message: Message
    nth: int


class StoredMessages(NamedTuple):
    """The heads of rooms, and the first of the messages that were asked for; None for each that isn't there."""

    heads: dict[str, Head]
    found: list[StoredMessage | None]


class Written(NamedTuple):
    """What an author wrote in a part of a room, as far as it is not erased.

    `messages` are its messages there. `reactions` are messages that it reacted to in that part, and its reactions to them.
    """

    messages: tuple[int, ...]
    reactions: tuple[tuple[int, str], ...]


class RoomRow(NamedTuple):
    """A room in the list of rooms: its last number, and how many messages were ever posted."""

    room: str
    head: int
    nth: int


class OwnRoom(NamedTuple):
    """A made room of which an account is a member, as it is for that account: what lists of its rooms show.

    `people` of a direct are joined by spaces. `hidden`, `level`, `muted_until` and `starred` are as in `Placement`, `head` and
    `nth` as in `RoomRow`. `read` and `read_nth` are where its marker is (see `ReadMarker`); `unread` are the messages after
    that which are kept and not deleted, and `mentions` those of them that mention the account.
    """

    room: str
    kind: str
    title: str
    alias: str
    avatar: str
    people: str | None
    archived_at: str | None
    role: str
    hidden: int
    head: int
    nth: int
    read: int
    read_nth: int
    is_marked: bool
    level: str
    muted_until: float
    starred: bool
    unread: int
    mentions: int


class Selection(NamedTuple):
    """Which of an account's rooms: those after a key, at most so many, or some of these rooms.

    `only_shown`: without directs that are hidden and have no newer message.
    """

    after: str = ""
    limit: int | None = None
    only_shown: bool = False
    rooms: Sequence[str] | None = None


EVERY_ROOM = Selection()


class OwnThread(NamedTuple):
    """A thread that an account follows; the fields are those of `Thread` and `OwnRoom`."""

    thread: Thread
    head: int
    read: int
    read_nth: int
    is_marked: bool
    level: str
    muted_until: float
    starred: bool
    unread: int
    mentions: int


class Unseen(NamedTuple):
    """A part of a room that an account has not read: the events after a number, up to another one."""

    room: str
    after: int
    upto: int


class Important(NamedTuple):
    """The messages of such a part that matter most, by their numbers.

    `first` is the first that is not deleted. `mentions` are the last `MOST_MENTIONS` that mention the account, as `OwnRoom` counts
    them, the newest first; `reacted` the `MOST_REACTED` with the most reactions, of those that alike many have the newest.
    """

    room: str
    first: int | None
    mentions: tuple[int, ...]
    reacted: tuple[int, ...]


class Activity(NamedTuple):
    """A place in a list of threads, the one with the newest reply first: after a thread with a reply at that time."""

    at: str = "~"  # after any time
    thread: str = ""


class OwnThreads(NamedTuple):
    """Some threads that an account follows. `upto` is where to go on, None if there are no others; there may be none up to there."""

    threads: list[OwnThread]
    upto: Activity | None

    @classmethod
    def of(cls, rows: list[OwnThread], limit: int, edge: Activity | None) -> "OwnThreads":
        """Return at most `limit` of these rows, of which there may be one more, and which were looked for up to an edge."""
        if len(rows) <= limit:
            return cls(rows, edge)
        last = rows[limit - 1].thread
        return cls(rows[:limit], Activity(last.at, last.thread))


class Token(NamedTuple):
    """A token that was issued and not revoked. Only the SHA-256 of the token itself is known.

    `can` are scopes, `rooms` patterns; `created_at` is RFC 3339, `expires_at` seconds since 1970.
    """

    id: str
    name: str
    digest: str
    can: tuple[str, ...]
    rooms: tuple[str, ...]
    created_at: str
    expires_at: float | None


class StoreFailed(Exception):
    """The database failed. Nothing of the commit is stored; reading may still work."""


UNREADABLE = Refusal("unavailable", "The database can't be read; try again later", retry_after=1.0)


class LogsReplaced(Exception):
    """The server's logs were replaced by others, such as a backup's: it has to start again."""


async def some(
    store: "Records",
    table: Table[Any, R],
    *prefix: Any,
    after: str,
    limit: int,
    where: Callable[[R], bool],
) -> list[R]:
    """Return a page of those records that `where` wants, step by step, so that no single read is long. Raises StoreFailed."""
    found: list[R] = []
    while len(found) < limit:
        rows = await store.page(table, *prefix, after=after, limit=PAGE_ROWS)
        found += filter(where, rows)
        if len(rows) < PAGE_ROWS:
            break
        after = rows[-1][len(prefix)]
    return found[:limit]


async def by_account(store: "Records", table: Table[Any, R]) -> AsyncIterator[R]:
    """Yield all records whose keys begin with an account, read step by step; of one account at most `PAGE_ROWS`. Raises StoreFailed."""
    after = ""
    while page := await store.page(table, after=after, limit=PAGE_ROWS):
        last = page[-1][0]
        if len(page) == PAGE_ROWS and page[0][0] != last:  # there may be more of the last one
            page = [row for row in page if row[0] != last]
        for row in page:
            yield row
        after = page[-1][0]


class Turn(Protocol):
    """One node's turn at something that only one node may do at a time.

    What is put is stored at the end, and what is dropped is gone then, all or nothing; not if the block raises an exception or the
    turn was lost. No record is both put and dropped. All methods fail with `StoreFailed`.
    """

    async def get(self, table: Table[Any, R], keys: Sequence[Prefix]) -> list[R]:
        """Return the records with these keys, in any order, without what this turn has put."""

    async def put(self, table: Table[Any, R], rows: Sequence[R]) -> None:
        """Keep records, each in place of any with the same key."""

    async def drop(self, table: Table[Any, R], keys: Sequence[Prefix]) -> None:
        """Keep no records with these keys."""


class Log(Protocol):
    """The first contract: rooms' logs, and what follows from them: messages, threads, and lists of rooms.

    Numbers are dense within a room; log and state change in one transaction.
    """

    def commit(self, proposals: Sequence[Proposal], at: str) -> "Future[Commit]":
        """Start to decide on, number and store a batch. Done when it is durable, all or nothing.

        Batches are stored in the order of the calls. Fails with `StoreFailed`.
        """

    async def head(self, room: str) -> Head:
        """Return the room's head: (0, 1, 0) if it has no events."""

    async def heads(self, rooms: list[str]) -> dict[str, Head]:
        """Return the heads of these rooms, without rooms that have no events."""

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        """Return some events with after < seq <= upto, at least one if there are any."""

    async def snapshot(self, room: str, limit: int) -> StoredRoom:
        """Return the room's last messages, as in `history`, and its document, at one head."""

    async def history(
        self, room: str, before: int | None, after: int | None, limit: int
    ) -> StoredPage:
        """Return the messages just before or after a seq or, without one, the last messages.

        At most `limit`, fewer if they are large, but at least one if there are any.
        """

    async def messages(self, keys: Sequence[MessageKey]) -> StoredMessages:
        """Return some messages in the order of the keys: fewer if they are large, but at least one."""

    async def edits(self, key: MessageKey, after: int, limit: int) -> list[bytes]:
        """Return the `edited` events about a message after a number, in order: fewer if they are large, but at least one."""

    async def written(self, author: str, room: str, after: int, upto: int) -> Written:
        """Return what an author, given by its stable id, wrote in a room with after < seq <= upto. All of these are looked at."""

    async def document(self, room: str) -> Document:
        """Return the room's state document: ({}, 0) if it was never patched."""

    async def rooms(
        self, after: str, limit: int, spans: Sequence[Span] = EVERY_NAME
    ) -> list[RoomRow]:
        """Return rooms with at least one event, by name, after a name, within these spans. No others are read."""

    async def own_rooms(self, account: str, which: Selection = EVERY_ROOM) -> list[OwnRoom]:
        """Return the made rooms of which an account is a member, by their keys, all as of one time."""

    async def important(self, account: str, parts: Sequence[Unseen]) -> dict[str, Important]:
        """Return what matters most to an account in parts of different rooms. Of reactions, the last `REACTIONS_COUNTED` of each part are looked at, by their messages."""

    async def threads(self, room: str, after: int, upto: int, limit: int) -> list[Thread]:
        """Return threads of a room about messages with after < seq <= upto, in this order."""

    async def newest_threads(self, room: str, after: Activity, limit: int) -> list[Thread]:
        """Return threads of a room, the one with the newest reply first, after a place in this order. No others are read."""

    async def own_threads(
        self, account: str, after: Activity, limit: int, only_unread: bool = False
    ) -> OwnThreads:
        """Return threads that an account follows, as `newest_threads` does; perhaps only those where it may have to read.

        At most `MANY_FOLLOWED` are looked at; or, if an account is in more rooms and threads, the next `LOOKED_THROUGH` of the server.
        """

    async def trim(self, room: str, upto: int) -> None:
        """Delete the events and messages up to number `upto`; the document stays."""


class Records(Protocol):
    """The second contract: records of any table (see `domain.records`), which only commits and turns change."""

    @property
    def ends(self) -> int:
        """How many credentials of accounts had ended, or tokens were changed, when anything was read that it has returned so far."""

    async def count_ends(self) -> int:
        """Return `ends` as it is now."""

    async def find(self, wanted: Needs) -> Facts:
        """Return heads of logs, rows and counts, as the rules ask for them. No row is older than the heads are.

        It knows no posts or messages.
        """

    async def rows(self, table: Table[Any, R], *prefix: Any) -> list[R]:
        """Return the records whose keys begin so, in the order of their keys."""

    async def page(
        self, table: Table[Any, R], *prefix: Any, after: str = "", limit: int
    ) -> list[R]:
        """Return at most so many records, as `rows` does, whose next column is a text after this one. No others are read."""

    async def by(self, table: Table[Any, R], column: str, values: Sequence[Any]) -> list[R]:
        """Return the records with one of these values in a column that has an index, in any order."""

    async def largest(self, table: Table[Any, R], column: str, limit: int) -> list[R]:
        """Return the records with the largest numbers in a column that has an index, the largest first."""

    async def total(self, table: AnyTable, summed: str, column: str, value: Any = None) -> int:
        """Return the sum of a column over the records with this value in another one, which has an index; over all without a value."""

    async def totals(self, table: AnyTable, summed: str, column: str) -> dict[str, int]:
        """Return the sums of a column over the records with each value of another one, which has an index."""

    def turn(self, name: str) -> AbstractAsyncContextManager[Turn | None]:
        """Take the turn at something for the length of a block; it is None if another node has it.

        A node that dies loses its turn. So does one that is neither getting nor putting anything for 30 s.
        Fails with `StoreFailed`: at the end of the block, if the turn was lost.
        """


class MessageIndex(Protocol):
    """The third contract: an index of messages. It only proposes; what is found is compared with the messages."""

    async def index(self, room: str, after: int, upto: int) -> int:
        """Put into the index what was posted or edited in a room with after < seq <= upto, and isn't there yet, as it is now.

        Returns up to which seq that is so: less than `upto` if the messages are long. At least one is put in.
        Whatever changes or deletes a message takes it out in the same commit, or before `trim` returns.
        """

    async def search(self, wanted: WantedMessages) -> list[IndexPlace]:
        """Return the newest messages in the index that may match, the newest first. Raises TooSlow, StoreFailed."""


class Store(Log, Records, MessageIndex, Protocol):
    """Keeps logs, records and an index in one database, with what that database needs. Everything it returns is committed.

    A new `epoch` means that old positions are invalid. Methods may be called at any time from the loop's thread. Any method
    of a shared store may raise `LogsReplaced`; then nothing that the store returned is valid any more.
    """

    @property
    def epoch(self) -> str:
        """The identity of these logs."""

    @property
    def is_shared(self) -> bool:
        """Whether other nodes may also add events to these logs."""

    @property
    def hint_key(self) -> bytes:
        """A secret that only the nodes of these logs share."""

    async def version_of_others(self) -> int:
        """A number that is another one if others may have added events meanwhile (other nodes, or commands for operators), or if a log was trimmed."""

    async def scrub(self) -> None:
        """Erase traces of deleted or trimmed data from its files, as far as the store can. Called from time to time.

        Fails with `StoreFailed`.
        """

    async def beat(self) -> None:
        """Record that a server uses these logs. Called every few seconds. Fails with `StoreFailed`."""

    async def check(self) -> None:
        """Read and write once, for real. Fails with `StoreFailed`."""

    async def empty_outbox(self, publish: Publish) -> None:
        """Post what applications leave in the database as soon as they have committed it.

        Runs as long as the server; returns only if applications have no way to do that.
        """

    async def close(self) -> None:
        """Finish pending work and close the files."""
