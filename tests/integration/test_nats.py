"""Hints over NATS: what one node commits the others deliver at once; and no harm if hints are lost, late, twice or forged."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest
from msgspec.structs import replace
from nats.aio.client import Client
from nats.aio.msg import Msg

from hubbub.domain.facts import Batch
from hubbub.domain.live.values import MAX_VALUES, LiveReport, Stamped
from hubbub.protocol.messages import Value
from hubbub.server.brokers.nats import MAX_HINT_BYTES, MAX_NODES, NatsBroker, Numbered
from hubbub.server.engine.signals import TICK
from tests.integration.native import Native, native
from tests.integration.test_native_signals import until, value
from tests.integration.test_postgres import said
from tests.integration.web import over_http
from tests.support.nats import Nats, nats_running
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.server import Server

KEY = b"a key of the tests' own"
WAIT_SECONDS = 30.0


@pytest.fixture(scope="module")
async def broker() -> AsyncIterator[Nats]:
    async with nats_running() as server:
        yield server


class Node:
    """A broker's end, and what it has heard."""

    def __init__(self, url: str, key: bytes = KEY, scope: str = "e1") -> None:
        self.heard: asyncio.Queue[Batch | LiveReport] = asyncio.Queue()
        self.refused: asyncio.Queue[str] = asyncio.Queue()
        self.end = NatsBroker(url, key, scope, self.heard.put_nowait, self.refused.put_nowait)
        self.running = asyncio.create_task(self.end.run())

    async def close(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.end.close()

    async def hears(self) -> Batch:
        told = await self.hears_anything()
        assert isinstance(told, Batch)
        return told

    async def hears_anything(self) -> Batch | LiveReport:
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.heard.get()


@asynccontextmanager
async def two(url: str, key: bytes = KEY, scope: str = "e1") -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes; the second follows `lobby`, and has heard the first say so much as `ready`."""
    first, second = Node(url), Node(url, key, scope)
    second.end.follow("lobby")
    try:
        yield first, second
    finally:
        await first.close()
        await second.close()


def batch(first: int, *texts: bytes, room: str = "lobby") -> Batch:
    return Batch(room, first, [b'{"text":"%b"}' % text for text in texts])


async def until_heard(
    first: Node,
    second: Node,
    queue: Callable[[Node], "asyncio.Queue[object]"],
    room: str = "lobby",
) -> None:
    """Say something until it arrives; then both are connected, and the second has subscribed."""
    async with asyncio.timeout(WAIT_SECONDS):
        while queue(second).empty():
            first.end.tell([batch(1, b"ready", room=room)])
            await asyncio.sleep(0.02)
    while not queue(second).empty():
        queue(second).get_nowait()


async def wait_until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not is_so():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)


async def ready(first: Node, second: Node) -> None:
    await until_heard(first, second, lambda node: node.heard)  # type: ignore[arg-type, return-value]
    first.end.tell([batch(2, b"last")])
    while (await second.hears()).first != 2:
        pass


async def test_a_batch_is_heard_as_it_was_told_by_who_follows_the_room(broker: Nats) -> None:
    async with two(broker.url) as (first, second):
        await ready(first, second)
        first.end.tell([batch(7, b"elsewhere", room="kitchen"), batch(3, b"a", b"b")])
        assert await second.hears() == batch(3, b"a", b"b")
        assert first.heard.empty(), "nobody hears himself"
        second.end.follow("kitchen")
        second.end.leave("lobby")
        await asyncio.sleep(0.1)  # the subscriptions are on their way
        first.end.tell([batch(5, b"c"), batch(8, b"elsewhere", room="kitchen")])
        assert await second.hears() == batch(8, b"elsewhere", room="kitchen")


async def test_a_connection_that_nats_has_ended_for_good_is_made_anew(tmp_path: Path) -> None:
    settings = tmp_path / "nats.conf"
    settings.write_text("max_subscriptions: 1")
    async with nats_running(settings=settings) as broker, two(broker.url) as (first, second):
        await ready(first, second)
        second.end.returned.clear()
        second.end.follow("kitchen")
        await wait_until(lambda: second.end._client.is_closed)
        await broker.kill()
        settings.write_text("max_subscriptions: 10")
        await broker.start()
        await ready(first, second)
        assert second.end.returned.is_set(), "what is live is to be asked for again"
        await until_heard(first, second, lambda node: node.heard, "kitchen")  # type: ignore[arg-type, return-value]


async def test_what_was_told_while_nats_was_away_is_not_told_later_and_the_log_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("hubbub.server.brokers.nats.PAUSE", 0.05)
    async with nats_running() as broker, two(broker.url) as (first, second):
        await ready(first, second)
        await broker.kill()
        await wait_until(lambda: not first.end._client.is_connected)
        for n in range(3):
            first.end.tell([batch(3 + n, b"old")])
            first.end.share(LiveReport("lobby", first.end.node, [Stamped(VAN, n)], ["ada"]))
            await wait_until(lambda: first.end._client.server_pool[0].reconnects > n)  # noqa: B023
        for node in (first, second):
            node.end.returned.clear()
        await broker.start()
        async with asyncio.timeout(WAIT_SECONDS):
            await asyncio.gather(first.end.returned.wait(), second.end.returned.wait())
        first.end.tell([batch(6, b"new")])
        assert await second.hears() == batch(6, b"new")
        away = [record for record in caplog.records if "NATS is unreachable" in record.message]
        assert len(away) == 2, "once by each node"


async def test_there_may_be_several_servers_and_one_of_them_away(broker: Nats) -> None:
    async with two(f"nats://127.0.0.1:{free_port()}, {broker.url}") as (first, second):
        await ready(first, second)


@pytest.mark.parametrize(
    "settings, who",
    [
        ('authorization { user: "a@b", password: "p@ss/w?rd#1" }', "a%40b:p%40ss%2Fw%3Frd%231@"),
        ('authorization { token: "t@ken" }', "t%40ken@"),
    ],
)
async def test_who_logs_in_may_have_any_password(tmp_path: Path, settings: str, who: str) -> None:
    file = tmp_path / "nats.conf"
    file.write_text(settings)
    async with nats_running(settings=file) as broker:
        url = broker.url.replace("//", f"//{who}")
        async with two(url) as (first, second):
            await ready(first, second)


@pytest.mark.parametrize("url", ["nats://127.0.0.1:x", "nats://", "nats://127.0.0.1:1"])
async def test_one_that_never_was_connected_can_be_closed(url: str) -> None:
    await Node(url).close()
    node = Node(url)
    node.end.follow("lobby")
    await asyncio.wait({node.running}, timeout=0.1)  # those that are no addresses are refused
    await node.close()


async def test_a_hint_says_whom_its_events_affect_and_counts_their_ids_as_content(
    broker: Nats,
) -> None:
    async with two(broker.url) as (first, second):
        await ready(first, second)
        few = batch(3, b"a", b"b")._replace(affected=((3, "visitor/name/ada"), (4, "@p1")))
        many = batch(5, b"c")._replace(affected=tuple((5, "x" * 500) for _ in range(200)))
        first.end.tell([few, many])
        assert await second.hears() == few
        assert await second.hears() == Batch("lobby", 6, [])


async def test_of_much_only_the_head_is_told(broker: Nats) -> None:
    async with two(broker.url) as (first, second):
        await ready(first, second)
        first.end.tell([batch(3, b"x" * MAX_HINT_BYTES, b"y")])
        assert await second.hears() == Batch("lobby", 5, [])
        assert Batch("lobby", 5, []).last == 4


async def test_a_hint_with_another_key_or_none_is_ignored_and_counted(broker: Nats) -> None:
    async with two(broker.url, key=b"another") as (first, second):
        await until_heard(first, second, lambda node: node.refused)  # type: ignore[arg-type, return-value]
        stranger = await nats.connect(broker.url)
        (subject,) = second.end._wanted
        for garbage in (b"", b"x", b"{}", b"\xff" * 100, b'{"room":"lobby","head":9}'):
            await stranger.publish(subject, garbage)
        await stranger.close()
        async with asyncio.timeout(WAIT_SECONDS):
            for _ in range(5):
                assert await second.refused.get() == "bad_hint"
        assert second.heard.empty()


async def test_other_logs_on_the_same_server_are_not_heard(broker: Nats) -> None:
    async with two(broker.url, scope="e2") as (first, second):
        third = Node(broker.url)
        third.end.follow("lobby")
        await ready(first, third)
        assert second.heard.empty() and second.refused.empty()
        await third.close()


VAN = Value("lobby", "ada", "van", {"lat": 52.1}, 60.0)


async def test_what_is_live_is_heard_in_order_and_old_messages_again_are_not(broker: Nats) -> None:
    async with two(broker.url) as (first, second):
        await ready(first, second)
        stranger, recorded = await nats.connect(broker.url), list[bytes]()
        (subject,) = second.end._wanted

        async def record(message: Msg) -> None:
            recorded.append(message.data)

        await stranger.subscribe(subject, cb=record)
        await stranger.flush()
        here = LiveReport("lobby", first.end.node, [Stamped(VAN, 3)], ["ada"])
        first.end.share(here)
        assert await second.hears_anything() == here
        gone = LiveReport("lobby", first.end.node, names=[])
        first.end.share(gone)
        assert await second.hears_anything() == gone
        for data in recorded * 2:
            await stranger.publish(subject, data)
        await stranger.close()
        first.end.tell([batch(3, b"after")])
        assert await second.hears_anything() == batch(3, b"after")
        assert second.refused.empty()


async def test_of_nodes_that_come_and_go_only_so_many_are_remembered(broker: Nats) -> None:
    async with two(broker.url) as (first, second):
        await ready(first, second)
        stranger = await nats.connect(broker.url)
        (subject,) = second.end._wanted
        for n in range(MAX_NODES + 10):
            body = msgspec.json.encode(Numbered(LiveReport("lobby", f"node {n}", names=["ada"]), 1))
            await stranger.publish(subject, first.end._sign(body) + body)
        await stranger.close()
        for n in range(MAX_NODES + 10):
            heard = await second.hears_anything()
            assert isinstance(heard, LiveReport) and heard.node == f"node {n}"
        assert list(second.end._heard[subject]) == [f"node {n + 10}" for n in range(MAX_NODES)]


async def test_much_that_is_live_goes_in_several_messages(broker: Nats) -> None:
    async with two(broker.url) as (first, second):
        await ready(first, second)
        values = [Stamped(replace(VAN, key=str(n), value="x" * 4000), n) for n in range(MAX_VALUES)]
        first.end.share(LiveReport("lobby", first.end.node, values, ["ada"]))
        heard: list[Stamped] = []
        while len(heard) < len(values):
            part = await second.hears_anything()
            assert isinstance(part, LiveReport) and part.names == ["ada"]
            heard += part.signals
        assert heard == values


@asynccontextmanager
async def cluster(
    postgres: Postgres, nats: Nats, folder: Path, count: int
) -> AsyncIterator[list[Server]]:
    """So many servers on one fresh database, and one NATS."""
    environment = {"HUBBUB_STORE": await postgres.fresh(), "HUBBUB_BROKER": nats.url}
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                Server(folder / str(n), "--message-rate", "0", environment=environment)
            )
            for n in range(count)
        ]


@pytest.mark.timeout(90)
async def test_three_nodes_show_one_order_while_nats_is_killed_and_comes_back(
    postgres: Postgres, tmp_path: Path
) -> None:
    each = 120
    async with (
        nats_running() as nats,
        cluster(postgres, nats, tmp_path, 3) as servers,
        AsyncExitStack() as stack,
    ):
        clients = [await stack.enter_async_context(native(server.port)) for server in servers]
        for client in clients:
            await client.ask("join", room="lobby")

        async def post(number: int) -> None:
            async with native(servers[number].port) as poster:
                for n in range(each):
                    await poster.ask("post", room="lobby", text=f"{number} {n}")
                    if (number, n) == (0, each // 3):
                        await nats.kill()
                    if (number, n) == (0, 2 * each // 3):
                        await nats.start()

        posting = asyncio.gather(*map(post, range(3)))
        heard = await asyncio.gather(*[said(client, 3 * each) for client in clients])
        await posting
        assert heard[0] == heard[1] == heard[2]
        assert len(set(heard[0])) == 3 * each


async def test_a_node_starts_although_nats_is_away(postgres: Postgres, tmp_path: Path) -> None:
    async with nats_running() as nats:
        await nats.kill()
        async with (
            cluster(postgres, nats, tmp_path, 2) as (first, second),
            native(first.port) as ada,
            native(second.port) as grace,
        ):
            await grace.ask("join", room="lobby")
            await ada.ask("post", room="lobby", text="found by looking")
            assert await said(grace, 1) == ["found by looking"]


async def sees(client: Native, *names: str) -> None:
    """Read what is told of who is here, until it is these."""
    here: set[str] = set()
    while here != set(names):
        signal = await until(client, lambda signal: signal["signal"] == "presence")
        here = set(signal.get("names") or (here | set(signal["joined"])) - set(signal["left"]))


async def test_what_is_live_on_one_node_is_live_on_all(
    broker: Nats, postgres: Postgres, tmp_path: Path
) -> None:
    async with cluster(postgres, broker, tmp_path, 3) as servers, AsyncExitStack() as stack:
        first, second, third = servers
        ada = await stack.enter_async_context(native(first.port, "ada"))
        await ada.ask("join", room="lobby")
        await ada.ask("signal", room="lobby", signal="value", key="place", value=1)
        await ada.ask("post", room="lobby", text="hello")
        async with native(second.port, "grace") as grace:
            # What other nodes answer before the room is shown, no signal tells again.
            shown = (await grace.ask("join", room="lobby"))["live"] or [await value(grace)]
            assert [live["value"] for live in shown] == [1]
            await sees(ada, "ada", "grace")
            await grace.ask("signal", room="lobby", signal="typing")
            assert (await until(ada, lambda s: s["signal"] == "typing"))["by"] == "grace"
            await grace.ask("signal", room="lobby", signal="value", key="place", value=2)
            await until(ada, lambda s: s.get("value") == 2)
            async with over_http(third) as curl:  # nobody follows the room there
                while (await curl.ask("GET", "")).body["rooms"][0]["members"] < 2:  # noqa: ASYNC110 - nobody tells us
                    await asyncio.sleep(TICK)  # other nodes may take longer to answer than it waits
                snapshot = (await curl.ask("GET", "/lobby")).body
                assert snapshot["members"] == {"count": 2, "names": ["ada", "grace"]}
                live = {value["by"]: value["value"] for value in snapshot["live"]}
                assert live == {"ada": 1, "grace": 2}  # each has a value of their own under a key
            await second.terminate()  # it says so; nobody has to wait for the end of its lease
        await until(ada, lambda s: s.get("left") == ["grace"])


async def test_nobody_asks_in_a_room_before_answers_can_be_heard_there(
    broker: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []
    subscribe, publish = Client.subscribe, Client.publish

    async def subscribing(client: Client, subject: str, **more: Any) -> Any:
        said.append(("subscribes", subject))
        return await subscribe(client, subject, **more)

    async def publishing(client: Client, subject: str, body: bytes) -> None:
        said.append(("asks", subject))
        if subject == first.end._subject("lobby"):  # somebody comes while it is busy
            first.end.follow("kitchen")
            first.end.share(LiveReport("kitchen", first.end.node, [], asks=True))
        await publish(client, subject, body)

    async with two(broker.url) as (first, second):
        await ready(first, second)
        monkeypatch.setattr(Client, "subscribe", subscribing)
        monkeypatch.setattr(Client, "publish", publishing)
        first.end.tell([batch(9, b"hello")])
        kitchen = first.end._subject("kitchen")
        await wait_until(lambda: ("asks", kitchen) in said)
    assert said.index(("subscribes", kitchen)) < said.index(("asks", kitchen))
