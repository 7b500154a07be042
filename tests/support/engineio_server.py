"""Engine.IO at /engine.io/ that echoes, for the protocol's test suite: `.venv/bin/python tests/support/engineio_server.py 3000`.

The suite is `test-suite` in github.com/socketio/engine.io-protocol. With the server on its port, 3000:
`npm ci && npx mocha test-suite.js`; all 24 pass.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hubbub.server.clients.echo import EchoClient
from hubbub.server.transports.engineio import EngineIo
from tests.support.protocol_server import SETTINGS, links, owner_of, run, wires

if __name__ == "__main__":
    engine = EngineIo(lambda _: EchoClient(), owner_of, SETTINGS, links(), *wires())
    run({"/engine.io/": engine.handle}, int(sys.argv[1]))
