"""A transport that only notes what its client does."""

from hubbub.server.clients.base import ServedClient
from hubbub.server.engine.outlet import Outlet


class Noting:
    """Carries a client that a test lets speak. `codes` are those that it was hung up with."""

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self.codes: list[int] = []
        self.sent: list[str | bytes] = []

    def send(self, *messages: str | bytes) -> None:
        """Note messages."""
        self.sent += messages

    def hang_up(self, code: int, reason: str = "") -> None:
        """Note the code."""
        self.codes.append(code)


async def opened(client: ServedClient, outlet: Outlet) -> Noting:
    """A transport with such an outlet, which has opened the client."""
    transport = Noting(outlet)
    if (later := client.open(transport)) is not None:
        await later
    return transport


async def heard(client: ServedClient, message: str | bytes) -> None:
    """Let a client hear a message, and wait until the next may come."""
    if (later := client.hear(message)) is not None:
        await later
