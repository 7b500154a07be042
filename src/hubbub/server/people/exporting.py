"""Exports what is kept about one account, line by line, so that it takes little memory however much there is.

Each line is as of the moment when it was read; secrets are left out.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import msgspec

from hubbub.domain.access import RoomKind, kind_of
from hubbub.domain.aspects.conversation.drafts import DRAFTS
from hubbub.domain.aspects.conversation.saved import SAVED
from hubbub.domain.aspects.people.accounts import HANDLES
from hubbub.domain.aspects.people.audit import AUDIT_ADDRESS, AuditAddressKey
from hubbub.domain.aspects.people.credentials import CREDENTIALS, IDENTITIES
from hubbub.domain.aspects.people.preferences import PREFERENCES
from hubbub.domain.aspects.people.sessions import SESSIONS
from hubbub.domain.aspects.reactions import REACTIONS, ReactionKey
from hubbub.domain.facts import MessageKey, Needs
from hubbub.domain.files import FILE
from hubbub.domain.records import AnyTable
from hubbub.domain.tables.accounts import ACCOUNT, BLOCKS
from hubbub.domain.tables.subscriptions import SUBSCRIPTIONS
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.keys import AUDIT, DIRECTORY
from hubbub.server.people.rates import Rates
from hubbub.server.stores.base import Selection, Store

EVERY = 600.0  # seconds, at least, between two exports of one account
MESSAGES_AT_ONCE = 50
EVENTS_AT_ONCE = 1_000  # of a room that are looked through
ROWS_AT_ONCE = 100
SECRETS = frozenset(
    {"log", "digest", "secret", "endpoint", "p256dh", "auth"}
)  # columns, or what only says which log guards the row

OF_DIRECTORY: dict[str, AnyTable] = {"handle": HANDLES, "identity": IDENTITIES}
OF_OWN_LOG: dict[str, AnyTable] = {
    **{"credential": CREDENTIALS, "session": SESSIONS, "block": BLOCKS},
    **{"draft": DRAFTS, "saved": SAVED, "subscription": SUBSCRIPTIONS, "file": FILE},
}

Exported = dict[str, Any]


class Exports:
    """Exports accounts, one at a time for all who ask this node, and each seldom."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        """`now` gives seconds of any clock that never goes back."""
        self._store = store
        self._now = now
        self._rates = Rates(1 / EVERY)
        self._is_busy = False

    async def lines(self, account: str) -> AsyncGenerator[Exported]:
        """Yield all about an account. Raises RefusalError before the first line; fails with StoreFailed."""
        if self._is_busy:
            raise RefusalError(
                "busy", "Another export is running; try again later", retry_after=10.0
            )
        if wait := self._rates.wait(account, self._now()):
            detail = f"An account is exported every {EVERY / 60:.0f} minutes at most"
            raise RefusalError.of(Refusal("rate_limited", detail, retry_after=round(wait, 3)))
        self._is_busy = True
        try:
            async for line in exported(self._store, account):
                yield line
        finally:
            self._is_busy = False
            self._rates.sweep(self._now())


async def exported(store: Store, account: str) -> AsyncIterator[Exported]:
    """Yield all that is kept about an account, each line with its `kind`. Raises StoreFailed."""
    for part in (_records, _rooms, _own_events, _audit, _written):
        async for line in part(store, account):
            yield line


async def _records(store: Store, account: str) -> AsyncIterator[Exported]:
    """The account itself, and what it has chosen and keeps."""
    for row in await store.rows(ACCOUNT, DIRECTORY, account):
        yield _line("account", row)
    for kind, table in OF_DIRECTORY.items():
        for owned in await store.rows(table, DIRECTORY):
            if owned.account == account:
                yield _line(kind, owned)
    for kind, table in OF_OWN_LOG.items():
        for kept in await store.rows(table, account):
            yield _line(kind, kept)
    for chosen in await store.rows(PREFERENCES, account):
        yield {"kind": "preference", "name": chosen.name, "value": msgspec.Raw(chosen.value)}


def _line(kind: str, row: Any) -> Exported:
    said = {name: value for name, value in row._asdict().items() if name not in SECRETS}
    if "kind" in said:
        said["type"] = said.pop("kind")
    return {"kind": kind} | said


async def _rooms(store: Store, account: str) -> AsyncIterator[Exported]:
    """Its memberships, with how far it has read."""
    after = ""
    while rows := await store.own_rooms(account, Selection(after, ROWS_AT_ONCE)):
        for row in rows:
            yield _line("room", row)
        after = rows[-1].room


async def _own_events(store: Store, account: str) -> AsyncIterator[Exported]:
    """What its own log still says: mentions, sessions, and the like."""
    async for body in _bodies(store, account):
        yield {"kind": "event", "event": msgspec.Raw(body)}


async def _audit(store: Store, account: str) -> AsyncIterator[Exported]:
    """What the audit log says of it; addresses only if it did so itself."""
    async for body in _bodies(store, AUDIT):
        if account.encode() not in body:
            continue
        entry = msgspec.json.decode(body)
        key = AuditAddressKey(AUDIT, entry["seq"])
        wanted = Needs()
        wanted.row(AUDIT_ADDRESS, key)
        address = (await store.find(wanted)).rows[AUDIT_ADDRESS][key]
        shown = address.address if address and entry["by"] == account else None
        yield {"kind": "audit", "entry": entry, "address": shown}


async def _bodies(store: Store, log: str) -> AsyncIterator[bytes]:
    head = await store.head(log)
    after = head.kept - 1
    while bodies := (await store.read(log, after, head.seq)).bodies:
        for body in bodies:
            yield body
        after += len(bodies)


async def _written(store: Store, account: str) -> AsyncIterator[Exported]:
    """Its messages with their former texts, and its reactions, in all rooms, also in those that it has left."""
    name = ""
    while rows := await store.rooms(name, ROWS_AT_ONCE):
        for row in rows:
            if kind_of(row.room) in (RoomKind.OWN, RoomKind.SERVER):
                continue
            for after in range((await store.head(row.room)).kept - 1, row.head, EVENTS_AT_ONCE):
                upto = min(after + EVENTS_AT_ONCE, row.head)
                written = await store.written(account, row.room, after, upto)
                async for line in _messages(store, row.room, written.messages):
                    yield line
                async for line in _reactions(store, account, row.room, written.reactions):
                    yield line
        name = rows[-1].room


async def _messages(store: Store, room: str, seqs: tuple[int, ...]) -> AsyncIterator[Exported]:
    left = [MessageKey(room, seq) for seq in seqs]
    while left:
        found = (await store.messages(left[:MESSAGES_AT_ONCE])).found
        for each in found:
            if each is not None and not each.message.deleted:
                former = await _edits(
                    store, MessageKey(room, each.message.seq), each.message.edited_at
                )
                line = {"kind": "message", "room": room, "message": each.message, "edits": former}
                yield line
        left = left[len(found) :]


async def _edits(store: Store, key: MessageKey, edited_at: str | None) -> list[msgspec.Raw]:
    """All that a message said later; what it said at first is its `posted`, which the log has."""
    if edited_at is None:
        return []
    posted = (await store.read(key.room, key.seq - 1, key.seq)).bodies
    return [msgspec.Raw(body) for body in (*posted, *await store.edits(key, 0, MESSAGES_AT_ONCE))]


async def _reactions(
    store: Store, account: str, room: str, reactions: tuple[tuple[int, str], ...]
) -> AsyncIterator[Exported]:
    wanted = Needs()
    for message, emoji in reactions:
        wanted.row(REACTIONS, ReactionKey(room, message, emoji, account))
    for row in (await store.find(wanted)).rows.get(REACTIONS, {}).values() if reactions else ():
        if row is not None:
            yield {"kind": "reaction", "room": room, "message": row.message, "emoji": row.emoji}
