"""The people whom a client watches, as they are now. On each new connection it watches them again."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from hubbub.client.account.changes import PresenceUpdated, of_presence
from hubbub.client.errors import Closed, Refused, Unknown
from hubbub.client.wire.exchange import Exchange
from hubbub.client.wire.link import Outside
from hubbub.protocol.commands.watching import Away, Back, WatchPeople
from hubbub.protocol.presence import PersonPresence, PresenceChanged, Watched

log = logging.getLogger("hubbub.client")

HOLD = 10.0  # seconds, after a reconnect, in which somebody may only be on the way back as well


class Sight:
    """Whom a client watches. `tell` gets each change."""

    def __init__(
        self, exchange: Exchange, outside: Outside, tell: Callable[[PresenceUpdated], None]
    ) -> None:
        self.known: dict[str, PersonPresence] = {}
        self._exchange = exchange
        self._outside = outside
        self._tell = tell
        self._wanted: list[str] = []
        self._is_away = False
        self._held: dict[str, PersonPresence] = {}  # those of whom it isn't told yet that they left
        self._again: asyncio.Task[None] | None = None

    async def watch(self, people: Iterable[str]) -> None:
        """Watch these people in place of those before. Raises as `Exchange.ask`."""
        self._wanted = list(dict.fromkeys(people))
        self._held.clear()
        await self._exchange.ask(WatchPeople(people=self._wanted), Watched, self._take)

    async def rest(self, *, is_away: bool) -> None:
        """Say whether somebody is at this device. Raises as `Exchange.ask`."""
        self._is_away = is_away
        await self._exchange.ask(Away() if is_away else Back())

    def resume(self) -> None:
        """There is a new connection."""
        self.end()
        if self._is_away or self._wanted:
            self._again = asyncio.create_task(self._say_again())

    def hear(self, changed: PresenceChanged) -> None:
        """The server tells what is new."""
        for who, presence in changed.people.items():
            self._held.pop(who, None)
            self._put(who, presence)

    def end(self) -> None:
        """Say nothing more by oneself."""
        if self._again is not None:
            self._again.cancel()

    async def _say_again(self) -> None:
        try:
            if self._is_away:
                await self._exchange.ask(Away())
            if self._wanted:
                command = WatchPeople(people=self._wanted)
                await self._exchange.ask(command, Watched, self._take_again)
        except (Refused, Unknown, Closed) as error:
            log.info("Watching nobody: %s", error)
            self._take(Watched({}))
        await self._outside.sleep(HOLD)
        held, self._held = self._held, {}
        for who, presence in held.items():
            self._put(who, presence)

    def _take_again(self, watched: Watched) -> None:
        """Take the answer on a new connection, but let those who were there be there for a while."""
        for who, presence in watched.people.items():
            before = self.known.get(who)
            if before is not None and before.state != "offline" == presence.state:
                self._held[who] = presence
        self._take(Watched({**watched.people, **{who: self.known[who] for who in self._held}}))

    def _take(self, watched: Watched) -> None:
        for who in [*self.known, *watched.people]:
            self._put(who, watched.people.get(who))

    def _put(self, who: str, presence: PersonPresence | None) -> None:
        change = of_presence(who, self.known.get(who), presence)
        if presence is None:
            self.known.pop(who, None)
        else:
            self.known[who] = presence
        if change is not None:
            self._tell(change)
