"""Measures what one node does, and two: nodes, PostgreSQL, NATS and the load share this machine's cores.

CPU times are the kernel's, of each process, so it matters little who else is running; latencies and rates are
those of a machine on which all of these run at once, and would be better apart.
"""

import asyncio
import os
import random
import socket
import struct
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

import asyncpg
import msgspec

from benchmarks.scale.simulation import Costs, Simulation, World
from hubbub.client import post_in_transaction
from tests.integration.native import Native, native
from tests.integration.raw import HANDSHAKE, TEXT, frame
from tests.support.memory import resident_bytes
from tests.support.nats import Nats, nats_running
from tests.support.postgres import Postgres, running
from tests.support.server import Server

TICK = os.sysconf("SC_CLK_TCK")
POSTED = b'"event":"posted"'
SENT = b'"text":"sent '
SO_TIMESTAMPNS = 35  # of Linux; Python has no name for it
WAIT = 60.0  # seconds
POINTS = [  # compared with the simulation: nodes, watchers on each, posts a second
    (nodes, watchers, rate)
    for nodes, crowds in ((1, (500, 1_000)), (2, (100, 500)))
    for watchers in crowds
    for rate in (20, 100)
]
SEEN = 25  # one in so many is looked at, evenly spaced in the order in which they came


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured. Times in seconds unless said otherwise; lists: one figure each turn."""

    connection_kib: list[float]
    room_kib: list[float]
    commit: list[float]  # from a post to its answer, one at a time
    post_cpu: list[float]  # a node's, one at a time
    post_cpu_database: list[float]
    bulk_post_cpu: list[float]  # a node's, in batches
    bulk_post_cpu_database: list[float]
    write_cpu: list[float]
    write_event_cpu: list[float]
    hint_cpu: list[float]
    hint_cpu_broker: list[float]
    hop: list[float]
    join_cpu: list[float]  # a node's, for a client that comes back
    join_cpu_database: list[float]
    posts_per_s: dict[str, list[float]]  # by the number of nodes
    compared: list["Compared"]


class Compared(msgspec.Struct, frozen=True):
    """Latencies of deliveries: measured, and simulated with what was measured."""

    nodes: int
    watchers: int  # on each
    rate: int  # posts a second
    measured: dict[str, float]
    simulated: dict[str, float]


class Watcher(asyncio.Protocol):
    """A native client that follows a room, and counts what comes."""

    def __init__(self, room: str) -> None:
        self.is_in = asyncio.Event()
        self.events = 0
        self._looked_at: socket.socket | None = None
        self._room = room

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        lines = [f"{name}: {value}" for name, value in HANDSHAKE.items()]
        head = "\r\n".join(("GET /ws HTTP/1.1", "Host: localhost", *lines, "", ""))
        join = msgspec.json.encode({"id": 1, "do": "join", "room": self._room, "since": 0})
        self.transport.write(head.encode() + frame(TEXT, join))

    def data_received(self, data: bytes) -> None:
        if not self.is_in.is_set() and b'"head":' in data:
            self.is_in.set()
        if data[:1] == b"\x89":
            self.transport.write(b"\x8a\x80\0\0\0\0")
        self.events += data.count(POSTED)

    def close(self) -> None:
        """Be gone."""
        if self._looked_at is not None:
            asyncio.get_running_loop().remove_reader(self._looked_at)
            self._looked_at.close()
        self.transport.abort()

    def look(self, took: list[float]) -> None:
        """From now on, note how long after it was sent each event was in this machine's kernel."""
        found = self.transport.get_extra_info("socket").dup()  # which the transport no longer reads
        found.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

        def read() -> None:
            data, facts, *_ = found.recvmsg(65_536, 256)
            stamps = [content for _, kind, content in facts if kind == SO_TIMESTAMPNS]
            if not (data and stamps):
                return
            seconds, nanoseconds = struct.unpack("qq", stamps[0])
            rest = data
            while (at := rest.find(SENT)) >= 0:
                sent = float(rest[at + len(SENT) : at + len(SENT) + 32].split(b'"')[0])
                took.append(seconds + nanoseconds / 1e9 - sent)
                rest = rest[at + len(SENT) :]

        self.transport.pause_reading()
        asyncio.get_running_loop().add_reader(found, read)
        self._looked_at = found


class Stage:
    """A database, a broker, nodes, and who watches."""

    def __init__(self, postgres: Postgres, database: str, nats: Nats, nodes: list[Server]) -> None:
        self.postgres, self.database, self.nats, self.nodes = postgres, database, nats, nodes

    async def watch(self, node: int, rooms: Sequence[str]) -> list[Watcher]:
        """Let somebody follow each of these rooms on a node."""
        loop = asyncio.get_running_loop()
        watchers = [Watcher(room) for room in rooms]
        for watcher in watchers:
            await loop.create_connection(
                lambda watcher=watcher: watcher, "127.0.0.1", self.nodes[node].port
            )
        async with asyncio.timeout(WAIT):
            for watcher in watchers:
                await watcher.is_in.wait()
        await asyncio.sleep(1)  # presence has been told
        return watchers


def cpu(pid: int) -> float:
    """Seconds of CPU of a process and its children, those that have ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / TICK
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu(int(child)) for child in children)


@asynccontextmanager
async def staged(nodes: int, folder: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(running())
        broker = await stack.enter_async_context(nats_running())
        url = await postgres.fresh()
        environment = {
            "HUBBUB_STORE": url,
            "HUBBUB_BROKER": broker.url,
            "HUBBUB_MESSAGE_RATE": "0",
        }
        servers = [Server(folder / str(n), environment=environment) for n in range(nodes)]
        for server in servers:
            await stack.enter_async_context(server)
        yield Stage(postgres, url.rpartition("/")[2], broker, servers)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT):
        while not is_so():  # noqa: ASYNC110 - the load is told nothing
            await asyncio.sleep(0.002)


async def memory(stage: Stage, count: int) -> tuple[float, float]:
    """KiB of a connection, and of a room that is followed."""
    node = stage.nodes[0]
    empty = resident_bytes(node.pid)
    one_room = await stage.watch(0, ["together"] * count)
    with_some = resident_bytes(node.pid)
    own_rooms = await stage.watch(0, [f"own-{n}" for n in range(count)])
    with_all = resident_bytes(node.pid)
    for watcher in one_room + own_rooms:
        watcher.transport.abort()
    connection = (with_some - empty) / count / 1024
    return connection, (with_all - with_some) / count / 1024 - connection


async def joins(stage: Stage, count: int) -> tuple[float, float]:
    """CPU seconds of a join with a handshake, on the node and in the database."""
    before = cpu(stage.nodes[0].pid), cpu(stage.postgres.pid)
    watchers = await stage.watch(0, [f"room-{n % 100}" for n in range(count)])
    after = cpu(stage.nodes[0].pid), cpu(stage.postgres.pid)
    for watcher in watchers:
        watcher.transport.abort()
    return (after[0] - before[0]) / count, (after[1] - before[1]) / count


async def one_by_one(stage: Stage, poster: Native, count: int) -> tuple[float, float, float]:
    """Seconds from a post to its answer, and CPU of node and database for one."""
    node, took = stage.nodes[0], list[float]()
    before = cpu(node.pid), cpu(stage.postgres.pid)
    for _ in range(count):
        began = time.perf_counter()
        await poster.ask("post", room="alone", text="x" * 64)
        took.append(time.perf_counter() - began)
    after = cpu(node.pid), cpu(stage.postgres.pid)
    return median(took), (after[0] - before[0]) / count, (after[1] - before[1]) / count


async def in_bulk(stage: Stage, count: int) -> tuple[float, float, float]:
    """Posts a second with all nodes at it, and CPU of nodes and database for one."""
    async with AsyncExitStack() as stack:
        posters = [await stack.enter_async_context(native(node.port)) for node in stage.nodes]

        async def post(number: int, poster: Native) -> None:
            each, window = count // len(posters), 1_000
            frames = [
                msgspec.json.encode(
                    {"id": n, "do": "post", "room": f"bulk-{number}-{n % 4}", "text": "x" * 64}
                ).decode()
                for n in range(each)
            ]
            for n, text in enumerate(frames):
                await poster.socket.send(text)
                if n >= window:
                    await poster.reply()
            for _ in range(min(window, each)):
                await poster.reply()

        pids = [node.pid for node in stage.nodes]
        before = sum(map(cpu, pids)), cpu(stage.postgres.pid), time.perf_counter()
        await asyncio.gather(*[post(n, poster) for n, poster in enumerate(posters)])
        took = time.perf_counter() - before[2]
        after = sum(map(cpu, pids)), cpu(stage.postgres.pid)
    return count / took, (after[0] - before[0]) / count, (after[1] - before[1]) / count


async def deliveries(stage: Stage, watchers: int, posts: int, together: int) -> float:
    """CPU seconds of a node for one watcher more, when so many events come in one commit."""
    used: list[float] = []
    connection = await asyncpg.connect(stage.postgres.url(stage.database))
    for count in (1, watchers):
        room = f"watched-{together}-{count}"
        audience = await stage.watch(0, [room] * count)
        before = cpu(stage.nodes[0].pid)
        for done in range(1, posts + 1):
            async with connection.transaction():  # the outbox posts what comes at once in one batch
                for _ in range(together):
                    await post_in_transaction(connection, room, "x" * 64)
            wanted = done * together
            await until(
                lambda wanted=wanted, audience=audience: all(e.events >= wanted for e in audience)
            )
        used.append(cpu(stage.nodes[0].pid) - before)
        for each in audience:
            each.transport.abort()
    await connection.close()
    return (used[1] - used[0]) / (posts * (watchers - 1))


async def hints(stage: Stage, posts: int) -> tuple[float, float, float]:
    """CPU seconds of a node for a hint, of the broker for its way, and seconds until it is delivered."""
    async with native(stage.nodes[0].port) as poster, native(stage.nodes[1].port) as watcher:
        await watcher.ask("join", room="far")
        await asyncio.sleep(0.5)
        before = cpu(stage.nodes[1].pid), cpu(stage.nats.pid)
        took: list[float] = []
        for _ in range(posts):
            await poster.ask("post", room="far", text="x" * 64)
            answered = time.perf_counter()
            await watcher.event()
            took.append(time.perf_counter() - answered)
        after = cpu(stage.nodes[1].pid), cpu(stage.nats.pid)
    return (after[0] - before[0]) / posts, (after[1] - before[1]) / posts, median(took)


async def latencies(stage: Stage, crowd: int, rate: int, seconds: float) -> dict[str, float]:
    """From the moment that a post is sent to when it has reached one in `SEEN` watchers, at a steady rate.

    That is when the kernel has it, not when this process comes to read it, since that would have to wait
    for a core on which nodes are at work.
    """
    took: list[float] = []
    room = f"rate-{rate}-{crowd}"
    nodes = range(len(stage.nodes))
    watchers = [each for node in nodes for each in await stage.watch(node, [room] * crowd)]
    for number, watcher in enumerate(watchers):
        if number % SEEN == SEEN // 2:
            watcher.look(took)
        else:
            watcher.transport.pause_reading()  # the kernel keeps it
    dice, due, posts = random.Random(rate), time.time() + 0.2, 0
    until_then = due + seconds
    async with AsyncExitStack() as stack:
        posters = [await stack.enter_async_context(native(node.port)) for node in stage.nodes]
        while (due := due + dice.expovariate(rate)) < until_then:
            if (pause := due - time.time()) > 0:
                await asyncio.sleep(pause)
            poster = dice.choice(posters)
            post = {"do": "post", "room": room, "text": f"sent {time.time():.6f}"}
            await poster.socket.send(msgspec.json.encode(post).decode())
            posts += 1
        await until(lambda: len(took) >= posts * len(watchers) // SEEN)
    for watcher in watchers:
        watcher.close()
    took.sort()
    return {name: took[int(share * (len(took) - 1))] for name, share in SHARES.items()}


SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def costs_of(measured: Measured) -> Costs:
    """What the simulation takes from it."""
    post = median(measured.post_cpu)
    return Costs(
        commit=max(median(measured.commit) - post, 0.0),
        commit_event=median(measured.bulk_post_cpu_database),
        post=post,
        write=median(measured.write_cpu),
        write_event=median(measured.write_event_cpu),
        hint=median(measured.hint_cpu),
        hop=max(median(measured.hop) - median(measured.hint_cpu), 0.0),
    )


def simulated(costs: Costs, nodes: int, crowd: int, rate: int) -> dict[str, float]:
    """The same as `latencies`, in the simulation."""
    world = World(nodes, rate, lambda _: 0, lambda _, __: crowd)
    outcome = Simulation(world, costs, seconds=60.0, seed=1).run()
    return {name: outcome.percentile(share) for name, share in SHARES.items()}


async def measure(turns: int, say: Callable[[str], None]) -> Measured:
    """All of it, so many times."""
    columns: dict[str, list[float]] = {}
    posts_per_s: dict[str, list[float]] = {}

    def note(**figures: float) -> None:
        for name, figure in figures.items():
            columns.setdefault(name, []).append(figure)

    with tempfile.TemporaryDirectory(prefix="hubbub-scale-") as folder:
        for turn in range(turns):
            say(f"turn {turn + 1} of {turns}: one node, then two, then three")
            for nodes in (1, 2, 3):
                async with staged(nodes, Path(folder) / f"{turn}-{nodes}") as stage:
                    await in_bulk(stage, 4_000)  # warm
                    rate, node, database = await in_bulk(stage, 40_000)
                    posts_per_s.setdefault(str(nodes), []).append(rate)
                    if nodes == 1:
                        note(bulk_post_cpu=node, bulk_post_cpu_database=database)
                        await _measure_one(stage, note)
                    if nodes == 2:
                        hint, broker, hop = await hints(stage, 1_000)
                        note(hint_cpu=hint, hint_cpu_broker=broker, hop=hop)
        found = Measured(**columns, posts_per_s=posts_per_s, compared=[])
        say("latencies at steady rates, beside the simulation")
        costs = costs_of(found)
        for nodes in (1, 2):
            async with staged(nodes, Path(folder) / f"compared-{nodes}") as stage:
                for _, crowd, rate in (point for point in POINTS if point[0] == nodes):
                    real = await latencies(stage, crowd, rate, 10.0)
                    played = simulated(costs, nodes, crowd, rate)
                    found.compared.append(Compared(nodes, crowd, rate, real, played))
    return found


async def _measure_one(stage: Stage, note: Callable[..., None]) -> None:
    async with native(stage.nodes[0].port) as poster:
        commit, post, database = await one_by_one(stage, poster, 1_000)
    note(commit=commit, post_cpu=post, post_cpu_database=database)
    alone = await deliveries(stage, 1_000, 100, 1)
    joined = await deliveries(stage, 1_000, 100, 20)
    note(write_cpu=alone, write_event_cpu=max(joined - alone, 0.0) / 19)
    join, join_database = await joins(stage, 2_000)
    note(join_cpu=join, join_cpu_database=join_database)
    connection, room = await memory(stage, 2_000)
    note(connection_kib=connection, room_kib=room)
