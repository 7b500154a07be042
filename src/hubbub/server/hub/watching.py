"""Watching people: who may know whether whom is there, asked in one place, and asked again when that may have changed."""

import asyncio
import logging
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from hubbub.domain.access import Operation
from hubbub.domain.acquaintance import Tie, is_guest, tie_needs, tie_of
from hubbub.domain.aspects.people.sessions import SESSION, SESSIONS
from hubbub.domain.facts import Facts, Head, Needs
from hubbub.domain.principals import Principal
from hubbub.domain.tables.accounts import ACCOUNT, account_row
from hubbub.domain.tables.rooms import MEMBER, PLACE, MemberKey
from hubbub.protocol.commands.watching import WatchPeople
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import is_account_key
from hubbub.protocol.presence import OFFLINE, PersonPresence, Watched
from hubbub.server.engine.devices import Devices
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.outlet import Outlet
from hubbub.server.engine.presences import Onlooker, Pair
from hubbub.server.hub.rights import Rights
from hubbub.server.people.rates import Throttle
from hubbub.server.people.sessions import LIFETIME
from hubbub.server.stores.base import Records, StoreFailed

PAIRS_AT_ONCE = 500  # asked about in one read
ROWS_AT_ONCE = 2_000  # memberships
AGAIN_AFTER = 1.0  # seconds, after the store has failed

log = logging.getLogger(__name__)


class Acquainted(NamedTuple):
    """An account that asks, and one that it asks about."""

    reader: str
    who: str


class Ties(NamedTuple):
    """What accounts may know of each other, which of those that ask are guests, and all that was found."""

    ties: dict[Acquainted, Tie]
    guests: set[str]
    facts: Facts


class Watching:
    """Lets connections watch people. Nobody else asks whether somebody may know who is there."""

    def __init__(
        self,
        store: Records,
        fanout: FanOut,
        rights: Rights,
        throttle: Throttle,
        turn: asyncio.Semaphore,
    ) -> None:
        """`turn` is taken while people are looked up whom somebody begins to watch."""
        self._store = store
        self._turn = turn
        self._fanout = fanout
        self._presences = fanout.presences
        self.devices: Devices = fanout.presences.devices
        self._rights = rights
        self._throttle = throttle
        self._asking: asyncio.Task[None] | None = None
        self._presences.when_doubted(self._ask_soon)

    def onlooker(self, outlet: Outlet, principal: Principal) -> Onlooker:
        """Return what tells a connection of people, as `watch` lets it."""
        return Onlooker(outlet, principal)

    async def watch(self, onlooker: Onlooker, command: WatchPeople) -> Watched:
        """Watch these people in place of those before. Raises RefusalError; StoreFailed, and then nobody is watched."""
        principal = onlooker.principal
        await self._require(principal)
        keys = {*filter(is_account_key, command.people)}
        self._throttle.pace_asking(principal, len(keys))
        feeds = self._presences.look_at(onlooker, keys)
        try:
            async with self._turn:
                await self._be_sure(onlooker, feeds)
            await self._fanout.meet(feeds)
            async with self._turn:
                await self._be_sure(onlooker)
        except StoreFailed:
            self._presences.look_at(onlooker, ())
            raise
        for who in onlooker.people:
            self._presences.look(who)
        onlooker.forget([*onlooker.people])
        return Watched(onlooker.view())

    def stop(self, onlooker: Onlooker) -> None:
        """Watch nobody any more."""
        self._presences.look_at(onlooker, ())

    def go_on(self, onlooker: Onlooker, principal: Principal) -> None:
        """Go on with another credential of the same account, if it allows that."""
        onlooker.admit(principal)
        if self._rights.refusal(principal, Operation.READ, principal.id):
            self.stop(onlooker)

    def close(self) -> None:
        """Ask nothing any more."""
        self._presences.when_doubted(lambda: None)
        if self._asking is not None:
            self._asking.cancel()

    async def presence(self, principal: Principal, who: str) -> PersonPresence:
        """Return how an account is now. Raises RefusalError, StoreFailed."""
        await self._require(principal)
        self._throttle.pace_asking(principal, 1)
        pair = Acquainted(principal.id, who)
        tie = (await self.ties([pair])).ties[pair]
        if tie is Tie.NONE:
            raise RefusalError("not_found", "No such account, or no access to it")
        with self._fanout.pinned(who) as feed:
            await self._fanout.meet([feed])
            found = await self.ties([pair], self._unknown_uses([who]))
            self._remember(found.facts)
            return self.devices.now(who) if found.ties[pair] is Tie.SHOWN else OFFLINE

    async def is_active(self, account: str) -> bool:
        """Whether somebody is at a device of an account now."""
        with self._fanout.pinned(account) as feed:
            await self._fanout.meet([feed])
            return self.devices.now(account).state == "online"

    async def ties(self, pairs: Iterable[Acquainted], wanted: Needs | None = None) -> Ties:
        """Return what accounts may know of each other, and what is `wanted` beside that. Unknown ones take the same reads.

        Raises StoreFailed.
        """
        asked, wanted = [*pairs], wanted or Needs()
        for pair in asked:
            tie_needs(wanted, *pair)
        facts = await self._store.find(wanted) if asked else Facts()
        rows = facts.rows
        readers = {reader for reader, _ in asked}
        guests = {each for each in readers if is_guest(rows[ACCOUNT][account_row(each)])}
        sharing: set[Acquainted] = set()
        for guest in guests:
            sharing |= await self._sharing(guest, {who for reader, who in asked if reader == guest})
        ties = {pair: tie_of(rows, *pair, shares_a_room=pair in sharing) for pair in asked}
        return Ties(ties, guests, facts)

    async def _sharing(self, guest: str, people: set[str]) -> set[Acquainted]:
        """Return which people share a room with an account, in steps, so that no single read is long."""
        rooms = iter([row.room for row in await self._store.rows(PLACE, guest)])
        left = set(people)
        while left and (some := [*islice(rooms, max(1, ROWS_AT_ONCE // len(left)))]):
            wanted = Needs()
            for room in some:
                for who in (guest, *left):
                    wanted.row(MEMBER, MemberKey(room, who))
            found = (await self._store.find(wanted)).rows[MEMBER]
            here = [room for room in some if found[MemberKey(room, guest)]]
            left -= {who for who in left for room in here if found[MemberKey(room, who)]}
        return {Acquainted(guest, who) for who in people - left}

    async def _require(self, principal: Principal) -> None:
        if not principal.is_account:
            raise RefusalError("forbidden", "Only accounts can see who is online")
        await self._rights.require(principal, Operation.READ, principal.id)

    def _unknown_uses(self, people: Iterable[str]) -> Needs:
        """Ask for the sessions of those of whom it isn't known when they were last there."""
        wanted = Needs()
        for who in people:
            if not self.devices.knows(who):
                wanted.list(SESSIONS, who, SESSION)
        return wanted

    def _remember(self, facts: Facts) -> None:
        """Know when people were last there, at least how the last use of a session was written down."""
        used: dict[str, float] = {}
        for row in facts.rows.get(SESSIONS, {}).values():
            if row.until is not None:
                used[row.account] = max(row.until - LIFETIME, used.get(row.account, 0.0))
        for who, at in used.items():
            self.devices.remember(who, at)

    # --- asking again ---

    def _ask_soon(self) -> None:
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())

    async def _ask_all(self) -> None:
        """Ask about all that is doubted, some at a time, until nothing is."""
        try:
            while pairs := [*islice(self._presences.doubted, PAIRS_AT_ONCE)]:
                try:
                    await self._ask(pairs)
                except StoreFailed as error:
                    log.warning("Can't tell who may know whether people are there: %s", error)
                    await asyncio.sleep(AGAIN_AFTER)
        finally:
            self._asking = None

    async def _ask(self, pairs: list[Pair], feeds: Iterable[Feed] = ()) -> None:
        """Ask about pairs, and for the heads of logs whose events say that it must be asked again."""
        asking = self._presences.begin_to_ask(pairs)
        wanted = self._unknown_uses([each.who for each in pairs])
        wanted.logs.update(feed.room for feed in feeds if feed.head is None)
        acquainted = {Acquainted(each.onlooker.account, each.who) for each in pairs}
        try:
            found = await self.ties(acquainted, wanted)
        except BaseException:
            self._presences.ask_again(asking, pairs)
            raise
        for feed in [each for each in feeds if each.head is None]:
            self._fanout.learn(feed, found.facts.heads.get(feed.room, Head()))
        self._remember(found.facts)
        for onlooker, who in pairs:
            onlooker.be(guest=onlooker.account in found.guests)
            tie = found.ties[Acquainted(onlooker.account, who)]
            self._presences.settle(asking, Pair(onlooker, who), tie)

    async def _be_sure(self, onlooker: Onlooker, feeds: Iterable[Feed] = ()) -> None:
        """Ask until nothing of what an onlooker may know is in doubt. It watches only those whom it may know."""
        while pairs := self._presences.doubted_by(onlooker):
            await self._ask(pairs, feeds)
            self._presences.look_away(onlooker)
