"""Posts to push services: what a device is told, encrypted for it, and what the answer means (RFC 8030)."""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from hubbub.domain.tables.subscriptions import Subscription
from hubbub.protocol.commands.subscriptions import decoded
from hubbub.server.people.outside.outgoing import CannotReach, NotAllowed, ask
from hubbub.server.people.outside.reachable import Reachable
from hubbub.server.webpush.keys import Keys, service_of
from hubbub.server.webpush.remembered import Remembered

LATER = 60.0  # seconds, if a push service doesn't say when
MOST_LATER = 3600.0
MOST_REMEMBERED = 1_000  # push services that have too much to do, or are not there


class Outcome(Enum):
    """What became of a notification on its way to one device."""

    SENT = "sent"
    GONE = "gone"  # nobody is there any more
    REFUSED = "refused"
    LATER = "later"  # the push service is not there, or has too much to do


class PushReply(NamedTuple):
    """An outcome; if it is LATER, after how many seconds to try again."""

    outcome: Outcome
    after: float = LATER


class Push(NamedTuple):
    """What is posted: the content, what it replaces at the push service if that was not delivered yet, and for how long it is of use."""

    content: bytes
    topic: str
    seconds: int


class PushServices:
    """The services that browsers name, as far as the settings let requests go there."""

    def __init__(self, keys: Keys, reach: Reachable, now: Callable[[], float]) -> None:
        """`now` gives seconds since 1970."""
        self._keys = keys
        self._reach = reach
        self._now = now
        self._rests = Remembered(MOST_REMEMBERED, 0.0)  # until when they are not asked, by address

    async def push(self, to: Subscription, push: Push) -> PushReply:
        """Post a message for a device, unless its service was just not able to take one. Raises StoreFailed."""
        service = service_of(to.endpoint)
        if (rest := self._rests[service] - self._now()) > 0:
            return PushReply(Outcome.LATER, rest)
        reply = await self._push(to, push)
        if reply.outcome is Outcome.LATER:
            self._rests[service] = self._now() + reply.after
        return reply

    async def _push(self, to: Subscription, push: Push) -> PushReply:
        from hubbub.server.webpush.encryption import encrypt  # loaded only if needed

        headers = {
            "Authorization": await self._keys.authorization(to.endpoint),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(push.seconds),
            "Topic": push.topic,
        }
        body = encrypt(push.content, decoded(to.p256dh), decoded(to.auth))
        try:
            answer = await ask(to.endpoint, body, headers, self._reach)
        except NotAllowed:
            return PushReply(Outcome.REFUSED)
        except CannotReach:
            return PushReply(Outcome.LATER)
        return meaning(answer.status, answer.headers.get("Retry-After", ""))


def meaning(status: int, retry_after: str = "") -> PushReply:
    """Return what a push service's answer means."""
    match status:
        case 404 | 410:
            return PushReply(Outcome.GONE)
        case 408 | 429:
            return PushReply(Outcome.LATER, _seconds(retry_after))
        case _ if 200 <= status < 300:
            return PushReply(Outcome.SENT)
        case _ if 300 <= status < 500:
            return PushReply(Outcome.REFUSED)
        case _:
            return PushReply(Outcome.LATER, _seconds(retry_after))


def _seconds(retry_after: str) -> float:
    is_number = retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10
    return min(max(float(retry_after), 1.0), MOST_LATER) if is_number else LATER
