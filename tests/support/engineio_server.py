"""Engine.IO at /engine.io/ that echoes, for the protocol's test suite: `.venv/bin/python tests/support/engineio_server.py 3000`.

The suite is `test-suite` in github.com/socketio/engine.io-protocol. With the server on its port, 3000:
`npm ci && npx mocha test-suite.js`; all 24 pass.

Beside it there are `/patient/`, which pings nobody while a test lasts, and `/pinging/`, which pings soon, and waits.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hubbub.server.clients.echo import EchoClient
from hubbub.server.transports.engineio import EngineIo
from tests.support.protocol_server import HASTY, PATIENT, links, owner_of, run, wires

PACES = {
    "/engine.io/": HASTY,
    "/patient/": PATIENT,
    "/pinging/": PATIENT._replace(ping_interval=HASTY.ping_interval),
}

if __name__ == "__main__":
    doors = {}
    for path, pace in PACES.items():
        doors[path] = EngineIo(lambda _: EchoClient(), owner_of, pace, links(), *wires()).handle
    run(doors, int(sys.argv[1]))
