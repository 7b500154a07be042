"""Microseconds of CPU that a post takes in the store: what must be known, the decision, and the writing.

`make posts` measures this checkout; with BENCH_FORMER=PYTHON, the Python of another one's environment,
both in turn. The former is measured by this same script, so each name is looked for where it is now, and where it was.
Nothing is flushed, so that the disk doesn't count.
"""

import argparse
import asyncio
import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hubbub.protocol.messages import Change, Edit, Patch, Post, React


def found(name: str, *modules: str) -> Any:
    """What has this name in the first of these modules that there is: a former checkout has it elsewhere."""
    for module in modules:
        with suppress(ModuleNotFoundError):
            return getattr(importlib.import_module(module), name)
    raise ImportError(f"No {name} in {', '.join(modules)}")


Principal = found("Principal", "hubbub.domain.principals", "hubbub.rooms.access")
Role = found("Role", "hubbub.domain.principals", "hubbub.rooms.access")
Proposal = found("Proposal", "hubbub.domain.facts", "hubbub.rooms.ledger")
SqliteStore = found(
    "SqliteStore", "hubbub.server.stores.sqlite.store", "hubbub.server.stores.sqlite"
)

AT = "2026-01-01T00:00:00.000Z"
BATCH = 1_000
ADA = Principal("ada", Role.GUEST, "visitor/key/0123456789abcdef")


def posts(batch: int, *, are_keyed: bool) -> list[Change]:
    """Posts of 64 bytes."""
    return [
        Post(
            room="lobby",
            text="x" * 64,
            client_message_id=f"{batch}-{number}" if are_keyed else None,
        )
        for number in range(BATCH)
    ]


def mixed(batch: int) -> list[Change]:
    """All kinds of changes to the newest messages."""
    first = batch * BATCH // 5
    found: list[Change] = []
    for number in range(BATCH // 5):
        seq = max(1, first - number)
        found += [
            Post(room="lobby", text="x" * 64),
            Post(room="kitchen", text="x" * 64, client_message_id=f"{batch}-{number}"),
            Edit(room="lobby", seq=seq, text="y" * 64),
            React(room="lobby", seq=seq, emoji="👍"),
            Patch(room="kitchen", patch={"n": number}),
        ]
    return found


LOADS = {
    "1,000 posts": lambda batch: posts(batch, are_keyed=False),
    "1,000 posts with keys": lambda batch: posts(batch, are_keyed=True),
    "a single post": lambda batch: posts(batch, are_keyed=False)[:1],
    "1,000 changes of all kinds": mixed,
}


async def measured(rounds: int) -> dict[str, float]:
    """The lower quartile of each load, in microseconds per change."""
    found = {}
    for name, load in LOADS.items():
        with tempfile.TemporaryDirectory() as folder:
            store = SqliteStore(Path(folder), "normal", lambda: "e1")
            times = []
            for batch in range(rounds):
                asked = [Proposal(ADA, change) for change in load(batch)]
                began = time.process_time()
                await store.commit(asked, AT)
                times.append((time.process_time() - began) / len(asked) * 1e6)
            await store.close()
        found[name] = statistics.quantiles(times, n=4)[0]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.posts", description=__doc__)
    parser.add_argument("--turns", type=int, default=5, help="how often each checkout is measured")
    parser.add_argument("--rounds", type=int, default=60, help="commits in a turn")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.once:
        print(*asyncio.run(measured(options.rounds)).values())
        return 0
    pythons = [sys.executable, *filter(None, [os.environ.get("BENCH_FORMER")])]
    turns: dict[str, list[list[float]]] = {python: [] for python in pythons}
    for turn in range(options.turns):
        print(f"turn {turn + 1} of {options.turns}", file=sys.stderr)
        for python in pythons:
            command = [python, __file__, "--once", "--rounds", str(options.rounds)]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            turns[python].append(list(map(float, told.split())))
    report([list(zip(*turns[python], strict=True)) for python in pythons])
    return 0


def report(checkouts: Sequence[Sequence[Sequence[float]]]) -> None:
    """Print the median of each load, and how many times the former's it is."""
    print("| load | µs each | former | ratio |\n|---|---:|---:|---:|")
    for number, name in enumerate(LOADS):
        now, *before = [statistics.median(figures[number]) for figures in checkouts]
        compared = f"{before[0]:.2f} | {now / before[0]:.2f}" if before else "– | –"
        print(f"| {name} | {now:.2f} | {compared} |")


if __name__ == "__main__":
    sys.exit(main())
