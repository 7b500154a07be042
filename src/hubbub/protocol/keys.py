"""Keys: the permanent names that the server makes, which begin with `@` (see `names.is_reserved`).

    @p7m2q9x4w1z3k   an account, and its own log
    @r7m2q9x4w1z3k   a room that people made
    @r7m2q9x4w1z3k:42   the thread of the message 42 of such a room
    @directory       the log of all accounts and listed rooms
    @audit           the log of what was done with rights
    @me              on the wire, short for the own log

After `@p` and `@r` come 60 random bits in Crockford's base32, in lower case: digits and letters without i, l, o and u.
"""

import re
from functools import lru_cache

RANDOM_BYTES = 8  # what a key is made from; the last 4 of their bits are not used

ACCOUNT = "@p"
ROOM = "@r"
DIRECTORY = "@directory"
AUDIT = "@audit"
# Of nothing: what is looked up in place of an account or a room that isn't there, so that both cost the same.
ABSENT_ACCOUNT = f"{ACCOUNT}{'0' * 12}"
ABSENT_ROOM = f"{ROOM}{'0' * 12}"
ME = "@me"

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 12
_ACCOUNT_KEY = re.compile(f"{ACCOUNT}[{_DIGITS}]{{{_LENGTH}}}")
_ROOM_KEY = re.compile(f"{ROOM}[{_DIGITS}]{{{_LENGTH}}}")
_THREAD_KEY = re.compile(f"{ROOM}[{_DIGITS}]{{{_LENGTH}}}:[1-9][0-9]{{0,17}}")


def account_key(random: bytes) -> str:
    """Return the key of a new account, made from `RANDOM_BYTES` random bytes."""
    return ACCOUNT + _suffix(random)


def room_key(random: bytes) -> str:
    """Return the key of a new room, made from `RANDOM_BYTES` random bytes."""
    return ROOM + _suffix(random)


@lru_cache(maxsize=4096)
def is_account_key(text: str) -> bool:
    """Whether this is an account's key, though not whether there is such an account."""
    return _ACCOUNT_KEY.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_room_key(text: str) -> bool:
    """Whether this is the key of a room that people made, though not whether there is such a room."""
    return _ROOM_KEY.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_thread_key(text: str) -> bool:
    """Whether this is the key of a thread in a made room, though not whether there is such a room, message or thread."""
    return _THREAD_KEY.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_made_key(text: str) -> bool:
    """Whether this is the key of a made room, or of a thread in one."""
    return is_room_key(text) or is_thread_key(text)


def thread_key(room: str, message: int) -> str:
    """Return the key of the thread of a message."""
    return f"{room}:{message}"


@lru_cache(maxsize=4096)
def parent_of(key: str) -> str:
    """Return the room that decides who may do what under a key: of a thread its parent, else the room itself."""
    return key.partition(":")[0] if is_thread_key(key) else key


def root_of(thread: str) -> int:
    """Return the seq of the message that a thread is about, in its parent; 0 under another key."""
    return int(thread.partition(":")[2] or 0)


def base32(random: bytes) -> str:
    """Return bytes in Crockford's base32: a character for each 5 bits. What is left of the last bits is not used."""
    length, unused = divmod(8 * len(random), 5)
    bits = int.from_bytes(random, "big") >> unused
    return "".join(_DIGITS[bits >> 5 * place & 31] for place in reversed(range(length)))


def _suffix(random: bytes) -> str:
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"Expected {RANDOM_BYTES} random bytes, and got {len(random)}")
    return base32(random)
