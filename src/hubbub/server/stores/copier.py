"""Copies one store to another. A copy, too, is a cursor over each room's log.

Each page of a room is committed together with its position. So an interrupted copy continues where it
stopped, and repeating a copy transfers only what happened since.
"""

import hashlib
from typing import Any, NamedTuple

import msgspec

from hubbub.domain.aspects import RULES
from hubbub.domain.records import AnyTable
from hubbub.domain.tables.markers import QUIET
from hubbub.events import forms, gone_in
from hubbub.protocol.keys import ROOM
from hubbub.server.stores.base import Progress, StoreFailed
from hubbub.server.stores.positions import POSITIONS
from hubbub.server.stores.records import Between
from hubbub.server.stores.search import REACTOR
from hubbub.server.stores.tables import (
    OWN,
    PAGE,
    UNFINISHED,
    EventRows,
    RoomState,
    Tables,
    check_finished,
)
from hubbub.server.stores.tokens import TOKENS

EVENTS_A_FLUSH = 5_000


class Sums(NamedTuple):
    """The contents of a store in numbers, and the SHA-256 of all of it."""

    rooms: int
    events: int
    tokens: int
    digest: str


class Copier:
    """Brings a target up to date with a source."""

    def __init__(self, source: Tables, target: Tables, progress: Progress) -> None:
        self._source = source
        self._target = target
        self._progress = progress
        self._copied: list[RoomState] = []

    async def copy(self) -> None:
        """Copy everything the target lacks. The target stays marked as unfinished; see `seal`.

        Raises:
            StoreFailed: the target has other logs than the source.
        """
        there = {room.name: room for room in await _all_rooms(self._target)}
        rooms = self._copied = await _all_rooms(self._source)
        meta = await self._check(there, rooms)
        await self._target.set_meta("epoch", meta["epoch"])
        await self._target.set_meta(UNFINISHED, "hubbub db copy")
        await self._target.flush()
        changed = [room for room in rooms if room != there.get(room.name)]
        positions = [_position(room, there.get(room.name)) for room in changed]
        total = sum(room.head for room in changed) - sum(positions)
        done = flushed = 0
        for room, position in zip(changed, positions, strict=True):
            await self._copy_records(room.name)
            for after in range(position, room.head, PAGE):
                upto = min(after + PAGE, room.head)
                await self._copy_page(room, after, upto, position)
                done += upto - after
                self._progress("events copied", done, total)
                if done - flushed >= EVENTS_A_FLUSH:
                    await self._target.flush()
                    flushed = done
            await self._target.put_room(room)
        for room in filter(_has_members, rooms):
            await self._copy_quiet(room.name)
        for table in OWN:
            rows: list[Any] = await self._source.records(table)
            if table is POSITIONS:  # the index is not copied
                rows = [row for row in rows if row.reactor != REACTOR]
            await self._target.put_records(table, rows)
        await self._target.empty_index()
        for name in meta.keys() & {"ends", "hint_key", "origin"}:
            await self._target.set_meta(name, meta[name])
        await self._target.flush()

    async def sums(self) -> Sums:
        """Compare counts and checksums of both sides. Raises StoreFailed if they differ."""
        rooms = await _all_rooms(self._source)
        total = sum(room.head + 1 - room.kept for room in rooms)
        whole, done = hashlib.sha256(), 0
        if [room.name for room in rooms] != [room.name for room in await _all_rooms(self._target)]:
            raise StoreFailed("The rooms of the copy differ from those of the source")
        for room in rooms:
            ours, theirs = await _digest(self._source, room), await _digest(self._target, room)
            if ours != theirs:
                raise StoreFailed(
                    f"Room {room.name!r} differs between source and copy: start again with an empty target"
                )
            whole.update(ours)
            done += room.head + 1 - room.kept
            self._progress("events compared", done, total)
        tokens = await self._source.records(TOKENS)
        if tokens != await self._target.records(TOKENS):
            raise StoreFailed("The tokens of the copy differ from those of the source")
        whole.update(msgspec.json.encode(tokens))
        return Sums(len(rooms), total, len(tokens), whole.hexdigest())

    async def is_current(self) -> bool:
        """Whether the source, read again, still equals the copy."""
        rooms, tokens = await _all_rooms(self._source), await self._source.records(TOKENS)
        return rooms == self._copied and tokens == await self._target.records(TOKENS)

    async def seal(self, epoch: str | None = None) -> None:
        """Mark the target as complete and usable; with a new epoch if the source may stay in use."""
        if epoch is not None:
            await self._target.set_meta("epoch", epoch)
        await self._target.set_meta(UNFINISHED, None)
        await self._target.commit()

    async def _check(self, there: dict[str, RoomState], rooms: list[RoomState]) -> dict[str, str]:
        """Return the source's metadata. Raises StoreFailed if the target is not a copy of it."""
        meta, target = await self._source.meta(), await self._target.meta()
        check_finished(meta)
        has_any = bool(there) or bool(await self._target.records(TOKENS))
        if has_any and target["epoch"] != meta["epoch"]:
            raise StoreFailed(
                "The target has rooms or tokens from another source (or from this one before a restore):"
                " use an empty target; nothing was changed"
            )
        here = {room.name: room for room in rooms}
        for room in there.values():
            await self._check_room(room, here.get(room.name, RoomState(room.name, 0, 1, 0)))
        return meta

    async def _check_room(self, there: RoomState, here: RoomState) -> None:
        """Raise StoreFailed if a room of the target is not the beginning of the source's."""
        last = there.head
        if last > here.head:
            raise StoreFailed(
                f"Room {here.name!r} is ahead in the target, at event {last}; nothing was changed"
            )
        if last < max(there.kept, here.kept):
            return
        before = await _event(self._target, here, last)
        if await _event(self._source, here, last) not in forms(before):
            raise StoreFailed(
                f"Room {here.name!r} has another history in the target: event {last} differs;"
                " nothing was changed"
            )

    async def _copy_page(self, room: RoomState, after: int, upto: int, position: int) -> None:
        """Copy events, and their effects on messages that the target has already."""
        events = await _events(self._source, room.name, after, upto)
        if len(events.messages) + len(events.changes) != upto - after:
            raise StoreFailed(
                f"Room {room.name!r} of the source lacks events between {after} and {upto}"
            )
        await self._target.put_room(room._replace(head=upto))
        await self._target.add(room.name, events)
        await self._copy_records(room.name, Between(after + 1, upto))
        older = {change.about for change in events.changes if change.about}
        gone = gone_in(change.body for change in events.changes)
        older |= gone.messages | gone.edits.keys() | {message for _, message in gone.reactions}
        for seq in sorted(seq for seq in older if room.kept <= seq <= position):
            now = await _events(self._source, room.name, seq - 1, seq)
            await self._target.set_messages(room.name, now.messages)
            await self._copy_records(room.name, Between(seq, seq))
        for seq in sorted(gone.messages):
            await self._target.erase(room.name, seq)
        for message, edit in gone.edits.items():
            await self._target.erase_edits(room.name, message, edit)
        for message, event in gone.previews.items():
            await self._target.erase_previews(room.name, message, event)
        for of, message in gone.reactions:
            await self._target.erase_reactions(room.name, message, of)
        for account in gone.accounts:
            await self._target.erase_names(room.name, account)

    async def _copy_records(self, room: str, between: Between | None = None) -> None:
        """Copy a room's records: those that these events trim, or those that none does."""
        for table in _tables(between):
            rows = await self._source.records(table, room, between=between)
            await self._target.put_records(table, rows, room, between=between)

    async def _copy_quiet(self, room: str) -> None:
        """Copy the records that may have changed since the last copy, though the log has nothing new."""
        for table in QUIET:
            await self._target.put_records(table, await self._source.records(table, room), room)


def _has_members(room: RoomState) -> bool:
    return room.name.startswith(ROOM)


def _position(room: RoomState, old: RoomState | None) -> int:
    """Return the event to continue after."""
    return max(old.head if old else 0, room.kept - 1)


async def _events(tables: Tables, room: str, after: int, upto: int) -> EventRows:
    return EventRows(
        await tables.messages(room, after, upto),
        await tables.changes(room, after, upto),
    )


def _tables(between: Between | None) -> list[AnyTable]:
    return [table for table in RULES.tables if bool(table.trimmed_by) == (between is not None)]


async def _event(tables: Tables, room: RoomState, seq: int) -> bytes:
    """One event, as it happened."""
    for message in await tables.messages(room.name, seq - 1, seq):
        return message.posted
    (change,) = await tables.changes(room.name, seq - 1, seq)
    return change.body


async def _all_rooms(tables: Tables) -> list[RoomState]:
    rooms: list[RoomState] = []
    while page := await tables.rooms(rooms[-1].name if rooms else ""):
        rooms += page
    return [room for room in rooms if room.head]


async def _digest(tables: Tables, room: RoomState) -> bytes:
    """The SHA-256 of a room, up to a head."""
    total = hashlib.sha256(msgspec.json.encode(await tables.room(room.name)))
    for table in _tables(None):
        total.update(msgspec.json.encode(await tables.records(table, room.name)))
    for after in range(room.kept - 1, room.head, PAGE):
        upto = min(after + PAGE, room.head)
        total.update(msgspec.json.encode(await _events(tables, room.name, after, upto)))
        between = Between(after + 1, upto)
        for table in _tables(between):
            rows = await tables.records(table, room.name, between=between)
            total.update(msgspec.json.encode(rows))
    return total.digest()
