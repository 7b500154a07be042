"""Searching messages: what clients ask, and what they are answered."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from hubbub.protocol.messages import Author, Message, Question

MOST_HITS = 50  # in one answer
LONGEST_QUERY = 500  # characters

Order = Literal["newest", "relevance"]


class Search(Question, frozen=True):
    """Requests messages by what is in them, in the rooms that one may read: the newest first, or the best of the newest.

    Attributes:
        query: words that a message must all have; "phrases"; the beginnings of words*; and filters.
        before: the `then` of the answer after which to go on.
    """

    query: Annotated[str, Meta(min_length=1, max_length=LONGEST_QUERY)]
    before: Annotated[str, Meta(max_length=20)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_HITS)] = 20
    order: Order = "newest"


class Hit(msgspec.Struct, frozen=True):
    """A message that was found, in a room or a thread. `highlights` say where the words are in its text: start and length in code points."""

    room: str
    message: Message
    highlights: list[list[int]]


class SearchPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Messages that were found. `more` tells whether there may be others; they come after `then`.

    Attributes:
        indexed_to: what was posted or edited before this time is found; null if the server hasn't read all rooms once yet.
        titles: what the rooms are called that have a title.
        people: the accounts whose keys stand in these messages, if there are any.
        hint: a sentence for people, if the query may not mean what they intended.
    """

    epoch: str
    hits: list[Hit]
    more: bool
    indexed_to: str | None
    then: str | UnsetType = UNSET
    titles: dict[str, str] = {}
    people: dict[str, Author] | UnsetType = UNSET
    hint: str | UnsetType = UNSET
