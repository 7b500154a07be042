"""Forgets the addresses beside the audit log once they are old enough; the entries stay."""

from collections.abc import Awaitable, Callable

from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.audit import ADDRESS_DAYS, AUDIT_ADDRESS, ForgetAddresses
from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import AUDIT
from hubbub.protocol.messages import Change
from hubbub.server.stores.base import Records, StoreFailed

ENTRIES_AT_ONCE = 500

Submit = Callable[[Principal, Change], Awaitable[Answer]]


async def forget_old(store: Records, submit: Submit, now: float) -> None:
    """Have the ledger forget old addresses, the oldest first; `now` is in seconds since 1970. Fails with `StoreFailed`.

    Nodes that share a store may all do so: what is forgotten twice is forgotten once.
    """
    last = now - ADDRESS_DAYS * 86_400
    old = [row.seq for row in await store.rows(AUDIT_ADDRESS, AUDIT) if row.at < last]
    for begin in range(0, len(old), ENTRIES_AT_ONCE):
        some = tuple(old[begin : begin + ENTRIES_AT_ONCE])
        answer = await submit(OPERATOR, ForgetAddresses(entries=some))
        if isinstance(answer, Refusal):
            raise StoreFailed(answer.detail)
