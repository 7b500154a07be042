"""One commit's decisions: each proposed change becomes an event with the next number, or a refusal.

A loop over whatever aspects there are. The store supplies the facts that they need, they decide in
order, and the store writes what the ledger holds then. So no store knows a rule, and no rule a store.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from hubbub.domain import access
from hubbub.domain.access import Operation, Permission
from hubbub.domain.facts import (
    ANSWERED,
    Accepted,
    Answer,
    Answered,
    AnsweredKey,
    Commit,
    Facts,
    MessageKey,
    Needs,
    NewChange,
    NewPost,
    PostKey,
    Proposal,
)
from hubbub.domain.growing import Growths
from hubbub.domain.prefixes import KeysByPrefix
from hubbub.domain.principals import Principal
from hubbub.domain.records import AnyTable, K, Known, Prefix, R, Table
from hubbub.events import Edited, Event, Posted
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import is_thread_key, parent_of
from hubbub.protocol.messages import Change

Decide = Callable[["Ledger", Principal, Any], Answer]
Repeat = Callable[["Ledger", Principal, Any, Accepted], Answer]
Act = Callable[["Ledger", Any], None]
Refuse = Callable[[Known, Principal, Permission, str], Refusal | None]


class Guarding(Protocol):
    """The part of a guard that the ledger uses (see `rules.Guard`)."""

    @property
    def refuse(self) -> Refuse:
        """Why a principal may not do something in the room, or None."""


class Ensuing(Protocol):
    """The part of a sequel that the ledger uses (see `rules.Sequel`)."""

    @property
    def act(self) -> Callable[["Ledger"], None]:
        """What is done."""


class Deciding(Protocol):
    """The part of the rules that the ledger uses (see `rules.Rules`)."""

    @property
    def deciding(self) -> Mapping[type[Change], Decide]:
        """How each command is decided on."""

    @property
    def repeating(self) -> Mapping[type[Change], Repeat]:
        """How the first answer is repeated, of each command whose `client_message_id` the log keeps."""

    @property
    def operations(self) -> Mapping[type[Change], Permission]:
        """What guards are asked about each command."""

    @property
    def sequels(self) -> Sequence[Ensuing]:
        """What follows from a whole batch, if it changes guarded rooms."""

    @property
    def consequences(self) -> Mapping[type[Event], list[Act]]:
        """What aspects do when an event is appended."""


@dataclass(slots=True)
class Erasures:
    """What a batch erases.

    Attributes:
        deleted: messages.
        former: messages, and the edits before which all of their texts are erased.
        previews: messages, and the events before which all that was said of their previews is erased.
        unreacted: messages, and whose reactions to them are erased.
        unnamed: logs, and the accounts whose names leave them.
        trimmed: logs, and up to where they are forgotten.
    """

    deleted: set[MessageKey] = field(default_factory=set)
    former: dict[MessageKey, int] = field(default_factory=dict)
    previews: dict[MessageKey, int] = field(default_factory=dict)
    unreacted: set[tuple[MessageKey, str]] = field(default_factory=set)
    unnamed: set[tuple[str, str]] = field(default_factory=set)
    trimmed: dict[str, int] = field(default_factory=dict)


class Ledger:
    """Decides on proposals one by one, each with those before it taken into account.

    Aspects ask it for what they said they need, append events, and put and drop rows.
    """

    __slots__ = (
        *("_allowed", "_counted", "_facts", "_guarding", "_keys", "_memos", "_parents", "_rules"),
        *("are_nths_wanted", "at", "changes", "dropped", "edited", "ends_credentials"),
        *("erasures", "logs", "openings", "posts", "rows", "untitled"),
    )

    def __init__(self, rules: Deciding, wanted: Needs, facts: Facts, at: str) -> None:
        """`facts` are what was found of what was `wanted`."""
        self._rules = rules
        self._facts = facts
        self._guarding: Mapping[str, Sequence[Guarding]] = wanted.guarding
        # What is known until a row changes: whom guards allowed what, by room and operation; the rooms that require no
        # titles; and of each log, whose messages have had their consequences (see `post`).
        self._allowed = defaultdict[str, defaultdict[Permission, set[Any]]](
            partial(defaultdict, set)
        )
        self.untitled = wanted.logs.difference(self._guarding)
        self._memos: list[set[Any]] = []  # those that hold something, besides `untitled`
        self.at = at
        self.logs = Growths(wanted.logs, facts.heads)
        self.posts: list[NewPost] = []
        # Of `posts`, the first of each author in each guarded room; and another one after a row changed.
        self.openings: list[NewPost] = []
        self.are_nths_wanted = bool(wanted.nths)  # as when someone says how far they have read
        self.changes: list[NewChange] = []
        self.edited: dict[MessageKey, Edited] = {}  # unless they are erased as well
        self.erasures: Erasures | None = None  # as in nearly every batch
        self.ends_credentials = False
        self.dropped: dict[AnyTable, set[Prefix]] = {}  # all keys that begin so, before the rows
        self.rows: defaultdict[AnyTable, dict[Prefix, Any]] = defaultdict(dict)  # None: to drop
        # The rooms of which threads may be written to; and what was found by prefixes. Each from when it is first asked for.
        self._parents: frozenset[str] | None = None
        self._keys: KeysByPrefix | None = None
        self._counted: KeysByPrefix | None = None

    def decide(self, proposals: Sequence[Proposal]) -> Commit:
        """Answer each proposal, in order."""
        answers: list[Answer] = []
        deciding = self._rules.deciding
        guarding, operations = self._guarding, self._rules.operations
        room, asked = "", None  # of the last change, as often of the next
        allowed: set[Any] = set()
        change: Any
        for principal, change in proposals:
            kind = type(change)
            if guarding and (change.room != room or kind is not asked):
                room, asked = change.room, kind
                allowed = self._allowed[room][operations[kind]]
            if change.client_message_id is not None:
                answers.append(self._decide_once(principal, change))
            elif (
                guarding
                and principal.guarded_as not in allowed
                and (refusal := self.refusal(principal, operations[kind], room))
            ):
                answers.append(refusal)
            else:
                answers.append(deciding[kind](self, principal, change))
        if guarding:
            for sequel in self._rules.sequels:
                sequel.act(self)
        if self.erasures:
            self.logs.erase()
        return Commit(answers, self.logs.in_parts() if guarding else self.logs.batches())

    def _decide(self, principal: Principal, change: Any) -> Answer:
        """Decide on a change, unless a guard of its room refuses it."""
        kind = type(change)
        if change.room in self._guarding and (
            refusal := self.refusal(principal, self._rules.operations[kind], change.room)
        ):
            return refusal
        return self._rules.deciding[kind](self, principal, change)

    def _decide_once(self, principal: Principal, change: Any) -> Answer:
        """Decide on a change with a key, or repeat the first answer that its key got."""
        called = change.room, change.client_message_id, principal.key_owner
        if type(change) in self._rules.repeating:
            if first := self._facts.posts.get(called):
                again = first._replace(is_duplicate=True)
                return self._rules.repeating[type(change)](self, principal, change, again)
            answer = self._decide(principal, change)
            if type(answer) is Accepted:
                self._facts.posts[called] = answer
            return answer
        if answered := self.row(ANSWERED, AnsweredKey(*called)):
            return Accepted(answered.seq, answered.at, is_duplicate=True, made=answered.made)
        answer = self._decide(principal, change)
        if isinstance(answer, Accepted) and answer.seq is not None:
            self.put(ANSWERED, Answered(*called, answer.seq, answer.at, answer.made))
        return answer

    # --- what aspects ask ---

    def reached(self, called: PostKey) -> Collection[str] | None:
        """Return the handles that a stored message mentions; None if it no longer says what it said first."""
        return self._facts.reached.get(called)

    @property
    def now(self) -> float:
        """The time of these decisions, in seconds since 1970."""
        return datetime.fromisoformat(self.at).timestamp()

    def refusal(self, principal: Principal, operation: Permission, room: str) -> Refusal | None:
        """Return why the guards of a room refuse an operation. They were asked about the command's own."""
        if room not in self._guarding:
            return None
        allowed = self._allowed[room][operation]
        if principal.guarded_as in allowed:
            return None
        for guard in self._guarding[room]:
            if refusal := guard.refuse(self, principal, operation, room):
                return refusal
        if not allowed:
            self._memos.append(allowed)
        allowed.add(principal.guarded_as)
        return None

    def head(self, log: str) -> int:
        """Return the log's last number, including what was decided so far."""
        return self.logs[log].seq

    def nth(self, log: str, upto: int) -> int:
        """Return how many messages there ever were up to an event. If that is before the head that the batch began with, it must be known."""
        growth = self.logs[log]
        if upto >= growth.seq:
            return growth.nth
        if upto < growth.first - 1:
            return self._facts.nths.get(MessageKey(log, upto), 0)
        return growth.nth - sum(post.room == log and post.seq > upto for post in self.posts)

    def absent(self, key: MessageKey) -> Refusal | None:
        """Return why there is no such message, or None if there is one."""
        if key not in self._facts.owners:
            return Refusal("not_found", f"No message {key.seq} in {key.room}")
        if key in self._facts.deleted:
            return Refusal("gone", f"Message {key.seq} was deleted")
        return None

    def unreadable(self, principal: Principal, key: MessageKey) -> Refusal | None:
        """Return why there is no such message that a principal may read, or None if there is one. See `Needs.read`."""
        if refusal := access.refuse(principal, Operation.READ, key.room):
            return refusal
        return self.refusal(principal, Operation.READ, key.room) or self.absent(key)

    def owner(self, key: MessageKey) -> str:
        """Return the stable id of a message's owner."""
        return self._facts.owners[key]

    def last_edit(self, key: MessageKey) -> int:
        """Return the number of a message's last edit, 0 if it was never edited. See `Needs.last_edits`."""
        edit = self.edited.get(key)
        return edit.seq if edit else self._facts.last_edits.get(key, 0)

    def row(self, table: Table[K, R], key: K) -> R | None:
        """Return a row as it is now. Raises KeyError if nobody asked for it in `needs`."""
        row: R | None = self._facts.rows[table][key]
        return row

    def known(self, table: Table[K, R], *prefix: Any) -> list[R]:
        """Return the rows whose keys begin so, of those that `needs` asked for."""
        rows = self._facts.rows.get(table, {})
        return [row for key in self._under(table, prefix) if (row := rows[key])]

    def count(self, table: AnyTable, *prefix: Any) -> int:
        """Return how many rows there are now whose keys begin with `prefix`. Raises KeyError as `row` does."""
        return self._facts.counts[table][prefix]

    # --- what aspects do ---

    def unchanged(self) -> Accepted:
        """Answer that there was nothing to change."""
        return Accepted(None, self.at)

    def next(self, log: str, principal: Principal) -> dict[str, Any]:
        """Return the fields that the next event of a log begins with, if `principal` causes it."""
        return {
            "room": log,
            "seq": self.logs[log].seq + 1,
            "at": self.at,
            "by": principal.name,
            "id": principal.person.id,
        }

    def append(self, event: Event) -> Accepted:
        """Add the next event to its log."""
        body = self.logs[event.room].grow(event)
        self.changes.append(NewChange(event.room, event.seq, body, event.erased_with))
        for act in self._rules.consequences.get(type(event), ()):
            act(self, event)
        return Accepted(event.seq, self.at)

    def begin(self, thread: str) -> None:
        """Let the thread of a message of this batch begin. Nobody could ask for it, but its parent's lock covers it.

        It is delivered after that message, and so after all that has affected someone in the parent before.
        """
        parent = parent_of(thread)
        self.logs.begin(thread)
        self.logs.turn(parent, self.head(parent))

    def post(self, event: Posted, owner: str, read: int | None = None) -> Accepted:
        """Add a message to its log. `read` is how far its author says to have read before.

        What follows from it in a guarded room may depend only on the room, the owner and rows. So if no row changed after
        one message, nothing is done after the owner's next ones there until a row changes.
        """
        room, seq, key, log = event.room, event.seq, event.client_message_id, self.logs[event.room]
        body = log.grow(event, messages=1)
        self.posts.append(NewPost(room, seq, body, key, owner, log.nth, read))
        self._facts.owners[room, seq] = owner
        if self._guarding and owner not in log.opened:
            if not log.opened:
                self._memos.append(log.opened)
            log.opened.add(owner)
            if room in self._guarding:  # in free rooms nothing follows
                self.openings.append(self.posts[-1])
                for act in self._rules.consequences.get(Posted, ()):
                    act(self, event)
        return Accepted(seq, self.at)

    def edit(self, key: MessageKey, event: Edited) -> Accepted:
        """Give a message another text."""
        self.edited[key] = event
        if event.erases:
            self.erase_former(key, event.seq)
        return self.append(event)

    def erase(self, key: MessageKey) -> None:
        """Erase a message, and the events about it."""
        self._facts.deleted.add(key)
        self._erasing().deleted.add(key)
        self.edited.pop(key, None)

    def erase_former(self, key: MessageKey, edit: int) -> None:
        """Erase what a message said before an edit."""
        former = self._erasing().former
        former[key] = max(former.get(key, 0), edit)

    def erase_previews(self, key: MessageKey, before: int) -> None:
        """Erase what was said of a message's previews before an event."""
        self._erasing().previews[key] = before

    def erase_reactions(self, key: MessageKey, of: str) -> None:
        """Erase the events about a message by which someone reacted to it. The rows are dropped apart."""
        self._erasing().unreacted.add((key, of))

    def erase_names(self, log: str, account: str) -> None:
        """Erase the events of a log that say what an account is called."""
        self._erasing().unnamed.add((log, account))

    def trim(self, log: str) -> None:
        """Forget all events of a log so far."""
        self._erasing().trimmed[log] = self.head(log)

    def _erasing(self) -> Erasures:
        if self.erasures is None:
            self.erasures = Erasures()
        return self.erasures

    def affect(self, event: Event, ids: Iterable[str]) -> None:
        """Note whose rights an event may have changed, by their stable ids."""
        self.logs[event.room].affected.extend((event.seq, each) for each in ids)
        if self._parents is None:
            threads = filter(is_thread_key, self._guarding)
            self._parents = frozenset(map(parent_of, threads))
        if event.room in self._parents:
            self.logs.turn(event.room, event.seq)

    def end_credentials(self) -> None:
        """Note that credentials may have ended. Nothing that is stored later may reach their holders."""
        self.ends_credentials = True

    def put(self, table: Table[K, R], row: R) -> None:
        """Keep this row, in place of any with the same key."""
        self._set(table, row[: table.width], row)

    def add(self, table: Table[K, R], row: R) -> None:
        """Keep a row that nobody asked about, in place of any with the same key. There must be no counts of its table."""
        self._facts.rows.setdefault(table, {})
        self.put(table, row)

    def drop(self, table: Table[K, R], key: K) -> None:
        """Keep no row with this key."""
        self._set(table, key, None)

    def drop_all(self, table: AnyTable, *prefix: Any) -> None:
        """Keep no rows whose keys begin with `prefix`. Counts may only have been asked for longer prefixes, or this one."""
        self._forget_memos()
        self.dropped.setdefault(table, set()).add(prefix)
        known, rows = self._facts.rows.get(table, {}), self.rows.get(table, {})
        for key in self._under(table, prefix):
            known[key] = None
            if key in rows:
                rows[key] = None
        counts = self._facts.counts.get(table, {})
        if self._counted is None:
            self._counted = KeysByPrefix(self._facts.counts)
        for counted in self._counted.under(table, prefix):
            counts[counted] = 0
        for size in range(len(prefix)):
            if prefix[:size] in counts:
                raise AssertionError(
                    f"{table}: the count of {prefix[:size]} can't be known any more"
                )

    def _under(self, table: AnyTable, prefix: Prefix) -> Sequence[Prefix]:
        """Return the known keys of a table that begin so."""
        if self._keys is None:
            self._keys = KeysByPrefix(self._facts.rows)
        return self._keys.under(table, prefix)

    def _set(self, table: AnyTable, key: Prefix, row: Any) -> None:
        known = self._facts.rows[table]
        if counts := self._facts.counts.get(table):
            change = (row is not None) - (known[key] is not None)
            for size in range(len(key)) if change else ():
                if key[:size] in counts:
                    counts[key[:size]] += change
        if self._keys is not None and key not in known:
            self._keys.add(table, key)
        known[key] = row
        self.rows[table][key] = row
        if self._guarding:
            self._forget_memos()

    def _forget_memos(self) -> None:
        for memo in self._memos:
            memo.clear()
        self._memos.clear()
        self.untitled.clear()
