"""Keys for RSA, which take a tenth of a second to make: each is made once, for all tests of a process."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key


@cache
def rsa_key(name: str, bits: int = 2048) -> RSAPrivateKey:
    """The key of that name."""
    return generate_private_key(65537, bits)
