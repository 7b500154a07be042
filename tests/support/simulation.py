"""Simulates a node: the real hub, journal, fan-out and ledger on a disk and a clock that are not.

A seed decides the whole history: who posts, stalls, vanishes and returns, which commits take long or
fail, where the node crashes. `simulate` gives what the checker finds in it.
"""

import asyncio
import random
from collections.abc import Sequence
from unittest.mock import patch

from hubbub.protocol.messages import Patch, Post
from hubbub.rooms.ledger import Accepted, Answer, Commit, Proposal
from hubbub.server import fanout, journal, outlet
from hubbub.server.door import Door
from hubbub.server.fanout import FanOut
from hubbub.server.hub import Hub, Limits
from hubbub.server.journal import Journal
from hubbub.server.stores.base import LogPage, StoreFailed
from tests.support import fakes
from tests.support.checker import Attempt, Fault, Finding, Record, check
from tests.support.fakes import JumpingLoop, MemoryStore, guest
from tests.support.simulated_followers import Follower, Poller

ROOMS = ("lobby", "kitchen")
STEPS = 60
PAUSE = 0.01  # seconds, about; of the simulated clock
FAILING = 0.1  # how many commits and reads fail
QUEUED, TAIL, PAGE = 1_500, 500, 2_000  # bytes; small, so that bounds are met often
BUSY = 6  # proposals waiting
MOST_ROUNDS = 200  # in which all must be well again

Durable = list[
    tuple[Sequence[Proposal], str]
]  # the commits that were flushed: all that a crash leaves


class SimulatedStore(MemoryStore):
    """Takes its time, fails now and then, and begins with what was durable."""

    def __init__(self, durable: Durable, dice: random.Random) -> None:
        super().__init__()
        self.durable = durable
        self.dice = dice
        self.failing = FAILING
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        for proposals, at in durable:
            self._finish(asyncio.get_running_loop().create_future(), proposals, at)

    def commit(self, proposals: Sequence[Proposal], at: str) -> "asyncio.Future[Commit]":
        done: asyncio.Future[Commit] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._commit(done, proposals, at))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return done

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        await self.pause()
        if self.dice.random() < self.failing:
            raise StoreFailed("the disk could not be read")
        return await super().read(room, after, upto)

    async def pause(self) -> None:
        """Let the disk work."""
        await asyncio.sleep(self.dice.expovariate(2 / PAUSE))

    async def _commit(
        self, done: "asyncio.Future[Commit]", proposals: Sequence[Proposal], at: str
    ) -> None:
        async with self._turn:
            await self.pause()  # a crash in here loses the commit
            if self.dice.random() < self.failing:
                return done.set_exception(StoreFailed("the flush failed"))
            finished: asyncio.Future[Commit] = asyncio.get_running_loop().create_future()
            self._finish(finished, proposals, at)
            self.durable.append((proposals, at))
            await self.pause()  # a crash in here leaves nobody knowing of it
            done.set_result(finished.result())


class Node:
    """One life of the server."""

    def __init__(self, durable: Durable, dice: random.Random) -> None:
        loop = asyncio.get_running_loop()
        self.store = SimulatedStore(durable, dice)
        self.fanout = FanOut(self.store)
        self.journal = Journal(self.store, self.fanout.deliver, lambda: f"{loop.time():.9f}")
        self.hub = Hub(self.store, self.journal, self.fanout, Door(), Limits(256, 0))


class World:
    """A node, who is connected to it, and what they are told."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.durable: Durable = []
        self.node = Node(self.durable, self.dice)
        self.followers = [
            kind(f"{kind.__name__}-{room}-{number}", room, number % 2 == 1)
            for room in ROOMS
            for kind in (Follower, Poller)
            for number in range(3 if kind is Follower else 1)
        ]
        self.writers = {room: Record(f"writer-{room}") for room in ROOMS}
        self.findings: list[Finding] = []
        self._acts = {self.ask: 12, self.ask_again: 3, self.stall: 3, self.listen: 3, self.cut: 3}

    async def live(self) -> None:
        """Go through a history, heal, and see what became of it."""
        for _ in range(STEPS):
            if self.dice.random() < 0.03:
                await self.crash()
            self.dice.choices(list(self._acts), list(self._acts.values()))[0]()
            await self.step()
        await self.heal()
        for room in ROOMS:
            records = [f.record for f in self.followers if f.room == room]
            log = (await self.end()).logs.get(room, [])
            self.findings += check(log, [*records, self.writers[room]])

    async def step(self) -> None:
        """Let a moment pass."""
        for follower in self.followers:
            follower.come(self.node.hub)
        await asyncio.sleep(self.dice.expovariate(1 / PAUSE))
        for follower in self.followers:
            follower.take()
        self.check_bounds()

    def ask(self) -> None:
        """Post, mostly; or patch."""
        for _ in range(self.dice.randint(1, 8)):
            room = self.dice.choice(ROOMS)
            attempts = self.writers[room].attempts
            mark = f"{room}-{len(attempts)}"
            is_post = self.dice.random() < 0.8
            attempt = Attempt("posted" if is_post else "patched", mark, mark if is_post else None)
            attempts.append(attempt)
            self.submit(room, attempt)

    def ask_again(self) -> None:
        """Repeat a post, whether its answer came or not."""
        room = self.dice.choice(ROOMS)
        posts = [a for a in self.writers[room].attempts if a.key is not None]
        if posts:
            self.submit(room, self.dice.choice(posts))

    def submit(self, room: str, attempt: Attempt) -> None:
        """Ask for a change; one that is refused for now may be asked for again."""

        def answer(told: Answer) -> None:
            if isinstance(told, Accepted):
                assert told.seq is not None
                attempt.answers.append((told.seq, told.at))
            elif told.code not in {"unavailable", "busy"}:
                attempt.refusal = told.code

        change = (
            Post(room=room, text=attempt.mark, client_message_id=attempt.key)
            if attempt.key
            else Patch(room=room, patch={attempt.mark: True})
        )
        self.node.hub.submit(guest("ada"), change, answer)

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

    async def crash(self) -> None:
        """The node dies where it is, and starts again with what was durable."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for follower in self.followers:
            follower.go()
        self.node = Node(self.durable, self.dice)

    async def heal(self) -> None:
        """Nothing fails any more, everyone listens, and asks until the answer is known."""
        self.node.store.failing = 0
        for _ in range(MOST_ROUNDS):
            if self.is_whole():
                return
            for follower in self.followers:
                if follower.peer is not None:
                    follower.peer.listen()
            for room, writer in self.writers.items():
                for attempt in [a for a in writer.attempts if a.key and not a.is_known][:BUSY]:
                    self.submit(room, attempt)
            await self.step()

    def is_whole(self) -> bool:
        """Whether everyone knows everything."""
        logs = self.node.store.logs
        asked = [a for writer in self.writers.values() for a in writer.attempts if a.key]
        is_idle = not self.node.journal._waiting and all(a.is_known for a in asked)
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
        self.node.hub.sweep()
        if rooms := [feed.room for feed in self.node.fanout]:
            self.findings.append(Finding(Fault.LEFT_OVER, f"feeds of {rooms}"))
        await self.crash()
        return self.node.store


def simulate(seed: int) -> list[Finding]:
    """What is wrong in one history."""

    async def live() -> list[Finding]:
        world = World(seed)
        await world.live()
        return world.findings

    with (
        patch.object(outlet, "MAX_QUEUED_BYTES", QUEUED),
        patch.object(fakes, "HIGH_WATER", QUEUED // 3),
        patch.object(fanout, "MAX_TAIL_BYTES", TAIL),
        patch.multiple(journal, MAX_BATCH=4, MAX_WAITING=BUSY),
        asyncio.Runner(loop_factory=JumpingLoop) as runner,
    ):
        return runner.run(live())
