"""The rooms that a client follows: passes events to them, and follows them again after a gap."""

import asyncio
from functools import partial

from hubbub.client.errors import Closed, Refused, Unknown
from hubbub.client.rooms.inbox import Inbox, Skipped
from hubbub.client.rooms.reading import Reading
from hubbub.client.rooms.together import Together
from hubbub.client.rooms.tracker import PositionTracker
from hubbub.client.wire.backoff import Backoff
from hubbub.client.wire.exchange import Exchange
from hubbub.client.wire.link import Outside
from hubbub.domain.rules import Rules
from hubbub.events import Event
from hubbub.protocol.messages import (
    AnySignal,
    Follow,
    Moved,
    Resumed,
    RoomHead,
    Snapshot,
    Unfollow,
    Unfollowed,
)

FollowAnswer = Resumed | Snapshot
STALL_SECONDS = 10.0  # less than the 30 s after which the server misses our pongs


class Watcher:
    """Whoever wants to know how far rooms have come. This one doesn't."""

    def heads(self) -> dict[str, int]:
        """The rooms of which the server shall tell the heads, each with the last one that is known."""
        return {}

    def moved(self, heads: dict[str, RoomHead]) -> None:
        """Rooms have come that far."""

    def heard(self, event: Event | Skipped) -> None:
        """An event came, of a room that is followed in full."""

    def at_least(self, room: str, head: int) -> None:
        """A room has come at least that far."""

    def closed(self, room: str) -> None:
        """A room is not followed in full any more."""


class Rooms:
    """The `Reading` of each room, by name. Each inbox holds at most `max_queued` events."""

    def __init__(self, outside: Outside, exchange: Exchange, max_queued: int, rules: Rules) -> None:
        self._outside = outside
        self._exchange = exchange
        self._max_queued = max_queued
        self._rules = rules
        self._readings: dict[str, Reading] = {}
        self._rejoining: dict[asyncio.Task[None], Reading] = {}
        self._together = Together(exchange, outside, self._resumed, self._refollow, self._heard)
        self._stir = exchange.stir
        self._watcher: Watcher = Watcher()

    def tell(self, watcher: Watcher) -> None:
        """Tell someone from now on how far rooms have come."""
        self._watcher = watcher

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
            await self._exchange.ask(
                reading.tracker.follow(command), FollowAnswer, partial(self._joined, reading)
            )
        except BaseException:
            self._readings.pop(reading.room, None)  # it may have ended with the client
            self._exchange.tell(Unfollow(room=reading.room))
            self._watcher.closed(reading.room)
            raise
        if self._readings.get(reading.room) is not reading:
            raise ValueError(f"Already following {reading.room}; unfollow it first")
        return reading

    def follow_all(
        self, positions: dict[str, int], heads: dict[str, int], epoch: str
    ) -> list[Reading]:
        """Follow rooms from their positions, and be told the heads of others, as soon as possible.

        Raises:
            ValueError: one of them is followed already.
        """
        if already := self._readings.keys() & positions.keys():
            raise ValueError(f"Already following {min(already)}; unfollow it first")
        readings = [self._begin(room, since, epoch, None) for room, since in positions.items()]
        self._readings |= {reading.room: reading for reading in readings}
        self._together.follow(readings, heads, epoch)
        return readings

    def received(self, room: str) -> int | None:
        """The seq up to which a room's events were received. None if it isn't followed."""
        reading = self._readings.get(room)
        return None if reading is None else reading.tracker.since or 0

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
            finally:
                self._watcher.closed(command.room)

    def link_lost(self) -> None:
        """The connection was lost: no events arrive until `resume`."""
        for reading in self._readings.values():
            reading.tracker.cut()

    def resume(self, epoch: str) -> None:
        """There is a connection again, to the logs of this epoch: resume each room from its position."""
        due = [each for each in self._readings.values() if not each.tracker.is_joining]
        # the others' joins are on their way, and are sent again
        heads = self._watcher.heads()
        together = [reading for reading in due if reading.tracker.can_resume(epoch)]
        if heads or len(together) > 1:
            self._together.follow(together, heads, epoch)
        for reading in due:
            if not reading.tracker.is_joining:
                self._rejoin(reading)

    async def deliver(self, event: Event | Skipped) -> None:
        """Pass an event to its room. Waits while the room's reader is slow, unless that would block anything else."""
        self._watcher.heard(event)
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

    def moved(self, notice: Moved) -> None:
        """The server says how far rooms have come that are not followed in full."""
        self._watcher.moved(notice.rooms)

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
        self._together.end()
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

    def _joined(self, reading: Reading, answer: FollowAnswer) -> None:
        """Take in an answer, which calls the room by its key, and not by an alias."""
        if answer.room != reading.room:
            if self._readings.get(reading.room) is reading:
                del self._readings[reading.room]
                self._readings.setdefault(answer.room, reading)
            reading.call(answer.room)
        reading.joined(answer)
        self._watcher.at_least(answer.room, answer.start)

    def _resumed(self, reading: Reading, answer: FollowAnswer) -> None:
        if self._readings.get(reading.room) is reading:
            self._joined(reading, answer)
        elif reading.room not in self._readings:
            self._exchange.tell(Unfollow(room=reading.room))

    def _refollow(self, reading: Reading) -> None:
        if self._readings.get(reading.room) is reading:
            self._rejoin(reading)

    def _heard(self, asked: list[str], heads: dict[str, RoomHead]) -> None:
        """Take in how far rooms have come. One that was opened meanwhile is followed in full again."""
        for room in asked:
            if (reading := self._readings.get(room)) and not reading.tracker.is_joining:
                self._rejoin(reading)
        self._watcher.moved(heads)

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
                await self._exchange.ask(
                    reading.tracker.follow(), FollowAnswer, partial(self._joined, reading)
                )
                return
            except Refused as refusal:
                if refusal.code == "bad_position":
                    reading.tracker.forget_position()
                elif not refusal.temporary:
                    self._readings.pop(reading.room).end(refusal)
            except (Unknown, Closed):
                return  # the client ends, and says so to every room
            await self._outside.sleep(waits.next())
