"""What people are called on a terminal: logs hold the keys of accounts, which nobody wants to read."""

from contextlib import suppress

from hubbub.client import Client, Refused, Reset
from hubbub.events import Event, Posted
from hubbub.protocol.keys import DIRECTORY, is_account_key
from hubbub.protocol.messages import Page, Resumed

UNKNOWN = "Someone"


class KnownNames:
    """Names of accounts: those of the directory, or else those that pages and snapshots told."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._met: dict[str, str] = {}
        self._is_open = False

    async def open(self, room: str) -> None:
        """Begin, before `room` is followed. Only accounts have a directory; others learn names as they read."""
        is_own = room in (DIRECTORY, "@me", self._client.user)  # is followed once
        if is_account_key(self._client.user) and not is_own:
            with suppress(Refused):
                await self._client.me.open()
                self._is_open = True

    def of(self, by: str) -> str:
        """Return what an author is called: an account by its display name, everybody else by the name itself."""
        if not is_account_key(by):
            return by
        known = self._client.me.people.get(by) if self._is_open else None
        return known.name if known else self._met.get(by, UNKNOWN)

    def of_room(self, room: str, called: str) -> str:
        """Return what a room is called whose user called it so."""
        row = self._client.me.rooms.get(room) if self._is_open else None
        if row is None:
            return called
        others = [self.of(key) for key in row.people or () if key != self._client.user]
        return row.title or ", ".join(others) or called

    def meet(self, page: Page | None) -> None:
        """Learn the names in a page or snapshot."""
        for key, author in (page.people or {}).items() if page and page.people else ():
            self._met[key] = author.name

    async def learn(self, item: Event | Resumed | Reset) -> None:
        """Ask who caused an event, unless it is known."""
        if isinstance(item, Reset):
            self.meet(item.snapshot)
        elif isinstance(item, Event) and is_account_key(item.by) and self.of(item.by) == UNKNOWN:
            await self._ask(item)

    async def _ask(self, event: Event) -> None:
        """Ask for the message that an event posts or is about: the page tells the names of all who had to do with it."""
        seq = event.seq if isinstance(event, Posted) else getattr(event, "message", None)
        if seq is not None:
            with suppress(Refused):
                self.meet(await self._client.history(event.room, before=seq + 1, limit=1))
