"""The law of searching would notice: each of these faults, sown into what searches or indexes, turns it red."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from hubbub.domain.principals import Principal
from hubbub.domain.search.matching import matches
from hubbub.domain.search.terms import terms_of
from hubbub.protocol.commands.search import SearchPage
from hubbub.server.hub import searching
from hubbub.server.hub.rights import Rights
from hubbub.server.hub.searching import Searching
from hubbub.server.reactors import indexing
from hubbub.server.stores import search as stores_search
from hubbub.server.stores.sqlite import search as sqlite_search
from hubbub.server.stores.sqlite.search import SqliteEntries
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.contracts.test_searching import Library, hold, hold_meanwhile, library_in
from tests.support.rooms import ROOM_RULES, House

ROUNDS, QUERIES = 14, 300
ALL_ROOMS = "SELECT id FROM room WHERE :reader <> '' AND :now > 0"

Sow = Callable[[pytest.MonkeyPatch], None]
faults: dict[str, Sow] = {}


def fault(sow: Sow) -> Sow:
    faults[sow.__name__.replace("_", " ")] = sow
    return sow


def query(patch: pytest.MonkeyPatch, name: str, what: str, instead: str) -> None:
    """Let a query of the index be another."""
    sound: str = getattr(sqlite_search.Q, name)
    assert what in sound
    patch.setattr(sqlite_search.Q, name, sound.replace(what, instead))


# --- of what indexes ---


def never_forget(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SqliteEntries, "forget", lambda *_: None)


@fault
def an_edit_is_not_indexed_again(patch: pytest.MonkeyPatch) -> None:
    never_forget(patch)


@fault
def edits_are_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    query(patch, "missing", '"event":"edited"', '"event":"nothing"')


@fault
def indexing_ends_one_too_early(patch: pytest.MonkeyPatch) -> None:
    sound = SqliteStore.index

    async def index(self: SqliteStore, room: str, after: int, upto: int) -> None:
        await sound(self, room, after, upto - 1)

    patch.setattr(SqliteStore, "index", index)


@fault
def a_step_is_skipped(patch: pytest.MonkeyPatch) -> None:
    sound = indexing.Indexing.step

    async def step(self: indexing.Indexing, room: str, after: int, head: int) -> int:
        return head if after and head - after == 2 else await sound(self, room, after, head)

    patch.setattr(indexing.Indexing, "step", step)


@fault
def what_is_in_threads_is_not_in_their_rooms(patch: pytest.MonkeyPatch) -> None:
    sound = stores_search.entry_of
    patch.setattr(sqlite_search, "entry_of", lambda _, log, *rest: sound(log, log, *rest))


@fault
def the_last_term_is_left_out(patch: pytest.MonkeyPatch) -> None:
    sound = terms_of
    patch.setattr(stores_search, "terms_of", lambda text: sound(text)[:-1])


# --- of what looks ---


@fault
def of_one_moment_only_one_message_is_found(patch: pytest.MonkeyPatch) -> None:
    sound = sqlite_search.spans_of
    patch.setattr(sqlite_search, "spans_of", lambda *bounds: sound(*bounds)[:1])


@fault
def pages_go_on_after_the_moment_of_the_last_message(patch: pytest.MonkeyPatch) -> None:
    sound = Searching._page

    async def page(self: Searching, found: Any, then: str | None, *rest: Any) -> SearchPage:
        earlier = then and str(int(then) >> stores_search.SEQ_BITS << stores_search.SEQ_BITS)
        return await sound(self, found, earlier, *rest)

    patch.setattr(Searching, "_page", page)


@fault
def all_messages_count_as_pinned(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sqlite_search.Q, "is_pinned", "1")


@fault
def open_rooms_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    query(patch, "readable", "'open'", "'none'")


# --- of what is shown ---


@fault
def who_may_read_is_kept(patch: pytest.MonkeyPatch) -> None:
    sound, known = Rights.may_read, dict[tuple[str, str], bool]()

    async def may_read(self: Rights, who: Principal, room: str, *rest: Any) -> bool:
        if (key := (who.id, room)) not in known:
            known[key] = await sound(self, who, room, *rest)
        return known[key]

    patch.setattr(Rights, "may_read", may_read)
    patch.setattr(sqlite_search.Q, "readable", ALL_ROOMS)


@fault
def deleted_messages_are_shown(patch: pytest.MonkeyPatch) -> None:
    never_forget(patch)
    sound = SqliteStore.messages

    async def messages(self: SqliteStore, keys: Any) -> Any:
        heads, found = await sound(self, keys)
        there = [
            each and each._replace(message=structs.replace(each.message, deleted=False))
            for each in found
        ]
        return heads, there

    patch.setattr(SqliteStore, "messages", messages)


@fault
def highlights_begin_one_too_late(patch: pytest.MonkeyPatch) -> None:
    sound = matches

    def shifted(*given: Any) -> list[tuple[int, int]] | None:
        spans = sound(*given)
        return spans and [(start + 1, length) for start, length in spans]

    patch.setattr(searching, "matches", shifted)


@fault
def what_the_index_proposes_is_not_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stores_search, "author_tag", lambda _: f"{stores_search.TAG}a")
    sound = matches
    patch.setattr(searching, "matches", lambda query, m: sound(query._replace(authors=()), m))


@fault
def what_was_changed_since_it_was_found_is_not_compared(patch: pytest.MonkeyPatch) -> None:
    sound = matches
    patch.setattr(searching, "matches", lambda query, m: sound(query, m) or [])


@fault
def what_was_found_is_not_read_once_more(patch: pytest.MonkeyPatch) -> None:
    sound, known = SqliteStore.messages, dict[Any, Any]()

    async def messages(self: SqliteStore, keys: Any) -> Any:
        heads, found = await sound(self, keys)
        return heads, [known.setdefault(key, each) for key, each in zip(keys, found, strict=True)]

    patch.setattr(SqliteStore, "messages", messages)


async def hold_all(library: Library) -> None:
    await hold(library, ROUNDS)
    await hold_meanwhile(library, QUERIES)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", faults)
async def test_the_law_notices_that(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults[name](monkeypatch)
    store = SqliteStore(tmp_path, "normal", lambda: "e1", ROOM_RULES)
    async with library_in(await House.opened(store)) as library:
        with pytest.raises(AssertionError):
            await hold_all(library)
    await store.close()
