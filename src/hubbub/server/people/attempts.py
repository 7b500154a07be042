"""Slows down whoever tries passwords, by account and by address (a /64 for IPv6), and whoever signs up, by address. No I/O.

A first try is never delayed by what others do elsewhere: an attacker can't lock an account's owner out. After that, each
wrong try makes the next one wait longer, up to `LONGEST_DELAY`, the more the account is under attack from everywhere.
Where somebody has logged in to the account before, only wrong tries from there count.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from hubbub.protocol.errors import Refusal
from hubbub.server.people.places import group_of
from hubbub.server.people.rates import Rates

FREE_TRIES = 3  # wrong ones without a delay, for an account at one address
FREE_TRIES_PER_ADDRESS = 10  # for all accounts together; people share addresses
LONGEST_DELAY = 60.0  # seconds
FORGOTTEN_AFTER = 900.0  # seconds without a wrong try
SIGN_UPS = 10  # at once from one address
SIGN_UPS_PER_SECOND = 1 / 60  # after that
MOST_KEPT = 10_000  # of each kind; the oldest are forgotten first

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True, frozen=True)
class _Wrong:
    """Wrong tries, and when the last one was. A try counts as wrong until it is known to be right."""

    count: int = 0
    at: float = 0.0


class _Tries(Generic[K]):
    """Wrong tries by what they have in common; bounded."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[K, _Wrong] = OrderedDict()

    def of(self, key: K, now: float) -> _Wrong:
        found = self._wrong.get(key)
        return _Wrong() if found is None or now >= found.at + FORGOTTEN_AFTER else found

    def add(self, key: K, now: float) -> None:
        self._wrong[key] = _Wrong(self.of(key, now).count + 1, now)
        self._wrong.move_to_end(key)
        _trim(self._wrong)

    def take_back(self, key: K) -> None:
        if found := self._wrong.get(key):
            self._wrong[key] = _Wrong(found.count - 1, found.at)
            if found.count == 1:
                del self._wrong[key]

    def sweep(self, now: float) -> None:
        while self._wrong and now >= next(iter(self._wrong.values())).at + FORGOTTEN_AFTER:
            self._wrong.popitem(last=False)


class Attempts:
    """Counts wrong tries to log in, and sign-ups, on this node. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_account = _Tries[str]()
        self._by_address = _Tries[str]()
        self._by_both = _Tries[tuple[str, str]]()
        self._sign_ups = Rates(SIGN_UPS_PER_SECOND, SIGN_UPS)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, handle: str, address: str) -> Refusal | None:
        """Count a try for a handle, whether or not there is such an account; or return why it is too early for one.

        Whoever began a try must say how it ended: with `succeeded`, or with `undone`. If it was wrong, nothing is to be done.
        """
        now, group = self._clock(), group_of(address)
        wait = self._wait(handle, group, now)
        if wait > 0:
            detail = "Too many wrong passwords; wait before you try again"
            return Refusal("rate_limited", detail, retry_after=round(max(wait, 0.001), 3))
        self._by_account.add(handle, now)
        self._by_both.add((handle, group or ""), now)
        if group is not None:
            self._by_address.add(group, now)
        return None

    def succeeded(self, handle: str, address: str) -> None:
        """The password was right: this address is known for the account from now on."""
        self.undone(handle, address)
        both = (handle, group_of(address) or "")
        self._known[both] = None
        self._known.move_to_end(both)
        _trim(self._known)

    def undone(self, handle: str, address: str) -> None:
        """The try was not made, for example because the server was busy."""
        group = group_of(address)
        self._by_account.take_back(handle)
        self._by_both.take_back((handle, group or ""))
        if group is not None:
            self._by_address.take_back(group)

    def sign_up(self, address: str) -> Refusal | None:
        """Count an account that is about to be made, or return why it is too early for another one."""
        group = group_of(address)
        if group is None or not (wait := self._sign_ups.wait(group, self._clock())):
            return None
        detail = "Too many new accounts from this address; wait before you make another"
        return Refusal("rate_limited", detail, retry_after=round(max(wait, 0.001), 3))

    def sweep(self) -> None:
        """Forget what is too long ago."""
        now = self._clock()
        self._sign_ups.sweep(now)
        for tries in (self._by_account, self._by_address, self._by_both):
            tries.sweep(now)

    def _wait(self, handle: str, group: str | None, now: float) -> float:
        """Return the seconds until the next try; not more than 0 if it may be made now."""
        here = self._by_both.of((handle, group or ""), now)
        is_known = (handle, group or "") in self._known
        count = here.count if is_known else max(here.count, self._by_account.of(handle, now).count)
        due = here.at + _delay(count - FREE_TRIES) if here.count else now
        if group is not None and not is_known:
            there = self._by_address.of(group, now)
            due = max(due, there.at + _delay(there.count - FREE_TRIES_PER_ADDRESS))
        return due - now


def _delay(tries: int) -> float:
    """Return the delay after so many wrong tries beyond those that are free: 1, 2, 4 … seconds."""
    return 0.0 if tries < 0 else min(2.0 ** min(tries, 10), LONGEST_DELAY)


def _trim(kept: OrderedDict[K, V]) -> None:
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
