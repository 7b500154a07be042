"""Servers on PostgreSQL: one, or several that know each other only by it."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Proposal
from hubbub.protocol.messages import Post
from hubbub.server.stores import base
from hubbub.server.stores.base import LogsReplaced, StoreFailed
from hubbub.server.stores.postgres.reader import PostgresReader, Q
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.postgres.tables import PostgresTables
from hubbub.server.stores.postgres.writer import PostgresWriter
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.integration.native import Native, native
from tests.integration.stream import streamed
from tests.integration.web import over_http
from tests.support import commands
from tests.support.commands import Ran
from tests.support.fakes import ADA, AT
from tests.support.postgres import Postgres, running
from tests.support.server import Server


async def hubbub(store: str, *arguments: str | Path) -> Ran:
    """Run a command with this store."""
    return await commands.hubbub(*arguments, HUBBUB_STORE=store)


async def opened(url: str) -> PostgresStore:
    return await PostgresStore.open(url, "full", lambda: "e1")


@asynccontextmanager
async def nodes(
    postgres: Postgres, folder: Path, count: int, url: str = ""
) -> AsyncIterator[list[Server]]:
    """So many servers on one database, a fresh one if none is named."""
    url = url or await postgres.fresh()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                Server(folder / str(n), "--message-rate", "0", environment={"HUBBUB_STORE": url})
            )
            for n in range(count)
        ]


async def said(client: Native, count: int) -> list[str]:
    return [str((await client.event())["text"]) for _ in range(count)]


async def test_two_clients_talk_and_resume_after_a_restart(
    postgres: Postgres, tmp_path: Path
) -> None:
    async with nodes(postgres, tmp_path, 1) as (server,):
        async with native(server.port, "ada") as ada, native(server.port, "grace") as grace:
            joined = await grace.ask("join", room="lobby")
            for n in range(50):
                await ada.ask("post", room="lobby", text=str(n))
            assert await said(grace, 50) == [str(n) for n in range(50)]
        await server.restart()
        async with native(server.port, "grace") as grace:
            since = {"since": 40, "epoch": joined["epoch"]}
            assert (await grace.ask("join", room="lobby", **since))["mode"] == "resumed"
            assert await said(grace, 10) == [str(n) for n in range(40, 50)]


async def test_three_nodes_show_one_order_to_all(postgres: Postgres, tmp_path: Path) -> None:
    """Everybody writes at once, on each node; and each sees all, in the order of the log."""
    each = 100
    async with nodes(postgres, tmp_path, 3) as servers, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(native(server.port)) for server in servers]
        for client in clients:
            await client.ask("join", room="lobby")

        async def post(number: int) -> None:
            async with native(servers[number].port) as poster:
                for n in range(each):
                    await poster.ask("post", room="lobby", text=f"{number} {n}")

        posting = asyncio.gather(*map(post, range(3)))
        heard = await asyncio.gather(*[said(client, 3 * each) for client in clients])
        await posting
        assert heard[0] == heard[1] == heard[2]
        assert len(set(heard[0])) == 3 * each
        for number in range(3):
            own = [text for text in heard[0] if text.startswith(f"{number} ")]
            assert own == [f"{number} {n}" for n in range(each)]


async def test_what_one_node_answered_another_shows(postgres: Postgres, tmp_path: Path) -> None:
    """Read your writes: a snapshot, a position, a retry, on a node that has heard of nothing yet."""
    async with (
        nodes(postgres, tmp_path, 2) as (first, second),
        native(first.port, "ada", key="the key of ada herself") as ada,
        native(second.port, "grace") as grace,
        over_http(second) as curl,
    ):
        await grace.ask("join", room="lobby")  # so that the room's head is known there
        for n in range(1, 6):
            post = {"room": "lobby", "text": str(n), "client_message_id": f"id {n}"}
            seq = (await ada.ask("post", **post))["seq"]
            snapshot = await curl.get("/lobby")
            assert (snapshot["head"], snapshot["messages"][-1]["text"]) == (seq, str(n))
            answer = await curl.get(f"/lobby/events?since={seq}&wait=0")
            assert answer["events"] == []


async def test_a_stream_follows_what_other_nodes_write(postgres: Postgres, tmp_path: Path) -> None:
    async with (
        nodes(postgres, tmp_path, 2) as (first, second),
        over_http(second) as curl,
        streamed(curl, "/lobby/events") as stream,
        native(first.port, "ada") as ada,
    ):
        await stream.line()
        for n in range(1, 4):
            await ada.ask("post", room="lobby", text=str(n))
        assert [(await stream.event()).data["text"] for _ in range(3)] == ["1", "2", "3"]


async def test_tokens_are_those_of_the_database_and_revoked_on_all_nodes(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    data = ("--data", str(tmp_path))
    given = await hubbub(url, "token", "create", "--name", "ci", *data)
    assert given.code == 0, given.err
    async with (
        nodes(postgres, tmp_path, 2, url) as (first, second),
        native(first.port) as bot,
        native(second.port) as elsewhere,
    ):
        for each in (bot, elsewhere):
            assert (await each.ask("hello", token=given.out.strip()))["user"] == "ci"
        assert " ci " in (await hubbub(url, "token", "list", *data)).out
        gone = await hubbub(url, "token", "revoke", "ci", *data)
        assert gone.code == 0, gone.err
        assert set(await asyncio.gather(bot.closed(), elsewhere.closed())) == {4401}


# --- the store alone ---


async def posted(store: PostgresStore, text: str, key: str | None = None) -> int | None:
    post = Post(room="lobby", text=text, client_message_id=key)
    (answer,) = (await store.commit([Proposal(ADA, post)], AT)).answers
    seq: int | None = answer.seq  # type: ignore[union-attr]
    return seq


async def texts(store: PostgresStore) -> list[str]:
    head = (await store.head("lobby")).seq
    found: list[str] = []
    while page := (await store.read("lobby", len(found), head)).bodies:
        found += [json.loads(body)["text"] for body in page]
    return found


async def test_two_stores_give_out_dense_numbers_together(postgres: Postgres) -> None:
    url = await postgres.fresh()
    stores = [await opened(url), await opened(url)]
    numbers = await asyncio.gather(
        *[posted(stores[n % 2], str(n), key=f"{n // 4}") for n in range(400)]
    )
    assert set(numbers) == set(range(1, 101)), "each key once, whichever store it came to"
    assert len(await texts(stores[0])) == 100
    for store in stores:
        await store.close()


async def test_rooms_in_any_order_are_no_deadlock(postgres: Postgres) -> None:
    url = await postgres.fresh()
    stores = [await opened(url), await opened(url)]
    rooms = [f"room {n}" for n in range(20)]

    async def commit(store: PostgresStore, names: list[str]) -> None:
        for _ in range(30):
            await store.commit([Proposal(ADA, Post(room=r, text="hi")) for r in names], AT)

    await asyncio.gather(commit(stores[0], rooms), commit(stores[1], rooms[::-1]))
    for room in rooms:
        assert (await stores[0].head(room)).seq == 60
    for store in stores:
        await store.close()


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT])
async def test_it_fails_while_the_database_is_away_and_recovers_by_itself(
    how: signal.Signals,
) -> None:
    async with running() as server:
        store = await opened(await server.fresh())
        assert await posted(store, "before") == 1
        await server.stop(how)
        with pytest.raises(StoreFailed, match="PostgreSQL"):
            await posted(store, "while it is away")
        with pytest.raises(StoreFailed, match="PostgreSQL"):
            await store.read("lobby", 0, 1)
        await server.start()
        assert await posted(store, "after") == 2
        assert await texts(store) == ["before", "after"]
        await store.check()
        await store.close()


@pytest.mark.parametrize("was_committed", [True, False])
async def test_a_commit_whose_answer_is_lost_is_looked_up(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, was_committed: bool
) -> None:
    """The connection is cut while COMMIT is on its way, there or back."""
    store = await opened(await postgres.fresh())
    await posted(store, "first")
    execute = asyncpg.Connection.execute
    cuts = iter([True])

    async def cut(self: asyncpg.Connection, sql: str, *values: object) -> object:
        if sql == "COMMIT" and next(cuts, False):
            if was_committed:
                await execute(self, sql)
            self.terminate()
            raise ConnectionResetError("cut")
        return await execute(self, sql, *values)

    monkeypatch.setattr(asyncpg.Connection, "execute", cut)
    if was_committed:
        assert await posted(store, "second") == 2
    else:
        with pytest.raises(StoreFailed):
            await posted(store, "second")
    monkeypatch.undo()
    assert await texts(store) == ["first"] + ["second"] * was_committed
    await store.close()


@pytest.mark.parametrize("is_committed", [True, False])
async def test_a_new_room_whose_commit_is_under_way_is_waited_for(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, is_committed: bool
) -> None:
    """The answer is lost while the database is still at the commit, and the room was not there before."""
    url = await postgres.fresh()
    store = await opened(url)
    execute = asyncpg.Connection.execute
    under_way: list[asyncpg.Connection] = []

    async def cut(self: asyncpg.Connection, sql: str, *values: object, **more: object) -> object:
        if sql == "COMMIT" and not under_way:
            under_way.append(self)
            # So that it is not ended, as one that the database still works for.
            store._commits._connection = None
            raise ConnectionResetError("cut")
        return await execute(self, sql, *values, **more)

    monkeypatch.setattr(asyncpg.Connection, "execute", cut)
    posting = asyncio.create_task(posted(store, "first"))
    await postgres.somebody_waits(url)
    await execute(under_way[0], "COMMIT" if is_committed else "ROLLBACK")
    if is_committed:
        assert await posting == 1
    else:
        with pytest.raises(StoreFailed):
            await posting
    assert await texts(store) == ["first"] * is_committed
    monkeypatch.undo()
    await under_way[0].close()
    await store.close()


async def test_a_node_that_stops_amid_a_transaction_keeps_nobody_waiting_for_long(
    postgres: Postgres,
) -> None:
    url = await postgres.fresh()
    stopped, other = await opened(url), await opened(url)
    await posted(stopped, "before")
    is_amid = asyncio.Event()

    async def stop(connection: asyncpg.Connection) -> None:
        await PostgresWriter(connection, RULES, "e1", set()).lock(["lobby"])
        is_amid.set()
        await asyncio.Event().wait()

    stopping = asyncio.create_task(stopped.in_transaction(stop))
    await is_amid.wait()
    assert await posted(other, "after") == 2
    stopping.cancel()
    await asyncio.wait({stopping})
    assert await posted(stopped, "again") == 3
    await stopped.close()
    await other.close()


async def test_a_server_under_which_the_logs_were_replaced_neither_reads_nor_writes_them(
    postgres: Postgres, tmp_path: Path
) -> None:
    url, file = await postgres.fresh(), tmp_path / "monday.db"
    store = await opened(url)
    await posted(store, "first")
    data = ("--data", str(tmp_path))
    assert (await hubbub(url, "backup", str(file), *data)).code == 0
    restored = await hubbub(url, "restore", str(file), *data)  # nobody has heard of the server
    assert restored.code == 0, restored.err
    for reading in (
        store.head("lobby"),
        store.heads(["lobby"]),
        store.read("lobby", 0, 1),
        store.snapshot("lobby", 9),
        store.beat(),
        posted(store, "second"),
    ):
        with pytest.raises(LogsReplaced):
            await reading
    await store.close()
    store = await opened(url)
    assert await texts(store) == ["first"]
    await store.close()


async def test_a_read_that_waits_for_a_restore_does_not_take_a_room_for_empty(
    postgres: Postgres,
) -> None:
    url = await postgres.fresh()
    store = await opened(url)
    await posted(store, "first")
    async with await PostgresTables.replacement(url) as here:
        reading = [
            asyncio.create_task(read)
            for read in (store.head("lobby"), store.heads(["lobby"]), store.head("new"))
        ]
        await postgres.somebody_waits(url)
        await here.set_meta("epoch", "e9")
        await here.commit()
    for read in reading:
        with pytest.raises(LogsReplaced):
            await read
    await store.close()


async def test_a_server_ends_when_its_logs_were_replaced(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    async with nodes(postgres, tmp_path, 1, url) as (server,), native(server.port) as ada:
        await ada.ask("post", room="lobby", text="first")
        replaced = "UPDATE hubbub.meta SET value = 'e9' WHERE name = 'epoch'"
        await postgres.execute(replaced, url.rpartition("/")[2])
        assert await server.ended() == 1
        assert any("were replaced by e9" in line for line in server.output)


async def test_kills_amid_commits_lose_and_double_nothing() -> None:
    """Each post is tried with its key until it is answered, while the database is killed again and again."""
    async with running() as server:
        store = await opened(await server.fresh())
        answers: dict[str, int | None] = {}

        async def post(number: int) -> None:
            while True:
                try:
                    answers[str(number)] = await posted(store, str(number), key=str(number))
                    return
                except StoreFailed:
                    await asyncio.sleep(0.01)

        async def kill() -> None:
            for _ in range(4):
                await asyncio.sleep(0.15)
                await server.stop(signal.SIGQUIT)
                await server.start()

        killing = asyncio.create_task(kill())
        number = 0
        while not killing.done():
            await asyncio.gather(*[post(number + n) for n in range(20)])
            number += 20
        await killing
        log = await texts(store)
        await store.close()
    assert len(log) == len(set(log)) == len(answers) == number
    assert {text: seq for seq, text in enumerate(log, start=1)} == answers


async def test_of_several_servers_the_one_is_taken_that_can_be_written_to(
    postgres: Postgres, tmp_path: Path
) -> None:
    """As after a fail-over, when the first is gone."""
    url = (await postgres.fresh()).replace("@", "@127.0.0.1:1,")
    store = f"{url}?target_session_attrs=read-write&statement_cache_size=0"
    async with nodes(postgres, tmp_path, 1, store) as (server,), native(server.port) as ada:
        assert (await ada.ask("post", room="lobby", text="hello"))["seq"] == 1
        assert any("PostgreSQL, 127.0.0.1" in line for line in server.output)


async def test_a_foreign_schema_and_a_later_version_are_refused(postgres: Postgres) -> None:
    url = await postgres.fresh()
    database = url.rpartition("/")[2]
    await postgres.execute("CREATE SCHEMA hubbub", database)
    with pytest.raises(StoreFailed, match="belongs to another program"):
        await opened(url)
    await postgres.execute("DROP SCHEMA hubbub", database)
    await (await opened(url)).close()
    await postgres.execute("UPDATE hubbub.meta SET value = '99' WHERE name = 'version'", database)
    with pytest.raises(StoreFailed, match="newer hubbub"):
        await opened(url)


async def test_a_database_that_does_not_flush_is_refused() -> None:
    async with running() as server:
        url = await server.fresh()
        await server.stop()
        await server.start("fsync=off")
        with pytest.raises(StoreFailed, match="fsync is off"):
            await opened(url)
        await (await PostgresStore.open(url, "normal", lambda: "e1")).close()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_can_not_hold_every_text_is_refused(
    postgres: Postgres, tmp_path: Path, encoding: str
) -> None:
    url = await postgres.fresh(encoding)
    commands: dict[str, tuple[str | Path, ...]] = {
        "serve": ("--port", "0"),
        "restore": (tmp_path / "monday.db",),
        "db": ("copy", f"sqlite:{tmp_path}", url),
    }
    store = SqliteStore(tmp_path, "full", lambda: "e1")
    await store.close()
    assert (await hubbub("sqlite", "backup", *commands["restore"], "--data", tmp_path)).code == 0
    for command, arguments in commands.items():
        data = () if command == "db" else ("--data", tmp_path)
        ran = await hubbub(url, command, *arguments, *data)
        assert ran.code == 1, command
        assert f"the encoding of the database is {encoding}" in ran.err, command
        assert "Traceback" not in ran.err
    told = await hubbub(url, "doctor", "--data", tmp_path)
    assert told.code == 1 and f"the database has the encoding {encoding}" in told.out
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT to_regnamespace('hubbub')") is None, "left as it was"
    await connection.close()


async def test_who_can_not_be_reached_is_named_without_the_password(tmp_path: Path) -> None:
    store = "postgres://ada:secret@127.0.0.1:1/hubbub"
    ran = await hubbub(store, "serve", "--port", "0", "--data", str(tmp_path))
    assert ran.code == 1
    assert "PostgreSQL" in ran.err and "secret" not in ran.err + ran.out


class Counting:
    """A connection that counts the bytes which it fetches."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.fetched = 0
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, *query: Any) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._connection.fetch(*query)
        self.fetched += sum(len(value) for row in rows for value in row if isinstance(value, bytes))
        return rows


async def test_a_page_fetches_hardly_more_than_it_holds(postgres: Postgres) -> None:
    store = await opened(await postgres.fresh())
    large = Proposal(ADA, Post(room="lobby", text="x" * 60_000))
    await store.commit([large] * 40, AT)
    async with store._reading.acquire() as connection, connection.transaction():
        counting = Counting(connection)
        reader = PostgresReader(counting, store.epoch)
        assert len((await reader.read("lobby", 0, 40)).bodies) == 3
        page = await reader.history("lobby", None, None, 40)
        assert (len(page.messages), page.more) == (5, True)
        page = await reader.history("lobby", None, 0, 40)
        assert (len(page.messages), page.more) == (5, True)
        assert counting.fetched < (3 + 6 + 6) * 61_000
    await store.close()


# --- plans ---

FOLLOWER = "@p000000000001"
SETTLED = "@p000000000002"  # follows each thread among the first ones
THREADS = f"""
    INSERT INTO hubbub.thread (thread, room, message, seq, at, nth, replies, people, title)
        SELECT '@r00000000000a:' || n, '@r00000000000a', n, 1, (1000000 + n)::text, 1, 1, '', ''
        FROM generate_series($1::int, $2) AS n;
    INSERT INTO hubbub.room (name, head, kept, nth) SELECT thread, 1, 1, 1 FROM hubbub.thread
        ON CONFLICT (name) DO NOTHING;
    INSERT INTO hubbub.marker SELECT thread, who, 0, 0, false
        FROM hubbub.thread, unnest(ARRAY['{FOLLOWER}', '{SETTLED}']) AS who
        WHERE who = '{FOLLOWER}' OR message <= {base.MANY_FOLLOWED + 1} ON CONFLICT DO NOTHING;
    INSERT INTO hubbub.place (account, room, hidden, level, muted_until, starred)
        SELECT account, room, 0, '', 0, false FROM hubbub.marker ON CONFLICT DO NOTHING;
    ANALYZE
"""


def rows_read(plan: dict[str, Any]) -> Counter[str]:
    """How many rows of each table a plan has read."""
    found = sum(map(rows_read, plan.get("Plans", ())), Counter[str]())
    if table := plan.get("Relation Name"):
        each = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        found[table] += round(each * plan["Actual Loops"])
    return found


async def explained(connection: asyncpg.Connection, query: str, *given: Any) -> Counter[str]:
    """How many rows of each table a query reads."""
    [found] = await connection.fetchrow(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *given)
    return rows_read(json.loads(found)[0]["Plan"])


async def read_for_a_page(
    connection: asyncpg.Connection, account: str
) -> tuple[Counter[str], Counter[str]]:
    """How many rows the store reads to find where a page of own threads ends, and the page."""
    newest, most = ("~", ""), (base.MANY_FOLLOWED, base.LOOKED_THROUGH)
    edge = await connection.fetchrow(Q.threads_edge, account, *newest, *most)
    assert edge is not None, "the account follows so few that all are looked at"
    query = Q.own_threads.format(own=Q.newest_followed)
    return (
        await explained(connection, Q.threads_edge, account, *newest, *most),
        await explained(connection, query, account, *newest, 6, False, *edge),
    )


async def test_a_page_of_many_threads_that_one_follows_reads_no_more_where_there_are_more(
    postgres: Postgres,
) -> None:
    connection = await asyncpg.connect(await postgres.prepared())
    until = 0
    for count in (6_000, 15_000):
        for part in THREADS.split(";"):
            await connection.execute(part, *([until + 1, count] if "$1" in part else []))
        until = count
        edge, page = await read_for_a_page(connection, FOLLOWER)
        assert edge["place"] == base.MANY_FOLLOWED + 1, count
        assert edge["thread"] == base.LOOKED_THROUGH, count
        assert [page[table] for table in ("marker", "place", "room")] == [6] * 3, count
        assert page["thread"] <= base.LOOKED_THROUGH, count  # six, if the planner reads in order
        edge, page = await read_for_a_page(connection, SETTLED)
        assert edge["thread"] <= base.LOOKED_THROUGH, count
        assert max(page.values()) <= base.LOOKED_THROUGH, count
    await connection.close()
