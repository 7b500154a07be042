"""The hub: writing, following and reading as one object, and how they stop."""

import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from msgspec import structs

from hubbub.domain.access import Operation
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.rooms.settings import SetPortrait
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.protocol.commands.emoji import ListEmoji
from hubbub.protocol.commands.missed import ListMissed
from hubbub.protocol.commands.rooms import SetAvatar
from hubbub.protocol.commands.search import Search
from hubbub.protocol.files import KEY_BYTES, key_of
from hubbub.protocol.messages import AnyCommand
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.hub.authors import Authors
from hubbub.server.hub.emoji import EmojiOfServer
from hubbub.server.hub.following import Following
from hubbub.server.hub.large_files import LargeFiles
from hubbub.server.hub.missed import Missed
from hubbub.server.hub.names import Names
from hubbub.server.hub.positions import Positions
from hubbub.server.hub.questions import Questions
from hubbub.server.hub.reading import Lookup
from hubbub.server.hub.receipts import Receipts
from hubbub.server.hub.rights import Rights
from hubbub.server.hub.roster import Roster
from hubbub.server.hub.searching import Searching
from hubbub.server.hub.snapshots import Snapshots
from hubbub.server.hub.starting import Starting
from hubbub.server.hub.threads import Threads
from hubbub.server.hub.turns import Turns
from hubbub.server.hub.watching import Watching
from hubbub.server.hub.writing import Writing
from hubbub.server.mistakes import call_all
from hubbub.server.people.door import Door
from hubbub.server.people.rates import Limits, Throttle
from hubbub.server.stores.base import Store

C = TypeVar("C", bound=AnyCommand)
Portray = Callable[[Principal, str], Awaitable[bytes]]


class Hub:
    """What can be done in rooms, in parts: writing, following, starting, reading, what is kept beside messages, the roster of made rooms, and watching people.

    Each part refuses what its caller may not do. A refusal is a value or a `RefusalError`, never a crash.
    `turns` are for commands about many rooms.
    """

    def __init__(  # noqa: PLR0913 - its parts, and options
        self,
        store: Store,
        journal: Journal,
        fanout: FanOut,
        door: Door,
        limits: Limits,
        *,
        rules: Rules = RULES,
        refused: Callable[[str], None] = lambda _: None,
        portray: Portray | None = None,
    ) -> None:
        """`refused` gets the code of each refusal; `portray` makes pictures of uploaded files, by their keys."""
        self.door = door
        self.limits = limits
        self.rules = rules
        self.throttle = Throttle(limits)
        authors, positions = Authors(store), Positions(store, fanout)
        snapshots = Snapshots(store, fanout, authors)
        rights = Rights(store, fanout, rules)
        self.rights = rights
        self.names = Names(store, fanout.present, rights.may_know)
        self.writing = Writing(journal, fanout, self.throttle, limits.message_bytes, rules, rights)
        self.following = Following(fanout, positions, snapshots, rights, Receipts(store))
        self.turns = Turns(self.throttle)
        self.emoji = EmojiOfServer(store)
        self.threads = Threads(store, rights, authors, self.turns)
        self.starting = Starting(store, self.turns, self.emoji, self.threads.unread)
        self.missed = Missed(store, rights, authors, self.threads.unread, self.turns)
        self.reading = Lookup(store, fanout, positions, snapshots, rights, authors)
        self.roster = Roster(store, rights, fanout.now)
        self.large_files = LargeFiles(store, rights)
        self.watching = Watching(store, fanout, rights, self.throttle, self.turns.any)
        self.searching = Searching(
            store, rights, authors, self.names, self.throttle, limits.indexed
        )
        others = self.threads.answering | {
            ListEmoji: self.emoji.shown,
            Search: self.searching.search,
            ListMissed: self.missed.missed,
        }
        self.questions = Questions(store, rights, authors, self.turns, others)
        self.is_leaving = False  # still serving, but new clients should go elsewhere
        self.refused = refused
        self._journal = journal
        self._portray = portray

    @property
    def makes_pictures(self) -> bool:
        """Whether it makes small pictures of files."""
        return self._portray is not None

    async def in_full(self, principal: Principal, command: C) -> C:
        """Return a command as logs take it: with keys in place of names, and with the picture that is made of a file.

        Raises RefusalError, StoreFailed.
        """
        command = await self.names.in_keys(principal, command)
        if isinstance(command, SetAvatar) and command.file and self._portray is not None:
            return cast("C", await self._with_picture(principal, command, self._portray))
        return command

    async def _with_picture(
        self, principal: Principal, change: SetAvatar, portray: Portray
    ) -> SetPortrait:
        await self.rights.require(principal, Operation.DEPICT, change.room)
        image = await portray(principal, change.file)
        avatar = key_of(secrets.token_bytes(KEY_BYTES))
        return SetPortrait(**structs.asdict(change), avatar=avatar, image=image)

    @property
    def waiting(self) -> int:
        """The number of changes that wait for a commit."""
        return self._journal.waiting

    def retire(self) -> None:
        """From now on, report that new clients should go elsewhere."""
        self.is_leaving = True

    def review(self) -> None:
        """Expel holders of credentials that have ended, and forget what was read of accounts and emoji for all who ask."""
        call_all((self.door.review, self.starting.forget, self.emoji.forget))

    async def stop(self) -> None:
        """Accept no more changes, answer those accepted, and end waits for events."""
        self.retire()
        try:
            await self._journal.close()
        finally:
            self.reading.stop()
            self.watching.close()
