"""What only a store of files can show: failing disks, locks, other programs' files, closing and opening."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from typing import Any

import apsw
import pytest

from hubbub.domain.aspects.document import Document
from hubbub.domain.facts import Accepted, Commit, Head, Proposal
from hubbub.domain.patterns import spans
from hubbub.domain.search.query import query_of
from hubbub.protocol.messages import Change, Delete, Patch, Post, React
from hubbub.server.stores.base import StoredPage, StoreFailed
from hubbub.server.stores.search import TooSlow, WantedMessages
from hubbub.server.stores.sqlite import search as sqlite_search
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.schema import APPLICATION_ID
from hubbub.server.stores.sqlite.store import SqliteStore
from hubbub.server.stores.sqlite.writer import SqliteWriter
from tests.support.fakes import ADA, AT

Open = Callable[..., SqliteStore]


@pytest.fixture
async def open_store(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens the store in one directory, again and again if wanted; each with another new epoch."""
    opened: list[SqliteStore] = []
    epochs = (f"e{n}" for n in count(1))

    def open_store(directory: Path = tmp_path / "data", durability: Any = "full") -> SqliteStore:
        opened.append(SqliteStore(directory, durability, lambda: next(epochs)))
        return opened[-1]

    yield open_store
    for store in opened:
        if store._writing._thread.is_alive():
            await store.close()


@pytest.fixture
def store(open_store: Open) -> SqliteStore:
    return open_store()


def at_side(store: SqliteStore, sql: str) -> list[tuple[Any, ...]]:
    """Run something on another connection to the database."""
    database = apsw.Connection(str(store._directory / FILE_NAME))
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


async def commit(store: SqliteStore, *changes: Change) -> Commit:
    return await store.commit([Proposal(ADA, change) for change in changes], AT)


# --- beside a server ---


async def test_what_a_command_writes_is_seen_and_gone_on_from(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is tried with a head that is not the last any more."""
    monkeypatch.setattr(SqliteWriter, "_decide_apart", None)
    beside = SqliteStore(tmp_path / "data", "full", lambda: "x", is_beside=True)
    assert beside.epoch == store.epoch
    version = await store.version_of_others()
    for n in (1, 3, 5):
        assert await store.version_of_others() == version
        assert (await commit(store, Post(room="lobby", text="hi"))).answers[0] == Accepted(n, AT)
        assert await store.version_of_others() == version
        beyond = await commit(beside, Post(room="lobby", text="ho"))
        assert beyond.answers[0] == Accepted(n + 1, AT)
        before, version = version, await store.version_of_others()
        assert version != before
    await store.trim("lobby", 1)  # which those who remember the room have to know, too
    assert await store.version_of_others() != version
    await beside.close()


# --- failures ---

LOSE = "ALTER TABLE change RENAME TO lost"
FIND = "ALTER TABLE lost RENAME TO change"


async def test_of_a_commit_that_fails_nothing_is_stored_and_the_next_works(
    store: SqliteStore,
) -> None:
    await commit(store, Post(room="lobby", text="hi"))
    at_side(store, LOSE)
    with pytest.raises(StoreFailed, match="no such table"):
        await commit(
            store,
            Post(room="garden", text="new", client_message_id="01J"),
            Patch(room="lobby", patch={"n": 1}),
        )
    at_side(store, FIND)
    assert await store.head("lobby") == Head(1, 1, 1)
    assert await store.head("garden") == Head(0, 1)
    assert await store.document("lobby") == Document({}, 0)
    answers, batches = await commit(
        store, Post(room="lobby", text="there"), Post(room="garden", client_message_id="01J")
    )
    assert answers == [Accepted(2, AT), Accepted(1, AT)]
    for batch in batches:
        page = await store.read(batch.room, batch.first - 1, batch.last)
        assert page.bodies == batch.bodies


async def test_commits_under_way_behind_a_failing_one_succeed(store: SqliteStore) -> None:
    at_side(store, "ALTER TABLE change RENAME COLUMN body TO lost")
    changes = (Post(room="lobby", text="one"), Patch(room="lobby", patch=1))
    commits = [
        store.commit([Proposal(ADA, change)], AT)
        for change in (*changes, Post(room="lobby", text="two"))
    ]
    assert (await commits[0]).answers == [Accepted(1, AT)]
    with pytest.raises(StoreFailed):
        await commits[1]
    assert (await commits[2]).answers == [Accepted(2, AT)]


async def test_a_full_disk_fails_the_commit_and_what_was_stored_stays(store: SqliteStore) -> None:
    await commit(store, Post(room="lobby", text="hi"))
    store._database.pragma("max_page_count", store._database.pragma("page_count"))
    with pytest.raises(StoreFailed, match="full"):
        await commit(store, *[Post(room="lobby", text="x" * 60_000)] * 5)
    assert await store.head("lobby") == Head(1, 1, 1)
    # The connection was replaced, and with it its limit.
    answers, _ = await commit(store, *[Post(room="lobby", text="x" * 60_000)] * 5)
    assert answers == [Accepted(n, AT) for n in range(2, 7)]


async def test_a_database_that_someone_else_writes_to_fails_the_check(store: SqliteStore) -> None:
    store._database.set_busy_timeout(0)
    other = apsw.Connection(str(store._directory / FILE_NAME))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreFailed, match="locked"):
        await store.check()
    other.execute("ROLLBACK")
    await store.check()
    other.close()


async def test_reading_fails_where_the_tables_are_gone(store: SqliteStore) -> None:
    at_side(store, "ALTER TABLE message RENAME TO letter; ALTER TABLE document RENAME TO paper")
    with pytest.raises(StoreFailed, match="no such table"):
        await store.snapshot("lobby", 50)
    with pytest.raises(StoreFailed, match="no such table"):
        await commit(store, Post(room="lobby", text="hi"))
    at_side(store, "ALTER TABLE letter RENAME TO message; ALTER TABLE paper RENAME TO document")
    assert (await commit(store, Post(room="lobby", text="hi"))).answers == [Accepted(1, AT)]
    assert (await store.snapshot("lobby", 50)).page.head == 1


async def test_a_snapshot_is_read_in_one_transaction(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit(store, Post(room="lobby", text="hi"))
    history = store._reader._history

    def then_someone_writes(*args: Any) -> StoredPage:
        page = history(*args)
        store._writer.commit([Proposal(ADA, Patch(room="lobby", patch={"n": 1}))], AT)
        return page

    monkeypatch.setattr(store._reader, "_history", then_someone_writes)
    page, document, _ = await store.snapshot("lobby", 50)
    assert page.head == 1
    assert document == Document({}, 0)
    assert await store.document("lobby") == Document({"n": 1}, 2)


async def test_a_page_of_the_log_is_bounded_in_bytes(store: SqliteStore) -> None:
    await commit(store, *[Post(room="lobby", text="x" * 60_000)] * 20)
    assert len((await store.read("lobby", 0, 20)).bodies) == 3


async def test_nothing_is_left_of_reactions_to_a_deleted_message(store: SqliteStore) -> None:
    await commit(store, Post(room="lobby", text="hi"), React(room="lobby", seq=1, emoji="👍"))
    await commit(store, React(room="lobby", seq=1, emoji="🎉"), Delete(room="lobby", seq=1))
    assert at_side(store, "SELECT count(*) FROM reaction") == [(0,)]


@pytest.mark.parametrize("patterns", [("mine",), ("mi*",), ("a", "mine", "mj*"), ("*-mine",), ()])
async def test_listing_takes_no_more_steps_for_rooms_that_one_may_not_know(
    store: SqliteStore, open_store: Open, tmp_path: Path, patterns: tuple[str, ...]
) -> None:
    """Steps of SQLite's virtual machine, whatever name one begins after."""
    quiet, busy = store, open_store(tmp_path / "busy")
    hidden = [f"{letter}-{n}" for letter in "abcmnz" for n in range(300)]
    for each, rooms in ((quiet, ["mine"]), (busy, ["mine", *hidden])):
        await commit(each, *[Post(room=room, text="x") for room in rooms])
    for after in ("", "a", "b-1", "m", "m-17", "mine", "n", "z-299"):
        listed, steps = zip(
            *[_listed(each, after, patterns) for each in (quiet, busy)], strict=True
        )
        assert listed[0] == listed[1]
        at_the_ends = 4 * len(patterns)  # whether there is any name behind a span
        assert abs(steps[0] - steps[1]) <= at_the_ends


def _listed(store: SqliteStore, after: str, patterns: tuple[str, ...]) -> tuple[object, int]:
    steps = count()
    store._read_only.set_progress_handler(lambda: next(steps) < 0, 1)
    rows = store._reader.rooms(after, 1, spans(patterns))
    store._read_only.set_progress_handler(None)
    return rows, next(steps)


# --- durability ---


@pytest.mark.parametrize("durability, synchronous", [("full", 2), ("normal", 1)])
async def test_a_commit_is_flushed_as_often_as_was_asked(
    open_store: Open, durability: str, synchronous: int
) -> None:
    store = open_store(durability=durability)
    assert store._database.pragma("synchronous") == synchronous
    assert store._database.pragma("journal_mode") == "wal"
    at_side(store, LOSE)
    with pytest.raises(StoreFailed):
        await commit(store, Patch(room="lobby", patch=1))
    assert store._database.pragma("synchronous") == synchronous


async def test_readers_can_not_write(store: SqliteStore) -> None:
    with pytest.raises(apsw.ReadOnlyError):
        store._reader._database.execute("DELETE FROM room")


# --- closing and opening ---


async def test_opening_again_changes_nothing(open_store: Open) -> None:
    store = open_store()
    await commit(
        store,
        Post(room="lobby", text="hi", client_message_id="01J"),
        Patch(room="lobby", patch={"n": 1}),
    )
    await store.trim("lobby", 0)
    before = await store.snapshot("lobby", 50)
    await store.close()
    again = open_store()
    assert again.epoch == store.epoch == "e1"
    assert await again.snapshot("lobby", 50) == before
    (answer,), _ = await commit(again, Post(room="lobby", text="hi", client_message_id="01J"))
    assert answer == Accepted(1, AT, is_duplicate=True)
    assert (await commit(again, Post(room="lobby", text="hi"))).answers == [Accepted(3, AT)]


async def test_a_new_directory_has_a_new_epoch(open_store: Open, tmp_path: Path) -> None:
    assert open_store(tmp_path / "one").epoch == "e1"
    assert open_store(tmp_path / "two").epoch == "e2"


async def test_closing_finishes_what_was_begun(open_store: Open) -> None:
    store = open_store()
    commits = [store.commit([Proposal(ADA, Post(room="lobby", text="hi"))], AT) for _ in range(20)]
    await store.close()
    assert [(await c).answers for c in commits] == [[Accepted(n, AT)] for n in range(1, 21)]
    assert (await open_store().head("lobby")).seq == 20


async def test_closing_leaves_one_whole_file(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    await commit(store, Post(room="lobby", text="hi"))
    await store.snapshot("lobby", 50)
    await store.close()
    assert sorted(os.listdir(tmp_path / "data")) == [FILE_NAME, "lock"]
    with sqlite3.connect(f"file:{tmp_path / 'data' / FILE_NAME}?mode=ro", uri=True) as database:
        assert database.execute("SELECT name, head FROM headed_room").fetchall() == [("lobby", 1)]
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA application_id").fetchall() == [(APPLICATION_ID,)]
    database.close()


async def test_only_its_owner_can_look_into_a_new_directory(
    store: SqliteStore, tmp_path: Path
) -> None:
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


# --- what can't be opened ---


async def test_a_directory_in_use_says_by_whom_and_what_to_do(
    store: SqliteStore, open_store: Open
) -> None:
    with pytest.raises(StoreFailed) as failure:
        open_store()
    assert f"in use by another hubbub (process {os.getpid()}); stop it" in str(failure.value)
    assert str(failure.value).endswith("or choose another directory with --data")
    assert (await commit(store, Post(room="lobby", text="hi"))).answers == [Accepted(1, AT)]


async def test_a_closed_directory_can_be_had_again(open_store: Open) -> None:
    await open_store().close()
    assert open_store().epoch == "e1"


async def test_a_file_in_the_place_of_the_directory_is_refused(
    open_store: Open, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("hi")
    with pytest.raises(StoreFailed, match="Can't use the data directory"):
        open_store()


def alien(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE recipe (name TEXT)")
        database.execute("PRAGMA application_id = 7")
    database.close()


def nameless(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE recipe (name TEXT)")
    database.close()


def later(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE room (name TEXT)")
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute("PRAGMA user_version = 9999")
    database.close()


def no_database(path: Path) -> None:
    path.write_bytes(b"hello, everyone\n" * 1000)


@pytest.mark.parametrize(
    "make, why",
    [
        (alien, "not a hubbub database"),
        (nameless, "not a hubbub database"),
        (later, "A newer hubbub"),
        (no_database, "not a database"),
    ],
)
async def test_a_file_that_is_none_of_ours_is_refused_and_left_as_it_was(
    open_store: Open, tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    file = tmp_path / "data" / FILE_NAME
    file.parent.mkdir()
    make(file)
    before = file.read_bytes()
    with pytest.raises(StoreFailed, match=why):
        open_store()
    assert file.read_bytes() == before
    assert sorted(os.listdir(file.parent)) == [FILE_NAME, "lock"]
    file.unlink()
    assert open_store().epoch == "e1"  # the directory was let go of


async def test_an_empty_file_is_a_new_database(open_store: Open, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE_NAME).touch()
    assert (await commit(open_store(), Post(room="lobby", text="hi"))).answers == [Accepted(1, AT)]


async def test_a_search_that_takes_too_long_ends_and_the_next_one_is_answered(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    await store.commit([Proposal(ADA, Post(room="lobby", text="tea"))], AT)
    await store.index("lobby", 0, 1)
    wanted = WantedMessages(query_of("tea"), 10, ("lobby",))
    with monkeypatch.context() as hurried:
        hurried.setattr(sqlite_search, "SECONDS", -1.0)
        hurried.setattr(sqlite_search, "STEPS_BETWEEN_LOOKS", 1)
        for _ in range(sqlite_search.READERS):
            with pytest.raises(TooSlow):
                await store.search(wanted)
    for _ in range(sqlite_search.READERS):
        assert len(await store.search(wanted)) == 1
