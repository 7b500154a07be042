"""The law of searching would notice: each of these faults, sown into what searches or indexes, turns it red.

Each is in a part that the library is given. Only stateless functions, a constant and the text of queries, which are given to nothing, are patched.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from hubbub.domain.principals import Principal
from hubbub.domain.search.matching import matches, term_texts_in
from hubbub.protocol.commands.search import SearchPage
from hubbub.server.hub import searching
from hubbub.server.hub.authors import Authors
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.rights import Rights
from hubbub.server.hub.searching import Searching
from hubbub.server.people.rates import Limits
from hubbub.server.reactors.indexing import Indexing
from hubbub.server.stores import search as stores_search
from hubbub.server.stores.base import Store, StoredMessages
from hubbub.server.stores.sqlite import entries
from hubbub.server.stores.sqlite import search as sqlite_search
from hubbub.server.stores.sqlite.entries import SqliteEntries
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.contracts.test_searching import (
    SOUND,
    Library,
    LibraryParts,
    hold,
    hold_meanwhile,
    library_in,
)
from tests.support.rooms import ROOM_RULES, House
from tests.support.sown import Faults

ROUNDS, QUERIES = 14, 300
ALL_ROOMS = "SELECT id FROM room WHERE :reader <> '' AND :now > 0"

Faulty = type[SqliteStore] | LibraryParts
faults = Faults[Callable[[pytest.MonkeyPatch], Faulty]]()


def query(patch: pytest.MonkeyPatch, name: str, what: str, instead: str) -> None:
    """Let a query of the index be another."""
    sound: str = getattr(sqlite_search.Q, name)
    assert what in sound
    for module in (entries, sqlite_search):
        patch.setattr(module.Q, name, sound.replace(what, instead))


# --- of what indexes ---


class KeptEntries(SqliteEntries):
    """What nothing is taken out of."""

    def forget(self, _: object) -> None:
        """Leave it there."""


class KeepingStore(SqliteStore):
    """A store whose index forgets nothing."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._writer._entries = KeptEntries(self._database)


@faults.add
def an_edit_is_not_indexed_again(_: pytest.MonkeyPatch) -> Faulty:
    return KeepingStore


@faults.add
def edits_are_not_looked_for(patch: pytest.MonkeyPatch) -> Faulty:
    query(patch, "new", '"event":"edited"', '"event":"nothing"')
    return SOUND


@faults.add
def indexing_ends_one_too_early(_: pytest.MonkeyPatch) -> Faulty:
    class Early(SqliteStore):
        async def index(self, room: str, after: int, upto: int) -> int:
            await super().index(room, after, upto - 1)
            return upto

    return Early


@faults.add
def a_step_is_skipped(_: pytest.MonkeyPatch) -> Faulty:
    class Skipping(Indexing):
        async def step(self, room: str, after: int, head: int) -> int:
            return head if after and head - after == 2 else await super().step(room, after, head)

    return LibraryParts(indexing=Skipping)


@faults.add
def what_is_in_threads_is_not_in_their_rooms(patch: pytest.MonkeyPatch) -> Faulty:
    sound = stores_search.entry_of
    patch.setattr(entries, "entry_of", lambda _, log, *rest: sound(log, log, *rest))
    return SOUND


@faults.add
def the_last_term_is_left_out(patch: pytest.MonkeyPatch) -> Faulty:
    sound = term_texts_in
    patch.setattr(stores_search, "term_texts_in", lambda message: sound(message)[:-1])
    return SOUND


# --- of what looks ---


@faults.add
def of_one_moment_only_one_message_is_found(patch: pytest.MonkeyPatch) -> Faulty:
    patch.setattr(sqlite_search, "KINDS", 1)
    return SOUND


@faults.add
def pages_go_on_after_the_moment_of_the_last_message(_: pytest.MonkeyPatch) -> Faulty:
    class Passing(Searching):
        async def _page(self, found: Any, then: str | None, upto: int | None) -> SearchPage:
            earlier = then and str(int(then) >> stores_search.SEQ_BITS << stores_search.SEQ_BITS)
            return await super()._page(found, earlier, upto)

    class Faulty(Hub):
        def __init__(self, store: Store, *parts: Any, **more: Any) -> None:
            super().__init__(store, *parts, **more)
            limits: Limits = self.limits
            asked = self.rights, Authors(store), self.names, self.throttle, limits.indexed
            self.searching = Passing(store, *asked)

    return LibraryParts(hub=Faulty)


@faults.add
def all_messages_count_as_pinned(patch: pytest.MonkeyPatch) -> Faulty:
    query(patch, "pinned", " AND message.seq = pin.message", "")
    return SOUND


@faults.add
def open_rooms_are_forgotten(patch: pytest.MonkeyPatch) -> Faulty:
    query(patch, "readable", "'open'", "'none'")
    return SOUND


# --- of what is shown ---


@faults.add
def who_may_read_is_kept(patch: pytest.MonkeyPatch) -> Faulty:
    known = dict[tuple[str, str], bool]()
    patch.setattr(sqlite_search.Q, "readable", ALL_ROOMS)

    class Keeping(Rights):
        async def may_read(self, principal: Principal, room: str, *rest: Any) -> bool:
            if (key := (principal.id, room)) not in known:
                known[key] = await super().may_read(principal, room, *rest)
            return known[key]

    class Faulty(Hub):
        def __init__(self, store: Store, journal: Any, fanout: Any, *rest: Any, rules: Any) -> None:
            super().__init__(store, journal, fanout, *rest, rules=rules)
            self.searching._rights = Keeping(store, fanout, rules)

    return LibraryParts(hub=Faulty)


@faults.add
def deleted_messages_are_shown(_: pytest.MonkeyPatch) -> Faulty:
    class Showing(KeepingStore):
        async def messages(self, keys: Any) -> StoredMessages:
            heads, found = await super().messages(keys)
            there = [
                each and each._replace(message=structs.replace(each.message, deleted=False))
                for each in found
            ]
            return StoredMessages(heads, there)

    return Showing


@faults.add
def highlights_begin_one_too_late(patch: pytest.MonkeyPatch) -> Faulty:
    sound = matches

    def shifted(*given: Any) -> list[tuple[int, int]] | None:
        spans = sound(*given)
        return spans and [(start + 1, length) for start, length in spans]

    patch.setattr(searching, "matches", shifted)
    return SOUND


@faults.add
def what_the_index_proposes_is_not_compared(patch: pytest.MonkeyPatch) -> Faulty:
    patch.setattr(stores_search, "author_tag", lambda _: f"{stores_search.TAG}a")
    sound = matches
    patch.setattr(searching, "matches", lambda query, m: sound(query._replace(authors=()), m))
    return SOUND


@faults.add
def what_was_changed_since_it_was_found_is_not_compared(patch: pytest.MonkeyPatch) -> Faulty:
    sound = matches
    patch.setattr(searching, "matches", lambda query, m: sound(query, m) or [])
    return SOUND


@faults.add
def what_was_found_is_not_read_once_more(_: pytest.MonkeyPatch) -> Faulty:
    known = dict[Any, Any]()

    class Remembering(SqliteStore):
        async def messages(self, keys: Any) -> StoredMessages:
            heads, found = await super().messages(keys)
            there = [known.setdefault(key, each) for key, each in zip(keys, found, strict=True)]
            return StoredMessages(heads, there)

    return Remembering


async def hold_all(library: Library) -> None:
    await hold(library, ROUNDS)
    await hold_meanwhile(library, QUERIES)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", faults)
async def test_the_law_notices_that(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = faults[name](monkeypatch)
    parts, kind = (made, SqliteStore) if isinstance(made, LibraryParts) else (SOUND, made)
    store = kind(tmp_path, "normal", lambda: "e1", ROOM_RULES)
    async with library_in(await House.opened(store), parts) as library:
        with pytest.raises(AssertionError):
            await hold_all(library)
    await store.close()
