"""What an account keeps for itself in its own log. The text of an entry that another replaces, or that is removed, is erased."""

from typing import Any, NamedTuple, Protocol

from hubbub.domain.access import Permission, RoomKind, account
from hubbub.domain.aspects.people.accounts import active
from hubbub.domain.facts import MessageKey
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.records import Table
from hubbub.events import Deleted
from hubbub.protocol.errors import Refusal


class OwnEntry(Protocol):
    """A row that is kept in an own log; `seq` is the number of its event."""

    @property
    def seq(self) -> int:
        """The number."""


class Shelf(NamedTuple):
    """What is kept: its table, how many entries at most, and what they are called."""

    table: Table[Any, Any]
    most: int
    label: str


KEEP = Permission("keep notes of one's own", {RoomKind.OWN: account(Scope.POST)})


def inactive(ledger: Ledger, log: str) -> Refusal | None:
    """Return the refusal of an account that may not act, or None. Its row must be known."""
    return None if active(ledger, log) else Refusal("unauthenticated", "This account is not active")


def erase(ledger: Ledger, principal: Principal, log: str, seq: int) -> None:
    """Erase an entry by the number of its event, and say so in the log, so that whoever holds it drops it."""
    ledger.erase(MessageKey(log, seq))
    ledger.append(Deleted(**ledger.next(log, principal), message=seq))


def make_way(
    ledger: Ledger, principal: Principal, log: str, shelf: Shelf, before: OwnEntry | None
) -> Refusal | None:
    """Erase the entry that another replaces; without one, refuse it if the account keeps as many as it may."""
    if before is not None:
        erase(ledger, principal, log, before.seq)
    elif ledger.count(shelf.table, log) >= shelf.most:
        return Refusal(
            "too_large", f"Too many {shelf.label}: an account keeps at most {shelf.most}"
        )
    return None
