"""A native client as a stranger would write it from docs/protocol.md, over Python's `websockets`."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

WAIT_SECONDS = 30.0
Json = dict[str, Any]


class Native:
    """One connection. What comes while something else is waited for is kept, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: deque[Json] = deque()
        self.signals: deque[Json] = deque()
        self.notices: deque[Json] = deque()
        self.replies: deque[Json] = deque()
        self._last_id = 0

    async def send(self, command: Any) -> None:
        """Send anything as JSON; text and bytes as they are."""
        await self.socket.send(command if isinstance(command, str | bytes) else json.dumps(command))

    async def ask(self, do: str, **fields: Any) -> Json:
        """Send a command; returns its `ok`."""
        reply = await self._answered(do, fields)
        assert "ok" in reply, reply
        ok: Json = reply["ok"]
        return ok

    async def refused(self, do: str, **fields: Any) -> Json:
        """Send a command that is refused; returns its `error`."""
        reply = await self._answered(do, fields)
        assert "error" in reply, reply
        error: Json = reply["error"]
        return error

    async def event(self) -> Json:
        """The next event."""
        return await self._next(self.events)

    async def signal(self) -> Json:
        """The next signal."""
        return await self._next(self.signals)

    async def reply(self) -> Json:
        """The next reply that nobody has waited for."""
        return await self._next(self.replies)

    async def closed(self) -> int:
        """Read to the end; returns the code of the server's close frame."""
        with suppress(ConnectionClosed):
            while True:
                await self._read()
        assert self.socket.protocol.close_rcvd is not None, "the connection was lost"
        return self.socket.protocol.close_rcvd.code

    async def _answered(self, do: str, fields: Json) -> Json:
        self._last_id += 1
        await self.send({"id": self._last_id, "do": do} | fields)
        reply = await self._next(self.replies)
        assert reply.get("re") == self._last_id, reply
        return reply

    async def _next(self, shelf: deque[Json]) -> Json:
        while not shelf:
            await self._read()
        return shelf.popleft()

    async def _read(self) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            frame = json.loads(await self.socket.recv(decode=True))
        (kind,) = frame.keys() & {"event", "signal", "notice", "ok", "error"}
        shelf = {"event": self.events, "signal": self.signals, "notice": self.notices}
        shelf.get(kind, self.replies).append(frame)


@asynccontextmanager
async def native(port: int, name: str | None = None, **hello: Any) -> AsyncIterator[Native]:
    """A native connection; with a name, or anything else for it, it says `hello`."""
    url = f"ws://127.0.0.1:{port}/ws"
    # With too much unread in a queue it would not see the server's close frame either, and wait 10 seconds for it.
    limits: dict[str, Any] = {"max_size": None, "max_queue": None}
    async with connect(url, subprotocols=[Subprotocol("hubbub.v1")], **limits) as socket:
        client = Native(socket)
        if name is not None:
            hello["name"] = name
        if hello:
            await client.ask("hello", **hello)
        yield client


async def fill(port: int, room: str, count: int, text: str) -> None:
    """Post a text so many times in an empty room; by someone new, who has the whole burst to spend."""
    assert count <= 2000, "more than the burst of the default rate"
    async with native(port) as client:
        for _ in range(count - 1):
            await client.send({"do": "post", "room": room, "text": text})
        assert (await client.ask("post", room=room, text=text))["seq"] == count
