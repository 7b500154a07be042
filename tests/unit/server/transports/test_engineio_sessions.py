import asyncio

from hubbub.protocol.foreign import engineio
from hubbub.protocol.foreign.engineio import EngineIoPacket, EngineIoSettings
from hubbub.protocol.wires import NATIVE
from hubbub.server.clients.base import Later, Transport
from hubbub.server.engine.outlet import Outlet
from hubbub.server.people.places import Places
from hubbub.server.transports.base import Links
from hubbub.server.transports.engineio_sessions import EngineIoSession
from tests.support.fakes import timeless

SETTINGS = EngineIoSettings(max_payload=1000)
SILENCE = (SETTINGS.ping_interval + SETTINGS.ping_timeout) / 1000  # seconds


class Slow:
    """A client that carries out a message until it is let go on."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()

    def open(self, transport: Transport) -> Later | None:
        return None

    def hear(self, message: str | bytes) -> Later | None:
        return self._wait()

    def move(self, outlet: Outlet) -> None:
        raise NotImplementedError

    def end(self) -> None:
        pass

    async def _wait(self) -> None:
        await self.gate.wait()


def session_of(client: Slow) -> EngineIoSession:
    session = EngineIoSession(
        SETTINGS, b"", Places().uncounted(""), Links(), NATIVE, lambda _: None
    )
    session.begin(client, can_upgrade=False)
    return session


async def hear(session: EngineIoSession, kind: str) -> None:
    await session.hear(EngineIoPacket(kind, "hello" if kind == engineio.MESSAGE else ""))


@timeless
async def test_a_session_ends_whose_peer_answers_no_ping() -> None:
    session = session_of(Slow())
    await asyncio.sleep(SILENCE - 1)
    assert not session.is_over
    await asyncio.sleep(2)
    assert session.is_over


@timeless
async def test_a_session_whose_peer_waits_for_an_answer_goes_on_until_it_is_silent_after_that() -> (
    None
):
    client = Slow()
    session = session_of(client)
    hearing = asyncio.create_task(hear(session, engineio.MESSAGE))
    await asyncio.sleep(10 * SILENCE)
    assert not session.is_over
    client.gate.set()
    await hearing
    await hear(session, engineio.PONG)
    await asyncio.sleep(SILENCE - 1)
    assert not session.is_over
    await asyncio.sleep(2)
    assert session.is_over
