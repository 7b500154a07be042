"""Forgets the addresses beside the audit log once they are old enough; the entries stay."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.audit import ADDRESS_DAYS, AUDIT_ADDRESS, ForgetAddresses
from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import AUDIT
from hubbub.protocol.messages import Change
from hubbub.server.stores.base import Store, StoreFailed

ENTRIES_AT_ONCE = 500
EVERY = 3600.0  # seconds


class Forgetting:
    """Asks the ledger to forget; its position is the last entry whose address was forgotten."""

    name = "addresses"
    does = "forget old addresses"
    every = EVERY

    def __init__(
        self,
        store: Store,
        submit: Callable[[Principal, Change], Awaitable[Answer]],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._submit = submit
        self._now = now

    async def step(self, room: str, after: int, head: int) -> int:
        """Have some addresses forgotten, the oldest first."""
        if room != AUDIT:
            return after
        last = self._now().timestamp() - ADDRESS_DAYS * 86_400
        rows = await self._store.rows(AUDIT_ADDRESS, AUDIT)
        old = [row.seq for row in rows if row.at < last and row.seq <= head][:ENTRIES_AT_ONCE]
        if not old:
            return after
        answer = await self._submit(OPERATOR, ForgetAddresses(entries=tuple(old)))
        if isinstance(answer, Refusal):
            raise StoreFailed(answer.detail)
        return max(after, *old)
