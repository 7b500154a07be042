"""The services of SockJS's public test suites: `.venv/bin/python tests/support/sockjs_server.py 8081`.

`/echo`, `/disabled_websocket_echo` and `/cookie_needed_echo` send back what comes, `/close` closes at once, `/amplify`
sends 2^n letters for a number n.

- github.com/sockjs/sockjs-protocol needs Python 2.7 with unittest2, ws4py 0.4 and websocket-client 0.59:
  `python2.7 sockjs-protocol.py`. All pass but those of JSONP, htmlfile, Hixie-76 (`test_haproxy`) and the iframe page.
  Of its tag v0.3.3, see docs/decisions/009-other-protocols-are-adapters.md.
- github.com/sockjs/sockjs-client, `tests/lib`: its own server serves two files beside SockJS, so run a proxy before this
  one that serves `/simple.txt` and `/streaming.txt` as `tests/support/sockjs_server.js` of the client does. All pass that
  node supports.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hubbub.protocol.foreign.sockjs_wires import NATIVE
from hubbub.server.clients.base import Transport
from hubbub.server.clients.echo import EchoClient
from hubbub.server.transports.sockjs import SockJs, SockJsSettings
from tests.support.protocol_server import beside, links, owner_of, run

LIMITED = SockJsSettings(response_limit=4096, max_bytes=1_000_000)
MOST = 19  # 2^19 letters are enough


class Goodbye(EchoClient):
    """Closes at once."""

    def open(self, transport: Transport) -> None:
        """Say why."""
        transport.hang_up(3000, "Go away!")


class Amplify(EchoClient):
    """Answers a number with many letters."""

    def hear(self, message: str | bytes) -> None:
        """Send 2^n of them."""
        power = int(message) if message.isdigit() and int(message) <= MOST else 1
        self._transport.send("x" * 2**power)


SERVICES = {
    "/echo": (EchoClient, LIMITED),
    "/close": (Goodbye, LIMITED),
    "/amplify": (Amplify, LIMITED),
    "/disabled_websocket_echo": (EchoClient, LIMITED._replace(has_websocket=False)),
    "/cookie_needed_echo": (EchoClient, LIMITED._replace(needs_cookie=True)),
}


if __name__ == "__main__":
    doors = {}
    for prefix, (make, settings) in SERVICES.items():
        service = SockJs(prefix, beside(make), owner_of, settings, links(), NATIVE)
        doors[prefix] = doors[f"{prefix}/{{rest:.*}}"] = service.handle
    run(doors, int(sys.argv[1]))
