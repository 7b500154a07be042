"""Encrypts what a device is told, so that the push service between can't read it (RFC 8291, which uses RFC 8188)."""

import os
from struct import pack

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD = 4_096  # bytes: what every push service takes (RFC 8030, section 7.2)
LAST = b"\x02"  # ends the last record of a message


def encrypt(
    plain: bytes,
    p256dh: bytes,
    auth: bytes,
    *,
    sender: EllipticCurvePrivateKey | None = None,
    salt: bytes = b"",
) -> bytes:
    """Return a message for a device. `sender` and `salt` are new for each, but in tests. Raises ValueError for an invalid `p256dh`."""
    sender, salt = sender or generate_private_key(SECP256R1()), salt or os.urandom(16)
    device = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), p256dh)
    mine = public_bytes(sender.public_key())
    secret = sender.exchange(ECDH(), device)
    material = derive(secret, auth, b"WebPush: info\0" + p256dh + mine, 32)
    header = salt + pack("!LB", RECORD, len(mine)) + mine
    return header + seal(plain, material, salt)


def seal(plain: bytes, material: bytes, salt: bytes) -> bytes:
    """Return the only record of a message (RFC 8188, section 2)."""
    key = derive(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = derive(material, salt, b"Content-Encoding: nonce\0", 12)
    return AESGCM(key).encrypt(nonce, plain + LAST, None)


def derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Derive a key (HKDF, RFC 5869)."""
    return HKDF(SHA256(), length, salt, info).derive(secret)


def public_bytes(key: EllipticCurvePublicKey) -> bytes:
    """Return a public key as 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
