"""Microseconds of CPU that a post takes in the store: what must be known, the decision, and the writing.

Posts in a made room are by its 64 members in turn; compare them with those in the lobby, which is free.
`make posts` measures this checkout; with BENCH_FORMER=PYTHON, the Python of another one's environment,
both in turn. The former is measured by this same script, so each name is looked for where it is now, and where it was.
Nothing is flushed, so that the disk doesn't count.
"""

import argparse
import asyncio
import importlib
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
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
MEMBERS = [f"@p{number:012}" for number in range(64)]
MADE = "@r000000000001"


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


def in_made_room(_: int) -> list[Any]:
    """Posts by the members in turn."""
    people = [Principal(key, Role.ACCOUNT, key) for key in MEMBERS]
    post = Post(room=MADE, text="x" * 64)
    return [Proposal(people[number % len(people)], post) for number in range(BATCH)]


async def make_room(store: Any) -> bool:
    """Make the accounts and the room for `in_made_room`; returns whether this checkout has such."""
    try:
        from hubbub.domain.accounts import ACCOUNT, Account
        from hubbub.protocol.keys import DIRECTORY
        from hubbub.protocol.rooms import Create, InvitePeople
    except ImportError:
        return False
    rows = [
        Account(DIRECTORY, key, key[2:], key, "person", "member", "active", *("",) * 3, None, AT)
        for key in MEMBERS
    ]
    async with store.turn("accounts") as turn:
        await turn.put(ACCOUNT, rows)
    host = Principal(MEMBERS[0], Role.ACCOUNT, MEMBERS[0])
    made = Create(room=host.id, kind="closed", title="x", key=MADE, who=tuple(MEMBERS[1:50]))
    for change in (made, InvitePeople(room=MADE, who=tuple(MEMBERS[50:]))):
        await store.commit([Proposal(host, change)], AT)
    return True


def by_ada(changes: list[Change]) -> list[Any]:
    """Changes as a guest proposes them."""
    return [Proposal(ADA, change) for change in changes]


LOADS: dict[str, Callable[[int], list[Any]]] = {
    "1,000 posts": lambda batch: by_ada(posts(batch, are_keyed=False)),
    "1,000 posts with keys": lambda batch: by_ada(posts(batch, are_keyed=True)),
    "a single post": lambda batch: by_ada(posts(batch, are_keyed=False)[:1]),
    "1,000 changes of all kinds": lambda batch: by_ada(mixed(batch)),
    "1,000 posts in a made room": in_made_room,
    "a single post in a made room": lambda batch: in_made_room(batch)[:1],
}
IN_MADE_ROOM = [name for name in LOADS if "made room" in name]


async def measured(rounds: int) -> dict[str, float]:
    """The lower quartile of each load, in microseconds per change; NaN for what this checkout doesn't have."""
    found = {}
    for name, load in LOADS.items():
        with tempfile.TemporaryDirectory() as folder:
            store = SqliteStore(Path(folder), "normal", lambda: "e1")
            is_there = name not in IN_MADE_ROOM or await make_room(store)
            times = [await timed(store, load(batch)) for batch in range(rounds if is_there else 0)]
            await store.close()
        found[name] = statistics.quantiles(times, n=4)[0] if times else math.nan
    return found


async def timed(store: Any, proposals: list[Any]) -> float:
    """Commit them; returns how many microseconds each of them took."""
    began = time.process_time()
    await store.commit(proposals, AT)
    return (time.process_time() - began) / len(proposals) * 1e6


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
        has_former = bool(before) and not math.isnan(before[0])
        compared = f"{before[0]:.2f} | {now / before[0]:.2f}" if has_former else "– | –"
        print(f"| {name} | {now:.2f} | {compared} |")


if __name__ == "__main__":
    sys.exit(main())
