"""One life of a simulated node: the real hub, journal, fan-out and ledger on a disk that is not."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Commit, Proposal
from hubbub.domain.rules import Rules
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Door
from hubbub.server.people.rates import Limits
from hubbub.server.stores.base import LogPage, StoredPage, StoreFailed
from hubbub.server.transports.socket_outlet import SocketOutlet
from tests.support.fakes import MemoryStore

PAUSE = 0.01  # seconds, about; of the simulated clock
FAILING = 0.1  # how many commits and reads fail


class SimulatedStore(MemoryStore):
    """Takes its time, fails now and then, and has what was flushed in the life before."""

    def __init__(
        self, before: "SimulatedStore | None", dice: random.Random, rules: Rules = RULES
    ) -> None:
        super().__init__(rules=rules)
        self.dice = dice
        self.failing = FAILING
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        if before is not None:
            self.logs, self.kept, self._views = before.logs, before.kept, before._views
            self._first_answers, self._owners = before._first_answers, before._owners
            self.records = before.records

    def commit(self, proposals: Sequence[Proposal], at: str) -> "asyncio.Future[Commit]":
        done: asyncio.Future[Commit] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._commit(done, proposals, at))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return done

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        await self._work()
        return await super().read(room, after, upto)

    async def history(
        self, room: str, before: int | None, after: int | None, limit: int
    ) -> StoredPage:
        await self._work()
        return await super().history(room, before, after, limit)

    async def trim(self, room: str, upto: int) -> None:
        async with self._turn:  # the one who writes does one thing after the other
            await self._work()
            await super().trim(room, upto)

    async def pause(self) -> None:
        """Let the disk work."""
        await asyncio.sleep(self.dice.expovariate(2 / PAUSE))

    async def _work(self) -> None:
        await self.pause()
        if self.dice.random() < self.failing:
            raise StoreFailed("the disk failed")

    async def _commit(
        self, done: "asyncio.Future[Commit]", proposals: Sequence[Proposal], at: str
    ) -> None:
        async with self._turn:
            try:
                await self._work()  # a crash in here loses the commit
            except StoreFailed as error:
                return done.set_exception(error)
            finished: asyncio.Future[Commit] = asyncio.get_running_loop().create_future()
            self._finish(finished, proposals, at)
            await self.pause()  # a crash in here leaves nobody knowing of it
            done.set_result(finished.result())


@dataclass(frozen=True, slots=True)
class NodeParts:
    """What a node is made of; those that aren't said are sound."""

    rules: Rules = RULES
    store: type[SimulatedStore] = SimulatedStore
    fanout: type[FanOut] = FanOut
    journal: type[Journal] = Journal
    hub: type[Hub] = Hub
    outlet: type[SocketOutlet] = SocketOutlet  # of those who are connected


SOUND = NodeParts()


class Node:
    """One life of the server, on what the one before has left."""

    def __init__(
        self, before: SimulatedStore | None, dice: random.Random, parts: NodeParts
    ) -> None:
        loop = asyncio.get_running_loop()
        rules = parts.rules
        self.store = parts.store(before, dice, rules)
        self.fanout = parts.fanout(self.store, rules=rules, now=loop.time)
        self.journal = parts.journal(
            self.store, self.fanout.deliver, lambda: f"{loop.time():.9f}", rules=rules
        )
        door = Door(now=loop.time, clock=loop.time)
        self.hub = parts.hub(
            self.store, self.journal, self.fanout, door, Limits(256, 0), rules=rules
        )
