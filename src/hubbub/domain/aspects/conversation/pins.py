"""Pinned messages of made rooms."""

from typing import NamedTuple

from hubbub.domain.access import Operation
from hubbub.domain.aspects.people.removal import EraseWritten
from hubbub.domain.facts import Answer, MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Beforehand, Consequence, Fold, Rule
from hubbub.domain.view import RoomView
from hubbub.events import Deleted, Erased
from hubbub.events.conversation import Pinned, Unpinned
from hubbub.protocol.commands.conversation import ListPins, Pin, Unpin
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import is_made_key
from hubbub.protocol.messages import Delete

MAX_PINS = 100  # in one room


class PinKey(NamedTuple):
    """Identifies a pinned message."""

    room: str
    message: int


class Pinning(NamedTuple):
    """A pinned message: who pinned it, when, and the number of that event."""

    room: str
    message: int
    by: str
    at: str
    seq: int


PINS = Table("pin", PinKey, Pinning, trimmed_by="message")


def _needs(wanted: Needs, _: Principal, change: Pin | Unpin) -> None:
    wanted.messages.add(MessageKey(change.room, change.seq))
    wanted.row(PINS, PinKey(change.room, change.seq))
    wanted.count(PINS, change.room)


def _pin(ledger: Ledger, principal: Principal, pin: Pin) -> Answer:
    if refusal := ledger.absent(MessageKey(pin.room, pin.seq)):
        return refusal
    if ledger.row(PINS, PinKey(pin.room, pin.seq)):
        return ledger.unchanged()
    if ledger.count(PINS, pin.room) >= MAX_PINS:
        why = f"Too many pins: a room has at most {MAX_PINS}; unpin another message first"
        return Refusal("too_large", why)
    event = Pinned(**ledger.next(pin.room, principal), message=pin.seq)
    ledger.put(PINS, Pinning(pin.room, pin.seq, event.by, event.at, event.seq))
    return ledger.append(event)


def _unpin(ledger: Ledger, principal: Principal, unpin: Unpin) -> Answer:
    if refusal := ledger.absent(MessageKey(unpin.room, unpin.seq)):
        return refusal
    key = PinKey(unpin.room, unpin.seq)
    if not ledger.row(PINS, key):
        return ledger.unchanged()
    ledger.drop(PINS, key)
    return ledger.append(Unpinned(**ledger.next(unpin.room, principal), message=unpin.seq))


# --- what is deleted is not pinned ---


def _delete_needs(wanted: Needs, _: Principal, delete: Delete) -> None:
    if is_made_key(delete.room):
        wanted.row(PINS, PinKey(delete.room, delete.seq))


def _forget(ledger: Ledger, event: Deleted) -> None:
    key = PinKey(event.room, event.message)
    if is_made_key(event.room) and ledger.row(PINS, key):
        ledger.drop(PINS, key)


def _erase_needs(wanted: Needs, _: Principal, change: EraseWritten) -> None:
    if is_made_key(change.room):
        for message in change.messages:
            wanted.row(PINS, PinKey(change.room, message))


def _erased(ledger: Ledger, event: Erased) -> None:
    for message in event.messages:
        for row in ledger.known(PINS, event.room, message):
            ledger.drop(PINS, PinKey(row.room, row.message))


# --- folding ---


def pins_of(rows: list[Pinning]) -> list[int]:
    """Return the pinned messages, in the order of pinning."""
    return [row.message for row in sorted(rows, key=lambda row: row.seq)]


def _fold_pinned(view: RoomView, event: Pinned) -> None:
    if not event.erased:
        view.pins.append(event.message)


def _fold_erased(view: RoomView, event: Erased) -> None:
    view.pins[:] = [each for each in view.pins if each not in event.messages]


def _fold_gone(view: RoomView, event: Unpinned | Deleted) -> None:
    if event.message in view.pins:
        view.pins.remove(event.message)


ASPECT = Aspect(
    tables=(PINS,),
    rules=(
        Rule(Pin, Operation.PIN, _needs, _pin, in_threads=True),
        Rule(Unpin, Operation.PIN, _needs, _unpin, in_threads=True),
    ),
    questions=(ListPins,),
    events=(Pinned, Unpinned),
    beforehand=(Beforehand(Delete, _delete_needs), Beforehand(EraseWritten, _erase_needs)),
    consequences=(Consequence(Deleted, _forget), Consequence(Erased, _erased)),
    folds=(
        Fold(Pinned, _fold_pinned),
        Fold(Unpinned, _fold_gone),
        Fold(Deleted, _fold_gone),
        Fold(Erased, _fold_erased),
    ),
)
