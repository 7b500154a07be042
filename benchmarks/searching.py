"""What it costs to index messages, to find them, and to take them out of the index again: `make searching`.

A fifth of the messages is Chinese. SQLite, and with `--postgres URL` an empty database of PostgreSQL, too. Nothing is flushed, so that the disk doesn't count.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import NamedTuple

import apsw

from benchmarks.conversation import ADA, GRACE, Size, Stage, person, register, stages, timed
from hubbub.domain.access import RoomKind
from hubbub.domain.facts import Accepted, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.search.query import query_of
from hubbub.protocol.messages import Change, Delete, Post
from hubbub.protocol.rooms import Create
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.indexing import Indexing
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.search import TooSlow, WantedMessages
from hubbub.server.stores.sqlite.store import FILE_NAME, SqliteStore

BATCH, TRIES, WORDS_EACH = 1_000, 30, 12
LETTERS, CHARACTERS = "abcdefghijklmnopqrstuvwxyz", [chr(0x4E00 + n) for n in range(2_000)]
TABLE = "hubbub.search_entry"
LONER, NEIGHBOUR = person(2), person(3)  # in one room, and in 40


class Corpus(NamedTuple):
    """Made-up messages, whose words are as frequent as in languages; the most frequent word comes first."""

    chance: random.Random
    words: list[str]
    weights: list[float]

    @classmethod
    def made(cls, words: int = 20_000) -> "Corpus":
        """Make words up, the same each time."""
        chance = random.Random("corpus")
        made = ["".join(chance.choices(LETTERS, k=chance.randint(2, 9))) for _ in range(words)]
        return cls(chance, made, list(accumulate(1 / (n + 3) for n in range(words))))

    def text(self, number: int) -> str:
        """Return a message."""
        if number % 5 == 0:
            return "".join(self.chance.choices(CHARACTERS, k=2 * WORDS_EACH))
        return " ".join(self.chance.choices(self.words, cum_weights=self.weights, k=WORDS_EACH))


async def search(stage: Stage) -> None:
    """Fill a store, index it, search it, and delete."""
    corpus, rooms = Corpus.made(), [f"@r{number:012}" for number in range(stage.size.rooms)]
    await submit(stage, (creation(n, room) for n, room in enumerate(rooms)))
    texts = [corpus.text(n) for n in range(stage.size.messages)]
    posting = ((ADA, Post(room=rooms[n % len(rooms)], text=text)) for n, text in enumerate(texts))
    await submit(stage, posting)
    await index(stage, sum(len(text.encode()) for text in texts))
    await stage.analyze()
    some = texts[len(texts) // 10 * 5]
    for what, asked in {
        "the most frequent word": corpus.words[0],
        "a rare word": corpus.words[-1],
        "two frequent words": f"{corpus.words[1]} {corpus.words[2]}",
        "a phrase": f'"{corpus.words[0]} {corpus.words[1]}"',
        "the beginning of a word": f"{corpus.words[0][:2]}*",
        "two Chinese characters": some[:2],
        "links": "has:link",
    }.items():
        for who, where in ((GRACE, "all rooms"), (NEIGHBOUR, "40 rooms"), (LONER, "one room")):
            await find(stage, f"{what}, {where}", asked, who)
    first = (await stage.store.history(rooms[0], None, None, TRIES)).messages
    times = [
        await timed(commit(stage, [(ADA, Delete(room=rooms[0], seq=each.seq))])) for each in first
    ]
    stage.tell("delete a message that is indexed", f"{statistics.median(times):.2f} ms")


def creation(number: int, room: str) -> tuple[Principal, Change]:
    """Return what makes a room."""
    who = [GRACE.id, *([NEIGHBOUR.id] if number < 40 else []), *([LONER.id] if number == 0 else [])]
    return ADA, Create(room=ADA.id, kind="closed", title="x", key=room, who=tuple(who))


async def index(stage: Stage, size: int) -> None:
    """Index everything, and tell how fast that was and how large it became."""
    began, cpu = time.perf_counter(), time.process_time()
    await go_round(Indexing(stage.store, lambda: 0, frozenset({RoomKind.MADE})), stage.store)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    rate = f"{stage.size.messages / seconds:,.0f} messages/s ({cpu:.1f} s of CPU here)"
    stage.tell("index", rate)
    stage.tell("size of the index", f"{await bytes_of(stage.store) / size:.2f} × the text")


async def bytes_of(store: Store) -> int:
    """Return how large the index is."""
    if isinstance(store, PostgresStore):
        connection = await store.connect()
        size: int = await connection.fetchval("SELECT pg_total_relation_size($1)", TABLE)
        await connection.close()
        return size
    assert isinstance(store, SqliteStore)
    database = apsw.Connection(str(store._directory / FILE_NAME), apsw.SQLITE_OPEN_READONLY)
    found: int = database.execute("SELECT sum(pgsize) FROM dbstat WHERE name GLOB 'search_*'").get
    database.close()
    return found


async def find(stage: Stage, what: str, asked: str, who: Principal) -> None:
    """Tell how long it takes to find 20 messages."""
    wanted = WantedMessages(query_of(asked), 21, reader=who.id)
    try:
        times = [await timed(stage.store.search(wanted)) for _ in range(TRIES)]
        count = len(await stage.store.search(wanted))
    except TooSlow:
        stage.tell(f"find {what}", "more than 250 ms")
        return
    figure = f"{statistics.median(times):.2f} ms (least {min(times):.2f}), {min(count, 20)} found"
    stage.tell(f"find {what}", figure)


_now = datetime(2026, 1, 1, tzinfo=UTC)


async def commit(stage: Stage, changes: list[tuple[Principal, Change]]) -> None:
    """Commit changes, each of which must be accepted, a second after those before."""
    global _now  # noqa: PLW0603 - a clock
    _now += timedelta(seconds=1)
    at = _now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answers = (await stage.store.commit([Proposal(*each) for each in changes], at)).answers
    assert all(isinstance(answer, Accepted) for answer in answers)


async def submit(stage: Stage, changes: Iterator[tuple[Principal, Change]]) -> None:
    """Commit many changes."""
    while batch := list(islice(changes, BATCH)):
        await commit(stage, batch)


async def measure(folder: Path, postgres: str, size: Size) -> None:
    """Measure each store."""
    async with stages(folder, postgres, size) as found:
        for stage in found:
            await register(stage.store, size)
            await search(stage)


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.searching", description=__doc__)
    parser.add_argument("--postgres", default="", help="the address of an empty database")
    parser.add_argument("--rooms", type=int, default=1_000, help="by default 1,000")
    parser.add_argument("--messages", type=int, default=1_000_000, help="by default 1,000,000")
    given = parser.parse_args()
    print("| store | what | figure |\n|---|---|---:|")
    with tempfile.TemporaryDirectory() as folder:
        size = Size(given.rooms, given.messages, members=4)
        asyncio.run(measure(Path(folder), given.postgres, size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
