"""The contract of a reactor, which reads the log of every room and acts on it, and the rounds that it makes.

A reactor is a cursor like a client's, with a position that outlives the server. It has no part in a commit: it sees what is
stored, some time later. Its positions are stored after its work, so after a crash it repeats some work, but misses nothing.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from hubbub.domain.facts import Batch
from hubbub.server.stores.base import Store, Turn
from hubbub.server.stores.positions import POSITIONS, PositionKey, ReactorPosition

ROOMS_AT_ONCE = 500
EVENTS_A_TURN = 2_000  # after so many, positions are stored and another node may go on


class Reactor(Protocol):
    """Acts on the events in all rooms. Where nodes share a store, only one of them does so at a time."""

    @property
    def name(self) -> str:
        """What its positions are stored under. Another name begins at the first event of each room."""

    @property
    def does(self) -> str:
        """What it does, for people: completes a sentence after "can't"."""

    def reads(self, log: str) -> bool:
        """Whether it acts on a log, by its name alone."""

    @property
    def every(self) -> float:
        """Seconds from the end of one round through all rooms to the next."""

    async def begin(self, turn: Turn) -> None:
        """Prepare for a turn: what is read here is as new as all events of the steps that follow. Fails with `StoreFailed`.

        What its steps put is stored with the positions.
        """

    def end(self) -> None:
        """Forget what was prepared: the turn is over, and it may be deleted before the next one."""

    async def step(self, room: str, after: int, head: int) -> int:
        """Do a bounded amount of work, for less than 30 s, on the events with after < seq <= head. All are in the log.

        Returns the seq of the last event that it is done with; `after` if there is nothing to do now, and the same
        step comes again in the next round. The same step twice, even by two nodes if one stalls, must do no harm.
        Fails with `StoreFailed`, after which all steps since the last stored positions come again.
        """


async def go_round(reactor: Reactor, store: Store) -> bool:
    """Let a reactor read on in each room, until it has nothing left to do or another node takes its turn: then it returns False."""
    name = ""
    while rows := await store.rooms(name, ROOMS_AT_ONCE):
        heads = {row.room: row.head for row in rows if reactor.reads(row.room)}
        if not await _visit(reactor, store, heads):
            return False
        name = rows[-1].room
    return True


class News:
    """Logs with something new for a prompt reactor, as the commits of this node say; each once, however much is new."""

    def __init__(self, reactor: Reactor) -> None:
        self.reactor = reactor
        self._heads: dict[str, int] = {}
        self._stir = asyncio.Event()

    def heed(self, batches: Iterable[Batch]) -> None:
        """Note what a commit added to logs that the reactor reads."""
        for batch in batches:
            if self.reactor.reads(batch.room):
                self._heads[batch.room] = batch.last
                self._stir.set()

    async def rounded(self, store: Store, began: float) -> None:
        """A round that began at this time, in seconds since 1970, has gone through all rooms. Fails with `StoreFailed`."""

    async def go_on(self, store: Store, seconds: float) -> None:
        """Wait for something new, at most so long, and let the reactor read on there. What it leaves is still new."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stir.wait(), seconds)
        self._stir.clear()
        heads, self._heads = self._heads, {}
        try:
            await _visit(self.reactor, store, heads)
        finally:
            self._heads = heads | self._heads
            if self._heads:
                self._stir.set()


async def _visit(reactor: Reactor, store: Store, heads: dict[str, int]) -> bool:
    """Let a reactor read on in these rooms; remove those where it is done. Returns False if another node has the turn."""
    while heads:
        async with store.turn(f"reactor {reactor.name}") as turn:
            if turn is None:
                return False
            try:
                await reactor.begin(turn)
                await _read_on(reactor, store, turn, heads)
            finally:
                reactor.end()
    return True


async def _read_on(reactor: Reactor, store: Store, turn: Turn, heads: dict[str, int]) -> None:
    """Let it read on in these rooms for one turn; remove those where it has nothing more to do."""
    keys = [PositionKey(reactor.name, room) for room in heads]
    positions = {row.room: row.seq for row in await turn.get(POSITIONS, keys)}
    done = 0
    for room, head in list(heads.items()):
        position = positions.get(room, 0)
        while (reached := await _step(reactor, store, room, position, head)) > position:
            await turn.put(POSITIONS, [ReactorPosition(reactor.name, room, reached)])
            done += reached - position
            if done >= EVENTS_A_TURN:
                return
            position = reached
        del heads[room]


async def _step(reactor: Reactor, store: Store, room: str, position: int, head: int) -> int:
    """Do one step, from the stored position or from where the log begins by now. Returns how far it came."""
    if position >= head:
        return position
    after = max(position, (await store.head(room)).kept - 1)
    return await reactor.step(room, after, head) if after < head else after
