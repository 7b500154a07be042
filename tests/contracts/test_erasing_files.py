"""What SQLite's files hold of what was deleted: nothing, within a minute; and what an older version has left there."""

import random
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from hubbub.domain.facts import Accepted
from hubbub.domain.principals import Scope
from hubbub.events import Deleted, Edited, Posted
from hubbub.protocol.messages import Change, Delete, Edit, Post, React
from hubbub.server.stores.sqlite import scrubber as sqlite_scrubber
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support import former
from tests.support.fakes import AT, guest, holder
from tests.support.stores import commit, log_of

SECRET = b"geheim"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path, "normal", lambda: "e1")
    yield store
    await store.close()


def traces(directory: Path) -> dict[str, int]:
    """How often the secret is in each file."""
    files = (file for file in directory.iterdir() if file.is_file())
    counts = {file.name: file.read_bytes().count(SECRET) for file in files}
    return {name: count for name, count in counts.items() if count}


def as_after_a_kill(directory: Path) -> Path:
    """Another directory, with the files as they are now."""
    other = directory / "after the kill"
    other.mkdir()
    for file in directory.glob("hubbub.db*"):
        (other / file.name).write_bytes(file.read_bytes())
    return other


async def post_and_delete(store: SqliteStore) -> None:
    await commit(store, Post(room="lobby", text=SECRET.decode()))
    await commit(store, Edit(room="lobby", seq=1, text=SECRET.decode() * 2000))
    await commit(store, Delete(room="lobby", seq=1))


async def test_what_was_deleted_is_in_no_file(store: SqliteStore, tmp_path: Path) -> None:
    await post_and_delete(store)
    assert "hubbub.db-wal" in traces(tmp_path)
    await store.scrub()
    assert traces(tmp_path) == {}


async def test_rows_that_were_moved_leave_no_trace_either(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many rooms grow in the middle of the tables, so pages are split again and again."""
    monkeypatch.setattr(sqlite_scrubber, "PAGES_AT_ONCE", 1000)
    dice = random.Random(1)
    posted: list[tuple[str, int]] = []
    for _ in range(150):
        sizes = [dice.choice((1, 10, 60, 400, 1500, 7000)) for _ in range(15)]
        posts = [
            Post(room=f"r{dice.randint(0, 40)}", text=SECRET.decode() * size) for size in sizes
        ]
        answers = (await commit(store, *posts)).answers
        for post, answer in zip(posts, answers, strict=True):
            assert isinstance(answer, Accepted) and answer.seq
            posted.append((post.room, answer.seq))
    dice.shuffle(posted)
    deletes: list[Change] = [Delete(room=room, seq=seq) for room, seq in posted]
    for begin in range(0, len(deletes), 50):
        await commit(store, *deletes[begin : begin + 50])
    for _ in range(20):
        await store.scrub()
    assert traces(tmp_path) == {}
    assert store._database.pragma("integrity_check") == "ok"
    await commit(store, *[Post(room=room, text="hi") for room, _ in posted[:300]])
    await store.scrub()
    assert traces(tmp_path) == {}, "what SQLite remembered of the pages was written again"


@pytest.mark.parametrize("act", ["SELECT * FROM message", "UPDATE meta SET value = value"])
async def test_whoever_is_in_the_way_is_not_waited_for_and_it_is_tried_again(
    store: SqliteStore, tmp_path: Path, act: str
) -> None:
    await post_and_delete(store)
    with closing(apsw.Connection(str(tmp_path / FILE_NAME))) as other:
        other.execute("BEGIN").fetchall()
        other.execute(act).fetchall()
        await store.scrub()
        assert traces(tmp_path) != {}
    await store.scrub()
    assert traces(tmp_path) == {}


async def test_what_a_killed_server_left_is_scrubbed_by_the_next(
    store: SqliteStore, tmp_path: Path
) -> None:
    await post_and_delete(store)
    other = as_after_a_kill(tmp_path)
    assert traces(other) != {}
    reopened = SqliteStore(other, "full", lambda: "e2")
    await reopened.scrub()
    assert traces(other) == {}
    await reopened.close()


def old_database(directory: Path) -> None:
    """As the version before left it: a message that was edited, reacted to and deleted, and one that was not."""
    with closing(apsw.Connection(str(directory / FILE_NAME))) as database:
        former.begin_sqlite(database, "sqlite_2")
        database.execute("INSERT INTO room (id, name) VALUES (1, 'lobby')")
        place = f'"room":"lobby","seq":%d,"at":"{AT}","by":"ada"'
        posts = [(1, SECRET.decode(), 1), (2, "stays", 0)]
        for seq, text, is_deleted in posts:
            body = f'{{"event":"posted",{place % seq},"text":"{text}"}}'.encode()
            row = (1, seq, body, f"key {seq}", "ada", is_deleted)
            database.execute(
                "INSERT INTO message (room, seq, posted, client_message_id, owner, is_deleted)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
        changes = [
            (3, f'"event":"edited",{place % 3},"message":1,"text":"{SECRET.decode()}"'),
            (4, f'"event":"edited",{place % 4},"message":2,"text":"better"'),
            (5, f'"event":"deleted",{place % 5},"message":1'),
        ]
        for seq, change in changes:
            database.execute("INSERT INTO change VALUES (1, ?, ?)", (seq, f"{{{change}}}".encode()))


async def test_what_an_older_version_left_of_deleted_messages_is_erased(tmp_path: Path) -> None:
    old_database(tmp_path)
    assert traces(tmp_path) != {}
    store = SqliteStore(tmp_path, "full", lambda: "e1")
    kinds = [
        (type(event), getattr(event, "erased", False)) for event in await log_of(store, "lobby")
    ]
    assert kinds == [
        *((Posted, True), (Posted, False), (Edited, True), (Edited, False), (Deleted, False)),
    ]
    # A former guest's message has no author any more.
    moderator = replace(holder("moderator"), scopes=frozenset({Scope.MODERATE}))
    await commit(store, Delete(room="lobby", seq=2), by=moderator)
    await store.scrub()
    assert traces(tmp_path) == {}
    assert b"better" not in (tmp_path / FILE_NAME).read_bytes()
    retry = Post(room="lobby", text="?", client_message_id="key 1")
    answers, _ = await commit(store, retry, by=guest("ada"))
    assert answers == [Accepted(1, AT, is_duplicate=True)]
    await store.close()


async def test_reactions_are_scrubbed_with_their_message(
    store: SqliteStore, tmp_path: Path
) -> None:
    await commit(store, Post(room="lobby", text="x"), React(room="lobby", seq=1, emoji="geheim"))
    await commit(store, Delete(room="lobby", seq=1))
    await store.scrub()
    assert traces(tmp_path) == {}
