"""The iterators over a room: its events in order, each once."""

from collections.abc import Awaitable, Callable
from typing import Generic, Self, TypeVar

from hubbub.client.errors import ResetError
from hubbub.client.rooms.inbox import Item, Reset, Skipped
from hubbub.events import Event
from hubbub.protocol.messages import Resumed

Yielded = TypeVar("Yielded")


class Stream(Generic[Yielded]):
    """An async iterator over a room. A new one continues where the last one stopped."""

    def __init__(self, take: Callable[[], Awaitable[Item]], pick: Callable[[Item], Yielded | None]):
        self._take = take
        self._pick = pick

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Yielded:
        while True:
            picked = self._pick(await self._take())
            if picked is not None:
                return picked


def events_only(item: Item) -> Event | None:
    """Pick events. Skips `Resumed`, and raises ResetError for a `Reset`."""
    match item:
        case Reset():
            raise ResetError(item)
        case Resumed() | Skipped():
            return None
        case _:
            return item


def events_and_markers(item: Item) -> Event | Resumed | Reset | None:
    """Pick everything except events of unknown kinds."""
    return None if isinstance(item, Skipped) else item
