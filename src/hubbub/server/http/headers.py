"""Headers that every answer has: no other site may frame it, embed it or guess what it is."""

from aiohttp import web

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # Pages of allowed origins read answers by CORS, which this does not restrict.
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def protect(response: web.StreamResponse) -> None:
    """Add them, unless the response has its own. A WebSocket needs none: no page can show one."""
    response.headers["Server"] = "hubbub"  # and not what it is made of
    if response.status != 101:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
