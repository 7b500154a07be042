"""Saved messages: an account's own list of references to messages. Whoever reads it is shown only what it may read then."""

from typing import NamedTuple

from hubbub.domain.aspects.conversation import own
from hubbub.domain.aspects.people.accounts import to_know
from hubbub.domain.facts import Answer, MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Consequence, Rule
from hubbub.events import PersonRemoved
from hubbub.events.conversation import Saved, Unsaved
from hubbub.protocol.commands.conversation import ListSaved, Save, Unsave

MAX_SAVED = 1_000  # by one account


class SavedKey(NamedTuple):
    """Identifies a saved message, in the own log of the account that saved it."""

    account: str
    room: str
    message: int


class SavedMessage(NamedTuple):
    """A saved message; `seq` is the number of the event in the own log."""

    account: str
    room: str
    message: int
    note: str
    at: str
    seq: int


SAVED = Table("saved", SavedKey, SavedMessage, erased_by="seq")
_SHELF = own.Shelf(SAVED, MAX_SAVED, "saved messages")


def _needs(wanted: Needs, _: Principal, change: Save | Unsave) -> None:
    to_know(wanted, change.room)
    wanted.row(SAVED, SavedKey(change.room, change.of.room, change.of.message))
    wanted.count(SAVED, change.room)


def _save_needs(wanted: Needs, principal: Principal, save: Save) -> None:
    _needs(wanted, principal, save)
    wanted.read(principal, MessageKey(save.of.room, save.of.message))


def _save(ledger: Ledger, principal: Principal, save: Save) -> Answer:
    if refusal := own.inactive(ledger, save.room):
        return refusal
    if refusal := ledger.unreadable(principal, MessageKey(save.of.room, save.of.message)):
        return refusal
    key = SavedKey(save.room, save.of.room, save.of.message)
    before = ledger.row(SAVED, key)
    if before and before.note == save.note:
        return ledger.unchanged()
    if refusal := own.make_way(ledger, principal, save.room, _SHELF, before):
        return refusal
    place = ledger.next(save.room, principal)
    event = Saved(**place, message=place["seq"], of=save.of, note=save.note)
    ledger.put(SAVED, SavedMessage(*key, save.note, event.at, event.seq))
    return ledger.append(event)


def _unsave(ledger: Ledger, principal: Principal, unsave: Unsave) -> Answer:
    if refusal := own.inactive(ledger, unsave.room):
        return refusal
    key = SavedKey(unsave.room, unsave.of.room, unsave.of.message)
    before = ledger.row(SAVED, key)
    if before is None:
        return ledger.unchanged()
    own.erase(ledger, principal, unsave.room, before.seq)
    ledger.drop(SAVED, key)
    return ledger.append(Unsaved(**ledger.next(unsave.room, principal), of=unsave.of))


def _forget(ledger: Ledger, event: PersonRemoved) -> None:
    ledger.drop_all(SAVED, event.account)


ASPECT = Aspect(
    tables=(SAVED,),
    rules=(
        Rule(Save, own.KEEP, _save_needs, _save),
        Rule(Unsave, own.KEEP, _needs, _unsave),
    ),
    questions=(ListSaved,),
    events=(Saved, Unsaved),
    consequences=(Consequence(PersonRemoved, _forget),),
)
