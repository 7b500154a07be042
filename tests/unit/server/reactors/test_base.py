"""What keeps a reactor going: rounds through all rooms, in steps, from where it was."""

import asyncio

import pytest

from hubbub.domain.facts import Proposal
from hubbub.protocol.messages import Post
from hubbub.server.reactors import base
from hubbub.server.reactors.base import go_round
from hubbub.server.stores.base import StoreFailed
from hubbub.server.upkeep import reacting
from tests.support.fakes import ADA, AT, MemoryStore, timeless


class Counting:
    """Notes each event that it sees, two a step; its positions are given to it, as if they were stored."""

    does = "count events"
    every = 10.0

    def __init__(self, store: MemoryStore, stored: dict[str, int]) -> None:
        self.seen: list[tuple[str, int]] = []
        self.fails_at: set[int] = set()  # so many events that were seen
        self._store = store
        self._stored = stored

    async def position(self, room: str) -> int:
        return self._stored.get(room, 0)

    async def step(self, room: str, after: int, head: int) -> int:
        page = await self._store.read(room, after, min(after + 2, head))
        for seq, _ in enumerate(page.bodies, after + 1):
            self.seen.append((room, seq))
            if len(self.seen) in self.fails_at:
                raise StoreFailed("the disk is full")
        reached = after + len(page.bodies)
        self._stored[room] = reached
        return reached


async def post(store: MemoryStore, room: str, count: int) -> None:
    await store.commit([Proposal(ADA, Post(room=room, text="hi"))] * count, AT)


@timeless
async def test_a_round_reads_on_to_the_head_of_every_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "ROOMS_AT_ONCE", 2)
    store = MemoryStore()
    for room in ("attic", "kitchen", "lobby"):
        await post(store, room, 3)
    reactor = Counting(store, {"kitchen": 1})
    await go_round(reactor, store)
    expected = [(room, seq) for room in ("attic", "kitchen", "lobby") for seq in (1, 2, 3)]
    expected.remove(("kitchen", 1))
    assert reactor.seen == expected
    await go_round(reactor, store)
    assert reactor.seen == expected, "there was nothing new"


@timeless
async def test_after_a_crash_another_goes_on_from_what_was_stored_and_misses_nothing() -> None:
    store, stored = MemoryStore(), dict[str, int]()
    await post(store, "lobby", 5)
    first, second = Counting(store, stored), Counting(store, stored)
    first.fails_at = {4}
    with pytest.raises(StoreFailed):
        await go_round(first, store)
    assert (first.seen, stored) == ([("lobby", seq) for seq in (1, 2, 3, 4)], {"lobby": 2})
    await go_round(second, store)
    assert second.seen == [("lobby", seq) for seq in (3, 4, 5)]


@timeless
async def test_rounds_go_on_after_a_failure_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    await post(store, "lobby", 3)
    reactor = Counting(store, {})
    reactor.fails_at = {1, 2}
    going = asyncio.create_task(reacting(reactor, store))
    await asyncio.sleep(1)
    assert reactor.seen == [("lobby", 1)]
    await asyncio.sleep(20)
    await post(store, "lobby", 1)
    await asyncio.sleep(10)
    going.cancel()
    assert reactor.seen == [("lobby", seq) for seq in (1, 1, 1, 2, 3, 4)]
    assert [record.getMessage() for record in caplog.records] == [
        "Can't count events: the disk is full",
        "Recovered: can count events again",
    ]
