"""Stable ids of people, which different kinds of people can't share, and the short ids that others see.

    visitor/name/NAME   a guest without a key: whoever uses the name
    visitor/key/HASH    a guest with a secret key, under any name
    app/token/ID        the holder of a token
    app/outbox/NAME     an application that posts from inside its database transactions
    user/ISS/SUB        a user of another application, with a JWT
    mail/HASH           whoever a mail address belongs to; links accounts, and acts nowhere
    @p…                 an account of this server: its key, which is its name as well

In each part `%` becomes `%25` and `/` becomes `%2F`, so no name can end a part.
"""

import hashlib
from base64 import urlsafe_b64encode
from functools import lru_cache

_BY_NAME = "visitor/name/"
_NAMES = (_BY_NAME, "@")
NAMELESS = _BY_NAME  # all guests without name or key, together


def visitor(name: str, key: str | None = None) -> str:
    """Return a guest's id: it belongs to whoever has the key or, without one, to whoever uses the name."""
    if key is None:
        return _BY_NAME + _part(name)
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"visitor/key/{digest[:32]}"


def token_holder(token_id: str) -> str:
    """Return the id of a token's holder."""
    return f"app/token/{_part(token_id)}"


def outbox_application(name: str) -> str:
    """Return the id of an application that posts through the outbox."""
    return f"app/outbox/{_part(name)}"


def user(issuer: str, subject: str) -> str:
    """Return the id of another application's user; `issuer` may be empty."""
    return f"user/{_part(issuer)}/{_part(subject)}"


def mailbox(address: str) -> str:
    """Return the id of whoever a mail address belongs to, in any case. It is a digest: the address itself is not kept."""
    return f"mail/{hashlib.sha256(address.lower().encode()).hexdigest()}"


def at_address(address: str) -> str:
    """Return the id for everyone known only by an address. They own nothing but count towards limits."""
    return f"address/{address}"


def short_id(stable_id: str) -> str | None:
    """Return what others see of an id, or None if the name identifies the person as well.

    It is the first 8 bytes of the id's SHA-256 in URL-safe base64: 12 characters, the last one `=`.
    """
    return None if stable_id.startswith(_NAMES) else _shortened(stable_id)


@lru_cache(maxsize=4096)
def _shortened(stable_id: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(stable_id.encode()).digest()[:8]).decode()


def _part(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F")
