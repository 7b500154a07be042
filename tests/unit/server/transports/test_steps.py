"""What comes at once is not handled in one step: others run in between."""

import asyncio
from collections import deque
from typing import Any

import pytest
from aiohttp import WSMessage, WSMsgType
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.http import WebSocketReader

from hubbub.protocol.foreign.engineio import EngineIoSettings
from hubbub.protocol.states import State
from hubbub.protocol.wires import NATIVE
from hubbub.server.clients.echo import EchoClient
from hubbub.server.engine.outlet import Mailbox
from hubbub.server.people.places import Places
from hubbub.server.transports import steps
from hubbub.server.transports.base import Links
from hubbub.server.transports.engineio_sessions import EngineIoSession
from hubbub.server.transports.frames import MAX_EMPTY_FRAMES, StrictReader
from hubbub.server.transports.steps import STEP, Step, in_steps
from hubbub.server.transports.websocket import Socket
from tests.integration.raw import PING, frame
from tests.support.costly import MOST_SECONDS, within
from tests.support.fakes import timeless

PER_STEP = 10  # messages, so long does each take


class Clock:
    """A clock that passes `1 / PER_STEP` of a step whenever it is read, which is once a message."""

    def __init__(self) -> None:
        self.now = 1.0

    def __call__(self) -> float:
        self.now += STEP / PER_STEP
        return self.now


class Waiting:
    """A response whose messages are all there at once."""

    def __init__(self, messages: list[WSMessage]) -> None:
        self.messages = deque(messages)
        self.reader = self
        self.step = Step()
        self.compressed = None

    async def receive(self) -> WSMessage:
        """The next, without waiting for it."""
        return self.messages.popleft()


class Bystander:
    """Counts how often it may run."""

    def __init__(self) -> None:
        self.turns = 0
        self.task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.turns += 1


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time passes only while messages are handled."""
    clock = Clock()
    monkeypatch.setattr(steps, "monotonic", clock)
    return clock


@pytest.mark.parametrize("kind", [WSMsgType.TEXT, WSMsgType.PONG])
@timeless
async def test_the_frames_of_one_websocket_let_others_run(kind: WSMsgType) -> None:
    text, count = "x" * 1000, 5000
    data: Any = text if kind is WSMsgType.TEXT else b""
    socket = Socket(Links(), 65_536, None)
    last = WSMessage(WSMsgType.TEXT, "last", None)
    socket._response = Waiting([WSMessage(kind, data, None)] * count + [last])  # type: ignore[assignment]
    socket._state = State.OPEN
    socket.outlet = Mailbox(None)  # type: ignore[arg-type, assignment]
    bystander = Bystander()
    while await socket.receive() != "last":
        pass
    assert bystander.turns >= 0.8 * count / PER_STEP
    bystander.task.cancel()


@timeless
async def test_what_is_read_later_begins_a_new_step(clock: Clock) -> None:
    queue = WebSocketDataQueue(Unpaused(), 2**16, loop=asyncio.get_running_loop())  # type: ignore[arg-type]
    reader = StrictReader(WebSocketReader(queue, 65_536, compress=False, decode_text=True))
    reader.step.begin()
    assert not reader.step.is_over()
    clock.now += STEP
    assert reader.step.is_over()
    reader.feed_data(frame(PING))
    assert not reader.step.is_over()


@timeless
async def test_the_messages_of_one_body_let_others_run() -> None:
    bystander = Bystander()
    messages = [""] * 10_000
    assert [message async for message in in_steps(messages)] == messages
    assert bystander.turns >= 0.8 * 10_000 / PER_STEP
    bystander.task.cancel()


class Unpaused:
    """A protocol that is never asked to wait."""

    _reading_paused = False

    def pause_reading(self) -> None:
        """Go on."""

    def resume_reading(self) -> None:
        """Go on."""


@timeless
async def test_after_a_flood_of_pings_nothing_is_read_any_more() -> None:
    flooded: list[bool] = []

    def read(data: bytes) -> StrictReader:
        loop = asyncio.get_running_loop()
        queue = WebSocketDataQueue(Unpaused(), 2**16, loop=loop)  # type: ignore[arg-type]
        reader = StrictReader(WebSocketReader(queue, 65_536, compress=False, decode_text=True))
        reader.flooded = lambda: flooded.append(True)
        reader.feed_data(data)
        reader.feed_data(data)
        return reader

    assert read(frame(PING) * 40_000).empty_frames == MAX_EMPTY_FRAMES
    assert flooded == [True]
    within(MOST_SECONDS, read, frame(PING) * 40_000, ValueError)


def polled() -> EngineIoSession:
    place = Places().uncounted("")
    return EngineIoSession(EngineIoSettings(), b"", place, Links(), NATIVE, lambda _: None)


class Upgrading:
    """A WebSocket whose client has confirmed the upgrade."""

    def __init__(self) -> None:
        self.outlet = Mailbox(NATIVE)

    def hang_up_normally(self) -> None:
        """Do nothing."""


@timeless
async def test_what_waits_for_polls_moves_to_a_websocket_in_steps_and_in_order() -> None:
    session, socket, count = polled(), Upgrading(), 5000
    session.begin(EchoClient(), can_upgrade=True)
    session.mailbox.take()
    session.send(*(str(number) for number in range(count)))
    bystander = Bystander()
    moving = asyncio.create_task(session._move_to(socket))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    session.send("meanwhile")
    await moving
    session.send("last")
    assert bystander.turns >= 0.8 * count / PER_STEP
    said = [frame[3:] for frame in socket.outlet._buffers]
    assert said == [*(b"%d" % number for number in range(count)), b"meanwhile", b"last"]
    bystander.task.cancel()
