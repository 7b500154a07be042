"""Microseconds that a post takes in the store: what must be known, the decision, and the writing.

Posts in a made room are by its 64 members in turn; they are compared with those in the lobby, which is free.
`make posts` measures this checkout; with BENCH_FORMER=PYTHON, the Python of another one's environment,
both in turn. The former is measured by this same script, so each name is looked for where it is now, and where it was.
With `--postgres URL`, PostgreSQL is measured as well, in turn with SQLite, and writes to this database. Nothing is flushed,
so that the disk doesn't count.

One table says how much a change takes of the node's processor, SQLite included but not PostgreSQL; another one how long it takes
until it is committed, whatever that waits for. The loads take turns too, so that what else the machine does meets all of them.

With `--instructions`, Valgrind counts what the node's processor does. That takes minutes, but no other program
on the machine changes it.
"""

import argparse
import asyncio
import gc
import importlib
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import product
from pathlib import Path
from secrets import token_hex
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
WARM = 200  # single posts after which nothing is done for the first time
ADA = Principal("ada", Role.GUEST, "visitor/key/0123456789abcdef")
MEMBERS = [f"@p{number:012}" for number in range(64)]
MADE = "@r000000000001"
RUN = token_hex(4)  # so that no key is used twice in a database


def posts(batch: int, *, are_keyed: bool) -> list[Change]:
    """Posts of 64 bytes."""
    return [
        Post(
            room="lobby",
            text="x" * 64,
            client_message_id=f"{RUN}-{batch}-{number}" if are_keyed else None,
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
            Post(room="kitchen", text="x" * 64, client_message_id=f"{RUN}-{batch}-{number}"),
            Edit(room="lobby", seq=seq, text="y" * 64),
            React(room="lobby", seq=seq, emoji="👍"),
            Patch(room="kitchen", patch={"n": number}),
        ]
    return found


def in_made_room(_: int, members: int = len(MEMBERS)) -> list[Any]:
    """Posts by some members in turn."""
    people = [Principal(key, Role.ACCOUNT, key) for key in MEMBERS[:members]]
    post = Post(room=MADE, text="x" * 64)
    return [Proposal(people[number % len(people)], post) for number in range(BATCH)]


async def make_room(store: Any) -> bool:
    """Make the accounts and the room for `in_made_room`; returns whether this checkout has such."""
    try:
        from hubbub.domain.tables.accounts import ACCOUNT, Account
        from hubbub.protocol.commands.rooms import Create, InvitePeople
        from hubbub.protocol.keys import DIRECTORY
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
    "1,000 posts by one member in a made room": lambda batch: in_made_room(batch, members=1),
    "a single post in a made room": lambda batch: in_made_room(batch)[:1],
}
IN_MADE_ROOM = {  # each with what it is compared with
    "1,000 posts in a made room": "1,000 posts",
    "1,000 posts by one member in a made room": "1,000 posts",
    "a single post in a made room": "a single post",
}
MEASURES = ("µs of the node's processor", "µs until it is committed")
Figures = Sequence[float]  # of each load


async def opened(folder: str, postgres: str) -> Any:
    """Open an empty store: SQLite's in this folder, or PostgreSQL's at this address."""
    if not postgres:
        return SqliteStore(Path(folder), "normal", lambda: "e1")
    from hubbub.server.stores.postgres.store import PostgresStore

    return await PostgresStore.open(postgres, "normal", lambda: "e1")


async def measured(rounds: int, postgres: str) -> list[Figures]:
    """The lower quartile of each load, in MEASURES of a change; NaN for what this checkout doesn't have."""
    times: dict[str, list[Sequence[float]]] = {name: [] for name in LOADS}
    with ExitStack() as folders:
        stores = {}
        for name in LOADS:
            folder = folders.enter_context(tempfile.TemporaryDirectory())
            store = stores[name] = await opened(folder, postgres)
            if name in IN_MADE_ROOM and not await make_room(store):
                times[name] = [(math.nan, math.nan)] * 2
        there = [name for name in LOADS if not times[name]]
        for batch in range(rounds):
            for name in there:
                times[name].append(await timed(stores[name], LOADS[name](batch)))
        for store in stores.values():
            await store.close()
    each = [zip(*times[name], strict=True) for name in LOADS]
    quartiles = [[statistics.quantiles(some, n=4)[0] for some in measures] for measures in each]
    return list(zip(*quartiles, strict=True))


async def committed(
    load: Callable[[int], list[Any]], commits: int, batches: int, postgres: str
) -> int:
    """Make so many batches of a load, and commit the first of them; returns how many changes each has, 0 if this checkout lacks the room."""
    with tempfile.TemporaryDirectory() as folder:
        store = await opened(folder, postgres)
        is_there = load not in map(LOADS.get, IN_MADE_ROOM) or await make_room(store)
        made = [load(batch) for batch in range(batches)] if is_there else [[]]
        gc.disable()  # otherwise it runs, or doesn't, by chance: 5 % of the time
        for proposals in made[:commits] if is_there else ():
            await store.commit(proposals, AT)
        await store.close()
    return len(made[0])


def counted(python: str, load: int, postgres: str) -> float:
    """How many instructions a change of a load takes: the difference between a few commits and more; NaN if there is no such load."""
    few, more = (WARM, 2 * WARM) if "single" in list(LOADS)[load] else (2, 6)
    (first, changes), (last, _) = (valgrind(python, load, n, more, postgres) for n in (few, more))
    return (last - first) / (more - few) / changes if changes else math.nan


def valgrind(python: str, load: int, commits: int, batches: int, postgres: str) -> tuple[int, int]:
    """Run so many commits of so many batches; returns how many instructions they took with all that is around them, and the changes of each."""
    tool = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
    asked = ("--load", str(load), "--commits", str(commits), "--batches", str(batches))
    script = (python, __file__, *asked, "--postgres", postgres)
    same = os.environ | {"PYTHONHASHSEED": "0"}
    ran = subprocess.run((*tool, *script), check=True, capture_output=True, text=True, env=same)
    refs = re.search(r"I\s+refs:\s+([\d,]+)", ran.stderr)
    assert refs, ran.stderr
    return int(refs[1].replace(",", "")), int(ran.stdout)


async def timed(store: Any, proposals: list[Any]) -> tuple[float, float]:
    """Commit them; returns what each of them took, in MEASURES."""
    clocks = time.process_time, time.perf_counter
    began = [clock() for clock in clocks]
    await store.commit(proposals, AT)
    cpu, until = (clock() - at for clock, at in zip(clocks, began, strict=True))
    return cpu / len(proposals) * 1e6, until / len(proposals) * 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.posts", description=__doc__)
    parser.add_argument("--turns", type=int, default=5, help="how often each checkout is measured")
    parser.add_argument("--rounds", type=int, default=60, help="commits in a turn")
    parser.add_argument("--instructions", action="store_true", help="count instead of measuring")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--postgres", default="", help="also measure this empty database")
    for name in ("--load", "--commits", "--batches"):
        parser.add_argument(name, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    pythons = [sys.executable, *filter(None, [os.environ.get("BENCH_FORMER")])]
    stores = {"SQLite": ""} | ({"PostgreSQL": options.postgres} if options.postgres else {})
    if options.once:
        for figures in asyncio.run(measured(options.rounds, options.postgres)):
            print(*figures)
    elif options.commits:
        load = list(LOADS.values())[options.load]
        print(asyncio.run(committed(load, options.commits, options.batches, options.postgres)))
    elif not options.instructions:
        found = timings(pythons, options.turns, options.rounds, stores)
        for (store, measure), checkouts in found.items():
            report(store, measure, checkouts)
    elif shutil.which("valgrind"):
        for store, url in stores.items():
            report(store, "instructions", [counts(python, url) for python in pythons])
    else:
        parser.error("--instructions needs Valgrind")
    return 0


def timings(
    pythons: Sequence[str], turns: int, rounds: int, stores: Mapping[str, str]
) -> dict[tuple[str, str], list[Figures]]:
    """The median of each load over so many turns, for each checkout; by the name of the store and of the measure."""
    told: dict[tuple[str, str], dict[str, list[Figures]]] = {
        (store, measure): {python: [] for python in pythons}
        for store in stores
        for measure in MEASURES
    }
    for turn in range(turns):
        print(f"turn {turn + 1} of {turns}", file=sys.stderr)
        for python, (store, url) in product(pythons, stores.items()):
            command = [python, __file__, "--once", "--rounds", str(rounds), "--postgres", url]
            ran = subprocess.run(command, check=True, capture_output=True, text=True)
            for measure, line in zip(MEASURES, ran.stdout.splitlines(), strict=True):
                told[store, measure][python].append(list(map(float, line.split())))
    return {
        which: [list(map(statistics.median, zip(*by[python], strict=True))) for python in pythons]
        for which, by in told.items()
    }


def counts(python: str, postgres: str) -> list[float]:
    """The instructions that a change of each load takes in a checkout."""
    figures = []
    # Compile bytecode before anything is counted.
    once = ("--load", "0", "--commits", "1", "--batches", "1")
    subprocess.run((python, __file__, *once), check=True, capture_output=True)
    for number, name in enumerate(LOADS):
        print(f"counting {name} with {python}", file=sys.stderr)
        figures.append(counted(python, number, postgres))
    return figures


def report(store: str, unit: str, checkouts: Sequence[Figures]) -> None:
    """Print the figure of each load, and its ratios to that of a free room and to the former one."""
    print(f"\n{store}:\n")
    print(f"| load | {unit} each | free room's | ratio | former | ratio |")
    print("|---|---:|---:|---:|---:|---:|")
    names = list(LOADS)
    for number, name in enumerate(names):
        now, *before = [figures[number] for figures in checkouts]
        free = checkouts[0][names.index(IN_MADE_ROOM[name])] if name in IN_MADE_ROOM else math.nan
        print(f"| {name} | {now:,.2f} | {compared(now, free)} | {compared(now, *before)} |")


def compared(now: float, other: float = math.nan) -> str:
    """Two cells: the figure to compare with, and the ratio to it."""
    return "– | –" if math.isnan(other) else f"{other:,.2f} | {now / other:.3f}"


if __name__ == "__main__":
    sys.exit(main())
