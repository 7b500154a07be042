"""Removes accounts: asks the ledger to, and then takes away step by step what they have left behind.

Every step may be done again, also by several nodes at once. So after a crash, or while the database is away, it begins from
the start: what has been done causes no more changes.
"""

from collections.abc import AsyncIterator

from hubbub.domain.access import RoomKind, kind_of
from hubbub.domain.aspects.people.accounts import HANDLES, OPERATOR
from hubbub.domain.aspects.people.audit import AUDIT_ADDRESS
from hubbub.domain.aspects.people.credentials import IDENTITIES
from hubbub.domain.aspects.people.invites import INVITES, RevokeInvite
from hubbub.domain.aspects.people.removal import (
    BEGUN,
    REMOVALS,
    EraseWritten,
    FinishRemoval,
    ForgetAddressesOf,
    Removal,
    RemovePerson,
)
from hubbub.domain.aspects.rooms.members import EndMembership
from hubbub.domain.facts import Accepted
from hubbub.domain.tables.accounts import ACCOUNT
from hubbub.domain.tables.rooms import PLACE
from hubbub.protocol.keys import AUDIT, DIRECTORY
from hubbub.protocol.messages import Change
from hubbub.server.people.addresses import ENTRIES_AT_ONCE, Submit
from hubbub.server.stores.base import Store, StoreFailed, Written

EVENTS_AT_ONCE = 1_000  # of a room, looked through and erased in one transaction
ROOMS_AT_ONCE = 500
NOT_THERE_ANY_MORE = frozenset({"not_found", "gone"})  # another node was faster


async def removal_of(
    store: Store,
    account: str,
    *,
    erases_messages: bool = False,
    was: str | None = None,
    address: str | None = None,
) -> RemovePerson:
    """Return the command that removes an account. Raises StoreFailed."""
    handles = await store.rows(HANDLES, DIRECTORY)
    identities = await store.rows(IDENTITIES, DIRECTORY)
    return RemovePerson(
        account=account,
        handles=tuple(row.handle for row in handles if row.account == account),
        subjects=tuple(row.subject for row in identities if row.account == account),
        erases_messages=erases_messages,
        was=was,
        address=address,
    )


async def finish_all(store: Store, submit: Submit) -> None:
    """Take away what removed accounts have left behind. Fails with `StoreFailed`."""
    if not await store.rows(REMOVALS, AUDIT, BEGUN):
        return
    async with store.turn("removals") as turn:
        if turn is None:
            return
        while removals := await store.rows(REMOVALS, AUDIT, BEGUN):  # its bots add theirs
            for removal in removals:
                await _Remains(store, submit, removal).take_away()


async def count_written(store: Store, account: str) -> int:
    """Return how many messages an account wrote that are there now, in all rooms. Raises StoreFailed."""
    return sum([len(written.messages) async for _, _, written in _written(store, account)])


async def _written(store: Store, account: str) -> AsyncIterator[tuple[str, int, Written]]:
    """Yield what an account wrote in each room, up to which event; step by step, so that no single read is long."""
    name = ""
    while rows := await store.rooms(name, ROOMS_AT_ONCE):
        for room, head, _ in rows:
            if kind_of(room) in (RoomKind.OWN, RoomKind.SERVER):
                continue
            for after in range((await store.head(room)).kept - 1, head, EVENTS_AT_ONCE):
                upto = min(after + EVENTS_AT_ONCE, head)
                yield room, upto, await store.written(account, room, after, upto)
        name = rows[-1].room


class _Remains:
    """What one account has left behind."""

    def __init__(self, store: Store, submit: Submit, removal: Removal) -> None:
        self._store = store
        self._submit = submit
        self._account = removal.account
        self._erases_messages = removal.erases_messages

    async def take_away(self) -> None:
        """Take all of it away."""
        await self._leave_rooms()
        await self._revoke_invites()
        await self._remove_bots()
        await self._forget_addresses()
        if self._erases_messages:
            await self._erase_messages()
        await self._do(FinishRemoval(account=self._account))

    async def _leave_rooms(self) -> None:
        for place in await self._store.rows(PLACE, self._account):
            await self._do(EndMembership(room=place.room, account=self._account))

    async def _revoke_invites(self) -> None:
        for invite in await self._store.rows(INVITES, AUDIT):
            if invite.by == self._account and not invite.is_revoked:
                await self._do(RevokeInvite(invite=invite.invite))

    async def _remove_bots(self) -> None:
        for row in await self._store.rows(ACCOUNT, DIRECTORY):
            if row.owner == self._account:
                change = await removal_of(
                    self._store, row.account, erases_messages=self._erases_messages
                )
                await self._do(change)

    async def _forget_addresses(self) -> None:
        kept = {row.seq for row in await self._store.rows(AUDIT_ADDRESS, AUDIT)}
        own = [seq async for seq in self._entries(min(kept, default=0)) if seq in kept]
        for begin in range(0, len(own), ENTRIES_AT_ONCE):
            some = tuple(own[begin : begin + ENTRIES_AT_ONCE])
            await self._do(ForgetAddressesOf(account=self._account, entries=some))

    async def _entries(self, first: int) -> AsyncIterator[int]:
        """Yield the entries of the audit log by the account, or about it: an address beside them may be its own."""
        head = (await self._store.head(AUDIT)).seq
        while bodies := (await self._store.read(AUDIT, first - 1, head)).bodies:
            for seq, body in enumerate(bodies, first):
                if self._account.encode() in body:
                    yield seq
            first += len(bodies)

    async def _erase_messages(self) -> None:
        async for room, upto, written in _written(self._store, self._account):
            if any(written):
                await self._do(
                    EraseWritten(room=room, account=self._account, upto=upto, **written._asdict())
                )

    async def _do(self, change: Change) -> Accepted | None:
        answer = await self._submit(OPERATOR, change)
        if isinstance(answer, Accepted):
            return answer
        if answer.code in NOT_THERE_ANY_MORE:
            return None
        raise StoreFailed(answer.detail)
