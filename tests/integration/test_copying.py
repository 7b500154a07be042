"""From SQLite to PostgreSQL and back, while clients stay connected; and copies that were broken off, or come again."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import apsw
import asyncpg
import pytest

import hubbub
from hubbub.domain.aspects import RULES, emoji, people
from hubbub.domain.aspects.conversation.drafts import DRAFTS
from hubbub.domain.aspects.conversation.keywords import MentionByKeyword
from hubbub.domain.aspects.conversation.saved import SAVED
from hubbub.domain.aspects.emoji import AddEmoji, image_from
from hubbub.domain.aspects.former import EraseFormer, last_only
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.posts import PostInThread
from hubbub.domain.facts import Accepted, Proposal
from hubbub.domain.records import AnyTable
from hubbub.domain.rules import Rules
from hubbub.domain.threads import THREAD, Thread
from hubbub.domain.view import RoomView
from hubbub.events import Reference
from hubbub.protocol.commands.conversation import KeepDraft, Save
from hubbub.protocol.commands.reading import MarkRead
from hubbub.protocol.commands.rooms import ChangeRoom, Create
from hubbub.protocol.commands.threads import EndThread
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import thread_key
from hubbub.protocol.messages import Change, Delete, Edit, Patch, Post, React, Unreact
from hubbub.server.admin.copying import _copy
from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.reactors.base import go_round
from hubbub.server.stores.base import Activity, Store, StoreFailed, Token
from hubbub.server.stores.copier import Copier, Sums
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.postgres.tables import PostgresTables
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.store import SqliteStore
from hubbub.server.stores.sqlite.tables import SqliteTables
from hubbub.server.stores.sqlite.tokens import SqliteTokens
from hubbub.server.stores.tables import OWN, PAGE, Tables
from tests.support import commands
from tests.support.commands import Ran
from tests.support.counting import Counting
from tests.support.fakes import ADA, AT, GRACE, account
from tests.support.images import GIF, png
from tests.support.postgres import Postgres
from tests.support.rooms import ADA as ADA_AT_HOME
from tests.support.rooms import GRACE as GRACE_AT_HOME
from tests.support.rooms import ROOM_RULES, becoming
from tests.support.server import Server
from tests.support.site import Someone, site
from tests.support.team import Team
from tests.support.team_story import DAVE, EVERYTHING

EVENTS = int(os.environ.get("TEST_COPY", "2000"))


async def hubbub_command(*arguments: str | Path, store: str = "sqlite") -> Ran:
    return await commands.hubbub(*arguments, HUBBUB_STORE=store)


async def do(store: Store, *changes: Change) -> None:
    """Have changes made, each in a commit of its own."""
    for change in changes:
        (answer,) = (await store.commit([Proposal(ADA, change)], AT)).answers
        assert isinstance(answer, Accepted), answer


async def live_through(store: Store) -> None:
    """All kinds of events, in rooms of all kinds."""
    await store.commit(
        [Proposal(GRACE, Post(room="many", text=str(n))) for n in range(PAGE + 10)], AT
    )
    await do(
        store,
        Post(room="all", text="one", client_message_id="k"),
        Post(room="all", bytes=b"\0\xff"),
        Post(room="all", emitted_as="tick", arguments=[1, {"a": None}]),
        Edit(room="all", seq=1, text="eins"),
        React(room="all", seq=1, emoji="👍"),
        React(room="all", seq=2, emoji="👍"),
        Unreact(room="all", seq=2, emoji="👍"),
        Delete(room="all", seq=3),
        Patch(room="all", patch={"topic": "π", "n": 1.5}),
        *[Post(room="trimmed", text=str(n)) for n in range(5)],
        *[Post(room="Ä", text="only one"), Post(room="a", text="x"), Post(room="B", text="y")],
    )
    await store.trim("trimmed", 3)
    await store.trim("a", 1)


async def happen(store: Store) -> None:
    """What comes later, also to messages that were copied before."""
    await do(
        store,
        Edit(room="all", seq=1, text="uno"),
        Unreact(room="all", seq=1, emoji="👍"),
        React(room="all", seq=1, emoji="🎉"),
        Delete(room="all", seq=2),
        Post(room="all", text="two"),
        React(room="all", seq=14, emoji="🎉"),
        Patch(room="all", patch={"n": None}),
        Post(room="new", text="new"),
        Post(room="a", text="again"),
    )
    await store.trim("many", 7)
    await store.trim("trimmed", 4)


def give_tokens(directory: Path, *names: str, revoked: str = "") -> None:
    tokens = SqliteTokens(directory)
    for name in names:
        given = f"{name}-id", name, f"digest of {name}", ("read", "post"), ("a-*", "b")
        tokens.add(Token(*given, "2026-01-01T00:00:00Z", 2e9 + 0.25))
    if revoked:
        tokens.revoke(revoked, "2026-01-02T00:00:00Z")
    tokens.close()


@asynccontextmanager
async def sqlite(directory: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(directory, "full", lambda: "e1")
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def tables(place: Path | str, *, is_source: bool) -> AsyncIterator[Tables]:
    found: Tables
    if isinstance(place, Path):
        found = SqliteTables.of(place, is_source=is_source)
    else:
        found = await (PostgresTables.source if is_source else PostgresTables.target)(place)
    async with found:
        yield found


def silent(*_: object) -> None:
    """Progress that nobody looks at."""


async def copied(source: Path | str, target: Path | str, *, seals: bool = True) -> Sums:
    async with tables(source, is_source=True) as there, tables(target, is_source=False) as here:
        copier = Copier(there, here, silent)
        await copier.copy()
        sums = await copier.sums()
        if seals:
            await copier.seal()
        return sums


async def contents(store: Store) -> list[object]:
    """All that a store shows."""
    shown: list[object] = [store.epoch, *[await store.rows(table) for table in OWN]]
    for row in await store.rooms("", 100):
        head, bodies = await store.head(row.room), list[bytes]()
        while head.kept + len(bodies) <= head.seq:
            bodies += (await store.read(row.room, head.kept - 1 + len(bodies), head.seq)).bodies
        shown += [row, head, bodies, await store.snapshot(row.room, 50)]
    repeated = Post(room="all", text="?", client_message_id="k")
    return [*shown, (await store.commit([Proposal(ADA, repeated)], AT)).answers]


async def test_there_and_back_all_is_the_same_also_when_it_is_done_again(
    postgres: Postgres, tmp_path: Path
) -> None:
    first, last, url = tmp_path / "first", tmp_path / "last", await postgres.fresh()
    async with sqlite(first) as store:
        await live_through(store)
        await go_round(Counting(store), store)
    give_tokens(first, "ci", "old", revoked="old")
    sums = await copied(first, url)
    assert (sums.rooms, sums.tokens) == (6, 2)
    assert await copied(first, url) == sums, "nothing is new"
    async with sqlite(first) as store:
        await happen(store)
    give_tokens(first, "cd", revoked="ci")
    sums = await copied(first, url)
    assert await copied(url, last) == sums
    async with sqlite(last) as after:
        there = await contents(after)
    async with sqlite(first) as before:
        assert await contents(before) == there
    await same(first, url)


async def test_back_to_where_it_came_from_goes_what_was_added(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    async with sqlite(tmp_path) as store:
        await live_through(store)
    await copied(tmp_path, url)
    moved = await PostgresStore.open(url, "full", lambda: "e2")
    await happen(moved)
    await moved.close()
    await copied(url, tmp_path)
    await same(tmp_path, url)


class Broken(Exception):
    """Somebody pulled the plug."""


async def test_a_copy_that_was_broken_off_goes_on_where_it_was(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.server.stores.copier.EVENTS_A_FLUSH", 1)
    url = await postgres.fresh()
    async with sqlite(tmp_path) as store:
        await live_through(store)
    progress: list[tuple[int, int]] = []

    def watch(_: str, *so_far: int) -> None:
        progress.append((so_far[0], so_far[1]))
        if len(progress) == 4:
            raise Broken

    async with tables(tmp_path, is_source=True) as there, tables(url, is_source=False) as here:
        with pytest.raises(Broken):
            await Copier(there, here, watch).copy()
    (done, total) = progress[2]  # the last that was flushed
    with pytest.raises(StoreFailed, match="copy is unfinished"):
        await PostgresStore.open(url, "full", lambda: "e2")
    async with tables(url, is_source=True) as there, tables(tmp_path, is_source=False) as here:
        with pytest.raises(StoreFailed, match="copy is unfinished"):
            await Copier(there, here, silent).copy()
    async with tables(tmp_path, is_source=True) as there, tables(url, is_source=False) as here:
        copier = Copier(there, here, watch)
        await copier.copy()
        assert progress[4][1] == total - done
    async with sqlite(tmp_path) as store:
        await happen(store)
    await copied(tmp_path, url)
    await same(tmp_path, url)


async def same(directory: Path, url: str) -> None:
    """Look at two stores as a server does."""
    moved = await PostgresStore.open(url, "full", lambda: "e2")
    async with sqlite(directory) as store:
        assert await contents(store) == await contents(moved)
    await moved.close()


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE hubbub.message SET posted = replace(convert_from(posted, 'UTF8'), 'one', 'two')::bytea",
        "UPDATE hubbub.message SET edited = NULL WHERE seq = 1",
        "UPDATE hubbub.message SET client_message_id = 'l' WHERE client_message_id = 'k'",
        "DELETE FROM hubbub.reaction",
        "DELETE FROM hubbub.change WHERE seq = 5",
        "UPDATE hubbub.document SET value = '{}'",
    ],
)
async def test_a_difference_is_found(harm: str, postgres: Postgres, tmp_path: Path) -> None:
    url = await postgres.fresh()
    async with sqlite(tmp_path) as store:
        await live_through(store)
    await copied(tmp_path, url)
    connection = await asyncpg.connect(url)
    await connection.execute(harm)
    await connection.close()
    async with tables(tmp_path, is_source=True) as there, tables(url, is_source=False) as here:
        with pytest.raises(StoreFailed, match="'all' differs"):
            await Copier(there, here, silent).sums()


async def test_what_is_no_copy_of_it_is_never_written_over(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    async with sqlite(tmp_path / "ours") as store:
        await do(store, Post(room="a", text="x"))
    other = SqliteStore(tmp_path / "other", "full", lambda: "e9")
    await do(other, Post(room="a", text="y"))
    await other.close()
    await copied(tmp_path / "ours", url)
    with pytest.raises(StoreFailed, match=r"from another source .*; nothing was changed"):
        await copied(tmp_path / "other", url)
    with pytest.raises(StoreFailed, match=r"from another source .*; nothing was changed"):
        await copied(url, tmp_path / "other")
    moved = await PostgresStore.open(url, "full", lambda: "e2")
    await moved.beat()
    await do(moved, Post(room="a", text="z"))
    with pytest.raises(StoreFailed, match="a server is using this database"):
        await copied(tmp_path / "ours", url)
    await moved.close()
    with pytest.raises(
        StoreFailed, match="'a' is ahead in the target, at event 2; nothing was changed"
    ):
        await copied(tmp_path / "ours", url)
    moved = await PostgresStore.open(url, "full", lambda: "e2")
    assert (await moved.head("a")).seq == 2
    await moved.close()


async def test_what_went_another_way_is_not_mixed(postgres: Postgres, tmp_path: Path) -> None:
    url, ours = await postgres.fresh(), tmp_path / "ours"
    async with sqlite(ours) as store:
        await do(store, Post(room="a", text="x"))
    await copied(ours, url)
    moved = await PostgresStore.open(url, "full", lambda: "e2")
    await do(moved, Post(room="a", text="there"), React(room="a", seq=1, emoji="🎉"))
    await moved.close()
    async with sqlite(ours) as store:
        await do(store, *[Post(room="a", text=f"here {n}") for n in range(3)])
    with pytest.raises(StoreFailed, match="'a' has another history in the target: event 3 differs"):
        await copied(ours, url)
    moved = await PostgresStore.open(url, "full", lambda: "e2")
    assert (await moved.head("a")).seq == 3
    await moved.close()


async def test_tokens_that_are_there_are_not_written_over(
    postgres: Postgres, tmp_path: Path
) -> None:
    async with sqlite(tmp_path / "ours") as store:
        await do(store, Post(room="a", text="x"))
    async with sqlite(tmp_path / "other"):
        give_tokens(tmp_path / "other", "ci")
    database = apsw.Connection(str(tmp_path / "other" / FILE_NAME))
    database.execute("UPDATE meta SET value = 'e9' WHERE name = 'epoch'")
    database.close()
    with pytest.raises(StoreFailed, match=r"from another source .*; nothing was changed"):
        await copied(tmp_path / "ours", tmp_path / "other")


async def test_a_copy_that_was_refused_leaves_a_target_that_any_server_may_use(
    postgres: Postgres, tmp_path: Path
) -> None:
    url, file = await postgres.fresh(), tmp_path / "new"
    async with sqlite(tmp_path / "ours") as store:
        await do(store, Post(room="a", text="x"))
    await copied(tmp_path / "ours", tmp_path / "unfinished", seals=False)
    for target in (url, file):
        with pytest.raises(StoreFailed, match="copy is unfinished"):
            await copied(tmp_path / "unfinished", target)
    fresh = await PostgresStore.open(url, "full", lambda: "e5")
    assert fresh.epoch == "e5"
    await fresh.close()
    other = SqliteStore(file, "full", lambda: "e6")
    assert other.epoch == "e6"
    await other.close()


async def test_a_source_that_has_changed_since_is_not_taken_for_copied(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    store = await PostgresStore.open(url, "full", lambda: "e1")
    await do(store, Post(room="a", text="x"))
    async with tables(url, is_source=True) as there, tables(tmp_path, is_source=False) as here:
        copier = Copier(there, here, silent)
        await copier.copy()
        await copier.sums()
        assert await copier.is_current()
        await do(store, Post(room="a", text="y"))
        await there.renew()
        assert not await copier.is_current()
    await store.close()


async def test_whether_a_server_is_there_is_asked_before_the_time_that_comparing_takes(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was seen last as of one moment seems to be gone, if one thinks about it for long enough."""
    url = await postgres.fresh()
    store = await PostgresStore.open(url, "full", lambda: "e1")
    await do(store, Post(room="a", text="x"))
    steps: list[str] = []

    def noted(owner: type, name: str) -> None:
        act = getattr(owner, name)

        async def step(self: object) -> object:
            steps.append(name)
            return await act(self)

        monkeypatch.setattr(owner, name, step)

    noted(PostgresTables, "renew")
    noted(PostgresTables, "is_in_use")
    noted(Copier, "is_current")
    await _copy(url, f"sqlite:{tmp_path}")
    assert steps[-3:] == ["renew", "is_in_use", "is_current"]
    await store.close()


async def test_what_the_engine_says_amid_a_copy_is_said(tmp_path: Path) -> None:
    async with sqlite(tmp_path) as store:
        await do(store, Post(room="a", text="x"))
    with pytest.raises(StoreFailed, match=r"hubbub\.db: .*full"):
        async with tables(tmp_path, is_source=False):
            raise apsw.FullError("the disk is full")


async def test_messages_that_wait_in_the_outbox_are_not_left_behind(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    store = await PostgresStore.open(url, "full", lambda: "e1")
    await do(store, Post(room="a", text="x"))
    await store.close()
    await postgres.execute("SELECT hubbub.post('a', 'waits')", url.rpartition("/")[2])
    ran = await hubbub_command("db", "copy", url, f"sqlite:{tmp_path}")
    assert ran.code == 0 and "waiting in hubbub.outbox: 1. Start a server" in ran.err
    with pytest.raises(StoreFailed, match="copy is unfinished"):
        SqliteStore(tmp_path, "full", lambda: "e2")


async def test_who_may_not_make_tables_is_told_so(postgres: Postgres, tmp_path: Path) -> None:
    url = await postgres.fresh()
    await postgres.execute("CREATE ROLE poor LOGIN")
    async with sqlite(tmp_path) as store:
        await do(store, Post(room="a", text="x"))
    poor = url.replace("hubbub@", "poor@")
    ran = await hubbub_command("db", "copy", f"sqlite:{tmp_path}", poor)
    assert ran.code == 1 and "permission denied" in ran.err and "Traceback" not in ran.err


async def test_a_source_of_an_older_version_is_refused(tmp_path: Path) -> None:
    async with sqlite(tmp_path) as store:
        await do(store, Post(room="a", text="x"))
    database = apsw.Connection(str(tmp_path / FILE_NAME))
    database.execute("DROP TABLE token; PRAGMA user_version = 1")
    database.close()
    with pytest.raises(
        StoreFailed, match="older hubbub wrote the source: start this version on it once"
    ):
        await copied(tmp_path, tmp_path / "new")


async def fill(directory: Path, events: int) -> None:
    """So many posts in some rooms."""
    async with sqlite(directory) as store:
        for first in range(0, events, PAGE):
            posts = [
                Post(room=f"room-{n % 7}", text=f"text {n}") for n in range(first, first + PAGE)
            ]
            await store.commit([Proposal(GRACE, post) for post in posts], AT)


@pytest.mark.timeout(60 + EVENTS / 1_000)
async def test_clients_stay_connected_up_to_the_switch_and_resume_after_it(
    postgres: Postgres, tmp_path: Path
) -> None:
    data, url = tmp_path / "data", await postgres.fresh()
    await fill(data, EVENTS)
    sqlite_server = Server(data)
    async with sqlite_server, hubbub.connect(sqlite_server.url, name="ada") as ada:
        port = ("--port", str(sqlite_server.port))
        room = await ada.join("lobby")
        postgres_server = Server(tmp_path / "new", *port, environment={"HUBBUB_STORE": url})
        back, back_again = tmp_path / "back", Server(tmp_path / "back", *port)
        seen = 0
        for source, target, before, after in (
            (f"sqlite:{data}", url, sqlite_server, postgres_server),
            (url, f"sqlite:{back}", postgres_server, back_again),
        ):
            await room.post("before the first copy")
            began = time.monotonic()
            online = await hubbub_command("db", "copy", source, target)
            assert online.code == 0, online.err
            assert "run this command again" in online.err
            await room.post("before the switch")
            await before.terminate()
            switched = time.monotonic()
            last = await hubbub_command("db", "copy", source, target)
            assert last.code == 0 and "The copy is complete" in last.err
            print(
                f"{online.out}{switched - began:.1f} s; the last {time.monotonic() - switched:.1f} s"
            )
            await after.start()
            async with asyncio.timeout(30):
                await room.post("after the switch")
                async for event in room:
                    seen += 1
                    assert event.seq == seen
                    if isinstance(event, hubbub.Posted) and event.text == "after the switch":
                        break
        assert seen == 6
        await ada.close()
        await back_again.terminate()


async def test_a_copy_killed_from_outside_leaves_a_server_that_says_what_to_do(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    async with sqlite(tmp_path) as store:
        await do(store, Post(room="a", text="x"))
    await copied(tmp_path, url, seals=False)
    refused = await hubbub_command("serve", "--data", tmp_path / "new", store=url)
    assert refused.code == 1 and "`hubbub db copy` again" in refused.err
    assert (await hubbub_command("db", "copy", f"sqlite:{tmp_path}", url)).code == 0
    await (await PostgresStore.open(url, "full", lambda: "e2")).close()


async def test_a_backup_of_postgresql_is_a_file_that_can_be_served_or_restored(
    postgres: Postgres, tmp_path: Path
) -> None:
    url, file = await postgres.fresh(), tmp_path / "monday.db"
    store = await PostgresStore.open(url, "full", lambda: "e1")
    await store.beat()
    await live_through(store)
    made = await hubbub_command("backup", file, "--data", tmp_path, store=url)
    assert made.code == 0, made.err
    assert file.stat().st_mode & 0o777 == 0o600
    again = await hubbub_command("backup", file, "--data", tmp_path, store=url)
    assert again.code == 1 and "exists and will not be overwritten" in again.err
    await do(store, Post(room="all", text="later"))
    await store.beat()
    refused = await hubbub_command("restore", file, "--data", tmp_path, store=url)
    assert refused.code == 1 and "a server is using this database" in refused.err
    await store.close()
    restored = await hubbub_command("restore", file, "--data", tmp_path, store=url)
    assert (
        restored.code == 0 and "Kept the replaced data: the schema hubbub_replaced_" in restored.err
    )
    store = await PostgresStore.open(url, "full", lambda: "e2")
    assert store.epoch != "e1"
    assert (await store.head("all")).seq == 9
    served = await hubbub_command("restore", file, "--data", tmp_path / "served")
    assert served.code == 0, served.err
    async with sqlite(tmp_path / "served") as other:
        assert (await contents(other))[1:] == (await contents(store))[1:]
    await store.close()


class Place(NamedTuple):
    """Where data is: a database, or a directory."""

    store: str
    directory: Path

    async def opened(self, rules: Rules = RULES) -> Store:
        """The store there."""
        if self.store == "sqlite":
            return SqliteStore(self.directory, "full", lambda: "e1", rules)
        return await PostgresStore.open(self.store, "full", lambda: "e1", rules)

    async def back_up(self) -> None:
        """Write the backup."""
        await self._run("backup")

    async def restore(self) -> None:
        """Take the data of the backup. No store may be open."""
        await self._run("restore")

    async def _run(self, command: str) -> None:
        file = self.directory / "monday.db"
        ran = await hubbub_command(command, file, "--data", self.directory, store=self.store)
        assert ran.code == 0, ran.err


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> Place:
    """An empty one on each engine."""
    return Place("sqlite" if request.param == "sqlite" else await postgres.fresh(), tmp_path)


async def test_a_restore_does_not_bring_back_what_was_deleted_since(place: Place) -> None:
    store = await place.opened()
    await do(
        store,
        Post(room="a", text="unspeakable"),
        Post(room="a", text="stays"),
        Edit(room="a", seq=1, text="more unspeakable"),
        React(room="a", seq=1, emoji="👍"),
        Post(room="b", text="stays, too"),
    )
    await place.back_up()
    await do(store, Delete(room="a", seq=1), Post(room="a", text="lost"))
    await store.close()
    await place.restore()
    store = await place.opened()
    page = (await store.snapshot("a", 9)).page
    said = [(message.text, message.deleted, message.reactions) for message in page.messages]
    assert (page.head, said) == (4, [(None, True, None), ("stays", False, None)])
    bodies = (await store.read("a", 0, 9)).bodies
    assert [b"erased" in body for body in bodies] == [True, False, True, True]
    (other,) = (await store.snapshot("b", 9)).page.messages
    assert other.text == "stays, too"
    ((answer,), _) = await store.commit([Proposal(ADA, Edit(room="a", seq=1, text="?"))], AT)
    assert isinstance(answer, Refusal) and answer.code == "gone"
    await store.close()
    if place.store == "sqlite":
        assert b"unspeakable" not in (place.directory / FILE_NAME).read_bytes()


async def test_a_restore_over_what_can_not_be_read_says_what_that_means(tmp_path: Path) -> None:
    file = tmp_path / "monday.db"
    async with sqlite(tmp_path) as store:
        await do(store, Post(room="a", text="secret"))
    assert (await hubbub_command("backup", file, "--data", tmp_path)).code == 0
    (tmp_path / FILE_NAME).write_bytes(b"damaged" * 1000)
    restored = await hubbub_command("restore", file, "--data", tmp_path)
    assert restored.code == 0 and "deleted" in restored.err
    async with sqlite(tmp_path) as store:
        assert (await store.snapshot("a", 9)).page.head == 1


async def test_a_copy_that_is_brought_up_to_date_erases_what_was_deleted_since(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    async with sqlite(tmp_path) as store:
        await do(
            store, Post(room="a", text="secret"), Edit(room="a", seq=1, text="one more secret")
        )
    await copied(tmp_path, url)
    async with sqlite(tmp_path) as store:
        await do(store, Delete(room="a", seq=1), Post(room="a", text="new"))
    await copied(tmp_path, url)
    await same(tmp_path, url)
    assert b"secret" not in b"".join(await postgres.log("a", url))


@asynccontextmanager
async def last_only_in(directory: Path) -> AsyncIterator[SqliteStore]:
    """A store that keeps only the last text of each message."""
    store = SqliteStore(directory, "full", lambda: "e1", last_only(RULES))
    try:
        yield store
    finally:
        await store.close()


async def test_a_copy_that_is_brought_up_to_date_erases_what_was_edited_since(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    async with sqlite(tmp_path) as store:
        await do(store, *[Post(room="a", text="secret") for _ in range(3)])
        await do(store, *[Edit(room="a", seq=n, text="one more secret") for n in (1, 2)])
    await copied(tmp_path, url)
    async with last_only_in(tmp_path) as store:
        await do(store, *[Edit(room="a", seq=n, text="new") for n in (1, 3)])
        older = EraseFormer(room="a", edits=((2, 5),))
        await store.commit([Proposal(OPERATOR, older)], AT)
    await copied(tmp_path, url)
    await same(tmp_path, url)
    texts = [body.count(b"secret") for body in await postgres.log("a", url)]
    assert texts == [0, 0, 0, 0, 1, 0, 0, 0]


async def test_a_copy_goes_on_after_a_message_that_was_edited_since(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    async with sqlite(tmp_path) as store:
        await do(store, Post(room="a", text="secret"))
    await copied(tmp_path, url)
    async with last_only_in(tmp_path) as store:
        await do(store, Edit(room="a", seq=1, text="new"))
    await copied(tmp_path, url)
    await same(tmp_path, url)
    assert b"secret" not in b"".join(await postgres.log("a", url))


async def test_a_restored_message_says_what_it_said_then_though_it_was_edited_since(
    place: Place,
) -> None:
    store = await place.opened(last_only(RULES))
    await do(store, *[Post(room="a", text="first") for _ in range(2)])
    await do(store, Edit(room="a", seq=1, text="then"))
    await place.back_up()
    await do(store, *[Edit(room="a", seq=seq, text="since") for seq in (1, 2)])
    await store.close()
    await place.restore()
    store = await place.opened(last_only(RULES))
    view = RoomView()
    for body in (await store.read("a", 0, 9)).bodies:
        RULES.fold(view, RULES.events.decode(body))
    messages = (await store.snapshot("a", 9)).page.messages
    assert list(view.messages.values()) == messages
    assert [message.text for message in messages] == ["then", "first"]
    await store.close()


def drafting(text: str) -> Proposal:
    """What grace drafts."""
    return Proposal(GRACE_AT_HOME, KeepDraft(room=GRACE_AT_HOME.id, where="a", text=text))


def saving(note: str) -> Proposal:
    """What grace notes about a message that she saved."""
    of = Reference("a", 1)
    return Proposal(GRACE_AT_HOME, Save(room=GRACE_AT_HOME.id, of=of, note=note))


@pytest.mark.parametrize("table, keeping", [(DRAFTS, drafting), (SAVED, saving)])
async def test_a_restore_does_not_bring_back_former_drafts_and_notes(
    place: Place,
    table: AnyTable,
    keeping: Callable[[str], Proposal],
) -> None:
    store = await place.opened(ROOM_RULES)
    posted = Proposal(ADA, Post(room="a", text="x"))
    for deeds in ([becoming(GRACE_AT_HOME), posted], [keeping("unspeakable")]):
        for answer in (await store.commit(deeds, AT)).answers:
            assert isinstance(answer, Accepted), answer
    await place.back_up()
    await store.commit([keeping("lost")], AT)
    await store.close()
    await place.restore()
    store = await place.opened(ROOM_RULES)
    assert await store.rows(table) == []
    (body,) = (await store.read(GRACE_AT_HOME.id, 0, 9)).bodies
    assert b"erased" in body and b"unspeakable" not in body
    await store.close()


async def test_a_copy_that_is_brought_up_to_date_erases_former_drafts(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    for texts in (["one secret", "secret"], ["new"]):
        store = SqliteStore(tmp_path, "full", lambda: "e1", ROOM_RULES)
        await store.commit([becoming(GRACE_AT_HOME), *map(drafting, texts)], AT)
        await store.close()
        await copied(tmp_path, url)
    await same(tmp_path, url)
    assert b"secret" not in b"".join(await postgres.log(GRACE_AT_HOME.id, url))


async def test_a_copy_that_is_brought_up_to_date_knows_what_was_read_and_mentioned_meanwhile(
    postgres: Postgres, tmp_path: Path
) -> None:
    url, room = await postgres.fresh(), "@r000000000001"
    who, people = GRACE_AT_HOME, (GRACE_AT_HOME, ADA_AT_HOME)
    made = Create(room=who.id, kind="open", title="x", key=room, who=(ADA_AT_HOME.id,))
    posted = Proposal(ADA_AT_HOME, Post(room=room, text="deploy"))
    mention = MentionByKeyword(room=who.id, where=room, where_seq=4, by=ADA_AT_HOME.id)
    for deeds in (
        [*map(becoming, people), Proposal(who, made), posted, posted],
        [Proposal(who, MarkRead(room=room, upto=3)), Proposal(who, mention)],
    ):
        store = SqliteStore(tmp_path, "full", lambda: "e1", ROOM_RULES)
        answers = (await store.commit(deeds, AT)).answers
        assert all(isinstance(answer, Accepted) for answer in answers), answers
        await store.close()
        await copied(tmp_path, url)
    await same(tmp_path, url)
    copy = await PostgresStore.open(url, "full", lambda: "e1", ROOM_RULES)
    [row] = await copy.own_rooms(who.id)
    assert (row.read, row.unread, row.mentions) == (3, 2, 1)
    await copy.close()


HOME = "@r000000000001"
THREAD_AT_HOME = thread_key(HOME, 4)


async def reply_at_home(store: Store) -> None:
    """Have a thread with a title and four replies, of which the first was trimmed, and one deleted."""
    who = GRACE_AT_HOME
    made = Create(room=who.id, kind="open", title="x", key=HOME, who=(ADA_AT_HOME.id,))
    said: list[Change] = [Post(room=HOME, text="root", title="Kettles")]
    said += [PostInThread(room=THREAD_AT_HOME, text=f"reply {n}", root_by=who.id) for n in range(4)]
    said.append(Delete(room=THREAD_AT_HOME, seq=3))
    said.append(ChangeRoom(room=THREAD_AT_HOME, title="Kettles and pots"))
    people = (GRACE_AT_HOME, ADA_AT_HOME)
    deeds = [*map(becoming, people), Proposal(who, made), *(Proposal(who, each) for each in said)]
    answers = (await store.commit(deeds, AT)).answers
    assert all(isinstance(answer, Accepted) for answer in answers), answers
    await store.trim(THREAD_AT_HOME, 2)


@asynccontextmanager
async def at_home(directory: Path) -> AsyncIterator[SqliteStore]:
    """A store that knows how people become what they are."""
    store = SqliteStore(directory, "full", lambda: "e1", ROOM_RULES)
    try:
        yield store
    finally:
        await store.close()


async def thread_at_home(store: Store) -> Thread:
    """What the room shows of it."""
    [row] = await store.rows(THREAD, THREAD_AT_HOME)
    return row


async def test_a_restore_that_deletes_again_leaves_threads_as_they_are(place: Place) -> None:
    store = await place.opened(ROOM_RULES)
    await reply_at_home(store)
    await place.back_up()
    before = await thread_at_home(store)
    deletes = [Delete(room=THREAD_AT_HOME, seq=4), Delete(room=HOME, seq=4)]
    await store.commit([Proposal(GRACE_AT_HOME, each) for each in deletes], AT)
    await store.close()
    await place.restore()
    store = await place.opened(ROOM_RULES)
    assert (before.replies, before.title) == (3, "Kettles and pots")
    assert await thread_at_home(store) == before._replace(replies=2, title="")
    assert "pots" not in str((await store.read(THREAD_AT_HOME, 2, 99)).bodies)
    [own] = (await store.own_threads(GRACE_AT_HOME.id, Activity(), 9)).threads
    assert own.thread.replies == 2
    await store.close()


async def test_a_copy_that_is_brought_up_to_date_shows_threads_as_they_are(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.fresh()
    async with at_home(tmp_path) as store:
        await reply_at_home(store)
    await copied(tmp_path, url)
    async with at_home(tmp_path) as store:
        later: list[Change] = [
            Delete(room=THREAD_AT_HOME, seq=4),
            PostInThread(room=THREAD_AT_HOME, text="later", root_by=GRACE_AT_HOME.id),
            ChangeRoom(room=THREAD_AT_HOME, title="Pots"),
            EndThread(room=THREAD_AT_HOME),
            Delete(room=HOME, seq=4),
        ]
        await store.commit([Proposal(GRACE_AT_HOME, each) for each in later], AT)
        row = await thread_at_home(store)
    await copied(tmp_path, url)
    await same(tmp_path, url)
    copy = await PostgresStore.open(url, "full", lambda: "e1", ROOM_RULES)
    assert await thread_at_home(copy) == row
    assert (row.replies, row.title, row.ended_at) == (3, "", AT)
    assert "pots" not in str((await copy.read(THREAD_AT_HOME, 2, 99)).bodies)
    await copy.close()


async def test_applications_may_still_post_after_a_restore(
    postgres: Postgres, tmp_path: Path
) -> None:
    url, file = await postgres.fresh(), tmp_path / "monday.db"
    database = url.rpartition("/")[2]
    store = await PostgresStore.open(url, "full", lambda: "e1")
    await do(store, Post(room="a", text="x"))
    await store.close()
    await postgres.execute('CREATE ROLE "the shop" LOGIN')
    await postgres.execute('GRANT USAGE ON SCHEMA hubbub TO "the shop"', database)
    for command in ("backup", "restore"):
        ran = await hubbub_command(command, file, "--data", tmp_path, store=url)
        assert ran.code == 0, ran.err
    shop = await asyncpg.connect(url, user="the shop")
    assert await hubbub.post_in_transaction(shop, "a", "hello")
    await shop.close()


async def test_a_restore_that_fails_leaves_what_was_there(
    postgres: Postgres, tmp_path: Path
) -> None:
    url, file = await postgres.fresh(), tmp_path / "monday.db"
    store = await PostgresStore.open(url, "full", lambda: "e1")
    await do(store, Post(room="a", text="x"))
    await store.close()
    assert (await hubbub_command("backup", file, "--data", tmp_path, store=url)).code == 0
    database = apsw.Connection(str(file))
    database.execute("UPDATE message SET seq = 2")  # there is a hole
    database.close()
    failed = await hubbub_command("restore", file, "--data", tmp_path, store=url)
    assert failed.code == 1 and "lacks events" in failed.err
    store = await PostgresStore.open(url, "full", lambda: "e2")
    assert (store.epoch, (await store.head("a")).seq) == ("e1", 1)
    await store.close()


@pytest.mark.parametrize("address", ["mysql://u:hunter2@x", "postgre://u:hunter2@h/db", "data", ""])
async def test_an_address_of_neither_kind_is_refused_and_not_repeated(address: str) -> None:
    ran = await hubbub_command("db", "copy", "sqlite:data", address)
    assert ran.code == 2 and "Invalid target: use sqlite:DIRECTORY or postgres://" in ran.err
    assert "hunter2" not in ran.err


async def test_accounts_and_the_audit_log_come_along(postgres: Postgres, tmp_path: Path) -> None:
    first, last, url = tmp_path / "first", tmp_path / "last", await postgres.fresh()
    async with sqlite(first) as store:
        team = Team(store)
        await team.begin()
    await copied(first, url, seals=False)
    async with sqlite(first) as store:
        team = Team(store)
        for by, change in EVERYTHING:  # what a copy made before does not have
            await team.do(by, change)
        for name, image in (("parrot", GIF), ("grey", png())):
            added = AddEmoji(name=name, image=image_from(image))
            assert await team.code(OPERATOR, added) is None
        grace = account("grace").id  # whom dave blocks
        direct = Create(room=DAVE, kind="direct", who=(grace,), key="@r000000000001")
        await store.commit([Proposal(account("dave"), direct)], AT)
        rows = [await store.rows(table) for table in RULES.tables]
        rooms = await store.rooms("", 100)
    await copied(first, url)
    await copied(url, last)
    async with sqlite(last) as store:
        assert [await store.rows(table) for table in RULES.tables] == rows
        assert await store.rooms("", 100) == rooms
        assert len(await Team(store).audited()) > 20
        full = [table for aspect in (*people.ASPECTS, emoji.ASPECT) for table in aspect.tables]
        assert all(rows[RULES.tables.index(table)] for table in full)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_a_restore_brings_accounts_and_rooms_back_and_ends_all_sessions(
    engine: str, postgres: Postgres, tmp_path: Path
) -> None:
    where = await postgres.fresh() if engine == "postgres" else "sqlite"
    data, file = tmp_path / "data", tmp_path / "monday.db"
    async with site(data, store=where) as here:
        grace = await here.ada.bring_in("grace")
        closed = {"kind": "closed", "title": "Plans", "who": [grace.account]}
        room = (await here.ada.ask("POST", "/rooms", closed)).body["made"]
        made = await here.ada.ask("POST", "/me/tokens", {"name": "ci", "scopes": ["read"]})
        copied = await hubbub_command("backup", file, "--data", data, store=where)
        assert copied.code == 0, copied.err
    restored = await hubbub_command("restore", file, "--data", data, store=where)
    assert restored.code == 0, restored.err
    settings = Settings(data=data, host="127.0.0.1", port=0, guests="off", store=where)
    async with running(settings) as server, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{server.port}"
        assert (await Someone(http, url, grace.token).ask("GET", "/me")).status == 401
        back = await Someone(http, url).log_in("grace")
        members = (await back.ask("GET", f"/rooms/{room}/members")).body["members"]
        assert {each["handle"] for each in members} == {"ada", "grace"}
        script = Someone(http, url, made.body["token"])
        assert (await script.ask("GET", f"/rooms/{room}")).status == 200
