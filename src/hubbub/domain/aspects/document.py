"""A room's state document."""

from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from hubbub.domain.access import Operation
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Fold, Rule
from hubbub.domain.view import RoomView
from hubbub.domain.weights import as_bytes, weight_of
from hubbub.events import Patched
from hubbub.protocol.errors import Refusal
from hubbub.protocol.merge import merge
from hubbub.protocol.messages import Patch

MAX_DOCUMENT_BYTES = 65_536
PATCH_COST = 4_096  # bytes; each is merged into a document, which must be encoded to measure it


class Document(NamedTuple):
    """A room's state document, and the number of its last patch: ({}, 0) if there was none."""

    value: Any
    seq: int


class DocumentKey(NamedTuple):
    """Identifies a document."""

    room: str


class DocumentRow(NamedTuple):
    """A document as JSON, and the number of its last patch."""

    room: str
    value: bytes
    seq: int


DOCUMENTS = Table("document", DocumentKey, DocumentRow)


def document_of(row: DocumentRow | None) -> Document:
    """Return the document in a row."""
    return Document({}, 0) if row is None else Document(msgspec.json.decode(row.value), row.seq)


def _needs(wanted: Needs, _: Principal, patch: Patch) -> None:
    wanted.row(DOCUMENTS, DocumentKey(patch.room))


def _patch(ledger: Ledger, principal: Principal, patch: Patch) -> Answer:
    document = document_of(ledger.row(DOCUMENTS, DocumentKey(patch.room)))
    if patch.if_seq is not None and not (document.seq <= patch.if_seq <= ledger.head(patch.room)):
        return Refusal("conflict", f"The document changed: its last patch is event {document.seq}")
    merged = msgspec.json.encode(merge(document.value, _value_of(patch)))
    if len(merged) > MAX_DOCUMENT_BYTES:
        return Refusal("too_large", f"Document too large: use at most {MAX_DOCUMENT_BYTES} bytes")
    event = Patched(**ledger.next(patch.room, principal), patch=patch.patch)
    ledger.put(DOCUMENTS, DocumentRow(patch.room, merged, event.seq))
    return ledger.append(event)


def _value_of(patch: Patch) -> Any:
    """Decode a patch that waited as bytes."""
    waited = patch.patch
    return msgspec.json.decode(waited) if isinstance(waited, msgspec.Raw) else waited


def _pack(patch: Patch) -> tuple[Patch, int]:
    packed = as_bytes(patch.patch)
    return replace(patch, patch=packed), PATCH_COST + weight_of(packed)


def _fold(view: RoomView, event: Patched) -> None:
    view.hold(merge(view.state, event.patch), event.seq)


ASPECT = Aspect(
    tables=(DOCUMENTS,),
    rules=(Rule(Patch, Operation.PATCH, _needs, _patch, pack=_pack),),
    events=(Patched,),
    folds=(Fold(Patched, _fold),),
)
