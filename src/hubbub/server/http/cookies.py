"""The cookie that carries a session's token in browsers: its name, how it is set and dropped, and how it is read.

Cookies of other programs on the same host may contain anything; only the one with our name is looked at.
"""

import re

from aiohttp import web

from hubbub.protocol.errors import RefusalError

LIFETIME = 90 * 86_400  # seconds, from when it was last set
SECURE_NAME = (
    "__Host-hubbub"  # browsers accept it over TLS only, for exactly this host and all paths
)

_PORT = re.compile(r":([0-9]{1,5})")
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,256}")


class Cookies:
    """Knows the cookie's name: over plain http it has the port, since browsers send cookies to every port of a host."""

    def __init__(self, *, is_public_secure: bool = False) -> None:
        """`is_public_secure`: clients connect over TLS, even if it ends at a proxy."""
        self._is_public_secure = is_public_secure

    def token(self, request: web.Request) -> str | None:
        """Return the token in the cookie, or None if none was sent.

        Raises RefusalError (`bad_request`) if the cookie was sent more than once, or holds what no token can be.
        """
        lines = request.headers.getall("Cookie", ())
        if not lines:
            return None
        name = self._name(request)
        pairs = (pair.partition("=") for pair in ";".join(lines).split(";"))
        values = [
            value.strip(" \t") for given, is_, value in pairs if is_ and given.strip(" \t") == name
        ]
        if len(values) > 1:
            raise RefusalError("bad_request", f"More than one cookie {name}: send only one")
        if values and not _TOKEN.fullmatch(values[0]):
            raise RefusalError(
                "bad_request", f"Invalid cookie {name}: it holds no token", hint="Delete the cookie"
            )
        return values[0] if values else None

    def keep(self, request: web.Request, response: web.StreamResponse, token: str) -> None:
        """Let the browser keep a token for `LIFETIME`, also in place of another."""
        self._set(request, response, token, LIFETIME)

    def drop(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the browser forget the token."""
        self._set(request, response, "", 0)

    def _set(
        self, request: web.Request, response: web.StreamResponse, value: str, seconds: int
    ) -> None:
        secure = "; Secure" if self._is_secure(request) else ""
        response.headers.add(
            "Set-Cookie",
            f"{self._name(request)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}",
        )

    def _name(self, request: web.Request) -> str:
        if self._is_secure(request):
            return SECURE_NAME
        found = _PORT.search(request.host.rpartition("]")[2])
        return f"hubbub-{found[1] if found else 80}"

    def _is_secure(self, request: web.Request) -> bool:
        return self._is_public_secure or request.secure


COOKIES = web.AppKey("cookies", Cookies)
