"""Sends every message back: for trying a connection, and for protocol test suites."""

from hubbub.server.clients.base import Transport
from hubbub.server.engine.outlet import Outlet


class EchoClient:
    """A client that hears what it says."""

    _transport: Transport  # once it is connected

    def open(self, transport: Transport) -> None:
        """It is connected."""
        self._transport = transport

    def hear(self, message: str | bytes) -> None:
        """Send it back."""
        self._transport.send(message)

    def move(self, outlet: Outlet) -> None:
        """Do nothing: the transport knows where it writes."""

    def end(self) -> None:
        """Do nothing: nothing is kept."""
