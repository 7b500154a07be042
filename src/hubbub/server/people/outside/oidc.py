"""Signing in at a provider (OpenID Connect, authorization code with PKCE): sends people there, and lets them in when they return.

A sign-in is one transaction of one browser, which keeps its secret in a cookie. All that goes to the provider is derived
from it, so no node needs to remember who has begun.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from hubbub.domain import identity
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.secrets import SessionToken, invite_from
from hubbub.server.audit import audit
from hubbub.server.people.entrance import Caller
from hubbub.server.people.outside.identities import Identities, OutsideUser
from hubbub.server.people.outside.provider import Grant, Metadata, Provider

SECONDS = 600.0  # that a person has at the provider
MOST_USED = 10_000  # transactions that are remembered, so that none is used twice
SCOPES = "openid profile email"
CALLED = ("preferred_username", "name", "email", "sub")  # claims of which a handle is made
INVITED, ANYONE = "invited", "anyone"
_TRANSACTION = re.compile(
    r"[A-Za-z0-9_-]{43}~([0-9]{1,12})(?:~([0-9a-z.]{65}))?(?:~~([0-9A-Za-z_-]{1,64}))?"
)
_SUBJECT = re.compile("[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")
_ERROR = re.compile("[a-z_]{1,40}")

Open = Callable[[str, Caller], Awaitable[SessionToken]]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A sign-in that was begun: `text` is what the browser keeps, with a secret, a time and perhaps an invite.

    `held` is the id of the session that the browser had then: its cookie doesn't come along from another site.
    """

    text: str = field(repr=False)
    until: float
    invite: str | None = field(default=None, repr=False)
    held: str | None = None

    def derived(self, what: str) -> str:
        """Return a value of 256 bits that only the browser with the text can have."""
        digest = hashlib.sha256(f"{what}:{self.text}".encode()).digest()
        return _base64(digest)

    @property
    def challenge(self) -> str:
        """What the provider compares the verifier with (RFC 7636, section 4.2)."""
        return _base64(hashlib.sha256(self.derived("verifier").encode()).digest())


class Beginning(NamedTuple):
    """Where to send the browser, and what it must keep until it returns."""

    url: str
    kept: str


@dataclass(frozen=True, slots=True)
class NewcomerRule:
    """Whom the settings give an account: those invited, `anyone`, or who has a verified address at one of some domains.

    `links_by_mail`: whether a verified mail address decides whose account it is.
    """

    allow: str = INVITED
    links_by_mail: bool = False

    def may_add(self, mail: str) -> bool:
        """Whether someone with this verified mail address, or none, gets an account without an invite."""
        if self.allow in (INVITED, ANYONE):
            return self.allow == ANYONE
        domains = {each.strip().lower() for each in self.allow.split(",")}
        return mail.rpartition("@")[2].lower() in domains


class SignIn:
    """Signs people in. Whatever is refused is a RefusalError; what a failing store raises is StoreFailed."""

    def __init__(
        self,
        provider: Provider,
        identities: Identities,
        policy: NewcomerRule,
        open_session: Open,
        now: Callable[[], float],
    ) -> None:
        """`now` gives seconds since 1970."""
        self._provider = provider
        self._identities = identities
        self._policy = policy
        self._open = open_session
        self._now = now
        self._used: OrderedDict[str, float] = OrderedDict()

    async def begin(
        self, redirect_uri: str, invite: str = "", held: SessionToken | None = None
    ) -> Beginning:
        """Begin a sign-in, with the text of an invite or claim link if an account is to be made by it.

        `held` is the session that the browser has. If it is of the account that signs in, it ends then.
        """
        if invite and invite_from(invite) is None:
            raise RefusalError("gone", "This invite can't be used: it is malformed")
        metadata = await self._provider.metadata()
        until = self._now() + SECONDS
        text = f"{secrets.token_urlsafe(32)}~{int(until)}" + (f"~{invite}" if invite else "")
        text += f"~~{held.id}" if held else ""
        transaction = Transaction(text, until)
        asked = {
            "response_type": "code",
            "client_id": self._provider.registration.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": transaction.derived("state"),
            "nonce": transaction.derived("nonce"),
            "code_challenge": transaction.challenge,
            "code_challenge_method": "S256",
        }
        separator = "&" if "?" in metadata.authorization_endpoint else "?"
        return Beginning(f"{metadata.authorization_endpoint}{separator}{urlencode(asked)}", text)

    async def finish(
        self, answer: Mapping[str, str], kept: str | None, redirect_uri: str, caller: Caller
    ) -> SessionToken:
        """Let in who returns from the provider, with its answer and what the browser has kept."""
        transaction = self._transaction(kept, answer.get("state", ""))
        metadata = await self._provider.metadata()
        code = _code(answer, metadata)
        verifier, nonce = transaction.derived("verifier"), transaction.derived("nonce")
        claims = await self._provider.claims(Grant(code, verifier, redirect_uri, nonce))
        account = await self._account(claims, transaction.invite, caller.address)
        held = transaction.held and SessionToken(account, "session", transaction.held, "")
        return await self._open(account, replace(caller, held=held or None))

    def _transaction(self, kept: str | None, state: str) -> Transaction:
        """Return the sign-in that a browser has begun, once. Raises RefusalError."""
        found = _TRANSACTION.fullmatch(kept or "")
        if kept is None or found is None:
            raise _refused("This browser has not begun a sign-in, or it is no longer valid")
        transaction = Transaction(kept, float(found[1]), found[2], found[3])
        expected = transaction.derived("state")
        if not hmac.compare_digest(expected.encode(), state.encode("utf-8", "replace")):
            raise _refused("The answer belongs to another sign-in (`state`)")
        now = self._now()
        if not now < transaction.until <= now + SECONDS + 1:
            raise _refused("The sign-in took longer than 10 minutes")
        if expected in self._used:
            raise _refused("This sign-in was used before")
        while self._used and (
            len(self._used) >= MOST_USED or next(iter(self._used.values())) <= now
        ):
            self._used.popitem(last=False)
        self._used[expected] = transaction.until
        return transaction

    async def _account(self, claims: Mapping[str, Any], invite: str | None, address: str) -> str:
        subject = claims["sub"]
        if not _SUBJECT.fullmatch(subject):
            raise RefusalError(
                "forbidden", "The provider's identifier for you (`sub`) can't be used"
            )
        mail = _text(claims, "email") if claims.get("email_verified") is True else ""
        mail = mail if mail.isascii() and "@" in mail else ""
        user = OutsideUser(
            identity.user(claims["iss"], subject),
            tuple(filter(None, (_text(claims, claim) for claim in CALLED))),
            _text(claims, "name"),
            identity.mailbox(mail) if mail and self._policy.links_by_mail else None,
        )
        may_add = self._policy.may_add(mail)
        try:
            return await self._identities.account(user, invite, address, may_add=may_add)
        except RefusalError:
            audit("sign-in refused", subject=user.subject, address=address)
            raise


def _code(answer: Mapping[str, str], metadata: Metadata) -> str:
    """Return the code in a provider's answer. Raises RefusalError."""
    issuer = answer.get("iss")
    if issuer is None and metadata.authorization_response_iss_parameter_supported:
        raise _refused("The answer does not say which provider it is from (`iss`)")
    if issuer not in (None, metadata.issuer):
        raise _refused("The answer is from another provider (`iss`)")
    if error := answer.get("error"):
        shown = error if _ERROR.fullmatch(error) else "for an unknown reason"
        raise RefusalError("forbidden", f"The provider did not sign you in: {shown}")
    code = answer.get("code", "")
    if not 0 < len(code) <= 2048:
        raise _refused("The answer has no code")
    return code


def _refused(why: str) -> RefusalError:
    return RefusalError("bad_request", why, hint="Sign in again, from the beginning")


def _text(claims: Mapping[str, Any], claim: str) -> str:
    value = claims.get(claim)
    return value if isinstance(value, str) else ""


def _base64(digest: bytes) -> str:
    return urlsafe_b64encode(digest).decode().rstrip("=")
