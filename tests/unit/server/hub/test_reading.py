"""What is asked for once: history, events, the document, the rooms."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from hubbub.domain.aspects.document import Document
from hubbub.domain.live.values import LiveReport
from hubbub.protocol.messages import (
    History,
    Patch,
    Post,
)
from hubbub.server.brokers.base import Local
from hubbub.server.hub.reading import SLOW_SECONDS
from tests.support.fakes import (
    ADA,
    EPOCH,
    GRACE,
    MemoryStore,
    settle,
    timeless,
)
from tests.support.house import House


@timeless
async def test_rooms_that_one_may_not_know_of_are_not_listed() -> None:
    house = House()
    for room in ("a", "b", "build-1", "build-2", "c", "build-3"):
        await house.post("x", room=room)
    builder = replace(ADA, rooms=("build-*",))

    async def listed(after: str, limit: int) -> list[str]:
        return [row.room for row, _ in await house.hub.reading.rooms(builder, after, limit)]

    assert await listed("", 2) == ["build-1", "build-2"]
    assert await listed("build-2", 2) == ["build-3"]


@timeless
async def test_history_says_where_it_was_read() -> None:
    house = House()
    await house.post("a", "b", "c")
    page = await house.hub.reading.history(ADA, History(room="lobby", before=3, limit=1))
    assert (page.room, page.epoch, page.head, page.more) == ("lobby", EPOCH, 3, True)
    assert [message.seq for message in page.messages] == [2]
    both = house.hub.reading.history(ADA, History(room="lobby", before=3, after=1))
    assert (await house.refused(both)).code == "bad_request"


@timeless
async def test_the_document_is_read_with_its_version() -> None:
    house = House()
    await house.hub.writing.commit(ADA, Patch(room="lobby", patch={"n": 1}))
    assert await house.hub.reading.document(GRACE, "lobby") == Document({"n": 1}, 1)


@timeless
async def test_waiting_for_events_ends_at_once_if_there_are_some() -> None:
    house = House()
    await house.post("a", "b")
    epoch, head, bodies = await house.hub.reading.events(GRACE, "lobby", 1, EPOCH, 25)
    assert (epoch, head, len(bodies)) == (EPOCH, 2, 1)
    assert asyncio.get_running_loop().time() < 1


@timeless
async def test_waiting_for_events_ends_when_some_come() -> None:
    house = House()
    await house.post("a")
    waiting = asyncio.create_task(house.hub.reading.events(GRACE, "lobby", None, None, 25))
    await asyncio.sleep(10)
    assert not waiting.done()
    await house.post("b")
    events = await waiting
    assert (events.head, len(events.bodies)) == (2, 1)


@timeless
async def test_waiting_in_vain_ends_too() -> None:
    house = House()
    await house.post("a")
    assert await house.hub.reading.events(GRACE, "lobby", 1, None, 25) == (EPOCH, 1, [])
    assert asyncio.get_running_loop().time() == pytest.approx(25, abs=0.01)
    assert await house.hub.reading.events(GRACE, "lobby", 1, None, 0) == (EPOCH, 1, [])


@timeless
async def test_events_that_can_not_be_read_on_from_there_say_where_to_begin() -> None:
    house = House()
    await house.post("a", "b", "c")
    await house.store.trim("lobby", 2)
    another = await house.refused(house.hub.reading.events(ADA, "lobby", 1, "another", 0))
    assert (another.code, dict(another.facts)) == ("reset", {"epoch": EPOCH, "head": 3})
    old = await house.refused(house.hub.reading.events(ADA, "lobby", 1, EPOCH, 0))
    assert (old.code, old.facts["truncated"]) == ("reset", 3)
    beyond = await house.refused(house.hub.reading.events(ADA, "lobby", 4, EPOCH, 0))
    assert beyond.code == "bad_position"


@timeless
async def test_checking_asks_the_store() -> None:
    house = House()
    await house.hub.reading.check()
    house.store.is_failing = True
    with pytest.raises(Exception, match="full"):
        await house.hub.reading.check()


@timeless
async def test_a_database_that_is_slow_for_a_moment_is_there() -> None:
    house = House(store=(store := SlowStore()))
    with pytest.raises(TimeoutError):  # it never answered
        await house.hub.reading.check()
    store.let.set()
    await house.hub.reading.check()
    store.let.clear()
    await house.hub.reading.check()
    await asyncio.sleep(SLOW_SECONDS)
    with pytest.raises(TimeoutError):
        await house.hub.reading.check()
    store.let.set()
    await house.hub.reading.check()


class SlowStore(MemoryStore):
    """Each check of it takes until somebody lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.checks, self.let = 0, asyncio.Event()

    async def check(self) -> None:
        self.checks += 1
        await self.let.wait()
        await super().check()


@timeless
async def test_whoever_asks_while_a_check_is_under_way_waits_for_that_one() -> None:
    house = House(store=(store := SlowStore()))
    waiting = [asyncio.create_task(house.hub.reading.check()) for _ in range(3)]
    await settle()
    waiting.pop().cancel()  # a load balancer that asks again soon
    await settle()
    waiting.append(asyncio.create_task(house.hub.reading.check()))
    await settle()
    assert store.checks == 1
    store.let.set()
    await asyncio.gather(*waiting)
    store.is_failing = True
    with pytest.raises(Exception, match="full"):
        await house.hub.reading.check()
    assert store.checks == 2


class Elsewhere(Local):
    """A broker with another node, which says that grace is there, in its time."""

    node = "here"
    answers_within = 0.1

    def __init__(self, hear: Callable[[LiveReport], None]) -> None:
        super().__init__()
        self._hear = hear

    def share(self, live: LiveReport) -> None:
        if live.asks:
            answer = LiveReport(live.room, "there", names=["grace"])
            asyncio.get_running_loop().call_later(0.05, self._hear, answer)


@timeless
async def test_who_looks_at_a_room_that_nobody_follows_here_sees_who_is_on_other_nodes() -> None:
    def hear(told: LiveReport) -> None:
        house.fanout.hear(told)

    house = House(broker=Elsewhere(hear))
    await house.hub.writing.commit(ADA, Post(room="lobby", text="hello"))
    assert (await house.hub.reading.snapshot(ADA, "lobby")).members.names == ["grace"]
    loop = asyncio.get_running_loop()
    now = loop.time()
    assert [count for _, count in await house.hub.reading.rooms(ADA, "", 10)] == [1]
    assert loop.time() == now, "it is known by now"
