"""Which statements a search in PostgreSQL has, and how long they may take, without a database."""

from typing import Any, cast

import asyncpg
import pytest

from hubbub.domain.search.query import query_of
from hubbub.server.stores.postgres import search
from hubbub.server.stores.search import IndexPlace, TooSlow, WantedMessages

CUT = (None, None, None, 7)  # nothing was found, but there is more
MANY = [(n,) for n in range(2 * search.FEW_ROOMS + 2)]
LIMIT = 10


class Connection:
    """Stands for a database that takes so many seconds for each statement, and answers the first ones so, and then nothing."""

    def __init__(self, seconds: float, *answers: list[tuple[Any, ...]]) -> None:
        self.now, self._seconds = 0.0, seconds
        self.limits: list[int | None] = []  # in milliseconds, one for each statement
        self.settings = 0
        self.asked: list[str] = []
        self._answers = [*answers]
        self._limit: int | None = None

    async def execute(self, statement: str) -> None:
        name, _, value = statement.rpartition(" = ")
        assert name.endswith("SET LOCAL statement_timeout")
        assert ("plan_cache_mode = force_custom_plan" in name) == (not self.settings)
        self._limit = int(value)
        self.settings += 1

    async def fetch(self, query: str, *_: object) -> list[tuple[Any, ...]]:
        self.limits.append(self._limit)
        self.asked.append(query)
        if self._limit is not None and self._seconds * 1000 > self._limit:
            self.now += self._limit / 1000
            raise asyncpg.QueryCanceledError
        self.now += self._seconds
        return self._answers.pop(0) if self._answers else []

    async def find(self) -> list[IndexPlace]:
        wanted = WantedMessages(query_of("tea"), LIMIT, reader="ada")
        return await search.find(cast("asyncpg.Connection", self), wanted, lambda: self.now)


def hits(*readable: bool) -> list[tuple[Any, ...]]:
    """Messages, and whether they may be read."""
    return [(100 - n, "a", 100 - n, each) for n, each in enumerate(readable)]


async def test_all_statements_of_a_search_share_its_time() -> None:
    database = Connection(0.0625, [(1,), (2,)], [CUT])
    assert await database.find() == []
    assert database.limits == [250, 188, 125]
    fast = Connection(0.005, [(1,), (2,)], [CUT])
    assert await fast.find() == []
    assert fast.limits == [250] * 3 and fast.settings == 1


@pytest.mark.parametrize("seconds, asked", [(0.3, 1), (0.2, 2), (0.125, 2)])
async def test_a_search_that_takes_longer_ends_then(seconds: float, asked: int) -> None:
    database = Connection(seconds, [(1,), (2,)], [CUT])
    with pytest.raises(TooSlow):
        await database.find()
    assert database.now == 0.25 and len(database.limits) == asked


async def test_many_rooms_are_only_listed_if_too_few_of_the_hits_may_be_read() -> None:
    enough = Connection(0, MANY, hits(*[False, True] * LIMIT))
    assert [place.seq for place in await enough.find()] == [*range(99, 79, -2)]
    assert len(enough.asked) == 2 and search.Q.readable not in enough.asked

    all_of_them = Connection(0, MANY, [], hits(*[False] * LIMIT, True))  # fewer than were asked for
    assert [place.seq for place in await all_of_them.find()] == [90]
    assert search.Q.readable not in all_of_them.asked

    too_few = Connection(0, MANY, [], hits(*[False] * 2 * LIMIT), MANY, hits(*[True] * LIMIT))
    assert len(await too_few.find()) == LIMIT
    assert too_few.asked[3] == search.Q.readable


async def test_whoever_has_no_room_finds_nothing() -> None:
    nowhere = Connection(0)
    assert await nowhere.find() == [] and nowhere.asked == [search.Q.some_rooms]


@pytest.mark.parametrize("seconds, walks", [(0.002, 2), (0.02, 1)])
async def test_what_takes_long_is_not_done_again_with_more(seconds: float, walks: int) -> None:
    some = [(*place, 7) for *place, _ in hits(*[True] * (LIMIT - 1))]
    database = Connection(seconds, [(1,), (2,)], some, some)
    await database.find()
    assert ["tsquery" in query for query in database.asked[1:]] == [False] * walks + [True]
