"""Socket.IO at /socket.io/ as the protocol's test suite wants it: `.venv/bin/python tests/support/socketio_server.py 3000`.

Namespaces `/` and `/custom`: `auth` tells what a client connected with, `message` comes back as
`message-back`, `message-with-ack` is acknowledged with its own arguments.

The suite is `test-suite` in github.com/socketio/socket.io-protocol. With the server on its port, 3000:
`npm ci && npx mocha test-suite.js`; all 32 pass.

The same is at `/patient/`, where nobody is in a hurry.
"""

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from hubbub.protocol.foreign.socketio import SocketIoPacket
from hubbub.server.clients.socketio import Namespace, SocketIo
from hubbub.server.transports.engineio import EngineIo
from tests.support.protocol_server import HASTY, PATIENT, beside, links, owner_of, run, wires

# The suite listens for `auth` only once it has handled the answer to its CONNECT, and would miss
# what comes in the same read.
AUTH_DELAY = 0.02  # seconds


class Answering:
    """One client in one namespace."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace

    async def connect(self, auth: dict[str, Any], answer: Callable[[dict[str, Any]], None]) -> None:
        """Let them in, and tell what was said."""
        answer({})
        asyncio.get_running_loop().call_later(AUTH_DELAY, self._namespace.emit, "auth", auth)

    async def hear(self, event: SocketIoPacket) -> None:
        """Answer in one way or the other."""
        name, *arguments = event.data
        if name == "message":
            self._namespace.emit("message-back", *arguments)
        elif name == "message-with-ack" and event.id is not None:
            self._namespace.acknowledge(event.id, arguments)

    def refuse(self, flaw: object, ack: int | None) -> None:
        """Its JSON is taken as it comes."""

    def move(self, outlet: object) -> None:
        """The session knows where it writes."""

    def end(self) -> None:
        """Nothing is kept."""


PACES = {"/socket.io/": (1.0, HASTY), "/patient/": (300.0, PATIENT)}  # seconds to connect in

if __name__ == "__main__":
    namespaces = {"/": Answering, "/custom": Answering}
    doors = {}
    for path, (seconds, pace) in PACES.items():
        make = partial(SocketIo, namespaces, seconds)
        doors[path] = EngineIo(beside(make), owner_of, pace, links(), *wires()).handle
    run(doors, int(sys.argv[1]))
