"""Sends the notifications that are still wanted some seconds after a message: nobody has read it, and no device is active.

What is to be sent is in the store, so it outlives the server. It goes only after it was sent: after a crash it may be sent
again, and replaces what a device shows of the same room. Where nodes share a store, the one that has the turn sends.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from msgspec.structs import replace

from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.subscriptions import EndSubscription
from hubbub.domain.tables.subscriptions import SUBSCRIPTIONS, Subscription
from hubbub.protocol.codec import encode
from hubbub.server.engine.devices import GRACE
from hubbub.server.people.addresses import Submit
from hubbub.server.stores.base import Store, by_account
from hubbub.server.stores.notifications import NOTIFICATIONS, OF_USE_FOR, Notification
from hubbub.server.webpush.deciding import Told, decide
from hubbub.server.webpush.remembered import Remembered
from hubbub.server.webpush.service import Outcome, Push, PushServices

MOST_IN_A_TURN = 256  # messages in rooms, each for one account
MOST_AT_ONCE = 16  # requests
SECONDS_A_TURN = 15.0  # after which no request is begun, because a turn must take less than 30
MOST_REFUSALS = 5
MOST_REMEMBERED = 10_000  # devices whose push service didn't take a notification


class Due(NamedTuple):
    """What is due for one account, or one of its devices, in one room: the newest first."""

    rows: list[Notification]

    @property
    def newest(self) -> Notification:
        """The newest message."""
        return self.rows[0]


class Done(NamedTuple):
    """What need not be kept any more, and what is to be tried again."""

    gone: list[Notification]
    again: Sequence[Notification] = ()


class Notifier:
    """Notifies the devices of accounts. What push services refused is only remembered here, not stored."""

    def __init__(
        self,
        store: Store,
        services: PushServices,
        is_active: Callable[[str], Awaitable[bool]],
        submit: Submit,
        now: Callable[[], float],
        *,
        wait: float,
        counted: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`is_active` tells whether an account is at one of its devices, `wait` is in seconds. `counted` gets each outcome."""
        self._store = store
        self._services = services
        self._is_active = is_active
        self._submit = submit
        self._now = now
        self._wait = wait
        self._counted = counted
        self._requests = asyncio.Semaphore(MOST_AT_ONCE)
        self._refusals = Remembered(MOST_REMEMBERED, 0)  # in a row, by session
        self._rests = Remembered(MOST_REMEMBERED, 0.0)  # until when, by session

    async def send_due(self) -> None:
        """Send what is due, if it is this node's turn. Raises StoreFailed."""
        if not await self._due():
            return
        async with self._store.turn("notifications") as turn:
            if turn is None:
                return
            until = self._now() + SECONDS_A_TURN
            done = await asyncio.gather(*(self._notify(due, until) for due in await self._due()))
            await turn.drop(NOTIFICATIONS, [row[:4] for each in done for row in each.gone])
            await turn.put(NOTIFICATIONS, [row for each in done for row in each.again])

    async def _due(self) -> list[Due]:
        now = self._now()
        waiting = [
            row
            async for row in by_account(self._store, NOTIFICATIONS)
            if row.at + self._wait <= now and self._rests[row.session] <= now
        ]
        waiting.sort(key=lambda row: (row.account, row.room, row.session, -row.seq))
        groups = groupby(waiting, key=lambda row: (row.account, row.room, row.session))
        due = [Due(list(rows)) for _, rows in groups]
        return sorted(due, key=lambda each: each.rows[-1].at)[:MOST_IN_A_TURN]

    async def _notify(self, due: Due, until: float) -> Done:
        """Notify an account, unless it may still come to see the message by itself."""
        now, newest = self._now(), due.newest
        devices = await self._devices(newest)
        told = await self._told(due) if devices and now < newest.at + OF_USE_FOR else None
        if told is None:
            return Done(due.rows)
        if await self._is_active(newest.account):
            # Its device may just have gone: it counts as active for a while.
            return Done([]) if now < newest.at + self._wait + GRACE + 1.0 else Done(due.rows)
        late = await self._send_all(devices, told, newest.at + OF_USE_FOR - now, until)
        again = {newest._replace(session=device.session) for device in late}
        return Done([row for row in due.rows if row not in again], [*again])

    async def _devices(self, about: Notification) -> list[Subscription]:
        rows = await self._store.rows(SUBSCRIPTIONS, about.account)
        return [row for row in rows if about.session in ("", row.session)]

    async def _told(self, due: Due) -> Told | None:
        """Return what to tell: the newest message that counts."""
        for row in due.rows:
            if told := await decide(self._store, row, self._now()):
                return told
        return None

    async def _send_all(
        self, devices: list[Subscription], told: Told, seconds: float, until: float
    ) -> list[Subscription]:
        """Send to some devices. Returns those where it has to be tried again."""
        done = await asyncio.gather(
            *(self._send(each, told, int(seconds), until) for each in devices)
        )
        return [device for device, is_done in zip(devices, done, strict=True) if not is_done]

    async def _send(self, device: Subscription, told: Told, seconds: int, until: float) -> bool:
        """Send to one device. Returns False if it has to be tried again."""
        shown = told if device.shows_text else replace(told, title="", by="", text="")
        push = Push(encode(shown), _topic(device, told.room), seconds)
        async with self._requests:
            if self._now() > until:
                return False
            outcome, after = await self._services.push(device, push)
        self._counted(outcome.value)
        if outcome is Outcome.LATER:
            self._rests[device.session] = self._now() + after
        elif outcome is Outcome.SENT:
            self._refusals.forget(device.session)
        elif outcome is Outcome.GONE or self._is_refused_again(device.session):
            await self._end(device)
        return outcome is not Outcome.LATER

    def _is_refused_again(self, session: str) -> bool:
        """Note that a push service refused a notification. Returns whether it has done so too often."""
        self._refusals[session] += 1
        return self._refusals[session] >= MOST_REFUSALS

    async def _end(self, device: Subscription) -> None:
        """Nobody is there any more."""
        account, kind, session, endpoint, *_ = device
        change = EndSubscription(room=account, kind=kind, session=session, endpoint=endpoint)
        await self._submit(OPERATOR, change)
        self._refusals.forget(session)


def _topic(device: Subscription, room: str) -> str:
    """Return what stands for a room at a push service, which learns nothing of it, nor who else is there (RFC 8030, section 5.4)."""
    return hashlib.sha256(f"{device.auth} {room}".encode()).hexdigest()[:32]
