"""Accounts of people and bots: what each is called, what it may do on this server, and whether it is suspended.

Only reads and writes rows of the directory, whose log every change of an account is in.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from hubbub.domain.access import Operation, Permission
from hubbub.domain.aspects.people.audit import BY_RULE, Internal, note, to_note
from hubbub.domain.facts import NOBODY, Accepted, Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.notifying.quiet import time_zone_fault
from hubbub.domain.pictures import PORTRAIT, put_portrait
from hubbub.domain.principals import Principal, Role, Scope
from hubbub.domain.records import Kept, Known, Table
from hubbub.domain.rules import Affecting, Asking, Aspect, Consequence, Guard, Rule
from hubbub.domain.tables.accounts import ACCOUNT, Account, account_row
from hubbub.events import PersonRemoved
from hubbub.events.people import PersonAdded, PersonChanged, RoleChanged
from hubbub.protocol.errors import Refusal
from hubbub.protocol.handles import handle_fault, retired
from hubbub.protocol.keys import AUDIT, DIRECTORY
from hubbub.protocol.messages import RoomName
from hubbub.protocol.names import display_name_fault

RANKS = ("guest", "member", "moderator", "admin", "owner")  # of roles on this server, rising
KINDS = ("person", "bot")
RESERVED_DAYS = 90  # for which a former handle stays its account's

# Who acts from the command line of the server's own machine: may do everything.
OPERATOR = Principal("@server", Role.ACCOUNT, "@server", frozenset(Scope))


class OwnerRow(NamedTuple):
    """An account with the role `owner` that is active. There is always one, once there was one."""

    log: str
    account: str


class HandleKey(NamedTuple):
    """Identifies a handle, whoever has it."""

    log: str
    handle: str


class Handle(NamedTuple):
    """Whose a handle is. A former one is free from `free_at` on (seconds since 1970), or never.

    Of the handles of a removed account, only what `retired` makes of them is kept.
    """

    log: str
    handle: str
    account: str
    is_current: bool
    free_at: float | None


OWNERS = Table("owner", OwnerRow, OwnerRow)
HANDLES = Table("handle", HandleKey, Handle)


# --- what other aspects ask ---


def to_know(wanted: Needs, *accounts: str) -> None:
    """Name accounts, one of which may be who acts, about which `active` and `role_of` will be asked."""
    for account in accounts:
        wanted.row(ACCOUNT, account_row(account))


def existing(ledger: Ledger, account: str) -> Account | None:
    """Return an account that was not removed."""
    row = ledger.row(ACCOUNT, account_row(account))
    return row if row and row.status != "removed" else None


def active(ledger: Ledger, account: str) -> Account | None:
    """Return an account that may act."""
    row = ledger.row(ACCOUNT, account_row(account))
    return row if row and row.status == "active" else None


def role_of(ledger: Ledger, principal: Principal) -> str | None:
    """Return what role someone has on this server now. Those without an account, or suspended, have none."""
    if principal.id == OPERATOR.id:
        return "owner"
    row = active(ledger, principal.id)
    return row.role if row else None


def is_at_least(role: str | None, other: str) -> bool:
    """Whether a role is worth as much as another, or more."""
    return role is not None and RANKS.index(role) >= RANKS.index(other)


def may_manage(ledger: Ledger, principal: Principal, row: Account) -> bool:
    """Whether someone may change another account's rights: owners those of all, admins those of lesser ones."""
    role = role_of(ledger, principal)
    return role == "owner" or (role == "admin" and not is_at_least(row.role, "admin"))


def may_speak_for(ledger: Ledger, principal: Principal, row: Account) -> bool:
    """Whether someone may act in an account's name: it itself, the owner of a bot, or the server's operator."""
    if principal.id == OPERATOR.id:
        return True
    return principal.id in (row.account, row.owner) and active(ledger, principal.id) is not None


def forbidden(what: str) -> Refusal:
    """Return the refusal of what one may not do."""
    return Refusal("forbidden", f"Not allowed to {what}")


NO_ACCOUNT = Refusal("not_found", "No such account")


# --- adding, which `invites` decides on ---


class NewPerson(NamedTuple):
    """What an account begins as."""

    account: str
    handle: str
    name: str
    kind: str
    role: str
    owner: str | None


def to_add(wanted: Needs, account: str, handle: str) -> None:
    """Name what must be known in order to `add`."""
    wanted.logs.add(DIRECTORY)
    to_know(wanted, account)
    _to_take(wanted, handle)
    wanted.row(OWNERS, OwnerRow(DIRECTORY, account))


def adding_refused(ledger: Ledger, new: NewPerson) -> Refusal | None:
    """Return why an account can't be made, whoever asks."""
    if ledger.row(ACCOUNT, account_row(new.account)):
        return Refusal("conflict", "The key is in use: make another")
    if new.kind == "bot" and is_at_least(new.role, "moderator"):
        return forbidden("give a bot this role")
    return _taken(ledger, new.handle, new.account)


def add(ledger: Ledger, principal: Principal, new: NewPerson) -> Accepted:
    """Make an account."""
    ledger.put(HANDLES, Handle(DIRECTORY, new.handle, new.account, True, None))
    if new.role == "owner":
        ledger.put(OWNERS, OwnerRow(DIRECTORY, new.account))
    place = ledger.next(DIRECTORY, principal)
    return ledger.append(PersonAdded(**place, **new._asdict()))._replace(made=new.account)


def _to_take(wanted: Needs, handle: str) -> None:
    """Name what must be known in order to give an account a handle."""
    for each in (handle, retired(handle)):
        wanted.row(HANDLES, HandleKey(DIRECTORY, each))


def _taken(ledger: Ledger, handle: str, account: str) -> Refusal | None:
    """Return why an account can't have a handle, or None."""
    is_retired = ledger.row(HANDLES, HandleKey(DIRECTORY, retired(handle))) is not None
    row = ledger.row(HANDLES, HandleKey(DIRECTORY, handle))
    if not is_retired and (row is None or row.account == account):
        return None
    if row and not row.is_current and row.free_at is not None and row.free_at <= ledger.now:
        return None
    return Refusal("name_taken", "Handle already in use: choose another")


# --- changing what an account is called ---


class ChangePerson(Internal, frozen=True, kw_only=True):
    """Changes what an account is called and how it is shown. None changes nothing; an empty text removes.

    `avatar` is the key of a new picture, which is `image`.
    """

    room: RoomName = DIRECTORY
    account: str
    handle: str | None = None
    name: str | None = None
    status_text: str | None = None
    time_zone: str | None = None
    avatar: str | None = None
    image: bytes | None = None


def _change_needs(wanted: Needs, principal: Principal, change: ChangePerson) -> None:
    to_know(wanted, principal.id, change.account)
    if change.handle is not None:
        _to_take(wanted, change.handle)


def _change(ledger: Ledger, principal: Principal, change: ChangePerson) -> Answer:
    row = existing(ledger, change.account)
    if row is None:
        return NO_ACCOUNT
    if not (may_speak_for(ledger, principal, row) or may_manage(ledger, principal, row)):
        return forbidden("change this account")
    names = ("handle", "name", "status_text", "time_zone", "avatar")
    given = {name: getattr(change, name) for name in names}
    new = {n: text for n, text in given.items() if text is not None and text != getattr(row, n)}
    if not new:
        return ledger.unchanged()
    if "handle" in new:
        if refusal := _taken(ledger, new["handle"], row.account):
            return refusal
        free_at = ledger.now + RESERVED_DAYS * 86_400
        ledger.put(HANDLES, Handle(DIRECTORY, row.handle, row.account, False, free_at))
        ledger.put(HANDLES, Handle(DIRECTORY, new["handle"], row.account, True, None))
    if "avatar" in new:
        put_portrait(ledger, row.account, new["avatar"], change.image)
    return _put(ledger, principal, row, **new)


def _put(ledger: Ledger, principal: Principal, row: Account, **new: Any) -> Accepted:
    """Change some columns of an account, and say so."""
    place = ledger.next(DIRECTORY, principal)
    return ledger.append(PersonChanged(**place, account=row.account, **new))


# --- changing what an account may do ---


class ChangeRole(Internal, frozen=True, kw_only=True):
    """Gives an account another role on this server."""

    room: RoomName = DIRECTORY
    account: str
    role: str


class SuspendPerson(Internal, frozen=True, kw_only=True):
    """Keeps an account from doing anything, until it is resumed."""

    room: RoomName = DIRECTORY
    account: str


class ResumePerson(Internal, frozen=True, kw_only=True):
    """Lets a suspended account act again."""

    room: RoomName = DIRECTORY
    account: str


Ranking = ChangeRole | SuspendPerson | ResumePerson


def _rank_needs(wanted: Needs, principal: Principal, change: Ranking) -> None:
    to_know(wanted, principal.id, change.account)
    to_note(wanted)
    wanted.logs.add(change.account)  # which says so, and suspending ends its sessions
    wanted.row(OWNERS, OwnerRow(DIRECTORY, change.account))
    wanted.count(OWNERS, DIRECTORY)


def _change_role(ledger: Ledger, principal: Principal, change: ChangeRole) -> Answer:
    row = existing(ledger, change.account)
    if row is None:
        return NO_ACCOUNT
    may = may_manage(ledger, principal, row)
    if role_of(ledger, principal) != "owner":
        may = may and not is_at_least(change.role, "admin")
    if not may or (row.kind == "bot" and is_at_least(change.role, "moderator")):
        return forbidden("give this account this role")
    if row.role == change.role:
        return ledger.unchanged()
    if refusal := last_owner(ledger, row):
        return refusal
    _count_owner(ledger, row._replace(role=change.role))
    note(ledger, principal, change, "role changed", row.account, role=change.role)
    ledger.append(RoleChanged(**ledger.next(row.account, principal), role=change.role))
    return _put(ledger, principal, row, role=change.role)


def _set_status(ledger: Ledger, principal: Principal, change: Ranking) -> Answer:
    row = existing(ledger, change.account)
    if row is None:
        return NO_ACCOUNT
    if not may_manage(ledger, principal, row):
        return forbidden("suspend or resume this account")
    is_active = isinstance(change, ResumePerson)
    status = "active" if is_active else "suspended"
    if row.status == status:
        return ledger.unchanged()
    if not is_active and (refusal := last_owner(ledger, row)):
        return refusal
    _count_owner(ledger, row._replace(status=status))
    note(ledger, principal, change, "resumed" if is_active else "suspended", row.account)
    return _put(ledger, principal, row, status=status)


def last_owner(ledger: Ledger, row: Account) -> Refusal | None:
    """Return why an owner can't go, or None."""
    is_owner = ledger.row(OWNERS, OwnerRow(DIRECTORY, row.account)) is not None
    if is_owner and ledger.count(OWNERS, DIRECTORY) == 1:
        return forbidden("leave the server without an owner: make someone else an owner first")
    return None


def _count_owner(ledger: Ledger, row: Account) -> None:
    """Keep account of the active owners."""
    owner = OwnerRow(DIRECTORY, row.account)
    if row.role == "owner" and row.status == "active":
        ledger.put(OWNERS, owner)
    else:
        ledger.drop(OWNERS, owner)


def screen_names(handle: str | None, name: str | None) -> Refusal | None:
    """Return what is wrong with a handle or a display name, if they are given."""
    why = handle_fault(handle) if handle is not None else None
    if why is None and name is not None:
        why = display_name_fault(name)
    return Refusal("bad_request", why) if why else None


def _screen_change(change: ChangePerson, _: int) -> Refusal | None:
    for what, most in (("status_text", 100), ("time_zone", 64), ("avatar", 32)):
        text = getattr(change, what)
        if text is not None and (len(text) > most or not text.isprintable()):
            return Refusal("bad_request", f"Invalid `{what}`: use up to {most} visible characters")
    why = time_zone_fault(change.time_zone or "")
    return Refusal("bad_request", why) if why else screen_names(change.handle, change.name)


def _screen_role(change: ChangeRole, _: int) -> Refusal | None:
    return (
        None
        if change.role in RANKS
        else Refusal("bad_request", f"Unknown role: use one of {', '.join(RANKS)}")
    )


# --- what events mean, and who may read the logs of the server ---


def _added(kept: Kept, event: PersonAdded) -> None:
    if event.erased:
        return
    row = Account(
        *(DIRECTORY, event.account, event.handle, event.name, event.kind, event.role),
        *("active", "", "", ""),
        *(event.owner, event.at),
    )
    kept.put(ACCOUNT, row)


def _changed(kept: Kept, event: PersonChanged) -> None:
    new = {name: text for name in _COLUMNS if (text := getattr(event, name)) is not None}
    if row := kept.row(ACCOUNT, account_row(event.account)):
        kept.put(ACCOUNT, row._replace(**new))


def _removed(ledger: Ledger, event: PersonRemoved) -> None:
    put_portrait(ledger, event.account, "", None)


def _whom(event: PersonAdded | PersonChanged) -> tuple[str, ...]:
    has_other_rights = event.role is not None or getattr(event, "status", None) is not None
    return (event.account if has_other_rights else NOBODY,)


def _reader_needs(wanted: Needs, asking: Collection[Asking]) -> None:
    for who, _ in asking:
        to_know(wanted, who.id)


def _refuse_reader(
    known: Known, principal: Principal, operation: Permission, log: str
) -> Refusal | None:
    """Return why a principal may not read the directory or the audit log. Changes to them have rules of their own."""
    if operation is not Operation.READ:
        return None
    row = known.row(ACCOUNT, account_row(principal.id))
    role = row.role if row and row.status == "active" else None
    if is_at_least(role, _READERS[log]):
        return None
    return forbidden(operation.label)


_COLUMNS = ("handle", "name", "role", "status", "status_text", "time_zone", "avatar")
_READERS = {DIRECTORY: "member", AUDIT: "admin"}

ASPECT = Aspect(
    tables=(ACCOUNT, OWNERS, HANDLES, PORTRAIT),
    rules=(
        Rule(ChangePerson, BY_RULE, _change_needs, _change, _screen_change, is_internal=True),
        Rule(ChangeRole, BY_RULE, _rank_needs, _change_role, _screen_role, is_internal=True),
        Rule(SuspendPerson, BY_RULE, _rank_needs, _set_status, is_internal=True),
        Rule(ResumePerson, BY_RULE, _rank_needs, _set_status, is_internal=True),
    ),
    events=(PersonAdded, PersonChanged, RoleChanged),
    consequences=(Consequence(PersonRemoved, _removed),),
    affecting=(Affecting(PersonAdded, _whom, _added), Affecting(PersonChanged, _whom, _changed)),
    guards=(
        Guard(
            _READERS.__contains__, _reader_needs, _refuse_reader, elsewhere=lambda _: (DIRECTORY,)
        ),
    ),
)
