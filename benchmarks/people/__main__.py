"""What it costs that people have many rooms: to start, to come back, and to stay.

A database with people, rooms and messages is made, a server started on it, and native clients come. SQLite, one process.
"""

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.people.crowd import Device, come, command, send_all
from benchmarks.people.town import EPOCH, Resident, Town, build
from benchmarks.servers import CACHE, free_port, raise_file_limit

TRIES = 50
WATCHED = 50  # people on everyone's screen
GONE_AFTER = 12.0  # seconds: a bit longer than a lost device counts as being there
PRESENCE = b'{"notice":"presence'
ROWS: list[tuple[str, str]] = []


def tell(what: str, figure: str) -> None:
    """Show a row as soon as it is measured."""
    ROWS.append((what, figure))
    print(f"{what}: {figure}", file=sys.stderr, flush=True)


@contextmanager
def serving(data: Path) -> Iterator[tuple[int, int]]:
    """A server on the database; yields its port and its process id."""
    port = free_port()
    command = [sys.executable, "-m", "hubbub", "serve", "--port", str(port), "--data", str(data)]
    command += ["--message-rate", "0", "--guests", "off"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ready" in line or "ready" in line:
                break
        try:
            yield port, process.pid
        finally:
            process.terminate()


@contextmanager
def timed(what: str, pid: int) -> Iterator[None]:
    """Tell how long something takes, and how long the processor works on it for the server and for its clients."""
    began, server, clients = time.perf_counter(), cpu(pid), time.process_time()
    yield
    took = time.perf_counter() - began
    server, clients = cpu(pid) - server, time.process_time() - clients
    tell(what, f"{took:.1f} s (processor: server {server:.2f} s, clients {clients:.2f} s)")


def cpu(pid: int) -> float:
    """Seconds for which the processor has worked for a process, in all its threads."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in threads) / 1e9


def memory(pid: int) -> int:
    """Bytes that a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def measure(folder: Path, town: Town) -> None:
    """Make the town, and measure."""
    residents = await build(folder, town)
    with serving(folder) as (port, pid):
        await start(residents, port, pid)
        await stay(residents, port, pid)


async def start(residents: list[Resident], port: int, pid: int) -> None:
    """How long `start` and `follow_all` take a single client on a server at rest, and the least that `start` takes of its processor."""
    for resident in (residents[0], residents[1]):
        (device,) = await come([resident], port)
        times, worked, started = [], [], {}
        for _ in range(TRIES):
            began, before = time.perf_counter(), cpu(pid)
            known = (
                {"directory": started["directory"], "epoch": started["epoch"]} if started else {}
            )
            started = await device.ask("start", **known)
            times.append(time.perf_counter() - began)
            worked.append(cpu(pid) - before)
        count = len(started["rooms"])
        people = "and all people, the first time"
        tell(f"start: {count} rooms {people}", f"{times[0] * 1e3:.1f} ms")
        tell(f"start: {count} rooms", f"{statistics.median(times[1:]) * 1e3:.1f} ms")
        tell(f"start: {count} rooms, processor of the server", f"{min(worked) * 1e3:.2f} ms")
        heads = {row["room"]: row["head"] for row in started["rooms"]}
        for kind in ("heads", "rooms"):
            for when in ("the first time", "again"):
                began = time.perf_counter()
                await device.ask("follow_all", epoch=started["epoch"], **{kind: heads})
                took = time.perf_counter() - began
                tell(f"follow_all: {count} positions as {kind}, {when}", f"{took * 1e3:.1f} ms")
        device.transport.abort()


async def stay(residents: list[Resident], port: int, pid: int) -> None:
    """What people cost who are there and idle, and how long it takes until all are back at once."""
    before = memory(pid)
    with timed(f"{len(residents) - 1} people connect", pid):
        devices = await come(residents[1:], port)
    each = (memory(pid) - before) / len(devices)
    tell("memory for each that is connected", f"{each / 1024:.1f} KiB")
    with timed(f"{len(devices)} people start and follow", pid):
        follow = await asyncio.gather(*map(first, devices))
    await asyncio.sleep(2)
    each = (memory(pid) - before) / len(devices)
    tell("memory for each that follows its rooms", f"{each / 1024:.1f} KiB")
    await watch(devices, pid)
    for device in devices:
        device.transport.abort()
    await asyncio.sleep(2)
    with timed(f"{len(devices)} people come back at once", pid):
        devices = await come(residents[1:], port)
        await send_all(devices, follow)
    await come_and_go(devices, residents[1:], follow, port, pid)


async def watch(devices: list[Device], pid: int) -> None:
    """What it costs that everyone watches some of the others."""
    before = memory(pid)
    with timed(f"{len(devices)} people watch {WATCHED} each", pid):
        await send_all(devices, watching(devices))
    await asyncio.sleep(2)
    each = (memory(pid) - before) / len(devices)
    tell(f"memory for each that watches {WATCHED}", f"{each / 1024:.1f} KiB")


async def come_and_go(
    devices: list[Device], residents: list[Resident], follow: list[bytes], port: int, pid: int
) -> None:
    """What it costs that people whom others watch go away and come back, and that all are told of it."""
    await send_all(devices, watching(devices))
    told = 0

    def hear(notice: bytes) -> None:
        nonlocal told
        told += notice.startswith(PRESENCE)

    for device in devices:
        device.hear(hear)
    await asyncio.sleep(2)
    going = list(range(0, len(devices), WATCHED))
    with timed(f"{len(going)} of them go and come back, and all others are told", pid):
        for number in going:
            devices[number].transport.abort()
        await asyncio.sleep(GONE_AFTER)
        back = await come([residents[number] for number in going], port)
        await send_all(back, [follow[number] for number in going])
        await asyncio.sleep(2)
    tell("notices about them", f"{told:,}")


def watching(devices: list[Device]) -> list[bytes]:
    """What each device sends to watch some of the others."""
    keys = [device.resident.account for device in devices] * 2
    return [command("watch", people=keys[n + 1 : n + 1 + WATCHED]) for n, _ in enumerate(devices)]


async def first(device: Device) -> bytes:
    """Start and follow, as devices do that have the people already; returns what follows again from there."""
    started: dict[str, Any] = await device.ask("start", directory=0, epoch=EPOCH)
    follow = command(
        "follow_all",
        epoch=started["epoch"],
        rooms={"@me": started["own"], "@directory": started["directory"]},
        heads={row["room"]: row["head"] for row in started["rooms"]},
    )
    await send_all([device], [follow])
    return follow


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.people", description=__doc__)
    for name, value in Town()._asdict().items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=int, default=value, help=f"by default {value:,}")
    options = parser.parse_args()
    raise_file_limit()
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        uvloop.run(measure(Path(folder), Town(**vars(options))))
    print("| what | figure |\n|---|---:|")
    for row in ROWS:
        print(f"| {row[0]} | {row[1]} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
