"""Who somebody is, for good: ids that different kinds of people can't share, and what others see of them.

    visitor/name/NAME   a guest without a key: whoever uses the name
    visitor/key/HASH    a guest with a secret key, under any name
    app/token/ID        the holder of a token
    app/outbox/NAME     an application that posts from inside its database transactions
    user/ISS/SUB        a user of another application, who comes with a JWT

In each part `%` is written as `%25` and `/` as `%2F`, so nobody's name can end a part.
"""

import hashlib
from base64 import urlsafe_b64encode
from functools import lru_cache

_BY_NAME = "visitor/name/"
NAMELESS = _BY_NAME  # all guests without name or key, together


def visitor(name: str, key: str | None = None) -> str:
    """A guest: whoever has the key, else whoever uses the name."""
    if key is None:
        return _BY_NAME + _part(name)
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"visitor/key/{digest[:32]}"


def token_holder(token_id: str) -> str:
    """The holder of a token."""
    return f"app/token/{_part(token_id)}"


def outbox_application(name: str) -> str:
    """An application that posts by the outbox."""
    return f"app/outbox/{_part(name)}"


def user(issuer: str, subject: str) -> str:
    """A user of another application; `issuer` may be empty."""
    return f"user/{_part(issuer)}/{_part(subject)}"


def at_address(address: str) -> str:
    """All of whom only an address is known: they own nothing, but are counted."""
    return f"address/{address}"


def short_id(stable_id: str) -> str | None:
    """What others see of an id; None where the name says as much.

    The first 8 bytes of its SHA-256 in URL-safe base64: 12 characters, the last of them `=`.
    """
    return None if stable_id.startswith(_BY_NAME) else _shortened(stable_id)


@lru_cache(maxsize=4096)
def _shortened(stable_id: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(stable_id.encode()).digest()[:8]).decode()


def _part(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F")
