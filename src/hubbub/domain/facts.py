"""What passes between a store and the rules: what the rules must know, what they know, and what they decided."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hubbub import events
from hubbub.domain.principals import Principal
from hubbub.domain.records import AnyTable, K, Prefix, R, Table
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change

UNSTORABLE = Refusal("bad_request", "The database can't store this change")


class Proposal(NamedTuple):
    """A change that someone asks for."""

    principal: Principal
    change: Change


class Accepted(NamedTuple):
    """The event's number and time. The number is None if there was nothing to change.

    If `is_duplicate`, the key was used before, and this is the answer it got then. `made` is the key of what
    the change made, such as an account or a room: a repeated change made nothing more. `unreached` are the handles
    that a message mentions in vain, since those people are no members; a repeated one is told them again, unless its text has changed.
    """

    seq: int | None
    at: str
    is_duplicate: bool = False
    made: str | None = None
    unreached: tuple[str, ...] = ()


Answer = Accepted | Refusal


EVERYONE, NOBODY = "*", "-"  # in place of a stable id, which never looks like this
Affected = tuple[
    tuple[int, str], ...
]  # the number of an event, and the stable id of whom it affects


class Batch(NamedTuple):
    """The events that one commit added to one room, numbered from `first` on.

    `affected` says, in order, whose rights some of them may have changed. In free rooms it is empty. Of a thread, `after` is
    an event of its parent: none of these may be delivered before it, since it may have taken someone's right to read them.
    `ends` is how many credentials had ended when it was stored (see `Store.ends`).
    """

    room: str
    first: int
    bodies: list[bytes]
    affected: Affected = ()
    after: int = 0
    ends: int = 0

    @property
    def last(self) -> int:
        """The number of the last event."""
        return self.first + len(self.bodies) - 1

    def beyond(self, seq: int) -> "Batch":
        """Return the rest after an event of the batch."""
        affected = tuple(each for each in self.affected if each[0] > seq)
        bodies = self.bodies[seq + 1 - self.first :]
        return self._replace(first=seq + 1, bodies=bodies, affected=affected)

    def apart(self) -> "Iterator[Batch]":
        """Yield it in parts, each of which ends with an event that affects someone, or is the rest."""
        rest = self
        for seq in sorted({seq for seq, _ in self.affected}):
            affected = tuple(each for each in rest.affected if each[0] == seq)
            yield rest._replace(bodies=rest.bodies[: seq + 1 - rest.first], affected=affected)
            rest = rest.beyond(seq)
        if rest.bodies:
            yield rest


class Commit(NamedTuple):
    """The outcome of a batch of proposals: an answer to each, and what to deliver, in order.

    A room has one batch, unless an event that affects others is delivered between what other logs got before and after it, or
    the commit was made in parts.
    """

    answers: list[Answer]
    batches: list[Batch]

    def after_ends(self, ends: int) -> "Commit":
        """Note in its batches that so many credentials had ended when it was stored; return it."""
        for n, (room, first, bodies, affected, after, _) in enumerate(self.batches):
            # `_replace` would take twice as long.
            self.batches[n] = Batch(room, first, bodies, affected, after, ends)
        return self

    def then(self, later: "Commit") -> "Commit":
        """Combine this commit with a later one, as if both had been one."""
        bodies: defaultdict[str, list[bytes]] = defaultdict(list)
        for batch in later.batches:
            bodies[batch.room] += batch.bodies
        batches = [
            each._replace(bodies=events.without(each.bodies, gone)) if gone else each
            for each in self.batches
            for gone in [events.gone_in(bodies[each.room])]
        ]
        return Commit(self.answers + later.answers, batches + later.batches)


class MessageKey(NamedTuple):
    """Identifies one message."""

    room: str
    seq: int


class PostKey(NamedTuple):
    """Identifies a post before it has a number; `owner` is the scope of the `client_message_id`."""

    room: str
    client_message_id: str
    owner: str


class AnsweredKey(NamedTuple):
    """Identifies any other change by what its author called it; `owner` is as for posts."""

    room: str
    client_message_id: str
    owner: str


class Answered(NamedTuple):
    """The first answer to a change: its event's number and time, and the key of what it made."""

    room: str
    client_message_id: str
    owner: str
    seq: int
    at: str
    made: str | None = None


ANSWERED = Table("answered", AnsweredKey, Answered, indexes=(("room", "seq"),), trimmed_by="seq")


class Needs:
    """What must be known to decide on a batch of proposals.

    `logs` are all that may be written to, or must stay as they are meanwhile: those of the changes, and others that a rule
    names. All are written in one transaction. `reading` are who must know whether they may read which logs.
    `last_edits` are messages, of those that are asked for, whose last edit must be known, if they have one. `guarding` are the
    guards of those logs that have any.
    """

    __slots__ = (
        *("counts", "guarding", "last_edits", "lists", "logs", "messages"),
        *("nths", "posts", "reading", "rows"),
    )

    def __init__(
        self,
        logs: Iterable[str] = (),
        counts: defaultdict[AnyTable, set[Prefix]] | None = None,
    ) -> None:
        self.logs = set(logs)
        self.posts: set[PostKey] = set()
        self.messages: set[MessageKey] = set()
        self.rows: defaultdict[AnyTable, set[Prefix]] = defaultdict(set)
        self.lists: defaultdict[AnyTable, set[Prefix]] = defaultdict(set)
        self.counts = defaultdict(set) if counts is None else counts
        self.reading: set[tuple[Principal, str]] = set()
        self.nths: set[MessageKey] = set()
        self.last_edits: set[MessageKey] = set()
        self.guarding: Mapping[str, Sequence[Any]] = {}

    def __repr__(self) -> str:
        asked = {name: getattr(self, name) for name in self.__slots__ if name != "guarding"}
        return f"Needs({', '.join(f'{name}={each!r}' for name, each in asked.items() if each)})"

    @property
    def has_records(self) -> bool:
        """Whether it asks for rows, or how many there are."""
        return bool(self.rows or self.lists or self.counts)

    def read(self, principal: Principal, key: MessageKey) -> None:
        """Ask for a message of any log, and whether a principal may read that: see `Ledger.unreadable`."""
        self.logs.add(key.room)
        self.messages.add(key)
        self.reading.add((principal, key.room))

    def guard(self, guarding: Mapping[str, Sequence[Any]]) -> None:
        """Say which guards the logs have that have any."""
        self.guarding = guarding

    def row(self, table: Table[K, R], key: K) -> None:
        """Ask for the row with this key."""
        self.rows[table].add(key)

    def list(self, table: AnyTable, *prefix: Any) -> None:
        """Ask for all rows whose keys begin with `prefix`: they are among those that are found (see `Ledger.known`)."""
        self.lists[table].add(prefix)

    def count(self, table: AnyTable, *prefix: Any) -> None:
        """Ask for the number of rows whose keys begin with `prefix`."""
        self.counts[table].add(prefix)

    def nth(self, room: str, upto: int) -> None:
        """Ask how many messages there ever were in a room up to an event: see `Ledger.nth`."""
        self.nths.add(MessageKey(room, upto))


class Head(NamedTuple):
    """The last event number of a room, the first that is still kept, and how many messages were ever posted."""

    seq: int = 0
    kept: int = 1
    nth: int = 0


@dataclass(slots=True)
class Facts:
    """What a store found for the needs.

    A log, post or message that is missing here does not exist. `rows` and `counts` have an entry for
    each key and prefix that was asked for, and `nths` for each room that exists. `reached` has the handles that each of the
    `posts` mentions, if it still says what it said first.
    """

    heads: dict[str, Head] = field(default_factory=dict)
    posts: dict[tuple[str, str, str], Accepted] = field(default_factory=dict)  # by `PostKey`
    reached: dict[tuple[str, str, str], Collection[str]] = field(default_factory=dict)
    owners: dict[tuple[str, int], str] = field(default_factory=dict)  # of messages, by `MessageKey`
    deleted: set[MessageKey] = field(default_factory=set)
    rows: dict[AnyTable, dict[Prefix, Any]] = field(default_factory=dict)  # None: there is none
    counts: dict[AnyTable, dict[Prefix, int]] = field(default_factory=dict)
    nths: dict[MessageKey, int] = field(default_factory=dict)
    last_edits: dict[MessageKey, int] = field(default_factory=dict)

    def expect(self, wanted: Needs) -> None:
        """Record everything asked for as missing, until it is found."""
        for table, keys in wanted.rows.items():
            self.rows.setdefault(table, {}).update(dict.fromkeys(keys))
        for table in wanted.lists:
            self.rows.setdefault(table, {})
        for table, prefixes in wanted.counts.items():
            self.counts[table] = dict.fromkeys(prefixes, 0)

    def found(self, table: AnyTable, rows: Iterable[Any]) -> None:
        """Note rows that exist."""
        width = table.width
        self.rows[table].update([(row[:width], row) for row in rows])


class NewPost(NamedTuple):
    """A message to write, the `nth` of its room: the event's body is the message's first state.

    `read` is how far its author says to have read before; it is not written.
    """

    room: str
    seq: int
    body: bytes
    client_message_id: str | None
    owner: str
    nth: int
    read: int | None = None

    @property
    def key(self) -> PostKey | None:
        """The key by which a retry is recognised."""
        if self.client_message_id is None:
            return None
        return PostKey(self.room, self.client_message_id, self.owner)


class NewChange(NamedTuple):
    """Any other event to write to the log."""

    room: str
    seq: int
    body: bytes
    about: int | None  # the message with which it is erased
