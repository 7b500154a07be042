"""Very many idle connections, and all of them cut and back at once: no error, others are served.

HUBBUB_STORM=10000 for as many as the issue is about; it prints its figures.
"""

import os
import resource
from pathlib import Path

from tests.abuse.watch import p99, watching
from tests.support.memory import MIB, resident_bytes
from tests.support.server import Server
from tests.support.storm import storm_of

COUNT = int(os.environ.get("HUBBUB_STORM", "1000"))
ROOMS = 100
OTHERS_WAIT = 2.0  # seconds at most for a message of others while all come back


async def test_all_come_back_at_once_and_others_are_served(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    async with Server(tmp_path / "data") as server, watching(server) as watch:
        empty = resident_bytes(server.pid)
        with storm_of(server.port, COUNT, ROOMS) as storm:
            first = await storm.arrive()
            each = (resident_bytes(server.pid) - empty) / COUNT
            async with watch.talking():
                storm.cut()
                again = await storm.arrive(', "since": 0')
            assert storm.failures == 0
            assert storm.absent == 0
            assert watch.latencies
            slowest = max(watch.latencies)
            print(
                f"\n{COUNT} connections: all there in {first:.2f} s, {each / 1024:.1f} KiB each; cut at once, all"
                f" resumed in {again:.2f} s; others' messages meanwhile: p99 {p99(watch.latencies) * 1000:.0f} ms,"
                f" slowest {slowest * 1000:.0f} ms; {resident_bytes(server.pid) / MIB:.0f} MiB"
            )
            assert slowest < OTHERS_WAIT
        assert not [line for line in server.output if "Traceback" in line or "error" in line]
