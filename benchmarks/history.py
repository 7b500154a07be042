"""Growth with history: how a room's length tells on joining and resuming, and on the neighbours."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import generator
from benchmarks.cores import Cores
from benchmarks.generator import CACHE, Dialect, Line, Load, Target
from benchmarks.measure import Metric, Once, Outcome, Point, figures, remarks_on
from benchmarks.results import Values
from benchmarks.servers import Peer, running

BEHIND = 100
REPLAYED = 1_000_000  # events in all, so that the neighbour is watched for a while

NEIGHBOUR = Load(clients=2, rate=200, warmup=0.2, seconds=120)
ALONE = replace(NEIGHBOUR, seconds=2)
WRITERS = Load(clients=16, senders=16, window=64, warmup=0, seconds=600)


def _ms(line: Line, _: Load) -> float:
    return float(line["join_us"]["p50"]) / 1000


def _events_per_s(line: Line, load: Load) -> float:
    assert load.replay is not None
    return load.replay[1] * load.clients / float(line["opening_s"])


def _neighbour_ms(line: Line, _: Load) -> float:
    return float(line["delivery_us"]["p99"]) / 1000


JOIN = Metric("join", "join, with a snapshot", "ms", _ms)
RESUME = Metric("resume", f"resume from {BEHIND} behind", "ms", _ms)
REPLAY = Metric("replay", "resume from the beginning, events per second", "", _events_per_s, True)
NEIGHBOUR_P99 = Metric(
    "neighbour", "p99 of a neighbour's deliveries meanwhile", "ms", _neighbour_ms
)
FIGURES = (JOIN, RESUME, REPLAY, NEIGHBOUR_P99)


@dataclass(frozen=True, slots=True)
class Reading:
    """Clients that join one after another, each as soon as the one before has all it asked for."""

    metric: Metric
    clients: int
    since: int | None = None
    to: int = 0

    def load(self) -> Load:
        """The load that does it."""
        replay = None if self.since is None else (self.since + 1, self.to)
        return Load(clients=self.clients, dialing=1, seconds=0, settle=0, replay=replay)

    def dialect(self, dialect: Dialect, room: str) -> Dialect:
        """How it asks."""
        position = "" if self.since is None else f',"since":{self.since}'
        join = dialect.join.replace('"room":"r%r"', f'"room":"{room}"{position}')
        return replace(dialect, join=join)


def readings(events: int, clients: int) -> tuple[Reading, ...]:
    """What is asked of a room with so many events."""
    replays = min(1000, max(1, REPLAYED // events))
    return (
        Reading(JOIN, clients),
        Reading(RESUME, clients, events - BEHIND, events),
        Reading(REPLAY, replays, 0, events),
    )


@contextmanager
def history(_: Sequence[Metric], cores: Cores) -> Iterator[Once]:
    """Rooms are filled once; then each measurement starts a fresh server on their database."""
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        filled: set[int] = set()

        def once(peer: Peer, point: Point, _turn: int) -> Outcome:
            if point.at and point.at not in filled:
                with running(peer, cores.server, Path(directory)) as target:
                    fill(target, point.at, cores)
                filled.add(point.at)
            with running(peer, cores.server, Path(directory)) as target:
                return _read(target, point, cores) if point.at else _nobody_reads(target, cores)

        yield once


def fill(target: Target, events: int, cores: Cores) -> None:
    """Post so many messages in the room named for their number."""
    forms = (target.dialect.join, target.dialect.message)
    join, message = (form.replace("r%r", f"h{events}") for form in forms)
    dialect = replace(target.dialect, join=join, message=message)
    load = replace(WRITERS, limit=events)
    line = generator.run(load, replace(target, dialect=dialect), cores.load)
    if line["posted"] != events or remarks_on(line, load):
        raise generator.LoadFailed(f"could not fill the room: {remarks_on(line, load)}")


def _nobody_reads(target: Target, cores: Cores) -> Outcome:
    line = generator.run(ALONE, target, cores.load)
    return Outcome(figures([NEIGHBOUR_P99], line, ALONE), remarks_on(line, ALONE))


def _read(target: Target, point: Point, cores: Cores) -> Outcome:
    """All readings in turn; the last, the longest, with a neighbour beside it."""
    values: Values = {}
    remarks: list[str] = []

    def ask(reading: Reading) -> None:
        load, room = reading.load(), f"h{point.at}"
        asked = replace(target, dialect=reading.dialect(target.dialect, room))
        line = generator.run(load, asked, cores.load)
        values.update(figures([reading.metric], line, load))
        remarks.extend(remarks_on(line, load))

    *short, long = readings(point.at, point.load.clients)
    for reading in short:
        ask(reading)
    with generator.watching(NEIGHBOUR, target, cores.load) as neighbour:
        ask(long)
    values |= figures([NEIGHBOUR_P99], neighbour, NEIGHBOUR)
    return Outcome(values, remarks + remarks_on(neighbour, NEIGHBOUR))
