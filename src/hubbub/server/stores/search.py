"""What the indexes of messages of both stores have in common: what is put into them, and what is asked of them.

It holds the terms of messages as they are now. Whatever changes or deletes a message takes it out, in the same commit; a reactor puts it in, some time later.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

from hubbub.domain.search.matching import Searched, term_texts_in, time_of, traits_of
from hubbub.domain.search.query import SearchQuery
from hubbub.protocol.messages import Message

REACTOR = "search"  # under which its positions are stored
ALL_ROOMS = ""  # in place of a room in these: until when, in milliseconds since 1970, all rooms have been read
VERSION = "search"  # in meta: the version of the terms that it holds
SECONDS = 0.25  # that looking may take
BYTES_AT_ONCE = 256 * 1024  # of events whose messages are put in at once, and one more
FEW_ROOMS = 4  # of up to so many, the index is asked by tag
TAG = "\ue000"  # begins what is no term: no text has a term with it
SEQ_BITS = 21
END = 2**63 - 1  # of all places
LAST_TIME = END >> SEQ_BITS  # in the year 2109; what is later counts as from then


class TooSlow(Exception):
    """Looking took longer than it may."""


class IndexPlace(NamedTuple):
    """A message that was found: where it is, and its place among all that are found, the newest first."""

    id: int
    room: str
    seq: int


class WantedMessages(NamedTuple):
    """Which messages: those that match a query, whose authors are called as logs do, in some rooms and their threads.

    Attributes:
        rooms: made and free rooms, and threads, by their names in logs; if None, all made rooms that `reader` may be able to read.
        before: the place before which to go on.
    """

    query: SearchQuery
    limit: int
    rooms: tuple[str, ...] | None = None
    reader: str = ""
    before: int | None = None

    @property
    def low(self) -> int:
        """The first place to look at."""
        after = self.query.after
        return 0 if after is None else min(max(0, after), LAST_TIME) << SEQ_BITS

    @property
    def high(self) -> int:
        """The place before which to look."""
        bounds = [
            END,
            self.before,
            None if self.query.before is None else self.query.before << SEQ_BITS,
        ]
        return max(0, min(each for each in bounds if each is not None))


class IndexEntry(NamedTuple):
    """What an index keeps of a message."""

    id: int
    seq: int
    terms: list[str]
    tags: list[str]

    @property
    def document(self) -> str:
        """What a database is given of it: terms, in order, and tags."""
        return " ".join([*self.terms, *self.tags])


def searched(room: str, message: Message) -> Searched:
    """Return what is searched of a message."""
    files = message.files or ()
    texts = [text for each in files for text in (each.name, each.alt) if text]
    types = [each.type for each in files]
    return Searched(message.text or "", message.by, room, message.at, types, texts)


def entry_of(outer: int, log: int, room: str, message: Message) -> IndexEntry:
    """Return what an index keeps of a message, in the log with this id, which is, or is in, the room with the id `outer`."""
    given = searched(room, message)
    tags = [room_tag(each) for each in {log, outer}] + [author_tag(message.by)]
    tags += [trait_tag(each) for each in traits_of(given)]
    return IndexEntry(
        id_of(room, message),
        message.seq,
        term_texts_in(given),
        sorted(tags),
    )


def id_of(room: str, message: Message) -> int:
    """Return the place where a message belongs: by its time, and at one time by its number; rooms are spread, since a commit adds to many."""
    low = crc32(room.encode()) + message.seq & (1 << SEQ_BITS) - 1
    return min(time_of(message.at), LAST_TIME) << SEQ_BITS | low


def reached(sizes: Iterable[tuple[int, int]], upto: int) -> int:
    """Return up to which event messages are put in at once, given the numbers and bytes of events in order."""
    taken = 0
    for seq, size in sizes:
        taken += size
        if taken >= BYTES_AT_ONCE:
            return seq
    return upto


def room_tag(room: int) -> str:
    """Return the tag of what is in a room."""
    return f"{TAG}r{room}"


@lru_cache(maxsize=1_000)
def author_tag(author: str) -> str:
    """Return the tag of what an author wrote. Two may have the same: it is checked afterwards."""
    return f"{TAG}a{blake2b(author.encode(), digest_size=6).hexdigest()}"


def trait_tag(trait: str) -> str:
    """Return the tag of what has something."""
    return f"{TAG}h{trait}"


def tags_of(wanted: WantedMessages, rooms: Sequence[int]) -> list[list[str]]:
    """Return sets of tags, of each of which a message must have one. `rooms` are the ids of the rooms if they are few."""
    query = wanted.query
    sets = [[trait_tag(each)] for each in sorted(query.has | (query.of_kind - {"pinned"}))]
    if query.authors:
        sets.append([author_tag(each) for each in query.authors])
    if rooms:
        sets.append([room_tag(each) for each in rooms])
    return sets
