"""A crowd of recorded clients in one room, on every transport, and what became of them in the end."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import ClientSession

from tests.support.checker import Finding, check, read_log
from tests.support.recorder import (
    Atlas,
    Client,
    Frame,
    NativeClient,
    PlainClient,
    Site,
    SocketIoClient,
    SocketIoPollingClient,
    SockJsClient,
    SockJsPollingClient,
)
from tests.support.recorder_http import HttpPoster, LongPollClient, PollPage, SseClient
from tests.support.recorder_relay import RelayClient

ROOM = "lobby"
HEAL_SECONDS = 30.0
GO_ON_SECONDS = 20.0
FOLLOWERS = (
    NativeClient,
    PlainClient,
    SseClient,
    LongPollClient,
    SocketIoClient,
    SocketIoPollingClient,
    SockJsClient,
    SockJsPollingClient,
    RelayClient,
)


class Crowd:
    """Mixed clients who post and follow; `seed` decides what they do, and about when.

    Each who posts asks for about `pace` changes a second, some for fewer. Every other client takes
    the `detour`, if there is one; if there are `sites`, each goes to any of them, and to another
    whenever it comes back. There can be more `followers`, of each kind in turn.
    """

    def __init__(
        self,
        site: Site,
        seed: int,
        pace: float = 100,
        detour: Site | None = None,
        followers: int = 0,
        sites: Sequence[Site] = (),
    ) -> None:
        self._sites = sites
        self._site = site
        self._detour = detour or site
        self._atlas = Atlas()
        self._dice = random.Random(seed)
        self.clients: list[Client] = []
        for kind, name, own_pace in (
            (NativeClient, "ada", pace),
            (NativeClient, "grace", pace),
            (NativeClient, "", pace / 2),
            (HttpPoster, "mary", pace / 2),
            (HttpPoster, "", pace / 2),
            (PlainClient, "hedy", pace / 4),
            (PlainClient, "joan", 0),
            (SseClient, "radia", 0),
            (SseClient, "barbara", 0),
            (LongPollClient, "frances", 0),
            (LongPollClient, "jean", 0),
            (SocketIoClient, "annie", pace / 2),
            (SocketIoPollingClient, "", pace / 4),
            (SockJsClient, "betty", pace / 2),
            (SockJsPollingClient, "", pace / 4),
            (RelayClient, "", pace / 4),
        ):
            self._add(kind, name, own_pace)
        for number in range(followers):
            self._add(FOLLOWERS[number % len(FOLLOWERS)], "", 0)

    @property
    def acknowledged(self) -> int:
        """How many changes were answered so far."""
        return sum(client.answered for client in self.clients)

    @property
    def delivered(self) -> int:
        """How many events came so far, at all clients together."""
        return sum(len(run.bodies) for c in self.clients for run in c.record.runs)

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """All clients live; an error of one ends the block."""
        async with asyncio.TaskGroup() as tasks:
            lives = [tasks.create_task(client.live()) for client in self.clients]
            yield
            for life in lives:
                life.cancel()

    async def goes_on(self, changes: int) -> None:
        """Wait until so many more changes were answered, or much too long."""
        enough = self.acknowledged + changes
        with suppress(TimeoutError):
            async with asyncio.timeout(GO_ON_SECONDS):
                while self.acknowledged < enough:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)

    async def heal(self) -> list[bytes]:
        """Let everyone ask for nothing new, learn how all went, and get all; returns the log by HTTP.

        Who doesn't get there in time is left behind, and the checker will see that.
        """
        for client in self.clients:
            client.is_posting = False
        await self._in_time([_until(client, lambda c: c.is_settled) for client in self.clients])
        log = await self._read_by_http()
        await self._catch_up(log)
        return log

    def check(self, by_http: list[bytes], data: Path) -> list[Finding]:
        """What is wrong, going by the database file; both ways to read the log must agree."""
        return self.check_against(read_log(data / "hubbub.db", ROOM), by_http)

    def check_against(self, log: list[bytes], by_http: list[bytes]) -> list[Finding]:
        """What is wrong, going by the log as the database has it."""
        findings = check(log, [client.record for client in self.clients])
        if not findings:
            assert by_http == log, "the events API does not give what the database holds"
            epochs = set().union(*(client.record.epochs for client in self.clients))
            assert len(epochs) == 1, f"the epoch changed: {epochs}"
        return findings

    def _add(self, kind: type[Client], name: str, pace: float) -> None:
        dice = random.Random(self._dice.random())
        places = self._sites or (self._site, self._detour)
        site = places[len(self.clients) % len(places)]
        client = kind(site, self._atlas, ROOM, name, dice, pace)
        client.record.name = f"{kind.__name__} {len(self.clients)}"
        client.elsewhere = self._sites
        self.clients.append(client)

    async def _in_time(self, waits: list[Coroutine[Any, Any, None]]) -> None:
        tasks = [asyncio.create_task(wait) for wait in waits]
        _, late = await asyncio.wait(tasks, timeout=HEAL_SECONDS)
        for task in late:
            task.cancel()

    async def _catch_up(self, log: list[bytes]) -> None:
        frames = [frame(body) for body in log]
        last = max((event.seq or 0 for event in frames), default=0)
        posts = [event for event in frames if event.event == "posted"]
        post = posts[-1] if posts else Frame(seq=0)

        def has_all(client: Client) -> bool:
            if isinstance(client, PlainClient):
                return not posts or (post.text or "").encode() in client.texts
            return client.seq >= ((post.seq if client.record.is_plain else last) or 0)

        followers = [client for client in self.clients if not isinstance(client, HttpPoster)]
        await self._in_time([_until(client, has_all) for client in followers])

    async def _read_by_http(self) -> list[bytes]:
        log: list[bytes] = []
        seq, last = 0, -1
        async with ClientSession() as session:
            while seq > last:
                url = f"http://{self._site.address}/api/v1/rooms/{ROOM}/events?since={seq}"
                async with session.get(url) as response:
                    page = msgspec.json.decode(await response.read(), type=PollPage)
                log += map(bytes, page.events)
                last, seq = seq, (frame(log[-1]).seq if log else None) or 0
        return log


async def _until(client: Client, is_so: Callable[[Client], bool]) -> None:
    await client.until(lambda: is_so(client))


def frame(body: bytes) -> Frame:
    """An event, as far as these clients look at it."""
    return msgspec.json.decode(body, type=Frame)
