"""Sessions, which logging in opens, and API tokens, which an account makes for programs.

The rows are guarded by the account's own log, which says when each was opened and closed.
"""

from typing import Any, NamedTuple

import msgspec

from hubbub.domain.aspects.people.accounts import (
    NO_ACCOUNT,
    active,
    forbidden,
    may_manage,
    may_speak_for,
    to_know,
)
from hubbub.domain.aspects.people.audit import BY_RULE, Internal, note, to_note
from hubbub.domain.aspects.people.credentials import PASSWORD, is_still, to_put_credential
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Consequence, Rule
from hubbub.domain.tables.accounts import ACCOUNT, account_row
from hubbub.domain.tables.subscriptions import SUBSCRIPTIONS, SubscriptionKey
from hubbub.events import PersonRemoved
from hubbub.events.people import (
    PersonChanged,
    RoleChanged,
    SessionClosed,
    SessionOpened,
    SessionRenewed,
)
from hubbub.protocol.errors import Refusal

SESSION, TOKEN = KINDS = ("session", "token")
MAX_TOKENS = 100  # of an account


class SessionId(NamedTuple):
    """Identifies a session or a token."""

    account: str
    kind: str
    session: str


class Session(NamedTuple):
    """A session or a token. Only the SHA-256 of its secret is known.

    `name` is the device, or what a token is for, `scopes` a JSON array. `opened_at` is RFC 3339, `until` seconds since 1970;
    None: for ever.
    """

    account: str
    kind: str
    session: str
    digest: str
    name: str
    scopes: str
    opened_at: str
    until: float | None


SESSIONS = Table("session", SessionId, Session)


# --- opening ---


class OpenSession(Internal, frozen=True, kw_only=True):
    """Opens a session of the account whose log is `room`, once it has proved itself; or makes a token for it.

    Attributes:
        session: the id; of the secret, only the `digest` is known.
        was: the hash that the password was compared with, if it was a password that was given.
        closes: sessions that end instead: those that expired, or the oldest if there are too many.
    """

    session: str
    digest: str
    kind: str = SESSION
    name: str = ""
    scopes: tuple[str, ...]
    until: float | None = None
    was: str | None = None
    closes: tuple[str, ...] = ()


def _open_needs(wanted: Needs, principal: Principal, change: OpenSession) -> None:
    to_know(wanted, principal.id, change.room)
    to_note(wanted)
    to_put_credential(wanted, change.room, PASSWORD)
    wanted.count(SESSIONS, change.room, TOKEN)
    for session in (change.session, *change.closes):
        _to_close(wanted, SessionId(change.room, change.kind, session))


def _open(ledger: Ledger, principal: Principal, change: OpenSession) -> Answer:
    account, key = change.room, SessionId(change.room, change.kind, change.session)
    row = active(ledger, account)
    if row is None or not may_speak_for(ledger, principal, row):
        return forbidden(_OPENING[change.kind])
    if change.was is not None and not is_still(ledger, account, PASSWORD, change.was):
        return forbidden("log in: the password has just been changed")
    if ledger.row(SESSIONS, key):
        return Refusal("conflict", "The id is in use: make another")
    if change.kind == TOKEN and ledger.count(SESSIONS, account, TOKEN) >= MAX_TOKENS:
        return Refusal("too_large", f"Too many tokens: an account takes at most {MAX_TOKENS}")
    for old in (SessionId(account, change.kind, session) for session in change.closes):
        if ledger.row(SESSIONS, old):
            _close_one(ledger, principal, old)
    scopes = msgspec.json.encode(change.scopes).decode()
    values: tuple[Any, ...] = (change.digest, change.name, scopes, ledger.at, change.until)
    ledger.put(SESSIONS, Session(*key, *values))
    action = "logged in" if change.kind == SESSION else "token made"
    note(ledger, principal, change, action, account, session=change.session)
    place = ledger.next(account, principal) | {"session": change.session, "kind": change.kind}
    return ledger.append(SessionOpened(**place, name=change.name, until=change.until))


_OPENING = {SESSION: "log in to this account", TOKEN: "make tokens of this account"}


def _screen_open(change: OpenSession, _: int) -> Refusal | None:
    if change.kind not in KINDS or (change.kind == SESSION and change.until is None):
        return Refusal("bad_request", "A session needs an end, and any other kind is a token")
    return None


# --- going on ---


class RenewSession(Internal, frozen=True, kw_only=True):
    """Lets a session of the account whose log is `room` go on. Asked for at most once a day, since it is written down."""

    session: str
    until: float


def _renew_needs(wanted: Needs, _: Principal, change: RenewSession) -> None:
    to_know(wanted, change.room)
    wanted.row(SESSIONS, SessionId(change.room, SESSION, change.session))


def _renew(ledger: Ledger, principal: Principal, change: RenewSession) -> Answer:
    row = ledger.row(SESSIONS, SessionId(change.room, SESSION, change.session))
    is_open = row is not None and row.until is not None and row.until > ledger.now
    if row is None or not is_open or active(ledger, change.room) is None:
        return _NO_SESSION
    ledger.put(SESSIONS, row._replace(until=change.until))
    place = ledger.next(change.room, principal)
    return ledger.append(SessionRenewed(**place, session=change.session, until=change.until))


_NO_SESSION = Refusal("not_found", "No such session")


# --- closing ---


class CloseSession(Internal, frozen=True, kw_only=True):
    """Ends a session of the account whose log is `room`, or revokes a token."""

    session: str
    kind: str = SESSION


class CloseSessions(Internal, frozen=True, kw_only=True):
    """Ends all sessions of the account whose log is `room`, but the one in `keeps`. Tokens stay."""

    keeps: str | None = None


def _close_needs(wanted: Needs, principal: Principal, change: CloseSession | CloseSessions) -> None:
    to_know(wanted, principal.id, change.room)
    to_note(wanted)
    if isinstance(change, CloseSession):
        _to_close(wanted, SessionId(change.room, change.kind, change.session))
    else:
        to_close_all(wanted, change.room, change.keeps)


def _close(ledger: Ledger, principal: Principal, change: CloseSession | CloseSessions) -> Answer:
    row = ledger.row(ACCOUNT, account_row(change.room))
    if row is None:
        return NO_ACCOUNT
    if not (may_speak_for(ledger, principal, row) or may_manage(ledger, principal, row)):
        return forbidden("end sessions of this account")
    if isinstance(change, CloseSessions):
        note(ledger, principal, change, "sessions ended", row.account)
        return close_all(ledger, principal, row.account, change.keeps)
    key = SessionId(row.account, change.kind, change.session)
    if not ledger.row(SESSIONS, key):
        return _NO_SESSION
    action = "logged out" if change.kind == SESSION else "token revoked"
    note(ledger, principal, change, action, row.account, session=change.session)
    return _close_one(ledger, principal, key)


def to_close_all(wanted: Needs, account: str, keeps: str | None) -> None:
    """Name what must be known in order to `close_all`."""
    wanted.logs.add(account)
    if keeps is not None:
        _to_close(wanted, SessionId(account, SESSION, keeps))


def _to_close(wanted: Needs, key: SessionId) -> None:
    """Name a session or a token, and what ends with it."""
    wanted.row(SESSIONS, key)
    wanted.row(SUBSCRIPTIONS, SubscriptionKey(*key))


def close_all(ledger: Ledger, principal: Principal, account: str, keeps: str | None) -> Answer:
    """End all sessions of an account but one, and their subscriptions."""
    kept = None if keeps is None else ledger.row(SESSIONS, SessionId(account, SESSION, keeps))
    notified = kept and ledger.row(SUBSCRIPTIONS, SubscriptionKey(account, SESSION, kept.session))
    _drop_all(ledger, account, SESSION)
    if kept:
        ledger.put(SESSIONS, kept)
    if notified:
        ledger.put(SUBSCRIPTIONS, notified)
    closed = SessionClosed(
        **ledger.next(account, principal), kind=SESSION, kept=kept and kept.session
    )
    return ledger.append(closed)


def _close_one(ledger: Ledger, principal: Principal, key: SessionId) -> Answer:
    ledger.drop(SESSIONS, key)
    ledger.drop(SUBSCRIPTIONS, SubscriptionKey(*key))
    place = ledger.next(key.account, principal)
    return ledger.append(SessionClosed(**place, kind=key.kind, session=key.session))


def _drop_all(ledger: Ledger, *prefix: str) -> None:
    """Keep no session whose key begins so, nor what ends with it."""
    for table in (SESSIONS, SUBSCRIPTIONS):
        ledger.drop_all(table, *prefix)


def _end_if_suspended(ledger: Ledger, event: PersonChanged) -> None:
    """A suspended account must log in again once it is resumed."""
    if event.status == "suspended":
        log = event.account
        _drop_all(ledger, log, SESSION)
        place = (log, ledger.head(log) + 1, event.at, event.by)
        ledger.append(SessionClosed(*place, id=event.id, kind=SESSION))


def _end_if_removed(ledger: Ledger, event: PersonRemoved) -> None:
    log = event.account
    _drop_all(ledger, log)
    for kind in KINDS:
        place = (log, ledger.head(log) + 1, event.at, event.by)
        ledger.append(SessionClosed(*place, id=event.id, kind=kind))


def _end(ledger: Ledger, _: SessionClosed | RoleChanged) -> None:
    """An account's lesser role ends the credentials of its bots that have a higher one."""
    ledger.end_credentials()


ASPECT = Aspect(
    tables=(SESSIONS,),
    rules=(
        Rule(OpenSession, BY_RULE, _open_needs, _open, _screen_open, is_internal=True),
        Rule(RenewSession, BY_RULE, _renew_needs, _renew, is_internal=True),
        Rule(CloseSession, BY_RULE, _close_needs, _close, is_internal=True),
        Rule(CloseSessions, BY_RULE, _close_needs, _close, is_internal=True),
    ),
    events=(SessionOpened, SessionRenewed, SessionClosed),
    consequences=(
        Consequence(PersonChanged, _end_if_suspended),
        Consequence(PersonRemoved, _end_if_removed),
        Consequence(SessionClosed, _end),
        Consequence(RoleChanged, _end),
    ),
)
