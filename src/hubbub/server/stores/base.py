"""The contract of a store: what keeps each room's log and state, and gives the numbers."""

from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from hubbub.protocol.messages import Message, Post
from hubbub.rooms.access import Principal
from hubbub.rooms.ledger import Answer, Commit, Document, Head, Proposal
from hubbub.rooms.patterns import EVERY_NAME, Span

Publish = Callable[[Principal, Post], Awaitable[Answer]]
Durability = Literal["full", "normal"]
Progress = Callable[[str, int, int], None]  # what is done, of so many


class LogPage(NamedTuple):
    """Events after a position, in order and without a gap; may be fewer than asked for.

    `kept` is the first number still in the log: if it is beyond the next one wanted, there is a
    hole, and `bodies` is empty.
    """

    kept: int
    bodies: list[bytes]


class StoredPage(NamedTuple):
    """Messages, oldest first, and the head of the log they were read at."""

    head: int
    messages: list[Message]
    more: bool


class StoredRoom(NamedTuple):
    """A room as it is at one head: all of it was read in one transaction."""

    page: StoredPage
    document: Document


class RoomRow(NamedTuple):
    """A room in the list of rooms."""

    room: str
    head: int


class Token(NamedTuple):
    """A token that was given out, and is not revoked; of the token itself only the SHA-256 is known.

    `can` are rights, `rooms` patterns; `created_at` is RFC 3339, `expires_at` seconds since 1970.
    """

    id: str
    name: str
    digest: str
    can: tuple[str, ...]
    rooms: tuple[str, ...]
    created_at: str
    expires_at: float | None


class StoreFailed(Exception):
    """The database could not do it. Nothing of the commit is stored; reading may still work."""


class LogsReplaced(Exception):
    """Under this server others were put in the place of its logs, such as a backup's: it has to begin anew."""


class Store(Protocol):
    """Keeps logs and state. All that it returns is committed.

    Numbers are dense within a room; log and state change in one transaction; a change of `epoch`
    says that old positions mean nothing. Methods may be called at any time from the loop's thread.
    Where it is shared, any of them may raise `LogsReplaced`; then nothing that it returns can be used any more.
    """

    @property
    def epoch(self) -> str:
        """The identity of these logs."""

    @property
    def is_shared(self) -> bool:
        """Whether other nodes may add events to these logs, too."""

    @property
    def hint_key(self) -> bytes:
        """A secret that all nodes of these logs share, and nobody else has."""

    def commit(self, proposals: Sequence[Proposal], at: str) -> "Future[Commit]":
        """Begin to decide on, number and store a batch; done when it is durable, all or nothing.

        Batches are stored in the order of the calls. Fails with `StoreFailed`.
        """

    async def head(self, room: str) -> Head:
        """The room's last number and the first that is kept: (0, 1) if it has none."""

    async def heads(self, rooms: list[str]) -> dict[str, int]:
        """The last numbers of those of these rooms that have any."""

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        """Some events with after < seq <= upto, at least one if there are any."""

    async def snapshot(self, room: str, limit: int) -> StoredRoom:
        """The room's last messages, as in `history`, and its document, at one head."""

    async def history(
        self, room: str, before: int | None, after: int | None, limit: int
    ) -> StoredPage:
        """Messages next before or after a seq; neither: the last ones.

        At most `limit`, and fewer if they are large, but at least one if there are any.
        """

    async def document(self, room: str) -> Document:
        """The room's state document: ({}, 0) if it was never patched."""

    async def rooms(
        self, after: str, limit: int, spans: Sequence[Span] = EVERY_NAME
    ) -> list[RoomRow]:
        """Rooms with at least one event in these spans, by name, after a name. No others are read."""

    async def tokens_version(self) -> int:
        """Grows whenever a token was given out or revoked, by whatever process."""

    async def tokens(self) -> list[Token]:
        """All tokens that are not revoked."""

    async def trim(self, room: str, upto: int) -> None:
        """Forget the events and messages numbered up to `upto`; the document stays."""

    async def scrub(self) -> None:
        """Leave no trace in its files of what was deleted or trimmed, as far as the store can; to be called now and then.

        Fails with `StoreFailed`.
        """

    async def beat(self) -> None:
        """Say that a server uses these logs; to be said every few seconds. Fails with `StoreFailed`."""

    async def check(self) -> None:
        """Read and write once, for real. Fails with `StoreFailed`."""

    async def empty_outbox(self, publish: Publish) -> None:
        """Have posted what applications left in the database, as soon as they have committed it.

        Runs for as long as the server does; returns only if applications have no way to do that.
        """

    async def close(self) -> None:
        """Finish what was begun and let go of the files."""
