"""Any write and any flush of the database may fail: no answer is wrong, and it goes on by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest

from hubbub.domain.access import RoomKind
from hubbub.domain.facts import Accepted, Answer, Proposal
from hubbub.protocol.messages import Delete, Edit, Post
from hubbub.server.admin.index import look
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.indexing import Indexing
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.sqlite import store as sqlite
from hubbub.server.stores.sqlite.store import SqliteStore
from hubbub.server.stores.sqlite.tables import SqliteTables
from tests.support.disks import FailingDisk
from tests.support.fakes import ADA, AT

COMMITS = 4
SOUND = apsw.Connection


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FailingDisk:
    disk = FailingDisk()
    monkeypatch.setattr(apsw, "Connection", partial(apsw.Connection, vfs=disk.name))
    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 8)  # so that checkpoints fail, too
    return disk


@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError], ids=["EIO", "ENOSPC"])
@pytest.mark.parametrize("act", ["read", "write", "flush"])
async def test_whichever_fails_nothing_acknowledged_is_lost_or_doubled(
    act: str, error: type[apsw.Error], disk: FailingDisk, tmp_path: Path
) -> None:
    number, refusals = 0, 0
    while len(disk.failed) == number:
        number += 1
        store = open_store(tmp_path / str(number))
        disk.fail(act, number, error)
        answers = [await tried(store, n) for n in range(COMMITS)]
        refusals += answers.count(None)
        disk.work()
        again = [await tried(store, n) for n in range(COMMITS)]  # with nobody's help
        assert None not in again
        assert seqs(again) == {n + 1 for n in range(COMMITS)}
        assert all(first in (None, later) for first, later in zip(answers, again, strict=True))
        assert (await store.head("lobby")).seq == COMMITS
        await store.close()
        await found_again(tmp_path / str(number))
    print(f"{number - 1} acts failed, {refusals} commits were refused")
    assert refusals >= (1 if act == "read" else COMMITS)  # it seldom needs to read


@pytest.mark.parametrize("name", ["head", "read", "snapshot", "history", "document", "rooms"])
async def test_whichever_read_fails_it_says_so_and_the_next_is_right(
    name: str, disk: FailingDisk, tmp_path: Path
) -> None:
    reads: dict[str, Callable[[SqliteStore], Awaitable[Any]]] = {
        "head": lambda store: store.head("lobby"),
        "read": lambda store: store.read("lobby", 0, COMMITS),
        "snapshot": lambda store: store.snapshot("lobby", 50),
        "history": lambda store: store.history("lobby", None, None, 50),
        "document": lambda store: store.document("lobby"),
        "rooms": lambda store: store.rooms("", 10),
    }
    store = open_store(tmp_path)
    await store.commit([post(n) for n in range(COMMITS)], AT)
    truth, number = await reads[name](store), 0
    while len(disk.failed) == number:
        number += 1
        await store.close()
        store = open_store(tmp_path)  # with nothing in memory
        disk.fail("read", number, apsw.IOError)
        try:
            assert await reads[name](store) == truth
        except StoreFailed:
            assert len(disk.failed) == number
        disk.work()
        assert await reads[name](store) == truth
    await store.close()
    assert number > 1, "nothing was read"


async def test_after_a_failed_flush_nothing_more_is_acknowledged_on_that_connection(
    disk: FailingDisk, tmp_path: Path
) -> None:
    store = open_store(tmp_path)
    distrusted = store._database
    disk.fail("flush", 1, apsw.IOError)
    with pytest.raises(StoreFailed):
        await store.commit([post(0)], AT)
    with pytest.raises(apsw.ConnectionClosedError):
        distrusted.execute("SELECT 1")
    assert await tried(store, 0) == Accepted(1, AT)
    await store.close()


async def test_commits_that_already_wait_when_one_fails_start_from_what_is_in_the_file(
    disk: FailingDisk, tmp_path: Path
) -> None:
    store = open_store(tmp_path)
    assert await tried(store, 0)
    disk.fail("flush", 2, apsw.IOError)
    commits = [store.commit([post(n)], AT) for n in range(1, 5)]
    outcomes = await asyncio.gather(*commits, return_exceptions=True)
    assert sum(isinstance(outcome, StoreFailed) for outcome in outcomes) == 1
    again = [await tried(store, n) for n in range(5)]
    assert seqs(again) == {1, 2, 3, 4, 5}
    await store.close()


@pytest.mark.parametrize("act", ["write", "flush"])
async def test_whichever_fails_while_it_indexes_the_index_is_whole_afterwards(
    act: str, disk: FailingDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds, step = 0, 3 if act == "write" else 1
    while len(disk.failed) == rounds:
        rounds += 1
        directory = tmp_path / str(rounds)
        store = open_store(directory)
        for n in range(COMMITS):
            await tried(store, n)
        await store.index("lobby", 0, 2)
        disk.fail(act, rounds * step, apsw.FullError)
        failures = [await failed(store, each) for each in (index, edit, delete, index)]
        disk.work()
        assert [n for n in range(COMMITS) if await tried(store, n) is None] == []
        for again in (edit, delete):
            await failed(store, again)
        assert not await failed(store, index)
        await store.close()
        assert len(disk.failed) < rounds or any(failures)
        with monkeypatch.context() as patch:
            patch.setattr(apsw, "Connection", SOUND)
            async with SqliteTables.of(directory, is_source=True) as tables:
                assert await look(tables) == (COMMITS - 1, [])
    assert rounds > 3


async def index(store: SqliteStore) -> None:
    assert await go_round(Indexing(store, lambda: 0, frozenset({RoomKind.FREE})), store)


async def edit(store: SqliteStore) -> None:
    await store.commit([Proposal(ADA, Edit(room="lobby", seq=1, text="other words"))], AT)


async def delete(store: SqliteStore) -> None:
    await store.commit([Proposal(ADA, Delete(room="lobby", seq=2))], AT)


async def failed(store: SqliteStore, act: Callable[[SqliteStore], Awaitable[None]]) -> bool:
    try:
        await act(store)
    except StoreFailed:
        return True
    return False


def open_store(directory: Path) -> SqliteStore:
    return SqliteStore(directory, "full", lambda: "e1")


def post(number: int) -> Proposal:
    text = f"{number} {'x' * 5_000}"  # more than a page
    return Proposal(ADA, Post(room="lobby", text=text, client_message_id=str(number)))


async def tried(store: SqliteStore, number: int) -> Accepted | None:
    """The first answer to a post; none if the store failed."""
    try:
        (answer,) = (await store.commit([post(number)], AT)).answers
    except StoreFailed:
        return None
    return first_of(answer)


def first_of(answer: Answer) -> Accepted:
    assert isinstance(answer, Accepted) and answer.seq is not None
    return Accepted(answer.seq, answer.at)


def seqs(answers: list[Accepted | None]) -> set[int | None]:
    return {answer.seq for answer in answers if answer is not None}


async def found_again(directory: Path) -> None:
    """Who opens the file next finds it whole."""
    store = open_store(directory)
    page = await store.read("lobby", 0, COMMITS)
    assert len(page.bodies) == COMMITS
    await store.close()
