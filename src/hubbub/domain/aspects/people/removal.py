"""Removing an account: it ends at once and for good, and what it leaves behind is taken away afterwards, step by step.

One change takes its names, credentials, sessions and whatever it kept for itself. The row that it leaves (`Removal`) says
that the rest is still to be done: see `server.people.removing`, which does it and can begin again at any time.
"""

from typing import NamedTuple

from hubbub.domain import threads
from hubbub.domain.aspects.people.accounts import (
    HANDLES,
    NO_ACCOUNT,
    OPERATOR,
    OWNERS,
    Handle,
    HandleKey,
    OwnerRow,
    existing,
    forbidden,
    last_owner,
    may_manage,
    may_speak_for,
    to_know,
)
from hubbub.domain.aspects.people.audit import (
    AUDIT_ADDRESS,
    BY_RULE,
    AuditAddressKey,
    Internal,
    note,
    to_note,
)
from hubbub.domain.aspects.people.credentials import (
    IDENTITIES,
    PASSWORD,
    Identity,
    IdentityKey,
    is_still,
    to_put_credential,
)
from hubbub.domain.facts import Answer, MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Kept, Table
from hubbub.domain.rules import Affecting, Aspect, Rule
from hubbub.domain.tables.accounts import ACCOUNT, Account, account_row
from hubbub.events import Erased, PersonRemoved
from hubbub.protocol.errors import Refusal
from hubbub.protocol.handles import retired
from hubbub.protocol.keys import AUDIT, DIRECTORY
from hubbub.protocol.messages import RoomName


class RemovalKey(NamedTuple):
    """Identifies a removal; its log is the audit log."""

    log: str
    stage: str
    account: str


class Removal(NamedTuple):
    """The removal of an account; with `erases_messages`, what it wrote goes as well.

    Its `stage` is `begun`, or `done` once it has left nothing behind. That is kept, since a restored backup has it all again.
    """

    log: str
    stage: str
    account: str
    erases_messages: bool


BEGUN, DONE = "begun", "done"


NAME = "Removed account"  # what is shown in place of its display name
REMOVALS = Table("removal", RemovalKey, Removal)


# --- the account ---


class RemovePerson(Internal, frozen=True, kw_only=True):
    """Removes an account.

    Attributes:
        handles: all that are its own, as whoever asks looked them up: the one that it has must be among them.
        subjects: the stable ids of the users of other servers to whom it belongs.
        erases_messages: whether what it wrote is erased as well.
        was: the hash that its password was compared with, if it was one that was given.
    """

    room: RoomName = DIRECTORY
    account: str
    handles: tuple[str, ...]
    subjects: tuple[str, ...] = ()
    erases_messages: bool = False
    was: str | None = None


def _needs(wanted: Needs, principal: Principal, change: RemovePerson) -> None:
    to_know(wanted, principal.id, change.account)
    to_note(wanted)
    to_put_credential(wanted, change.account, PASSWORD)
    wanted.row(OWNERS, OwnerRow(DIRECTORY, change.account))
    wanted.count(OWNERS, DIRECTORY)
    wanted.row(REMOVALS, _begun(change.account))
    for handle in change.handles:
        wanted.row(HANDLES, HandleKey(DIRECTORY, handle))
        wanted.row(HANDLES, HandleKey(DIRECTORY, retired(handle)))
    for subject in change.subjects:
        wanted.row(IDENTITIES, IdentityKey(DIRECTORY, subject))
        wanted.row(IDENTITIES, IdentityKey(DIRECTORY, retired(subject)))


def _remove(ledger: Ledger, principal: Principal, change: RemovePerson) -> Answer:
    account = change.account
    row = existing(ledger, account)
    if row is None:
        return NO_ACCOUNT
    if refusal := _refusal(ledger, principal, change, row):
        return refusal
    _retire(ledger, change)
    ledger.drop(OWNERS, OwnerRow(DIRECTORY, account))
    ledger.put(REMOVALS, Removal(*_begun(account), change.erases_messages))
    what = "account and messages removed" if change.erases_messages else "account removed"
    note(ledger, principal, change, what, account)
    ledger.erase_names(DIRECTORY, account)
    answer = ledger.append(PersonRemoved(**ledger.next(DIRECTORY, principal), account=account))
    ledger.trim(account)
    return answer


def _refusal(
    ledger: Ledger, principal: Principal, change: RemovePerson, row: Account
) -> Refusal | None:
    if not (may_speak_for(ledger, principal, row) or may_manage(ledger, principal, row)):
        return forbidden("remove this account")
    if change.was is not None and not is_still(ledger, row.account, PASSWORD, change.was):
        return forbidden("remove this account: the password has just been changed")
    if row.handle not in change.handles:
        return Refusal("conflict", "The account has just been renamed: try again")
    return last_owner(ledger, row)


def _retire(ledger: Ledger, change: RemovePerson) -> None:
    """Keep the handles from others for ever, and users of other servers from a new account, without knowing them."""
    for handle in change.handles:
        key = HandleKey(DIRECTORY, handle)
        if (row := ledger.row(HANDLES, key)) and row.account == change.account:
            ledger.drop(HANDLES, key)
            ledger.put(HANDLES, Handle(DIRECTORY, retired(handle), change.account, False, None))
    for subject in change.subjects:
        who = IdentityKey(DIRECTORY, subject)
        if (found := ledger.row(IDENTITIES, who)) and found.account == change.account:
            ledger.drop(IDENTITIES, who)
            ledger.put(IDENTITIES, Identity(DIRECTORY, retired(subject), change.account))


def _begun(account: str) -> RemovalKey:
    return RemovalKey(AUDIT, BEGUN, account)


def _removed(kept: Kept, event: PersonRemoved) -> None:
    if row := kept.row(ACCOUNT, account_row(event.account)):
        blank = dict.fromkeys(("handle", "status_text", "time_zone", "avatar"), "") | {"name": NAME}
        kept.put(ACCOUNT, row._replace(status="removed", role="guest", owner=None, **blank))


# --- what it leaves behind ---


class EraseWritten(Internal, frozen=True, kw_only=True):
    """Erases some of what a removed account wrote in a room: all up to `upto` that was not erased before.

    `messages` are its messages, `reactions` other messages with its reactions to them, as they were looked up.
    """

    account: str
    upto: int
    messages: tuple[int, ...] = ()
    reactions: tuple[tuple[int, str], ...] = ()


class ForgetAddressesOf(Internal, frozen=True, kw_only=True):
    """Forgets the addresses of these entries of the audit log, which are about a removed account or by it."""

    room: RoomName = AUDIT
    account: str
    entries: tuple[int, ...]


class FinishRemoval(Internal, frozen=True, kw_only=True):
    """Notes that a removed account has left nothing behind."""

    room: RoomName = AUDIT
    account: str


RemovalStep = EraseWritten | ForgetAddressesOf | FinishRemoval


def _erase_needs(wanted: Needs, _: Principal, change: EraseWritten) -> None:
    _step_needs(wanted, _, change)
    for seq in change.messages:
        wanted.messages.add(key := MessageKey(change.room, seq))
        threads.to_delete(wanted, key)


def _step_needs(wanted: Needs, _: Principal, change: RemovalStep) -> None:
    wanted.row(REMOVALS, _begun(change.account))
    if not isinstance(change, EraseWritten):
        to_note(wanted)
    if isinstance(change, ForgetAddressesOf):
        for seq in change.entries:
            wanted.row(AUDIT_ADDRESS, AuditAddressKey(AUDIT, seq))
    if isinstance(change, FinishRemoval):
        wanted.logs.add(change.account)


def _erase(ledger: Ledger, principal: Principal, change: EraseWritten) -> Answer:
    if refusal := _step_refused(ledger, principal, change):
        return refusal
    keys = [MessageKey(change.room, seq) for seq in change.messages]
    keys = [key for key in keys if not ledger.absent(key) and ledger.owner(key) == change.account]
    others = sorted({message for message, _ in change.reactions})
    if not keys and not others:
        return ledger.unchanged()
    for key in keys:
        ledger.erase(key)
    for message in others:
        ledger.erase_reactions(MessageKey(change.room, message), change.account)
    place = ledger.next(change.room, principal)
    messages = [key.seq for key in keys]
    answer = ledger.append(
        Erased(**place, of=change.account, upto=change.upto, messages=messages, reactions=others)
    )
    for key in keys:
        threads.delete_root(ledger, principal, key)
    return answer


def _forget(ledger: Ledger, principal: Principal, change: ForgetAddressesOf) -> Answer:
    if refusal := _step_refused(ledger, principal, change):
        return refusal
    keys = [AuditAddressKey(AUDIT, seq) for seq in sorted(set(change.entries))]
    keys = [key for key in keys if ledger.row(AUDIT_ADDRESS, key)]
    if not keys:
        return ledger.unchanged()
    for key in keys:
        ledger.drop(AUDIT_ADDRESS, key)
    return note(ledger, principal, change, "addresses forgotten", change.account)


def _finish(ledger: Ledger, principal: Principal, change: FinishRemoval) -> Answer:
    if refusal := _step_refused(ledger, principal, change):
        return refusal
    row = ledger.row(REMOVALS, _begun(change.account))
    assert row is not None
    ledger.drop(REMOVALS, _begun(change.account))
    ledger.add(REMOVALS, row._replace(stage=DONE))
    ledger.trim(change.account)
    return note(ledger, principal, change, "removal finished", change.account)


def _step_refused(ledger: Ledger, principal: Principal, change: RemovalStep) -> Refusal | None:
    if principal.id != OPERATOR.id:
        return forbidden("do this")
    if ledger.row(REMOVALS, _begun(change.account)) is None:
        return Refusal("not_found", "No such removal, or it is finished")
    return None


ASPECT = Aspect(
    tables=(REMOVALS,),
    rules=(
        Rule(RemovePerson, BY_RULE, _needs, _remove, is_internal=True),
        Rule(EraseWritten, BY_RULE, _erase_needs, _erase, is_internal=True, in_threads=True),
        Rule(ForgetAddressesOf, BY_RULE, _step_needs, _forget, is_internal=True),
        Rule(FinishRemoval, BY_RULE, _step_needs, _finish, is_internal=True),
    ),
    events=(PersonRemoved, Erased),
    affecting=(Affecting(PersonRemoved, lambda event: (event.account,), _removed),),
)
