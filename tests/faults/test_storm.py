"""Very many idle connections, and all of them cut and back at once: no error, others are served.

TEST_STORM says how many; the figures are printed.
"""

import asyncio
import os
import resource
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.abuse.watch import p99, watching
from tests.integration.native import Native, native
from tests.support.memory import MIB, resident_bytes
from tests.support.nats import nats_running
from tests.support.postgres import Postgres
from tests.support.server import Server
from tests.support.storm import storm_of

COUNT = int(os.environ.get("TEST_STORM", "400"))
ROOMS = 100
OTHERS_WAIT = 2.0  # seconds at most for a message of others while all come back


def allow_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def test_all_come_back_at_once_and_others_are_served(tmp_path: Path) -> None:
    allow_many_files()
    async with Server(tmp_path / "data") as server, watching(server) as watch:
        empty = resident_bytes(server.pid)
        with storm_of([server.port], COUNT, ROOMS) as storm:
            first = await storm.arrive()
            each = (resident_bytes(server.pid) - empty) / COUNT
            async with watch.talking():
                storm.cut()
                again = await storm.arrive(', "since": 0')
            assert storm.failures == 0
            assert storm.absent == 0
            assert watch.latencies
            slowest = max(watch.latencies)
            print(
                f"\n{COUNT} connections: all there in {first:.2f} s, {each / 1024:.1f} KiB each; cut at once, all"
                f" resumed in {again:.2f} s; others' messages meanwhile: p99 {p99(watch.latencies) * 1000:.0f} ms,"
                f" slowest {slowest * 1000:.0f} ms; {resident_bytes(server.pid) / MIB:.0f} MiB"
            )
            assert slowest < OTHERS_WAIT
        assert not [line for line in server.output if "Traceback" in line or "error" in line]


async def test_all_come_back_at_once_to_another_node(postgres: Postgres, tmp_path: Path) -> None:
    allow_many_files()
    async with nats_running() as broker, AsyncExitStack() as stack:
        environment = {"HUBBUB_STORE": await postgres.fresh(), "HUBBUB_BROKER": broker.url}
        nodes = [Server(tmp_path / name, environment=environment) for name in "ab"]
        for node in nodes:
            await stack.enter_async_context(node)
        watches = [await stack.enter_async_context(watching(node)) for node in nodes]
        with storm_of([node.port for node in nodes], COUNT, ROOMS) as storm:
            first = await storm.arrive()
            async with watches[0].talking(), watches[1].talking():
                storm.cut()
                again = await storm.arrive(', "since": 0')
            assert storm.failures == 0
            assert storm.absent == 0
            latencies = [latency for watch in watches for latency in watch.latencies]
            print(
                f"\n{COUNT} connections on two nodes: all there in {first:.2f} s; cut at once, all resumed on"
                f" the other in {again:.2f} s; others' messages meanwhile: {len(latencies)}, p99"
                f" {p99(latencies) * 1000:.0f} ms, slowest {max(latencies) * 1000:.0f} ms"
            )
            assert max(latencies) < 2 * OTHERS_WAIT
        for node in nodes:
            assert not [line for line in node.output if "Traceback" in line or "error" in line]


KEYS = 50
UPDATES = 2_000  # at 1,000 a second
NEWEST = {f"van-{n % KEYS}": n for n in range(UPDATES - KEYS, UPDATES)}


async def test_a_crowd_that_watches_live_values_gets_the_newest_and_others_are_served(
    postgres: Postgres, tmp_path: Path
) -> None:
    allow_many_files()
    async with nats_running() as broker, AsyncExitStack() as stack:
        environment = {
            "HUBBUB_STORE": await postgres.fresh(),
            "HUBBUB_BROKER": broker.url,
            "HUBBUB_MESSAGE_RATE": "0",
        }
        nodes = [Server(tmp_path / name, environment=environment) for name in "ab"]
        for node in nodes:
            await stack.enter_async_context(node)
        driver = await stack.enter_async_context(native(nodes[0].port, "driver"))
        near, far, late = [
            await stack.enter_async_context(native(nodes[n].port)) for n in (0, 1, 1)
        ]
        watch = await stack.enter_async_context(watching(nodes[1]))
        for client in (near, far):
            await client.ask("join", room="storm-0")
        with storm_of([node.port for node in nodes], COUNT, 1) as storm:
            await storm.arrive()
            before = [processor_seconds(node.pid) for node in nodes]
            began = time.perf_counter()
            async with watch.talking():
                for n in range(UPDATES):
                    command = {"do": "signal", "room": "storm-0", "signal": "value"}
                    await driver.send(command | {"key": f"van-{n % KEYS}", "value": n})
                    await asyncio.sleep(max(0.0, began + n / 1_000 - time.perf_counter()))
                told = [await until_newest(client) for client in (near, far)]
            took = time.perf_counter() - began
            used = [processor_seconds(node.pid) - b for node, b in zip(nodes, before, strict=True)]
            snapshot = await late.ask("join", room="storm-0")
            assert {live["key"]: live["value"] for live in snapshot["live"]} == NEWEST
            ticks = [count / KEYS for count in told]
            print(
                f"\n{COUNT} watchers on two nodes, {UPDATES} updates of {KEYS} keys in {took:.1f} s: each was told"
                f" {ticks[0] / took:.1f} and {ticks[1] / took:.1f} times a second; the nodes used"
                f" {used[0] / took:.0%} and {used[1] / took:.0%} of a core; others' messages: p99"
                f" {p99(watch.latencies) * 1000:.0f} ms, slowest {max(watch.latencies) * 1000:.0f} ms"
            )
            assert storm.failures == 0 and max(watch.latencies) < 2 * OTHERS_WAIT
            assert ticks[0] < UPDATES / KEYS, "what came within a tick was told once"


async def until_newest(client: Native) -> int:
    """Read what a client is told of values, until it has the last of each; of how many it was told."""
    values: dict[str, int] = {}
    count = 0
    while values != NEWEST:
        signal = await client.signal()
        if signal["signal"] == "value":
            values[signal["key"]] = signal["value"]
            count += 1
    return count


def processor_seconds(pid: int) -> float:
    """What a process has used of the cores."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
