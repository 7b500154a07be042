"""Drafts: what an account is about to write in a room, on all its devices. Only the newest of each room is kept."""

from typing import NamedTuple

from hubbub.domain.access import RoomKind, kind_of
from hubbub.domain.aspects.conversation import own
from hubbub.domain.aspects.people.accounts import to_know
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Consequence, Rule
from hubbub.events import PersonRemoved
from hubbub.events.conversation import Drafted
from hubbub.protocol.commands.conversation import KeepDraft, ListDrafts
from hubbub.protocol.errors import Refusal
from hubbub.protocol.names import room_name_fault

MAX_DRAFTS = 100  # of one account


class DraftKey(NamedTuple):
    """Identifies the draft of a room, in the own log of its author."""

    account: str
    room: str


class DraftRow(NamedTuple):
    """A draft; `seq` is the number of its event in the own log."""

    account: str
    room: str
    text: str
    reply_to: int | None
    at: str
    seq: int


DRAFTS = Table("draft", DraftKey, DraftRow, erased_by="seq")
_SHELF = own.Shelf(DRAFTS, MAX_DRAFTS, "drafts")


def _needs(wanted: Needs, _: Principal, draft: KeepDraft) -> None:
    to_know(wanted, draft.room)
    wanted.row(DRAFTS, DraftKey(draft.room, draft.where))
    wanted.count(DRAFTS, draft.room)


def _screen(draft: KeepDraft, max_bytes: int) -> Refusal | None:
    if kind_of(draft.where) not in (RoomKind.FREE, RoomKind.MADE):
        why = (
            room_name_fault(draft.where) or "Drafts are for rooms: this is the name of another log"
        )
        return Refusal("bad_request", why)
    if len(draft.text.encode()) > max_bytes:
        return Refusal("too_large", f"Draft too large: use at most {max_bytes} bytes")
    return None


def _draft(ledger: Ledger, principal: Principal, draft: KeepDraft) -> Answer:
    if refusal := own.inactive(ledger, draft.room):
        return refusal
    key = DraftKey(draft.room, draft.where)
    before = ledger.row(DRAFTS, key)
    said = (before.text, before.reply_to) if before else ("", None)
    if said == (draft.text, draft.reply_to if draft.text else None):
        return ledger.unchanged()
    if refusal := own.make_way(ledger, principal, draft.room, _SHELF, before):
        return refusal
    place = ledger.next(draft.room, principal)
    reply_to = draft.reply_to if draft.text else None
    event = Drafted(
        **place, message=place["seq"], where=draft.where, text=draft.text, reply_to=reply_to
    )
    if draft.text:
        ledger.put(DRAFTS, DraftRow(*key, draft.text, reply_to, event.at, event.seq))
    else:
        ledger.drop(DRAFTS, key)
    return ledger.append(event)


def _forget(ledger: Ledger, event: PersonRemoved) -> None:
    ledger.drop_all(DRAFTS, event.account)


ASPECT = Aspect(
    tables=(DRAFTS,),
    rules=(Rule(KeepDraft, own.KEEP, _needs, _draft, _screen),),
    questions=(ListDrafts,),
    events=(Drafted,),
    consequences=(Consequence(PersonRemoved, _forget),),
)
