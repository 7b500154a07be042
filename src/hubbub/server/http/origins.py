"""Who may speak: which pages may use this server, for a visitor, with a token or with a cookie.

A browser acts for the person who views a page, so pages of other sites must not gain anything by it.
The Host header is checked as well: a foreign name that resolves to our address would make its pages
same-origin with us. Numeric addresses can't be redirected this way.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from hubbub.protocol.errors import RefusalError

_ORIGIN = re.compile(
    r"([a-z][a-z0-9+.-]*)://(?:([a-z0-9._-]+)|\[([0-9a-f:.]+)\])(?::([0-9]{1,5}))?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Source(Enum):
    """The sender of a request, as far as its headers tell."""

    __hash__ = object.__hash__  # members are singletons, and hashing the name would be slower

    PROGRAM = "a program, or a browser that doesn't tell"
    TYPED = "someone who typed the address or opened a bookmark"
    OWN_PAGE = "a page of this server"
    LOOPBACK_PAGE = "a page from another port of this machine"
    ALLOWED_PAGE = "a page of an origin that the settings allow"
    FOREIGN_LINK = "a link or a redirect of another site, which a browser opens as a page"
    FOREIGN_PAGE = "a page of another site"


class Authority(Enum):
    """The authority that a request acts with."""

    __hash__ = object.__hash__

    VISITOR = "nothing"
    BEARER = "a token, which it carries itself"
    COOKIE = "a session's cookie, which the browser adds for any page"
    SIGN_IN = (
        "a sign-in that the browser has begun, whose cookie it adds when the provider sends it back"
    )


class Reach(Enum):
    """How far an authority reaches. What isn't in the rule reaches nothing."""

    SHELL = "what is the same for everyone"
    READING = "what has no effect and is answered at once"
    EVERYTHING = "everything that the principal may do"


def _everything(*sources: Source) -> dict[Source, Reach]:
    return dict.fromkeys(sources, Reach.EVERYTHING)


_LINKS = {Source.FOREIGN_LINK: Reach.SHELL}
_OURS = _everything(Source.OWN_PAGE, Source.TYPED)
_ALLOWED = _everything(Source.PROGRAM, Source.LOOPBACK_PAGE, Source.ALLOWED_PAGE)

# The rule: which sources each authority is good for, and how far it reaches there.
MAY_SPEAK: Mapping[Authority, Mapping[Source, Reach]] = {
    Authority.VISITOR: _OURS | _ALLOWED | _LINKS,
    Authority.BEARER: _OURS | _ALLOWED | _LINKS,
    Authority.COOKIE: _OURS | {Source.PROGRAM: Reach.READING} | _LINKS,
    Authority.SIGN_IN: _OURS | _everything(Source.PROGRAM, Source.FOREIGN_LINK),
}


def may_keep_cookie(source: Source) -> bool:
    """Whether a session's cookie may be set for a request of this source: one would speak there."""
    reach = MAY_SPEAK[Authority.COOKIE].get(source, Reach.SHELL)
    return reach is not Reach.SHELL


class Asked(NamedTuple):
    """The facts that the rule depends on. `site` is `Sec-Fetch-Site`.

    `is_navigation`: a browser shows the response as a top-level page. `is_shell`: it is the same for everyone.
    `is_reading`: it has no effect and is answered at once.
    """

    host: str | None
    origin: str | None = None
    site: str | None = None
    is_navigation: bool = False
    is_shell: bool = False
    is_secure: bool = False
    is_reading: bool = False
    authority: Authority = Authority.VISITOR


class Origins:
    """Applies the rule to the headers of requests.

    `public_url` is this server's address; without it, the requested Host counts as the server's.
    `is_local`: only this machine can reach the server.
    """

    def __init__(
        self, allowed: Sequence[str] = (), *, public_url: str = "", is_local: bool = True
    ) -> None:
        self._public = canonical(public_url.rstrip("/"))
        self._allowed = frozenset(canonical(origin.rstrip("/")) for origin in allowed) - {None}
        self._hosts = frozenset(map(_host_of, self._allowed | {self._public})) - {None}
        self._is_local = is_local
        self._is_our_host = lru_cache(1024)(self._judge_host)
        self._source_of = lru_cache(1024)(self._judge_origin)

    def check(self, asked: Asked) -> Source:
        """Return the sender. Raises RefusalError (`bad_origin`) unless it may speak and the Host is ours."""
        if asked.host is None or not self._is_our_host(asked.host):
            name = (asked.host or "")[:100]
            raise RefusalError(
                "bad_origin",
                f"Unknown host {name!r}: this server has another name",
                hint=f"Start the server with --public-url https://{name or 'NAME'}",
            )
        source = self.source(asked)
        reach = MAY_SPEAK[asked.authority].get(source)
        if (
            reach is Reach.EVERYTHING
            or (reach is Reach.READING and asked.is_reading)
            or (reach is Reach.SHELL and asked.is_shell)
        ):
            return source
        raise _refused(asked)

    def source(self, asked: Asked) -> Source:
        """Tell the sender from `Origin`, or else `Sec-Fetch-Site`; without both it is not a page."""
        if asked.origin is not None:
            return self._source_of(asked.origin, asked.host, asked.is_secure)
        if asked.site is None:
            return Source.PROGRAM
        if asked.site == "none":
            return Source.TYPED
        if asked.site == "same-origin":
            return Source.OWN_PAGE
        return Source.FOREIGN_LINK if asked.is_navigation else Source.FOREIGN_PAGE

    def _judge_host(self, host: str) -> bool:
        name = _host_of(f"http://{host}")
        if name is None:
            return False
        if name in self._hosts or _is_loopback_name(name):
            return True
        return not self._is_local and _is_address(name)

    def _judge_origin(self, origin: str, host: str, is_secure: bool) -> Source:
        given = canonical(origin)
        if given is None:
            return Source.FOREIGN_PAGE
        if given in self._own(host, is_secure):
            return Source.OWN_PAGE
        if given in self._allowed:
            return Source.ALLOWED_PAGE
        if self._is_local and not self._public and _is_loopback_page(given):
            return Source.LOOPBACK_PAGE
        return Source.FOREIGN_PAGE

    def _own(self, host: str, is_secure: bool) -> frozenset[str | None]:
        if self._public:
            return frozenset({self._public})
        schemes = ("https",) if is_secure else ("http", "https")  # TLS may have ended before us
        return frozenset(canonical(f"{scheme}://{host}") for scheme in schemes)


def canonical(origin: str) -> str | None:
    """Return an origin as browsers send it, in lower case and without a default port; None if it is invalid."""
    found = _ORIGIN.fullmatch(origin.lower())
    if found is None or int(found[4] or 0) > 65_535:
        return None
    scheme, name, address, port = found.groups()
    is_default = port is None or int(port) == _DEFAULT_PORTS.get(scheme)
    return f"{scheme}://{name or f'[{address}]'}" + ("" if is_default else f":{int(port)}")


def is_loopback_host(host: str) -> bool:
    """Whether a Host header names this machine's loopback, with or without a port."""
    name = _host_of(f"http://{host}")
    return name is not None and _is_loopback_name(name)


def _refused(asked: Asked) -> RefusalError:
    if asked.authority is Authority.COOKIE:
        return RefusalError(
            "bad_origin",
            "A cookie only speaks for pages of this server",
            hint="Send the token in the header Authorization: Bearer TOKEN, without the cookie",
        )
    if asked.origin is None:
        return RefusalError(
            "bad_origin",
            "Pages of other sites may not use this server",
            hint="Open the address directly, or allow the page's origin with --allow-origin",
        )
    given = canonical(asked.origin)
    hint = f"Start the server with --allow-origin {given[:100]}" if given else None
    return RefusalError("bad_origin", f"Pages of {asked.origin[:100]!r} may not connect", hint=hint)


def _host_of(origin: str | None) -> str | None:
    found = _ORIGIN.fullmatch((origin or "").lower())
    return None if found is None else found[2] or found[3]


def _is_loopback_page(origin: str) -> bool:
    name = _host_of(origin)
    return (
        name is not None and origin.startswith(("http://", "https://")) and _is_loopback_name(name)
    )


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
