"""Errors over HTTP: problem details (RFC 9457) with the codes of the one table."""

import logging
import math
from collections.abc import Awaitable, Callable, Container, Iterable
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import Any

from aiohttp import web

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import CODES, Refusal, RefusalError
from hubbub.protocol.fields import elements
from hubbub.protocol.names import is_text
from hubbub.server.http.cookies import COOKIES
from hubbub.server.http.files_origin import FILES_ORIGIN, HOLDER
from hubbub.server.http.origins import Asked, Authority, Origins, Source
from hubbub.server.http.proxies import PROXIES
from hubbub.server.people.door import Credentials, Door
from hubbub.server.people.places import Place, Places
from hubbub.server.stores.base import StoreFailed
from hubbub.server.transports.handshake import VERSION
from hubbub.server.transports.requests import PLACE

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BY_STATUS = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported",
}
HEADERS = {
    "unauthenticated": {"WWW-Authenticate": "Bearer"},
    "upgrade_required": {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": VERSION,
    },
}

# The headers of answers that pages of other origins read, besides those that they always may: tus needs the last ones.
READABLE = ", ".join(
    (
        *("Accept-Ranges", "Content-Range", "ETag", "Location", "Repr-Digest", "Retry-After"),
        *("Tus-Extension", "Tus-Max-Size", "Tus-Resumable", "Tus-Version"),
        *("Upload-Expires", "Upload-Length", "Upload-Offset"),
    )
)

CREDENTIALS = ("Authorization", "Hubbub-Key", "Hubbub-Account")  # headers of any request

# The routes whose answers are the same for everyone: links from elsewhere may lead here.
SHELL = frozenset({"/", "/web/{name}", "/claim", "/i", "/reset", "/r/{room}", "/r/{room}/{seq}"})

# Where browsers are sent to a provider, and where it sends them back to. People see what is refused there.
START, RETURN = "/oidc/start", "/oidc/callback"
FOR_PEOPLE = frozenset({START, RETURN})

SOURCE = web.RequestKey("source", Source)  # the sender; set if it may speak
TOKEN = web.RequestKey("token", tuple[str | None])  # that the request acts with
AUTHORITY = web.RequestKey("authority", Authority)  # and which authority that gives

HEALTH = frozenset({"/healthz", "/readyz"})
ALWAYS_SERVED = HEALTH | {"/metrics"}  # even at the limit on connections

log = logging.getLogger(__name__)


def problem(refusal: Refusal, headers: dict[str, str] | None = None) -> web.Response:
    """Return a refusal as a response."""
    row = CODES[refusal.code]
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": row.title,
        "status": row.status,
        "code": refusal.code,
        "detail": _encodable(refusal.detail),
        "temporary": row.temporary,
        **refusal.facts,
    }
    headers = {**HEADERS.get(refusal.code, {}), **_retrying(refusal), **(headers or {})}
    if refusal.hint is not None:
        body["hint"] = _encodable(refusal.hint)
    if refusal.retry_after is not None:
        body["retry_after"] = refusal.retry_after
    return web.Response(
        status=row.status,
        body=encode(body),
        headers=headers,
        content_type="application/problem+json",
    )


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
<p>{detail}.</p>
<p>{hint}</p>
<p><a href="/">Back to the start</a></p>
</html>
"""


def problem_page(refusal: Refusal, headers: dict[str, str] | None = None) -> web.Response:
    """Return a refusal as a small page for people. It needs no script and no style."""
    hint = f"{refusal.hint}." if refusal.hint else ""
    shown = {"title": CODES[refusal.code].title, "detail": refusal.detail, "hint": hint}
    page = PAGE.format_map({name: escape(_encodable(text)) for name, text in shown.items()})
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", **(headers or {})}
    headers |= HEADERS.get(refusal.code, {}) | _retrying(refusal)
    status = CODES[refusal.code].status
    return web.Response(status=status, text=page, headers=headers, content_type="text/html")


def _retrying(refusal: Refusal) -> dict[str, str]:
    """Return the header that says when to try again."""
    seconds = refusal.retry_after
    return {} if seconds is None else {"Retry-After": str(math.ceil(seconds))}


def _encodable(text: str) -> str:
    """Return a text without lone surrogates: it may quote a header, whose bytes need not be UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def guard(
    origins: Origins,
    places: Places,
    door: Door,
    refused: Callable[[str], object] = lambda *_: None,
    session_place: Callable[[web.Request], Place | None] = lambda _: None,
    *,
    headers: Iterable[str] = (),
    reading: Container[str] = (),
) -> Any:
    """Middleware that refuses foreign pages and requests without a place, and turns errors into problem details.

    `refused` gets the code of each refusal. `session_place` finds the place of the session that a request belongs to.
    `headers` are those whose values the routes use; others may contain anything that proxies and browsers send.
    `reading` are the paths of routes whose GET has no effect and is answered at once.
    """
    gate = _Gate(origins, places, door, session_place, (*CREDENTIALS, *headers), reading)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await gate.serve(request, handler)
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            if isinstance(error, web.HTTPException) and error.status not in BY_STATUS:
                raise  # aiohttp answers it itself
            refusal, headers = _refusal_of(error)
            error.with_traceback(None)  # see RefusalError: aiohttp raises those that it keeps
            refused(refusal.code)
            return _told(request, refusal, headers)

    return guarded


@dataclass(frozen=True, slots=True)
class _Gate:
    """What each request must pass; see `guard`."""

    origins: Origins
    places: Places
    door: Door
    session_place: Callable[[web.Request], Place | None]
    headers: Iterable[str]
    reading: Container[str]

    async def serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle a request that may pass. Raises RefusalError for others."""
        route = _route_of(request)
        if request.app[FILES_ORIGIN].is_asked(request):
            return await self._show(request, route, handler)
        token, authority = _authority(request, route)
        request[TOKEN], request[AUTHORITY] = (token,), authority
        request[SOURCE] = _source(request, route, self.origins, authority, self.reading)
        _check_texts(request, self.headers)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return web.Response(status=204)  # `share` adds the headers
        if token is not None and request.path not in ALWAYS_SERVED:
            await self.door.prepare(token)
        session = self.session_place(request)
        request[PLACE] = place = _place(request, self.places, self.door, session)
        try:
            response = await handler(request)
            is_read = request.method in ("GET", "HEAD") and not response.prepared  # see `streamed`
            if token and place.is_claimed and is_read:
                await self.door.confirm(token, place.address)
            return response
        finally:
            if not place.is_kept:
                place.leave()

    async def _show(
        self, request: web.Request, route: str | None, handler: Handler
    ) -> web.StreamResponse:
        """Handle a request to the origin of files, where nothing is found without a valid ticket."""
        origin = request.app[FILES_ORIGIN]
        _check_texts(request, self.headers)
        request[TOKEN], request[HOLDER] = (None,), await origin.holder(request, route)
        request[PLACE] = place = _place(request, self.places, self.door, None)
        try:
            response = await handler(request)
            if not response.prepared:
                await origin.holder(request, route)  # the session may have ended meanwhile
            return response
        finally:
            place.leave()


def _told(request: web.Request, refusal: Refusal, headers: dict[str, str]) -> web.Response:
    """Log a refusal, and return it as a page or as problem details."""
    log.info("refused", extra=_facts_of(request, refusal))
    is_for_people = request.method == "GET" and _route_of(request) in FOR_PEOPLE
    return (problem_page if is_for_people else problem)(refusal, headers)


def _facts_of(request: web.Request, refusal: Refusal) -> dict[str, str | None]:
    """Return what the log says of a refusal."""
    return {
        "code": refusal.code,
        "method": request.method,
        "remote": request.app[PROXIES].address_of(request),
        "door": _route_of(request),
    }


def _check_texts(request: web.Request, headers: Iterable[str]) -> None:
    """Raise RefusalError if a text from a request's head would be invalid in a body."""
    query = request.query.items()
    if is_text("".join((request.path, *chain(*query), *request.headers.values()))):
        return
    given = [(name, request.headers.get(name, "")) for name in headers]
    texts = [
        ("path", request.path),
        *((f"query parameter `{name}`", name + value) for name, value in query),
        *((f"header {name}", value) for name, value in given),
    ]
    for where, text in texts:
        if not is_text(text):
            raise RefusalError("bad_request", f"Invalid text in the {where}: use UTF-8 without NUL")


def _refusal_of(error: Exception) -> tuple[Refusal, dict[str, str]]:
    """Return the refusal for an error, and its headers."""
    match error:
        case RefusalError():
            return error.refusal, {}
        case StoreFailed():
            log.warning("A request failed: %s", error)
            return Refusal(
                "unavailable", "The database failed; try again later", retry_after=1.0
            ), {}
        case web.HTTPNotFound():
            return Refusal("not_found", "Nothing is served at this path"), {}
        case web.HTTPMethodNotAllowed():
            *others, last = sorted(error.allowed_methods)
            allowed = f"{', '.join(others)} or {last}" if others else last
            why = f"{error.method} is not possible here: use {allowed}"
            return Refusal("method_not_allowed", why), {"Allow": error.headers["Allow"]}
        case web.HTTPException():
            return Refusal(BY_STATUS[error.status], error.text or error.reason), {}
    log.error("A request failed", exc_info=error)
    return Refusal("internal", "The server failed; its log has the details"), {}


def _place(request: web.Request, places: Places, door: Door, session: Place | None) -> Place:
    """Take a place for a request while it is served. Raises RefusalError if there is none."""
    address = request.app[PROXIES].address_of(request)
    if request.path in ALWAYS_SERVED:
        return places.uncounted(address)
    if session is not None and (place := places.within(session, address)):
        return place
    try:
        return places.take(address)
    except RefusalError:
        token, holder = token_of(request), request.get(HOLDER)
        if token is None and holder is None:
            raise
    place = places.uncounted(address)
    door.recognise(Credentials(token=token, address=address, place=place, holder=holder))
    return place


def _source(
    request: web.Request,
    route: str | None,
    origins: Origins,
    authority: Authority,
    reading: Container[str],
) -> Source:
    """Return who sends a request. Raises RefusalError if it is a foreign page, or asks for a foreign host."""
    given = request.headers.getall("Origin", [])
    if len(given) > 1:
        raise RefusalError("bad_request", "More than one Origin header: send only one")
    if not given and "Host" not in request.headers and request.path in HEALTH:
        return Source.PROGRAM  # load balancers do this, pages never
    site = request.headers.get("Sec-Fetch-Site")
    return origins.check(
        Asked(
            # `request.host` comes from the target if that is a whole URL, else from the header.
            host=request.host if "Host" in request.headers else None,
            origin=next(iter(given), None),
            site=site,
            is_navigation=site is not None and _is_navigation(request),
            is_shell=route in SHELL,
            is_secure=request.secure,
            is_reading=route in reading and _is_read(request),
            authority=authority,
        )
    )


def _authority(request: web.Request, route: str | None) -> tuple[str | None, Authority]:
    """Return the token that a request acts with, its own or else that of its cookie, and its authority. Raises RefusalError."""
    own = bearer_token(request)
    if route == RETURN:
        return None, Authority.SIGN_IN  # nothing else counts
    if own:
        return own, Authority.BEARER
    cookie = request.app[COOKIES].token(request) if "Cookie" in request.headers else None
    token = cookie if own is None else own
    return token, Authority.VISITOR if cookie is None else Authority.COOKIE


def _is_read(request: web.Request) -> bool:
    return request.method in ("GET", "HEAD") and "Upgrade" not in request.headers


def _is_navigation(request: web.Request) -> bool:
    """Whether a browser opens the page itself, from anywhere. It sends no `Origin` then."""
    headers = request.headers
    return (
        request.method in ("GET", "HEAD")
        and headers.get("Sec-Fetch-Mode") == "navigate"
        and "Origin" not in headers
        and headers.get("Sec-Fetch-Dest") == "document"
        and "Upgrade" not in headers
    )


def _route_of(request: web.Request) -> str | None:
    """Return the path of the route that a request is for, with names in place of what varies. None if there is no route."""
    resource = request.match_info.route.resource
    return None if resource is None else resource.canonical


def token_of(request: web.Request) -> str | None:
    """Return the token that a request acts with: its own, else that of its cookie."""
    return request[TOKEN][0]


def bearer_token(request: web.Request) -> str | None:
    """Return the token that a request carries (RFC 6750 sections 2.1 and 2.3)."""
    if (given := request.headers.get("Authorization")) is None:
        return request.query.get("access_token")
    scheme, _, token = given.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.query.get("access_token")


def share(request: web.Request, response: web.StreamResponse) -> None:
    """Let an allowed page of another origin read the response (Fetch Standard, section 3.3)."""
    origin = request.headers.get("Origin")
    if origin is None or SOURCE not in request or response.status == 101:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers["Access-Control-Expose-Headers"] = READABLE
    if request.method == "OPTIONS":
        asked = ", ".join(elements(request.headers, "Access-Control-Request-Headers"))
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
        response.headers["Access-Control-Allow-Headers"] = asked
        response.headers["Access-Control-Max-Age"] = "7200"
