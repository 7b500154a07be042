"""Who follows a room of a simulated node: by a connection that stalls and breaks, or by asking again and again."""

import asyncio
import json

from hubbub.protocol.errors import Refused
from hubbub.protocol.messages import Join
from hubbub.server.fanout import Cursor
from hubbub.server.hub import Hub
from hubbub.server.stores.base import StoreFailed
from tests.support.checker import Record, Run
from tests.support.fakes import Peer, guest, unframe

POLL_SECONDS = 0.01  # of the simulated clock


class Follower:
    """Someone who follows a room by a connection, and comes back on the position it has reached."""

    def __init__(self, name: str, room: str, is_direct: bool) -> None:
        self.principal = guest(name)
        self.room = room
        self.record = Record(name)
        self.seq = 0
        self.peer: Peer | None = None
        self.cursor: Cursor | None = None
        self._hub: Hub | None = None
        self._is_direct = is_direct
        self._coming: asyncio.Task[None] | None = None

    def come(self, hub: Hub) -> None:
        """Connect, unless it is connected."""
        if self.peer is None:
            self.peer, self._hub = Peer(is_direct=self._is_direct), hub
            self.record.runs.append(Run(self.seq))
            self._coming = asyncio.create_task(self._join(hub, self.peer))

    def take(self) -> None:
        """Look at what has come."""
        if self.peer is not None:
            for body in unframe(self.peer.take()):
                if body.startswith(b'{"event"'):
                    self.record.runs[-1].bodies.append(body)
                    self.seq = json.loads(body)["seq"]

    def go(self) -> None:
        """Lose the connection, and what was still on its way."""
        self.take()
        if self.peer is None or self._coming is None or self._hub is None:
            return
        self._coming.cancel()
        self.peer.vanish()
        if self.cursor is not None:
            self._hub.leave(self.cursor)
        self.peer.dispose()
        self.peer = self.cursor = None

    async def _join(self, hub: Hub, peer: Peer) -> None:
        join = Join(room=self.room, since=self.seq, epoch=hub.epoch)
        try:
            self.cursor = await hub.join(
                self.principal, join, peer.outlet, lambda _: None, self._lost
            )
        except StoreFailed:
            self._lost()
        except Refused as refused:
            self.record.turned_away = str(refused)

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
            page = await hub.events(self.principal, self.room, self.seq, hub.epoch, POLL_SECONDS)
        except StoreFailed:
            return
        except Refused as refused:
            self.record.turned_away = str(refused)
            return
        self.record.runs.append(Run(self.seq, list(page.bodies)))
        self.seq += len(page.bodies)
