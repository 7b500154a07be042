"""The audit log: what was done with accounts and rights, in a chain of hashes that shows any change made to it later.

Each entry holds the SHA-256 of the entry before and of itself. The addresses that changes came from are kept beside
the chain, so that they can be forgotten.
"""

import hashlib
import re
from typing import NamedTuple

from msgspec.structs import replace

from hubbub import events
from hubbub.domain.access import Permission
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Rule
from hubbub.events.people import Noted
from hubbub.protocol.keys import AUDIT
from hubbub.protocol.messages import Change, RoomName

BY_RULE = Permission("do this", {})  # no door lets anyone; the rules decide
ADDRESS_DAYS = 90
_ENTRY = re.compile(rb'(.*),"hash":"([0-9a-f]{64})"\}', re.DOTALL)


class AuditHeadKey(NamedTuple):
    """Identifies the end of the chain."""

    log: str


class AuditHead(NamedTuple):
    """The hash of the last entry."""

    log: str
    hash: str


class AuditAddressKey(NamedTuple):
    """Identifies the address of an entry."""

    log: str
    seq: int


class AuditAddress(NamedTuple):
    """The address that an entry came from, and when, in seconds since 1970."""

    log: str
    seq: int
    address: str
    at: float


AUDIT_HEAD = Table("audit_head", AuditHeadKey, AuditHead)
AUDIT_ADDRESS = Table("audit_address", AuditAddressKey, AuditAddress)
_HEAD = AuditHeadKey(AUDIT)


class Internal(Change, frozen=True, kw_only=True):
    """A change that only the server submits. `address` is where it was asked for, if it is to be noted."""

    address: str | None = None


class Note(Internal, frozen=True, kw_only=True):
    """Notes what was done outside the log, such as an export."""

    room: RoomName = AUDIT
    action: str
    about: str | None = None


class ForgetAddresses(Internal, frozen=True, kw_only=True):
    """Forgets the addresses of these entries, if they are old enough."""

    room: RoomName = AUDIT
    entries: tuple[int, ...]


# --- noting ---


def to_note(wanted: Needs) -> None:
    """Name what must be known in order to `note`."""
    wanted.logs.add(AUDIT)
    wanted.row(AUDIT_HEAD, _HEAD)


def note(
    ledger: Ledger,
    principal: Principal,
    change: Internal,
    action: str,
    about: str | None = None,
    **details: str,
) -> Answer:
    """Note what a change did."""
    before = ledger.row(AUDIT_HEAD, _HEAD)
    place = ledger.next(AUDIT, principal)
    entry = Noted(**place, action=action, about=about, details=details or None)
    entry = replace(entry, hash=_hash(before.hash if before else "", events.encode(entry)))
    ledger.put(AUDIT_HEAD, AuditHead(AUDIT, entry.hash))
    if change.address is not None:
        ledger.add(AUDIT_ADDRESS, AuditAddress(AUDIT, entry.seq, change.address, ledger.now))
    return ledger.append(entry)


def next_link(before: str, body: bytes) -> str | None:
    """Return the hash of an entry as it was stored, or None if it does not follow the entry with the hash `before`.

    Before the first entry, the hash is empty.
    """
    found = _ENTRY.fullmatch(body)
    if found is None:
        return None
    content, hash_ = found[1] + b"}", found[2].decode()
    return hash_ if _hash(before, content) == hash_ else None


def _hash(before: str, content: bytes) -> str:
    return hashlib.sha256(before.encode() + content).hexdigest()


# --- rules ---


def _note_needs(wanted: Needs, _: Principal, __: Note) -> None:
    to_note(wanted)


def _note(ledger: Ledger, principal: Principal, change: Note) -> Answer:
    return note(ledger, principal, change, change.action, change.about)


def _forget_needs(wanted: Needs, _: Principal, change: ForgetAddresses) -> None:
    to_note(wanted)
    for seq in change.entries:
        wanted.row(AUDIT_ADDRESS, AuditAddressKey(AUDIT, seq))


def _forget(ledger: Ledger, principal: Principal, change: ForgetAddresses) -> Answer:
    last = ledger.now - ADDRESS_DAYS * 86_400
    keys = [AuditAddressKey(AUDIT, seq) for seq in sorted(set(change.entries))]
    rows = [row for key in keys if (row := ledger.row(AUDIT_ADDRESS, key)) and row.at < last]
    if not rows:
        return ledger.unchanged()
    for row in rows:
        ledger.drop(AUDIT_ADDRESS, AuditAddressKey(row.log, row.seq))
    first, last_forgotten = str(rows[0].seq), str(rows[-1].seq)
    return note(
        ledger, principal, change, "addresses forgotten", **{"from": first, "to": last_forgotten}
    )


ASPECT = Aspect(
    tables=(AUDIT_HEAD, AUDIT_ADDRESS),
    rules=(
        Rule(Note, BY_RULE, _note_needs, _note, is_internal=True),
        Rule(ForgetAddresses, BY_RULE, _forget_needs, _forget, is_internal=True),
    ),
    events=(Noted,),
)
