"""Posting inside one's own transaction: it is posted if and only if that is committed, once, and at once."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import hubbub
from hubbub.domain.facts import Accepted, Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Message, Post
from hubbub.server.engine.journal import Journal
from hubbub.server.stores.base import Publish
from hubbub.server.stores.postgres.outbox import AT_ONCE
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.postgres.writer import PostgresWriter
from tests.integration.native import native
from tests.integration.test_postgres import nodes, said
from tests.support.fakes import AT, answer_of
from tests.support.postgres import Postgres, running
from tests.support.server import Server


@pytest.fixture(scope="module")
async def url(postgres: Postgres) -> str:
    return await postgres.fresh()


@pytest.fixture(scope="module")
async def two(
    url: str, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Server]]:
    async with nodes(postgres, tmp_path_factory.mktemp("nodes"), 2, url) as servers:
        yield servers


async def test_what_was_committed_is_posted_and_what_was_rolled_back_is_not(
    two: list[Server], url: str
) -> None:
    connection = await asyncpg.connect(url)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(native(server.port)) for server in two]
        for client in clients:
            await client.ask("join", room="orders")
        undone = connection.transaction()
        await undone.start()
        await hubbub.post_in_transaction(connection, "orders", "order 1 is paid", by="shop")
        await undone.rollback()
        async with connection.transaction():
            await hubbub.post_in_transaction(connection, "orders", "order 2 is paid", by="shop")
            await hubbub.post_in_transaction(connection, "orders", "order 2 is sent", by="shop")
        for client in clients:
            event = await client.event()
            assert (event["seq"], event["by"], event["text"]) == (1, "shop", "order 2 is paid")
            assert await said(client, 1) == ["order 2 is sent"]
        assert await connection.fetchval("SELECT count(*) FROM hubbub.outbox") == 0
        # Twice with one key, from SQL itself. A guest of the same name is somebody else.
        guest = await stack.enter_async_context(native(two[0].port, "shop"))
        await guest.ask("post", room="orders", text="a guest's", client_message_id="k")
        for _ in range(2):
            await connection.execute(
                "SELECT hubbub.post('orders', 'once', 'shop', client_message_id => 'k')"
            )
        await connection.execute("SELECT hubbub.post('orders', 'after')")
        for client in clients:
            assert await said(client, 3) == ["a guest's", "once", "after"]
        for command in ({"do": "edit", "text": "never"}, {"do": "delete"}):
            error = await guest.refused(room="orders", seq=5, **command)
            assert error["code"] == "forbidden"
    await connection.close()


async def test_an_open_transaction_keeps_nobody_waiting(two: list[Server], url: str) -> None:
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    await hubbub.post_in_transaction(connection, "desk", "later")
    async with native(two[0].port) as client:
        await client.ask("join", room="desk")
        await client.ask("post", room="desk", text="sooner")
        await transaction.commit()
        assert await said(client, 2) == ["sooner", "later"]
    await connection.close()


# What only one test needs is imported there: each process that collects tests would spend 0.3 s on it.
async def by_sqlalchemy(url: str, text: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url.replace("postgres://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        await hubbub.post_in_transaction(connection, "ways", text)
    await engine.dispose()


async def by_a_session(url: str, text: str) -> None:
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    engine = create_async_engine(url.replace("postgres://", "postgresql+psycopg://"))
    async with AsyncSession(engine) as session, session.begin():
        await hubbub.post_in_transaction(session, "ways", text)
    await engine.dispose()


async def by_sqlalchemy_sync(url: str, text: str) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(url.replace("postgres://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        hubbub.post_in_transaction_sync(connection, "ways", text)
    engine.dispose()


async def by_psycopg(url: str, text: str) -> None:
    import psycopg

    with psycopg.connect(url) as connection:
        hubbub.post_in_transaction_sync(connection, "ways", text, by="O'Neill")


async def by_a_pool(url: str, text: str) -> None:
    async with asyncpg.create_pool(url, min_size=1) as pool, pool.acquire() as connection:
        await hubbub.post_in_transaction(connection, "ways", text)


@pytest.mark.parametrize(
    "way", [by_sqlalchemy, by_a_session, by_sqlalchemy_sync, by_psycopg, by_a_pool]
)
async def test_any_kind_of_connection_will_do(
    way: Callable[[str, str], Awaitable[None]], two: list[Server], url: str
) -> None:
    async with native(two[1].port) as client:
        await client.ask("join", room="ways")
        await way(url, f"it's {way.__name__}")
        assert await said(client, 1) == [f"it's {way.__name__}"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("no room", "x", "shop", None),
        ("", "x", "shop", None),
        (None, "x", "shop", None),
        ("lobby", None, "shop", None),
        ("lobby", "x" * (2**20 + 1), "shop", None),
        ("lobby", "x", " ", None),
        ("lobby", "x", "a" * 33, None),
        ("lobby", "x", "e\u0301", None),
        ("e\u0301", "x", "shop", None),
        ("lobby", "x", "shop", ""),
        ("lobby", "x", "shop", "k" * 65),
    ],
)
async def test_an_invalid_post_in_sql_is_refused_at_once(
    arguments: tuple[Any, ...], two: list[Server], url: str
) -> None:
    connection = await asyncpg.connect(url)
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await connection.execute("SELECT hubbub.post($1, $2, $3, $4)", *arguments)
    await connection.close()


async def test_who_may_use_the_schema_may_post_and_no_more(
    two: list[Server], url: str, postgres: Postgres
) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE ROLE shop; GRANT USAGE ON SCHEMA hubbub TO shop")
    await connection.execute("SET ROLE shop")
    assert await hubbub.post_in_transaction(connection, "lobby", "hello", client_message_id="k")
    for table in ("outbox", "message", "room", "token"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"SELECT * FROM hubbub.{table}")
    await connection.close()


# --- the outbox alone ---


class Scene:
    """Outboxes on a fresh database, as nodes have them, and what is posted from there."""

    def __init__(self, store: PostgresStore, application: asyncpg.Connection) -> None:
        self.store = store
        self.application = application
        self.posted: asyncio.Queue[str] = asyncio.Queue()
        self.answer: Callable[[Post], Answer] = lambda _: Accepted(1, AT)

    async def publish(self, _: Principal, post: Post) -> Answer:
        assert post.text is not None
        self.posted.put_nowait(post.text)
        return self.answer(post)

    async def write(self, *texts: str) -> None:
        async with self.application.transaction():
            for text in texts:
                await hubbub.post_in_transaction(self.application, "lobby", text)

    async def takes(self, count: int) -> list[str]:
        async with asyncio.timeout(30):
            return [await self.posted.get() for _ in range(count)]

    async def until_there_waits(self, *expected: tuple[str, str | None]) -> None:
        """Wait until these messages are in the outbox, each with why it was refused, and no others."""
        async with asyncio.timeout(30):
            while True:
                rows = await self.application.fetch("SELECT message, refused FROM hubbub.outbox")
                if [tuple(row) for row in rows] == [*expected]:
                    return
                await asyncio.sleep(0.02)


@pytest.fixture
async def scene(postgres: Postgres) -> AsyncIterator[Scene]:
    store = await PostgresStore.open(url := await postgres.fresh(), "full", lambda: "e1")
    application = await asyncpg.connect(url)
    yield Scene(store, application)
    await application.close()
    await store.close()


@asynccontextmanager
async def emptied(scene: Scene, publish: Publish | None = None) -> AsyncIterator[None]:
    """A node that empties the outbox, until it ends without a goodbye."""
    emptying = asyncio.create_task(scene.store.empty_outbox(publish or scene.publish))
    try:
        yield
    finally:
        emptying.cancel()
        await asyncio.wait([emptying])


async def test_what_has_waited_is_posted_in_order_however_much_it_is(scene: Scene) -> None:
    texts = [str(n) for n in range(2 * AT_ONCE + 1)]
    await scene.write(*texts)
    async with emptied(scene):
        assert await scene.takes(len(texts)) == texts
        await scene.write("one more")
        assert await scene.takes(1) == ["one more"]


async def test_what_can_not_be_posted_stays_with_the_reason_and_holds_nobody_up(
    scene: Scene,
) -> None:
    def answer(post: Post) -> Answer:
        return Refusal("too_large", "no") if post.text == "large" else Accepted(1, AT)

    scene.answer = answer
    await scene.write("a", "large", "b")
    async with emptied(scene):
        assert await scene.takes(3) == ["a", "large", "b"]
        await scene.write("c")
        assert await scene.takes(1) == ["c"]
        await scene.until_there_waits(("large", "too_large: no"))


async def test_what_can_not_be_posted_now_is_tried_again(scene: Scene) -> None:
    scene.answer = lambda _: Refusal("unavailable", "the database is away")
    await scene.write("a")
    async with emptied(scene):
        assert await scene.takes(2) == ["a", "a"]
        scene.answer = lambda _: Accepted(1, AT)
        await scene.until_there_waits()


async def test_a_node_that_ends_amid_it_leaves_all_to_the_next(scene: Scene) -> None:
    async def hang(_: Principal, post: Post) -> Answer:
        scene.posted.put_nowait(f"begun: {post.text}")
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async with emptied(scene, hang):
        await scene.write("a", "b")
        assert await scene.takes(2) == ["begun: a", "begun: b"]
        async with emptied(scene):
            await scene.write("c")
            await asyncio.sleep(0.1)
            assert scene.posted.empty(), "it is not this node's turn"
    async with emptied(scene):
        assert await scene.takes(3) == ["a", "b", "c"]


async def test_a_commit_that_fails_amid_a_transaction_leaves_its_order(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The messages take several commits, and the first of them fails."""
    journal = Journal(scene.store, lambda _: None, lambda: AT)
    texts = [f"{n} {'x' * 10_000}" for n in range(100)]
    await scene.write(*texts)
    lock, cuts = PostgresWriter.lock, iter([True])

    async def cut(self: PostgresWriter, names: Iterable[str]) -> object:
        if next(cuts, False):
            raise ConnectionResetError("cut")
        return await lock(self, names)

    monkeypatch.setattr(PostgresWriter, "lock", cut)
    async with emptied(scene, lambda who, post: answer_of(journal, Proposal(who, post))):
        await scene.until_there_waits()
    await journal.close()
    found: list[Message] = []
    while page := (await scene.store.history("lobby", None, len(found), 200)).messages:
        found += page
    assert [message.text for message in found] == texts


async def test_it_goes_on_by_itself_after_the_database_was_away(tmp_path: Path) -> None:
    async with running() as postgres:
        store = await PostgresStore.open(url := await postgres.fresh(), "full", lambda: "e1")
        scene = Scene(store, await asyncpg.connect(url))
        async with emptied(scene):
            await scene.write("a")
            assert await scene.takes(1) == ["a"]
            await scene.until_there_waits()
            await postgres.stop(signal.SIGQUIT)
            await postgres.start()
            scene.application = await asyncpg.connect(url)
            await scene.write("b")
            assert await scene.takes(1) == ["b"]
        await scene.application.close()
        await store.close()
