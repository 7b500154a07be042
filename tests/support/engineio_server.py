"""Engine.IO at /engine.io/ that echoes, for the protocol's test suite: `.venv/bin/python tests/support/engineio_server.py 3000`.

The suite is `test-suite` in github.com/socketio/engine.io-protocol. With the server on its port, 3000:
`npm ci && npx mocha test-suite.js`; all 24 pass.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hubbub.server.transports.engineio import EngineIo, EngineIoSession
from tests.support.protocol_server import SETTINGS, links, owner_of, run, wires


class Echo:
    """Says everything back."""

    def __init__(self, session: EngineIoSession) -> None:
        self._session = session

    async def hear(self, message: str | bytes) -> None:
        """Send it back."""
        self._session.send(message)

    def move(self, outlet: object) -> None:
        """The session knows where it writes."""

    def end(self) -> None:
        """Nothing is kept."""


if __name__ == "__main__":
    engine = EngineIo(lambda session, _: Echo(session), owner_of, SETTINGS, links(), *wires())
    run({"/engine.io/": engine.handle}, int(sys.argv[1]))
