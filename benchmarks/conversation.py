"""What it costs to know what is unread, and to be mentioned: `make conversation`. Each part is a function that measures.

SQLite, and with `--postgres URL` an empty database of PostgreSQL, too. Nothing is flushed, so that the disk doesn't count.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import asyncpg

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.rooms.members import JoinRoom
from hubbub.domain.facts import EVERYONE, Accepted, Facts, Proposal
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Role, Scope
from hubbub.domain.tables.accounts import ACCOUNT, Account
from hubbub.protocol.commands.reading import MarkRead
from hubbub.protocol.commands.rooms import Create
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import Change, Delete, Post
from hubbub.server.stores.base import Activity, Store
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.store import SqliteStore

AT = "2026-01-01T00:00:00.000Z"
BATCH = 1_000  # changes in a commit
TRIES = 30
BIG, THREADED = "@r00000000b1g0", "@r0thread0ed00"


class Size(NamedTuple):
    """How many there are of each."""

    rooms: int = 1_000
    messages: int = 1_000_000
    members: int = 10_000  # of one large room
    threads: int = 100_000  # in one room


class Stage(NamedTuple):
    """A store that is measured, and what its tables need once they are filled."""

    name: str
    store: Store
    analyze: Callable[[], Awaitable[object]]
    size: Size

    def tell(self, what: str, figure: str) -> None:
        """Show a figure."""
        print(f"| {self.name} | {what} | {figure} |", flush=True)


def person(number: int) -> Principal:
    """An account by its number."""
    key = f"@p{number:012}"
    return Principal(key, Role.ACCOUNT, key, frozenset(Scope))


ADA, GRACE = person(0), person(1)

# --- parts ---


async def unread(stage: Stage) -> None:
    """What is unread, and the mentions, of all rooms of somebody who has read half of each, and then all."""
    rooms = [f"@r{number:012}" for number in range(stage.size.rooms)]
    await fill(stage, rooms)
    half = stage.size.messages // len(rooms) // 2
    await submit(stage.store, ((GRACE, MarkRead(room=room, upto=half)) for room in rooms[::2]))
    deleting = ((ADA, Delete(room=room, seq=half + 10)) for room in rooms[::5])
    await submit(stage.store, deleting)
    await stage.analyze()
    await time_rooms(stage, "half of the messages unread")
    await submit(stage.store, ((GRACE, MarkRead(room=room, upto=2**40)) for room in rooms))
    await time_rooms(stage, "nothing unread")


async def crowd(stage: Stage) -> None:
    """What a post and `@room` write in a room with many members, and how long they take."""
    await submit(stage.store, [(ADA, Create(room=ADA.id, kind="open", title="Hall", key=BIG))])
    people = map(person, range(1, stage.size.members))
    await submit(stage.store, ((who, JoinRoom(room=BIG)) for who in people))
    for what, calls in (("a post", None), ("`@room`", [EVERYONE])):
        post = [Proposal(ADA, Post(room=BIG, text="hello", calls=calls))]
        times = [await timed(stage.store.commit(post, AT)) for _ in range(TRIES)]
        rows = await written(stage.store, post)
        where = f"{what} in a room of {stage.size.members:,} members"
        stage.tell(where, f"{statistics.median(times):.2f} ms, {rows} rows")


async def threads(stage: Stage) -> None:
    """How long it takes to open a room in which each message has a thread, and to list the threads of the room and one's own."""
    create = Create(room=ADA.id, kind="open", title="Threads", key=THREADED, who=(GRACE.id,))
    await submit(stage.store, [(ADA, create)])
    count, first = stage.size.threads, 4  # after the room's first events
    await submit(stage.store, ((ADA, Post(room=THREADED, text="root")) for _ in range(count)))
    roots = range(first, first + count)
    replies = ((GRACE, Post(room=f"{THREADED}:{root}", text="x")) for root in roots)
    await submit(stage.store, replies)
    await stage.analyze()
    newest = Activity()
    for what, read in (
        ("open the room", lambda: stage.store.snapshot(THREADED, 50)),
        ("list 50 threads", lambda: stage.store.newest_threads(THREADED, newest, 50)),
        ("list 50 of one's own", lambda: stage.store.own_threads(GRACE.id, newest, 50)),
    ):
        times = [await timed(read()) for _ in range(TRIES)]
        figure = f"{statistics.median(times):.2f} ms (least {min(times):.2f})"
        stage.tell(f"{count:,} threads in a room, all followed: {what}", figure)


PARTS: tuple[Callable[[Stage], Awaitable[None]], ...] = (unread, crowd, threads)

# --- what the parts share ---


async def fill(stage: Stage, rooms: list[str]) -> None:
    """Make rooms of two members, with as many messages; the last ones mention somebody."""
    creating = (
        (ADA, Create(room=ADA.id, kind="closed", title="x", key=room, who=(GRACE.id,)))
        for room in rooms
    )
    await submit(stage.store, creating)
    each, few = stage.size.messages // len(rooms), 10
    for first in range(0, each, few):
        named = {"grace": GRACE.id} if first + few >= each else None
        posting = (
            (ADA, Post(room=room, text=f"{n} {'x' * 60}", mentions=named if n == few - 1 else None))
            for room in rooms
            for n in range(few)
        )
        await submit(stage.store, posting)


async def time_rooms(stage: Stage, how: str) -> None:
    """Tell how long the list of one's rooms takes."""
    times = [await timed(stage.store.own_rooms(GRACE.id)) for _ in range(TRIES)]
    rows = await stage.store.own_rooms(GRACE.id)
    counted = (
        f"{sum(row.unread for row in rows):,} unread, {sum(row.mentions for row in rows)} mentions"
    )
    figure = f"{statistics.median(times):.1f} ms (least {min(times):.1f}); {counted}"
    stage.tell(f"{len(rows):,} rooms, {how}", figure)


async def timed(doing: Awaitable[object]) -> float:
    """How many milliseconds something takes."""
    began = time.perf_counter()
    await doing
    return (time.perf_counter() - began) * 1e3


async def written(store: Store, proposals: list[Proposal]) -> int:
    """How many rows a commit would write: events, and records that change."""
    wanted = RULES.needs(proposals)
    found: Facts = await store.find(wanted)
    ledger = Ledger(RULES, wanted, found, AT)
    ledger.decide(proposals)
    return len(ledger.posts) + len(ledger.changes) + sum(map(len, ledger.rows.values()))


async def submit(store: Store, changes: Iterable[tuple[Principal, Change]]) -> None:
    """Commit changes, each of which must be accepted."""
    changes = iter(changes)
    while batch := [Proposal(*each) for each in islice(changes, BATCH)]:
        for answer in (await store.commit(batch, AT)).answers:
            assert isinstance(answer, Accepted), answer


async def register(store: Store, size: Size) -> None:
    """Make the accounts."""
    names = ("person", "member", "active", "", "", "", None, AT)
    keys = [person(number).id for number in range(max(size.members, 2))]
    async with store.turn("accounts") as turn:
        assert turn is not None
        await turn.put(ACCOUNT, [Account(DIRECTORY, key, key[2:], key, *names) for key in keys])


@contextlib.asynccontextmanager
async def stages(folder: Path, postgres: str, size: Size) -> AsyncIterator[list[Stage]]:
    """The stores that are measured."""
    sqlite = SqliteStore(folder, "normal", lambda: "e1")
    found = [Stage("SQLite", sqlite, leave_as_it_is, size)]
    if postgres:
        other = await PostgresStore.open(postgres, "normal", lambda: "e1", RULES)
        found.append(Stage("PostgreSQL", other, lambda: analyze_postgres(postgres), size))
    try:
        yield found
    finally:
        for stage in found:
            await stage.store.close()


async def leave_as_it_is() -> None:
    """Do nothing: nothing ever analyzes a database of SQLite."""


async def analyze_postgres(url: str) -> None:
    """Do what autovacuum does some time later."""
    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def measure(folder: Path, postgres: str, size: Size) -> None:
    """Measure each part on each store."""
    async with stages(folder, postgres, size) as found:
        for stage in found:
            await register(stage.store, size)
            for part in PARTS:
                await part(stage)


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.conversation", description=__doc__)
    parser.add_argument("--postgres", default="", help="the address of an empty database")
    for name, value in Size()._asdict().items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"by default {value:,}")
    options = vars(parser.parse_args())
    postgres = options.pop("postgres")
    print("| store | what | figure |\n|---|---|---:|")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), postgres, Size(**options)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
