"""The commands by which a device asks for notifications while no page is open: subscriptions of Web Push (RFC 8030)."""

from base64 import urlsafe_b64decode
from binascii import Error
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from hubbub.protocol import keys
from hubbub.protocol.messages import Change, RoomName

MAX_ENDPOINT = 1_024  # characters
Endpoint = Annotated[str, Meta(min_length=1, max_length=MAX_ENDPOINT)]
PublicKey = Annotated[str, Meta(min_length=87, max_length=88)]
Secret = Annotated[str, Meta(min_length=22, max_length=24)]

# The curve P-256 (FIPS 186-4, D.1.2.3): y² = x³ − 3x + b modulo p.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


class Subscribe(Change, frozen=True, kw_only=True):
    """Notifies the device of what is new, in place of its former subscription. It ends with the session.

    `endpoint`, `p256dh` and `auth` are what a browser gives (Push API). `shows_text`: whether notifications say what was written.
    """

    room: RoomName = keys.ME
    endpoint: Endpoint
    p256dh: PublicKey
    auth: Secret
    shows_text: bool = False


class Unsubscribe(Change, frozen=True, kw_only=True):
    """Ends the notifications of the device."""

    room: RoomName = keys.ME


def fault(change: Subscribe) -> str | None:
    """Return what is wrong with a subscription, or None."""
    if not _is_endpoint(change.endpoint):
        return "Invalid endpoint: use https://HOST/PATH, as the browser gave it"
    if not _is_point(decoded(change.p256dh)):
        return "Invalid p256dh: use a public key on P-256 in base64url, as the browser gave it"
    if len(decoded(change.auth)) != 16:
        return "Invalid auth: use 16 bytes in base64url, as the browser gave it"
    return None


def decoded(text: str) -> bytes:
    """Return the bytes of a text in base64url, with or without padding; none if it is something else."""
    try:
        return urlsafe_b64decode(
            text.rstrip("=").encode("ascii") + b"=" * (-len(text.rstrip("=")) % 4)
        )
    except (Error, UnicodeEncodeError):
        return b""


def _is_endpoint(url: str) -> bool:
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        return False
    is_bare = parts.username is None and not parts.fragment
    return parts.scheme == "https" and bool(parts.hostname) and has_port and is_bare


def _is_point(key: bytes) -> bool:
    if len(key) != 65 or key[0] != 4:
        return False
    x, y = int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big")
    return x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0
