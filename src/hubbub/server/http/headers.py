"""Headers of every response: no other site may frame it, embed it or sniff its type, and caches keep it apart for each origin."""

from aiohttp import web

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # Pages of allowed origins read answers with CORS, which this does not restrict.
    "Cross-Origin-Resource-Policy": "same-origin",
    # Also on answers to requests without an origin: else a cache would give those to pages that need CORS.
    "Vary": "Origin",
    "X-Content-Type-Options": "nosniff",
}


# As for any file from strangers: it runs nothing, on no page. Another image has another address.
AS_IMAGE = {
    "Content-Security-Policy": f"sandbox; {HEADERS['Content-Security-Policy']}",
    "Cache-Control": "private, max-age=31536000, immutable",
}


def protect(response: web.StreamResponse) -> None:
    """Add the headers that a response lacks. WebSockets need none: no page can display them."""
    response.headers["Server"] = "hubbub"  # without naming the software it is built on
    if response.status != 101:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
