"""PostgreSQL looks at the newest messages before it asks its index, and what is found doesn't depend on that."""

import random
import unicodedata
from itertools import product
from pathlib import Path
from time import monotonic

import pytest

from hubbub.domain.access import RoomKind
from hubbub.domain.search.matching import matches
from hubbub.domain.search.query import query_of
from hubbub.domain.search.terms import terms_of
from hubbub.protocol.messages import Message, Post
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.indexing import Indexing
from hubbub.server.stores.migrations import steps_after
from hubbub.server.stores.postgres import search
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.search import WantedMessages, searched
from tests.support.postgres import Postgres
from tests.support.stores import commit, postgresql

ROOMS, MESSAGES = ("a", "b"), 120
WORDS = [*["often"] * 8, *["some", "foo_bar", "bar", "foo", "foot"] * 2, "rare", "京都府", "🎉"]
ASKED = (
    *(
        "often",
        "some",
        "rare",
        "never",
        "some often",
        '"often some"',
        "foo_bar",
        '"bar foo"',
        "foo*",
    ),
    *(
        '"some fo"*',
        "京都",
        "府",
        '"often 京都"',
        "🎉",
        "fo% f_o",
        "from:ada often",
        "after:2026-01-01",
    ),
)
FORMER, PRESENT = 29, (35, 37)  # steps that make its table
NO_JUMP = "SELECT 1 / 0"


async def filled(folder: Path, postgres: Postgres) -> PostgresStore:
    """A store with messages in two rooms, that are indexed."""
    chance = random.Random("walks")
    store = await postgresql(folder, postgres)
    assert isinstance(store, PostgresStore)
    for n in range(MESSAGES):
        text = " ".join(chance.choices(WORDS, k=chance.randint(1, 4)))
        room = ROOMS[n % 10 == 0]  # there are few in one of them
        await commit(store, Post(room=room, text=text), at=f"2026-02-01T09:00:00.{n:03}Z")
    for room in ROOMS:
        await store.index(room, 0, MESSAGES)
    return store


async def found(store: PostgresStore, asked: str, limit: int = 50) -> list[tuple[str, int]]:
    """The newest messages that match."""
    places = await store.search(WantedMessages(query_of(asked), limit, ROOMS))
    return [(place.room, place.seq) for place in places]


async def expected(store: PostgresStore, asked: str) -> list[tuple[str, int]]:
    """All that match, the newest first: each is looked at."""
    query, everything = query_of(asked), list[tuple[str, Message]]()
    for room in ROOMS:
        page = await store.history(room, None, None, MESSAGES)
        everything += [(room, message) for message in page.messages]
    everything.sort(key=lambda each: each[1].at, reverse=True)
    return [(r, m.seq) for r, m in everything if matches(query, searched(r, m)) is not None]


async def test_how_many_are_looked_at_changes_how_long_it_takes_and_nothing_else(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await filled(tmp_path, postgres)
    monkeypatch.setattr(search, "LEAST", 1)
    for asked in ASKED:
        everything = await expected(store, asked)
        for few, walks in product((0, len(ROOMS)), ((), (12, 48), (2 * MESSAGES,))):
            monkeypatch.setattr(search, "FEW_ROOMS", few)
            monkeypatch.setattr(search, "WALKS_IN_FEW" if few else "WALKS", walks)
            for limit in (3, 5, 2 * MESSAGES):
                assert await found(store, asked, limit) == everything[:limit], (asked, few, walks)
    connection = await store.connect()
    async with connection.transaction():
        await search.find(connection, WantedMessages(query_of("often"), 3, ROOMS), monotonic)
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_custom_plan"
    await connection.close()
    monkeypatch.setattr(search.Q, "jump", NO_JUMP)
    for few in (0, len(ROOMS)):
        monkeypatch.setattr(search, "FEW_ROOMS", few)
        monkeypatch.setattr(search, "WALKS_IN_FEW" if few else "WALKS", (16, 64))
        assert len(await found(store, "often", 10)) == 10  # without all that match
        with pytest.raises(Exception, match="parameter"):  # of which that query has none
            await found(store, "never", 10)
    monkeypatch.setattr(search, "WALKS_IN_FEW", (2 * len(ROOMS) * MESSAGES,))
    assert await found(store, "never", 10) == []  # everything was looked at
    await store.close()


async def test_an_index_of_a_former_version_is_made_again(
    tmp_path: Path, postgres: Postgres
) -> None:
    store = await postgresql(tmp_path, postgres)
    assert isinstance(store, PostgresStore)
    await commit(store, Post(room="a", text="one"), Post(room="b", text="two"))
    reactor, steps = Indexing(store, lambda: 0, {RoomKind.FREE}), dict(steps_after(0, "postgres"))
    assert await go_round(reactor, store)
    connection = await store.connect()
    await connection.execute("DROP TABLE hubbub.search_entry")
    for statement in steps[FORMER]:
        await connection.execute(statement.sql)
    terms = "INSERT INTO hubbub.search_entry VALUES (7, 1, 1, 1, 'one')"
    await connection.execute(terms)
    for step in PRESENT:
        for statement in steps[step]:
            await connection.execute(statement.sql)
    assert await found(store, "one") == []
    assert await go_round(reactor, store)
    assert await found(store, "one") == [("a", 1)]
    assert await found(store, "two") == [("b", 1)]
    await connection.close()
    await store.close()


def test_no_term_has_what_patterns_understand() -> None:
    special = {*"%_\\ '"}
    characters = [
        c for c in map(chr, range(0x20000)) if special & {*unicodedata.normalize("NFKC", c)}
    ]
    assert len(characters) > 10
    for character in characters:
        for term in terms_of(f"a{character}b {character} 京{character}都"):
            assert not special & {*term.text}, character
