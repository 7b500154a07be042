"""A provider of sign-ins as this server asks it (OpenID Connect Core and Discovery 1.0).

What it says is believed only if it is signed with one of its published keys, for this server and for this very sign-in.
"""

import asyncio
import hmac
import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlsplit

import jwt
import msgspec

from hubbub.protocol.errors import RefusalError
from hubbub.server.addresses import BadAddress, check
from hubbub.server.people.outside.jwts import INVALID, Jwts, reason
from hubbub.server.people.outside.keys import BadKey, Key, keys_from_jwks
from hubbub.server.people.outside.outgoing import CannotReach, Fetched, ask
from hubbub.server.people.outside.reachable import PUBLIC, Reachable

DISCOVERED_FOR = 3600.0  # seconds until what the provider says of itself is asked for again
KEYS_CHECK = 5.0  # seconds, at least, between two fetches of its keys
FAILED_FOR = 5.0  # seconds until a provider that didn't answer is asked again
MOST_AT_ONCE = 16  # sign-ins for which the provider is being asked

T = TypeVar("T")
Claims = dict[str, Any]

log = logging.getLogger(__name__)


class Metadata(msgspec.Struct):
    """What a provider says of itself, as far as it matters here (Discovery, section 3; RFC 9207, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct):
    id_token: str
    access_token: str | None = None


class _Failure(msgspec.Struct):
    error: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """What the provider knows this server by. The `issuer` is its address; without a secret, the client is public.

    `reach` is where the other addresses may be that the provider names.
    """

    issuer: str
    client_id: str
    secret: str = field(default="", repr=False)
    reach: Reachable = PUBLIC


@dataclass(frozen=True, slots=True)
class Grant:
    """What proves to the provider that a sign-in was ours (RFC 7636), and what its answer must repeat."""

    code: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str
    nonce: str


class Provider:
    """Asks one provider. Whatever fails is a RefusalError, which repeats nothing that the provider said; the log says more."""

    def __init__(self, registration: Registration, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self.registration = registration
        self._clock = clock
        host = urlsplit(registration.issuer).hostname or ""
        self._reach = replace(registration.reach, trusted=host)
        self._metadata: Metadata | None = None
        self._discovered_at = self._failed_at = float("-inf")
        self._jwts = Jwts((), registration.issuer, registration.client_id)
        self._keys_at = float("-inf")
        self._discovering = asyncio.Lock()
        self._renewing = asyncio.Lock()
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def metadata(self) -> Metadata:
        """Return what the provider says of itself. Raises RefusalError (`unavailable`)."""
        async with self._discovering:
            if self._clock() - self._discovered_at < DISCOVERED_FOR and self._metadata:
                return self._metadata
            if self._clock() - self._failed_at < FAILED_FOR:
                raise _unavailable()
            self._metadata = await self._noting_failure(self._discover())
            self._discovered_at = self._clock()
            return self._metadata

    async def claims(self, grant: Grant) -> Claims:
        """Return what the provider says of who signed in, in exchange for a code.

        Raises RefusalError: `unavailable`, `busy`, `unauthenticated`.
        """
        if self._places.locked():
            raise RefusalError("busy", "Too many people are signing in: try again", retry_after=1.0)
        async with self._places:
            metadata = await self.metadata()
            tokens = await self._exchange(metadata, grant)
            claims = await self._verified(metadata, tokens.id_token)
            _require_ours(claims, grant.nonce, self.registration.client_id)
            return await self._more(metadata, tokens, claims)

    async def _discover(self) -> Metadata:
        issuer = self.registration.issuer
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _decoded(await self._ask(url), Metadata, "The provider's description")
        if found.issuer != issuer:
            raise _distrusted("The provider's description names another issuer")
        schemes = ("https", "http") if issuer.startswith("http:") else ("https",)
        try:
            for endpoint in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                check(endpoint, schemes, needs_host=True)
            if found.userinfo_endpoint:
                check(found.userinfo_endpoint, schemes, needs_host=True)
        except BadAddress as error:
            raise _distrusted(f"The provider's description has a bad address: {error}") from None
        return found

    async def _exchange(self, metadata: Metadata, grant: Grant) -> _Tokens:
        """Exchange a code for tokens (RFC 6749, section 4.1.3). A code is good once."""
        form = {
            "grant_type": "authorization_code",
            "code": grant.code,
            "redirect_uri": grant.redirect_uri,
            "code_verifier": grant.verifier,
        }
        headers, proof = _authentication(self.registration, metadata)
        reply = await self._ask(metadata.token_endpoint, {**form, **proof}, headers)
        if reply.status in (400, 401):
            failure = _decoded(reply, _Failure, "The provider's refusal", 400, 401)
            if failure.error == "invalid_grant":
                raise RefusalError(
                    "unauthenticated",
                    "The provider did not accept the code: it was used before, or is too old",
                    hint="Sign in again",
                )
            log.error("The provider refused this server: %s", _word(failure.error))
            raise RefusalError("internal", "The provider does not accept this server")
        return _decoded(reply, _Tokens, "The provider's answer")

    async def _verified(self, metadata: Metadata, token: str) -> Claims:
        """Return the claims of an ID token, with the newest keys if those that are known do not verify it."""
        async with self._renewing:  # whoever comes while the keys are fetched needs them, too
            try:
                return self._jwts.verified(token)
            except INVALID as error:
                # its new key may be for another algorithm
                is_unknown = isinstance(
                    error, jwt.InvalidSignatureError | jwt.InvalidAlgorithmError
                )
                if not is_unknown or self._clock() - self._keys_at < KEYS_CHECK:
                    raise _bad_token(error) from None
            self._jwts.publish(await self._noting_failure(self._keys(metadata)))
            self._keys_at = self._clock()
        try:
            return self._jwts.verified(token)
        except INVALID as error:
            raise _bad_token(error) from None

    async def _noting_failure(self, asking: Awaitable[T]) -> T:
        """Wait for an answer. If there is none, the provider is left alone for a while."""
        try:
            return await asking
        except RefusalError:
            self._failed_at = self._clock()
            raise

    async def _keys(self, metadata: Metadata) -> list[Key]:
        if self._clock() - self._failed_at < FAILED_FOR:
            raise _unavailable()
        reply = await self._ask(metadata.jwks_uri)
        try:
            keys = keys_from_jwks(reply.body) if reply.status == 200 else []
        except BadKey as error:
            log.warning("The provider's keys can't be used: %s", error)
            raise _unavailable() from None
        # An ID token need not name its key if there is only one (Core, section 10.1).
        return [key._replace(kid=None) for key in keys] if len(keys) == 1 else keys

    async def _more(self, metadata: Metadata, tokens: _Tokens, claims: Claims) -> Claims:
        """Add what only another request tells, for example names and a mail address (Core, section 5.3)."""
        has_all = {"preferred_username", "email"} <= claims.keys()
        if has_all or not (metadata.userinfo_endpoint and tokens.access_token):
            return claims
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        reply = await self._ask(metadata.userinfo_endpoint, headers=headers)
        more = _decoded(reply, Claims, "What the provider says of the person")
        if more.get("sub") != claims["sub"]:
            raise _distrusted("The provider speaks of another person")
        if "email" in claims:  # whether that is verified, only the same source can say
            more.pop("email_verified", None)
        return more | claims

    async def _ask(
        self,
        url: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        try:
            return await ask(url, form, headers, within=self._reach)
        except CannotReach as error:
            log.warning("The sign-in provider can't be asked: %s", error)
            raise _unavailable() from None


def _authentication(
    registration: Registration, metadata: Metadata
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the headers and the fields by which this server proves itself (RFC 6749, section 2.3.1)."""
    client, secret = registration.client_id, registration.secret
    methods = metadata.token_endpoint_auth_methods_supported
    if not secret:
        return {}, {"client_id": client}
    if "client_secret_basic" not in methods and "client_secret_post" in methods:
        return {}, {"client_id": client, "client_secret": secret}
    pair = f"{quote_plus(client)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}, {}


def _require_ours(claims: Claims, nonce: str, client_id: str) -> None:
    """Raise RefusalError unless an ID token is for this server and this sign-in (Core, section 3.1.3.7)."""
    given = claims.get("nonce")
    if not (isinstance(given, str) and hmac.compare_digest(given.encode(), nonce.encode())):
        raise _distrusted("The ID token belongs to another sign-in (`nonce`)")
    audience = claims.get("aud")
    party = claims.get("azp", client_id if audience in (client_id, [client_id]) else None)
    if party != client_id:
        raise _distrusted("The ID token was made for another party (`azp`)")
    if "iat" not in claims:
        raise _distrusted("The ID token does not say when it was made (`iat`)")


def _decoded(reply: Fetched, kind: type[T], what: str, *statuses: int) -> T:
    """Read a JSON answer with one of these statuses, or else 200. Raises RefusalError (`unavailable`)."""
    if reply.status not in (statuses or (200,)):
        log.warning("%s has the HTTP status %d", what, reply.status)
        raise _unavailable()
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        log.warning("%s is not what it should be", what)
        raise _unavailable() from None


def _bad_token(error: Exception) -> RefusalError:
    return _distrusted(f"The ID token can't be trusted: {reason(error)}")


def _distrusted(why: str) -> RefusalError:
    log.warning("Refused a sign-in: %s", why)
    return RefusalError("unauthenticated", why, hint="Sign in again")


def _unavailable() -> RefusalError:
    why = "The sign-in provider does not answer as it should"
    return RefusalError("unavailable", why, hint="Try again later", retry_after=FAILED_FOR)


def _word(text: str) -> str:
    """Return an error code as it may be written to a log (RFC 6749, section 5.2)."""
    return text[:64] if text.isascii() and text.isprintable() else "an unknown error"
