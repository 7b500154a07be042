"""Setting a password: by oneself, or once by a reset link, which an admin makes. It ends all other sessions."""

from hubbub.domain.aspects.people.accounts import (
    NO_ACCOUNT,
    OPERATOR,
    active,
    existing,
    forbidden,
    may_manage,
    to_know,
)
from hubbub.domain.aspects.people.audit import BY_RULE, Internal, note, to_note
from hubbub.domain.aspects.people.credentials import (
    CREDENTIALS,
    PASSWORD,
    RESET,
    CredentialKey,
    is_still,
    put_credential,
    to_put_credential,
)
from hubbub.domain.aspects.people.sessions import close_all, to_close_all
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Role
from hubbub.domain.rules import Aspect, Rule
from hubbub.domain.tables.accounts import ACCOUNT, account_row
from hubbub.protocol.errors import Refusal

NO_RESET = Refusal("gone", "This link can't be used: it is unknown, used up or expired")


class SetPassword(Internal, frozen=True, kw_only=True):
    """Gives the account whose log is `room` another password.

    Attributes:
        secret: its hash.
        was: the hash that the present password was compared with; None if there is none.
        reset: the digest of a reset link's secret, in place of the present password.
        made_by: the account that made the link, as it was looked up.
        keeps: the session that stays open.
    """

    secret: str
    was: str | None = None
    reset: str | None = None
    made_by: str = ""
    keeps: str | None = None


class MakeReset(Internal, frozen=True, kw_only=True):
    """Makes a reset link for the account whose log is `room`; only the digest of its secret is known."""

    digest: str
    until: float


def _needs(wanted: Needs, principal: Principal, change: SetPassword | MakeReset) -> None:
    to_know(wanted, principal.id, change.room)
    to_note(wanted)
    for kind in (PASSWORD, RESET):
        to_put_credential(wanted, change.room, kind)
    if isinstance(change, SetPassword):
        to_know(wanted, change.made_by)
        to_close_all(wanted, change.room, change.keeps)


def _set(ledger: Ledger, principal: Principal, change: SetPassword) -> Answer:
    account = change.room
    if change.reset is not None and not _is_good(ledger, change, change.reset):
        return NO_RESET
    if active(ledger, account) is None or not (
        change.reset or _is_proved(ledger, principal, change)
    ):
        return forbidden("change this password")
    if ledger.row(CREDENTIALS, reset := CredentialKey(account, RESET)):
        ledger.drop(CREDENTIALS, reset)
    answer = put_credential(ledger, principal, account, PASSWORD, change.secret)
    close_all(ledger, principal, account, change.keeps)
    note(ledger, principal, change, "password changed", account)
    return answer


def _is_good(ledger: Ledger, change: SetPassword, digest: str) -> bool:
    """Whether a reset link can be used: whoever made it could still make it, as the account is now."""
    link = ledger.row(CREDENTIALS, CredentialKey(change.room, RESET))
    row = ledger.row(ACCOUNT, account_row(change.room))
    if link is None or row is None or link.made_by != change.made_by:
        return False
    maker = Principal(change.made_by, Role.ACCOUNT, change.made_by)
    return is_still(ledger, change.room, RESET, digest) and may_manage(ledger, maker, row)


def _is_proved(ledger: Ledger, principal: Principal, change: SetPassword) -> bool:
    """Whether the account itself asks, and knows the present password."""
    if principal.id == OPERATOR.id:
        return True
    has_one = ledger.row(CREDENTIALS, CredentialKey(change.room, PASSWORD)) is not None
    knows = change.was is not None and is_still(ledger, change.room, PASSWORD, change.was)
    return principal.id == change.room and (knows or not has_one)


def _make_reset(ledger: Ledger, principal: Principal, change: MakeReset) -> Answer:
    row = existing(ledger, change.room)
    if row is None:
        return NO_ACCOUNT
    if not may_manage(ledger, principal, row) or row.kind == "bot":
        return forbidden("make a reset link for this account")
    note(ledger, principal, change, "reset link made", row.account)
    return put_credential(ledger, principal, row.account, RESET, change.digest, change.until)


ASPECT = Aspect(
    rules=(
        Rule(SetPassword, BY_RULE, _needs, _set, is_internal=True),
        Rule(MakeReset, BY_RULE, _needs, _make_reset, is_internal=True),
    ),
)
