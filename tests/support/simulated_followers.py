"""Who follows a room of a simulated node: by a connection that stalls and breaks, or by asking again and again."""

import asyncio
import random
from collections.abc import Callable, Iterator

import msgspec
from msgspec.structs import replace

from hubbub import events
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.posts import tombstone
from hubbub.domain.view import RoomView
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import Follow, Message, Resumed, Snapshot
from hubbub.server.engine.followers import Cursor
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.snapshots import SNAPSHOT_MESSAGES
from hubbub.server.stores.base import StoreFailed
from tests.support.checker import Fault, Finding, Record, Run
from tests.support.fakes import Peer, guest, unframe

POLL_SECONDS = 0.01  # of the simulated clock
WITHOUT_POSITION = 0.1  # how many join so
IMPATIENT = 0.2  # how many rather have a snapshot than much


class _Event(msgspec.Struct):
    seq: int


_event = msgspec.json.Decoder(_Event)


class Follower:
    """Someone who follows a room by a connection, and comes back on the position it has reached."""

    def __init__(
        self, name: str, room: str, dice: random.Random, connect: Callable[[], Peer]
    ) -> None:
        self.principal = guest(name)
        self.room = room
        self.record = Record(name)
        self.snapshots: list[Snapshot] = []
        self.seq = 0
        self.peer: Peer | None = None
        self.cursor: Cursor | None = None
        self._dice = dice
        self._hub: Hub | None = None
        self._connect = connect
        self._coming: asyncio.Task[None] | None = None

    def come(self, hub: Hub) -> None:
        """Connect, unless it is connected."""
        if self.peer is None:
            self.peer, self._hub = self._connect(), hub
            self._coming = asyncio.create_task(self._join(hub, self.peer))

    def take(self) -> None:
        """Look at what has come."""
        if self.peer is not None:
            for body in unframe(self.peer.take()):
                if body.startswith(b'{"event"'):
                    self.record.runs[-1].bodies.append(body)
                    self.seq = _event.decode(body).seq

    def go(self) -> None:
        """Lose the connection, and what was still on its way."""
        self.take()
        if self.peer is None or self._coming is None or self._hub is None:
            return
        self._coming.cancel()
        self.peer.vanish()
        if self.cursor is not None:
            self._hub.following.unfollow(self.cursor)
        self.peer.dispose()
        self.peer = self.cursor = None

    async def _join(self, hub: Hub, peer: Peer) -> None:
        since = None if self._dice.random() < WITHOUT_POSITION else self.seq
        max_missed = self._dice.randint(0, 9) if self._dice.random() < IMPATIENT else None
        join = Follow(room=self.room, since=since, epoch=hub.reading.epoch, max_missed=max_missed)

        def tell(told: Resumed | Snapshot) -> None:
            self._begin(told, join)

        try:
            self.cursor = await hub.following.follow(
                self.principal, join, peer.outlet, tell, lambda _: self._lost()
            )
        except StoreFailed:
            self._lost()
        except RefusalError as refused:
            self.record.turned_away = str(refused)

    def _begin(self, told: Resumed | Snapshot, join: Follow) -> None:
        if isinstance(told, Snapshot):
            missed = told.head - self.seq
            is_asked_for = join.since is None or (
                join.max_missed is not None and missed > join.max_missed
            )
            is_needed = told.truncated is not msgspec.UNSET and told.truncated > self.seq + 1
            if not (is_asked_for or is_needed):
                self.record.turned_away = f"a snapshot at {told.head} instead of {missed} events"
            self._take_snapshot(told)
        else:
            self.record.runs.append(Run(self.seq))

    def _take_snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)
        self.seq = snapshot.head
        self.record.runs.append(Run(self.seq))

    def _lost(self) -> None:
        asyncio.get_running_loop().call_soon(self.go)


class Poller(Follower):
    """Someone who asks again and again for what came after its position."""

    def come(self, hub: Hub) -> None:
        if self._coming is None or self._coming.done():
            self._coming = asyncio.create_task(self._poll(hub))

    def go(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None

    async def _poll(self, hub: Hub) -> None:
        try:
            await self._ask(hub)
        except StoreFailed:
            pass
        except RefusalError as refused:
            self.record.turned_away = str(refused)

    async def _ask(self, hub: Hub) -> None:
        try:
            page = await hub.reading.events(
                self.principal, self.room, self.seq, hub.reading.epoch, POLL_SECONDS
            )
        except RefusalError as refused:
            if refused.refusal.code != "reset":
                raise
            return self._take_snapshot(await hub.reading.snapshot(self.principal, self.room))
        self.record.runs.append(Run(self.seq, list(page.bodies)))
        self.seq += len(page.bodies)


def check_snapshots(log: list[bytes], followers: list[Follower]) -> Iterator[Finding]:
    """Each shows what the log up to its head folds to; what is no longer kept may be missing.

    Of what was deleted later, the log doesn't say what it was; nor of what an edit erased later.
    """
    gone = events.gone_in(log)

    def known(messages: list[Message], head: int) -> list[Message]:
        return [left(message, head) for message in messages]

    def left(message: Message, head: int) -> Message:
        if message.seq in gone.messages:
            return tombstone(message)
        if gone.edits.get(message.seq, 0) <= head:
            return message
        return replace(events.as_former(message), edited_at=None)

    given = [(snapshot, f.record.name) for f in followers for snapshot in f.snapshots]
    view = RoomView()
    for snapshot, name in sorted(given, key=lambda one: one[0].head):
        for body in log[view.seq : snapshot.head]:
            RULES.fold(view, RULES.events.decode(body))
        folded = known([*view.messages.values()], view.seq)[-SNAPSHOT_MESSAGES:]
        is_whole = len(snapshot.messages) == len(folded)
        is_state = (snapshot.state, snapshot.state_seq) == (view.state, view.state_seq)
        shown = known(snapshot.messages, view.seq)
        is_same = shown == folded[len(folded) - len(shown) :]
        if view.seq != snapshot.head or not (is_same and is_state):
            yield Finding(Fault.ALTERED, f"{name}: a snapshot at {snapshot.head}, {is_whole=}")
