"""Which pages may use this server: where anyone may come in, the pages of other sites still must not.

The Host header is looked at as well: a foreign name that resolves to our address makes its pages
same-origin with us. Addresses in numbers can't be made to resolve to something else.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

from yarl import URL

from hubbub.protocol.errors import Refused


class Origins:
    """Decides by the Origin and Host headers of a request.

    `is_local`: the server is on loopback, so that pages from there, on any port, are not foreign.
    """

    def __init__(self, allowed: Sequence[str], *, is_local: bool = True) -> None:
        self._is_local = is_local
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)
        self._hosts = frozenset(URL(origin).host for origin in self._allowed)
        self._is_our_host = lru_cache(1024)(self._judge_host)
        self._is_our_page = lru_cache(1024)(self._judge_page)

    def check(self, origin: str | None, host: str | None) -> None:
        """Raise Refused (`bad_origin`) unless both are ours, or there is no Origin and the Host is."""
        if host is None or not self._is_our_host(host):
            raise Refused(
                "bad_origin",
                f"this server is not called {(host or '')[:100]!r}",
                hint=f"start it with --public-url https://{(host or 'NAME')[:100]}",
            )
        if origin is not None and not self._is_our_page(origin, host):
            raise Refused(
                "bad_origin",
                f"pages of {origin[:100]!r} may not connect",
                hint=f"start the server with --allow-origin {origin[:100]}",
            )

    def _judge_host(self, host: str) -> bool:
        name = _host_of(f"http://{host}")
        if name is None:
            return False
        if name in self._hosts or _is_loopback_name(name):
            return True
        return not self._is_local and _is_address(name)

    def _judge_page(self, origin: str, host: str) -> bool:
        if origin.lower() in self._allowed:
            return True
        name = _host_of(origin)
        if name is None:
            return False
        if self._is_local:
            return _is_loopback_name(name)
        return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")


def _host_of(origin: str) -> str | None:
    try:
        return URL(origin).host
    except (ValueError, IndexError):  # of http://[]:1@, which yarl stumbles over
        return None


def _is_loopback_name(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
