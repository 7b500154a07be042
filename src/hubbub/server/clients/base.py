"""The contract between a client and the transport that carries it. Neither knows anything else about the other.

In the order of a client's life:

1. **Made** by a door, which knows whose it is. The door may refuse with RefusalError, which the transport reports in
   its own way: as an HTTP error, if it still can.
2. **open**: the transport can be written to. It carries this one client until the end.
3. **hear**: called with one message at a time, in order: text or bytes, no larger than the server allows. The next
   message comes only after whatever the last call returned has been awaited. A client may answer with:

   - None: carry on.
   - a coroutine: await it, then carry on. Nothing is heard in the meantime, and nothing need be read. `open` may return
     one, too.
   - Hangup: hang up with its code.
   - RefusalError: the message was refused, and the client has no way to say so. The transport reports it if it can.
   - BadPacket: the message does not belong to the client's protocol. The transport ends the client, and reports the
     reason if it can.

   The first two are returned; the others are raised, by the call itself or by the coroutine.
4. **full and drained**: a client writes to its outlet without checking whether it is full. While `outlet.is_full`, the
   transport awaits `outlet.drained()` before it passes on the next message.
5. **move**: another outlet takes over, after everything written to the previous one. By then, `transport.outlet` is the
   new one.
6. **hang_up**: our side closes, at any time after `open`, once or several times. Everything written before still
   arrives. The client may still hear messages that were already on their way.
7. **end**: exactly once for every client that was made, whether or not it was opened, and whichever side closed. By
   then, whatever `open` or `hear` returned has finished or been cancelled. Nothing is called afterwards.

A transport needs no task for each client: `open` and `hear` do at once whatever can be done at once, which is nearly
everything. Nor does it need objects of aiohttp's. A lean connection can be a single object: the client's transport; its
outlet (engine/outlet.py), which hubs pass to feeds, and which is written to directly; and its link (transports/base.py),
which is pinged and told to stop. Hub and clients know nothing else about it.
tests/contracts/test_transports.py runs against every transport.
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
    """What carries a client, as the client sees it."""

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
        """A message has arrived."""

    def move(self, outlet: Outlet) -> None:
        """Another outlet takes over."""

    def end(self) -> None:
        """The connection or session is over."""
