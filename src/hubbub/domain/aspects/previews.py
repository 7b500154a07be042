"""Previews of the links in messages: what a reactor found behind them. Who wrote a message, or moderates, may remove them.

All that is said of a message's previews is said by its last such event; the others are erased.
"""

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from hubbub.domain.access import Operation
from hubbub.domain.aspects.authorship import message_needs, refusal_of
from hubbub.domain.aspects.people.accounts import OPERATOR, forbidden
from hubbub.domain.aspects.people.audit import BY_RULE, Internal
from hubbub.domain.facts import Answer, MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.links import links_in
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Beforehand, Consequence, Fold, Rule
from hubbub.domain.view import RoomView
from hubbub.events import Deleted, Edited, Erased, LinkPreview, Previewed
from hubbub.protocol.messages import Edit, Message, RemovePreview

MAX_PREVIEWS = 3  # of one message
MAX_REMOVED = (
    100  # links of one message, of which it is remembered that their previews were removed
)

_encode = msgspec.json.Encoder().encode
_decode_shown = msgspec.json.Decoder(list[LinkPreview]).decode
_decode_removed = msgspec.json.Decoder(list[str]).decode


class ShowPreviews(Internal, frozen=True, kw_only=True):
    """Lets a message show these previews, if its last edit is still the event `edit`; 0: it was never edited."""

    seq: int
    edit: int
    previews: tuple[LinkPreview, ...]


class PreviewsKey(NamedTuple):
    """Identifies the previews of a message."""

    room: str
    message: int


class MessagePreviews(NamedTuple):
    """The previews that a message shows, and the links whose previews were removed, as JSON; `seq` is the event that says so."""

    room: str
    message: int
    shown: str
    removed: str
    seq: int

    @property
    def previews(self) -> list[LinkPreview]:
        """What is shown."""
        return _decode_shown(self.shown)

    @property
    def without(self) -> list[str]:
        """The links whose previews were removed."""
        return _decode_removed(self.removed)

    def on(self, message: Message) -> Message:
        """Return the message with its previews."""
        return replace(message, previews=self.previews or None)


PREVIEWS = Table("preview", PreviewsKey, MessagePreviews, trimmed_by="message", erased_by="seq")


def _to_know(wanted: Needs, _: Principal, change: ShowPreviews | RemovePreview | Edit) -> None:
    wanted.row(PREVIEWS, PreviewsKey(change.room, change.seq))


def _show_needs(wanted: Needs, principal: Principal, change: ShowPreviews) -> None:
    _to_know(wanted, principal, change)
    key = MessageKey(change.room, change.seq)
    wanted.messages.add(key)
    wanted.last_edits.add(key)


def _show(ledger: Ledger, principal: Principal, change: ShowPreviews) -> Answer:
    if principal.id != OPERATOR.id:
        return forbidden("do this")
    key = MessageKey(change.room, change.seq)
    if ledger.absent(key) or ledger.last_edit(key) != change.edit:
        return ledger.unchanged()  # the message is gone, or says something else by now
    row = ledger.row(PREVIEWS, PreviewsKey(*key))
    before, removed = (row.previews, row.without) if row else ([], [])
    previews = [each for each in change.previews if each.url not in removed]
    if previews == before:
        return ledger.unchanged()
    event = Previewed(**ledger.next(change.room, principal), message=change.seq, previews=previews)
    return _say(ledger, event, removed)


def _remove_needs(wanted: Needs, principal: Principal, change: RemovePreview) -> None:
    _to_know(wanted, principal, change)
    message_needs(wanted, principal, change)


def _remove(ledger: Ledger, principal: Principal, change: RemovePreview) -> Answer:
    key = MessageKey(change.room, change.seq)
    needed = Operation.DELETE_OWN, Operation.DELETE_ANY
    if refusal := refusal_of(ledger, principal, key, *needed, "remove this preview"):
        return refusal
    row = ledger.row(PREVIEWS, PreviewsKey(*key))
    rest = [each for each in row.previews if each.url != change.url] if row else []
    if row is None or rest == row.previews:
        return ledger.unchanged()
    event = Previewed(**ledger.next(change.room, principal), message=change.seq, previews=rest)
    return _say(ledger, event, [*row.without, change.url][-MAX_REMOVED:])


def _say(ledger: Ledger, event: Previewed, removed: list[str]) -> Answer:
    """Say what a message shows from now on, and erase what was said before."""
    key = PreviewsKey(event.room, event.message)
    if ledger.row(PREVIEWS, key):
        ledger.erase_previews(MessageKey(*key), event.seq)
    # A row that shows nothing stays, too: the next such event must know of this one.
    shown, without = _encode(event.previews).decode(), _encode(removed).decode()
    ledger.put(PREVIEWS, MessagePreviews(*key, shown, without, event.seq))
    return ledger.append(event)


# --- what is gone has no previews ---


def _edited(ledger: Ledger, event: Edited) -> None:
    """Take away the previews of links that the message has no longer. What was removed stays away while its link is anywhere in the text."""
    row = ledger.row(PREVIEWS, PreviewsKey(event.room, event.message))
    if row is None:
        return
    text = event.text or ""
    links = links_in(text, MAX_PREVIEWS)
    rest = [each for each in row.previews if each.url in links]
    removed = [url for url in row.without if url in text]
    if (rest, removed) != (row.previews, row.without):
        place = event.room, ledger.head(event.room) + 1, event.at, event.by
        _say(ledger, Previewed(*place, id=event.id, message=event.message, previews=rest), removed)


def _deleted(ledger: Ledger, event: Deleted) -> None:
    ledger.drop_all(PREVIEWS, event.room, event.message)


def _erased(ledger: Ledger, event: Erased) -> None:
    for message in event.messages:
        ledger.drop_all(PREVIEWS, event.room, message)


def _fold(view: RoomView, event: Previewed) -> None:
    if (message := view.messages.get(event.message)) and not event.erased:
        view.messages[event.message] = replace(message, previews=event.previews or None)


ASPECT = Aspect(
    tables=(PREVIEWS,),
    rules=(
        Rule(ShowPreviews, BY_RULE, _show_needs, _show, is_internal=True, in_threads=True),
        Rule(
            *(RemovePreview, Operation.DELETE_OWN, _remove_needs, _remove),
            asked=Operation.READ,
            in_threads=True,
        ),
    ),
    events=(Previewed,),
    beforehand=(Beforehand(Edit, _to_know),),
    consequences=(
        Consequence(Edited, _edited),
        Consequence(Deleted, _deleted),
        Consequence(Erased, _erased),
    ),
    folds=(Fold(Previewed, _fold),),
)
