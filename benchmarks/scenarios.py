"""What is measured: the loads, the figures taken from each, and which servers can stand them."""

from dataclasses import dataclass, replace

from benchmarks.generator import Line, Load
from benchmarks.history import FIGURES as HISTORY_FIGURES
from benchmarks.history import history
from benchmarks.measure import Course, Metric, Point, timed
from benchmarks.polling import DELIVERIES as POLLED
from benchmarks.polling import POLLS, polling

HUBBUB = ("hubbub-plain", "hubbub-native")
ADAPTERS = ("hubbub-socketio", "hubbub-sockjs")
OTHERS = ("ws", "websockets", "aiohttp", "picows", "socketify", "nats", "floor")
EVERYONE = (*HUBBUB, "hubbub-normal", *OTHERS)
GROWING = (*HUBBUB, "ws", "nats", "floor")
SPARE_FILES = 200  # that a process has open besides its connections


@dataclass(frozen=True, slots=True)
class Scenario:
    """A question, as loads and figures. With an axis, one load for each place on it."""

    key: str
    title: str
    points: tuple[Point, ...]
    metrics: tuple[Metric, ...]
    peers: tuple[str, ...] = EVERYONE
    axis: str = ""
    course: Course = timed

    @property
    def files(self) -> int:
        """How many files server and generator need each."""
        return max(point.load.clients for point in self.points) + SPARE_FILES

    def suits(self, peer: str) -> bool:
        """Whether it is measured with this server: a former hubbub wherever today's is."""
        return peer.replace("former-", "hubbub-") in self.peers


def _messages(line: Line, load: Load) -> float:
    """Messages that reached everybody, a second."""
    return float(line["deliveries_per_s"]) / (load.members or load.clients)


def _kb_each(line: Line, load: Load) -> float:
    return float(line["memory_open_kb"] - line["memory_before_kb"]) / load.clients


def _latency(histogram: str, key: str, title: str, name: str) -> Metric:
    def of(line: Line, _: Load) -> float | None:
        return float(line[histogram][name]) / 1000 if line[histogram]["count"] else None

    return Metric(key, title, "ms", of)


DELIVERIES = Metric(
    "deliveries", "deliveries per second", "", lambda line, _: line["deliveries_per_s"], True
)
MESSAGES = Metric("messages", "messages per second", "", _messages, True)
CPU = Metric("cpu", "server CPU per delivery", "µs", lambda line, _: line["cpu_us_per_delivery"])
OPENING = Metric("opening", "opening all", "s", lambda line, _: line["opening_s"])
KB_EACH = Metric("memory", "memory per connection", "KB", _kb_each)
DELIVERED_P50 = _latency("delivery_us", "delivery_p50", "delivery, median", "p50")
DELIVERED_P99 = _latency("delivery_us", "delivery_p99", "delivery, p99", "p99")
DELIVERED_P999 = _latency("delivery_us", "delivery_p999", "delivery, p99.9", "p999")
COMMITTED_P50 = _latency("commit_us", "commit_p50", "commit, median", "p50")
COMMITTED_P99 = _latency("commit_us", "commit_p99", "commit, p99", "p99")

SCENARIOS = (
    Scenario(
        "busy",
        "A busy room",
        (Point(0, Load(clients=500, senders=64, window=16)),),
        (DELIVERIES, CPU),
    ),
    Scenario(
        "quiet",
        "A quiet room",
        (Point(0, Load(clients=1000)),),
        (CPU, DELIVERIES),
    ),
    Scenario(
        "ingest",
        "Many messages to few",
        (Point(0, Load(clients=8, senders=8, window=64)),),
        (MESSAGES,),
    ),
    Scenario(
        "socketio",
        "A busy room over Socket.IO and SockJS",
        (Point(0, Load(clients=500, senders=64, window=16)),),
        (DELIVERIES, CPU),
        ("hubbub-native", *ADAPTERS, "socketio"),
    ),
    Scenario(
        "polling",
        "A busy room that polls",
        (Point(0, Load(clients=64, senders=64, window=16)),),
        (POLLED, POLLS),
        ("hubbub-socketio", "socketio"),
        course=polling,
    ),
    Scenario(
        "idle",
        "Idle connections",
        (Point(0, Load(clients=9000, seconds=0, settle=1)),),
        (KB_EACH, OPENING),
        (*HUBBUB, *OTHERS),
    ),
    Scenario(
        "rest",
        "Latency at rest",
        (Point(0, Load(clients=2, rate=200, seconds=3, with_ack=True)),),
        (DELIVERED_P50, DELIVERED_P99, COMMITTED_P50, COMMITTED_P99),
    ),
    Scenario(
        "steady",
        "Latency at a steady rate",
        (Point(0, Load(clients=100, senders=10, rate=200, seconds=3, with_ack=True)),),
        (DELIVERED_P50, DELIVERED_P99, DELIVERED_P999, COMMITTED_P50, COMMITTED_P99),
    ),
    Scenario(
        "rooms",
        "Growth with rooms",
        tuple(
            Point(rooms, Load(clients=1000, rooms=rooms, members=10, rate=1000, settle=1))
            for rooms in (1, 10, 100, 1000, 10_000)
        ),
        (CPU, DELIVERED_P99),
        ("hubbub-native", "nats"),
        axis="rooms",
    ),
    Scenario(
        "clients",
        "Growth with clients",
        tuple(
            Point(clients, Load(clients=clients, senders=8, window=4, seconds=1.5))
            for clients in (10, 50, 200, 1000, 5000)
        ),
        (DELIVERIES, CPU),
        GROWING,
        axis="clients in the room",
    ),
    Scenario(
        "history",
        "Growth with history",
        tuple(Point(events, Load(clients=20)) for events in (0, 1000, 100_000, 1_000_000)),
        HISTORY_FIGURES,
        ("hubbub-native",),
        axis="events in the room",
        course=history,
    ),
)

QUICK_POINTS = {"rooms": (1, 1000), "clients": (10, 1000), "history": (0, 1000, 100_000)}


def quick(scenario: Scenario) -> Scenario:
    """A short form, to see that everything works; its figures are rough."""
    chosen = QUICK_POINTS.get(scenario.key, (0,))
    points = tuple(
        replace(point, load=_shorter(point.load)) for point in scenario.points if point.at in chosen
    )
    return replace(scenario, points=points)


def _shorter(load: Load) -> Load:
    return replace(
        load,
        clients=min(load.clients, 2000),
        warmup=min(load.warmup, 0.3),
        seconds=min(load.seconds, 1.0),
    )


def choose(names: str, is_quick: bool) -> list[Scenario]:
    """The scenarios named, with commas between.

    Raises:
        KeyError: there is no such scenario.
    """
    known = [scenario.key for scenario in SCENARIOS]
    for name in names.split(","):
        if name not in known:
            raise KeyError(f"there is no scenario {name!r}; there are {', '.join(known)}")
    chosen = [scenario for scenario in SCENARIOS if scenario.key in names.split(",")]
    return [quick(scenario) for scenario in chosen] if is_quick else chosen
