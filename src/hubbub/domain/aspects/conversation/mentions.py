"""Mentions: kept as long as their message."""

from hubbub.domain.ledger import Ledger
from hubbub.domain.rules import Aspect, Consequence
from hubbub.domain.tables.markers import MENTION
from hubbub.events import Deleted, Erased
from hubbub.events.reading import Mentioned
from hubbub.protocol.keys import is_made_key


def _deleted(ledger: Ledger, event: Deleted) -> None:
    if is_made_key(event.room):
        ledger.drop_all(MENTION, event.room, event.message)


def _erased(ledger: Ledger, event: Erased) -> None:
    if is_made_key(event.room):
        for message in event.messages:
            ledger.drop_all(MENTION, event.room, message)


ASPECT = Aspect(
    tables=(MENTION,),
    events=(Mentioned,),
    consequences=(Consequence(Deleted, _deleted), Consequence(Erased, _erased)),
)
