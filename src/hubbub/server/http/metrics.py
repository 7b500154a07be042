"""What is measured, for Prometheus. Gauges are computed only when asked for."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.transports.base import Links

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1024)


class FileFigures(NamedTuple):
    """Bytes of files that came and went, and uploads under way."""

    received: int
    sent: int
    uploads: int


class Metrics:
    """Metrics counted as things happen: once per commit, never once per delivery."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._refusals = Counter[str]()  # by code
        self._notifications = Counter[str]()  # by outcome
        self._previews = Counter[str]()  # by outcome
        self._failures = Counter[str]()  # by duty
        self._commit_seconds = Histogram(
            "hubbub_commit_seconds",
            "Time from handing a batch to the store until it is durable",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._commit_changes = Histogram(
            "hubbub_commit_changes", "Changes per commit", buckets=SIZES, registry=self.registry
        )
        self._indexed = Gauge(
            "hubbub_indexed_timestamp_seconds",
            "Time as of which this node last found everything indexed for search",
            registry=self.registry,
        )
        self._loop_lag = Histogram(
            "hubbub_loop_lag_seconds",
            "Delay with which the event loop ran a timer",
            buckets=SECONDS,
            registry=self.registry,
        )

    def watch(
        self,
        journal: Journal,
        fanout: FanOut,
        links: Links,
        searches: Counter[str],
        thumbnails: Counter[str],
        files: Callable[[], FileFigures],
    ) -> None:
        """Add gauges of what is refused, waits, follows, and is connected, and of files."""
        counted = {
            "failures": (
                "Unexpected failures of what the server does by itself",
                "duty",
                self._failures,
            ),
            "refusals": ("Refused commands and requests", "code", self._refusals),
            "notifications": ("Notifications by Web Push", "outcome", self._notifications),
            "searches": ("Searches of messages", "outcome", searches),
            "previews": ("Links whose pages were to be previewed", "outcome", self._previews),
            "thumbnails": ("Pictures to be made smaller", "outcome", thumbnails),
        }
        self.registry.register(_Alive(counted, journal, fanout, links))
        self.registry.register(_OfFiles(files))

    def samples(self) -> dict[str, dict[str, float]]:
        """Return the figures as they are now: by name, and then by the value of the one label, empty if there is none."""
        found: dict[str, dict[str, float]] = {}
        for metric in self.registry.collect():
            for sample in metric.samples:
                label = next(iter(sample.labels.values()), "")
                found.setdefault(sample.name, {})[label] = sample.value
        return found

    def refused(self, code: str) -> None:
        """Count a refused command or request."""
        self._refusals[code] += 1

    def failed(self, duty: str) -> None:
        """Count an unexpected failure of a duty."""
        self._failures[duty] += 1

    def notified(self, outcome: str) -> None:
        """Count what became of a notification by Web Push."""
        self._notifications[outcome] += 1

    def previewed(self, outcome: str) -> None:
        """Count what became of a link."""
        self._previews[outcome] += 1

    def indexed(self, upto: float) -> None:
        """Note until when everything is indexed, in seconds since 1970."""
        self._indexed.set(upto)

    def committed(self, changes: int, seconds: float) -> None:
        """Note that a batch was committed, or failed."""
        self._commit_changes.observe(changes)
        self._commit_seconds.observe(seconds)

    def woke(self, late: float) -> None:
        """Note that a timer ran this many seconds late."""
        self._loop_lag.observe(max(late, 0.0))


class _Alive(Collector):
    """Counts what exists now."""

    def __init__(
        self,
        counted: dict[str, tuple[str, str, Counter[str]]],
        journal: Journal,
        fanout: FanOut,
        links: Links,
    ) -> None:
        """`counted`: by its name, what each counter counts, the label that tells it apart, and the counts."""
        self._counted = counted
        self._journal = journal
        self._fanout = fanout
        self._links = links

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        transports, queued = Counter[str](), 0
        for outlet in [*(link.outlet for link in self._links), *self._links.polled]:
            transports[outlet.wire.name] += 1
            queued += outlet.queued_bytes
        connections = GaugeMetricFamily(
            "hubbub_connections",
            "Open WebSockets, streams and polling sessions",
            labels=["transport"],
        )
        for name in sorted({"native", "plain", "sse", *transports}):
            connections.add_metric([name], transports[name])
        yield connections
        yield GaugeMetricFamily(
            "hubbub_queued_bytes", "Bytes written but not yet accepted by peers", queued
        )
        live, reading, feeds = self._fanout.followers()
        yield GaugeMetricFamily("hubbub_rooms_followed", "Rooms with at least one follower", feeds)
        yield GaugeMetricFamily("hubbub_cursors_live", "Followers at the head of a room", live)
        yield GaugeMetricFamily(
            "hubbub_cursors_reading", "Followers that are still catching up", reading
        )
        for name, (what, label, counts) in self._counted.items():
            yield _counter(name, what, label, counts)
        yield GaugeMetricFamily(
            "hubbub_waiting_changes", "Changes waiting for a commit", self._journal.waiting
        )


class _OfFiles(Collector):
    """Counts what comes and goes of files."""

    def __init__(self, figures: Callable[[], FileFigures]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Yield counters and gauges."""
        found = self._figures()
        moved = Counter({"received": found.received, "sent": found.sent})
        yield _counter("file_bytes", "Bytes of files", "direction", moved)
        yield GaugeMetricFamily(
            "hubbub_uploads", "Requests that send files at the moment", found.uploads
        )


def _counter(name: str, what: str, label: str, counts: Counter[str]) -> Metric:
    found = CounterMetricFamily(f"hubbub_{name}", what, labels=[label])
    for value, count in counts.items():
        found.add_metric([value], count)
    return found
