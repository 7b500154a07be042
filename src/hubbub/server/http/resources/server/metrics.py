"""`/metrics` for Prometheus, shown to those who may see them."""

from ipaddress import ip_address

from aiohttp import HttpVersion11, web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from hubbub.protocol.errors import RefusalError
from hubbub.server.http.metrics import Metrics
from hubbub.server.http.operations import Resource
from hubbub.server.http.origins import is_loopback_host
from hubbub.server.http.proxies import PROXIES

BY_PROXIES = ("forwarded", "via", "x-real-ip")  # headers that they add, besides X-Forwarded-*
METRICS = web.AppKey("metrics", Metrics)
WHO_MAY_LOOK = web.AppKey("who_may_look", str)
# A worker's own port, 0 if it has none; not set if there is only one worker.
OWN_PORT = web.AppKey("own_port", int)

resource = Resource()


@resource.route("GET", "/metrics")
async def get_metrics(request: web.Request) -> web.Response:
    """Return all metrics to those who may see them."""
    if not _may_look(request):
        raise web.HTTPNotFound  # as if there were nothing
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
