"""What transports need to know of HTTP requests, and how they answer without an end."""

from aiohttp import HttpVersion11, web

from hubbub.server.people.places import Place, Places

Owner = bytes  # identifies a session's owner without storing the credential
SessionKey = tuple[str, Owner]  # of a session: its id, and its owner
PLACE = web.RequestKey("place", Place)  # the place that a request counts as while it is served


def begin_stream(request: web.Request, response: web.StreamResponse) -> bool:
    """Allow a response of any length. Returns whether it is chunked; otherwise it ends when the connection closes.

    HTTP/1.0 has no chunks. Some proxies use it, such as nginx by default.
    """
    is_chunked = request.version >= HttpVersion11
    if is_chunked:
        response.enable_chunked_encoding()
    else:
        response.force_close()
    return is_chunked


def place_of(request: web.Request) -> Place:
    """Return the place of a request."""
    try:
        return request[PLACE]
    except KeyError:  # it is no server's request
        return Places().uncounted("")
