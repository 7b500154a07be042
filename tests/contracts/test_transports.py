"""What every transport promises a client: see hubbub/server/clients/base.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hubbub.protocol.errors import Close, RefusalError
from hubbub.protocol.foreign.engineio import BadPacket
from hubbub.server.clients.base import Hangup, Later, Transport
from hubbub.server.engine.outlet import Outlet
from hubbub.server.transports.base import HEARTBEAT
from tests.support.carriers import CARRIERS, LINKS, MOVING, ONE_WAY, Carrier, Line, Moving, Over

WAIT = 30.0  # seconds
HEARING = {name: each for name, each in CARRIERS.items() if name not in ONE_WAY}


@pytest.fixture(params=CARRIERS)
def any_carrier(request: pytest.FixtureRequest) -> Carrier:
    return CARRIERS[request.param]


@pytest.fixture(params=HEARING)
def carrier(request: pytest.FixtureRequest) -> Carrier:
    return HEARING[request.param]


@pytest.fixture(params=MOVING)
def moving(request: pytest.FixtureRequest) -> Moving:
    return MOVING[request.param]


class Recorder:
    """A client that tells a test what happens to it, and does what is said to it."""

    def __init__(self, opens: str = "") -> None:
        """`opens`: what it does when it is opened."""
        self.transport: Transport
        self.gate = asyncio.Event()
        self._opens = opens
        self._happened = asyncio.Queue[str]()

    async def next(self) -> str:
        """What happens next."""
        async with asyncio.timeout(WAIT):
            return await self._happened.get()

    async def until(self, last: str) -> list[str]:
        """What happens up to and with `last`."""
        found = [await self.next()]
        while found[-1] != last:
            found.append(await self.next())
        return found

    def has_more(self) -> bool:
        """Whether anything else has happened."""
        return not self._happened.empty()

    def open(self, transport: Transport) -> Later | None:
        self.transport = transport
        self._happened.put_nowait("open")
        return self._act(self._opens)

    def hear(self, message: str | bytes) -> Later | None:
        is_full = self.transport.outlet.is_full
        assert isinstance(message, str)
        self._happened.put_nowait("heard while full" if is_full else message)
        return self._act(message)

    def move(self, outlet: Outlet) -> None:
        assert outlet is self.transport.outlet
        self._happened.put_nowait("move")

    def end(self) -> None:
        self._happened.put_nowait("end")

    def _act(self, what: str) -> Later | None:
        match what:
            case "wait":
                return self._wait()
            case "hang up later":
                return self._hang_up_later()
            case "hang up":
                raise Hangup(Close.BAD_FRAMES)
            case "garbage":
                raise BadPacket("not of this protocol")
            case "refuse":
                raise RefusalError("bad_request", "no")
            case "bye":
                self.transport.send("last words")
                self.transport.hang_up(Close.TOO_FAST)
                self.transport.hang_up(Close.NORMAL)
                self.transport.send("after the last words")
            case "fill":
                while not self.transport.outlet.is_full:
                    self.transport.send("x" * 50_000)
            case _:
                self.transport.send(f"{what}, too")
        return None

    async def _wait(self) -> None:
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self._happened.put_nowait("cancelled")
            raise
        self._happened.put_nowait("waited")

    async def _hang_up_later(self) -> None:
        await asyncio.sleep(0)
        raise Hangup(Close.BAD_FRAMES)


@asynccontextmanager
async def carried(carrier: Carrier, client: Recorder) -> AsyncIterator[Line]:
    """Carries the client, and makes sure that it ends exactly once, and last."""
    async with carrier(client) as line:
        assert await client.next() == "open"
        yield line
    assert not client.has_more()


async def over(line: Line) -> list[str]:
    """What comes until the server has closed."""
    found: list[str] = []
    try:
        while True:
            found.append(await line.next())
    except Over:
        return found


async def drain(line: Line) -> None:
    while True:
        await line.next()


async def test_messages_are_heard_in_order_and_answers_come_in_order(carrier: Carrier) -> None:
    client = Recorder()
    async with carried(carrier, client) as line:
        assert await line.next() == ", too"
        line.say("one", "two")
        assert [await client.next(), await client.next()] == ["one", "two"]
        assert [await line.next(), await line.next()] == ["one, too", "two, too"]
        await line.leave()
        assert await client.next() == "end"


async def test_what_is_sent_arrives_and_who_leaves_is_ended_once(any_carrier: Carrier) -> None:
    client = Recorder()
    async with carried(any_carrier, client) as line:
        client.transport.send("one", "two")
        assert [await line.next() for _ in range(3)] == [", too", "one", "two"]
        await line.leave()
        assert await client.next() == "end"


async def test_nothing_more_is_heard_before_what_was_returned_is_awaited(carrier: Carrier) -> None:
    client = Recorder()
    async with carried(carrier, client) as line:
        line.say("wait", "after")
        assert await client.next() == "wait"
        client.gate.set()
        assert await client.until("after") == ["waited", "after"]
        await line.leave()
        assert await client.next() == "end"


async def test_a_peer_that_waits_for_an_answer_is_not_taken_for_silent(carrier: Carrier) -> None:
    client = Recorder()
    async with carried(carrier, client) as line:
        line.say("wait")
        assert await client.next() == "wait"
        for beat in range(1, 4):
            LINKS.beat(asyncio.get_running_loop().time() + beat * HEARTBEAT)
        client.gate.set()
        assert await client.next() == "waited"
        line.say("after")
        assert await client.next() == "after"
        await line.leave()
        assert await client.next() == "end"


async def test_nothing_is_heard_before_it_is_open(carrier: Carrier) -> None:
    client = Recorder(opens="wait")
    async with carried(carrier, client) as line:
        line.say("first")
        asyncio.get_running_loop().call_later(0.1, client.gate.set)  # time to hear it too early
        assert await client.until("first") == ["waited", "first"]
        await line.leave()
        assert await client.next() == "end"


async def test_nothing_is_heard_while_the_outlet_is_full(carrier: Carrier) -> None:
    client = Recorder()
    async with carried(carrier, client) as line:
        line.say("fill", "after")
        draining = asyncio.create_task(drain(line))
        assert await client.until("after") == ["fill", "after"]
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
        await line.leave()
        assert await client.next() == "end"


async def test_a_client_ends_after_what_it_waits_for(carrier: Carrier) -> None:
    client = Recorder()
    async with carried(carrier, client) as line:
        line.say("wait")
        assert await client.next() == "wait"
        await line.leave()
        client.gate.set()
        before, last = await client.next(), await client.next()
        assert (before in ("waited", "cancelled"), last) == (True, "end")


async def test_who_leaves_while_it_is_opened_is_ended_after_that(carrier: Carrier) -> None:
    client = Recorder(opens="wait")
    async with carried(carrier, client) as line:
        await line.leave()
        happened = await client.until("end")
        if happened == ["end"]:
            happened.insert(0, await client.next())  # cancelled, and so about to stop
        assert sorted(happened) == ["cancelled", "end"]


async def test_a_refusal_that_is_not_expressed_ends_nothing(carrier: Carrier) -> None:
    client = Recorder()
    async with carried(carrier, client) as line:
        line.say("refuse", "after")
        assert [await client.next(), await client.next()] == ["refuse", "after"]
        await line.leave()
        assert await client.next() == "end"


@pytest.mark.parametrize("how", ["hang up", "hang up later", "garbage"])
async def test_a_client_that_wants_to_go_is_disconnected(carrier: Carrier, how: str) -> None:
    client = Recorder()
    async with carried(carrier, client) as line:
        line.say(how, "after")
        assert await over(line) == [", too"]
        assert (await client.until("end"))[-1] == "end"


async def test_what_was_written_before_arrives_when_our_side_hangs_up(carrier: Carrier) -> None:
    client = Recorder()
    async with carried(carrier, client) as line:
        line.say("bye")
        assert await over(line) == [", too", "last words"]
        assert await client.until("end") == ["bye", "end"]


async def test_our_side_may_hang_up_at_any_time(any_carrier: Carrier) -> None:
    client = Recorder()
    async with carried(any_carrier, client) as line:
        client.transport.hang_up(Close.GOING_AWAY)
        client.transport.hang_up(Close.GOING_AWAY)
        assert await over(line) in ([", too"], [])
        assert await client.next() == "end"


async def test_a_client_may_be_hung_up_while_it_is_opened(carrier: Carrier) -> None:
    client = Recorder(opens="bye")
    async with carried(carrier, client) as line:
        assert await over(line) == ["last words"]
        assert await client.next() == "end"


# --- where another outlet may take over ---


async def test_another_outlet_takes_over_after_what_was_written_to_the_one_before(
    moving: Moving,
) -> None:
    client = Recorder()
    async with moving(client) as line:
        assert (await client.next(), await line.next()) == ("open", ", too")
        former, send = client.transport.outlet, client.transport.send
        send("before")
        async with line.moved(lambda: send("meanwhile")) as moved:
            assert await client.next() == "move"
            assert client.transport.outlet is not former
            send("after")
            assert [await moved.next() for _ in range(3)] == ["before", "meanwhile", "after"]
            moved.say("hello")
            assert (await client.next(), await moved.next()) == ("hello", "hello, too")
            await moved.leave()
            assert await client.next() == "end"
    assert not client.has_more()


async def test_what_was_said_before_a_move_is_heard_before_what_is_said_after_it(
    moving: Moving,
) -> None:
    client = Recorder()
    async with moving(client) as line:
        line.say("wait", "before")
        assert (await client.next(), await client.next()) == ("open", "wait")
        async with line.moved(lambda: None) as moved:
            assert await client.next() == "move"
            moved.say("after")
            client.gate.set()
            assert await client.until("after") == ["waited", "before", "after"]
            client.transport.hang_up(Close.GOING_AWAY)
            assert (await over(moved))[-2:] == ["before, too", "after, too"]
            assert await client.next() == "end"
