"""Health checks: whether the process is alive, and whether it can use the database."""

from aiohttp import web

from hubbub.protocol.errors import RefusalError
from hubbub.server.http.operations import Resource
from hubbub.server.http.requests import HUB, json

resource = Resource()


@resource.route("GET", "/healthz")
async def healthz(_request: web.Request) -> web.Response:
    """Answer: the process is alive."""
    return json({"status": "ok"})


@resource.route("GET", "/readyz")
async def readyz(request: web.Request) -> web.Response:
    """Check that the database can be read and written, and that the server isn't stopping."""
    hub = request.app[HUB]
    if hub.is_leaving:
        raise RefusalError("unavailable", "The server is stopping")
    try:
        await hub.reading.check()
    except TimeoutError:
        raise RefusalError("unavailable", "The database did not answer in time") from None
    return json({"status": "ready"})
