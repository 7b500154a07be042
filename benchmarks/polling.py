"""A busy room whose members poll, over Socket.IO: those who post do so by WebSocket."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks import generator
from benchmarks.cores import Cores, process_on
from benchmarks.generator import STOPPING, LoadFailed
from benchmarks.measure import Metric, Once, Outcome, Point, figures, remarks_on
from benchmarks.servers import Peer, running

POLLERS = 400
DELIVERIES = Metric(
    "polled", "deliveries to those who poll, per second", "", lambda line, _: line["polled"], True
)
POLLS = Metric("polls", "answered polls per second", "", lambda line, _: line["polls"], True)


@contextmanager
def polling(metrics: Sequence[Metric], cores: Cores) -> Iterator[Once]:
    """Those who poll are counted from their first delivery to their last."""

    def once(peer: Peer, point: Point, _turn: int) -> Outcome:
        with running(peer, cores.server) as target:
            command = (sys.executable, "-m", "benchmarks.pollers", str(target.port), str(POLLERS))
            with process_on(cores.load, command, stderr=subprocess.PIPE) as pollers:
                assert pollers.stdout is not None
                if pollers.stdout.readline() != "open\n":
                    raise LoadFailed(pollers.communicate(timeout=STOPPING)[1].strip())
                line = generator.run(point.load, target, cores.load)
                pollers.terminate()
                counted = json.loads(pollers.communicate(timeout=STOPPING)[0])
        line |= {"polled": counted["deliveries_per_s"], "polls": counted["polls_per_s"]}
        remarks = [remark for remark in remarks_on(line, point.load) if "generator" not in remark]
        return Outcome(figures(metrics, line, point.load), remarks)

    yield once
