"""Which pages may use this server: on loopback anyone may come in, so pages of other sites must not.

The Host header is looked at as well: a foreign name that resolves to 127.0.0.1 makes its pages
same-origin with us.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

from yarl import URL

from hubbub.protocol.errors import Refused


class Origins:
    """Decides by the Origin and Host headers of a request."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)
        self._hosts = frozenset(URL(origin).host for origin in self._allowed)
        self._is_ours = lru_cache(1024)(self._judge)

    def check(self, origin: str | None, host: str | None) -> None:
        """Raise Refused (`bad_origin`) unless both are ours, or there is no Origin and the Host is."""
        if host is None or not self._is_ours(f"http://{host}", True):
            raise Refused(
                "bad_origin",
                f"this server is not called {(host or '')[:100]!r}",
                hint=f"start it with --allow-origin https://{(host or 'NAME')[:100]}",
            )
        if origin is not None and not self._is_ours(origin, False):
            raise Refused(
                "bad_origin",
                f"pages of {origin[:100]!r} may not connect",
                hint=f"start the server with --allow-origin {origin[:100]}",
            )

    def _judge(self, origin: str, is_host: bool) -> bool:
        if origin.lower() in self._allowed:
            return True
        try:
            name = URL(origin).host
        except ValueError:
            return False
        if name is None:
            return False
        return _is_loopback_name(name) or (is_host and name in self._hosts)


def _is_loopback_name(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
