"""Ways to an account: the claim of a new server, invites, open sign-up, another server's users, and being added.

An invite is guarded by the audit log, where it is noted when it is made, used and revoked. One may also let people into rooms, as
long as whoever made it may invite guests there.
"""

from typing import NamedTuple

import msgspec

from hubbub.domain import memberships
from hubbub.domain.access import Operation
from hubbub.domain.aspects.people.accounts import (
    KINDS,
    OPERATOR,
    OWNERS,
    RANKS,
    NewPerson,
    active,
    add,
    adding_refused,
    forbidden,
    is_at_least,
    role_of,
    screen_names,
    to_add,
    to_know,
)
from hubbub.domain.aspects.people.audit import BY_RULE, Internal, note, to_note
from hubbub.domain.aspects.people.credentials import (
    IDENTITIES,
    PASSWORD,
    Identity,
    IdentityKey,
    put_credential,
    to_put_credential,
)
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Role, Scope
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Rule
from hubbub.events.people import PersonChanged
from hubbub.protocol.errors import Refusal
from hubbub.protocol.handles import retired
from hubbub.protocol.keys import AUDIT, DIRECTORY, is_room_key
from hubbub.protocol.messages import RoomName


class InviteKey(NamedTuple):
    """Identifies an invite."""

    log: str
    invite: str


class Invite(NamedTuple):
    """An invite to make an account with a role, and to join rooms (a JSON array of their keys).

    `digest` is the SHA-256 of its secret. It is good for `uses_left` accounts until a time in seconds since 1970. With the
    role `owner` it claims the server, as long as that has no owner.
    """

    log: str
    invite: str
    digest: str
    role: str
    rooms: str
    uses_left: int
    until: float
    by: str
    is_revoked: bool


INVITES = Table("invite", InviteKey, Invite)

MAX_ROOMS = 20
REMOVED = Refusal("forbidden", "Your account on this server was removed")
GONE = Refusal("gone", "This invite can't be used: it is unknown, used up, expired or revoked")


# --- making and revoking ---


class MakeInvite(Internal, frozen=True, kw_only=True):
    """Makes an invite, perhaps into `rooms` where its maker may invite guests.

    Members may do that if the settings say so (`is_open`), but only for members and guests; into rooms, always for guests.
    """

    room: RoomName = AUDIT
    invite: str
    digest: str
    role: str = "member"
    rooms: tuple[str, ...] = ()
    uses: int = 1
    until: float
    is_open: bool = False


class RevokeInvite(Internal, frozen=True, kw_only=True):
    """Makes an invite useless."""

    room: RoomName = AUDIT
    invite: str


def rooms_of(invite: Invite) -> tuple[str, ...]:
    """Return the keys of the rooms that an invite lets in to."""
    return msgspec.json.decode(invite.rooms, type=tuple[str, ...])


def _needs(wanted: Needs, principal: Principal, change: MakeInvite | RevokeInvite) -> None:
    to_know(wanted, principal.id)
    to_note(wanted)
    wanted.row(INVITES, InviteKey(AUDIT, change.invite))
    if isinstance(change, MakeInvite):
        _to_let_in(wanted, principal, change.rooms)


def _to_let_in(wanted: Needs, inviter: Principal, rooms: tuple[str, ...]) -> None:
    """Name what must be known in order to tell whether someone may let people into rooms."""
    wanted.logs.update(rooms)
    wanted.reading.update((inviter, room) for room in rooms)


def _unopened(ledger: Ledger, inviter: Principal, rooms: tuple[str, ...]) -> Refusal | None:
    """Return why someone may not let people into one of these rooms, or None."""
    refusals = (ledger.refusal(inviter, Operation.INVITE_GUEST, room) for room in rooms)
    return next(filter(None, refusals), None)


def _make(ledger: Ledger, principal: Principal, change: MakeInvite) -> Answer:
    if ledger.row(INVITES, InviteKey(AUDIT, change.invite)):
        return Refusal("conflict", "The id is in use: make another")
    if refusal := _unopened(ledger, principal, change.rooms):
        return refusal
    if not _may_invite(role_of(ledger, principal), principal.id, change):
        return forbidden("make this invite")
    rooms = msgspec.json.encode(change.rooms).decode()
    values = (change.digest, change.role, rooms, change.uses, change.until, principal.id, False)
    ledger.put(INVITES, Invite(AUDIT, change.invite, *values))
    return note(ledger, principal, change, "invite made", change.invite, role=change.role)


def _may_invite(role: str | None, by: str, change: MakeInvite) -> bool:
    if change.role == "owner":  # a claim
        return by == OPERATOR.id
    into_rooms = ["guest"] if change.rooms and is_at_least(role, "member") else []
    return change.role in [*into_rooms, *roles_to_invite(role, is_open=change.is_open)]


def roles_to_invite(role: str | None, *, is_open: bool) -> list[str]:
    """Return the roles for which an account with a role may make invites. `is_open`: members may make some, too."""
    if is_at_least(role, "admin"):
        return [each for each in RANKS if each != "owner" and is_at_least(role, each)]
    if is_open and is_at_least(role, "member"):
        return [each for each in RANKS if is_at_least("member", each)]
    return []


def _revoke(ledger: Ledger, principal: Principal, change: RevokeInvite) -> Answer:
    row = ledger.row(INVITES, InviteKey(AUDIT, change.invite))
    role = role_of(ledger, principal)
    if row is None or not (is_at_least(role, "admin") or (role and row.by == principal.id)):
        return Refusal("not_found", "No such invite")
    if row.is_revoked:
        return ledger.unchanged()
    ledger.put(INVITES, row._replace(is_revoked=True))
    return note(ledger, principal, change, "invite revoked", row.invite)


def _screen_invite(change: MakeInvite, _: int) -> Refusal | None:
    if change.role not in RANKS:
        return Refusal("bad_request", f"Unknown role: use one of {', '.join(RANKS)}")
    if len(change.rooms) > MAX_ROOMS or not all(map(is_room_key, change.rooms)):
        why = f"Invalid rooms: name at most {MAX_ROOMS} rooms that people made"
        return Refusal("bad_request", why)
    return None if change.uses > 0 else Refusal("bad_request", "An invite needs at least one use")


# --- adding ---


class AddPerson(Internal, frozen=True, kw_only=True):
    """Makes an account: by an invite, for another server's user, by open sign-up, or for whoever may add people.

    Attributes:
        account: its key, made for it.
        secret: the hash of its password, if it has one.
        invite: the invite's id, with the `digest` of the secret that was given, and what the invite said when it was
            looked up: its `inviter` and `rooms`.
        subject: the stable id of another server's user. If they have an account already, none is made.
        mailbox: the id of the user's mail address, if that decides whose account it is as well.
        is_open: whether the settings let anyone sign up. Without it, an invite or a subject, the principal adds it.
    """

    room: RoomName = DIRECTORY
    account: str
    handle: str
    name: str
    kind: str = "person"
    role: str = "member"
    secret: str | None = None
    invite: str | None = None
    digest: str = ""
    inviter: str = ""
    rooms: tuple[str, ...] = ()
    subject: str | None = None
    mailbox: str | None = None
    is_open: bool = False


def _add_needs(wanted: Needs, principal: Principal, change: AddPerson) -> None:
    to_know(wanted, principal.id, change.inviter)
    to_note(wanted)
    to_add(wanted, change.account, change.handle)
    wanted.count(OWNERS, DIRECTORY)
    if change.secret is not None:
        to_put_credential(wanted, change.account, PASSWORD)
    if change.invite is not None:
        wanted.row(INVITES, InviteKey(AUDIT, change.invite))
        _to_let_in(wanted, _inviter(change), change.rooms)
        for room in change.rooms:
            memberships.to_begin_or_end(wanted, room, change.account)
    for subject in _subjects(change):
        wanted.row(IDENTITIES, _identity(subject))
        wanted.row(IDENTITIES, _identity(retired(subject)))


def _add(ledger: Ledger, principal: Principal, change: AddPerson) -> Answer:
    if any(ledger.row(IDENTITIES, _identity(retired(each))) for each in _subjects(change)):
        return REMOVED
    for subject in _subjects(change):
        if known := ledger.row(IDENTITIES, _identity(subject)):
            return _link_to(ledger, principal, change, known.account)
    role = _role_given(ledger, principal, change)
    if isinstance(role, Refusal):
        return role
    owner = principal.id if change.kind == "bot" else None
    new = NewPerson(change.account, change.handle, change.name, change.kind, role, owner)
    if refusal := adding_refused(ledger, new):
        return refusal
    if change.invite is not None:
        _use(ledger, change.invite)
    for subject in _subjects(change):
        ledger.put(IDENTITIES, Identity(DIRECTORY, subject, change.account))
    if change.secret is not None:
        put_credential(ledger, principal, change.account, PASSWORD, change.secret)
    details = {"role": role} | ({"invite": change.invite} if change.invite else {})
    note(ledger, principal, change, "person added", change.account, **details)
    answer = add(ledger, principal, new)
    _let_in(ledger, change)
    return answer


def _let_in(ledger: Ledger, change: AddPerson) -> None:
    """Make the new account a member of the invite's rooms."""
    newcomer = Principal(change.account, Role.ACCOUNT, change.account)
    for room in change.rooms:
        if change.inviter == OPERATOR.id:  # whom nobody in the room knows
            memberships.join(ledger, newcomer, room)
        else:
            memberships.invite(ledger, _inviter(change), room, change.account)


def _inviter(change: AddPerson) -> Principal:
    """Return who made the invite, with all that their account may."""
    return Principal(change.inviter, Role.ACCOUNT, change.inviter, frozenset(Scope))


def _link_to(ledger: Ledger, principal: Principal, change: AddPerson, account: str) -> Answer:
    """Link a user to the account that they have already, by all that is known of them."""
    new = [each for each in _subjects(change) if not ledger.row(IDENTITIES, _identity(each))]
    if not new:
        return ledger.unchanged()._replace(made=account)
    for subject in new:
        ledger.put(IDENTITIES, Identity(DIRECTORY, subject, account))
    note(ledger, principal, change, "identity linked", account)
    changed = PersonChanged(**ledger.next(DIRECTORY, principal), account=account)
    return ledger.append(changed)._replace(made=account)  # or copies would not learn of the row


def _subjects(change: AddPerson) -> list[str]:
    """Return what the user is known by, what counts most first. A mail address alone makes nobody known."""
    return [] if change.subject is None else [*filter(None, (change.subject, change.mailbox))]


def _identity(subject: str) -> IdentityKey:
    return IdentityKey(DIRECTORY, subject)


def _role_given(ledger: Ledger, principal: Principal, change: AddPerson) -> str | Refusal:
    """Return the role that the new account gets, or why it can't be made."""
    if change.invite is not None:
        return _invited(ledger, change) or GONE
    if change.subject is not None or change.is_open:
        is_fine = change.kind == "person" and not is_at_least(change.role, "moderator")
    else:
        role = role_of(ledger, principal)
        is_fine = role == "owner" or (role == "admin" and not is_at_least(change.role, "admin"))
    return change.role if is_fine else forbidden("add this account")


def _invited(ledger: Ledger, change: AddPerson) -> str | None:
    """Return the role that an invite gives now, or None if it can't be used."""
    row = ledger.row(INVITES, InviteKey(AUDIT, str(change.invite)))
    if row is None or row.digest != change.digest or row.is_revoked or change.kind != "person":
        return None
    if row.uses_left < 1 or row.until <= ledger.now:
        return None
    if (row.by, rooms_of(row)) != (change.inviter, change.rooms):
        return None
    if row.role == "owner":
        return None if ledger.count(OWNERS, DIRECTORY) else "owner"
    inviter = active(ledger, row.by)
    may = row.by == OPERATOR.id or is_at_least(inviter and inviter.role, row.role)
    return row.role if may and not _unopened(ledger, _inviter(change), change.rooms) else None


def _use(ledger: Ledger, invite: str) -> None:
    row = ledger.row(INVITES, InviteKey(AUDIT, invite))
    assert row is not None
    ledger.put(INVITES, row._replace(uses_left=row.uses_left - 1))


def _screen_add(change: AddPerson, _: int) -> Refusal | None:
    if change.role not in RANKS or change.kind not in KINDS:
        return Refusal("bad_request", "Unknown role or kind of account")
    return screen_names(change.handle, change.name)


ASPECT = Aspect(
    tables=(INVITES,),
    rules=(
        Rule(MakeInvite, BY_RULE, _needs, _make, _screen_invite, is_internal=True),
        Rule(RevokeInvite, BY_RULE, _needs, _revoke, is_internal=True),
        Rule(AddPerson, BY_RULE, _add_needs, _add, _screen_add, is_internal=True),
    ),
)
