"""Erases what messages said before they were edited, where it was kept then and is not to be kept now."""

from hubbub import events
from hubbub.domain.access import RoomKind, kind_of
from hubbub.domain.aspects.former import EraseFormer
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.protocol.errors import Refusal
from hubbub.server.people.addresses import Submit
from hubbub.server.stores.base import Store, StoreFailed, Turn

EVENTS_AT_ONCE = 500  # looked through in one step
EVERY = 60.0


class Former:
    """Looks for edits that erased nothing. What they left is erased; if that is done twice, it is done once."""

    name = "former"
    does = "erase former texts of messages"
    every = EVERY

    def __init__(self, store: Store, submit: Submit) -> None:
        self._store = store
        self._submit = submit

    def reads(self, log: str) -> bool:
        """All logs that have messages."""
        return kind_of(log) not in (RoomKind.OWN, RoomKind.SERVER)

    async def begin(self, _: Turn) -> None:
        """Nothing is prepared."""

    def end(self) -> None:
        """Nothing was prepared."""

    async def step(self, room: str, after: int, head: int) -> int:
        """Look through some events, and erase what was said before the edits among them."""
        page = await self._store.read(room, after, min(after + EVENTS_AT_ONCE, head))
        edits = [events.decode_edited(b) for b in page.bodies if b.startswith(events.EDITED)]
        left = {e.message: e.seq for e in edits if not (e.erased or e.erases)}
        if left:
            answer = await self._submit(OPERATOR, EraseFormer(room=room, edits=tuple(left.items())))
            if isinstance(answer, Refusal):
                raise StoreFailed(answer.detail)
        return after + len(page.bodies) if page.bodies else max(after, page.kept - 1)
