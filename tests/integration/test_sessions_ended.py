"""PostgreSQL ends sessions whenever it likes: servers connect again, and lose nothing that they have acknowledged."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

import hubbub
from hubbub.domain.aspects.reactions import REACTIONS
from hubbub.domain.facts import Accepted, Commit, MessageKey, Proposal
from hubbub.protocol.messages import Post
from hubbub.server.stores.base import Store, StoreFailed
from hubbub.server.stores.positions import POSITIONS, ReactorPosition
from hubbub.server.stores.postgres.store import PostgresStore
from tests.integration.web import over_http
from tests.support.everything import READS
from tests.support.fakes import ADA, AT
from tests.support.postgres import Postgres
from tests.support.server import Server

ROUNDS = 30
MOST_SECONDS = 40.0
END_ALL = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
SESSIONS = (
    "SELECT pid FROM pg_stat_activity WHERE usename LIKE 'hasty%' AND datname = current_database()"
)
LOCK_ALL = "BEGIN; LOCK TABLE hubbub.room, hubbub.meta, hubbub.token, hubbub.node"


async def commit(store: Store) -> Commit:
    return await store.commit([Proposal(ADA, Post(room="lobby", text="hi"))], AT)


async def take_a_turn(store: Store) -> None:
    async with store.turn("tests") as turn:
        assert turn is not None
        await turn.put(POSITIONS, [ReactorPosition("tests", "lobby", 1)])


Ask = Callable[[Store], Awaitable[object]]


def of_lobby(read: Callable[[Store, str], Awaitable[object]]) -> Ask:
    return lambda store: read(store, "lobby")


ACTS: dict[str, Ask] = {
    **{name: of_lobby(read) for name, read in READS.items()},
    "edits": lambda store: store.edits(MessageKey("lobby", 1), 0, 9),
    "page": lambda store: store.page(REACTIONS, "lobby", 3, limit=9),
    "rows": lambda store: store.rows(REACTIONS),
    "commit": commit,
    "turn": take_a_turn,
    "trim": lambda store: store.trim("lobby", 1),
    "index": lambda store: store.index("lobby", 0, 9),
    "beat": lambda store: store.beat(),
    "check": lambda store: store.check(),
}
LOOPS = {"empty_outbox", "close", "scrub"}
ASK_NOTHING = {"version_of_others"}  # of a database that is shared


def test_every_act_of_a_store_is_interrupted() -> None:
    methods = {n for n, m in inspect.getmembers(Store, inspect.isfunction) if not n.startswith("_")}
    assert methods - LOOPS - ASK_NOTHING == ACTS.keys()


@pytest.fixture
async def url(postgres: Postgres) -> str:
    return await postgres.fresh()


@pytest.fixture
async def admin(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    store = await PostgresStore.open(url, "full", lambda: "e1")
    await commit(store)
    yield store
    await store.close()


async def test_a_session_that_was_ended_before_an_act_is_no_hindrance(
    store: PostgresStore, admin: asyncpg.Connection
) -> None:
    for act in ACTS.values():
        await asyncio.gather(*[store.head("lobby") for _ in range(8)])  # so that there are several
        await admin.execute(END_ALL)
        await act(store)


async def test_a_session_that_is_ended_amid_an_act_fails_that_at_most(
    postgres: Postgres, url: str, store: PostgresStore, admin: asyncpg.Connection
) -> None:
    other = await asyncpg.connect(url)
    but_admin = f"{END_ALL} AND pid <> {admin.get_server_pid()}"
    for name, act in ACTS.items():
        await admin.execute(LOCK_ALL)
        acting = asyncio.ensure_future(act(store))
        await postgres.somebody_waits(url)
        await other.execute(but_admin)
        await admin.execute("ROLLBACK")
        try:
            await acting
        except StoreFailed:
            assert name in ("commit", "turn", "trim", "check"), "what only reads is read again"
        await act(store)
        assert isinstance((await commit(store)).answers[0], Accepted)
    await other.close()


@pytest.mark.timeout(90)
async def test_a_server_goes_on_however_often_all_of_its_sessions_are_ended(
    url: str, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    async with (
        Server(tmp_path, environment={"HUBBUB_STORE": url}) as server,
        over_http(server, "ada") as http,
    ):
        acknowledged, outbox = list[str](), list[str]()
        endings = 0  # not in each round: the server may not have come back from the last one yet
        for n in range(ROUNDS):
            text = f"post {n}"
            post = http.ask("POST", "/lobby/messages", {"text": text, "client_message_id": text})
            asked = [http.ask("GET", path) for path in ("", "/lobby", "/lobby/events?since=0")]
            outbox.append(f"outbox {n}")
            await hubbub.post_in_transaction(admin, "lobby", outbox[-1])
            answer, *_, ended = await asyncio.gather(post, *asked, admin.fetchval(END_ALL))
            endings += ended > 0
            assert server.is_running
            assert answer.status in (201, 503)
            if answer.status == 201:
                acknowledged.append(text)
        assert endings > ROUNDS // 2
        async with asyncio.timeout(MOST_SECONDS):
            while await admin.fetchval("SELECT count(*) FROM hubbub.outbox"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        messages = (await http.get("/lobby/messages?limit=200"))["messages"]
        said = [message["text"] for message in messages]
        assert sorted(set(acknowledged) - set(said)) == []
        assert len(said) == len(set(said)), "something was posted twice"
        assert set(outbox) <= set(said)
        assert server.is_running
        assert "Traceback" not in "".join(server.output)
        assert await server.terminate() == 0


@pytest.mark.timeout(90)
@pytest.mark.parametrize("milliseconds", [300, 1100])
async def test_a_server_goes_on_where_idle_sessions_are_ended(
    postgres: Postgres, url: str, admin: asyncpg.Connection, tmp_path: Path, milliseconds: int
) -> None:
    await postgres.execute(f"CREATE ROLE hasty_{milliseconds} LOGIN SUPERUSER")
    await postgres.execute(
        f"ALTER ROLE hasty_{milliseconds} SET idle_session_timeout = {milliseconds}"
    )
    store = url.replace("hubbub@", f"hasty_{milliseconds}@")
    sessions = set[int]()
    async with (
        Server(tmp_path, environment={"HUBBUB_STORE": store}) as server,
        over_http(server, "ada") as http,
        asyncio.timeout(MOST_SECONDS),
    ):
        while len(sessions) < 10:
            assert (await http.post("lobby", "hi"))["seq"]
            assert server.is_running
            sessions |= {row[0] for row in await admin.fetch(SESSIONS)}
            await asyncio.sleep(milliseconds / 900)
        assert "Traceback" not in "".join(server.output)
        assert await server.terminate() == 0
