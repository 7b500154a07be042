"""What the small servers for protocol test suites share."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import uvloop
from aiohttp import web

from hubbub.protocol.foreign.engineio import EngineIoSettings
from hubbub.protocol.wires import NATIVE, Wire
from hubbub.server.clients.base import ServedClient
from hubbub.server.http.bounds import BoundedRunner
from hubbub.server.transports.base import Links

# The pace that the public test suites ask for: who is slow to answer on a busy machine is gone.
HASTY = EngineIoSettings(ping_interval=300, ping_timeout=200, max_payload=1_000_000)
PATIENT = HASTY._replace(ping_interval=300_000, ping_timeout=300_000)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def links() -> Links:
    """Open connections that nobody looks after: the protocols have heartbeats of their own."""
    return Links()


def beside(make: Callable[[], ServedClient]) -> Callable[[web.Request], ServedClient]:
    """What makes a client, and doesn't look at the request."""
    return lambda _: make()


def owner_of(_: web.Request) -> bytes:
    """Everyone is the same here."""
    return b""


def wires() -> tuple[Wire, Wire]:
    """No rooms here, so no form for their events."""
    return NATIVE, NATIVE


def run(doors: Mapping[str, Handler], port: int) -> None:
    """Serve on loopback until it is killed; says so when it listens. Port 0 is any free one of IPv4."""
    application = web.Application(client_max_size=HASTY.max_payload)
    for path, handle in doors.items():
        application.router.add_route("*", path, handle)

    async def serve() -> None:
        runner = BoundedRunner(
            application, max_connections=1000, request_timeout=10.0, shutdown_timeout=1.0
        )
        await runner.setup()
        await web.TCPSite(runner, "localhost" if port else "127.0.0.1", port).start()
        print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(serve())
