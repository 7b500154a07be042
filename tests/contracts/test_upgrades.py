"""Databases of former versions, as large as TEST_UPGRADE says (in messages), are upgraded by whoever opens them first.

`make upgrade` does it with a million messages, and prints how long it takes.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Accepted, Head
from hubbub.domain.principals import Principal, Role, Scope
from hubbub.events import Edited, Posted
from hubbub.protocol.messages import Delete, Post
from hubbub.server.stores import migrations
from hubbub.server.stores.base import Store, untold
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.schema import TRACES
from tests.support import former
from tests.support.fakes import guest
from tests.support.former import FormerRoom
from tests.support.postgres import Postgres
from tests.support.stores import commit, nths

SIZE = int(os.environ.get("TEST_UPGRADE", "2000"))
ROWS_AT_ONCE = 10_000 if SIZE > 100_000 else 300
MISCOUNTED = """
    SELECT count(*) FROM (
        SELECT nth, row_number() OVER (PARTITION BY room ORDER BY seq) AS counted FROM {}message
    ) AS message WHERE nth <> counted
"""

MODERATOR = Principal("mod", Role.TOKEN, "app/token/1", frozenset({Scope.POST, Scope.MODERATE}))

pytestmark = pytest.mark.timeout(120 + SIZE // 300)

Address = tuple[str, Path]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "ROWS_AT_ONCE", ROWS_AT_ONCE)


@pytest.fixture
def make(tmp_path: Path, postgres: Postgres) -> Callable[[str], Awaitable[Address]]:
    """Makes a database as a former version left it; returns where it is."""

    async def made(version: str) -> Address:
        if version in former.SQLITE:
            await asyncio.to_thread(former.make_sqlite, tmp_path, version, SIZE)
            return "sqlite", tmp_path
        url = await postgres.fresh()
        await former.make_postgres(url, version, SIZE)
        return url, tmp_path

    return made


Make = Callable[[str], Awaitable[Address]]


async def opened(address: Address, progress: Any = untold) -> Store:
    return await kind_of(address[0]).open(*address, "full", lambda: "other", RULES, progress)


async def miscounted(address: Address) -> int:
    """How many messages have another `nth` than one who counts them."""
    url, directory = address
    if url == "sqlite":
        with closing(apsw.Connection(str(directory / FILE_NAME))) as database:
            found: int = database.execute(MISCOUNTED.format("")).get
            return found
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchval(MISCOUNTED.format("hubbub."))
    finally:
        await connection.close()
    return found


async def check(store: Store, room: FormerRoom) -> None:
    """The room is what it was, so that all who follow it go on where they were."""
    posted = [event.seq for event in room.last if isinstance(event, Posted)]
    head = Head(len(room.log), room.kept, len(posted))
    assert await store.head(room.name) == head
    assert await nths(store, room.name) == {seq: n for n, seq in enumerate(posted, start=1)}
    position = room.kept - 1 + len(room.last) // 3
    bodies: list[bytes] = []
    while page := (await store.read(room.name, position + len(bodies), head.seq)).bodies:
        bodies += page
    assert bodies == [room.body(event, erases=True) for event in room.log[position:]]
    shown = (await store.history(room.name, None, None, 5)).messages
    assert [message.seq for message in shown] == posted[-5:]
    assert (await store.document(room.name)).seq == room.patched
    first = next(
        event for event in room.last if isinstance(event, Posted) and event.client_message_id
    )
    again = Post(room=room.name, text="again", client_message_id=first.client_message_id)
    (retry,), _ = await commit(store, again, by=guest(first.by))
    assert retry == Accepted(first.seq, first.at, is_duplicate=True)


async def check_goes_on(store: Store, room: FormerRoom) -> None:
    """Whoever posts there is counted next, and whatever is deleted there is erased with its edits."""
    before = await store.head(room.name)
    edit = next(e for e in room.last if isinstance(e, Edited) and e.message not in room.deleted)
    await commit(store, Post(room=room.name, text="new"), by=MODERATOR)
    assert await store.head(room.name) == Head(before.seq + 1, before.kept, before.nth + 1)
    assert (await nths(store, room.name))[before.seq + 1] == before.nth + 1
    await commit(store, Delete(room=room.name, seq=edit.message), by=MODERATOR)
    (body,) = (await store.read(room.name, edit.seq - 1, edit.seq)).bodies
    event = RULES.events.decode(body)
    assert isinstance(event, Edited) and event.erased


@pytest.mark.parametrize("version", former.VERSIONS)
async def test_whoever_opens_a_former_database_finds_all_as_it_was_and_every_message_counted(
    make: Make, version: str
) -> None:
    address = await make(version)
    told: list[tuple[int, int]] = []
    began = time.monotonic()
    store = await opened(address, lambda _, done, total: told.append((done, total)))
    took = time.monotonic() - began
    try:
        print(f"\n{version}: {SIZE:,} messages upgraded in {took:.1f} s")
        assert told == sorted(told) and told[0][0] == 0 and told[-1][0] == told[-1][1]
        assert len(told) > SIZE // ROWS_AT_ONCE // 2
        assert store.epoch == former.EPOCH
        assert await miscounted(address) == 0
        some = [room for room in former.rooms(SIZE) if room.id < 10]
        for room in some:
            await check(store, room)
        await check_goes_on(store, some[0])
    finally:
        await store.close()


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 1])
@pytest.mark.parametrize("version", former.VERSIONS)
async def test_who_is_killed_during_an_upgrade_leaves_all_as_it_was_for_the_next(
    make: Make, version: str, share: float
) -> None:
    address = await make(version)
    words = (*map(str, address), str(share), str(ROWS_AT_ONCE))
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.former.killed", *words)
    )
    assert await program.wait() == -signal.SIGKILL
    store = await opened(address)
    try:
        assert await miscounted(address) == 0
        for room in former.rooms(SIZE):
            if room.id in {1, 7}:
                await check(store, room)
    finally:
        await store.close()


async def test_traces_are_removed_by_the_next_if_whoever_upgraded_was_killed_before(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = await make("sqlite_2")
    with monkeypatch.context() as patch:
        patch.setattr("hubbub.server.stores.sqlite.schema._remove_traces", lambda _: None)
        await (await opened(address)).close()
    with closing(apsw.Connection(str(address[1] / FILE_NAME))) as database:
        marked = "SELECT count(*) FROM meta WHERE name = ?"
        assert database.execute(marked, (TRACES,)).get == 1
        await (await opened(address)).close()
        assert database.execute(marked, (TRACES,)).get == 0
