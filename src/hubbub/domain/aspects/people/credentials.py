"""What an account proves itself with before it has a session: a password, once the secret of a reset link, or another server.

Secrets are hashed before they come here. The rows are guarded by the account's own log; who is whom on another server,
by the directory, since that is looked up before the account is known.
"""

from typing import NamedTuple

from hubbub.domain.facts import Accepted, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Consequence
from hubbub.events import PersonRemoved
from hubbub.events.people import CredentialChanged

PASSWORD = "password"  # its secret is an argon2id hash
RESET = "reset"  # its secret is a SHA-256 digest


class CredentialKey(NamedTuple):
    """Identifies a credential."""

    account: str
    kind: str


class Credential(NamedTuple):
    """What a secret is compared with. `changed_at` is RFC 3339, `until` seconds since 1970; None: for ever.

    `made_by` is the account that gave it, which counts for reset links. Of older ones it is not known.
    """

    account: str
    kind: str
    secret: str
    changed_at: str
    until: float | None
    made_by: str | None = None


class IdentityKey(NamedTuple):
    """Identifies a user of another server."""

    log: str
    subject: str


class Identity(NamedTuple):
    """Which account belongs to a user of another server; `subject` is that user's stable id."""

    log: str
    subject: str
    account: str


CREDENTIALS = Table("credential", CredentialKey, Credential)
IDENTITIES = Table("identity", IdentityKey, Identity)


def to_put_credential(wanted: Needs, account: str, kind: str) -> None:
    """Name what must be known in order to use, put or drop a credential."""
    wanted.logs.add(account)
    wanted.row(CREDENTIALS, CredentialKey(account, kind))


def put_credential(
    ledger: Ledger,
    principal: Principal,
    account: str,
    kind: str,
    secret: str,
    until: float | None = None,
) -> Accepted:
    """Give an account a credential, in place of any of this kind."""
    ledger.put(CREDENTIALS, Credential(account, kind, secret, ledger.at, until, principal.id))
    return ledger.append(CredentialChanged(**ledger.next(account, principal), kind=kind))


def is_still(ledger: Ledger, account: str, kind: str, secret: str) -> bool:
    """Whether this is what secrets are compared with now."""
    row = ledger.row(CREDENTIALS, CredentialKey(account, kind))
    is_valid = row is not None and (row.until is None or row.until > ledger.now)
    return is_valid and row is not None and row.secret == secret


def _forget(ledger: Ledger, event: PersonRemoved) -> None:
    ledger.drop_all(CREDENTIALS, event.account)


ASPECT = Aspect(
    tables=(CREDENTIALS, IDENTITIES),
    events=(CredentialChanged,),
    consequences=(Consequence(PersonRemoved, _forget),),
)
