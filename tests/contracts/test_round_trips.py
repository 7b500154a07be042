"""How often a commit waits for PostgreSQL, which decides how long a change takes."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest

from benchmarks import posts
from hubbub.protocol.messages import Change, Delete, Edit, Patch, Post, React, Unreact
from hubbub.server.stores.postgres.store import PostgresStore
from tests.support.calls import counted
from tests.support.postgres import Postgres
from tests.support.stores import commit

TRIPS: list[tuple[Change, int]] = [  # BEGIN, locking and writing the room, and COMMIT are four
    (Post(room="lobby", text="hi"), 4),
    (Post(room="lobby", text="hi", client_message_id="k"), 5),
    (Edit(room="lobby", seq=1, text="x"), 8),  # also its previews, and out of the index
    (React(room="lobby", seq=1, emoji="👍"), 7),
    (Unreact(room="lobby", seq=1, emoji="🎉"), 6),
    (Patch(room="lobby", patch={"n": 1}), 6),
    (Delete(room="lobby", seq=1), 7),
]


@contextmanager
def noted(store: PostgresStore) -> Iterator[list[str]]:
    """The statements with which a store writes during the block, each a round trip."""
    trips: list[str] = []

    def note(query: asyncpg.connection.LoggedQuery) -> None:
        trips.append(query.query)

    connection = store._commits._connection
    assert connection is not None
    connection.add_query_logger(note)
    yield trips
    connection.remove_query_logger(note)


@pytest.mark.parametrize("change, most", TRIPS, ids=lambda each: type(each).__name__)
async def test_a_change_takes_no_more_round_trips_than_it_must(
    change: Change, most: int, postgres: Postgres
) -> None:
    store = await PostgresStore.open(await postgres.fresh(), "normal", lambda: "e1")
    await commit(store, Post(room="lobby", text="hi"), React(room="lobby", seq=1, emoji="🎉"))
    with noted(store) as trips:
        await commit(store, change)
        assert len(trips) == most
        await commit(store, *[change] * 50)
        assert len(trips) <= 2 * most
    await store.close()


async def test_posts_by_members_take_a_round_trip_more_once_their_logs_are_known(
    postgres: Postgres,
) -> None:
    url = await postgres.prepared()
    store = await PostgresStore.open(url, "normal", lambda: "e1")
    assert await posts.make_room(store)
    await store.close()
    store = await PostgresStore.open(url, "normal", lambda: "e1")  # which knows no log yet
    await store.commit(posts.in_made_room(0), posts.AT)
    with noted(store) as trips:
        await store.commit(posts.in_made_room(1), posts.AT)
    await store.close()
    assert len(trips) == 5, trips


async def calls_of(load: str, postgres: Postgres) -> float:
    """How many functions a batch calls for each of its posts."""
    store = await PostgresStore.open(await postgres.prepared(), "normal", lambda: "e1")
    if load in posts.IN_MADE_ROOM:
        assert await posts.make_room(store)
    await store.commit(posts.LOADS[load](0), posts.AT)
    proposals = posts.LOADS[load](1)
    with counted("call", "c_call") as calls:
        await store.commit(proposals, posts.AT)
    await store.close()
    return calls.count / len(proposals)


async def test_posts_by_members_take_few_more_calls_than_in_a_free_room(postgres: Postgres) -> None:
    free = await calls_of("1,000 posts", postgres)
    assert await calls_of("1,000 posts in a made room", postgres) <= 1.07 * free
