"""Rate limits of principals and addresses: token buckets."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hubbub.domain.access import RoomKind
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError

SLICE = 16_384  # bytes that a connection pays for at once
SEARCHES_PER_SECOND = 5.0
LISTINGS_PER_SECOND = 10.0  # of many rooms
PEOPLE_PER_SECOND = 400.0  # about whom one asks whether they are there
FRAME_COST = 64  # bytes added to the size of each frame, since a small one isn't free


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits for one client."""

    message_bytes: int
    messages_per_s: float
    rooms: int = 1_000
    watched: int = 5_000  # rooms of which one connection is told only the heads
    bytes_per_s: float = 0.0  # 0: no limit
    indexed: frozenset[RoomKind] = frozenset({RoomKind.MADE})  # where one can search


@dataclass(slots=True)
class Bucket:
    """The tokens that one principal has left."""

    tokens: float
    at: float
    refused: float = 0.0  # refusals in a row

    def take(self, amount: float, now: float, per_second: float, burst: float) -> float:
        """Take tokens and return 0.0, or take none and return the seconds until there are enough."""
        self.tokens = min(burst, self.tokens + (now - self.at) * per_second)
        self.at = now
        if self.tokens < amount:
            self.refused += amount
            return (amount - self.tokens) / per_second
        self.tokens -= amount
        if self.tokens > burst / 2:
            self.refused = 0
        return 0.0

    def owe(self, amount: float) -> None:
        """Take tokens even if there are not as many."""
        self.tokens -= amount


class Rates:
    """Each principal may take `per_second` tokens a second, and twice as many (or `largest`) at once. 0 means no limit.

    The caller passes the time, in seconds of any monotonic clock.
    """

    def __init__(self, per_second: float, largest: float = 1.0) -> None:
        self.per_second = per_second
        self._burst = max(largest, 2 * per_second)
        self._buckets: dict[str, Bucket] = {}

    def wait(self, who: str, now: float, amount: float = 1.0) -> float:
        """Take tokens and return 0.0, or take none and return the seconds until there are enough."""
        if not self.per_second:
            return 0.0
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = Bucket(self._burst, now)
        return bucket.take(min(amount, self._burst), now, self.per_second, self._burst)

    def owe(self, who: str, now: float, amount: float) -> None:
        """Take tokens even if there are not as many: what comes next waits for longer."""
        self._buckets.setdefault(who, Bucket(self._burst, now)).owe(amount)

    def is_flooding(self, who: str) -> bool:
        """Whether a principal keeps sending despite being refused."""
        bucket = self._buckets.get(who)
        return bucket is not None and bucket.refused > max(100, 5 * self.per_second)

    def sweep(self, now: float) -> None:
        """Forget principals whose bucket has filled up."""
        for who, bucket in list(self._buckets.items()):
            if bucket.tokens + (now - bucket.at) * self.per_second >= self._burst:
                del self._buckets[who]


class Inflow:
    """Counts the bytes of one connection for its `payer`: first an address, then a principal.

    A connection pays in slices, so that most frames cost only an addition.
    """

    __slots__ = ("_clock", "_paid", "_rates", "payer")

    def __init__(self, rates: Rates, clock: Callable[[], float], payer: str) -> None:
        self.payer = payer
        self._rates = rates
        self._clock = clock
        self._paid = SLICE

    def charge_to(self, payer: str) -> None:
        """Count for someone else from now on: it is known by now who sends."""
        self.payer = payer

    def wait(self, size: int) -> float:
        """Count a frame of `size` bytes and return 0.0, or return the seconds until it is allowed."""
        self._paid -= size + FRAME_COST
        if self._paid >= 0:
            return 0.0
        wait = self._rates.wait(self.payer, self._clock(), SLICE - self._paid)
        self._paid = self._paid + size + FRAME_COST if wait else SLICE
        return wait

    async def take(self, size: int) -> None:
        """Wait until a frame is allowed, for clients that can't be told of a refusal."""
        while wait := self.wait(size):  # noqa: ASYNC110 - no event
            await asyncio.sleep(wait)


class Throttle:
    """Limits how many messages, and how many bytes, each person sends per second, and about how many people it asks."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._messages = Rates(limits.messages_per_s)
        self._bytes = Rates(limits.bytes_per_s, largest=2.0 * limits.message_bytes)
        self._people = Rates(PEOPLE_PER_SECOND if limits.messages_per_s else 0.0)
        self._searches = Rates(SEARCHES_PER_SECOND if limits.messages_per_s else 0.0)
        self._listings = Rates(LISTINGS_PER_SECOND if limits.messages_per_s else 0.0)

    def refusal(self, principal: Principal, added: int = 0) -> Refusal | None:
        """Count a message, and `added` bytes besides those that were sent; or return why it is too early for it."""
        if wait := self.wait(principal):
            return _too_fast(f"{self._limits.messages_per_s:g} messages", wait)
        if added and (
            wait := self._bytes.wait(principal.counted_as, asyncio.get_running_loop().time(), added)
        ):
            return self.too_many_bytes(wait)
        return None

    def pace(self, principal: Principal) -> None:
        """Count a command that changes nothing but has a cost. Raises RefusalError."""
        if refusal := self.refusal(principal):
            raise RefusalError.of(refusal)

    def pace_asking(self, principal: Principal, people: int) -> None:
        """Count a command that asks about so many people. Raises RefusalError."""
        self.pace(principal)
        now = asyncio.get_running_loop().time()
        if wait := self._people.wait(principal.counted_as, now, max(1, people)):
            raise RefusalError.of(_too_fast(f"questions about {PEOPLE_PER_SECOND:g} people", wait))

    def pace_searching(self, principal: Principal) -> None:
        """Count a search. Raises RefusalError."""
        self._pace_by(self._searches, principal, f"search at most {SEARCHES_PER_SECOND:g} times")

    def pace_listing(self, principal: Principal) -> None:
        """Count a command that looks through many rooms. Raises RefusalError."""
        most = f"make requests about many rooms at most {LISTINGS_PER_SECOND:g} times"
        self._pace_by(self._listings, principal, most)

    def _pace_by(self, rates: Rates, principal: Principal, most: str) -> None:
        self.pace(principal)
        if wait := rates.wait(principal.counted_as, asyncio.get_running_loop().time()):
            detail = f"Too fast: {most} per second"
            raise RefusalError("rate_limited", detail, retry_after=round(max(wait, 0.001), 3))

    def wait(self, principal: Principal) -> float:
        """Count a message and return 0.0, or return the seconds until it is not too early for it."""
        if not self._messages.per_second:
            return 0.0
        return self._messages.wait(principal.counted_as, asyncio.get_running_loop().time())

    async def turn(self, principal: Principal) -> None:
        """Count a message, after waiting until it is not too early for it."""
        while wait := self.wait(principal):  # noqa: ASYNC110 - no event
            await asyncio.sleep(wait)

    def inflow(self, who: str) -> Inflow:
        """Return a counter of what a connection sends, for an address or a principal."""
        return Inflow(self._bytes, asyncio.get_running_loop().time, who)

    def charge(self, principal: Principal, size: int) -> None:
        """Count the body of a request, before it is read. Raises RefusalError."""
        now = asyncio.get_running_loop().time()
        if wait := self._bytes.wait(principal.counted_as, now, size + FRAME_COST):
            raise RefusalError.of(self.too_many_bytes(wait))

    def too_many_bytes(self, wait: float) -> Refusal:
        """Return the refusal for a client that must wait `wait` seconds before it sends more."""
        return _too_fast(f"{self._limits.bytes_per_s:,.0f} bytes", wait)

    def is_flooding(self, who: str) -> bool:
        """Whether the payer of a connection keeps sending despite being refused."""
        return self._messages.is_flooding(who) or self._bytes.is_flooding(who)

    def sweep(self) -> None:
        """Forget who has not sent anything for a while."""
        now = asyncio.get_running_loop().time()
        for rates in (self._messages, self._bytes, self._people, self._searches, self._listings):
            rates.sweep(now)


def _too_fast(limit: str, wait: float) -> Refusal:
    detail = f"Too fast: send at most {limit} per second"
    return Refusal("rate_limited", detail, retry_after=round(max(wait, 0.001), 3))
