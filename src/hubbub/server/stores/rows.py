"""What stores share when they read: the size of pages, and messages built from rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from hubbub import events
from hubbub.domain.aspects.posts import message_of, with_edit
from hubbub.domain.aspects.previews import MessagePreviews
from hubbub.domain.aspects.reactions import Reaction, Reactions, with_reactions
from hubbub.domain.identity import short_id
from hubbub.domain.threads import THREAD, Thread
from hubbub.protocol.messages import Message
from hubbub.protocol.people import Person
from hubbub.server.stores.base import OwnRoom, OwnThread, StoredMessage
from hubbub.server.stores.records import Between

PAGE_EVENTS = 500
PAGE_BYTES = 128 * 1024
MAX_MESSAGES_BYTES = 256 * 1024  # in one answer, which is queued as a whole
REACTION_COST = 32  # bytes that each reaction counts for besides the name
AFTER_ALL = 2**63 - 1


def bounded(found: Iterable[tuple[Any, ...]], limit: int) -> tuple[list[tuple[Any, ...]], bool]:
    """The first rows of messages, at most `limit` and about `MAX_MESSAGES_BYTES`, and whether there are more."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in found:
        if len(rows) == limit or size >= MAX_MESSAGES_BYTES:
            return rows, True
        rows.append(row)
        size += _size(row)
    return rows, False


class Gathering:
    """The first rows of messages that fit into about `MAX_MESSAGES_BYTES` together with their reactions and previews.

    Reactions are taken in the order of the rows, so that no more of them are read than fit.
    """

    def __init__(
        self, rows: Iterable[tuple[Any, ...]], previews: Iterable[MessagePreviews] = ()
    ) -> None:
        self._rest = iter(rows)
        self._previews = {row.message: row for row in previews}
        self._kept: list[tuple[Any, ...]] = []
        self._reactions: dict[int, list[Reaction]] = {}
        self._size = 0

    def take(self, reaction: Reaction) -> bool:
        """Take a reaction; False if its message doesn't fit any more."""
        seq = reaction.message
        while not self._kept or self._kept[-1][0] != seq:
            if not self._keep_next():
                return False
        self._reactions.setdefault(seq, []).append(reaction)
        self._size += len(reaction.by.encode()) + REACTION_COST
        return True

    def messages(self) -> list[Message]:
        """The messages that fit, in the order of the rows."""
        while self._keep_next():
            pass
        return [
            message(seq, posted, edited, self._reactions.get(seq, []), self._previews.get(seq))
            for seq, posted, edited in self._kept
        ]

    def _keep_next(self) -> bool:
        if self._size >= MAX_MESSAGES_BYTES or (row := next(self._rest, None)) is None:
            return False
        self._kept.append(row)
        previews = self._previews.get(row[0])
        self._size += _size(row) + (len(previews.shown) if previews else 0)
        return True


class Picking:
    """Messages that were asked for one by one, until they have `MAX_MESSAGES_BYTES` together with their reactions."""

    def __init__(self) -> None:
        self.found: list[StoredMessage | None] = []
        self._size = 0

    @property
    def is_full(self) -> bool:
        """Whether no more fits."""
        return self._size >= MAX_MESSAGES_BYTES

    def take(
        self,
        row: tuple[Any, ...] | None,
        reactions: list[Reaction],
        previews: MessagePreviews | None = None,
    ) -> None:
        """Take the next one, with its reactions and previews; None if it isn't there."""
        if row is None:
            self.found.append(None)
            return
        seq, posted, edited, nth = row
        self.found.append(StoredMessage(message(seq, posted, edited, reactions, previews), nth))
        self._size += _size(row) + sum(len(r.by.encode()) + REACTION_COST for r in reactions)


def span_of(rows: Sequence[tuple[Any, ...]]) -> Between:
    """From the first of some messages to the last, in their order."""
    first, last = rows[0][0], rows[-1][0]
    return Between(min(first, last), max(first, last), is_backwards=last < first)


def has_links(rows: Iterable[tuple[Any, ...]]) -> bool:
    """Whether some of these messages may have previews, so that those are to be read."""
    return any(b"://" in (row[2] or row[1]) for row in rows)


def _size(row: tuple[Any, ...]) -> int:
    return len(row[1]) + len(row[2] or b"")


def message(
    seq: int,
    posted: bytes,
    edited: bytes | None,
    reactions: list[Reaction],
    previews: MessagePreviews | None = None,
) -> Message:
    """A message in its current state."""
    event = events.decode_posted(posted)
    assert event.seq == seq
    found = message_of(event)
    if edited is not None:
        found = with_edit(found, events.decode_edited(edited))
    if previews is not None:
        found = previews.on(found)
    return with_reactions(found, _by_emoji(reactions)) if reactions else found


def _by_emoji(found: list[Reaction]) -> Reactions:
    """Who reacted, in the order of reacting."""
    reactions: Reactions = {}
    for each in sorted(found, key=lambda reaction: reaction.seq):
        reactions.setdefault(each.emoji, []).append(Person(each.by, short_id(each.owner)))
    return reactions


def own_room(row: Sequence[Any]) -> OwnRoom:
    """Return a room of an account from its row; there are up to a thousand, so as cheaply as can be."""
    return tuple.__new__(OwnRoom, row)


def own_thread(row: Sequence[Any]) -> OwnThread:
    """A thread that an account follows, from the columns of both."""
    width = len(THREAD.columns)
    return OwnThread(Thread(*row[:width]), *row[width:])


def first_bytes(bodies: Iterable[bytes]) -> list[bytes]:
    """Bodies up to about `PAGE_BYTES`, at least one if there are any."""
    taken: list[bytes] = []
    size = 0
    for body in bodies:
        taken.append(body)
        size += len(body)
        if size >= PAGE_BYTES:
            break
    return taken
