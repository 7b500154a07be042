"""Writing: changes to a room's log, and signals, which no log contains."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from functools import partial
from typing import Any, Final, Literal, overload

from hubbub.domain.access import Operation
from hubbub.domain.aspects.rooms.members import JoinRoom, LeaveRoom
from hubbub.domain.facts import Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.domain.screening import screen_change, screen_signal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.keys import RANDOM_BYTES
from hubbub.protocol.messages import Change, Signal
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.hub.rights import Rights
from hubbub.server.people.rates import Throttle


class Policy(Enum):
    """What to do with a change if its sender is too fast, or the journal is full."""

    REFUSE = auto()  # both are refused
    WAIT = auto()  # it waits, for clients that can't be told of a refusal
    UNLIMITED = auto()  # our own applications are never too fast


# To look members up would cost every change a tenth of a microsecond each.
REFUSE: Final = Policy.REFUSE
WAIT: Final = Policy.WAIT


class Writing:
    """Accepts changes and signals, after checking whatever doesn't depend on the room's state, and the sender's rate."""

    def __init__(
        self,
        journal: Journal,
        fanout: FanOut,
        throttle: Throttle,
        max_bytes: int,
        rules: Rules,
        rights: Rights,
    ) -> None:
        """`max_bytes` limits the text of a message."""
        self._journal = journal
        self._fanout = fanout
        self._throttle = throttle
        self._max_bytes = max_bytes
        self._rules = rules
        self._rights = rights

    @overload
    def submit(
        self,
        principal: Principal,
        change: Change,
        answer: Callable[[Answer], None],
        policy: Literal[Policy.REFUSE, Policy.UNLIMITED] = REFUSE,
    ) -> None: ...

    @overload
    def submit(
        self,
        principal: Principal,
        change: Change,
        answer: Callable[[Answer], None],
        policy: Literal[Policy.WAIT],
    ) -> Coroutine[Any, Any, None] | None: ...

    def submit(
        self,
        principal: Principal,
        change: Change,
        answer: Callable[[Answer], None],
        policy: Policy = REFUSE,
    ) -> Coroutine[Any, Any, None] | None:
        """Submit a change; `answer` is called once with the outcome.

        With `Policy.WAIT`, a coroutine may be returned: the change is taken once it has been awaited.
        """
        if policy is WAIT and (self._journal.is_full or self._throttle.wait(principal)):
            return self._submit_in_turn(principal, change, answer)
        refusal = screen_change(self._rules, principal, change, self._max_bytes)
        if refusal is None and policy is REFUSE:
            adds = self._rules.adding.get(type(change))
            refusal = self._throttle.refusal(principal, adds(change) if adds else 0)
        if refusal is None:
            if complete := self._rules.completing.get(type(change)):
                change = complete(change, secrets.token_bytes(RANDOM_BYTES))
            self._journal.submit(Proposal(principal, change), answer)
        else:
            answer(refusal)
        return None

    async def commit(
        self,
        principal: Principal,
        change: Change,
        policy: Literal[Policy.REFUSE, Policy.UNLIMITED] = REFUSE,
    ) -> Answer:
        """Submit a change and wait for the outcome."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.submit(principal, change, partial(_settle, answered), policy)
        return await answered

    async def join(self, principal: Principal, room: str, key: str | None) -> Answer:
        """Make the principal a member of a made room, if it is not. `key` is the `client_message_id`."""
        return await self.commit(principal, JoinRoom(room=room, client_message_id=key))

    async def leave(self, principal: Principal, room: str, key: str | None) -> Answer:
        """End the principal's membership of a made room, if it is a member. `key` is the `client_message_id`."""
        return await self.commit(principal, LeaveRoom(room=room, client_message_id=key))

    async def signal(self, principal: Principal, signal: Signal) -> None:
        """Send a signal to everyone in the room. Raises RefusalError."""
        push = screen_signal(principal, signal)
        if isinstance(push, Refusal):
            raise RefusalError.of(push)
        await self._rights.require_for_signal(principal, Operation.SIGNAL, signal.room)
        self._throttle.pace(principal)
        with self._fanout.pinned(signal.room) as feed:
            if not feed.signals.put(push, principal.counted_as):
                why = "Too many live values: the room, you or the server has reached a limit"
                raise RefusalError("too_large", why)

    async def _submit_in_turn(
        self, principal: Principal, change: Change, answer: Callable[[Answer], None]
    ) -> None:
        await self._throttle.turn(principal)
        if self._journal.is_full:
            await self._journal.has_room()
        self.submit(principal, change, answer, Policy.UNLIMITED)


def _settle(answered: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not answered.done():  # whoever waited for it may be gone
        answered.set_result(answer)
