"""From any position, over any transport, in the middle of everything: exactly what was missed, then live."""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout
from websockets.asyncio.client import connect

from tests.support.checker import Fault, Record, Run, check_deliveries, read_log
from tests.support.quick_server import QuickServer
from tests.support.resting import until_stuck

SEED = int(os.environ.get("TEST_SEED", random.randrange(10**6)))
FAST: dict[str, Any] = {"compression": None, "ping_interval": None, "close_timeout": 0.1}
EVENTS_BEFORE, EVENTS_MEANWHILE, RESUMERS, HOPS = 1500, 1000, 24, 4
END = "the end"

Body = bytes
Follow = Callable[[QuickServer, ClientSession, int, str], AsyncIterator[Body]]


BUGS = {
    "": set[Fault](),
    "resume_one_too_late": {Fault.HOLE},
    "deliver_twice_after_reading_on": {Fault.REPEATED},
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("bug", BUGS)
async def test_every_event_comes_once_however_one_hops(bug: str, tmp_path: Path) -> None:
    print(f"TEST_SEED={SEED}")
    dice = random.Random(SEED)
    async with (
        QuickServer(tmp_path, "--message-rate", "0") as server,
        ClientSession(timeout=ClientTimeout(None)) as session,
    ):
        await post(server, EVENTS_BEFORE)
        await server.kill()
        server.sabotage = bug
        await server.start()
        epoch = await epoch_of(server, session)
        posting = asyncio.create_task(post(server, EVENTS_MEANWHILE, END))
        places = [dice.randint(0, EVENTS_BEFORE) for _ in range(RESUMERS)]
        hoppers = [Hopper(server, session, epoch, place, dice) for place in places]
        hops = [asyncio.create_task(hopper.hop()) for hopper in hoppers]
        await posting
        over = asyncio.wait(hops)
        await (until_stuck(over, server.pid) if bug else over)
        for hop in hops:
            hop.cancel()
        await asyncio.gather(*hops, return_exceptions=True)  # the checker sees who got too little
        await server.kill()
    log = read_log(tmp_path / "hubbub.db", "lobby")
    assert len(log) == EVENTS_BEFORE + EVENTS_MEANWHILE + 1
    findings = check_deliveries(log, [hopper.record for hopper in hoppers])
    found = {finding.fault for finding in findings}
    assert found >= BUGS[bug] and bool(found) == bool(bug), findings[:5]


class Hopper:
    """Reads some events over one transport, then goes on over another, the last time to the end."""

    def __init__(
        self, server: QuickServer, session: ClientSession, epoch: str, seq: int, dice: random.Random
    ) -> None:
        self.record = Record(f"from {seq}")
        self._place = (server, session, epoch)
        self._seq = seq
        self._hops = [(dice.choice(TRANSPORTS), dice.randint(1, 500)) for _ in range(HOPS)]

    async def hop(self) -> None:
        server, session, epoch = self._place
        for number, (follow, count) in enumerate(self._hops, start=1):
            run = Run(self._seq)
            self.record.runs.append(run)
            async with aclosing(follow(server, session, self._seq, epoch)) as bodies:  # type: ignore[type-var]
                async for body in bodies:
                    run.bodies.append(body)
                    event = json.loads(body)
                    self._seq = event["seq"]
                    if event.get("text") == END:
                        return
                    if len(run.bodies) == count and number < HOPS:
                        break


async def by_websocket(
    server: QuickServer, session: ClientSession, seq: int, epoch: str
) -> AsyncIterator[Body]:
    join = {"id": 1, "do": "join", "room": "lobby", "since": seq, "epoch": epoch}
    async with connect(f"ws://{server.address}/ws", **FAST) as socket:
        await socket.send(json.dumps(join))
        async for frame in socket:
            assert isinstance(frame, str)
            if frame.startswith('{"event"'):
                yield frame.encode()


async def by_stream(
    server: QuickServer, session: ClientSession, seq: int, epoch: str
) -> AsyncIterator[Body]:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": f"{epoch}:{seq}"}
    async with session.get(events_url(server), headers=headers) as response:
        assert response.status == 200
        async for line in response.content:
            if line.startswith(b'data: {"event"'):
                yield line.removeprefix(b"data: ").rstrip(b"\n")


async def by_polls(
    server: QuickServer, session: ClientSession, seq: int, epoch: str
) -> AsyncIterator[Body]:
    while True:
        query = {"since": str(seq), "epoch": epoch, "wait": "10", "limit": "97"}
        async with session.get(events_url(server), params=query) as response:
            answer = json.loads(await response.read())
        if answer["head"] > seq and not answer["events"]:
            return  # it would be told so again and again, at once
        for event in answer["events"]:
            seq = event["seq"]
            yield json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


TRANSPORTS: list[Follow] = [by_websocket, by_stream, by_polls]


def events_url(server: QuickServer) -> str:
    return f"http://{server.address}/api/v1/rooms/lobby/events"


async def epoch_of(server: QuickServer, session: ClientSession) -> str:
    async with session.get(events_url(server)) as response:
        return str((await response.json())["epoch"])


async def post(server: QuickServer, count: int, *last: str) -> None:
    """Post many messages, some in flight at a time, and then some last ones."""
    async with connect(f"ws://{server.address}/ws", **FAST) as socket:
        for number, text in enumerate([*(f"message {n}" for n in range(count)), *last]):
            post = {"id": number, "do": "post", "room": "lobby", "text": text}
            await socket.send(json.dumps(post))
            if number >= 4:
                await socket.recv()
        for _ in range(4):
            await socket.recv()
