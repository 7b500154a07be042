"""Turns the address of a server, as people write it, into the URL of its native WebSocket."""

from urllib.parse import urlsplit, urlunsplit

DEFAULT_URL = "http://127.0.0.1:8181"
DEFAULT_PORT = 8181
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


def websocket_url(address: str) -> str:
    """Return the URL of `/ws` on the server at `address`.

    `address` is a URL (`http`, `https`, `ws` or `wss`), or just `host`, `host:port` or `:port`. A path
    is kept in front of `/ws`, for servers behind a proxy.

    Raises:
        ValueError: the address is invalid.
    """
    text = address.strip()
    if "://" not in text:
        text = f"http://{_with_host_and_port(text)}"
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises if it is not a valid number
    except ValueError as error:
        raise ValueError(_complaint(address, str(error))) from None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError(_complaint(address, "use http(s):// or ws(s):// and a host"))
    if parts.username or parts.password:
        raise ValueError(_complaint(address, "leave out user name and password"))
    path = parts.path.rstrip("/")
    if not path.endswith("/ws"):
        path += "/ws"
    return urlunsplit((_SCHEMES[parts.scheme], parts.netloc, path, "", ""))


def page_url(address: str, path: str) -> str:
    """Return the URL of a page on the server at `address`. Raises ValueError as `websocket_url` does."""
    parts = urlsplit(websocket_url(address))
    scheme = "https" if parts.scheme == "wss" else "http"
    return urlunsplit((scheme, parts.netloc, parts.path.removesuffix("/ws") + path, "", ""))


def _with_host_and_port(text: str) -> str:
    host, slash, path = text.partition("/")
    if host.startswith(":"):
        host = f"127.0.0.1{host}"
    if ":" not in host.rpartition("]")[2]:  # the colons of [::1] don't introduce a port
        host = f"{host}:{DEFAULT_PORT}"
    return host + slash + path


def _complaint(address: str, what: str) -> str:
    return f"Invalid server address {address!r} ({what}), for example {DEFAULT_URL}"
