"""One commit's decisions: each proposed change becomes an event with the next number, or a refusal.

The store supplies the facts that the proposals need, the ledger decides in order, and the store
writes what the ledger decided. So all stores follow the same rules without knowing them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from hubbub import events
from hubbub.events import AnyEvent, Deleted, Edited, Patched, Posted, Reacted, Unreacted
from hubbub.protocol.errors import Refusal
from hubbub.protocol.merge import merge
from hubbub.protocol.messages import Change, Delete, Edit, Patch, Post, React, Unreact
from hubbub.rooms.access import Operation, Principal, may

MAX_DOCUMENT_BYTES = 65_536
MAX_REACTIONS = 1_000  # on one message, by all people together


class Proposal(NamedTuple):
    """A change that someone asks for."""

    principal: Principal
    change: Change


class Accepted(NamedTuple):
    """The event's number and time. The number is None if there was nothing to change.

    If `is_duplicate`, the key was used before, and this is the answer it got then.
    """

    seq: int | None
    at: str
    is_duplicate: bool = False


Answer = Accepted | Refusal


class Batch(NamedTuple):
    """The events that one commit added to one room, numbered from `first` on."""

    room: str
    first: int
    bodies: list[bytes]

    @property
    def last(self) -> int:
        """The number of the last event."""
        return self.first + len(self.bodies) - 1


class Commit(NamedTuple):
    """The outcome of a batch of proposals: an answer to each, and what to deliver."""

    answers: list[Answer]
    batches: list[Batch]

    def then(self, later: "Commit") -> "Commit":
        """Combine this commit with a later one, as if both had been one."""
        batches = {batch.room: batch for batch in self.batches}
        for batch in later.batches:
            before = batches.get(batch.room, batch._replace(bodies=[]))
            bodies = _without_deleted([*before.bodies, *batch.bodies])
            batches[batch.room] = Batch(batch.room, before.first, bodies)
        return Commit(self.answers + later.answers, list(batches.values()))


UNSTORABLE = Refusal("bad_request", "The database can't store this change")


class MessageKey(NamedTuple):
    """Identifies one message."""

    room: str
    seq: int


class PostKey(NamedTuple):
    """Identifies a post before it has a number; `owner` is the scope of the `client_message_id`."""

    room: str
    client_message_id: str
    owner: str


class ReactionKey(NamedTuple):
    """Identifies one person's reaction; `owner` is that person's stable id."""

    room: str
    message: int
    emoji: str
    owner: str


class NewReaction(NamedTuple):
    """A reaction to write: the name of the person and the number of the event."""

    by: str
    seq: int


@dataclass(slots=True)
class Needs:
    """What the ledger must know to decide on a batch of proposals."""

    rooms: set[str] = field(default_factory=set)
    posts: set[PostKey] = field(default_factory=set)
    messages: set[MessageKey] = field(default_factory=set)
    reactions: set[ReactionKey] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)


class Head(NamedTuple):
    """The last event number of a room, and the first that is still kept."""

    seq: int = 0
    kept: int = 1


class Document(NamedTuple):
    """A room's state document, and the number of its last patch."""

    value: Any
    seq: int


@dataclass(slots=True)
class Facts:
    """What a store found for the needs. Anything missing here does not exist."""

    heads: dict[str, Head] = field(default_factory=dict)
    posts: dict[PostKey, Accepted] = field(default_factory=dict)
    messages: dict[MessageKey, events.Posted] = field(default_factory=dict)
    owners: dict[MessageKey, str] = field(default_factory=dict)  # of each of the messages
    deleted: set[MessageKey] = field(default_factory=set)
    reactions: set[ReactionKey] = field(default_factory=set)
    reaction_counts: dict[MessageKey, int] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)


class NewPost(NamedTuple):
    """A message to write: the event's body is the message's first state."""

    room: str
    seq: int
    body: bytes
    client_message_id: str | None
    owner: str

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


def needs(proposals: Iterable[Proposal]) -> Needs:
    """List what `Ledger` will ask about these proposals."""
    wanted = Needs()
    for principal, change in proposals:
        room = change.room
        wanted.rooms.add(room)
        match change:
            case Post():
                if change.client_message_id is not None:
                    wanted.posts.add(PostKey(room, change.client_message_id, principal.scope))
                if change.reply_to is not None:
                    wanted.messages.add(MessageKey(room, change.reply_to))
            case Patch():
                wanted.documents.add(room)
            case Edit() | Delete():
                wanted.messages.add(MessageKey(room, change.seq))
            case React() | Unreact():
                wanted.messages.add(MessageKey(room, change.seq))
                wanted.reactions.add(ReactionKey(room, change.seq, change.emoji, principal.id))
    return wanted


class Ledger:
    """Decides on proposals one by one, each with those before it taken into account."""

    def __init__(self, facts: Facts, at: str) -> None:
        self._facts = facts
        self._at = at
        self.batches: dict[str, Batch] = {}
        self.posts: list[NewPost] = []
        self.changes: list[NewChange] = []
        self.edited: dict[MessageKey, Edited] = {}
        self.deleted: set[MessageKey] = set()
        self.reacted: dict[ReactionKey, NewReaction | None] = {}  # None: removed
        self.patched: dict[str, Document] = {}

    def decide(self, proposals: Sequence[Proposal]) -> Commit:
        """Answer each proposal, in order."""
        answers = [self._decide(principal, change) for principal, change in proposals]
        if self.deleted:
            for batch in self.batches.values():
                batch.bodies[:] = _without_deleted(batch.bodies)
        return Commit(answers, list(self.batches.values()))

    def head(self, room: str) -> int:
        """Return the room's last number, including what was decided so far."""
        batch = self.batches.get(room)
        return batch.last if batch else self._facts.heads.get(room, Head()).seq

    def _decide(self, principal: Principal, change: Change) -> Answer:
        match change:
            case Post():
                return self._post(principal, change)
            case Edit():
                return self._edit(principal, change)
            case Delete():
                return self._delete(principal, change)
            case React():
                return self._react(principal, change)
            case Unreact():
                return self._unreact(principal, change)
            case Patch():
                return self._patch(principal, change)

    def _post(self, principal: Principal, post: Post) -> Answer:
        key = None
        if post.client_message_id is not None:
            key = PostKey(post.room, post.client_message_id, principal.scope)
            if first := self._facts.posts.get(key):
                return first._replace(is_duplicate=True)
        if post.reply_to is not None and (refusal := self._absent(post.room, post.reply_to)):
            return refusal
        event = Posted(
            post.room,
            self.head(post.room) + 1,
            self._at,
            principal.name,
            post.text,
            post.bytes,
            post.client_message_id,
            post.reply_to,
            post.emitted_as,
            post.arguments,
            post.attachments,
            id=principal.person.id,
        )
        owner = principal.scope
        body = self._append(event)
        self.posts.append(NewPost(post.room, event.seq, body, post.client_message_id, owner))
        message = MessageKey(post.room, event.seq)
        self._facts.messages[message] = event
        self._facts.owners[message] = owner
        answer = Accepted(event.seq, self._at)
        if key is not None:
            self._facts.posts[key] = answer
        return answer

    def _edit(self, principal: Principal, edit: Edit) -> Answer:
        key = MessageKey(edit.room, edit.seq)
        refusal = self._absent(*key) or self._not_theirs(
            principal, key, Operation.EDIT_OWN, Operation.EDIT_ANY
        )
        if refusal:
            return refusal
        event = Edited(**self._next(principal, edit.room), message=edit.seq, text=edit.text)
        self.edited[key] = event
        return self._change(event)

    def _delete(self, principal: Principal, delete: Delete) -> Answer:
        key = MessageKey(delete.room, delete.seq)
        refusal = self._absent(*key) or self._not_theirs(
            principal, key, Operation.DELETE_OWN, Operation.DELETE_ANY
        )
        if refusal:
            return refusal
        self._facts.deleted.add(key)
        self.deleted.add(key)
        return self._change(Deleted(**self._next(principal, delete.room), message=delete.seq))

    def _react(self, principal: Principal, react: React) -> Answer:
        if refusal := self._absent(react.room, react.seq):
            return refusal
        key = ReactionKey(react.room, react.seq, react.emoji, principal.id)
        if key in self._facts.reactions:
            return Accepted(None, self._at)
        message = MessageKey(react.room, react.seq)
        count = self._facts.reaction_counts.get(message, 0)
        if count >= MAX_REACTIONS:
            return Refusal(
                "too_large", f"Too many reactions: a message takes at most {MAX_REACTIONS}"
            )
        self._facts.reactions.add(key)
        self._facts.reaction_counts[message] = count + 1
        event = Reacted(**self._next(principal, react.room), message=react.seq, emoji=react.emoji)
        self.reacted[key] = NewReaction(event.by, event.seq)
        return self._change(event)

    def _unreact(self, principal: Principal, unreact: Unreact) -> Answer:
        if refusal := self._absent(unreact.room, unreact.seq):
            return refusal
        key = ReactionKey(unreact.room, unreact.seq, unreact.emoji, principal.id)
        if key not in self._facts.reactions:
            return Accepted(None, self._at)
        self._facts.reactions.discard(key)
        self._facts.reaction_counts[MessageKey(unreact.room, unreact.seq)] -= 1
        self.reacted[key] = None
        return self._change(
            Unreacted(
                **self._next(principal, unreact.room), message=unreact.seq, emoji=unreact.emoji
            )
        )

    def _patch(self, principal: Principal, patch: Patch) -> Answer:
        document = self._facts.documents.get(patch.room, Document({}, 0))
        if patch.if_seq is not None and not (document.seq <= patch.if_seq <= self.head(patch.room)):
            return Refusal(
                "conflict", f"The document changed: its last patch is event {document.seq}"
            )
        merged = merge(document.value, _value_of(patch))
        if len(msgspec.json.encode(merged)) > MAX_DOCUMENT_BYTES:
            return Refusal(
                "too_large", f"Document too large: use at most {MAX_DOCUMENT_BYTES} bytes"
            )
        event = Patched(**self._next(principal, patch.room), patch=patch.patch)
        self.patched[patch.room] = self._facts.documents[patch.room] = Document(merged, event.seq)
        return self._change(event)

    def _absent(self, room: str, seq: int) -> Refusal | None:
        key = MessageKey(room, seq)
        if key not in self._facts.messages:
            return Refusal("not_found", f"No message {seq} in {room}")
        if key in self._facts.deleted:
            return Refusal("gone", f"Message {seq} was deleted")
        return None

    def _not_theirs(
        self, principal: Principal, key: MessageKey, own: Operation, anyones: Operation
    ) -> Refusal | None:
        is_own = principal.may_own and self._facts.owners[key] == principal.id
        if may(principal, own if is_own else anyones):
            return None
        why = "Only its author may edit or delete a message"
        if not principal.may_own:
            why += "; guests prove authorship with the key they posted it with"
        return Refusal("forbidden", why)

    def _next(self, principal: Principal, room: str) -> dict[str, Any]:
        return {
            "room": room,
            "seq": self.head(room) + 1,
            "at": self._at,
            "by": principal.name,
            "id": principal.person.id,
        }

    def _change(self, event: AnyEvent) -> Accepted:
        body = self._append(event)
        self.changes.append(NewChange(event.room, event.seq, body, events.about(event)))
        return Accepted(event.seq, self._at)

    def _append(self, event: AnyEvent) -> bytes:
        body = events.encode(event)
        batch = self.batches.get(event.room)
        if batch is None:
            self.batches[event.room] = Batch(event.room, event.seq, [body])
        else:
            batch.bodies.append(body)
        return body


def _without_deleted(bodies: list[bytes]) -> list[bytes]:
    """Return the events of a batch, with those erased whose message was deleted in the same commit."""
    return events.without(bodies, events.deleted_by(bodies))


def _value_of(patch: Patch) -> Any:
    """Decode a patch that waited as bytes."""
    waited = patch.patch
    return msgspec.json.decode(waited) if isinstance(waited, msgspec.Raw) else waited
