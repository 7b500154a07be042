"""Deleted words are in no file of a store, nor is what they began with: raw bytes are looked at, those of the index with them."""

import random
from pathlib import Path
from typing import Any

import apsw
import pytest

from hubbub.domain.search.query import query_of
from hubbub.protocol.messages import Change, Delete, Edit, Post
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres import search
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.search import WantedMessages
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.separators import between, first_term
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.postgres import Postgres
from tests.support.stores import commit, postgresql, sqlite

BEGIN = "qzj"  # how all words begin that are deleted, and no others
INDEX = "hubbub.search_entry_terms"
ROOM, OTHERS = "lobby", "others"
WORDS_EACH, MESSAGES = 40, 120  # fills some pages of the index


def texts(chance: random.Random, begin: str) -> list[str]:
    letters = "abcdefghijklmnop"
    return [
        " ".join(begin + "".join(chance.choices(letters, k=9)) for _ in range(WORDS_EACH))
        for _ in range(MESSAGES)
    ]


def raw(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file())


def sound(folder: Path) -> None:
    """FTS5 itself finds nothing wrong."""
    with apsw.Connection(str(folder / FILE_NAME)) as database:
        database.execute("INSERT INTO search_term (search_term) VALUES ('integrity-check')")


async def found(store: Store, text: str) -> set[int]:
    """The numbers of the messages that have this word."""
    wanted = WantedMessages(query_of(f"{text} in:{OTHERS}"), MESSAGES, (OTHERS,))
    return {place.seq for place in await store.search(wanted)}


async def filled(store: Store, deleted: list[str], kept: list[str]) -> None:
    """Post and index these, some at a time, so that FTS5 has merged some of its segments."""
    for n in range(0, MESSAGES, 10):
        await commit(store, *(Post(room=ROOM, text=text) for text in deleted[n : n + 10]))
        await commit(store, *(Post(room=OTHERS, text=text) for text in kept[n : n + 10]))
        for room in (ROOM, OTHERS):
            await store.index(room, n, n + 10)


@pytest.mark.parametrize("how", ["deleted at once", "deleted one by one", "edited", "trimmed"])
async def test_of_deleted_words_no_beginning_is_left(how: str, tmp_path: Path) -> None:
    chance = random.Random(how)
    store = await sqlite("normal")(tmp_path, None)  # type: ignore[arg-type]
    assert isinstance(store, SqliteStore)
    kept = texts(chance, "")
    await filled(store, texts(chance, BEGIN), kept)
    await store.scrub()
    assert raw(tmp_path).count(BEGIN.encode()) > MESSAGES
    seqs = list(range(1, MESSAGES + 1))
    chance.shuffle(seqs)
    changes: list[Change] = [Delete(room=ROOM, seq=seq) for seq in seqs]
    if how == "edited":
        await commit(store, *(Edit(room=ROOM, seq=seq, text="other words") for seq in seqs))
        await store.index(ROOM, MESSAGES, 2 * MESSAGES)
        assert not has_words_in_index(tmp_path)
    for each in [changes] if how == "deleted at once" else [[one] for one in changes]:
        if how != "trimmed":
            await commit(store, *each)
    if how == "trimmed":
        await store.trim(ROOM, MESSAGES)
    await store.scrub()
    assert BEGIN.encode() not in raw(tmp_path)
    for seq, text in enumerate(kept, 1):
        assert seq in await found(store, text.split()[0])
    await store.close()
    sound(tmp_path)


async def reopened(store: PostgresStore) -> PostgresStore:
    """Sessions that end tell the database at once how much they deleted."""
    await store.close()
    return await PostgresStore.open(store._dsn, "normal", lambda: "e1")


async def test_postgresql_has_them_in_its_index_for_a_day_at_most(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random("postgres")
    opened = await postgresql(tmp_path, postgres)
    assert isinstance(opened, PostgresStore)
    kept = texts(chance, "")
    await filled(opened, texts(chance, BEGIN), kept)
    await commit(opened, *(Delete(room=ROOM, seq=seq) for seq in range(1, MESSAGES)))
    store = await reopened(opened)
    connection = await store.connect()

    async def in_file() -> tuple[str, int]:
        """The file of the index once it is scrubbed, and how often there is such a word in it."""
        await store.scrub()
        await connection.execute("CHECKPOINT")
        name = await connection.fetchval("SELECT pg_relation_filepath($1)", INDEX)
        return name, (Path(postgres._data) / name).read_bytes().count(BEGIN.encode())

    await connection.execute("VACUUM hubbub.search_entry")  # which doesn't do it
    assert (await in_file())[1] < 2 * WORDS_EACH  # those of the last message
    await commit(store, Delete(room=ROOM, seq=MESSAGES))
    store = await reopened(store)
    assert (await in_file())[1] > 0  # not yet
    monkeypatch.setattr(search, "SCRUB_EVERY", 0)
    name, count = await in_file()
    assert count == 0
    assert await in_file() == (name, 0)  # nothing was deleted meanwhile
    for seq, text in enumerate(kept, 1):
        assert seq in await found(store, text.split()[0])
    await connection.close()
    await store.close()


def has_words_in_index(folder: Path) -> bool:
    """Whether the index has words that begin so, while messages still do, in their log."""
    with apsw.Connection(str(folder / FILE_NAME)) as database:
        rows: list[Any] = database.execute(
            "SELECT term FROM search_term_idx UNION ALL SELECT block FROM search_term_data"
        ).fetchall()
    return any(BEGIN.encode() in value for (value,) in rows)


def test_a_separator_gives_way_to_the_shortest_one_that_tells_as_much() -> None:
    assert between(b"0zeb", b"0zorro") == b"0zo"
    assert between(b"0zeb", b"") is None
    assert first_term(b"\0\0\0\x08\0\0\0\0") == b""
