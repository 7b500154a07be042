"""Handles: short names of accounts in ASCII, unique and in lower case, for mentions and for logging in."""

import hashlib
import re
import unicodedata

_HANDLE = re.compile(r"[a-z0-9][a-z0-9._-]{0,30}[a-z0-9]")
_RULE = "use 2 to 32 letters from a to z and digits, with . _ - only between them"

# What means something else after an @ or in an address, names a role or the server, or stands for nobody.
RESERVED_HANDLES = frozenset(
    (
        *("all", "channel", "everyone", "here", "room", "rooms"),
        *("audit", "directory", "me", "self", "you"),
        *(
            "admin",
            "administrator",
            "admins",
            "bot",
            "bots",
            "guest",
            "guests",
            "member",
            "members",
        ),
        *("moderator", "moderators", "owner", "owners", "visitor", "visitors"),
        *("help", "hubbub", "root", "security", "server", "support", "system"),
        *("anonymous", "deleted", "nobody", "none", "null", "removed", "undefined", "unknown"),
    )
)


def handle_from(text: str) -> str:
    """Return a handle as it is kept, in lower case. A text that isn't ASCII stays as it is, and is no handle."""
    return text.lower() if text.isascii() else text  # KELVIN SIGN would become a `k`


def is_handle(text: str) -> bool:
    """Whether this is a valid handle in the form in which it is kept; see `handle_fault`."""
    return _HANDLE.fullmatch(text) is not None and text not in RESERVED_HANDLES


def is_alias(text: str) -> bool:
    """Whether this is a valid alias of a room: like a handle, except that no word is reserved."""
    return _HANDLE.fullmatch(text) is not None


def handle_fault(text: str) -> str | None:
    """What is wrong with a handle. None if it is valid, and in lower case."""
    if is_handle(text):
        return None
    why = f"{text} is reserved" if text in RESERVED_HANDLES else _RULE
    return f"Invalid handle: {why}"


def retired(text: str) -> str:
    """Return what is kept of a handle, or of another's id, so that nobody has it again, once it must not be known any more."""
    return "=" + hashlib.sha256(text.encode()).hexdigest()


def handle_like(text: str) -> str:
    """Return what is left of a text in a handle. It may be reserved, too short or empty; see `is_handle`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9._-]+", "-", plain).strip("._-")[:32].rstrip("._-")
