"""What it costs to index messages, to find them, and to take them out of the index again: `make searching`.

A fifth of the messages is Chinese, and words come as often as in languages. SQLite, and with `--postgres URL` an empty database of PostgreSQL, too. Nothing is flushed, so that the disk doesn't count.
It is measured by the processor's time, so that other processes don't count either: that of this process, SQLite with it, and that of the
processes of PostgreSQL, if they are on this machine. If they aren't, it is what the clock says.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from math import log10
from pathlib import Path
from typing import NamedTuple

import apsw

from benchmarks.conversation import ADA, GRACE, Size, Stage, person, register, stages
from hubbub.domain.access import RoomKind
from hubbub.domain.facts import Accepted, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.search.query import query_of
from hubbub.protocol.commands.rooms import Create
from hubbub.protocol.messages import Change, Delete, Post
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.indexing import Indexing
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres import search as postgres_search
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.search import WantedMessages
from hubbub.server.stores.sqlite import search as sqlite_search
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.store import SqliteStore

HERE = Path(__file__).parent
BATCH, TRIES = 1_000, 20
LONGEST = 60.0  # seconds that looking may take here
FEW, SOME = 4, 40  # rooms
TABLES = ("search_term_data", "search_term_idx", "search_entry")
TABLE = "search_entry"
SESSIONS = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
"""
LONER, FRIEND, NEIGHBOUR = person(2), person(3), person(4)  # in one room, in 4, and in 40
MEMBERS = 5  # the first person who is in only one room, and writes there
SEARCHERS = (
    (GRACE, "all rooms"),
    (NEIGHBOUR, f"{SOME} rooms"),
    (FRIEND, f"{FEW} rooms"),
    (LONER, "one room"),
)
BEGINNINGS = [
    "b",
    "c",
    "d",
    "f",
    "g",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "w",
    "st",
    "tr",
    "ch",
]
MIDDLES, ENDS = ["a", "e", "i", "o", "u", "ea", "ou"], ["", "", "", "n", "s", "r", "ng"]
COLOURS = ("#d9480f", "#f08c00", "#1971c2", "#2f9e44")
GAP = 30  # seconds between messages: a million are those of a year

# A commit gives all its messages one time. Here they get times of their own, as if they had been posted one by one.
SPREAD_SQLITE = """
UPDATE message SET posted = CAST(replace(CAST(posted AS TEXT), substr(CAST(posted AS TEXT), instr(posted, '"at":"') + 6, 24),
    strftime('%Y-%m-%dT%H:%M:%fZ', substr(CAST(posted AS TEXT), instr(posted, '"at":"') + 6, 24), (number * 7919 % 1000 * :gap + seq % 25 + number % 977 * 0.001) || ' seconds')) AS BLOB)
FROM (SELECT id, CAST(substr(name, 3) AS INTEGER) AS number FROM room) AS made WHERE made.id = message.room
"""
SPREAD_POSTGRES = """
UPDATE hubbub.message SET posted = convert_to(replace(convert_from(posted, 'UTF8'), old, to_char((old::timestamptz
    + room * 7919 % 1000 * interval '$GAP s' + seq % 25 * interval '1 s' + room % 977 * interval '1 ms') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), 'UTF8')
FROM (SELECT room AS r, seq AS s, substr(convert_from(posted, 'UTF8'), position('"at":"' IN convert_from(posted, 'UTF8')) + 6, 24) AS old
    FROM hubbub.message) AS found WHERE room = r AND seq = s
"""


class Words(NamedTuple):
    """Made-up words, the most frequent first, and how often each comes: as in languages, the second half as often as the first."""

    known: list[str]
    weights: list[float]

    @classmethod
    def of(cls, known: list[str]) -> "Words":
        """Weigh words by Zipf's and Mandelbrot's law."""
        return cls(known, list(accumulate(1 / (n + 2.7) for n in range(len(known)))))

    def some(self, chance: random.Random, count: int) -> list[str]:
        """Return some, by chance."""
        return chance.choices(self.known, cum_weights=self.weights, k=count)


class Corpus:
    """Messages that are made up, the same each time; a fifth is Chinese. Most have a few words, and some many."""

    def __init__(self, words: int = 60_000, chinese: int = 20_000) -> None:
        """Make words up: the rarer, the longer."""
        self._chance = chance = random.Random("corpus")
        made: dict[str, None] = {}
        while len(made) < words:
            length = max(1, round(chance.gauss(1.2 + 0.55 * log10(len(made) + 10), 0.6)))
            parts = (chance.choice(BEGINNINGS) + chance.choice(MIDDLES) for _ in range(length))
            made["".join(parts) + chance.choice(ENDS)] = None
        characters = Words.of([chr(0x4E00 + n) for n in chance.sample(range(20_000), 3_500)])
        lengths = chance.choices((1, 2, 2, 2, 3), k=chinese)
        pairs = {"".join(characters.some(chance, each)): None for each in lengths}
        self.words, self.chinese = Words.of([*made]), Words.of([*pairs])

    def text(self) -> str:
        """Return a message."""
        count = max(1, round(self._chance.lognormvariate(2.2, 0.75)))
        if self._chance.random() < 0.2:
            return "".join(self.chinese.some(self._chance, count)) + "。"
        return " ".join(self.words.some(self._chance, count)).capitalize() + "."

    def asked(self) -> dict[str, str]:
        """Return what is searched for, by what it is."""
        words = self.words.known
        pair = next(word for word in self.chinese.known if len(word) == 2)
        return {
            "the most frequent word": words[0],
            "a rare word": words[20_000],
            "two frequent words": f"{words[1]} {words[2]}",
            "a phrase": f'"{words[0]} {words[1]}"',
            "the beginning of a word": f"{words[300][:3]}*",
            "two Chinese characters": pair,
            "links": "has:link",
        }


class Finding(NamedTuple):
    """How long it took to find something, in milliseconds."""

    store: str
    what: str
    where: str
    median: float


async def search(stage: Stage) -> list[Finding]:
    """Fill a store, index it, search it, and delete."""
    corpus, rooms = Corpus(), [f"@r{number:012}" for number in range(stage.size.rooms)]
    size = 0

    def posts() -> Iterator[tuple[Principal, Change]]:
        nonlocal size
        for n in range(stage.size.messages):
            text, room = corpus.text(), n % len(rooms)
            size += len(text.encode())
            yield person(MEMBERS + room), Post(room=rooms[room], text=text)
            if n % 50_000 == 0:
                note(f"{stage.name}: {n:,} of {stage.size.messages:,} messages")

    await submit(stage, (creation(n, room) for n, room in enumerate(rooms)))
    await submit(stage, posts())
    note(f"{stage.name}: giving each message its time")
    await spread(stage.store)
    note(f"{stage.name}: indexing")
    await index(stage, size)
    await stage.analyze()
    found = []
    for what, asked in corpus.asked().items():
        note(f"{stage.name}: finding {what}")
        for who, where in SEARCHERS:
            median = await find(stage, f"{what}, {where}", asked, who)
            found.append(Finding(stage.name, what, where, median))
    first = (await stage.store.history(rooms[0], None, None, TRIES)).messages
    times = [
        await spent(stage, commit(stage, [(ADA, Delete(room=rooms[0], seq=each.seq))]))
        for each in first
    ]
    stage.tell("delete a message that is indexed", f"{statistics.median(times):.2f} ms")
    return found


def note(text: str) -> None:
    """Say how far this is."""
    print(text, file=sys.stderr, flush=True)


async def spread(store: Store) -> None:
    """Give messages of one commit times of their own."""
    if isinstance(store, PostgresStore):
        connection = await store.connect()
        await connection.execute(SPREAD_POSTGRES.replace("$GAP", str(GAP)), timeout=3_600)
        await connection.execute("VACUUM ANALYZE hubbub.message", timeout=3_600)
        await connection.close()
        return
    assert isinstance(store, SqliteStore)
    with apsw.Connection(str(store._directory / FILE_NAME)) as database:
        database.execute(SPREAD_SQLITE, {"gap": GAP})


def creation(number: int, room: str) -> tuple[Principal, Change]:
    """Return what makes a room."""
    limits = ((NEIGHBOUR, SOME), (FRIEND, FEW), (LONER, 1))
    who = [GRACE.id, person(MEMBERS + number).id]
    who += [each.id for each, limit in limits if number < limit]
    return ADA, Create(room=ADA.id, kind="closed", title="x", key=room, who=tuple(who))


async def index(stage: Stage, size: int) -> None:
    """Index everything, and tell how fast that was and how large it became."""
    round_ = go_round(Indexing(stage.store, lambda: 0, frozenset({RoomKind.MADE})), stage.store)
    seconds = await spent(stage, round_) / 1_000
    rate = f"{stage.size.messages / seconds:,.0f} messages/s ({seconds:.1f} s of processor time)"
    stage.tell("index", rate)
    sizes = await sizes_of(stage.store)
    stage.tell("text", f"{size:,} bytes")
    stage.tell("index", f"{sum(sizes.values()) / size:.2f} × the text")
    for name, taken in sizes.items():
        stage.tell(f"of that, {name}", f"{taken / size:.2f} × the text")


async def sizes_of(store: Store) -> dict[str, int]:
    """Return how large the parts of the index are."""
    if isinstance(store, PostgresStore):
        connection = await store.connect()
        rows = await connection.fetch(
            "SELECT relname, pg_table_size(oid) FROM pg_class WHERE relname ^@ $1 ORDER BY relname",
            TABLE,
        )
        await connection.close()
        return dict(rows)
    assert isinstance(store, SqliteStore)
    database = apsw.Connection(str(store._directory / FILE_NAME), apsw.SQLITE_OPEN_READONLY)
    query = "SELECT name, sum(pgsize) FROM dbstat WHERE name GLOB 'search_*' GROUP BY name"
    found: dict[str, int] = dict(database.execute(query))  # type: ignore[arg-type]
    database.close()
    return {name: found[name] for name in TABLES}


async def find(stage: Stage, what: str, asked: str, who: Principal) -> float:
    """Tell how many milliseconds it takes to find 20 messages."""
    wanted = WantedMessages(query_of(asked), 21, reader=who.id)
    times = [await spent(stage, stage.store.search(wanted)) for _ in range(TRIES)]
    count = len(await stage.store.search(wanted))
    figure = f"{statistics.median(times):.2f} ms (least {min(times):.2f}), {min(count, 20)} found"
    stage.tell(f"find {what}", figure)
    return statistics.median(times)


async def spent(stage: Stage, doing: Awaitable[object]) -> float:
    """Return how many milliseconds something takes: of the processor's time, as far as it is to be had."""
    began = await clock(stage.store)
    await doing
    return await clock(stage.store) - began


async def clock(store: Store) -> float:
    """Return a time in milliseconds, from which another one can be subtracted."""
    if not isinstance(store, PostgresStore):
        return time.process_time() * 1_000
    async with store._reading.acquire() as connection:
        pids = [pid for (pid,) in await connection.fetch(SESSIONS)]
    there = time_of(pids)
    if there is None:
        return time.perf_counter() * 1_000
    return there + time.process_time() * 1_000


def time_of(pids: list[int]) -> float | None:
    """Return how many milliseconds of the processor's time other processes have had, or None if they aren't here."""
    try:
        return sum(int(Path(f"/proc/{i}/schedstat").read_text().split()[0]) for i in pids) / 1e6
    except FileNotFoundError:
        return None


def draw(found: list[Finding], path: Path) -> None:
    """Draw how long each search takes, a panel for each store."""
    from matplotlib import pyplot

    from benchmarks.plots import STYLE

    stores = list(dict.fromkeys(each.store for each in found))
    whats = list(dict.fromkeys(each.what for each in found))
    with pyplot.rc_context(STYLE):
        figure, panels = pyplot.subplots(
            1, len(stores), figsize=(5.5 * len(stores) + 1.5, 5), sharey=True, squeeze=False
        )
        for panel, store in zip(panels[0], stores, strict=True):
            panel.set_title(f"20 messages found in {store}")
            panel.set_xlabel("milliseconds of processor time (median)")
            panel.set_xscale("log")
            panel.grid(axis="x")
            for place, (_, where) in enumerate(SEARCHERS):
                times = [e.median for e in found if e.store == store and e.where == where]
                rows = [n - 0.3 + 0.2 * place for n in range(len(whats))]
                panel.plot(times, rows, "o", color=COLOURS[place], label=where)
            panel.set_yticks(range(len(whats)), whats)
        panels[0][0].invert_yaxis()
        panels[0][0].legend(loc="lower right", frameon=False)
        figure.tight_layout()
        figure.savefig(path, dpi=160, metadata={"Software": None})


_now = datetime(2026, 1, 1, tzinfo=UTC)


async def commit(stage: Stage, changes: list[tuple[Principal, Change]]) -> None:
    """Commit changes, each of which must be accepted, as long after those before as it takes people to write so many."""
    global _now  # noqa: PLW0603 - a clock
    _now += timedelta(seconds=GAP * BATCH)
    at = _now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answers = (await stage.store.commit([Proposal(*each) for each in changes], at)).answers
    assert all(isinstance(answer, Accepted) for answer in answers)


async def submit(stage: Stage, changes: Iterator[tuple[Principal, Change]]) -> None:
    """Commit many changes."""
    while batch := list(islice(changes, BATCH)):
        await commit(stage, batch)


async def measure(folder: Path, postgres: str, size: Size) -> list[Finding]:
    """Measure each store."""
    found = []
    async with stages(folder, postgres, size) as all_:
        for stage in all_:
            await register(stage.store, size)
            found += await search(stage)
    return found


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser("python -m benchmarks.searching", description=__doc__)
    parser.add_argument("--postgres", default="", help="the address of an empty database")
    for module in (sqlite_search, postgres_search):
        module.SECONDS = LONGEST  # or nobody would learn how long it takes
    parser.add_argument("--rooms", type=int, default=1_000, help="by default 1,000")
    parser.add_argument("--messages", type=int, default=1_000_000, help="by default 1,000,000")
    parser.add_argument("--picture", type=Path, default=HERE / "results" / "bench-searching.png")
    given = parser.parse_args()
    print("| store | what | figure |\n|---|---|---:|")
    with tempfile.TemporaryDirectory() as folder:
        size = Size(given.rooms, given.messages, members=MEMBERS + given.rooms)
        found = asyncio.run(measure(Path(folder), given.postgres, size))
    given.picture.parent.mkdir(exist_ok=True)
    draw(found, given.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
