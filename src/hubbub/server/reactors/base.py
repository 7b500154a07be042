"""The contract of a reactor, which reads the log of every room and acts on it, and the rounds that it makes.

A reactor is a cursor like a client's, with a position that outlives the server. It has no part in a commit: it sees what is
stored, some time later. Its positions are stored after its work, so after a crash it repeats some work, but misses nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Protocol

from hubbub.domain.facts import Batch
from hubbub.server.mistakes import place_of
from hubbub.server.setbacks import Setbacks
from hubbub.server.stores.base import LogsReplaced, Store, StoreFailed, Turn
from hubbub.server.stores.positions import POSITIONS, PositionKey, ReactorPosition

ROOMS_AT_ONCE = 500
EVENTS_A_TURN = 2_000  # after so many, positions are stored and another node may go on
SECONDS_A_TURN = 12.0  # after so long, likewise; the step that is under way may take some more

log = logging.getLogger(__name__)


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
        Fails with `StoreFailed`, after which all steps since the last stored positions come again. If it raises anything else, the
        room is left alone for a while; see `Setbacks`.
        """


async def go_round(reactor: Reactor, store: Store, setbacks: Setbacks | None = None) -> bool:
    """Let a reactor read on in each room, until it has nothing left to do. Returns False if another node takes its turn, or it failed in some room."""
    name, setbacks = "", setbacks or Setbacks()
    while rows := await store.rooms(name, ROOMS_AT_ONCE):
        heads = {row.room: row.head for row in rows if reactor.reads(row.room)}
        if not await _visit(reactor, store, heads, setbacks):
            return False
        name = rows[-1].room
    return setbacks.are_over


class News:
    """Logs with something new for a prompt reactor, as the commits of this node say; each once, however much is new."""

    def __init__(self, reactor: Reactor, failed: Callable[[str], object] = lambda _: None) -> None:
        """`failed` gets the reactor's name at each unexpected failure in a room."""
        self.reactor = reactor
        self.setbacks = Setbacks(partial(failed, reactor.name))
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
            await _visit(self.reactor, store, heads, self.setbacks)
        finally:
            self._heads = heads | self._heads
            if self._heads:
                self._stir.set()


async def _visit(reactor: Reactor, store: Store, heads: dict[str, int], setbacks: Setbacks) -> bool:
    """Let a reactor read on in these rooms; remove those where it is done. Returns False if another node has the turn."""
    while heads:
        async with store.turn(f"reactor {reactor.name}") as turn:
            if turn is None:
                return False
            try:
                await reactor.begin(turn)
                await _read_on(reactor, store, turn, heads, setbacks)
            finally:
                reactor.end()
    return True


async def _read_on(
    reactor: Reactor, store: Store, turn: Turn, heads: dict[str, int], setbacks: Setbacks
) -> None:
    """Let it read on in these rooms for one turn; remove those where it has nothing more to do."""
    keys = [PositionKey(reactor.name, room) for room in heads]
    positions = {row.room: row.seq for row in await turn.get(POSITIONS, keys)}
    now = asyncio.get_running_loop().time
    done, until = 0, now() + SECONDS_A_TURN
    for room, head in list(heads.items()):
        position = positions.get(room, 0)
        while (reached := await _tried(reactor, store, room, position, head, setbacks)) > position:
            await turn.put(POSITIONS, [ReactorPosition(reactor.name, room, reached)])
            done += reached - position
            if (is_long := now() >= until) or done >= EVENTS_A_TURN:
                if is_long:
                    heads[room] = heads.pop(room)  # the others come first
                return
            position = reached
        del heads[room]


async def _tried(
    reactor: Reactor, store: Store, room: str, position: int, head: int, setbacks: Setbacks
) -> int:
    """Do one step, unless those of the room have failed a short time ago. Returns how far it came."""
    now = asyncio.get_running_loop().time()
    if setbacks.holds(room, now):
        return position
    try:
        reached = await _step(reactor, store, room, position, head)
    except (StoreFailed, LogsReplaced):
        raise
    except Exception as error:  # a mistake in a reactor, which must not end the server
        seconds = setbacks.note(room, now)
        place = place_of(error)
        log.error("Can't %s in %s; trying again in %d s: %s", reactor.does, room, seconds, place)
        return position
    setbacks.over(room)
    return reached


async def _step(reactor: Reactor, store: Store, room: str, position: int, head: int) -> int:
    """Do one step, from the stored position or from where the log begins by now. Returns how far it came."""
    if position >= head:
        return position
    after = max(position, (await store.head(room)).kept - 1)
    return await reactor.step(room, after, head) if after < head else after
