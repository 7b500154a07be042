"""Hub and clients need no aiohttp: a transport of our own may carry them (tests/support/lean.py)."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[4]

PROGRAM = """\
import asyncio, sys, time
from pathlib import Path

sys.modules["aiohttp"] = sys.modules["uvloop"] = None  # whoever imports them fails

from hubbub.protocol.messages import Join
from hubbub.protocol.wires import NATIVE, PLAIN
from hubbub.server.clients.native import NativeClient
from hubbub.server.clients.plain import PlainClient
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Credentials, Door
from hubbub.server.people.rates import Limits
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.lean import Lean


async def main():
    store = SqliteStore(Path(sys.argv[1]), "normal", lambda: "e1")
    fanout = FanOut(store, now=time.time)
    journal = Journal(store, fanout.deliver, lambda: "2026-11-23T09:00:00.123Z")
    hub = Hub(store, journal, fanout, Door(now=time.time, clock=time.monotonic), Limits(65_536, 0.0))
    ada = Lean(NativeClient.greet(hub, Credentials("ada")), NATIVE)
    grace = Lean(PlainClient(hub, Credentials("grace"), Join(room="lobby")), PLAIN)
    ada.arrive('{"id": 1, "do": "follow", "room": "lobby"}')
    print((await ada.written.get())[4:])
    grace.arrive("hello, everyone")
    ada.arrive('{"id": 2, "do": "post", "room": "lobby", "text": "hello, grace"}')
    for lean in (grace, ada):
        seen = b""
        while b"hello, grace" not in seen:
            seen += await lean.written.get()
        print(seen)
    for lean in (ada, grace):
        lean.gone()
    await hub.stop()
    await fanout.close()
    await store.close()


asyncio.run(main())
"""


def test_hub_and_clients_run_over_a_transport_without_aiohttp(tmp_path: Path) -> None:
    program = [sys.executable, "-c", PROGRAM, str(tmp_path / "data")]
    ended = subprocess.run(
        program, cwd=CHECKOUT, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.stderr == ""
    joined, plain, native = ended.stdout.splitlines()
    assert '"re":1' in joined
    assert "hello, everyone" in plain
    assert '"event":"posted"' in native and '"re":2' in native
