"""Searching in order of time, however many messages are of one second or millisecond, and however early or late that is, against a plain sorted list."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hubbub.domain.facts import MessageKey
from hubbub.domain.search.matching import matches
from hubbub.domain.search.query import query_of
from hubbub.protocol.messages import Delete, Edit, Post
from hubbub.server.stores import search as stores_search
from hubbub.server.stores.base import Store
from hubbub.server.stores.search import LAST_TIME, WantedMessages, searched
from tests.contracts.test_index_check import looked
from tests.support.postgres import Postgres
from tests.support.stores import STORES, commit

NOW = 1_795_000_000_000 >> 10 << 10  # where a unit of 1,024 ms begins
NEAR = [NOW + ms for ms in (0, 1, 2, 500, 1_023, 1_024, 1_025, 2_047, 2_048)]
FAR = [-86_400_000, 0, 1, 1_800_000, *(LAST_TIME + ms for ms in (-1, 0, 1, 86_400_000))]
MOMENTS = (NEAR, NEAR[:1], NEAR[:5], FAR, NEAR + FAR)
ROUNDS = {"sqlite, normal": 20, "postgres": 3}


@pytest.fixture(params=ROUNDS)
async def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
async def store(kind: str, tmp_path: Path, postgres: Postgres) -> AsyncIterator[Store]:
    store = await STORES[kind](tmp_path, postgres)
    yield store
    await store.close()


def text_of(moment: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Story:
    """What is said in three rooms at a few moments, by chance, and indexed now and then."""

    def __init__(self, store: Store, number: int, chance: random.Random) -> None:
        self.store = store
        self.chance = chance
        self.rooms = tuple(f"{name}{number}" for name in "abc")
        self.moments = chance.choice(MOMENTS)
        self.said: dict[MessageKey, int] = {}
        self.changed: set[MessageKey] = set()  # whose order in their millisecond is any

    async def go_on(self) -> None:
        """Post, edit, delete or index."""
        chance, luck = self.chance, self.chance.random()
        old = chance.choice([*self.said]) if self.said else None
        if luck < 0.5 or old is None:
            room, moment = chance.choice(self.rooms), chance.choice(self.moments)
            posts = [Post(room=room, text="word")] * chance.randint(1, 4)
            answers = (await commit(self.store, *posts, at=text_of(moment))).answers
            self.said |= {MessageKey(room, each.seq or 0): moment for each in answers}  # type: ignore[union-attr]
        elif luck < 0.75:
            await self.index(old.room)
        elif self.moments is not NEAR:  # there, nothing is ever changed
            self.changed |= {key for key in self.said if self.said[key] == self.said[old]}
            if luck < 0.87:
                await commit(self.store, Edit(room=old.room, seq=old.seq, text="word"))
            else:
                await commit(self.store, Delete(room=old.room, seq=old.seq))
                del self.said[old]

    async def index(self, room: str) -> None:
        """Do some step, perhaps one that was done before."""
        head = (await self.store.head(room)).seq
        await self.store.index(room, self.chance.choice((0, head // 2, max(0, head - 2))), head)

    async def found(self, asked: str, limit: int) -> list[MessageKey]:
        """What is found, page by page."""
        query, found, before = query_of(asked), list[MessageKey](), None
        while True:
            wanted = WantedMessages(query, limit, self.rooms, before=before)
            places = await self.store.search(wanted)
            assert places == sorted(places, reverse=True)
            found += [MessageKey(place.room, place.seq) for place in places]
            if len(places) < limit:
                return found
            before = places[-1].id

    async def compare(self) -> None:
        """Compare what is found with a sorted list."""
        chance, moments = self.chance, [text_of(each) for each in self.moments]
        filters = ["", f" after:{chance.choice(moments)}", f" before:{chance.choice(moments)}"]
        asked = f"word{chance.choice(filters)}{chance.choice(filters)}"
        found = await self.found(asked, chance.choice((1, 2, 5, 50)))
        messages = (await self.store.messages(found)).found
        kept = [
            key
            for key, each in zip(found, messages, strict=True)
            if each and matches(query_of(asked), searched(key.room, each.message)) is not None
        ]
        wanted = [key for key in self.said if self.matches(asked, key)]
        assert sorted(kept) == sorted(wanted), asked
        times = [min(max(0, self.said[key]), LAST_TIME) for key in kept]
        assert times == sorted(times, reverse=True), asked
        for room in self.rooms:
            at = [(self.said[k], k.seq) for k in kept if k.room == room and k not in self.changed]
            sure = [pair for pair in at if 0 < pair[0] < LAST_TIME]
            assert sure == sorted(sure, reverse=True), asked

    def matches(self, asked: str, key: MessageKey) -> bool:
        """Whether a message is to be found."""
        query, at = query_of(asked), max(0, self.said[key])
        return (query.after or 0) <= at and (query.before is None or at < query.before)


@pytest.mark.timeout(180)
async def test_messages_of_any_moments_are_found_in_order(store: Store, kind: str) -> None:
    chance = random.Random("moments")
    count = 0
    for number in range(ROUNDS[kind]):
        story = Story(store, number, chance)
        for _ in range(16):
            await story.go_on()
        for room in story.rooms:
            await store.index(room, 0, (await store.head(room)).seq)
        for _ in range(6):
            await story.compare()
        count += len(story.said)
    assert await looked(store) == (count, [])


async def test_bounds_within_a_second_hide_no_newer_message(store: Store) -> None:
    second = 1_024
    inside = [*(NOW + n * second for n in (10, 20)), *(NOW + 30 * second + ms for ms in range(8))]
    for moment in (NOW, *inside, NOW + 40 * second + 5):
        await commit(store, Post(room="a", text="word"), at=text_of(moment))
    await store.index("a", 0, len(inside) + 2)
    first, last = text_of(NOW + 1), text_of(NOW + 40 * second + 1)
    query = query_of(f"word after:{first} before:{last}")
    newest = [*range(len(inside) + 1, 1, -1)]
    for limit in range(1, len(inside) + 2):
        places = await store.search(WantedMessages(query, limit, ("a",)))
        assert [place.seq for place in places] == newest[:limit], limit


async def test_of_long_messages_only_some_are_put_in_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores_search, "BYTES_AT_ONCE", 400)
    for length in (30, 1, 1, 40, 50):
        await commit(store, Post(room="a", text="word " * length))
    await commit(store, Edit(room="a", seq=2, text="word " * 60), Delete(room="a", seq=1))
    steps, after = list[int](), 0
    while after < 7:
        after = await store.index("a", after, 7)
        steps.append(after)
    assert steps == [4, 6, 7]
    places = await store.search(WantedMessages(query_of("word"), 9, ("a",)))
    assert {place.seq for place in places} == {2, 3, 4, 5}
