"""The contract of a reactor, which reads on in every room's log and makes something of it, and its rounds.

A reactor is a cursor like a client's, with a position that outlives the server. It has no part in a commit: it sees what is
stored, some time later. Every step may be repeated after a crash, since its position is stored after what it did, or with it.
"""

from typing import Protocol

from hubbub.server.stores.base import Store

ROOMS_AT_ONCE = 500


class Reactor(Protocol):
    """Makes something of the events in all rooms. Where nodes share a store, each has one."""

    @property
    def does(self) -> str:
        """What it does, for people: it follows "can't"."""

    @property
    def every(self) -> float:
        """Seconds from the end of one round through all rooms to the next."""

    async def position(self, room: str) -> int:
        """Return the seq of the last event that it is done with, as stored. Fails with `StoreFailed`."""

    async def step(self, room: str, after: int, head: int) -> int:
        """Do a bounded amount of work on the events with after < seq <= head, and store how far it came.

        Returns that position; `after` if there is nothing to do now. The same step twice does no harm.
        Fails with `StoreFailed`.
        """


async def go_round(reactor: Reactor, store: Store) -> None:
    """Let a reactor read on in each room, until it has nothing to do there."""
    name = ""
    while rows := await store.rooms(name, ROOMS_AT_ONCE):
        for row in rows:
            position = await reactor.position(row.room)
            while (reached := await reactor.step(row.room, position, row.head)) > position:
                position = reached
        name = rows[-1].room
