"""Deleted is nowhere, whatever people wrote: a word of its own in each field, by each way in which it goes.

Fields, commands, events and tables come from the code's own lists. What stays is in tables below, with the reason.
"""

import fnmatch
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import MessageKey
from hubbub.events import Reference
from hubbub.protocol.commands.conversation import KeepDraft, Unsave
from hubbub.protocol.messages import Delete, Edit
from hubbub.server.people.removing import finish_all, removal_of
from hubbub.server.reactors.former import Former
from hubbub.server.reactors.retention import TOLD_DAYS, Retention
from hubbub.server.stores.base import Store, untold
from hubbub.server.stores.copier import Copier
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.everything import MANY, TABLES, answers, bodies, everything, index
from tests.support.fakes import MemoryStore, account
from tests.support.lived import RITA, Life
from tests.support.marks import FIELDS, NOT_WRITTEN, marks_in, places_of, written
from tests.support.postgres import Postgres
from tests.support.stores import STORES
from tests.support.team import Team

INDEXES = ("terms of the index", "search_entry")
Left = dict[str, set[str]]  # fields whose words are left, and where they are


@pytest.fixture(params=["memory", "sqlite, normal", "postgres"])
async def lived(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres
) -> AsyncIterator[tuple[Team, Life]]:
    store = await STORES[request.param](tmp_path, postgres)
    yield await lived_in(store)
    await store.close()


async def lived_in(store: Store) -> tuple[Team, Life]:
    team = Team(store)
    await team.begin()
    life = Life(team.do, account("ada"))
    await life.live()
    await index(store)
    return team, life


# --- the words are everywhere ---

ANYWHERE = ("address", "client_message_id")  # fields that all commands have, be they said or not
NEVER = {"PostInThread.title": "a thread has a title of its own"}


async def test_people_write_in_every_field_of_every_command() -> None:
    _, life = await lived_in(MemoryStore())
    said = marks_in(life.changes)
    assert {each for each in FIELDS if not each.endswith(ANYWHERE)} - NEVER.keys() <= said


OTHERWISE = {  # texts that other tables and logs hold than what an account writes
    "token.name": "names an application; an operator chose it",
    "vapid_key.name": "is always the same word",
}


async def test_every_text_that_is_kept_is_one_of_those() -> None:
    store = (await lived_in(MemoryStore()))[0].store
    columns = {f"{t.name}.{c.name}": c for t in TABLES for c in t.columns if c.kind in (str, bytes)}
    seen = {
        f"{table.name}.{column}"
        for table in TABLES
        for row in await store.rows(table)
        for column, value in row._asdict().items()
        if marks_in(value)
    }
    hidden = {each for each, column in columns.items() if column.name in NOT_WRITTEN}
    assert columns.keys() - hidden - OTHERWISE.keys() == seen - hidden
    fields = {f"{kind.__name__}.{name}" for kind in RULES.events.kinds for name in written(kind)}
    told = {
        place
        for row in await store.rooms("", MANY)
        for body in await bodies(store, row.room)
        for event in [RULES.events.decode(body)]
        for place, marks in places_of(type(event), event)
        if marks
    }
    assert fields == told


@pytest.mark.parametrize("kind", ["sqlite, normal", "postgres"])
async def test_the_index_has_the_words_of_messages(
    kind: str, tmp_path: Path, postgres: Postgres
) -> None:
    store = await STORES[kind](tmp_path, postgres)
    await lived_in(store)
    held = {name: rows for name, rows in (await everything(store)).items() if name in INDEXES}
    await store.close()
    assert "Edit.text" in marks_in(held)  # what all messages say by now


# --- the words are gone ---


async def delete(team: Team, life: Life) -> None:
    for room, seq in life.ritas:
        assert await team.code(RITA, Delete(room=room, seq=seq)) is None


async def let_go(team: Team, life: Life) -> None:
    for room, seq in life.marys:
        for change in (
            Unsave(room=RITA.id, of=Reference(room, seq)),
            KeepDraft(room=RITA.id, where=room),
        ):
            assert await team.code(RITA, change) is None


async def edit(team: Team, life: Life) -> None:
    for room, seq in life.ritas:
        _, [found] = await team.store.messages([MessageKey(room, seq)])
        assert found
        alts = {each.file: "" for each in found.message.files or ()} or None  # else they stay
        assert await team.code(RITA, Edit(room=room, seq=seq, text="stays", alts=alts)) is None
    former = Former(team.store, team.do)
    for room in dict.fromkeys(room for room, _ in life.ritas):
        done, head = 0, (await team.store.head(room)).seq
        while done < head:
            done = await former.step(room, done, head)


async def remove(team: Team, _: Life) -> None:
    assert await team.code("ada", await removal_of(team.store, RITA.id)) is None
    await finish_all(team.store, team.do)


async def remove_all(team: Team, _: Life) -> None:
    change = await removal_of(team.store, RITA.id, erases_messages=True)
    assert await team.code("ada", change) is None
    await finish_all(team.store, team.do)


async def grow_old(team: Team, _: Life) -> None:
    now = datetime.fromtimestamp(team.now, UTC) + timedelta(days=TOLD_DAYS + 1)
    retention = Retention(team.store, 0, 1, lambda: now)
    for row in await team.store.rooms("", MANY):
        if retention.reads(row.room):
            await retention.step(row.room, 0, row.head)


class Way(NamedTuple):
    """A way in which something goes: the commands whose words it takes, and those that stay nevertheless, with the reason."""

    act: Callable[[Team, Life], Awaitable[None]]
    takes: frozenset[str]
    leaves: dict[str, str]


PREVIEWS = frozenset({"ShowPreviews", "RemovePreview"})
MESSAGES = frozenset({"Post", "PostInThread", "Edit", "an answer", "a file", *PREVIEWS})
REACTIONS = frozenset({"React", "Unreact"})
ALL = frozenset(field.partition(".")[0] for field in FIELDS)
RETRY = {"*.client_message_id": "programs make it up, and a retry is still known by it"}
SHARED = {  # what a removed account leaves
    **RETRY,
    "Create.*": "a room keeps its former title, topic and alias in its log",
    "ChangeRoom.*": "they belong to the room",
    "Patch.patch": "the state document belongs to the room",
    "AddEmoji.name": "emoji belong to the server",
    "RemoveEmoji.name": "the audit log keeps the names of emoji",
    "an image": "emoji belong to the server",
    "a room": "the name of a free room is its key",
}
WAYS = {
    "deleting": Way(delete, MESSAGES, RETRY),
    "editing, where only last texts are kept": Way(
        edit,
        MESSAGES - {"an answer"},
        RETRY
        | {
            "*.emitted_as": "the message is still of that kind",
            "a file": "the message still shows it",
            "Post.title": "and its thread goes on",
        },
    ),
    "keeping no more": Way(let_go, frozenset({"Save", "KeepDraft"}), RETRY),
    "removing": Way(remove, ALL - MESSAGES - REACTIONS, SHARED),
    "removing all": Way(remove_all, ALL, SHARED),
    "retention": Way(
        grow_old,
        MESSAGES | REACTIONS | {"Pin", "Patch", "ChangePerson", "AddPerson", "OpenSession"},
        {
            "Patch.patch": "the document is what the room is like now",
            "AddPerson.*": "the account is there",
            "ChangePerson.*": "the account is there",
            "OpenSession.*": "the session is there",
        },
    ),
}


async def left_in(store: Store) -> Left:
    """The fields whose words are left in a store, and where."""
    await store.scrub()
    found = [*(await everything(store)).items(), *[each async for each in answers(store)]]
    if isinstance(store, SqliteStore):
        files = [file for file in store._directory.iterdir() if file.is_file()]
        found += [(file.name, file.read_bytes()) for file in files]
    left: Left = {}
    for place, said in found:
        for field in marks_in(said):
            left.setdefault(field, set()).add(place)
    return left


def unexpected(left: Left, way: Way) -> Left:
    """What is left without a reason."""
    return {
        field: where
        for field, where in left.items()
        if field.partition(".")[0] in way.takes
        and not any(fnmatch.fnmatch(field, each) for each in way.leaves)
    }


def check(left: Left, way: Way) -> None:
    """Nothing is left but what has a reason, and whatever has one is left."""
    assert unexpected(left, way) == {}
    assert [each for each in way.leaves if not fnmatch.filter(left, each)] == []


@pytest.mark.parametrize("way", WAYS)
async def test_what_goes_is_nowhere(lived: tuple[Team, Life], way: str) -> None:
    team, life = lived
    await WAYS[way].act(team, life)
    check(await left_in(team.store), WAYS[way])


# --- copies ---


class Place(NamedTuple):
    """Where a store is: its address and directory in the settings, and its address as one end of a copy."""

    store: str
    data: Path
    end: str

    async def open(self) -> Store:
        return await kind_of(self.store).open(
            self.store, self.data, "normal", lambda: "e1", RULES, untold
        )

    async def back_up(self, file: Path) -> None:
        await kind_of(self.store).back_up(self.store, self.data, file, untold)


async def copy(source: Place, target: Place) -> None:
    async with (
        await kind_of(source.store).open_tables(source.end, is_source=True) as there,
        await kind_of(target.store).open_tables(target.end, is_source=False) as here,
    ):
        copier = Copier(there, here, untold)
        await copier.copy()
        await copier.sums()
        await copier.seal()


@pytest.mark.parametrize("way", ["deleting", "removing all"])
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_what_went_is_in_no_copy_backup_or_restored_backup(
    engine: str, way: str, tmp_path: Path, postgres: Postgres
) -> None:
    url = await postgres.fresh()
    place = Place("sqlite", tmp_path / "a", f"sqlite:{tmp_path / 'a'}")
    other = Place(url, tmp_path / "b", url)
    if engine == "postgres":  # each is copied to the other
        place, other = other, place
    team, life = await lived_in(await place.open())
    await place.back_up(tmp_path / "before")
    await copy(place, other)
    await WAYS[way].act(team, life)
    await team.store.scrub()
    await place.back_up(tmp_path / "after")
    await team.store.close()
    await copy(place, other)
    copied = await other.open()
    left = {field: {"backup"} for field in marks_in((tmp_path / "after").read_bytes())}
    check(left, WAYS[way])
    check(await left_in(copied), WAYS[way])
    await copied.close()
    await kind_of(place.store).restore(place.store, place.data, tmp_path / "before", "e2", untold)
    restored = Team(await place.open())
    restored.now = team.now
    await finish_all(restored.store, restored.do)
    check(await left_in(restored.store), WAYS[way])
    await restored.store.close()
