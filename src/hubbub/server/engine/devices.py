"""Devices of people: which of an account are here, and whether it is online, away or offline.

An account's devices are the attendance of its own log, by their states. So other nodes learn of them as they learn of who
is in a room, and only those where somebody watches the account, or where it is itself.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import partial

from hubbub.domain.principals import Principal
from hubbub.protocol.keys import is_account_key
from hubbub.protocol.people import Person
from hubbub.protocol.presence import PersonPresence
from hubbub.server.engine.feeds import Feed

GRACE = 10.0  # seconds for which a device whose connection was lost counts as being there
MOST_REMEMBERED = 20_000  # accounts of which it is known when they were last here

ONLINE, AWAY = Person("online"), Person("away")  # the states of devices, as they are counted


class Devices:
    """The devices of all accounts, as far as this node knows."""

    def __init__(
        self,
        pinned: Callable[[str], Feed],
        changed: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        """`pinned` returns the feed of a log. `changed` gets each account that may be otherwise. `now` gives seconds since 1970."""
        self._pinned = pinned
        self._changed = changed
        self._now = now
        self._left: OrderedDict[str, float] = OrderedDict()  # when accounts were last there
        self._leaving: deque[tuple[float, str, Person]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, account: str, state: Person) -> None:
        """An account has one more device here."""
        self._pinned(account).signals.enter(state)

    def exit(self, account: str, state: Person) -> None:
        """An account has one device fewer here."""
        self._pinned(account).signals.exit(state)

    def exit_later(self, account: str, state: Person) -> None:
        """Do as `exit` after a while, in which the device may come back by another connection."""
        loop = asyncio.get_running_loop()
        self._leaving.append((loop.time() + GRACE, account, state))
        if self._timer is None:
            self._timer = loop.call_later(GRACE, self._let_go)

    def close(self) -> None:
        """Let nobody go any more: devices may go on to another node, which then tells of them."""
        if self._timer is not None:
            self._timer.cancel()
        self._leaving.clear()

    def heeding(self, log: str) -> Callable[[], None] | None:
        """Return what to call when the attendance of an account's own log has changed; None for any other log."""
        return partial(self.heed, log) if is_account_key(log) else None

    def heed(self, account: str) -> None:
        """The devices of an account have changed, here or elsewhere."""
        if not self._states(account):
            self._keep(account, self._now() - GRACE)
        self._changed(account)

    def now(self, account: str) -> PersonPresence:
        """Return how an account is now."""
        if states := self._states(account):
            return PersonPresence("online" if ONLINE.name in states else "away")
        seen = self._left.get(account)
        return PersonPresence("offline", None if seen is None else int(seen))

    def knows(self, account: str) -> bool:
        """Whether it is known that an account is there, or when it was."""
        return account in self._left or bool(self._states(account))

    def remember(self, account: str, seen: float) -> None:
        """An account was there at a time, in seconds since 1970, if nothing newer is known."""
        if account not in self._left:
            self._keep(account, seen)
            self._changed(account)

    def _keep(self, account: str, seen: float) -> None:
        self._left[account] = seen
        self._left.move_to_end(account)
        if len(self._left) > MOST_REMEMBERED:
            self._left.popitem(last=False)

    def _states(self, account: str) -> list[str]:
        return self._pinned(account).signals.attendance.names()

    def _let_go(self) -> None:
        loop = asyncio.get_running_loop()
        while self._leaving and self._leaving[0][0] <= loop.time() + 0.001:  # timers are coarse
            _, account, state = self._leaving.popleft()
            self.exit(account, state)
        self._timer = loop.call_at(self._leaving[0][0], self._let_go) if self._leaving else None


class Device:
    """One connection of an account. Its account is there while it follows a log, and for a while after it was lost."""

    __slots__ = ("_account", "_devices", "_state")

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._account = ""  # while it follows
        self._state = ONLINE

    def follow(self, principal: Principal) -> None:
        """It follows a log."""
        if principal.is_account and not self._account:
            self._account = principal.id
            self._devices.enter(self._account, self._state)

    def stand(self) -> None:
        """It follows no log any more."""
        if self._account:
            self._devices.exit(self._account, self._state)
            self._account = ""

    def end(self) -> None:
        """It is not connected any more."""
        if self._account:
            self._devices.exit_later(self._account, self._state)
            self._account = ""

    def rest(self, *, is_away: bool) -> None:
        """Nobody is at it, or somebody is again."""
        before, self._state = self._state, AWAY if is_away else ONLINE
        if self._account and before is not self._state:
            self._devices.enter(self._account, self._state)
            self._devices.exit(self._account, before)
