"""Whatever is read says how many credentials had ended by then, so that nobody gets it whose own had."""

from contextlib import closing

import apsw
import pytest

from hubbub.protocol.messages import Post
from hubbub.server.stores import queries
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.everything import MANY, READS
from tests.support.stores import commit


async def end_elsewhere(store: Store) -> None:
    """Another process ends a credential."""
    if isinstance(store, PostgresStore):
        query = queries.load("postgres").count_end
        await store.in_transaction(lambda connection: connection.fetchval(query))
    elif isinstance(store, SqliteStore):
        with closing(apsw.Connection(str(store._directory / FILE_NAME))) as database:
            database.execute(queries.load("sqlite").count_end).fetchall()


@pytest.mark.parametrize("store", ["sqlite, normal", "postgres"], indirect=True)
async def test_every_read_says_how_many_credentials_had_ended(store: Store) -> None:
    await commit(store, Post(room="lobby", text="hi"))
    only = {"read": lambda store, log: store.read(log, 0, MANY)}  # without a look at its head
    ended = await store.count_ends()
    for name, read in (READS | only).items():
        for log in ("lobby", "nowhere"):
            await end_elsewhere(store)
            ended += 1
            assert store.ends < ended, name
            await read(store, log)
            assert store.ends == ended, f"{name} of {log}"
