"""The rows of a store, independent of its engine: the form in which one store is copied to another."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from hubbub.domain.records import R, Table
from hubbub.protocol.messages import Message
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.notifications import NOTIFICATIONS, VAPID_KEY
from hubbub.server.stores.positions import POSITIONS
from hubbub.server.stores.records import Between
from hubbub.server.stores.tokens import TOKENS

OWN = (TOKENS, POSITIONS, VAPID_KEY, NOTIFICATIONS)  # tables of records that belong to no aspect
PAGE = 1_000  # events
# Of a room's name: it is reserved, and the server did not make it (see `protocol.keys`).
IS_RESERVED = """
    name >= '@' AND name < 'A' AND name NOT IN ('@audit', '@directory')
    AND NOT (length(name) = 14 AND substr(name, 2, 1) IN ('p', 'r'))
"""
# Of the names of tokens in use: they are reserved.
RESERVED_TOKENS = "revoked_at IS NULL AND name >= '@' AND name < 'A'"
UNFINISHED = "unfinished_copy"  # in meta, until the copy is known to be complete


def check_finished(meta: Mapping[str, str]) -> None:
    """Raise StoreFailed if these tables are an unfinished copy."""
    if UNFINISHED in meta:
        raise StoreFailed(
            "the copy is unfinished: stop the server that uses its source,"
            " and run the same `hubbub db copy` again"
        )


def check_version(version: int, newest: int) -> None:
    """Raise StoreFailed if read-only tables are not of the current version."""
    if version > newest:
        raise StoreFailed(f"a newer hubbub wrote the source (schema version {version})")
    if version < newest:
        raise StoreFailed(
            "an older hubbub wrote the source: start this version on it once to upgrade it"
        )


class RoomState(NamedTuple):
    """A room, without its events."""

    name: str
    head: int
    kept: int
    nth: int


class MessageState(NamedTuple):
    """A message: the event that posted it, and its current state."""

    seq: int
    posted: bytes
    client_message_id: str | None
    owner: str
    edited: bytes | None
    is_deleted: bool
    nth: int


class IndexFault(NamedTuple):
    """A message that the index lacks ("missing"), has for no reason ("surplus"), or has with other terms ("wrong")."""

    seq: int
    what: str


class OtherEvent(NamedTuple):
    """Any other event. `about` is the message with which it is erased."""

    seq: int
    body: bytes
    about: int | None


class EventRows(NamedTuple):
    """Consecutive events of a room, with the current state of the messages among them."""

    messages: list[MessageState]
    changes: list[OtherEvent]


class Tables(Protocol):
    """A store's tables, for the length of a `with` block.

    Reads see one point in time. Writes become permanent with `commit`, and are discarded at the end of
    the block without it. Errors of the engine leave the block as StoreFailed.
    """

    async def is_in_use(self) -> bool:
        """Whether a server may be writing to it."""

    async def renew(self) -> None:
        """Read as of now."""

    async def waiting(self) -> int:
        """Return how many messages in the outbox no server has posted yet."""

    async def meta(self) -> dict[str, str]:
        """Return the metadata, such as `epoch`."""

    async def set_meta(self, name: str, value: str | None) -> None:
        """Set a metadata value; None deletes it."""

    async def empty_index(self) -> None:
        """Empty the index of messages, which the server makes again."""

    async def index_faults(
        self, room: str, after: int, upto: int, messages: Sequence[Message]
    ) -> list[IndexFault]:
        """Compare the index between two numbers of a log with the messages that are there, and not deleted."""

    async def index_strays(self) -> int:
        """Return how much is in the index of messages that aren't in any log. Everything was compared before."""

    async def rooms(self, after: str = "") -> list[RoomState]:
        """Return some rooms by name, after a name; an empty list if there are no more."""

    async def room(self, name: str) -> RoomState | None:
        """One room, if there is one."""

    async def messages(self, room: str, after: int, upto: int) -> list[MessageState]:
        """Messages with after < seq <= upto, in order."""

    async def changes(self, room: str, after: int, upto: int) -> list[OtherEvent]:
        """Other events with after < seq <= upto, in order."""

    async def records(
        self, table: Table[Any, R], *prefix: Any, between: Between | None = None
    ) -> list[R]:
        """Rows whose keys begin so, in their order."""

    async def put_records(
        self, table: Table[Any, R], rows: list[R], *prefix: Any, between: Between | None = None
    ) -> None:
        """Replace all rows whose keys begin so with these."""

    async def put_room(self, room: RoomState) -> None:
        """Add or update the room; delete what is older than it keeps."""

    async def add(self, room: str, events: EventRows) -> None:
        """Add events."""

    async def set_messages(self, room: str, messages: Sequence[MessageState]) -> None:
        """Update existing messages. Events about deleted ones are erased."""

    async def erase(self, room: str, about: int) -> None:
        """Erase events about a message, or about themselves."""

    async def erase_edits(self, room: str, message: int, before: int) -> None:
        """Erase the edits of a message before one of them."""

    async def erase_previews(self, room: str, message: int, before: int) -> None:
        """Erase what was said of a message's previews before an event."""

    async def erase_reactions(self, room: str, message: int, of: str) -> None:
        """Erase the events by which someone reacted to a message."""

    async def erase_names(self, room: str, account: str) -> None:
        """Erase the events that say what an account is called."""

    async def flush(self) -> None:
        """Make what was written permanent, unless everything is to appear at once."""

    async def commit(self) -> None:
        """Make everything written permanent."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
