"""A network and a clock that tests play by hand: nothing happens that a test does not do."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hubbub.client import Client
from hubbub.client.wire.link import ClientLink, LinkLost, Outside

EPOCH = "e1"
WELCOME = {
    "user": "ada",
    "guest": True,
    "server": "hubbub/0",
    "protocol": "hubbub.v1",
    "epoch": EPOCH,
    "limits": {"message_bytes": 1000, "messages_per_s": 100, "rooms": 10},
    "heartbeat": 15,
}

Json = dict[str, Any]


class FakeLink:
    """The client's end is a `ClientLink`; the rest is for the test, which plays the server."""

    def __init__(self) -> None:
        self._to_client: asyncio.Queue[str | LinkLost] = asyncio.Queue()
        self._from_client: asyncio.Queue[Json] = asyncio.Queue()
        self._lost: LinkLost | None = None
        self.close_code: int | None = None

    async def send(self, frame: bytes) -> None:
        if self._lost is not None:
            raise self._lost
        self._from_client.put_nowait(json.loads(frame))

    async def receive(self) -> str:
        frame = await self._to_client.get()
        if isinstance(frame, LinkLost):
            raise frame
        return frame

    async def close(self, code: int = 1000) -> None:
        self.close_code = self.close_code or code
        self._to_client.put_nowait(LinkLost("closed"))

    async def heard(self) -> Json:
        """The next command."""
        return await self._from_client.get()

    def heard_already(self) -> list[Json]:
        """The commands that came and were not looked at."""
        return [self._from_client.get_nowait() for _ in range(self._from_client.qsize())]

    @property
    def unread(self) -> int:
        """How many frames the client has not read."""
        return self._to_client.qsize()

    def say(self, *pushes: Json) -> None:
        """Push."""
        for push in pushes:
            self._to_client.put_nowait(json.dumps(push))

    def say_text(self, frame: str) -> None:
        """Push what may be no JSON."""
        self._to_client.put_nowait(frame)

    def accept(self, command: Json, **ok: Any) -> None:
        """Answer yes."""
        self.say({"re": command["id"], "ok": ok})

    def refuse(self, command: Json, code: str, *, temporary: bool = False, **more: Any) -> None:
        """Answer no."""
        error = {"code": code, "message": f"it is {code}", "temporary": temporary, **more}
        self.say({"re": command["id"], "error": error})

    def cut(self, code: int | None = None, *, may_retry: bool = True) -> None:
        """Lose the link."""
        self._lost = LinkLost("cut", code, may_retry=may_retry)
        self._to_client.put_nowait(self._lost)


class FakeNetwork:
    """Each dial waits until the test lets it through or not."""

    def __init__(self) -> None:
        self._dials: asyncio.Queue[asyncio.Future[ClientLink]] = asyncio.Queue()

    async def dial(self, url: str, token: str | None) -> ClientLink:
        answer: asyncio.Future[ClientLink] = asyncio.get_running_loop().create_future()
        self._dials.put_nowait(answer)
        return await answer

    async def let_through(self) -> FakeLink:
        """Accept the next dial."""
        link = FakeLink()
        (await self._dials.get()).set_result(link)
        return link

    async def accept(self) -> FakeLink:
        """Accept the next dial, and greet."""
        link = await self.let_through()
        link.accept(await link.heard(), **WELCOME)
        return link

    async def refuse(self, code: int | None = None, *, may_retry: bool = True) -> None:
        """Refuse the next dial."""
        lost = LinkLost("no way", code, may_retry=may_retry)
        (await self._dials.get()).set_exception(lost)

    @property
    def dials(self) -> int:
        """How many dials wait for their answer."""
        return self._dials.qsize()


class FakeClock:
    """Time passes when the test says so."""

    def __init__(self) -> None:
        self.time = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that was due."""
        self.time += seconds
        for until, woken in self._sleepers:
            if until <= self.time and not woken.done():
                woken.set_result(None)
        await settle()


class Play:
    """A client, and the world that it lives in."""

    def __init__(self, **options: Any) -> None:
        self.network = FakeNetwork()
        self.clock = FakeClock()
        outside = Outside(
            dial=self.network.dial, sleep=self.clock.sleep, draw=lambda: 1.0, now=self.clock.now
        )
        options = {"name": "ada", "open_timeout": None, **options}
        self.client = Client("http://server", outside=outside, **options)

    async def open(self) -> FakeLink:
        """Connect."""
        opening = asyncio.create_task(self.client.open())
        link = await self.network.accept()
        await opening
        return link

    async def reconnect(self, link: FakeLink) -> FakeLink:
        """Lose the link, and let the client have another."""
        link.cut()
        await settle()
        await self.clock.advance(10)  # a client that waits for a slow reader notices only now
        await self.clock.advance(60)
        return await self.network.accept()


@asynccontextmanager
async def play(**options: Any) -> AsyncIterator[tuple[Play, FakeLink]]:
    """A connected client, closed in the end."""
    scene = Play(**options)
    link = await scene.open()
    try:
        yield scene, link
    finally:
        await scene.client.close()


async def settle() -> None:
    """Let every task go on until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


def snapshot(head: int = 0, room: str = "lobby", **more: Any) -> Json:
    """The answer to a join without a position."""
    return {
        "room": room,
        "epoch": EPOCH,
        "head": head,
        "mode": "snapshot",
        "messages": [],
        "more": False,
        "state": {},
        "state_seq": 0,
        "members": {"count": 1, "names": ["ada"]},
        "live": [],
        **more,
    }


def resumed(head: int, missed: int = 0, room: str = "lobby") -> Json:
    """The answer to a join from a position."""
    return {"room": room, "epoch": EPOCH, "head": head, "mode": "resumed", "missed": missed}


def posted(seq: int, text: str = "hi", room: str = "lobby", by: str = "grace") -> Json:
    """An event."""
    at = "2026-11-23T09:00:00.123Z"
    return {"event": "posted", "room": room, "seq": seq, "at": at, "by": by, "text": text}


def stored(seq: int, room: str = "lobby") -> Json:
    """The answer to a change."""
    return {"room": room, "seq": seq, "at": "2026-11-23T09:00:00.123Z"}
