"""Lets messages show previews of their links, soon after they were posted or edited."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from typing import NamedTuple

from hubbub import events
from hubbub.domain.access import RoomKind, kind_of
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.previews import MAX_PREVIEWS, PREVIEWS, ShowPreviews
from hubbub.domain.facts import MessageKey
from hubbub.domain.links import links_in
from hubbub.events import LinkPreview
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import is_account_key
from hubbub.server.people.addresses import Submit
from hubbub.server.previews.pages import Pages
from hubbub.server.stores.base import Store, StoreFailed, Turn

EVENTS_AT_ONCE = 500  # looked through in one step
LINKS_AT_ONCE = 8  # fetched in one step; the last message may have some more
OF_USE_FOR = 600.0  # seconds from a message to its previews


class _Said(NamedTuple):
    """What a message said from an event on: the event if it is an edit, or 0; its links; who posted or edited it, or "" for guests without a key."""

    message: int
    edit: int
    who: str
    links: list[str]


class Previews:
    """Looks for links in new messages. What is shown already is not fetched, so it does no harm to do a step twice."""

    name = "previews"
    does = "preview links"
    every = 60.0

    def __init__(
        self,
        store: Store,
        submit: Submit,
        pages: Pages,
        kinds: Collection[RoomKind],
        now: Callable[[], float],
    ) -> None:
        """`kinds` says in which rooms; `now` gives seconds since 1970."""
        self._store = store
        self._submit = submit
        self._pages = pages
        self._kinds = kinds
        self._now = now

    def reads(self, log: str) -> bool:
        """Rooms of these kinds."""
        return kind_of(log) in self._kinds

    async def begin(self, _: Turn) -> None:
        """Forget who has not posted a link for a while."""
        self._pages.forget()

    def end(self) -> None:
        """Nothing was prepared."""

    async def step(self, room: str, after: int, head: int) -> int:
        """Look through some events, and preview the links of some messages among them."""
        page = await self._store.read(room, after, min(after + EVENTS_AT_ONCE, head))
        if not page.bodies:
            return max(after, page.kept - 1)
        upto, some = await self._next(after, page.bodies)
        await asyncio.gather(*(self._preview(room, each) for each in some))
        return upto

    async def _next(self, after: int, bodies: list[bytes]) -> tuple[int, list[_Said]]:
        """Return how far to go, and what messages with links say there by then."""
        found: dict[int, _Said] = {}
        for seq, body in enumerate(bodies, after + 1):
            await asyncio.sleep(0)  # a long text takes some milliseconds
            if said := self._said(body):
                found.pop(said.message, None)
                if said.links:
                    found[said.message] = said
                if sum(len(each.links) for each in found.values()) >= LINKS_AT_ONCE:
                    return seq, list(found.values())
        return after + len(bodies), list(found.values())

    def _said(self, body: bytes) -> _Said | None:
        """Return what a message says from an event on, if that is such an event, and new."""
        if body.startswith(events.POSTED):
            posted = events.decode_posted(body)
            said, text = _Said(posted.seq, 0, _author(posted), []), posted.text
        elif body.startswith(events.EDITED):
            edited = events.decode_edited(body)
            said, text = _Said(edited.message, edited.seq, _author(edited), []), edited.text
        else:
            return None
        if not text or "://" not in text or self._is_old(body):
            return said
        return said._replace(links=links_in(text, MAX_PREVIEWS))

    def _is_old(self, body: bytes) -> bool:
        at = datetime.fromisoformat(events.outline(body).at).timestamp()
        return at < self._now() - OF_USE_FOR

    async def _preview(self, room: str, said: _Said) -> None:
        """Fetch what is not shown yet of a message, and show it. Fails with `StoreFailed`."""
        found = (await self._store.messages([MessageKey(room, said.message)])).found[0]
        if found is None or links_in(found.message.text or "", MAX_PREVIEWS) != said.links:
            return  # deleted, or edited since then; the edit comes in turn
        shown = {each.url: each for each in found.message.previews or ()}
        rows = await self._store.rows(PREVIEWS, room, said.message)
        removed = {url for row in rows for url in row.without}
        previews = await asyncio.gather(
            *(
                self._known_or_fetched(shown, url, said.who)
                for url in said.links
                if url not in removed
            )
        )
        some = tuple(filter(None, previews))
        if list(some) == list(shown.values()):
            return
        change = ShowPreviews(room=room, seq=said.message, edit=said.edit, previews=some)
        answer = await self._submit(OPERATOR, change)
        if isinstance(answer, Refusal):
            raise StoreFailed(answer.detail)

    async def _known_or_fetched(
        self, shown: dict[str, LinkPreview], url: str, who: str
    ) -> LinkPreview | None:
        return shown.get(url) or await self._pages.preview(url, who)


def _author(event: events.Event) -> str:
    """Return what identifies the author in any kind of room; "" for guests without a key."""
    return event.id or (event.by if is_account_key(event.by) else "")
