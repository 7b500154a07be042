"""Presence of people: tells those who watch an account how it is, in differences, and only as long as they may know it.

What changes who may know whom is an event of one of the two accounts' own logs, or of the directory. So whoever watches is
told nothing more of a person from such an event on, until it has been asked anew.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from hubbub import events
from hubbub.domain.acquaintance import Tie
from hubbub.domain.principals import Principal
from hubbub.protocol.codec import encode
from hubbub.protocol.commands.preferences import HIDE_PRESENCE
from hubbub.protocol.keys import DIRECTORY, is_account_key
from hubbub.protocol.presence import OFFLINE, PersonPresence, PresenceChanged
from hubbub.server.engine.devices import Devices
from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.outlet import Outlet

TELL_EVERY = 1.0  # seconds
PER_TURN = 50  # connections that are told in one turn of the loop

_DOUBTFUL = frozenset(
    {b"blocked", b"unblocked", b"preferred", b"joined", b"invited", b"left"}
    | {b"person_changed", b"person_removed"}
)


class _Said(msgspec.Struct):
    """What events say that may change who may know whom."""

    event: str
    who: str | None = None
    name: str | None = None
    account: str | None = None
    role: str | None = None
    status: str | None = None


_decode = msgspec.json.Decoder(_Said).decode


class Onlooker:
    """A connection that watches people, as an account. Only the newest that it was not told is kept."""

    __slots__ = ("_changed", "_outlet", "is_guest", "people", "principal")

    def __init__(self, outlet: Outlet, principal: Principal) -> None:
        self.principal = principal
        self.is_guest = True  # as long as it isn't known
        self.people: dict[str, _WatchedPerson] = {}
        self._changed: set[str] = set()
        self._outlet = outlet

    @property
    def account(self) -> str:
        """The account that watches."""
        return self.principal.id

    def move(self, outlet: Outlet) -> None:
        """Write to another outlet from now on."""
        self._outlet = outlet

    def admit(self, principal: Principal) -> None:
        """It goes on with another credential of the same account."""
        self.principal = principal

    def be(self, *, guest: bool) -> None:
        """The account is a guest's, or is not."""
        self.is_guest = guest

    def note(self, who: str) -> None:
        """There is something new to tell of a person."""
        self._changed.add(who)

    def forget(self, people: Iterable[str] = ()) -> None:
        """What was to be told of some people need not be told any more."""
        self._changed = self._changed.difference(people)  # which takes no more memory than it needs

    def view(self) -> dict[str, PersonPresence]:
        """Return all that it may know now."""
        shown = {who: person.shown_to(self) for who, person in self.people.items()}
        return {who: presence for who, presence in shown.items() if presence is not None}

    def tell(self, is_doubted: Callable[["Pair"], bool]) -> bool:
        """Write what is new, but for what is in doubt. Returns whether there is more to tell later."""
        told = {who for who in self._changed if not is_doubted(Pair(self, who))}
        if not told:
            return False  # once it is known, it is noted again
        people = {who: self.people[who].shown_to(self) for who in told & self.people.keys()}
        if people and not self._outlet.write(
            self._outlet.wire.notice(encode(PresenceChanged(people)))
        ):
            return True
        self._changed -= told
        return False


class Pair(NamedTuple):
    """A connection, and an account that it watches."""

    onlooker: Onlooker
    who: str


class _WatchedPerson:
    """An account that somebody here watches."""

    __slots__ = ("feed", "onlookers", "shown")

    def __init__(self, feed: Feed, shown: PersonPresence) -> None:
        feed.pin()
        self.feed = feed
        self.shown = shown
        self.onlookers: dict[Onlooker, Tie] = {}

    def show(self, shown: PersonPresence) -> None:
        """It is so now: tell those who may know."""
        self.shown = shown

    def is_unknown_to(self, onlooker: Onlooker) -> bool:
        """Whether an onlooker may not know that there is such an account."""
        return self.onlookers[onlooker] is Tie.NONE

    def shown_to(self, onlooker: Onlooker) -> PersonPresence | None:
        """Return what an onlooker may know now."""
        match self.onlookers[onlooker]:
            case Tie.SHOWN:
                return self.shown
            case Tie.HIDDEN:
                return OFFLINE
            case _:
                return None


class Presences:
    """All who watch people here, and whom they watch. Everything happens in the loop's thread, at once.

    Attributes:
        devices: those of all accounts.
        doubted: pairs of which must be asked again whether one may know the other: until then it is told nothing.
    """

    def __init__(self, pinned: Callable[[str], Feed], now: Callable[[], float]) -> None:
        """`pinned` returns the feed of a log. `now` gives seconds since 1970."""
        self.devices = Devices(pinned, self._note, now)
        self.doubted: dict[Pair, None] = {}
        self._pinned = pinned
        self._watched: dict[str, _WatchedPerson] = {}
        self._onlookers: dict[str, set[Onlooker]] = {}
        self._asking: dict[Pair, object] = {}
        self._when_doubted: Callable[[], None] = lambda: None
        self._moved: set[str] = set()  # accounts that may be otherwise
        self._due: dict[Onlooker, None] = {}
        self._tells: asyncio.Handle | None = None

    def __len__(self) -> int:
        """How many accounts are watched here."""
        return len(self._watched)

    def close(self) -> None:
        """Tell nothing more."""
        self.devices.close()
        if self._tells is not None:
            self._tells.cancel()

    # --- watching ---

    def when_doubted(self, act: Callable[[], None]) -> None:
        """Call `act` whenever something is doubted that was not."""
        self._when_doubted = act

    def look_at(self, onlooker: Onlooker, people: Iterable[str]) -> list[Feed]:
        """Watch these people in place of those before, and doubt all of them: the caller asks.

        Returns the logs whose events say what changes.
        """
        wanted = dict.fromkeys(people)
        for who in onlooker.people.keys() - wanted.keys():
            self._look_away(onlooker, who)
        if not wanted:
            self._leave(onlooker)
            return []
        for who in wanted:
            person = self._watched.get(who)
            if person is None:
                feed = self._listen(who)
                person = _WatchedPerson(feed, self.devices.now(who))
                self._watched[feed.room] = person
            person.onlookers.setdefault(onlooker, Tie.HIDDEN)
            onlooker.people[person.feed.room] = person  # all share one text
            self._asking.pop(pair := Pair(onlooker, person.feed.room), None)
            self.doubted[pair] = None
        self._come(onlooker)
        logs = {DIRECTORY, onlooker.account, *wanted}
        return [self._pinned(log) for log in logs]

    def look_away(self, onlooker: Onlooker) -> None:
        """Watch nobody any more whom an onlooker may not know, as it seems."""
        unknown = [who for who, person in onlooker.people.items() if person.is_unknown_to(onlooker)]
        for who in unknown:
            self._look_away(onlooker, who)
        if not onlooker.people:
            self._leave(onlooker)

    def _come(self, onlooker: Onlooker) -> None:
        """Hear of what changes what an account may know."""
        others = self._onlookers.setdefault(onlooker.account, set())
        if onlooker not in others:
            others.add(onlooker)
            self._listen(onlooker.account).pin()
            self._listen(DIRECTORY).pin()

    def _leave(self, onlooker: Onlooker) -> None:
        others = self._onlookers.get(onlooker.account, set())
        if onlooker in others:
            others.discard(onlooker)
            self._pinned(onlooker.account).unpin()
            self._pinned(DIRECTORY).unpin()
        if not others:
            self._onlookers.pop(onlooker.account, None)

    def _look_away(self, onlooker: Onlooker, who: str) -> None:
        person = onlooker.people.pop(who)
        del person.onlookers[onlooker]
        onlooker.forget([who])
        for pairs in (self.doubted, self._asking):
            pairs.pop(Pair(onlooker, who), None)
        if not person.onlookers:
            del self._watched[who]
            person.feed.unpin()

    def _listen(self, log: str) -> Feed:
        feed = self._pinned(log)
        feed.overheard_by(self._overhear)
        return feed

    # --- who may know whom ---

    def begin_to_ask(self, pairs: Iterable[Pair]) -> object:
        """The rows about these pairs are about to be read. Returns what to `settle` them with."""
        asking = object()
        for pair in pairs:
            self.doubted.pop(pair, None)
            self._asking[pair] = asking
        return asking

    def settle(self, asking: object, pair: Pair, tie: Tie) -> None:
        """Take what was read, unless it was doubted again meanwhile."""
        if self._asking.get(pair) is asking:
            del self._asking[pair]
            self._take(pair, tie)

    def ask_again(self, asking: object, pairs: Iterable[Pair]) -> None:
        """The rows could not be read."""
        for pair in pairs:
            if self._asking.get(pair) is asking:
                self._doubt(pair)

    def doubted_by(self, onlooker: Onlooker) -> list[Pair]:
        """Return the pairs of an onlooker of which it isn't known what it may know."""
        return [pair for pair in _pairs_of(onlooker) if self.is_doubted(pair)]

    def is_doubted(self, pair: Pair) -> bool:
        """Whether it isn't known what one may know of the other."""
        return pair in self.doubted or pair in self._asking

    def _take(self, pair: Pair, tie: Tie) -> None:
        onlooker, who = pair
        onlookers = self._watched[who].onlookers
        is_new, onlookers[onlooker] = onlookers[onlooker] is not tie, tie
        if is_new:
            onlooker.note(who)
        self._due[onlooker] = None
        self._tell_soon()

    def _doubt(self, pair: Pair) -> None:
        self._asking.pop(pair, None)
        self.doubted[pair] = None
        self._when_doubted()

    def _overhear(self, log: str, bodies: list[bytes] | None) -> None:
        """Events of a log were delivered; None: some were, and nobody knows which."""
        if bodies is None:
            accounts = self._watched.keys() | self._onlookers.keys() if log == DIRECTORY else {log}
            for account in accounts:
                self._doubt_all(account)
            return
        for body in bodies:
            if events.tag_in(body) in _DOUBTFUL:
                for pair in list(self._changed_by(log, _decode(body))):
                    self._doubt(pair)

    def _changed_by(self, log: str, said: _Said) -> Iterator[Pair]:
        """Yield the pairs of whom one may know more of the other by an event, or less."""
        match said.event:
            case "blocked" | "unblocked":
                yield from (pair for pair in self._seeing(log) if pair.onlooker.account == said.who)
            case "preferred" if said.name == HIDE_PRESENCE:
                yield from self._seeing(log)
            case "joined" | "invited" | "left" if is_account_key(log):
                both = (*self._seeing(log), *self._seen_by(log))
                yield from (pair for pair in both if pair.onlooker.is_guest)
            case "person_changed" if (said.role, said.status) != (None, None):
                yield from self._pairs_with(said.account)
            case "person_removed":
                yield from self._pairs_with(said.account)

    def _doubt_all(self, account: str) -> None:
        for pair in [*self._pairs_with(account)]:
            self._doubt(pair)

    def _pairs_with(self, account: str | None) -> Iterator[Pair]:
        assert account is not None
        yield from (*self._seeing(account), *self._seen_by(account))

    def _seeing(self, who: str) -> Iterator[Pair]:
        person = self._watched.get(who)
        return (Pair(onlooker, who) for onlooker in (person.onlookers if person else ()))

    def _seen_by(self, account: str) -> Iterator[Pair]:
        onlookers = self._onlookers.get(account, ())
        return (pair for onlooker in onlookers for pair in _pairs_of(onlooker))

    # --- telling ---

    def look(self, who: str) -> None:
        """See how a person is now who is watched here. Whoever else may know is told soon."""
        person, now = self._watched[who], self.devices.now(who)
        if person.shown == now:
            return
        person.show(now)
        for onlooker, tie in person.onlookers.items():
            if tie is Tie.SHOWN:
                onlooker.note(who)
                self._due[onlooker] = None
        self._tell_soon()

    def _note(self, account: str) -> None:
        if account in self._watched:
            self._moved.add(account)
            self._tell_soon()

    def _tell_soon(self) -> None:
        if self._tells is None:
            self._tells = asyncio.get_running_loop().call_later(TELL_EVERY, self._tell)

    def _tell(self) -> None:
        """Tell what has changed in the last second."""
        moved, self._moved = self._moved, set()
        for who in moved & self._watched.keys():
            self.look(who)
        self._tell_some(deque(self._due))

    def _tell_some(self, due: deque[Onlooker]) -> None:
        """Let some of those who are due tell, and the others in the next turn of the loop."""
        for _ in range(min(len(due), PER_TURN)):
            onlooker = due.popleft()
            if not onlooker.tell(self.is_doubted):
                self._due.pop(onlooker, None)
        loop = asyncio.get_running_loop()
        if due:
            self._tells = loop.call_soon(self._tell_some, due)
        else:
            is_more = self._due or self._moved
            self._tells = loop.call_later(TELL_EVERY, self._tell) if is_more else None


def _pairs_of(onlooker: Onlooker) -> Iterator[Pair]:
    return (Pair(onlooker, who) for who in onlooker.people)
