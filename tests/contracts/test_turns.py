"""What only one node may do at a time: turns, and the reactors that take them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from hubbub.protocol.messages import Post
from hubbub.server.reactors import base as reactors
from hubbub.server.reactors.base import go_round
from hubbub.server.stores.base import LogsReplaced, Store, StoreFailed
from hubbub.server.stores.positions import POSITIONS, ReactorPosition
from hubbub.server.stores.postgres import turns
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.counting import Counting
from tests.support.postgres import Postgres
from tests.support.stores import commit

KITCHEN, LOBBY = ReactorPosition("r", "kitchen", 1), ReactorPosition("r", "lobby", 7)
POSTS = [("kitchen", n) for n in range(1, 6)] + [("lobby", n) for n in range(1, 8)]


async def fill(store: Store) -> None:
    for room, _ in POSTS:
        await commit(store, Post(room=room, text="hi"))


@pytest.fixture
async def two(postgres: Postgres) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    """Two nodes on one database."""
    url = await postgres.prepared()
    async with AsyncExitStack() as stack:
        nodes = []
        for _ in range(2):
            nodes.append(await PostgresStore.open(url, "normal", lambda: "e1"))
            stack.push_async_callback(nodes[-1].close)
        yield nodes[0], nodes[1]


# --- on every store ---


async def test_what_a_turn_puts_is_kept_in_place_of_what_was_there(store: Store) -> None:
    async with store.turn("count") as turn:
        assert turn is not None
        await turn.put(POSITIONS, [KITCHEN, LOBBY._replace(seq=6)])
    async with store.turn("count") as turn:
        assert turn is not None
        assert await turn.get(POSITIONS, [LOBBY[:2], ("r", "attic")]) == [LOBBY._replace(seq=6)]
        await turn.put(POSITIONS, [LOBBY])
    assert await store.rows(POSITIONS) == [KITCHEN, LOBBY]


async def test_a_turn_that_ends_with_an_exception_keeps_nothing(store: Store) -> None:
    async def fail() -> None:
        async with store.turn("count") as turn:
            assert turn is not None
            await turn.put(POSITIONS, [KITCHEN])
            raise OSError("the cook is ill")

    with pytest.raises(OSError, match="the cook is ill"):
        await fail()
    assert await store.rows(POSITIONS) == []


async def test_what_was_not_stored_is_handled_again_and_nothing_is_missed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactors, "EVENTS_A_TURN", 4)
    await fill(store)
    first, second = Counting(store), Counting(store)

    def crash(count: int) -> None:
        if count == 11:
            raise StoreFailed("killed")

    first.saw = crash
    with pytest.raises(StoreFailed):
        await go_round(first, store)
    assert first.seen == POSTS[:11]
    assert await store.rows(POSITIONS, "counting") == [
        ReactorPosition("counting", "kitchen", 5),
        ReactorPosition("counting", "lobby", 4),
    ]
    while not second.seen:  # PostgreSQL may not yet have noticed that the first one is gone
        await go_round(second, store)
    assert second.seen == POSTS[9:]
    while not second.seen:  # PostgreSQL may not yet have noticed that the first one is gone
        await go_round(second, store)
    assert second.seen == POSTS[9:], "there was nothing new"


async def test_what_was_trimmed_is_passed_over(store: Store) -> None:
    await fill(store)
    await store.trim("lobby", 4)
    await store.trim("kitchen", 5)
    reactor = Counting(store)
    await go_round(reactor, store)
    assert reactor.seen == [("lobby", 5), ("lobby", 6), ("lobby", 7)]


# --- across a restart ---


async def test_after_a_restart_it_goes_on_where_it_was(tmp_path: Path, postgres: Postgres) -> None:
    url = await postgres.prepared()

    async def sqlite() -> Store:
        return SqliteStore(tmp_path, "normal", lambda: "e1")

    async def postgresql() -> Store:
        return await PostgresStore.open(url, "normal", lambda: "e1")

    for start in (sqlite, postgresql):
        store = await start()
        await fill(store)
        await go_round(Counting(store), store)
        await store.close()
        store = await start()
        reactor = Counting(store)
        await commit(store, Post(room="lobby", text="hi"))
        await go_round(reactor, store)
        assert reactor.seen == [("lobby", 8)]
        await store.close()


# --- with several nodes ---


async def test_turns_have_one_session_unless_it_ended_or_a_turn_failed(
    two: tuple[PostgresStore, PostgresStore],
) -> None:
    here, there = two

    async def session(error: type[Exception] | None = None) -> int:
        async with here.turn("count") as turn:
            assert isinstance(turn, turns.PostgresTurn)
            found: int = await turn._connection.fetchval("SELECT pg_backend_pid()")
            if error is not None:
                raise error(found)
        return found

    first = await session()
    assert await session() == first
    end = f"SELECT pg_terminate_backend({first}, 10_000)"
    assert await there.in_transaction(lambda connection: connection.fetchval(end))
    second = await session()
    assert second != first
    with pytest.raises(OSError, match=str(second)):
        await session(OSError)
    assert await session() != second, "a failed turn may still hold a lock"


async def test_while_one_node_has_a_turn_another_gets_only_others(
    two: tuple[PostgresStore, PostgresStore],
) -> None:
    here, there = two
    async with here.turn("count") as turn:
        assert turn is not None
        async with there.turn("count") as other:
            assert other is None
        async with there.turn("clean") as other:
            assert other is not None
    async with there.turn("count") as other:
        assert other is not None


async def test_of_two_nodes_each_event_is_handled_by_one(
    two: tuple[PostgresStore, PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactors, "EVENTS_A_TURN", 2)
    await fill(two[0])
    nodes = [Counting(store) for store in two]

    async def rounds(node: Counting, store: Store) -> None:
        while len(nodes[0].seen) + len(nodes[1].seen) < len(POSTS):
            await go_round(node, store)

    await asyncio.gather(*map(rounds, nodes, two))
    assert sorted(nodes[0].seen + nodes[1].seen) == POSTS


async def test_a_node_that_stalls_loses_its_turn_and_stores_nothing(
    two: tuple[PostgresStore, PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MAX_IDLE", 50)
    here, there = two
    waiting = await there.connect()

    async def stall() -> None:
        async with here.turn("count") as turn:
            assert turn is not None
            await turn.put(POSITIONS, [KITCHEN])
            await waiting.execute("SELECT pg_advisory_lock($1)", turns.number_of("count"))

    with pytest.raises(StoreFailed):
        await stall()
    await waiting.close()
    async with there.turn("count") as turn:
        assert turn is not None
        assert await turn.get(POSITIONS, [KITCHEN[:2]]) == []


async def test_a_node_whose_logs_were_replaced_gets_no_turn(
    two: tuple[PostgresStore, PostgresStore],
) -> None:
    connection: asyncpg.Connection = await two[0].connect()
    await connection.execute("UPDATE hubbub.meta SET value = 'e2' WHERE name = 'epoch'")
    await connection.close()
    with pytest.raises(LogsReplaced):
        async with two[0].turn("count"):
            pass
