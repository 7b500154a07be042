"""Puts messages into the index by which they are found, soon after they were posted or edited, while nothing else is to be written."""

import asyncio
from collections.abc import Callable, Collection

from hubbub.domain.access import RoomKind, kind_of
from hubbub.server.reactors.base import News
from hubbub.server.stores.base import Store, Turn
from hubbub.server.stores.positions import POSITIONS, ReactorPosition
from hubbub.server.stores.search import ALL_ROOMS, REACTOR

EVENTS_AT_ONCE = 1_000  # looked at in one step, which is one transaction; fewer if they are long
PAUSE = 0.05
PATIENCE = 20  # pauses, after which others have to wait for a step


class Indexing:
    """Has the store index messages. What is there already is left alone, so it does no harm to do a step twice."""

    name = REACTOR
    does = "index messages"
    every = 60.0

    def __init__(
        self, store: Store, waiting: Callable[[], int], kinds: Collection[RoomKind]
    ) -> None:
        """`waiting` says how many changes wait for a commit, `kinds` which rooms are indexed."""
        self._store = store
        self._waiting = waiting
        self._kinds = kinds

    def reads(self, log: str) -> bool:
        """Rooms of these kinds."""
        return kind_of(log) in self._kinds

    async def begin(self, _: Turn) -> None:
        """Nothing is prepared."""

    def end(self) -> None:
        """Nothing was prepared."""

    async def step(self, room: str, after: int, head: int) -> int:
        """Index some messages, once nothing else waits to be written, or after a second."""
        for _ in range(PATIENCE):
            if not self._waiting():
                break
            await asyncio.sleep(PAUSE)
        return await self._store.index(room, after, min(after + EVENTS_AT_ONCE, head))


class IndexNews(News):
    """What is new for the index. Once all rooms were read, it notes as of when, so that people can be told what is found."""

    def __init__(
        self,
        reactor: Indexing,
        indexed: Callable[[float], object],
        failed: Callable[[str], object] = lambda _: None,
    ) -> None:
        """`indexed` is told as of when everything is indexed, in seconds since 1970. `failed`: see `News`."""
        super().__init__(reactor, failed)
        self._indexed = indexed

    async def rounded(self, store: Store, began: float) -> None:
        """Note when the round began. Nobody minds if two nodes do."""
        async with store.turn(f"{REACTOR} in all rooms") as turn:
            if turn is not None:
                row = ReactorPosition(REACTOR, ALL_ROOMS, round(began * 1000))
                await turn.put(POSITIONS, [row])
        self._indexed(began)
