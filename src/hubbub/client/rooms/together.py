"""Follows many rooms with one command, and is told of others how far they have come."""

import asyncio
from collections.abc import Callable, Iterator

import msgspec

from hubbub.client.errors import Closed, Refused, Unknown
from hubbub.client.rooms.reading import Reading
from hubbub.client.wire.backoff import Backoff
from hubbub.client.wire.exchange import Exchange
from hubbub.client.wire.link import Outside
from hubbub.protocol.messages import Error, FollowAll, Resumed, RoomHead, Snapshot

MOST = 500  # in one command, which is then smaller than the server's limit for a message


class ManyFollowed(msgspec.Struct, frozen=True):
    """The answer to `follow_all`. `heads` are those that have come further."""

    rooms: dict[str, Resumed | Snapshot]
    heads: dict[str, RoomHead]
    refused: dict[str, Error]


class Together:
    """Sends `follow_all` until it is answered.

    Each reading is passed to `resumed` with its answer, or to `alone` if the server refuses to resume it, or doesn't
    know the command. `heard` gets the names that were asked for as heads, and the answer to them.
    """

    def __init__(
        self,
        exchange: Exchange,
        outside: Outside,
        resumed: Callable[[Reading, Resumed | Snapshot], None],
        alone: Callable[[Reading], None],
        heard: Callable[[list[str], dict[str, RoomHead]], None],
    ) -> None:
        self._exchange = exchange
        self._outside = outside
        self._resumed = resumed
        self._alone = alone
        self._heard = heard
        self._asking: set[asyncio.Task[None]] = set()

    def follow(self, readings: list[Reading], heads: dict[str, int], epoch: str) -> None:
        """Start to follow rooms from their positions, and to be told the heads of others."""
        for reading in readings:
            reading.tracker.hold_until_joined()
        for part, some in _parts(readings, list(heads)):
            task = asyncio.create_task(self._ask(part, {room: heads[room] for room in some}, epoch))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    def end(self) -> None:
        """Ask no more."""
        for task in self._asking:
            task.cancel()

    async def _ask(self, readings: list[Reading], heads: dict[str, int], epoch: str) -> None:
        rooms = {reading.room: reading.tracker.since or 0 for reading in readings}
        command = FollowAll(rooms=rooms, heads=heads, epoch=epoch)
        waits = Backoff(self._outside.draw)

        def answered(answer: ManyFollowed) -> None:
            for reading in readings:
                if found := answer.rooms.get(reading.room):
                    self._resumed(reading, found)
                else:
                    self._alone(reading)
            self._heard(list(heads), answer.heads)

        while True:
            try:
                await self._exchange.ask(command, ManyFollowed, answered)
                return
            except Refused as refusal:
                if not refusal.temporary:
                    for reading in readings:
                        self._alone(reading)
                    return
            except (Unknown, Closed):
                return  # the client ends, and says so to every room
            await self._outside.sleep(waits.next())


def _parts(readings: list[Reading], heads: list[str]) -> Iterator[tuple[list[Reading], list[str]]]:
    """Divide what is to be followed into commands."""
    while readings or heads:
        space = max(0, MOST - len(readings))
        yield readings[:MOST], heads[:space]
        readings, heads = readings[MOST:], heads[space:]
