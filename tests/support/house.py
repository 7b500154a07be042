"""A hub over a store in memory, for tests of its parts."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Accepted
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.messages import (
    Follow,
    Post,
    Resumed,
    Snapshot,
)
from hubbub.server.brokers.base import Broker
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.followers import Cursor
from hubbub.server.engine.journal import Journal
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Door
from hubbub.server.people.rates import Limits
from hubbub.server.stores.base import StoredRoom
from tests.support.fakes import (
    ADA,
    AT,
    MemoryStore,
    Peer,
    settle,
    unframe,
)

NewPeer = Callable[..., Peer]


class CountingStore(MemoryStore):
    snapshots = 0

    async def snapshot(self, room: str, limit: int) -> StoredRoom:
        self.snapshots += 1
        return await super().snapshot(room, limit)


class House:
    """A hub over a store in memory, and whoever is in it."""

    def __init__(
        self,
        rate: float = 0,
        store: MemoryStore | None = None,
        broker: Broker | None = None,
        rules: Rules = RULES,
        bytes_per_s: float = 0,
    ) -> None:
        self.store = store or CountingStore(rules=rules)
        self.fanout = FanOut(self.store, broker, rules, now=time.time)
        self.journal = Journal(self.store, self.fanout.deliver, lambda: AT)
        limits = Limits(256, rate, bytes_per_s=bytes_per_s)
        door = Door(now=time.time, clock=time.monotonic)
        self.hub = Hub(self.store, self.journal, self.fanout, door, limits, rules=rules)
        self.told: list[Resumed | Snapshot] = []

    async def post(self, *texts: str, room: str = "lobby") -> None:
        for text in texts:
            answer = await self.hub.writing.commit(ADA, Post(room=room, text=text))
            assert isinstance(answer, Accepted)
        await settle()

    async def join(self, peer: Peer, by: Principal = ADA, **fields: Any) -> Cursor:
        join = Follow(room="lobby", **fields)
        return await self.hub.following.follow(
            by, join, peer.outlet, self.told.append, lambda _: None
        )

    async def refused(self, act: Any) -> Refusal:
        with pytest.raises(RefusalError) as caught:
            await act
        return caught.value.refusal


def pushes(peer: Peer) -> list[dict[str, Any]]:
    return [msgspec.json.decode(payload) for payload in unframe(peer.received)]


def seqs(peer: Peer) -> list[int]:
    return [push["seq"] for push in pushes(peer) if "event" in push]
