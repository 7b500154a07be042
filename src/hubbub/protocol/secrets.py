"""The texts of secrets that the server makes for accounts: of sessions and API tokens, of invites and claim links.

    hubbub_s_p7m2q9x4w1z3k_ID_SECRET   a session's: account, id, secret
    hubbub_t_p7m2q9x4w1z3k_ID_SECRET   an API token's
    ID.SECRET                          an invite's or a claim link's, in the fragment of its address
    p7m2q9x4w1z3k_ID_UNTIL_MAC         a ticket for one file, in its address at the origin of files

Ids have 60 random bits and secrets 260, in Crockford's base32. Whoever checks one looks its row up by its key, and
compares digests: only those are stored.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Literal

from hubbub.protocol import keys

RANDOM_BYTES = 41  # what the id and the secret of a new text are made of
_ID_BYTES = keys.RANDOM_BYTES

_ID, _SECRET = "([0-9a-hjkmnp-tv-z]{12})", "([0-9a-hjkmnp-tv-z]{52})"
_SESSION = re.compile(f"hubbub_([st])_(p[0-9a-hjkmnp-tv-z]{{12}})_{_ID}_{_SECRET}")
_INVITE = re.compile(rf"{_ID}\.{_SECRET}")
_TICKET = re.compile(rf"(p[0-9a-hjkmnp-tv-z]{{12}})_{_ID}_([0-9]{{1,12}})_([0-9a-f]{{64}})")


@dataclass(frozen=True, slots=True)
class SessionToken:
    """What proves a session of an account, or an API token: the row that it names, and the secret."""

    account: str
    kind: Literal["session", "token"]
    id: str
    secret: str = field(repr=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """The key of its row."""
        return self.account, self.kind, self.id

    @property
    def text(self) -> str:
        """The token as clients send it."""
        return f"hubbub_{self.kind[0]}_{self.account.removeprefix('@')}_{self.id}_{self.secret}"


@dataclass(frozen=True, slots=True)
class InviteToken:
    """What proves an invite, or the right to claim a server that has no owner."""

    id: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """The token as it stands in a link."""
        return f"{self.id}.{self.secret}"


@dataclass(frozen=True, slots=True)
class FileTicket:
    """Proves, for a while, that a session asks for one file. `until` is in seconds since 1970."""

    account: str
    session: str
    until: int
    proof: str = field(repr=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """The key of its session's row."""
        return self.account, "session", self.session

    @property
    def text(self) -> str:
        """The ticket as it stands in an address."""
        return f"{self.account.removeprefix('@')}_{self.session}_{self.until}_{self.proof}"

    def is_for(self, file: str, digest: str) -> bool:
        """Whether it was made for this file, with this digest of its session's token."""
        proof = _proof_of(self.account, self.session, self.until, file, digest)
        return hmac.compare_digest(self.proof, proof)


def new_session(account: str, random: bytes) -> SessionToken:
    """Return the token of a new session of an account, made from `RANDOM_BYTES` random bytes."""
    return SessionToken(account, "session", *_id_and_secret(random))


def new_token(account: str, random: bytes) -> SessionToken:
    """Return a new API token of an account, made from `RANDOM_BYTES` random bytes."""
    return SessionToken(account, "token", *_id_and_secret(random))


def new_invite(random: bytes) -> InviteToken:
    """Return the token of a new invite or claim link, made from `RANDOM_BYTES` random bytes."""
    return InviteToken(*_id_and_secret(random))


def new_ticket(account: str, session: str, until: int, file: str, digest: str) -> FileTicket:
    """Return a ticket for a file, for the session whose token has this digest."""
    return FileTicket(account, session, until, _proof_of(account, session, until, file, digest))


def session_from(text: str) -> SessionToken | None:
    """Read a session's or an API token's text. None for anything else, whatever its length."""
    found = _SESSION.fullmatch(text)
    if found is None:
        return None
    return SessionToken(
        f"@{found[2]}", "session" if found[1] == "s" else "token", found[3], found[4]
    )


def invite_from(text: str) -> InviteToken | None:
    """Read the text of an invite or claim link. None for anything else, whatever its length."""
    found = _INVITE.fullmatch(text)
    return InviteToken(found[1], found[2]) if found else None


def ticket_from(text: str) -> FileTicket | None:
    """Read the text of a ticket. None for anything else, whatever its length."""
    found = _TICKET.fullmatch(text)
    return FileTicket(f"@{found[1]}", found[2], int(found[3]), found[4]) if found else None


def digest_of(secret: str) -> str:
    """Return the hash to store, SHA-256 in hexadecimal. With 256 random bits in a secret, a fast hash is as good as a slow one."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_secret_of(secret: str, digest: str) -> bool:
    """Whether this is the secret of a stored digest, in a time that does not depend on how much of it is right."""
    return hmac.compare_digest(digest_of(secret), digest)


def _id_and_secret(random: bytes) -> tuple[str, str]:
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"Expected {RANDOM_BYTES} random bytes, and got {len(random)}")
    return keys.base32(random[:_ID_BYTES]), keys.base32(random[_ID_BYTES:])


def _proof_of(account: str, session: str, until: int, file: str, digest: str) -> str:
    said = f"file ticket {account} {session} {until} {file}"
    return hmac.new(digest.encode(), said.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
