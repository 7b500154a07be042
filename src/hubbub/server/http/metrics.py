"""`/metrics` for Prometheus. Gauges are computed only when asked for."""

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address

from aiohttp import HttpVersion11, web
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hubbub.protocol.errors import RefusalError
from hubbub.server.http.origins import is_loopback_host
from hubbub.server.http.proxies import PROXIES
from hubbub.server.hub import Hub
from hubbub.server.transports.base import Links

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
BY_PROXIES = ("forwarded", "via", "x-real-ip")  # headers that they add, besides X-Forwarded-*
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1024)


class Metrics:
    """Metrics counted as things happen: once per commit, never once per delivery."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._commit_seconds = Histogram(
            "hubbub_commit_seconds",
            "Time from handing a batch to the store until it is durable",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._commit_changes = Histogram(
            "hubbub_commit_changes", "Changes per commit", buckets=SIZES, registry=self.registry
        )
        self._loop_lag = Histogram(
            "hubbub_loop_lag_seconds",
            "Delay with which the event loop ran a timer",
            buckets=SECONDS,
            registry=self.registry,
        )

    def watch(self, hub: Hub, links: Links) -> None:
        """Add gauges of connections and followers."""
        self.registry.register(_Alive(hub, links))

    def committed(self, changes: int, seconds: float) -> None:
        """Note that a batch was committed, or failed."""
        self._commit_changes.observe(changes)
        self._commit_seconds.observe(seconds)

    def woke(self, late: float) -> None:
        """Note that a timer ran this many seconds late."""
        self._loop_lag.observe(max(late, 0.0))


class _Alive(Collector):
    """Counts what exists now."""

    def __init__(self, hub: Hub, links: Links) -> None:
        self._hub = hub
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
        live, reading, feeds = self._hub.followers()
        yield GaugeMetricFamily("hubbub_rooms_followed", "Rooms with at least one follower", feeds)
        yield GaugeMetricFamily("hubbub_cursors_live", "Followers at the head of a room", live)
        yield GaugeMetricFamily(
            "hubbub_cursors_reading", "Followers that are still catching up", reading
        )
        refusals = CounterMetricFamily(
            "hubbub_refusals", "Refused commands and requests", labels=["code"]
        )
        for code, count in self._hub.refusals.items():
            refusals.add_metric([code], count)
        yield refusals
        yield GaugeMetricFamily(
            "hubbub_waiting_changes", "Changes waiting for a commit", self._hub.waiting
        )


METRICS = web.AppKey("metrics", Metrics)
WHO_MAY_LOOK = web.AppKey("who_may_look", str)
# A worker's own port, 0 if it has none; not set if there is only one worker.
OWN_PORT = web.AppKey("own_port", int)

routes = web.RouteTableDef()


@routes.get("/metrics")
async def get_metrics(request: web.Request) -> web.Response:
    """Return all metrics to those who may see them."""
    if not _may_look(request):
        raise RefusalError("not_found", "Not found")
    if not _is_asked_for(request):
        raise RefusalError(
            "not_found",
            "Each worker has its own metrics, and any worker may answer at this address",
            hint="Start the server with --worker-port PORT, and read /metrics at PORT, PORT + 1, … on 127.0.0.1",
        )
    body = generate_latest(request.app[METRICS].registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


def _is_asked_for(request: web.Request) -> bool:
    """Whether it is clear which worker's metrics are asked for."""
    port = request.app.get(OWN_PORT)
    if port is None:
        return True
    transport = request.transport  # None if the client has hung up
    return transport is not None and bool(transport.get_extra_info("sockname")[1] == port)


def _may_look(request: web.Request) -> bool:
    who = request.app[WHO_MAY_LOOK]
    if who != "loopback":
        return who == "on"
    address = request.app[PROXIES].address_of(request)
    return bool(address) and ip_address(address).is_loopback and not _is_passed_on(request)


def _is_passed_on(request: web.Request) -> bool:
    """Whether a request shows any sign of a proxy, which on this machine would have a loopback address itself."""
    names = {name.lower() for name in request.headers}
    return (
        not names.isdisjoint(BY_PROXIES)
        or any(name.startswith("x-forwarded-") for name in names)
        or not is_loopback_host(request.host)
        or request.version < HttpVersion11  # nginx's default, and not spoken by scrapers
    )
