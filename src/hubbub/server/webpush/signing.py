"""Signs for push services (RFC 8292). Loaded only once somebody wants to be notified."""

from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
    generate_private_key,
)

from hubbub.server.webpush.encryption import public_bytes


def new_secret() -> bytes:
    """Return a new private key."""
    return generate_private_key(SECP256R1()).private_numbers().private_value.to_bytes(32, "big")


def public_of(secret: bytes) -> bytes:
    """Return the public key of a private one."""
    return public_bytes(_key(secret).public_key())


def signed(secret: bytes, claims: Mapping[str, Any]) -> str:
    """Return a JWT with these claims."""
    return jwt.encode(dict(claims), _key(secret), algorithm="ES256")


def _key(secret: bytes) -> EllipticCurvePrivateKey:
    return derive_private_key(int.from_bytes(secret, "big"), SECP256R1())
