"""How searches are answered: a few at once, as the index knows it, and in which order."""

import asyncio
import threading
from typing import Any

import pytest
from msgspec import UNSET

from hubbub.domain.access import RoomKind
from hubbub.domain.facts import Proposal
from hubbub.domain.search.matching import matches
from hubbub.protocol.commands.search import Search
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import Post
from hubbub.server.hub import searching
from hubbub.server.hub.authors import Authors
from hubbub.server.hub.searching import AT_ONCE, WAITING, Searching
from hubbub.server.stores.positions import POSITIONS, ReactorPosition
from hubbub.server.stores.search import ALL_ROOMS, REACTOR
from tests.support.fakes import ADA, AT, MemoryStore, settle, timeless
from tests.support.house import House

ASKED = Search(query="tea in:lobby")


class Slow(MemoryStore):
    """A store in which searches take as long as the test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.looking = self.most = 0

    async def search(self, wanted: Any) -> Any:
        self.looking += 1
        self.most = max(self.most, self.looking)
        await self.gate.wait()
        self.looking -= 1
        return await super().search(wanted)


def searching_in(house: House) -> Searching:
    hub = house.hub
    parts = hub.rights, Authors(house.store), hub.names, hub.throttle
    return Searching(house.store, *parts, frozenset({RoomKind.FREE}))


async def indexed(*texts: str) -> MemoryStore:
    """A store with messages that can be found, the last of which is the newest."""
    store = MemoryStore()
    for n, text in enumerate(texts):
        await store.commit(
            [Proposal(ADA, Post(room="lobby", text=text))], AT.replace(":00.", f":0{n}.")
        )
    await store.index("lobby", 0, len(texts))
    return store


@timeless
async def test_two_search_at_once_and_the_others_wait_for_a_turn_unless_they_are_too_many() -> None:
    store = Slow()
    house = House(store=store)
    searching = searching_in(house)
    asked = [asyncio.create_task(searching.search(ADA, ASKED)) for _ in range(WAITING)]
    await settle()
    assert (store.looking, AT_ONCE) == (2, 2)
    with pytest.raises(RefusalError, match="Too many searches are waiting") as refused:
        await searching.search(ADA, ASKED)
    assert refused.value.refusal.code == "busy"
    store.gate.set()
    assert [(await each).hits for each in asked] == [[]] * WAITING
    assert store.most == 2
    await searching.search(ADA, ASKED)  # there is room again


@timeless
async def test_people_are_told_as_of_when_everything_is_indexed_and_no_later() -> None:
    store = await indexed("tea")
    house = House(store=store)
    searching = searching_in(house)
    assert (await searching.search(ADA, ASKED)).indexed_to is None
    row = ReactorPosition(REACTOR, ALL_ROOMS, 1_795_424_400_250)
    store.records.rows[POSITIONS] = {(REACTOR, ALL_ROOMS): row}
    assert (await searching.search(ADA, ASKED)).indexed_to == "2026-11-23T09:00:00.250Z"


@timeless
async def test_people_are_told_if_a_name_is_that_of_no_room() -> None:
    searching = searching_in(House(store=await indexed("tea")))
    for query, hint in (
        ("tea in:lobby", UNSET),
        ("tea in:lobby in:loby", "You have no room called loby"),
    ):
        assert (await searching.search(ADA, Search(query=query))).hint == hint


@timeless
async def test_the_newest_come_first_unless_the_best_are_asked_for() -> None:
    store = await indexed("tea", "there is some more of it in the kitchen, if anybody wants tea")
    house = House(store=store)
    searching = searching_in(house)
    for order, expected in (("newest", [2, 1]), ("relevance", [1, 2])):
        page = await searching.search(ADA, Search(query=ASKED.query, order=order))  # type: ignore[arg-type]
        assert [hit.message.seq for hit in page.hits] == expected


async def test_long_messages_are_compared_in_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = list[int]()

    def compared(*given: Any) -> Any:
        threads.append(threading.get_ident())
        return matches(*given)

    monkeypatch.setattr(searching, "matches", compared)
    house = House(store=await indexed("tea", "more tea"))
    page = await searching_in(house).search(ADA, ASKED)
    assert len(page.hits) == len(threads) == 2
    assert {*threads} == {threading.get_ident()}
    await house.journal.close()
    house = House(store=await indexed("tea " * (searching.LONG // 4)))
    assert (await searching_in(house).search(ADA, ASKED)).hits
    assert threads[-1] != threading.get_ident()
    await house.journal.close()
