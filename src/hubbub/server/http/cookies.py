"""The cookies that carry a session's token, or a sign-in that was begun: their names, how they are set, dropped and read.

Cookies of other programs on the same host may contain anything; only the one with our name is looked at.
"""

import re
from typing import Literal, NamedTuple

from aiohttp import web

from hubbub.protocol.errors import RefusalError

SECURE = (
    "__Host-"  # with this, browsers accept it over TLS only, for exactly this host and all paths
)

_PORT = re.compile(r":([0-9]{1,5})")
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,256}")


class CookieKind(NamedTuple):
    """A kind of cookie. It lives for some seconds from when it was last set."""

    name: str
    same_site: Literal["Strict", "Lax"]
    seconds: int


SESSION = CookieKind("hubbub", "Strict", 90 * 86_400)
SIGN_IN = CookieKind(
    "hubbub-sign-in", "Lax", 600
)  # comes along when a provider sends the browser back


class Cookies:
    """Knows a cookie's name: over plain http it has the port, since browsers send cookies to every port of a host."""

    def __init__(self, kind: CookieKind = SESSION, *, is_public_secure: bool = False) -> None:
        """`is_public_secure`: clients connect over TLS, even if it ends at a proxy."""
        self._kind = kind
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
        """Let the browser keep a token as long as such a cookie lives, also in place of another."""
        self._set(request, response, token, self._kind.seconds)

    def drop(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the browser forget the token."""
        self._set(request, response, "", 0)

    def _set(
        self, request: web.Request, response: web.StreamResponse, value: str, seconds: int
    ) -> None:
        secure = "; Secure" if self._is_secure(request) else ""
        response.headers.add(
            "Set-Cookie",
            f"{self._name(request)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={self._kind.same_site}{secure}",
        )

    def _name(self, request: web.Request) -> str:
        if self._is_secure(request):
            return f"{SECURE}{self._kind.name}"
        found = _PORT.search(request.host.rpartition("]")[2])
        return f"{self._kind.name}-{found[1] if found else 80}"

    def _is_secure(self, request: web.Request) -> bool:
        return self._is_public_secure or request.secure


COOKIES, SIGN_INS = web.AppKey("cookies", Cookies), web.AppKey("sign_ins", Cookies)
