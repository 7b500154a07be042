"""Finds messages for those who may read them. The index only proposes; what may be shown is decided here, as for all else that is read."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from hubbub.domain.access import Operation, RoomKind
from hubbub.domain.facts import Head, MessageKey, Needs
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.search.matching import Searched, matches, relevance
from hubbub.domain.search.query import BadQuery, SearchQuery, hint_on, query_of
from hubbub.domain.tables.rooms import ROOM, room_row
from hubbub.protocol.commands.search import Hit, Search, SearchPage
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import is_made_key, parent_of
from hubbub.protocol.messages import Message
from hubbub.server.hub.authors import Authors
from hubbub.server.hub.names import Names
from hubbub.server.hub.resolving import Resolver
from hubbub.server.hub.rights import Rights
from hubbub.server.people.rates import Throttle
from hubbub.server.stores.base import Store, StoredMessage
from hubbub.server.stores.positions import POSITIONS
from hubbub.server.stores.search import (
    ALL_ROOMS,
    REACTOR,
    IndexPlace,
    TooSlow,
    WantedMessages,
    searched,
)

AT_ONCE = 2  # on a node
WAITING = 16
RANKED = 200  # of the newest messages that match, the best are shown
ROUNDS = 8  # of looking for more, where many of those that were found may not be shown
LONG = 10_000  # characters, in all: comparing them takes some milliseconds
ASKED = 4  # times, at most, which rooms may be read: until it was the same twice


class Searching:
    """Answers searches. Raises RefusalError and StoreFailed."""

    def __init__(
        self,
        store: Store,
        rights: Rights,
        authors: Authors,
        names: Names,
        throttle: Throttle,
        indexed: Collection[RoomKind],
    ) -> None:
        """`indexed` are the kinds of rooms that can be searched."""
        self.outcomes = Counter[str]()
        self._store = store
        self._rights = rights
        self._authors = authors
        self._resolver = Resolver(store, rights, names, indexed)
        self._throttle = throttle
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def require(self, principal: Principal) -> None:
        """Refuse those who may read nothing, whatever they ask for."""
        if Scope.READ not in principal.scopes:
            raise RefusalError("forbidden", f"Not allowed to {Operation.READ.label}")

    async def search(self, principal: Principal, asked: Search) -> SearchPage:
        """Return messages that match, as far as the principal may read them."""
        self.require(principal)
        self._throttle.pace_searching(principal)
        wanted, hint = await self._wanted(principal, asked)
        if self._waiting >= WAITING:
            raise RefusalError(
                "busy", "Too many searches are waiting: try again soon", retry_after=1.0
            )
        self._waiting += 1
        try:
            async with self._turn:
                page = await self._look(principal, asked, wanted)
        except TooSlow:
            self.outcomes["timed_out"] += 1
            detail = "The search took too long: use rarer words, or search in fewer rooms"
            raise RefusalError("timed_out", detail) from None
        finally:
            self._waiting -= 1
        self.outcomes["answered"] += 1
        return replace(page, hint=hint_on(asked.query) or hint or UNSET)

    async def _wanted(
        self, principal: Principal, asked: Search
    ) -> tuple[WantedMessages, str | None]:
        """Return what to look for, and a hint. Raises RefusalError if it can't be understood, or a room may not be read."""
        try:
            query = query_of(asked.query)
            before = None if asked.before is None else int(asked.before)
        except BadQuery as error:
            raise RefusalError("bad_request", str(error)) from None
        except ValueError:
            raise RefusalError(
                "bad_request", "Invalid `before`: use the `then` of an answer"
            ) from None
        if before is not None and asked.order != "newest":
            raise RefusalError("bad_request", "Only `newest` goes on: leave `before` out")
        rooms, empty = await self._resolver.rooms(principal, query)
        mine = tuple(principal.name if each.lower() == "me" else each for each in query.authors)
        authors, unknown = await self._resolver.authors(query._replace(authors=mine))
        limit = asked.limit if asked.order == "newest" else RANKED
        wanted = WantedMessages(
            query._replace(authors=authors), limit + 1, rooms, principal.id, before
        )
        if empty:
            return wanted, f"You have no room called {empty[0]}"
        if all(map(is_made_key, rooms or ())):  # elsewhere, authors need no account
            return wanted, await self._resolver.author_hint(principal, unknown)
        return wanted, None

    async def _look(
        self, principal: Principal, asked: Search, wanted: WantedMessages
    ) -> SearchPage:
        """Look until there are enough that may be shown."""
        found: list[_Found] = []
        upto = await self._store.rows(POSITIONS, REACTOR, ALL_ROOMS)
        enough, last, more = wanted.limit - 1, None, True
        for _ in range(ROUNDS):
            places = await self._store.search(wanted._replace(before=last or wanted.before))
            checked, shown = await self._checked(principal, wanted, places, enough - len(found))
            found += shown
            last = checked[-1].id if checked else last
            more = len(checked) < len(places) or len(places) == wanted.limit
            if len(found) >= enough or not more:
                break
        if asked.order == "relevance":
            found = sorted(found, key=lambda each: (-each.score, -each.place.id))[: asked.limit]
            more = False
        return await self._page(found, str(last) if more else None, upto[0].seq if upto else None)

    async def _checked(
        self, principal: Principal, wanted: WantedMessages, places: list[IndexPlace], limit: int
    ) -> tuple[list[IndexPlace], list["_Found"]]:
        """Return some of what was found, as many as fit, and those of these that match and may be shown."""
        rooms = {place.room for place in places}
        known = await self._readable(principal, dict.fromkeys(rooms, 0))
        asked = [place for place in places if place.room in known]
        heads, found = await self._store.messages([MessageKey(p.room, p.seq) for p in asked])
        compared = await self._compare(wanted.query, asked, found)
        upto = {room: heads.get(room, Head()).seq for room in known}
        known = await self._readable(principal, upto)
        shown: list[_Found] = []
        for each in compared:
            if len(shown) == limit:
                return places[: places.index(shown[-1].place) + 1], shown
            if each is not None and each.place.room in known:
                shown.append(each)
        if len(found) < len(asked):  # the rest is too large for one answer
            return places[: places.index(asked[len(found)])], shown
        return places, shown

    async def _compare(
        self,
        query: SearchQuery,
        places: Sequence[IndexPlace],
        found: Sequence[StoredMessage | None],
    ) -> list["_Found | None"]:
        """Compare messages with a query, long ones in a thread; None stands for each that doesn't match."""
        given = [
            None
            if each is None or each.message.deleted
            else _Given(place, each.message, searched(place.room, each.message))
            for place, each in zip(places, found, strict=False)
        ]
        texts = (text for each in given if each for text in (each.text.text, *each.text.file_texts))
        if sum(map(len, texts)) < LONG:
            return _compared(query, given)
        return await asyncio.to_thread(_compared, query, given)

    async def _readable(self, principal: Principal, upto: Mapping[str, int]) -> set[str]:
        """Return which of these rooms may be read once that much has happened in each: all at one moment, unless rights change again and again."""
        found, before = set(upto), None
        for _ in range(ASKED):
            found = {
                each for each in upto if await self._rights.may_read(principal, each, upto[each])
            }
            if found == before:
                break
            before = found
        return found

    async def _page(self, found: list["_Found"], then: str | None, upto: int | None) -> SearchPage:
        hits = [each.hit for each in found]
        people = await self._authors.of(hit.message for hit in hits)
        titles = await self._titles({hit.room for hit in hits})
        shown = None if upto is None else _time(upto)
        return SearchPage(
            self._store.epoch, hits, then is not None, shown, then or UNSET, titles, people
        )

    async def _titles(self, rooms: set[str]) -> dict[str, str]:
        """Return what made rooms are called; threads by the titles of their rooms."""
        wanted = Needs()
        for room in filter(is_made_key, rooms):
            wanted.row(ROOM, room_row(parent_of(room)))
        rows = (await self._store.find(wanted)).rows[ROOM] if wanted.rows else {}
        found = {room: rows.get(room_row(parent_of(room))) for room in rooms}
        return {room: row.title for room, row in sorted(found.items()) if row and row.title}


def _time(at: int) -> str:
    """Return a time in milliseconds since 1970 as messages have it."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Given(NamedTuple):
    """A message that was found, and what is searched of it."""

    place: IndexPlace
    message: Message
    text: Searched


class _Found(NamedTuple):
    """A message that may be shown."""

    place: IndexPlace
    hit: Hit
    score: float


def _compared(query: SearchQuery, given: Sequence[_Given | None]) -> list[_Found | None]:
    return [None if each is None else _matching(query, *each) for each in given]


def _matching(
    query: SearchQuery, place: IndexPlace, message: Message, text: Searched
) -> _Found | None:
    spans = matches(query, text)
    if spans is None:
        return None
    hit = Hit(place.room, message, [list(span) for span in spans])
    return _Found(place, hit, relevance(text, spans))
