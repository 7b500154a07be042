"""The law of searching, whoever keeps the messages: one finds exactly what one may read and what matches, whatever was edited, deleted or taken meanwhile."""

import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from typing import Any, NamedTuple

import pytest

from hubbub.domain.access import Operation, RoomKind
from hubbub.domain.aspects.conversation.pins import PINS
from hubbub.domain.facts import Accepted, MessageKey
from hubbub.domain.principals import Principal
from hubbub.domain.search.matching import matches
from hubbub.domain.search.query import query_of
from hubbub.protocol.commands.conversation import Pin, Unpin
from hubbub.protocol.commands.rooms import Ban, InvitePeople, Mute, Remove, Unban
from hubbub.protocol.commands.search import Search, SearchPage
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import parent_of
from hubbub.protocol.messages import Change, Delete, Edit, Message, Post
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Door
from hubbub.server.people.rates import Limits
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.indexing import Indexing
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres import search as postgres_search
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.search import FEW_ROOMS, WantedMessages, searched
from hubbub.server.stores.sqlite import search as sqlite_search
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.fakes import MemoryStore, guest
from tests.support.rooms import ADA, ADMIN, GRACE, GUEST, MARGARET, ROOM_RULES, STRAY, House
from tests.support.stores import commit

VISITOR = guest("vera", "vera's secret key")
BOTH = frozenset({RoomKind.MADE, RoomKind.FREE})
WORDS = (
    *("deploy", "Friday", "Straße", "strasse", "foo_bar", "https://example.org/a", "🎉", "naïve"),
    *("東京都", "京都", "服务器", "部署", "학교에서", "เที่ยวทะเล", "ёлка", "deployment", "x"),
)
ASKED = (
    *(
        "deploy",
        "deploy*",
        "strasse",
        "foo",
        '"foo bar"',
        "example.org",
        "🎉",
        "naive",
        "東京",
        "京都",
    ),
    *("都", "服务", "部署", "학교", "เที่ยว", "елка", "fri*", "x", '"deploy friday"', "東*", "京"),
)
FILTERS = ("has:link", "is:thread", "is:pinned", "from:me", "before:2026-11-24", "after:2026-11-23")


class LibraryParts(NamedTuple):
    """What a library is made of, beside its store."""

    hub: type[Hub] = Hub
    indexing: type[Indexing] = Indexing


SOUND = LibraryParts()


class Library:
    """Rooms of some people, what they do there, and the hub that searches for them."""

    def __init__(
        self, house: House, parts: LibraryParts, chance: random.Random, patch: pytest.MonkeyPatch
    ) -> None:
        self.house = house
        self.patch = patch
        self.store = house.store
        self.chance = chance
        self.fanout = FanOut(house.store, rules=ROOM_RULES, now=time.time)
        self.journal = Journal(house.store, self.fanout.deliver, lambda: house.at, rules=ROOM_RULES)
        door = Door(now=time.time, clock=time.monotonic)
        self.hub = parts.hub(
            *(house.store, self.journal, self.fanout, door, Limits(65_536, 0, indexed=BOTH)),
            rules=ROOM_RULES,
        )
        self.reactor = parts.indexing(house.store, lambda: 0, BOTH)
        self.rooms: list[str] = ["lobby"]
        self.made: dict[MessageKey, Principal] = {}
        self.minute = 0

    async def furnish(self) -> None:
        """Make rooms of each kind, with threads."""
        house = self.house
        self.rooms += [
            await house.make(ADA, "closed", GRACE, GUEST),
            await house.make(GRACE, "open", MARGARET),
            await house.make(MARGARET, "open", public="read"),
            await house.make(ADA, "direct", MARGARET),
        ]
        await house.do(ADA, Mute(room=self.rooms[1], who=GUEST.id))  # who still reads

    async def do(self, who: Principal, change: Change) -> Accepted | None:
        """Do something, if it is allowed."""
        answer = await self.hub.writing.commit(who, change)
        return answer if isinstance(answer, Accepted) else None

    async def live(self) -> None:
        """Do something by chance."""
        chance = self.chance
        self.minute += chance.random() < 0.7  # else it is at the same moment as what was before
        day, minute = 23 + self.minute // 200, self.minute % 60
        self.house.at = f"2026-11-{day}T09:{minute:02}:{self.minute % 59:02}.{self.minute:03}Z"
        room, who = chance.choice(self.rooms), chance.choice((ADA, GRACE, MARGARET))
        text = " ".join(chance.choices(WORDS, k=chance.randint(1, 4)))
        old = chance.choice([*self.made]) if self.made else None
        luck = chance.random()
        if luck < 0.55 or old is None:
            await self.post(VISITOR if room == "lobby" else who, room, text)
        elif luck < 0.65:
            if old.room != "lobby" and ":" not in old.room:
                await self.post(who, f"{old.room}:{old.seq}", text)
        elif luck < 0.75:
            await self.do(self.made[old], Edit(room=old.room, seq=old.seq, text=text))
        elif luck < 0.85:
            await self.do(self.made[old], Delete(room=old.room, seq=old.seq))
        elif luck < 0.88:
            await self.do(who, chance.choice((Pin, Unpin))(room=old.room, seq=old.seq))
        elif luck < 0.97:
            whom = chance.choice((ADA, GRACE, MARGARET, GUEST, STRAY))
            act = chance.choice((Ban, Ban, Unban, Unban, Unban, Remove))
            await self.do(who, act(room=room, who=whom.id))
        else:
            head = (await self.store.head(room)).seq
            await self.store.trim(room, chance.randint(0, head // 4))

    async def post(self, who: Principal, room: str, text: str) -> None:
        """Post a message."""
        if (done := await self.do(who, Post(room=room, text=text))) and done.seq:
            self.made[MessageKey(room, done.seq)] = who

    async def index(self) -> None:
        """Let everything be indexed."""
        assert await go_round(self.reactor, self.store)

    async def compare(self, queries: int, *, is_whole: bool) -> int:
        """Compare what searches find with what they are to find, or a part of that. Returns how many found something."""
        everything, count = await self.everything(), 0
        for _ in range(queries):
            who, asked = self.chance.choice(PEOPLE), self.query()
            few = self.chance.choice((1, FEW_ROOMS))
            self.patch.setattr(sqlite_search, "FEW_ROOMS", few)
            self.patch.setattr(sqlite_search, "MANY_ROOMS", few)  # as if people had many
            self.patch.setattr(postgres_search, "FEW_ROOMS", few)
            for walks in ("WALKS", "WALKS_IN_FEW"):
                self.patch.setattr(postgres_search, walks, self.chance.choice(((), (12, 96))))
            try:
                found = await self.found(who, asked)
            except RefusalError as error:
                if error.refusal.code in ("not_found", "forbidden", "banned"):
                    continue
                raise
            expected = await self.expected(who, asked, everything)
            assert found == expected or (not is_whole and found.items() <= expected.items()), asked
            count += bool(found)
        return count

    async def everything(self) -> list[tuple[str, Message]]:
        """All messages of all logs, as they are now."""
        found = []
        for room in sorted({key.room for key in self.made}):
            page = await self.store.history(room, None, None, 10_000)
            assert not page.more
            found += [(room, message) for message in page.messages if not message.deleted]
        return found

    async def expected(
        self, who: Principal, asked: str, everything: list[tuple[str, Message]]
    ) -> dict[MessageKey, list[list[int]]]:
        """What a search is to find: each message is looked at, and each right asked for."""
        query = query_of(asked)
        if "me" in query.authors:
            query = query._replace(authors=(who.name,))
        found, readable = {}, {room: await self.may_read(who, room) for room, _ in everything}
        pinned = {
            MessageKey(row.room, row.message)
            for room in readable
            for row in await self.store.rows(PINS, room)
        }
        for room, message in everything:
            if query.rooms and not {room, parent_of(room)} & {*query.rooms}:
                continue
            if not query.rooms and not room.startswith("@r"):
                continue
            if "pinned" in query.of_kind and MessageKey(room, message.seq) not in pinned:
                continue
            spans = matches(query, searched(room, message))
            if spans is not None and readable[room]:
                found[MessageKey(room, message.seq)] = [list(span) for span in spans]
        return found

    async def compare_meanwhile(self) -> bool:
        """Let something be done, and perhaps indexed, at one moment of a search: it finds what there was before or after. Returns whether it found something."""
        who, asked = self.chance.choice(PEOPLE), self.query()
        before = await self.everything()
        states, left = [await self.expected(who, asked, before)], self.chance.randrange(MOMENTS)

        async def reached() -> None:
            nonlocal left
            left -= 1
            if left == -1:
                await self.disturb(who, [*states[0]])
                now, known = await self.everything(), [*before]
                old = [each for each in now if each in known]
                states.append(await self.expected(who, asked, old))  # the rest isn't indexed
                states.append(await self.expected(who, asked, now))
                if self.chance.random() < 0.5:
                    await self.index()

        page = await self.first_page(who, asked, reached)
        found = {MessageKey(hit.room, hit.message.seq): hit.highlights for hit in page.hits}
        times = {MessageKey(room, message.seq): message.at for room, message in before}
        times |= {MessageKey(hit.room, hit.message.seq): hit.message.at for hit in page.hits}
        last = min(times[key] for key in found) if page.more else ""
        assert any(
            found.items() <= state.items()
            and {key for key in state if times.get(key, "~") > last} <= found.keys()
            for state in states
        ), asked
        await self.index()
        return bool(found)

    async def disturb(self, who: Principal, expected: list[MessageKey]) -> None:
        """Do something to what somebody is to find, or anything."""
        luck, key = self.chance.random(), self.chance.choice(expected) if expected else None
        if key is None or luck < 0.2:
            await self.live()
        elif luck < 0.4:
            text = " ".join(self.chance.choices(WORDS, k=3))
            await self.do(self.made[key], Edit(room=key.room, seq=key.seq, text=text))
        elif luck < 0.6:
            await self.do(self.made[key], Delete(room=key.room, seq=key.seq))
        else:
            act, room = self.chance.choice((Ban, Remove, Unban)), parent_of(key.room)
            for host in (ADA, GRACE, MARGARET):
                await self.do(host, act(room=room, who=who.id))

    async def first_page(
        self, who: Principal, asked: str, reached: Callable[[], Awaitable[None]]
    ) -> SearchPage:
        """Search, and call something at each moment at which that waits for the store, or asks for rights."""
        searching = self.hub.searching
        store, rights = searching._store, searching._rights
        paused: Any = Paused(store, reached), Paused(rights, reached)
        searching._store, searching._rights = paused
        try:
            return await searching.search(who, Search(query=asked, limit=50))
        except RefusalError as error:
            if error.refusal.code not in ("not_found", "forbidden", "banned"):
                raise
            return SearchPage("", [], more=False, indexed_to=None)
        finally:
            searching._store, searching._rights = store, rights

    async def may_read(self, who: Principal, room: str) -> bool:
        try:
            await self.hub.reading._rights.require(who, Operation.READ, room)
        except RefusalError:
            return False
        return True

    async def found(self, who: Principal, asked: str) -> dict[MessageKey, list[list[int]]]:
        """What a search finds, page by page."""
        found: dict[MessageKey, list[list[int]]] = {}
        before, last, limit = None, "~", self.chance.choice((3, 50, 50, 50))
        while True:
            page = await self.hub.searching.search(
                who, Search(query=asked, before=before, limit=limit)
            )
            for hit in page.hits:
                key = MessageKey(hit.room, hit.message.seq)
                assert key not in found and hit.message.at <= last
                found[key], last = hit.highlights, hit.message.at
            if not page.more:
                return found
            assert isinstance(page.then, str)
            before = page.then

    def query(self) -> str:
        """A query by chance."""
        chance = self.chance
        parts = chance.sample(ASKED, k=chance.choice((0, 1, 1, 1, 2)))
        parts += chance.sample(FILTERS, k=0 if parts and chance.random() < 0.5 else 1)
        if chance.random() < 0.3:
            parts.append(f"in:{chance.choice(self.rooms)}")
        return " ".join(parts)


class Paused:
    """Calls something before each method of another object that is awaited."""

    def __init__(self, other: object, reached: Callable[[], Awaitable[None]]) -> None:
        self._other = other
        self._reached = reached

    def __getattr__(self, name: str) -> Any:
        sound = getattr(self._other, name)
        if not iscoroutinefunction(sound):
            return sound

        async def paused(*given: Any, **named: Any) -> Any:
            await self._reached()
            return await sound(*given, **named)

        return paused


@asynccontextmanager
async def library_in(house: House, parts: LibraryParts = SOUND) -> AsyncIterator[Library]:
    with pytest.MonkeyPatch.context() as patch:
        library = Library(house, parts, random.Random("search"), patch)
        await library.furnish()
        yield library
    await library.fanout.close()
    await library.journal.close()


@pytest.fixture
async def library(house: House) -> AsyncIterator[Library]:
    async with library_in(house) as library:
        yield library


async def test_nothing_is_found_that_was_said_after_one_was_banned(library: Library) -> None:
    room, moment, left = await library.house.make(ADA, "closed", GRACE), 0, -1
    await library.post(ADA, room, "deploy")
    [key], found = library.made, list[str | None]()

    async def reached() -> None:
        nonlocal left
        left -= 1
        if left == -1:
            assert await library.do(ADA, Ban(room=room, who=GRACE.id))
            assert await library.do(ADA, Edit(room=room, seq=key.seq, text="secret deploy"))

    while left < 0:
        await library.do(ADA, Unban(room=room, who=GRACE.id))
        await library.do(ADA, InvitePeople(room=room, who=(GRACE.id,)))
        await library.do(ADA, Edit(room=room, seq=key.seq, text="deploy"))
        await library.index()
        left = moment
        page = await library.first_page(GRACE, "deploy", reached)
        found = [hit.message.text for hit in page.hits]
        assert found in ([], ["deploy"]), moment
        moment += 1
    assert moment > 5 and found == ["deploy"], "the last search was over before that"


PEOPLE = (ADA, GRACE, MARGARET, GUEST, STRAY, ADMIN)


TIMES_OVER = int(os.environ.get("TEST_SEARCHES", "1"))
MOMENTS = 16  # at which something is done while a search runs; most have fewer
# Of 34 queries, and those during which something is done: a thousand in all, and with TEST_SEARCHES=7 on each store.
ROUNDS = {MemoryStore: 12, SqliteStore: 10, PostgresStore: 3}
MEANWHILE = {MemoryStore: 60, SqliteStore: 150, PostgresStore: 40}


@pytest.mark.timeout(180 * TIMES_OVER)
async def test_one_finds_exactly_what_matches_and_what_one_may_read(library: Library) -> None:
    rounds = ROUNDS[type(library.store)] * TIMES_OVER
    assert await hold(library, rounds) > 5 * rounds


async def hold(library: Library, rounds: int) -> int:
    """Compare in so many rounds. Returns how many searches found something."""
    found = 0
    for _ in range(rounds):
        for _ in range(25):
            await library.live()
        await library.index()
        found += await library.compare(25, is_whole=True)
        for _ in range(5):
            await library.live()  # the index only knows what was taken out of it by these
        await library.compare(9, is_whole=False)
    return found


@pytest.mark.timeout(180 * TIMES_OVER)
async def test_what_is_done_while_one_searches_was_done_before_or_after(library: Library) -> None:
    queries = MEANWHILE[type(library.store)] * TIMES_OVER
    assert await hold_meanwhile(library, queries) > queries // 5


async def hold_meanwhile(library: Library, queries: int) -> int:
    """Compare so many searches during which something is done. Returns how many found something."""
    found = 0
    for number in range(queries):
        if not number % 50:
            for _ in range(60):
                await library.live()
            await library.index()
        found += await library.compare_meanwhile()
    return found


@pytest.mark.parametrize("many", [1, FEW_ROOMS])
async def test_what_is_pinned_is_found_among_much_else(library: Library, many: int) -> None:
    for name in ("FEW_ROOMS", "MANY_ROOMS"):
        library.patch.setattr(sqlite_search, name, many)
    library.patch.setattr(postgres_search, "FEW_ROOMS", many)
    library.patch.setattr(sqlite_search, "PINNED", 2)
    rooms = (library.rooms[1], library.rooms[4])  # hers, and a direct
    for n in range(12):
        library.house.at = f"2026-11-23T09:00:{n:02}.000Z"
        await library.post(ADA, rooms[n % 2], "tea" if n % 3 else "coffee")
    for key in [*library.made][1:10:2] + [*library.made][2:9:6]:
        assert await library.do(ADA, Pin(room=key.room, seq=key.seq))
    await library.index()
    everything = await library.everything()
    for asked, count in (("is:pinned", 7), ("is:pinned tea", 5), ("is:pinned coffee", 2)):
        found = await library.found(ADA, asked)
        assert len(found) == count and found == await library.expected(ADA, asked, everything)


async def test_beginnings_of_a_letter_are_found_wherever_they_are(library: Library) -> None:
    library.patch.setattr(sqlite_search, "NEWEST", 12)
    for n in range(30):
        library.house.at = f"2026-11-23T09:00:{n:02}.000Z"
        await library.post(ADA, library.rooms[1], f"{'x' * (n % 5)}ylem tea {'zebra' * (n == 3)}")
    await library.index()
    everything = await library.everything()
    for asked in (
        "y*",
        "x*",
        "xx*",
        "z*",
        "q*",
        "tea x*",
        '"ylem t*"',
        "x* y*",
        "z* from:me",
        "t*",
    ):
        for seed in (1, 3):
            library.chance = random.Random(seed)
            expected = await library.expected(ADA, asked, everything)
            assert await library.found(ADA, asked) == expected, asked
            assert bool(expected) == (asked not in ("q*", "x* y*"))


# --- at one moment ---

TIMES = [f"2026-11-23T09:00:00.{ms:03}Z" for ms in (7, 8, 8, 8, 9)]  # of commits


async def walk(store: Store, limit: int, query: str = "word") -> list[tuple[str, str, int]]:
    """The times, rooms and numbers of all messages that are found, in pages of so many."""
    rooms, found, before = ("a", "b"), list[tuple[str, str, int]](), None
    while True:
        wanted = WantedMessages(query_of(f"{query} in:a in:b"), limit, rooms, before=before)
        places = await store.search(wanted)
        page = (await store.messages([MessageKey(p.room, p.seq) for p in places]))[1]
        found += [(m.message.at, p.room, p.seq) for p, m in zip(places, page, strict=True) if m]
        if len(places) < limit:
            return found
        before = places[-1].id


async def test_pages_have_all_messages_of_one_moment_in_order(store: Store) -> None:
    posts = [Post(room=room, text="word") for room in ("a", "b", "a", "a")]
    for at in TIMES:
        await commit(store, *posts, at=at)
    for room in ("b", "a"):
        await store.index(room, 0, 100)
    everything = {("a", n) for n in range(1, 16)} | {("b", n) for n in range(1, 6)}
    await commit(store, Edit(room="a", seq=1, text="word"), Edit(room="a", seq=4, text="word"))
    await commit(store, Delete(room="b", seq=2))
    await store.index("a", 15, 17)
    for limit in (1, 3, 7, 50):
        found = await walk(store, limit)
        assert {(room, seq) for _, room, seq in found} == everything - {("b", 2)}
        assert len(found) == len(everything) - 1
        times = [at for at, *_ in found]
        assert times == sorted(times, reverse=True), limit
    for query, first, last in (
        (f"word after:{TIMES[1]}", TIMES[1], TIMES[4]),
        (f"word before:{TIMES[4]}", TIMES[0], TIMES[3]),
        (f"after:{TIMES[1]} before:{TIMES[4]}", TIMES[1], TIMES[1]),
    ):
        times = [at for at, *_ in await walk(store, 4, query)]
        assert (times[-1], times[0]) == (first, last), query
    for query in ("word after:9998", "word before:0001", "before:1960", "after:9999-12-30"):
        assert await walk(store, 4, query) == []
    assert len(await walk(store, 50, "word before:9998")) == len(everything) - 1
