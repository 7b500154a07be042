"""How long the statements of a search in PostgreSQL may take, without a database."""

from typing import Any, cast

import asyncpg
import pytest

from hubbub.domain.search.query import query_of
from hubbub.server.stores.postgres import search
from hubbub.server.stores.search import TooSlow, WantedMessages


class Connection:
    """Stands for a database that takes so many seconds for each statement, and finds nothing in some rooms."""

    def __init__(self, seconds: float) -> None:
        self.now, self._seconds = 0.0, seconds
        self.limits: list[int | None] = []  # in milliseconds, one for each statement
        self._limit: int | None = None

    async def execute(self, statement: str) -> None:
        name, _, value = statement.partition(" = ")
        if name == "SET LOCAL statement_timeout":
            self._limit = int(value)

    async def fetch(self, query: str, *_: object) -> list[tuple[Any, ...]]:
        self.limits.append(self._limit)
        if self._limit is not None and self._seconds * 1000 > self._limit:
            self.now += self._limit / 1000
            raise asyncpg.QueryCanceledError
        self.now += self._seconds
        return [([1, 2],)] if query == search.Q.readable else []

    async def find(self) -> None:
        wanted = WantedMessages(query_of("tea"), 10, reader="ada")
        assert await search.find(cast("asyncpg.Connection", self), wanted, lambda: self.now) == []


async def test_all_statements_of_a_search_share_its_time() -> None:
    database = Connection(0.0625)
    await database.find()
    assert database.limits == [250, 188, 125]


@pytest.mark.parametrize("seconds, asked", [(0.3, 1), (0.2, 2), (0.125, 2)])
async def test_a_search_that_takes_longer_ends_then(seconds: float, asked: int) -> None:
    database = Connection(seconds)
    with pytest.raises(TooSlow):
        await database.find()
    assert database.now == 0.25 and len(database.limits) == asked
