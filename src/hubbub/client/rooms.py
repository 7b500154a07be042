"""The rooms that a client follows: passes events to them, and follows them again after a gap."""

import asyncio

from hubbub.client.backoff import Backoff
from hubbub.client.errors import Closed, Refused, Unknown
from hubbub.client.exchange import Exchange
from hubbub.client.inbox import Inbox, Skipped
from hubbub.client.link import Outside
from hubbub.client.reading import Reading
from hubbub.client.tracker import PositionTracker
from hubbub.domain.rules import Rules
from hubbub.events import Event
from hubbub.protocol.messages import AnySignal, Follow, Resumed, Snapshot, Unfollow, Unfollowed

FollowAnswer = Resumed | Snapshot
STALL_SECONDS = 10.0  # less than the 30 s after which the server misses our pongs


class Rooms:
    """The `Reading` of each room, by name. Each inbox holds at most `max_queued` events."""

    def __init__(self, outside: Outside, exchange: Exchange, max_queued: int, rules: Rules) -> None:
        self._outside = outside
        self._exchange = exchange
        self._max_queued = max_queued
        self._rules = rules
        self._readings: dict[str, Reading] = {}
        self._rejoining: dict[asyncio.Task[None], Reading] = {}
        self._stir = exchange.stir

    async def follow(
        self,
        room: str,
        since: int | None,
        epoch: str | None,
        max_missed: int | None,
        command: type[Follow],
    ) -> Reading:
        """Follow a room, at first by this command.

        Raises:
            ValueError: the room is followed already.
            Refused, Unknown, Closed: see `Exchange.ask`.
        """
        if room in self._readings:
            raise ValueError(f"Already following {room}; unfollow it first")
        reading = self._readings[room] = self._begin(room, since, epoch, max_missed)
        try:
            await self._exchange.ask(reading.tracker.follow(command), FollowAnswer, reading.joined)
        except BaseException:
            self._readings.pop(room, None)  # it may have ended with the client
            self._exchange.tell(Unfollow(room=room))
            raise
        return reading

    async def unfollow(self, command: Unfollow) -> None:
        """Stop following a room, by this command. Raises the same errors as `Exchange.ask`."""
        if reading := self._readings.pop(command.room, None):
            reading.end()
            for task, rejoined in self._rejoining.items():
                if rejoined is reading:
                    task.cancel()
            self._stir.set()
            try:
                await self._exchange.ask(command)
            except asyncio.CancelledError:
                self._exchange.tell(command)  # it may not have been sent yet
                raise

    def link_lost(self) -> None:
        """The connection was lost: no events arrive until `resume`."""
        for reading in self._readings.values():
            reading.tracker.cut()

    def resume(self) -> None:
        """There is a connection again: resume each room from its position."""
        for reading in self._readings.values():
            if not reading.tracker.is_joining:  # else its join is on its way, and is sent again
                self._rejoin(reading)

    async def deliver(self, event: Event | Skipped) -> None:
        """Pass an event to its room. Waits while the room's reader is slow, unless that would block anything else."""
        reading = self._readings.get(event.room)
        if reading is None:
            return
        if reading.tracker.needs_space:
            await self._until_space(reading)
        if reading.tracker.receive(event):
            self._rejoin(reading)

    def hear(self, signal: AnySignal) -> None:
        """Pass a signal to its room."""
        if reading := self._readings.get(signal.room):
            reading.hear(signal)

    def cut_off(self, notice: Unfollowed) -> None:
        """The server says that a room may not be read any more. Iterating over it ends with the reason."""
        reading = self._readings.get(notice.room)
        if (
            reading is not None and not reading.tracker.is_joining
        ):  # else the answer says what holds
            self._readings.pop(notice.room).end(Refused.of(notice.why))
            self._stir.set()

    def end(self, error: Exception | None) -> None:
        """End all rooms. Iterating over them ends, with `error` if there is one."""
        for task in self._rejoining:
            task.cancel()
        for reading in self._readings.values():
            reading.end(error)
        self._readings.clear()

    def _begin(
        self, room: str, since: int | None, epoch: str | None, max_missed: int | None
    ) -> Reading:
        inbox = Inbox(self._max_queued)
        tracker = PositionTracker(room, inbox, since, epoch, max_missed)
        now, rules = self._outside.now, self._rules
        reading = Reading(room, tracker, inbox, rules, now, lambda: self._taken(reading))
        return reading

    def _taken(self, reading: Reading) -> None:
        if reading.tracker.must_catch_up:
            self._rejoin(reading)
        self._stir.set()

    async def _until_space(self, reading: Reading) -> None:
        """Wait for space in the inbox. Not reading slows the server down, which then continues from the log.

        But replies and pings arrive on the same connection: a user does not read the room while waiting
        for an answer, and a stuck reader must not cost the connection. In these cases events are dropped,
        and fetched again by a join once the reader has emptied its inbox.
        """
        stalled = asyncio.create_task(self._outside.sleep(STALL_SECONDS))
        try:
            while (
                reading.tracker.is_crowded
                and reading.inbox.is_drawn
                and not self._exchange.awaits_answers
            ):
                await self._until_stirred_or(stalled)
                if stalled.done():
                    reading.inbox.stall()
        finally:
            stalled.cancel()

    async def _until_stirred_or(self, stalled: asyncio.Task[None]) -> None:
        self._stir.clear()
        stirred = asyncio.create_task(self._stir.wait())
        try:
            await asyncio.wait({stirred, stalled}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stirred.cancel()

    def _rejoin(self, reading: Reading) -> None:
        """Start to join again from the room's position. Events before the answer are dropped."""
        reading.tracker.drop_until_joined()
        task = asyncio.create_task(self._join_again(reading))
        self._rejoining[task] = reading
        task.add_done_callback(self._rejoining.pop)

    async def _join_again(self, reading: Reading) -> None:
        waits = Backoff(self._outside.draw)
        while self._readings.get(reading.room) is reading:
            try:
                await self._exchange.ask(reading.tracker.follow(), FollowAnswer, reading.joined)
                return
            except Refused as refusal:
                if refusal.code == "bad_position":
                    reading.tracker.forget_position()
                elif not refusal.temporary:
                    self._readings.pop(reading.room).end(refusal)
            except (Unknown, Closed):
                return  # the client ends, and says so to every room
            await self._outside.sleep(waits.next())
