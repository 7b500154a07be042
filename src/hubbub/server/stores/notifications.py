"""What Web Push keeps as records: the server's own key, and notifications that may have to be sent."""

from typing import NamedTuple

from hubbub.domain.records import Table

OF_USE_FOR = 7_200.0  # seconds after which nobody needs to be told of a message


class VapidKeyName(NamedTuple):
    """Identifies a key; there is one."""

    name: str


class VapidKey(NamedTuple):
    """The private key by which push services know this server (RFC 8292): the number of a key on P-256, as 32 bytes."""

    name: str
    secret: bytes


class NotificationKey(NamedTuple):
    """Identifies a notification: for whom, of which message, and for which of its devices; for all if `session` is empty."""

    account: str
    room: str
    seq: int
    session: str


class Notification(NamedTuple):
    """A message of which an account may have to be notified. It was posted `at` a time in seconds since 1970."""

    account: str
    room: str
    seq: int
    session: str
    at: float


VAPID_KEY = Table("vapid_key", VapidKeyName, VapidKey)
NOTIFICATIONS = Table("notification", NotificationKey, Notification)
