"""Rights: who may do what in a room now, for all that is not decided in the ledger."""

from collections.abc import Iterable

from hubbub.domain.access import Operation, Permission, refuse
from hubbub.domain.facts import Head, Needs
from hubbub.domain.principals import Principal
from hubbub.domain.records import Index
from hubbub.domain.rules import Rules
from hubbub.domain.screening import require
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.server.engine.fanout import FanOut
from hubbub.server.stores.base import Records


class Rights:
    """Asks the access table, and the room's guards about what this node has in memory. Free rooms have no guards."""

    def __init__(self, store: Records, fanout: FanOut, rules: Rules) -> None:
        self._store = store
        self._fanout = fanout
        self._rules = rules

    async def require(
        self, principal: Principal, operation: Permission, room: str, upto: int = 0
    ) -> None:
        """Raise RefusalError if a principal may not do this in a room now, or the room's name is invalid.

        Now is after the event `upto`, or later. So what was read from the store, and is that new, may be shown.
        Once it has returned, nobody's rights change before the next `await`. Raises StoreFailed.
        """
        require(principal, operation, room)
        if self._rules.guards_of(room):
            await self.require_still(principal, operation, room, upto)

    async def require_still(
        self, principal: Principal, operation: Permission, room: str, upto: int = 0
    ) -> None:
        """Do as `require` does, for a principal that passed it before: only what a room's guards say can change."""
        if self._rules.guards_of(room) and not self._is_read_by(principal, operation, room, upto):
            with self._fanout.pinned(room) as feed:
                await self._fanout.know((feed,), principal)
                await self._fanout.reach_head(feed, upto)
                if upto and feed.parent:
                    await self._fanout.reach_supports(feed)
                if refusal := feed.refusal(principal, operation):
                    raise RefusalError.of(refusal)

    async def require_at_head(self, principal: Principal, operation: Permission, room: str) -> None:
        """Do as `require` does, as of the newest event in the store, which another node may just have committed."""
        with self._fanout.pinned(room) as feed:
            heads = await self._fanout.heads((feed,))
            await self.require(principal, operation, room, heads.get(room, Head()).seq)

    def _is_read_by(
        self, principal: Principal, operation: Permission, room: str, upto: int
    ) -> bool:
        """Whether nobody need be asked, since the principal may read a room as far as it was delivered."""
        if upto or operation is not Operation.READ:
            return False
        return (feed := self._fanout.get(room)) is not None and feed.is_read_by(principal)

    async def require_for_signal(
        self, principal: Principal, operation: Permission, room: str
    ) -> None:
        """Do as `require` does, and ask those guards too whose rows no node keeps in memory."""
        guards, wanted, known = self._rules.other_guards_of(room), Needs(), Index(self._fanout.now)
        for guard in guards:
            guard.needs(wanted, ((principal, room),))
        if wanted.rows:
            known.learn_all((await self._store.find(wanted)).rows)
        await self.require(principal, operation, room)
        for guard in guards:
            if refusal := guard.refuse(known, principal, operation, room):
                raise RefusalError.of(refusal)

    async def may(
        self, principal: Principal, operation: Permission, room: str, upto: int = 0
    ) -> bool:
        """Whether a principal may do something in a room now, as `require` has it. Raises StoreFailed."""
        try:
            await self.require(principal, operation, room, upto)
        except RefusalError:
            return False
        return True

    async def may_read(self, principal: Principal, room: str, upto: int = 0) -> bool:
        """Whether a principal may read a room now. Raises StoreFailed."""
        return await self.may(principal, Operation.READ, room, upto)

    async def may_know(self, principal: Principal, room: str) -> bool:
        """Whether the guards let a principal read a room that the access table lets them read. Raises StoreFailed."""
        try:
            await self.require_still(principal, Operation.READ, room)
        except RefusalError:
            return False
        return True

    async def readable(self, principal: Principal, rooms: Iterable[str]) -> set[str]:
        """Return those of some made rooms that a principal may read now. Raises StoreFailed."""
        with self._fanout.all_pinned(rooms) as feeds:
            await self._fanout.know(feeds, principal)
            return {feed.room for feed in feeds if not feed.refusal(principal)}

    def refusal(self, principal: Principal, operation: Permission, room: str) -> Refusal | None:
        """Return why a principal may not do this in a room that is followed, or None if it may."""
        if refusal := refuse(principal, operation, room):
            return refusal
        feed = self._fanout.get(room)
        return feed.refusal(principal, operation) if feed else None
