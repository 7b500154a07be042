"""A simulation of the fan-out over nodes: what was measured on two says what two hundred would do.

Each node is one core that does one thing at a time, as an event loop does. A post waits for the node's commit
that is under way, then goes with all that have come meanwhile into the next; commits of one room wait for each
other. A commit is delivered where it was made, and told to every other node on which somebody watches the
room. A node that gets free delivers all that is ready by then, for each room as one buffer, watcher by watcher.
"""

import heapq
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

SAMPLES = 20  # watchers of a delivery whose latency is taken, evenly spaced


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds, as measured. Of the node's core, but for `commit` and `hop`, in which others work."""

    commit: float  # from its begin to its answer, for one event
    commit_event: float  # for each further event in it
    post: float  # to take a post, and answer it
    write: float  # to write a buffer to one watcher
    write_event: float  # for each further event in the buffer
    hint: float  # to take a hint
    hop: float  # from one node to another, over the broker


@dataclass(frozen=True, slots=True)
class World:
    """So many nodes, a room for each post, and how many watch a room on a node."""

    nodes: int
    posts_per_s: float
    room_of: Callable[[random.Random], int]
    watchers: Callable[[int, int], int]  # of a room, on a node


@dataclass(slots=True)
class Outcome:
    """Latencies from the moment at which a post is due, in seconds, each with how many watchers it stands for."""

    seconds: float
    posts: int = 0
    commits: int = 0
    hints: int = 0
    deliveries: int = 0
    busy: list[float] = field(default_factory=list)  # seconds, by node
    latencies: list[tuple[float, float]] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """The latency that this share of all deliveries does not exceed."""
        return weighted_percentile(self.latencies, share)

    @property
    def load(self) -> float:
        """The share of the time for which the busiest node's core is."""
        return max(self.busy) / self.seconds


def weighted_percentile(values: list[tuple[float, float]], share: float) -> float:
    """The least value that, with all below it, has this share of the weight."""
    ordered = sorted(values)
    rest = share * sum(weight for _, weight in ordered)
    for value, weight in ordered:
        rest -= weight
        if rest <= 0:
            return value
    return ordered[-1][0] if ordered else 0.0


class _Node:
    def __init__(self) -> None:
        self.free_at = 0.0
        self.waiting: list[tuple[float, int]] = []  # posts for the next commit: due, room
        self.is_committing = False
        self.ready: dict[int, list[float]] = {}  # by room: when the events were due
        self.hints = 0


class Simulation:
    """One run of a world."""

    def __init__(self, world: World, costs: Costs, seconds: float, seed: int) -> None:
        self._world, self._costs, self._until = world, costs, seconds
        self._dice = random.Random(seed)
        self._nodes = [_Node() for _ in range(world.nodes)]
        self._room_free = defaultdict[int, float](float)
        self._agenda: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()
        self._outcome = Outcome(seconds, busy=[0.0] * world.nodes)

    def run(self) -> Outcome:
        """Until all that was posted within the time has been delivered."""
        self._post_next(0.0)
        while self._agenda:
            now, _, act, arguments = heapq.heappop(self._agenda)
            act(now, *arguments)
        return self._outcome

    def _at(self, when: float, act: Callable[..., None], *arguments: Any) -> None:
        heapq.heappush(self._agenda, (when, next(self._order), act, arguments))

    def _post_next(self, now: float) -> None:
        due = now + self._dice.expovariate(self._world.posts_per_s)
        if due < self._until:
            node = self._dice.randrange(self._world.nodes)
            self._at(due, self._post, node, due, self._world.room_of(self._dice))
            self._at(due, self._post_next)

    def _post(self, now: float, number: int, due: float, room: int) -> None:
        node = self._nodes[number]
        if now < node.free_at:  # it is read when the loop comes to it
            return self._at(node.free_at, self._post, number, due, room)
        self._outcome.posts += 1
        self._work(node, number, now, self._costs.post)
        node.waiting.append((due, room))
        if not node.is_committing:
            self._commit(node.free_at, number)

    def _commit(self, now: float, number: int) -> None:
        node, costs = self._nodes[number], self._costs
        batch, node.waiting = node.waiting, []
        node.is_committing = bool(batch)
        if batch:
            self._outcome.commits += 1
            begin = max([now, *(self._room_free[room] for _, room in batch)])
            end = begin + costs.commit + (len(batch) - 1) * costs.commit_event
            for _, room in batch:
                self._room_free[room] = end
            self._at(end, self._committed, number, batch)

    def _committed(self, now: float, number: int, batch: list[tuple[float, int]]) -> None:
        rooms = defaultdict[int, list[float]](list)
        for due, room in batch:
            rooms[room].append(due)
        for room, dues in rooms.items():
            self._make_ready(number, room, dues)
            for other in range(self._world.nodes):
                if other != number and self._world.watchers(room, other):
                    self._outcome.hints += 1
                    self._at(now + self._costs.hop, self._hear, other, room, dues)
        self._deliver(now, number)
        self._at(max(now, self._nodes[number].free_at), self._commit, number)

    def _hear(self, now: float, number: int, room: int, dues: list[float]) -> None:
        self._nodes[number].hints += 1
        self._make_ready(number, room, dues)
        self._deliver(now, number)

    def _make_ready(self, number: int, room: int, dues: list[float]) -> None:
        self._nodes[number].ready.setdefault(room, []).extend(dues)

    def _deliver(self, now: float, number: int) -> None:
        node, costs = self._nodes[number], self._costs
        if not node.ready:
            return None
        if now < node.free_at:
            return self._at(node.free_at, self._deliver, number)
        ready, node.ready = node.ready, {}
        self._work(node, number, now, node.hints * costs.hint)
        node.hints = 0
        for room, dues in ready.items():
            watchers = self._world.watchers(room, number)
            each = costs.write + (len(dues) - 1) * costs.write_event
            begin = node.free_at
            self._work(node, number, begin, watchers * each)
            self._note(begin, watchers, each, dues)

    def _note(self, begin: float, watchers: int, each: float, dues: list[float]) -> None:
        self._outcome.deliveries += watchers * len(dues)
        samples = min(SAMPLES, watchers)
        for sample in range(samples):
            at = begin + each * watchers * (sample + 1) / samples
            for due in dues:
                self._outcome.latencies.append((at - due, watchers / samples))

    def _work(self, node: _Node, number: int, now: float, seconds: float) -> None:
        node.free_at = max(now, node.free_at) + seconds
        self._outcome.busy[number] += seconds
