"""`python tests/support/engineio_server.py PORT`: Engine.IO at /engine.io/ that echoes, for protocol test suites."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hubbub.server.transports.engineio import EngineIo, Session
from tests.support.protocol_server import SETTINGS, links, run, wires


class Echo:
    """Says everything back."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def hear(self, message: str | bytes) -> None:
        """Send it back."""
        self._session.send(message)

    def move(self, outlet: object) -> None:
        """The session knows where it writes."""

    def end(self) -> None:
        """Nothing is kept."""


if __name__ == "__main__":
    run({"/engine.io/": EngineIo(Echo, SETTINGS, links(), *wires()).handle}, int(sys.argv[1]))
