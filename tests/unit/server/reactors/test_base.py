"""What keeps a reactor going: rounds through all rooms, in steps, from where it was."""

import asyncio
import time

import pytest

from hubbub.domain.facts import Batch, Proposal
from hubbub.protocol.messages import Post
from hubbub.server.duties import keep_at
from hubbub.server.reactors import base
from hubbub.server.reactors.base import News, go_round
from hubbub.server.stores.base import Store, StoreFailed
from hubbub.server.stores.positions import POSITIONS, ReactorPosition
from hubbub.server.upkeep import prompted, reacting
from tests.support.counting import Counting
from tests.support.fakes import ADA, AT, MemoryStore, timeless


async def post(store: MemoryStore, room: str, count: int) -> None:
    await store.commit([Proposal(ADA, Post(room=room, text="hi"))] * count, AT)


@timeless
async def test_a_round_reads_on_to_the_head_of_every_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "ROOMS_AT_ONCE", 2)
    store = MemoryStore()
    for room in ("attic", "kitchen", "lobby"):
        await post(store, room, 3)
    store.records.rows[POSITIONS] = {
        ("counting", "kitchen"): ReactorPosition("counting", "kitchen", 1)
    }
    reactor = Counting(store)
    await go_round(reactor, store)
    expected = [(room, seq) for room in ("attic", "kitchen", "lobby") for seq in (1, 2, 3)]
    expected.remove(("kitchen", 1))
    assert reactor.seen == expected
    await go_round(reactor, store)
    assert reactor.seen == expected, "there was nothing new"


@timeless
async def test_rounds_go_on_after_a_failure_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    await post(store, "lobby", 3)
    reactor = Counting(store)

    def fail(count: int) -> None:
        if count <= 2:
            raise StoreFailed("the disk is full")

    reactor.saw = fail
    going = asyncio.create_task(keep_at(reacting(reactor, store, print), print))
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


@timeless
async def test_a_room_where_a_reactor_fails_unexpectedly_waits_longer_each_time_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    await post(store, "attic", 1)
    await post(store, "lobby", 1)
    reactor = Counting(store)

    def fail(_: int) -> None:
        if reactor.seen[-1][0] == "attic":
            raise AssertionError("secret")

    reactor.saw = fail
    failed: list[str] = []
    news = News(reactor, failed.append)
    news.heed([batch("attic", 1), batch("lobby", 1)])
    going = asyncio.create_task(keep_at(prompted(news, store), print))
    await asyncio.sleep(200)
    assert reactor.seen == [("attic", 1), ("lobby", 1), *[("attic", 1)] * 2], "at 0, 60, and 180 s"
    reactor.saw = lambda _: None
    await asyncio.sleep(600)
    assert not going.done()
    going.cancel()
    assert reactor.seen[4:] == [("attic", 1)]
    said = [record.getMessage() for record in caplog.records]
    assert [line.partition(":")[0] for line in said] == [
        f"Can't count events in attic; trying again in {seconds} s" for seconds in (60, 120, 240)
    ]
    assert "secret" not in "".join(said)
    assert failed == ["counting"] * 3


@timeless
async def test_a_turn_ends_after_a_while_and_its_room_comes_last() -> None:
    store = MemoryStore()
    await post(store, "attic", 6)
    await post(store, "lobby", 1)

    class Slow(Counting):
        """Each of its steps takes long."""

        async def step(self, room: str, after: int, head: int) -> int:
            await asyncio.sleep(base.SECONDS_A_TURN)
            return await super().step(room, after, head)

    reactor = Slow(store)
    assert await go_round(reactor, store)
    rooms = ["attic", "attic", "lobby", "attic", "attic", "attic", "attic"]
    assert [room for room, _ in reactor.seen] == rooms


def batch(room: str, seq: int) -> Batch:
    return Batch(room, seq, [b""])


@timeless
async def test_a_prompt_reactor_reads_on_where_something_is_new_and_nowhere_else() -> None:
    store = MemoryStore()
    for room in ("attic", "kitchen"):
        await post(store, room, 3)
    reactor = Counting(store)
    news = News(reactor)
    news.heed([batch("kitchen", 3)])
    await news.go_on(store, 9)
    assert reactor.seen == [("kitchen", seq) for seq in (1, 2, 3)]
    await news.go_on(store, 9)
    assert asyncio.get_running_loop().time() > 9, "it waited for something new"
    assert len(reactor.seen) == 3


@timeless
async def test_what_a_prompt_reactor_could_not_do_is_still_new() -> None:
    store = MemoryStore()
    await post(store, "kitchen", 3)
    reactor = Counting(store)

    def fail(_: int) -> None:
        raise StoreFailed("the disk is full")

    reactor.saw, news = fail, News(reactor)
    news.heed([batch("kitchen", 3)])
    with pytest.raises(StoreFailed):
        await news.go_on(store, 9)
    reactor.saw = lambda _: None
    await news.go_on(store, 9)
    assert reactor.seen[1:] == [("kitchen", seq) for seq in (1, 2, 3)]
    assert asyncio.get_running_loop().time() < 1


@timeless
async def test_between_rounds_a_prompt_reactor_goes_on_soon() -> None:
    store = MemoryStore()
    await post(store, "lobby", 1)
    reactor = Counting(store)
    news = News(reactor)
    going = asyncio.create_task(keep_at(prompted(news, store), print))
    await asyncio.sleep(1)
    await post(store, "lobby", 1)
    news.heed([batch("lobby", 2)])
    await asyncio.sleep(1)
    assert reactor.seen == [("lobby", 1), ("lobby", 2)]
    await post(store, "attic", 1)  # nobody says so
    await asyncio.sleep(12)
    assert reactor.seen[2:] == [("attic", 1)]
    going.cancel()


@timeless
async def test_only_a_round_through_all_rooms_counts_as_one_from_when_it_began() -> None:
    store, rounds, now = MemoryStore(), list[float](), time.time()
    await post(store, "lobby", 1)
    reactor = Counting(store)

    class Noting(News):
        async def rounded(self, _: Store, began: float) -> None:
            rounds.append(began)
            assert reactor.seen == [("lobby", 1)] * 2

    def fail(count: int) -> None:
        assert count > 1

    reactor.saw = fail
    act = prompted(Noting(reactor), store).act
    while not rounds:
        await act()
        assert reactor.seen, "the first round has failed in this room"
    assert now <= rounds[0] <= time.time()
