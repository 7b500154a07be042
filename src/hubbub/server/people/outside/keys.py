"""Keys that verify JWTs: from a file, or from a key set that another application publishes (JWKS, RFC 7517)."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import get_default_algorithms

from hubbub.server.addresses import without_secrets
from hubbub.server.people.outside.outgoing import CannotReach, ask

MIN_SECRET_BYTES = 32
MIN_RSA_BITS = 2048
ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}  # by `kty`, the kind of key in a set
PUBLIC_MEMBERS = frozenset({"kty", "n", "e", "crv", "x", "y"})

log = logging.getLogger(__name__)


class BadKey(Exception):
    """A key that can't be used. The message says which, and what is valid."""


class Key(NamedTuple):
    """A key, its only algorithm, and its name in a key set, if it has one."""

    material: Any
    algorithm: str
    kid: str | None = None


def key_from_secret(file: Path) -> Key:
    """Return the key for HS256: the bytes of the file, without a newline at its end. Raises BadKey."""
    secret = _read(file).removesuffix(b"\n").removesuffix(b"\r")
    if len(secret) < MIN_SECRET_BYTES:
        raise BadKey(f"{file}: the secret must have at least {MIN_SECRET_BYTES} bytes")
    return Key(secret, "HS256")


def key_from_pem(file: Path) -> Key:
    """Return a public key for RS256, ES256 or EdDSA. Raises BadKey."""
    try:
        material = load_pem_public_key(_read(file))
    except ValueError as error:
        raise BadKey(f"{file} is not a PEM public key: {error}") from error
    try:
        return Key(material, _algorithm_of(material))
    except BadKey as error:
        raise BadKey(f"{file}: {error}") from None


async def fetch(url: str) -> bytes:
    """Fetch the document at an address. Raises BadKey, which never shows a password in the address."""
    try:
        reply = await ask(url)
    except CannotReach as error:
        raise BadKey(str(error)) from error
    if reply.status != 200:
        raise BadKey(f"Can't fetch {without_secrets(url)}: HTTP status {reply.status}")
    return reply.body


def keys_from_jwks(document: bytes) -> list[Key]:
    """Return the usable keys of a key set; the log names those ignored. Raises BadKey if it is not a key set."""
    try:
        rows = json.loads(document)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadKey("The document is not a JSON Web Key Set (RFC 7517)") from error
    if not isinstance(rows, list):
        raise BadKey("The document is not a JSON Web Key Set (RFC 7517): `keys` is not a list")
    keys = []
    for number, row in enumerate(rows, 1):
        try:
            keys.append(_key_from_jwk(row))
        except BadKey as error:
            log.info("Ignored key %d of the key set: %s", number, error)
    if not keys:
        log.warning("The key set has no usable key; JWTs signed with its keys will be refused")
    return keys


def _key_from_jwk(row: Any) -> Key:
    """Raises BadKey. RFC 7517, section 5: keys that are not understood are ignored."""
    if not isinstance(row, dict):
        raise BadKey("it is not an object")
    kid, kty = row.get("kid"), row.get("kty")
    algorithm = ALGORITHMS.get(kty) if isinstance(kty, str) else None
    if algorithm is None:
        raise BadKey(f"its `kty` is not one of {', '.join(ALGORITHMS)}")
    if not (kid is None or isinstance(kid, str)):
        raise BadKey("its `kid` is not a string")
    _require_purpose(row, algorithm)
    try:
        public = {member: value for member, value in row.items() if member in PUBLIC_MEMBERS}
        material = get_default_algorithms()[algorithm].from_jwk(public)
    except Exception as error:  # two libraries raise exceptions that they don't document
        raise BadKey(f"it can't be read ({type(error).__name__})") from error
    return Key(material, _algorithm_of(material), kid)


def _require_purpose(row: Mapping[str, Any], algorithm: str) -> None:
    """Raise BadKey unless the key is meant for verifying signatures (RFC 7517, sections 4.2 to 4.4)."""
    if row.get("use", "sig") != "sig":
        raise BadKey("its `use` is not sig")
    if row.get("alg", algorithm) != algorithm:
        raise BadKey(f"its `alg` is not {algorithm}")
    operations = row.get("key_ops", ["verify"])
    if not (isinstance(operations, list) and "verify" in operations):
        raise BadKey("its `key_ops` do not include verify")


def _algorithm_of(material: Any) -> str:
    match material:
        case RSAPublicKey() if material.key_size >= MIN_RSA_BITS:
            return "RS256"
        case EllipticCurvePublicKey() if isinstance(material.curve, SECP256R1):
            return "ES256"
        case Ed25519PublicKey():
            return "EdDSA"
        case _:
            raise BadKey(
                f"the key must be RSA with at least {MIN_RSA_BITS} bits, P-256, or Ed25519"
            )


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadKey(f"Can't read {file}: {error.strerror}") from error
