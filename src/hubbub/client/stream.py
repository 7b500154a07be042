"""What `async for` goes over: a room's events in order, each once."""

from collections.abc import Awaitable, Callable
from typing import Generic, Self, TypeVar

from hubbub.client.errors import ResetError
from hubbub.client.inbox import Item, Reset, Skipped
from hubbub.events import AnyEvent
from hubbub.protocol.messages import Resumed

Yielded = TypeVar("Yielded")


class Stream(Generic[Yielded]):
    """An async iterator over a room. Leave it and take another: it goes on where the last one was."""

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


def events_only(item: Item) -> AnyEvent | None:
    """Events are yielded, a hole is an error, and a resumption without a hole is no concern."""
    match item:
        case Reset():
            raise ResetError(item)
        case Resumed() | Skipped():
            return None
        case _:
            return item


def events_and_markers(item: Item) -> AnyEvent | Resumed | Reset | None:
    """Everything but events that this version doesn't know."""
    return None if isinstance(item, Skipped) else item
