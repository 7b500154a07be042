"""Reactions to messages."""

from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from hubbub.domain.access import Operation
from hubbub.domain.aspects.people.removal import EraseWritten
from hubbub.domain.facts import Answer, MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Beforehand, Consequence, Fold, Rule
from hubbub.domain.tables.emoji import EMOJI, emoji_row
from hubbub.domain.view import RoomView
from hubbub.events import Deleted, Erased, Reacted, Unreacted
from hubbub.protocol.commands.emoji import emoji_name_in
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import is_made_key
from hubbub.protocol.messages import Message, React, Unreact
from hubbub.protocol.names import is_emoji
from hubbub.protocol.people import Person, ids_of, names_of, people

MAX_REACTIONS = 1_000  # on one message, by all people together

Reactions = dict[str, list[Person]]  # by emoji, in the order of reacting


class ReactionKey(NamedTuple):
    """Identifies one person's reaction; `owner` is that person's stable id."""

    room: str
    message: int
    emoji: str
    owner: str


class Reaction(NamedTuple):
    """A reaction: `by` is the name of the person, `seq` the number of its event."""

    room: str
    message: int
    emoji: str
    owner: str
    by: str
    seq: int


REACTIONS = Table("reaction", ReactionKey, Reaction, trimmed_by="message", erased_by="seq")


def _needs(wanted: Needs, principal: Principal, change: React | Unreact) -> None:
    wanted.messages.add(MessageKey(change.room, change.seq))
    wanted.rows[REACTIONS].add(_key(principal, change))
    wanted.count(REACTIONS, change.room, change.seq)


def _react_needs(wanted: Needs, principal: Principal, react: React) -> None:
    _needs(wanted, principal, react)
    if name := _own_emoji(react.room, react.emoji):
        wanted.row(EMOJI, emoji_row(name))


@lru_cache(maxsize=1024)
def _own_emoji(room: str, emoji: str) -> str | None:
    """Return the name of the server's emoji with which someone reacts. In free rooms, applications use what texts they like."""
    return emoji_name_in(emoji) if is_made_key(room) else None


def _key(principal: Principal, change: React | Unreact) -> ReactionKey:
    return ReactionKey(change.room, change.seq, change.emoji, principal.id)


def _screen(change: React | Unreact, _: int) -> Refusal | None:
    if is_emoji(change.emoji):
        return None
    return Refusal("bad_request", "Invalid `emoji`: use 1 to 32 characters, none of them blank")


def _react(ledger: Ledger, principal: Principal, react: React) -> Answer:
    if refusal := ledger.absent(MessageKey(react.room, react.seq)):
        return refusal
    key = _key(principal, react)
    if ledger.row(REACTIONS, key):
        return ledger.unchanged()
    if (name := _own_emoji(react.room, react.emoji)) and not ledger.row(EMOJI, emoji_row(name)):
        return Refusal("bad_request", f"This server has no emoji {react.emoji}")
    if ledger.count(REACTIONS, react.room, react.seq) >= MAX_REACTIONS:
        return Refusal("too_large", f"Too many reactions: a message takes at most {MAX_REACTIONS}")
    event = Reacted(**ledger.next(react.room, principal), message=react.seq, emoji=react.emoji)
    ledger.put(REACTIONS, Reaction(*key, event.by, event.seq))
    return ledger.append(event)


def _unreact(ledger: Ledger, principal: Principal, unreact: Unreact) -> Answer:
    if refusal := ledger.absent(MessageKey(unreact.room, unreact.seq)):
        return refusal
    key = _key(principal, unreact)
    if not ledger.row(REACTIONS, key):
        return ledger.unchanged()
    ledger.drop(REACTIONS, key)
    place = ledger.next(unreact.room, principal)
    return ledger.append(Unreacted(**place, message=unreact.seq, emoji=unreact.emoji))


def _forget(ledger: Ledger, event: Deleted) -> None:
    ledger.drop_all(REACTIONS, event.room, event.message)


def _erase_needs(wanted: Needs, _: Principal, change: EraseWritten) -> None:
    for message, emoji in change.reactions:
        wanted.row(REACTIONS, ReactionKey(change.room, message, emoji, change.account))


def _erased(ledger: Ledger, event: Erased) -> None:
    for message in event.messages:
        ledger.drop_all(REACTIONS, event.room, message)
    for message in event.reactions:
        for row in ledger.known(REACTIONS, event.room, message):
            if row.owner == event.of:
                ledger.drop(REACTIONS, ReactionKey(row.room, row.message, row.emoji, row.owner))


def reactions_to(message: Message) -> Reactions:
    """Return who reacted to a message, by emoji."""
    ids = message.reaction_ids or {}
    return {
        emoji: people(names, ids.get(emoji)) for emoji, names in (message.reactions or {}).items()
    }


def with_reactions(message: Message, reactions: Reactions) -> Message:
    """Return the message with these reactions in place of its own."""
    ids = {emoji: ids for emoji, who in reactions.items() if (ids := ids_of(who))}
    names = {emoji: names_of(who) for emoji, who in reactions.items()}
    return replace(message, reactions=names or None, reaction_ids=ids or None)


def _fold_reacted(view: RoomView, event: Reacted) -> None:
    if message := view.messages.get(event.message):
        reactions = reactions_to(message)
        reactions.setdefault(event.emoji, []).append(Person(event.by, event.id))
        view.messages[event.message] = with_reactions(message, reactions)


def _fold_unreacted(view: RoomView, event: Unreacted) -> None:
    if message := view.messages.get(event.message):
        reactions, who = reactions_to(message), Person(event.by, event.id).who
        rest = [person for person in reactions.pop(event.emoji, []) if person.who != who]
        if rest:
            reactions[event.emoji] = rest
        view.messages[event.message] = with_reactions(message, reactions)


def _fold_erased(view: RoomView, event: Erased) -> None:
    for seq in event.reactions:
        if message := view.messages.get(seq):
            view.messages[seq] = without_reactions(message, event.of)


def without_reactions(message: Message, of: str) -> Message:
    """Return the message without the reactions of an account."""
    found = reactions_to(message)
    rest = {emoji: [each for each in who if each.who != of] for emoji, who in found.items()}
    return with_reactions(message, {emoji: who for emoji, who in rest.items() if who})


ASPECT = Aspect(
    tables=(REACTIONS,),
    rules=(
        Rule(React, Operation.REACT, _react_needs, _react, _screen, in_threads=True),
        Rule(Unreact, Operation.REACT, _needs, _unreact, _screen, in_threads=True),
    ),
    events=(Reacted, Unreacted),
    beforehand=(Beforehand(EraseWritten, _erase_needs),),
    consequences=(Consequence(Deleted, _forget), Consequence(Erased, _erased)),
    folds=(
        Fold(Reacted, _fold_reacted),
        Fold(Unreacted, _fold_unreacted),
        Fold(Erased, _fold_erased),
    ),
)
