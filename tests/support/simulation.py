"""Simulates a node: the real hub, journal, fan-out and ledger on a disk and a clock that are not.

A seed decides the whole history: who posts, stalls, vanishes and returns, which commits take long or
fail, where the node crashes. `simulate` gives what the checker finds in it.
"""

import asyncio
import random
from functools import partial
from unittest.mock import patch

from hubbub.server.engine import feeds, journal, outlet
from hubbub.server.stores.base import StoreFailed
from hubbub.server.transports import socket_outlet
from tests.support import fakes
from tests.support.checker import Fault, Finding, check
from tests.support.fakes import JumpingLoop, MemoryStore, Peer
from tests.support.simulated_followers import Follower, Poller, check_snapshots
from tests.support.simulated_node import PAUSE, SOUND, Node, NodeParts
from tests.support.simulated_writers import Writer

ROOMS = ("lobby", "kitchen")
STEPS = (10, 20, 60)  # mostly short histories: more of them, and small ones are easier to read
QUEUED, TAIL, PAGE = 1_500, 500, 2_000  # bytes; small, so that bounds are met often
BUSY = 6  # proposals waiting
MOST_ROUNDS = 200  # in which all must be well again


class World:
    """A node, who is connected to it, and what they are told."""

    def __init__(self, seed: int, parts: NodeParts) -> None:
        self.dice = random.Random(seed)
        self._parts = parts
        self.node = Node(None, self.dice, parts)
        self.followers = [
            kind(
                f"{kind.__name__}-{room}-{number}",
                room,
                self.dice,
                partial(Peer, is_direct=number % 2 == 1, outlet=parts.outlet),
            )
            for room in ROOMS
            for kind in (Follower, Poller)
            for number in range(3 if kind is Follower else 1)
        ]
        self.writers = {room: Writer(room, self.dice) for room in ROOMS}
        self.findings: list[Finding] = []
        self._trims: set[asyncio.Task[None]] = set()
        self._acts = {
            self.ask: 12,
            self.ask_again: 3,
            self.stall: 3,
            self.listen: 3,
            self.cut: 3,
            self.trim: 2,
        }

    async def live(self) -> None:
        """Go through a history, heal, and see what became of it."""
        for _ in range(self.dice.choice(STEPS)):
            if self.dice.random() < 0.03:
                await self.crash()
            self.dice.choices(list(self._acts), list(self._acts.values()))[0]()
            await self.step()
        await self.heal()
        logs = (await self.end()).logs
        for room in ROOMS:
            log, followers = logs.get(room, []), [f for f in self.followers if f.room == room]
            records = [f.record for f in followers]
            self.findings += check(log, [*records, self.writers[room].record])
            self.findings += check_snapshots(log, followers)

    async def step(self) -> None:
        """Let a moment pass."""
        for follower in self.followers:
            follower.come(self.node.hub)
        await asyncio.sleep(self.dice.expovariate(1 / PAUSE))
        for follower in self.followers:
            follower.take()
        self.check_bounds()

    def ask(self) -> None:
        """Someone asks for some changes."""
        for _ in range(self.dice.randint(1, 8)):
            self.writers[self.dice.choice(ROOMS)].ask(self.node.hub)

    def ask_again(self) -> None:
        """Someone repeats a post."""
        self.writers[self.dice.choice(ROOMS)].ask_again(self.node.hub)

    def stall(self) -> None:
        """Someone listens no more."""
        if (peer := self.dice.choice(self.followers).peer) is not None:
            peer.stall()

    def listen(self) -> None:
        """Someone listens again."""
        if (peer := self.dice.choice(self.followers).peer) is not None:
            peer.listen()

    def cut(self) -> None:
        """Someone is gone, and will be back."""
        self.dice.choice(self.followers).go()

    def trim(self) -> None:
        """What is old in a room is forgotten."""
        room, store = self.dice.choice(ROOMS), self.node.store
        upto = len(store.logs.get(room, [])) - self.dice.randint(0, 20)
        if (upto := self.writers[room].let_go(store, upto)) > 0:
            task = asyncio.create_task(self._trim(room, upto))
            self._trims.add(task)
            task.add_done_callback(self._trims.discard)

    async def _trim(self, room: str, upto: int) -> None:
        try:
            await self.node.store.trim(room, upto)
        except StoreFailed:
            pass

    async def crash(self) -> None:
        """The node dies where it is, and starts again with what was durable."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for follower in self.followers:
            follower.go()
        for writer in self.writers.values():
            writer.hear_no_more()
        self.node = Node(self.node.store, self.dice, self._parts)

    async def heal(self) -> None:
        """Nothing fails any more, everyone listens, and asks until the answer is known."""
        self.node.store.failing = 0
        for _ in range(MOST_ROUNDS):
            if self.is_whole():
                return
            for follower in self.followers:
                if follower.peer is not None:
                    follower.peer.listen()
            for writer in self.writers.values():
                writer.ask_until_known(self.node.hub, BUSY)
            await self.step()

    def is_whole(self) -> bool:
        """Whether everyone knows everything."""
        logs = self.node.store.logs
        is_idle = not any(w.open or w.awaits_answers for w in self.writers.values())
        return is_idle and all(f.seq == len(logs.get(f.room, [])) for f in self.followers)

    def check_bounds(self) -> None:
        """No queue is longer than it may be."""
        queued = [len(f.peer._queued) for f in self.followers if f.peer is not None]
        tails = [feed._tail_bytes for feed in self.node.fanout if len(feed._tail) > 1]
        if max(queued, default=0) > QUEUED + PAGE or max(tails, default=0) > TAIL:
            self.findings.append(Finding(Fault.UNBOUNDED, f"queued {queued}, tails {tails}"))
        if len(self.node.journal._waiting) > BUSY:
            self.findings.append(Finding(Fault.UNBOUNDED, "proposals"))

    async def end(self) -> MemoryStore:
        """Everyone leaves; what the next node would find."""
        for follower in self.followers:
            follower.go()
        await asyncio.sleep(1)
        for feed in self.node.fanout:
            if len(feed.signals.attendance):
                self.findings.append(Finding(Fault.LEFT_OVER, f"presence in {feed.room}"))
        self.node.fanout.sweep()
        if rooms := [feed.room for feed in self.node.fanout]:
            self.findings.append(Finding(Fault.LEFT_OVER, f"feeds of {rooms}"))
        await self.crash()
        return self.node.store


def simulate(seed: int, parts: NodeParts = SOUND) -> list[Finding]:
    """What is wrong in one history of a node that is made of these parts."""

    async def live() -> list[Finding]:
        world = World(seed, parts)
        await world.live()
        return world.findings

    with (
        patch.object(outlet, "MAX_QUEUED_BYTES", QUEUED),
        patch.object(socket_outlet, "MAX_QUEUED_BYTES", QUEUED),
        patch.object(fakes, "HIGH_WATER", QUEUED // 3),
        patch.object(feeds, "MAX_TAIL_BYTES", TAIL),
        patch.multiple(journal, MAX_BATCH=4, MAX_WAITING=BUSY),
        asyncio.Runner(loop_factory=partial(JumpingLoop, is_alone=True)) as runner,
    ):
        return runner.run(live())
