"""Watching people: who may know whether whom is there, asked in one place, and asked again when that may have changed."""

import asyncio
import logging
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from hubbub.domain.access import Operation
from hubbub.domain.accounts import ACCOUNT, account_row
from hubbub.domain.acquaintance import Tie, is_guest, tie_needs, tie_of
from hubbub.domain.aspects.people.sessions import SESSION, SESSIONS
from hubbub.domain.facts import Needs
from hubbub.domain.principals import Principal, Role
from hubbub.domain.rooms import MEMBER, PLACE, MemberKey
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import is_account_key
from hubbub.protocol.presence import OFFLINE, PersonPresence, Watched
from hubbub.protocol.watching import WatchPeople
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.outlet import Outlet
from hubbub.server.engine.presences import Onlooker, Pair
from hubbub.server.hub.rights import Rights
from hubbub.server.people.rates import Throttle
from hubbub.server.people.sessions import LIFETIME
from hubbub.server.stores.base import Store, StoreFailed

PAIRS_AT_ONCE = 500  # asked about in one read
ROWS_AT_ONCE = 2_000  # memberships
AGAIN_AFTER = 1.0  # seconds, after the store has failed

log = logging.getLogger(__name__)


class Acquainted(NamedTuple):
    """An account that asks, and one that it asks about."""

    reader: str
    who: str


class Ties(NamedTuple):
    """What accounts may know of each other, and which of those that ask are guests."""

    ties: dict[Acquainted, Tie]
    guests: set[str]


class Watching:
    """Lets connections watch people. Nobody else asks whether somebody may know who is there."""

    def __init__(
        self,
        store: Store,
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
        self.devices = fanout.presences.devices
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
        try:
            known = await self._look_at(onlooker, keys)
        except StoreFailed:
            self._presences.look_at(onlooker, ())
            raise
        for who in known:
            self._presences.look(who)
        onlooker.forget(known)
        return Watched(onlooker.view())

    async def _look_at(self, onlooker: Onlooker, keys: set[str]) -> list[str]:
        """Let an onlooker watch those of these people whom it may know; returns them, once they are known as well."""
        async with self._turn:
            found = await self.ties(Acquainted(onlooker.account, who) for who in keys)
            known = [who for (_, who), tie in found.ties.items() if tie is not Tie.NONE]
            feeds = self._presences.look_at(onlooker, known)
            await self._fanout.heads(feeds)
        await self._fanout.meet(feeds)
        async with self._turn:
            for who in known:
                await self._remember(who)
            await self._be_sure(onlooker)
        return known

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
            await self._remember(who)
            tie = (await self.ties([pair])).ties[pair]
            return self.devices.now(who) if tie is Tie.SHOWN else OFFLINE

    async def ties(self, pairs: Iterable[Acquainted]) -> Ties:
        """Return what accounts may know of each other. Unknown ones take the same reads. Raises StoreFailed."""
        asked, wanted = [*pairs], Needs()
        for pair in asked:
            tie_needs(wanted, *pair)
        rows = (await self._store.find(wanted)).rows if asked else {}
        readers = {reader for reader, _ in asked}
        guests = {each for each in readers if is_guest(rows[ACCOUNT][account_row(each)])}
        sharing: set[Acquainted] = set()
        for guest in guests:
            sharing |= await self._sharing(guest, {who for reader, who in asked if reader == guest})
        return Ties(
            {pair: tie_of(rows, *pair, shares_a_room=pair in sharing) for pair in asked}, guests
        )

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
        if principal.role is not Role.ACCOUNT:
            raise RefusalError("forbidden", "Only accounts learn who is there")
        await self._rights.require(principal, Operation.READ, principal.id)

    async def _remember(self, who: str) -> None:
        """Know when somebody was last there, at least how the last use of a session was written down."""
        devices = self.devices
        if not devices.knows(who):
            rows = await self._store.rows(SESSIONS, who, SESSION)
            if used := [row.until - LIFETIME for row in rows if row.until is not None]:
                devices.remember(who, max(used))

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

    async def _ask(self, pairs: list[Pair]) -> None:
        asking = self._presences.begin_to_ask(pairs)
        try:
            found = await self.ties({Acquainted(each.onlooker.account, each.who) for each in pairs})
        except BaseException:
            self._presences.ask_again(asking, pairs)
            raise
        for onlooker, who in pairs:
            onlooker.be(guest=onlooker.account in found.guests)
            tie = found.ties[Acquainted(onlooker.account, who)]
            self._presences.settle(asking, Pair(onlooker, who), tie)

    async def _be_sure(self, onlooker: Onlooker) -> None:
        """Ask until nothing of what an onlooker may know is in doubt."""
        while pairs := self._presences.doubted_by(onlooker):
            await self._ask(pairs)
