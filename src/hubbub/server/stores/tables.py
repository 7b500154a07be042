"""What stores keep, row by row: the form in which one is copied to another, whatever its engine."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from hubbub.server.stores.base import StoreFailed

PAGE = 1_000  # events
UNFINISHED = "unfinished_copy"  # in meta, until a copy was made from a store that nobody wrote to


def check_finished(meta: Mapping[str, str]) -> None:
    """Raise StoreFailed if these tables are an unfinished copy."""
    if UNFINISHED in meta:
        raise StoreFailed(
            "the copy is unfinished: stop the server that uses its source,"
            " and run the same `hubbub db copy` again"
        )


def check_version(version: int, newest: int) -> None:
    """Raise StoreFailed if tables that can't be changed are not as those of the present."""
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
    document: bytes | None
    document_seq: int


class MessageState(NamedTuple):
    """A message: the event that posted it, and what has become of it."""

    seq: int
    posted: bytes
    client_message_id: str | None
    owner: str
    edited: bytes | None
    is_deleted: bool


class OtherEvent(NamedTuple):
    """Any other event; `about` names the message with which it is erased."""

    seq: int
    body: bytes
    about: int | None


class Reaction(NamedTuple):
    """The reaction to a message of somebody with the id `owner`; `seq` is that of its event."""

    message: int
    emoji: str
    owner: str
    by: str
    seq: int


class EventRows(NamedTuple):
    """Some events of a room, one after the other, with what has become of the messages among them."""

    messages: list[MessageState]
    changes: list[OtherEvent]
    reactions: list[Reaction]


class TokenState(NamedTuple):
    """A token, valid or revoked."""

    id: str
    name: str
    digest: str
    can: list[str]
    rooms: list[str]
    created_at: str
    expires_at: float | None
    revoked_at: str | None


class Tables(Protocol):
    """A store's tables, for the length of a `with` block.

    What is read is as of one moment; what is written is there for good after `commit`, and is forgotten
    with the end of the block. What the engine raises leaves the block as StoreFailed.
    """

    async def is_in_use(self) -> bool:
        """Whether a server may be writing to it."""

    async def renew(self) -> None:
        """Read as of now."""

    async def waiting(self) -> int:
        """How many messages applications have left there that no server has posted yet."""

    async def meta(self) -> dict[str, str]:
        """What is known of all of it, such as its `epoch`."""

    async def set_meta(self, name: str, value: str | None) -> None:
        """Say that; None: no more."""

    async def rooms(self, after: str = "") -> list[RoomState]:
        """Some rooms by name, after a name; none if there are no more."""

    async def room(self, name: str) -> RoomState | None:
        """One room, if there is one."""

    async def messages(self, room: str, after: int, upto: int) -> list[MessageState]:
        """Messages with after < seq <= upto, in order."""

    async def changes(self, room: str, after: int, upto: int) -> list[OtherEvent]:
        """Other events with after < seq <= upto, in order."""

    async def reactions(self, room: str, after: int, upto: int) -> list[Reaction]:
        """Reactions to messages with after < seq <= upto, in the order of their primary key."""

    async def tokens(self) -> list[TokenState]:
        """All that were ever given out, by id."""

    async def put_room(self, room: RoomState) -> None:
        """Make the room so, or add it; what is older than it keeps is forgotten."""

    async def add(self, room: str, events: EventRows) -> None:
        """Add events."""

    async def set_states(
        self, room: str, messages: Sequence[MessageState], reactions: Sequence[Reaction]
    ) -> None:
        """Make messages that are there so, with these reactions, and no others.

        What was said about those that are deleted is erased.
        """

    async def put_tokens(self, tokens: Sequence[TokenState]) -> None:
        """Have these tokens, and no others."""

    async def flush(self) -> None:
        """Make what was written last, unless it is to be there all at once."""

    async def commit(self) -> None:
        """Make all that was written last."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
