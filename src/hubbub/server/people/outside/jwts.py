"""JWTs of another application (RFC 7519), signed with a key that the settings name.

The algorithm always comes from the key, never from the token.
"""

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import jwt

from hubbub.domain import identity
from hubbub.domain.patterns import PATTERNS_RULE, are_room_patterns
from hubbub.domain.principals import ALL_ROOMS, Principal, Role, scopes_of
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.names import is_person_name, person_name_from
from hubbub.server.people.endings import Ending
from hubbub.server.people.outside.keys import Key

LEEWAY = 60.0  # seconds that the clocks of signer and server may differ by
MAX_TOKEN_BYTES = 8190  # the limit on a header line
_SUBJECT = re.compile("[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")  # text that any store can keep
_REASONS: dict[type[Exception], str] = {  # the library's messages may quote the token
    jwt.ExpiredSignatureError: "it has expired",
    jwt.ImmatureSignatureError: "it is not valid yet (`nbf` or `iat`)",
    jwt.InvalidAlgorithmError: "its algorithm does not match the key",
    jwt.InvalidAudienceError: "it is for another audience (`aud`)",
    jwt.InvalidIssuerError: "it is from another issuer (`iss`)",
    jwt.InvalidSignatureError: "it is not signed with a known key",
    jwt.MissingRequiredClaimError: "it lacks a required claim: `exp`, `sub`, `iss` or `aud`",
}

INVALID = (jwt.InvalidTokenError, RecursionError)

log = logging.getLogger(__name__)


class JwtUser(NamedTuple):
    """A user of another application: who acts, and all that the application says of them."""

    principal: Principal
    claims: Mapping[str, Any]


class Jwts:
    """Checks tokens against keys. An empty `issuer` or `audience` accepts any."""

    names: frozenset[str] = frozenset()  # unknown until someone connects with a JWT

    def __init__(self, keys: Sequence[Key], issuer: str = "", audience: str = "") -> None:
        self.has_met_unknown_kid = False  # since they were last looked for
        self._keys = tuple(keys)
        self._published: Sequence[Key] = ()  # from a key set that is fetched regularly
        self._issuer = issuer or None
        self._audience = audience or None

    def publish(self, keys: Sequence[Key]) -> None:
        """Accept what these keys sign, instead of those published before."""
        self._published = keys

    def look_again(self) -> None:
        """Forget that a key was unknown: the published ones are being fetched."""
        self.has_met_unknown_kid = False

    async def prepare(self, token: str) -> None:
        """Everything is known already."""

    def principal(self, token: str) -> Principal | None:
        """Return the principal of a token, or None if it is invalid or expired; the log says why.

        Raises:
            RefusalError: the token is valid, but its claims can't be used.
        """
        try:
            return _principal(self.verified(token))
        except INVALID as error:
            log.info("Refused a JWT: %s", reason(error))
            return None
        except RefusalError as refused:
            log.info("Refused a valid JWT: %s", refused.refusal.detail)
            raise

    def user(self, token: str) -> JwtUser | None:
        """Return who has a token, or None if `principal` refuses it."""
        try:
            claims = self.verified(token)
            return JwtUser(_principal(claims), claims)
        except (*INVALID, RefusalError):
            return None

    def is_valid(self, principal: Principal) -> bool:
        """Return True: JWTs expire, but can't be revoked."""
        return True

    def note(self, _: Collection[str]) -> None:
        """Look at no logs."""

    def forget(self, _: Ending) -> set[str]:
        """Return nobody: these users have no account."""
        return set()

    def verified(self, token: str) -> dict[str, Any]:
        """Return the claims of a token signed with a known key. Raises one of INVALID; see `reason`."""
        if not token.isascii() or len(token) > MAX_TOKEN_BYTES:
            raise jwt.DecodeError
        failure: type[jwt.InvalidTokenError] = jwt.InvalidSignatureError
        for key in self._keys_for(jwt.get_unverified_header(token)):
            try:
                return self._claims(token, key)
            except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError) as error:
                failure = type(error)  # another key may verify it
        raise failure

    def _keys_for(self, header: Mapping[str, Any]) -> list[Key]:
        kid = header.get("kid")
        keys = [k for k in (*self._keys, *self._published) if k.kid is None or k.kid == kid]
        if not keys and kid is not None:
            self.has_met_unknown_kid = True
        return keys

    def _claims(self, token: str, key: Key) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
            issuer=self._issuer,
            audience=self._audience,
            leeway=LEEWAY,
            options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
        )
        return claims


def reason(error: Exception) -> str:
    """Return why a token was refused, without quoting it."""
    return _REASONS.get(type(error), "it is malformed")


def _principal(claims: Mapping[str, Any]) -> Principal:
    subject = claims["sub"]
    if not _SUBJECT.fullmatch(subject):
        raise RefusalError(
            "bad_request",
            "Invalid `sub` in the token: use 1 to 255 characters, no control characters",
        )
    rooms = _texts(claims, "rooms", ["*"])
    if not are_room_patterns(rooms):
        raise RefusalError("bad_request", f"Invalid `rooms` in the token: use {PATTERNS_RULE}")
    try:
        scopes = scopes_of(_texts(claims, "can", ["read", "post"]))
        until = float(claims["exp"]) + LEEWAY
    except OverflowError:
        raise RefusalError(
            "bad_request", "Invalid `exp` in the token: it is out of range"
        ) from None
    except KeyError as error:
        raise RefusalError("bad_request", f"Unknown scope in `can` of the token: {error}") from None
    return Principal(
        _name(claims.get("name"), subject),
        Role.USER,
        identity.user(_issuer(claims), subject),
        scopes,
        ALL_ROOMS if "*" in rooms else tuple(rooms),
        until,
    )


def _name(name: object, subject: str) -> str:
    """Return the name that others see. It decides nothing, so an invalid one is replaced, not refused."""
    if isinstance(name, str) and is_person_name(name):
        return name
    return subject if is_person_name(subject) else person_name_from(subject)


def _issuer(claims: Mapping[str, Any]) -> str:
    issuer = claims.get("iss", "")
    if issuer and not (isinstance(issuer, str) and _SUBJECT.fullmatch(issuer)):
        raise RefusalError(
            "bad_request",
            "Invalid `iss` in the token: use 1 to 255 characters, no control characters",
        )
    return issuer or ""


def _texts(claims: Mapping[str, Any], claim: str, default: list[str]) -> list[str]:
    """Read a list of strings, or one string separated by spaces (like `scope` in RFC 8693)."""
    value = claims.get(claim, default)
    texts = value.split() if isinstance(value, str) else value
    if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts)):
        raise RefusalError("bad_request", f"Invalid `{claim}` in the token: use a list of strings")
    return texts
