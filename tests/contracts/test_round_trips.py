"""How often a commit waits for PostgreSQL, which decides how long a change takes."""

import asyncpg
import pytest

from hubbub.protocol.messages import Change, Delete, Edit, Patch, Post, React, Unreact
from hubbub.server.stores.postgres.store import PostgresStore
from tests.support.postgres import Postgres
from tests.support.stores import commit

TRIPS: list[tuple[Change, int]] = [  # BEGIN, locking and writing the room, and COMMIT are four
    (Post(room="lobby", text="hi"), 4),
    (Post(room="lobby", text="hi", client_message_id="k"), 5),
    (Edit(room="lobby", seq=1, text="x"), 7),  # also out of the index
    (React(room="lobby", seq=1, emoji="👍"), 7),
    (Unreact(room="lobby", seq=1, emoji="🎉"), 6),
    (Patch(room="lobby", patch={"n": 1}), 6),
    (Delete(room="lobby", seq=1), 7),
]


@pytest.mark.parametrize("change, most", TRIPS, ids=lambda each: type(each).__name__)
async def test_a_change_takes_no_more_round_trips_than_it_must(
    change: Change, most: int, postgres: Postgres
) -> None:
    store = await PostgresStore.open(await postgres.fresh(), "normal", lambda: "e1")
    await commit(store, Post(room="lobby", text="hi"), React(room="lobby", seq=1, emoji="🎉"))
    trips: list[str] = []

    def note(query: asyncpg.connection.LoggedQuery) -> None:
        trips.append(query.query)

    assert store._commits._connection is not None
    store._commits._connection.add_query_logger(note)
    await commit(store, change)
    assert len(trips) == most
    await commit(store, *[change] * 50)
    assert len(trips) <= 2 * most
    store._commits._connection.remove_query_logger(note)
    await store.close()
