"""A client's view of a room: a snapshot, and the events after it folded in.

The law: folding the events after N into a snapshot at N gives the same as a fresh snapshot.
"""

from typing import Any

from msgspec.structs import replace

from hubbub.events import AnyEvent, Deleted, Edited, Patched, Posted, Reacted, Unreacted
from hubbub.protocol.merge import merge
from hubbub.protocol.messages import Message
from hubbub.protocol.people import Person, ids_of, names_of, people

Reactions = dict[str, list[Person]]  # by emoji, in the order of reacting


class RoomView:
    """The messages by seq and the state document, as of `seq`."""

    def __init__(
        self,
        seq: int = 0,
        messages: list[Message] | None = None,
        state: Any = None,
        state_seq: int = 0,
    ) -> None:
        self.seq = seq
        self.messages: dict[int, Message] = {m.seq: m for m in messages or []}
        self.state: Any = {} if state is None and state_seq == 0 else state
        self.state_seq = state_seq

    def apply(self, event: AnyEvent) -> None:
        """Fold one event in. Ignores changes to messages that are older than the snapshot's.

        Raises:
            ValueError: the event is not the next one, so there is a gap or a duplicate.
        """
        if event.seq != self.seq + 1:
            raise ValueError(f"Event {event.seq} does not follow event {self.seq}")
        self.seq = event.seq
        match event:
            case Posted():
                self.messages[event.seq] = message_of(event)
            case Patched():
                self.state, self.state_seq = merge(self.state, event.patch), event.seq
            case _ if event.message in self.messages:
                self.messages[event.message] = changed(self.messages[event.message], event)


def message_of(event: Posted) -> Message:
    """The message that an event posted, or what is left of it if it was deleted."""
    if event.erased:
        return tombstone(event)
    return Message(
        seq=event.seq,
        at=event.at,
        by=event.by,
        text=event.text,
        bytes=event.bytes,
        client_message_id=event.client_message_id,
        reply_to=event.reply_to,
        emitted_as=event.emitted_as,
        arguments=event.arguments,
        attachments=event.attachments,
        id=event.id,
    )


def changed(message: Message, event: Edited | Deleted | Reacted | Unreacted) -> Message:
    """The message after an event that concerns it."""
    match event:
        case Edited():
            gone = {"bytes": None, "arguments": None, "attachments": None}
            return replace(message, text=event.text, edited_at=event.at, **gone)
        case Deleted():
            return tombstone(message)
        case Reacted():
            reactions = reactions_to(message)
            reactions.setdefault(event.emoji, []).append(Person(event.by, event.id))
            return with_reactions(message, reactions)
        case Unreacted():
            return with_reactions(message, _without(message, event))


def tombstone(message: Message | Posted) -> Message:
    """What is left of a deleted message."""
    return Message(seq=message.seq, at=message.at, by=message.by, deleted=True, id=message.id)


def reactions_to(message: Message) -> Reactions:
    """Who reacted to a message, by emoji."""
    ids = message.reaction_ids or {}
    return {
        emoji: people(names, ids.get(emoji)) for emoji, names in (message.reactions or {}).items()
    }


def with_reactions(message: Message, reactions: Reactions) -> Message:
    """The message with these reactions in place of its own."""
    ids = {emoji: ids for emoji, who in reactions.items() if (ids := ids_of(who))}
    names = {emoji: names_of(who) for emoji, who in reactions.items()}
    return replace(message, reactions=names or None, reaction_ids=ids or None)


def _without(message: Message, event: Unreacted) -> Reactions:
    reactions, who = reactions_to(message), Person(event.by, event.id).who
    rest = [person for person in reactions.pop(event.emoji, []) if person.who != who]
    return {**reactions, event.emoji: rest} if rest else reactions
