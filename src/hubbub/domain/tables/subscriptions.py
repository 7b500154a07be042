"""Subscriptions of Web Push as records: where devices of an account are notified while no page is open there."""

from typing import NamedTuple

from hubbub.domain.records import Table


class SubscriptionKey(NamedTuple):
    """Identifies a subscription by the session or the token that it belongs to."""

    account: str
    kind: str
    session: str


class Subscription(NamedTuple):
    """Where a device is notified, since when, and whether it is told what was written.

    `endpoint` is secret: whoever knows it can reach the device. `p256dh` and `auth` encrypt what it is told.
    """

    account: str
    kind: str
    session: str
    endpoint: str
    p256dh: str
    auth: str
    shows_text: bool
    since: str


SUBSCRIPTIONS = Table("subscription", SubscriptionKey, Subscription)
