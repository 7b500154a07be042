"""JWTs of another application (RFC 7519): who signs one with a key that is known here says who comes in.

An algorithm goes with a key, and never comes from the token.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jwt
from aiohttp import ClientError, ClientSession, ClientTimeout
from jwt.algorithms import get_default_algorithms

from hubbub.protocol.errors import Refused
from hubbub.protocol.names import is_person_name
from hubbub.rooms.access import ALL_ROOMS, Principal, Role, allowed, is_room_pattern

MIN_SECRET_BYTES = 32
FETCH_SECONDS = 5.0
MAX_DOCUMENT_BYTES = 65_536
_SUBJECT = re.compile("[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")  # what any store can keep
ALGORITHMS = {"RSA": "RS256", "OKP": "EdDSA"}  # by the kind of key in a set


class BadKey(Exception):
    """A key that can't be used; the message says which, and what would do."""


class Key(NamedTuple):
    """One key, the one algorithm that it is for, and its name in a set of keys, if it has one."""

    material: Any
    algorithm: str
    kid: str | None = None


class Jwts:
    """Checks tokens against keys. `issuer` and `audience`: empty for any."""

    def __init__(self, keys: Sequence[Key], issuer: str = "", audience: str = "") -> None:
        self.keys = tuple(keys)
        self.has_met_unknown_kid = False
        self._issuer = issuer or None
        self._audience = audience or None

    def principal(self, token: str) -> Principal | None:
        """Whom a token stands for; None if it is none of ours, or no longer.

        Raises:
            Refused: it is valid, but its claims can't be used here.
        """
        if not token.isascii():
            return None
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, RecursionError):
            return None
        for key in self._keys_for(header):
            try:
                return _principal(self._claims(token, key))
            except (jwt.InvalidTokenError, RecursionError):
                continue
        return None

    def is_valid(self, principal: Principal) -> bool:
        """They can't be revoked: they expire."""
        return True

    def _keys_for(self, header: Mapping[str, Any]) -> list[Key]:
        kid = header.get("kid")
        keys = [key for key in self.keys if key.kid is None or key.kid == kid]
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
            options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
        )
        return claims


def key_from_secret(file: Path) -> Key:
    """The key for HS256. Raises BadKey."""
    secret = _read(file).strip()
    if len(secret) < MIN_SECRET_BYTES:
        raise BadKey(f"{file}: a secret has at least {MIN_SECRET_BYTES} bytes")
    return Key(secret, "HS256")


def key_from_pem(file: Path) -> Key:
    """A public key for RS256 or EdDSA. Raises BadKey."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        material = load_pem_public_key(_read(file))
    except ValueError as error:
        raise BadKey(f"{file} is no public key in PEM: {error}") from error
    match material:
        case RSAPublicKey() if material.key_size >= 2048:
            return Key(material, "RS256")
        case Ed25519PublicKey():
            return Key(material, "EdDSA")
        case _:
            raise BadKey(f"{file}: a key is RSA of at least 2048 bits, or Ed25519")


async def fetch(url: str) -> list[Key]:
    """The keys at an address. Raises BadKey if there are none."""
    try:
        async with (
            ClientSession(timeout=ClientTimeout(FETCH_SECONDS)) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            response.raise_for_status()
            document = await response.content.read(MAX_DOCUMENT_BYTES)
    except (ClientError, TimeoutError, ValueError) as error:
        why = str(error) or "no answer in time"
        raise BadKey(f"can't fetch the keys at {url}: {why}") from error
    return keys_from_jwks(document)


def keys_from_jwks(document: bytes) -> list[Key]:
    """The keys of a set (RFC 7517) that can be used here; others in it are left out. Raises BadKey."""
    try:
        rows = json.loads(document)["keys"]
        usable = [row for row in rows if row["kty"] in ALGORITHMS]
    except (ValueError, KeyError, TypeError) as error:
        raise BadKey("the document is no set of keys (RFC 7517)") from error
    return [_key_from_jwk(row) for row in usable if row.get("use", "sig") == "sig"]


def _key_from_jwk(row: Mapping[str, Any]) -> Key:
    algorithm = ALGORITHMS[row["kty"]]
    try:
        material = get_default_algorithms()[algorithm].from_jwk(dict(row))
    except (jwt.InvalidKeyError, ValueError, TypeError, AttributeError) as error:
        raise BadKey(f"the key {row.get('kid')!r} can't be used: {error}") from error
    return Key(material, algorithm, row.get("kid"))


def _principal(claims: Mapping[str, Any]) -> Principal:
    subject = claims["sub"]
    if not _SUBJECT.fullmatch(subject):
        raise Refused("bad_request", "the token's `sub` is 1 to 255 characters, none of control")
    name = claims.get("name", subject)
    if not (isinstance(name, str) and is_person_name(name)):
        raise Refused("bad_request", "the token's `name` (or `sub`) is no name for a person here")
    rooms = _texts(claims, "rooms", ["*"])
    if not all(map(is_room_pattern, rooms)):
        raise Refused("bad_request", "the token's `rooms` are names of rooms, `*` for any letters")
    try:
        operations = allowed(_texts(claims, "can", ["read", "post"]))
        until = float(claims["exp"])
    except OverflowError:
        raise Refused("bad_request", "the token's `exp` is no time") from None
    except KeyError as error:
        raise Refused("bad_request", f"the token's `can` names no right: {error}") from None
    return Principal(
        name,
        Role.USER,
        f"user/{subject}",
        operations,
        ALL_ROOMS if "*" in rooms else tuple(rooms),
        until,
    )


def _texts(claims: Mapping[str, Any], claim: str, default: list[str]) -> list[str]:
    """A list of strings, or one string with spaces between (as `scope` in RFC 8693)."""
    value = claims.get(claim, default)
    texts = value.split() if isinstance(value, str) else value
    if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts)):
        raise Refused("bad_request", f"the token's `{claim}` is a list of strings")
    return texts


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadKey(f"can't read {file}: {error.strerror}") from error
