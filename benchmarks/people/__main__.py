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

from benchmarks.people.crowd import Device, come, step_in
from benchmarks.people.town import EPOCH, Resident, Town, build
from benchmarks.servers import CACHE, free_port, raise_file_limit

TRIES = 20
WATCHED = 50  # people on everyone's screen
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


def memory(pid: int) -> int:
    """Bytes that a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def measure(folder: Path, town: Town) -> None:
    """Make the town, and measure."""
    residents = await build(folder, town)
    with serving(folder) as (port, pid):
        await start(residents, port)
        await stay(residents, port, pid)


async def start(residents: list[Resident], port: int) -> None:
    """How long `start` and `follow_all` take a single client on a server at rest."""
    for resident in (residents[0], residents[1]):
        (device,) = await come([resident], port)
        times, started = [], {}
        for _ in range(TRIES):
            began = time.perf_counter()
            known = (
                {"directory": started["directory"], "epoch": started["epoch"]} if started else {}
            )
            started = await device.ask("start", **known)
            times.append(time.perf_counter() - began)
        count = len(started["rooms"])
        people = "and all people, the first time"
        tell(f"start: {count} rooms {people}", f"{times[0] * 1e3:.1f} ms")
        tell(f"start: {count} rooms", f"{statistics.median(times[1:]) * 1e3:.1f} ms")
        heads = {row["room"]: row["head"] for row in started["rooms"]}
        for kind in ("heads", "rooms"):
            for when in ("the first time", "again"):
                began = time.perf_counter()
                await step_in(device, {kind: heads}, started["epoch"])
                took = time.perf_counter() - began
                tell(f"follow_all: {count} positions as {kind}, {when}", f"{took * 1e3:.1f} ms")
        device.transport.abort()


async def stay(residents: list[Resident], port: int, pid: int) -> None:
    """What people cost who are there and idle, and how long it takes until all are back at once."""
    before = memory(pid)
    began = time.perf_counter()
    devices = await come(residents[1:], port)
    tell(f"{len(devices)} people connect", f"{time.perf_counter() - began:.1f} s")
    each = (memory(pid) - before) / len(devices)
    tell("memory for each that is connected", f"{each / 1024:.1f} KiB")
    positions = await asyncio.gather(*map(first, devices))
    await asyncio.sleep(2)
    each = (memory(pid) - before) / len(devices)
    tell("memory for each that follows its rooms", f"{each / 1024:.1f} KiB")
    await watch(devices, pid)
    for device in devices:
        device.transport.abort()
    await asyncio.sleep(2)
    began = time.perf_counter()
    devices = await come(residents[1:], port)
    epoch = positions[0][1]
    await asyncio.gather(
        *(
            step_in(device, where, epoch)
            for device, (where, _) in zip(devices, positions, strict=True)
        )
    )
    tell(f"{len(devices)} people come back at once", f"{time.perf_counter() - began:.1f} s")


async def watch(devices: list[Device], pid: int) -> None:
    """What it costs that everyone watches some of the others."""
    before = memory(pid)
    keys = [device.resident.account for device in devices] * 2
    began = time.perf_counter()
    await asyncio.gather(
        *(
            device.ask("watch", people=keys[n + 1 : n + 1 + WATCHED])
            for n, device in enumerate(devices)
        )
    )
    took = time.perf_counter() - began
    tell(f"{len(devices)} people watch {WATCHED} each", f"{took:.1f} s")
    await asyncio.sleep(2)
    each = (memory(pid) - before) / len(devices)
    tell(f"memory for each that watches {WATCHED}", f"{each / 1024:.1f} KiB")


async def first(device: Device) -> tuple[dict[str, dict[str, int]], str]:
    """Start and follow, as devices do that have the people already; returns the positions and the epoch."""
    started: dict[str, Any] = await device.ask("start", directory=0, epoch=EPOCH)
    where = {
        "rooms": {"@me": started["own"], "@directory": started["directory"]},
        "heads": {row["room"]: row["head"] for row in started["rooms"]},
    }
    await step_in(device, where, started["epoch"])
    return where, started["epoch"]


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
        asyncio.run(measure(Path(folder), Town(**vars(options))))
    print("| what | figure |\n|---|---:|")
    for row in ROWS:
        print(f"| {row[0]} | {row[1]} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
