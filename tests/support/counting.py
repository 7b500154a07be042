"""A toy reactor: it counts events, which tells whether it saw each."""

from collections.abc import Callable

from hubbub.server.stores.base import Store, Turn


class Counting:
    """Notes each event that it sees, two a step."""

    name = "counting"
    does = "count events"
    every = 10.0

    def __init__(self, store: Store) -> None:
        self.seen: list[tuple[str, int]] = []
        self.saw: Callable[[int], None] = lambda _: None  # is told how many it has seen
        self._store = store

    def reads(self, log: str) -> bool:
        return True

    async def begin(self, _: Turn) -> None:
        pass

    def end(self) -> None:
        """Nothing was prepared."""

    async def step(self, room: str, after: int, head: int) -> int:
        page = await self._store.read(room, after, min(after + 2, head))
        for seq, _ in enumerate(page.bodies, after + 1):
            self.seen.append((room, seq))
            self.saw(len(self.seen))
        return after + len(page.bodies)
