"""The responses of SockJS 0.3.x: their headers, and the forms in which they carry frames."""

from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from hubbub.protocol.fields import elements
from hubbub.protocol.foreign import sockjs

YEAR = 31_536_000  # seconds
NOT_CACHED = {
    "Cache-Control": "no-store, no-cache, no-transform, must-revalidate, max-age=0",
}
CACHED = {
    "Cache-Control": f"public, max-age={YEAR}",
    "Expires": "Fri, 01 Jan 2100 00:00:00 GMT",
}


class ResponseForm(NamedTuple):
    """How frames are written into a response."""

    content_type: str
    framed: Callable[[str], bytes]
    prelude: bytes = b""
    is_stream: bool = True


def _line(found: str) -> bytes:
    return found.encode() + b"\n"


def _event(found: str) -> bytes:
    """An event, whose data SockJS's client unescapes with `decodeURI`."""
    return b"data: %b\r\n\r\n" % found.replace("%", "%25").encode()


SCRIPT = "application/javascript; charset=UTF-8"
FORMS = {
    "xhr": ResponseForm(SCRIPT, _line, is_stream=False),
    "xhr_streaming": ResponseForm(SCRIPT, _line, sockjs.PRELUDE.encode()),
    "eventsource": ResponseForm("text/event-stream", _event, b"\r\n"),
}


def shared(request: web.Request) -> dict[str, str]:
    """Return the headers for pages of other origins; forbidden ones were refused before."""
    headers = {"Access-Control-Allow-Origin": "*", "Vary": "Origin"}
    if origin := request.headers.get("Origin"):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
    if asked := elements(request.headers, "Access-Control-Request-Headers"):
        headers["Access-Control-Allow-Headers"] = ", ".join(asked)
    return headers


def not_allowed(methods: str) -> web.Response:
    """Return the refusal of a request whose method is not among these."""
    return web.Response(status=405, headers={"Allow": methods})
