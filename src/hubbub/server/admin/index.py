"""The index of messages: whether it has what the messages say, and making it again."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from hubbub import events
from hubbub.protocol.messages import Message
from hubbub.server.config import Settings
from hubbub.server.stores.positions import POSITIONS
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.rows import message
from hubbub.server.stores.search import REACTOR
from hubbub.server.stores.tables import PAGE, RoomState, Tables


class IndexState(NamedTuple):
    """How many messages are in the index as they should be, or wrong, and what is wrong with which."""

    compared: int
    faults: list[str]


def address_of(settings: Settings) -> str:
    """Return where the store of a server is, as one end of a copy."""
    shared = kind_of(settings.store).is_shared
    return settings.store if shared else f"{settings.store}:{settings.data}"


def make_again(settings: Settings) -> None:
    """Empty the index, so that the server makes it again. Raises StoreFailed."""
    asyncio.run(_empty(address_of(settings)))


async def _empty(address: str) -> None:
    opening = kind_of(address).open_tables(address, is_source=False)
    async with await opening as tables:
        await tables.empty_index()
        await tables.commit()


async def look(tables: Tables) -> IndexState:
    """Compare the whole index with the messages."""
    positions = {row.room: row.seq for row in await tables.records(POSITIONS, REACTOR)}
    compared, faults, name = 0, list[str](), ""
    while rooms := await tables.rooms(name):
        for room in rooms:
            position = positions.get(room.name, 0)
            later = await _edited_after(tables, room, position)
            async for after, upto, messages in _parts(tables, room):
                compared += len(messages)
                for seq, what in await tables.index_faults(room.name, after, upto, messages):
                    if what == "missing" and (seq > position or seq in later):
                        compared -= 1  # the server will come to it
                    else:
                        faults.append(f"message {seq} in {room.name} is {what}")
        name = rooms[-1].name
    if strays := await tables.index_strays():
        faults.append(f"{strays:,} of its entries are not in any room")
    return IndexState(compared, faults)


async def _edited_after(tables: Tables, room: RoomState, position: int) -> set[int]:
    """Return which messages were edited after a number."""
    found = set[int]()
    for after in range(position, room.head, PAGE):
        changes = await tables.changes(room.name, after, after + PAGE)
        found |= {each.about or 0 for each in changes if each.body.startswith(events.EDITED)}
    return found


async def _parts(tables: Tables, room: RoomState) -> AsyncIterator[tuple[int, int, list[Message]]]:
    """Yield the messages of a log that are not deleted, in parts, with the numbers between which they are."""
    for after in range(0, room.head, PAGE):
        rows = await tables.messages(room.name, after, after + PAGE)
        there = [row for row in rows if not row.is_deleted]
        yield after, after + PAGE, [message(row.seq, row.posted, row.edited, []) for row in there]
