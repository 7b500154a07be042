"""The contract between a client and the transport that carries it. Neither knows more of the other.

In the order of a life:

1. **Made** by a door, which knows whose it is. It may refuse: RefusalError, which a transport tells in its own way,
   by an HTTP error if it still can.
2. **open**: the transport can be written to, and carries this one client until the end.
3. **hear**: one message at a time, in order; a text or bytes, and at most as large as the server allows. The next one
   comes when what the last returned has been awaited. Legal answers:

   - None: go on.
   - a coroutine: await it, then go on. Meanwhile nothing more is heard, and need not be read. `open` may return one, too.
   - Hangup: hang up with its code.
   - RefusalError: the message was refused, and the client can't express that. The transport tells it if it can.
   - BadPacket: the message is not one of the client's protocol. The transport ends the client, and tells it if it can.

   The first two are not raised but returned; the others are raised at once, or by what is awaited.
4. **full and drained**: a client writes to the outlet and never looks whether it is full. While `outlet.is_full`, the
   transport awaits `outlet.drained()` instead of giving it the next message.
5. **move**: another outlet takes over, after everything that was written to the one before. `transport.outlet` is that
   one by then.
6. **closed by our side**: `hang_up`, at any time from `open` on, once or more often. What was written before still
   arrives. The client may still hear what was on its way.
7. **end**: exactly once for each client that was made, opened or not, whoever closed and however. What `open` or
   `hear` returned is over or cancelled by then. Nothing is called after it.

A transport needs no task for each client: `open` and `hear` do at once what can be done at once, which is nearly
all. It needs no objects of aiohttp's either. A lean connection may be one object that is the client's transport, its
outlet (engine/outlet.py), which hubs hand on to feeds and which is written to directly, and its link
(transports/base.py), which is pinged and told to stop. Hub and clients know nothing else of it.
tests/contracts/test_transports.py runs over every transport.
"""

from collections.abc import Coroutine
from typing import Any, Protocol

from hubbub.protocol.errors import Close
from hubbub.server.engine.outlet import Outlet

Later = Coroutine[Any, Any, None]  # what must be awaited before the next call


class Hangup(Exception):
    """The client must be disconnected, with this `code`."""

    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code


class Transport(Protocol):
    """What carries one client, as the client sees it."""

    @property
    def outlet(self) -> Outlet:
        """Where to write, in the wire form `outlet.wire`."""

    def send(self, *messages: str | bytes) -> None:
        """Queue messages that are in no wire form, after what was written before."""

    def hang_up(self, code: int, reason: str = "") -> None:
        """Begin to close, with a code (docs/protocol.md) if this transport can tell one."""


class ServedClient(Protocol):
    """One client, whatever carries it."""

    def open(self, transport: Transport) -> Later | None:
        """It is connected."""

    def hear(self, message: str | bytes) -> Later | None:
        """It said something."""

    def move(self, outlet: Outlet) -> None:
        """It goes on with another outlet."""

    def end(self) -> None:
        """It is gone."""
