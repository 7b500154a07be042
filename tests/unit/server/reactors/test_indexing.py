"""Indexing takes a thousand events a step, once no changes wait to be written, or after a while."""

from typing import Any, cast

import pytest

from hubbub.server.reactors import indexing
from hubbub.server.reactors.indexing import EVENTS_AT_ONCE, PATIENCE, Indexing, IndexNews
from hubbub.server.stores.positions import POSITIONS
from hubbub.server.stores.search import ALL_ROOMS, REACTOR
from tests.support.fakes import MemoryStore


class Noted:
    """Notes what is to be indexed, and how often it was asked whether changes wait."""

    def __init__(self, *waiting: int) -> None:
        self.steps = list[tuple[str, int, int]]()
        self.looks = 0
        self.most = 5_000
        self._waiting = list(waiting)

    async def index(self, room: str, after: int, upto: int) -> int:
        self.steps.append((room, after, upto))
        return min(upto, self.most)

    def waiting(self) -> int:
        self.looks += 1
        return self._waiting.pop(0) if len(self._waiting) > 1 else self._waiting[0]

    def reactor(self) -> Indexing:
        return Indexing(cast(Any, self), self.waiting, ())


@pytest.mark.parametrize(
    "waiting, looks", [((0,), 1), ((3, 1, 0), 3), ((1,), PATIENCE)], ids=["idle", "soon", "busy"]
)
async def test_changes_that_wait_are_written_first_for_a_while(
    monkeypatch: pytest.MonkeyPatch, waiting: tuple[int, ...], looks: int
) -> None:
    monkeypatch.setattr(indexing, "PAUSE", 0.0)
    noted = Noted(*waiting)
    assert await noted.reactor().step("lobby", 5, 9) == 9
    assert (noted.steps, noted.looks) == ([("lobby", 5, 9)], looks)


async def test_a_step_takes_a_thousand_events() -> None:
    noted = Noted(0)
    assert EVENTS_AT_ONCE == 1_000
    assert await noted.reactor().step("lobby", 5, 2_345) == 1_005
    assert noted.steps == [("lobby", 5, 1_005)]
    noted.most = 40  # since messages are long
    assert await noted.reactor().step("lobby", 5, 2_345) == 40


async def test_the_time_from_which_on_something_may_be_missing_is_noted() -> None:
    store, told = MemoryStore(), list[float]()
    news = IndexNews(Noted(0).reactor(), told.append)
    await news.rounded(store, 1_795_424_400.25)
    [row] = await store.rows(POSITIONS, REACTOR, ALL_ROOMS)
    assert (row.seq, told) == (1_795_424_400_250, [1_795_424_400.25])
