"""Signing in at a provider of OpenID Connect: browsers are sent there, and come back with a code."""

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from hubbub.protocol.errors import RefusalError
from hubbub.protocol.secrets import session_from
from hubbub.server.http.cookies import COOKIES, SIGN_INS
from hubbub.server.http.entering import ENTER, device_of, stranger_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.origins import may_keep_cookie
from hubbub.server.http.parameters import Body
from hubbub.server.http.problems import RETURN, SOURCE, START
from hubbub.server.http.requests import json
from hubbub.server.people.entrance import Caller
from hubbub.server.transports.requests import place_of

if TYPE_CHECKING:  # it needs libraries that take some megabytes
    from hubbub.server.people.outside.oidc import Beginning, SignIn

SIGN_IN: "web.AppKey[SignIn]" = web.AppKey("sign_in")
PUBLIC_URL = web.AppKey("public_url", str)

ENTERED = "/#entered"  # the page can't see the cookie, so it is told that there is one

resource = Resource()


class BeginSignIn(msgspec.Struct, kw_only=True):
    """Asks for the address to sign in at. `token` is what stands in an invite's or claim link after `#`, if there is one."""

    token: str = ""


class SignInReply(msgspec.Struct):
    """Where to go in order to sign in. The browser has got a cookie, which it needs when it returns."""

    url: str


BEGIN = Body(BeginSignIn)


@resource.route("GET", START)
async def start(request: web.Request) -> web.Response:
    """Send a browser to the provider, from a link of our own page."""
    beginning = await _begin(request)
    return _keeping(request, beginning, _redirect(beginning.url))


@resource.operation(
    HttpOperation(
        "POST",
        "/api/v1/oidc/start",
        "beginSignIn",
        needs=ENTER,
        body=BEGIN,
        answers=SignInReply,
        refuses=frozenset({"not_found", "gone"}),
    )
)
async def begin(request: web.Request) -> web.Response:
    """Begin to sign in at the provider, perhaps by an invite, whose token stays out of addresses this way."""
    given = await BEGIN.read(request, stranger_of(request))
    beginning = await _begin(request, given.token)
    return _keeping(request, beginning, json(SignInReply(beginning.url)))


@resource.route("GET", RETURN, allow_head=False)
async def callback(request: web.Request) -> web.Response:
    """Let in who returns from the provider: a new session, in a cookie. Its own session's cookie counts for nothing.

    The session of this account that the browser had when it began ends.
    """
    sign_in = _sign_in(request)
    if any(len(request.query.getall(name)) > 1 for name in request.query):
        raise RefusalError(
            "bad_request",
            "Malformed answer from the provider: a parameter appears twice",
            hint="Sign in again",
        )
    kept = request.app[SIGN_INS].token(request)
    caller = Caller(place_of(request).address, device_of(request))
    token = await sign_in.finish(request.query, kept, _redirect_uri(request), caller)
    response = _redirect(ENTERED)
    request.app[COOKIES].keep(request, response, token.text)
    request.app[SIGN_INS].drop(request, response)
    return response


async def _begin(request: web.Request, invite: str = "") -> "Beginning":
    """Raises RefusalError, also for a page that would not get a session's cookie in the end."""
    sign_in = _sign_in(request)
    if not may_keep_cookie(request[SOURCE]):
        raise RefusalError("bad_origin", "Only pages of this server can begin a sign-in")
    held = request.app[COOKIES].token(request)
    session = session_from(held) if held else None
    return await sign_in.begin(_redirect_uri(request), invite, session)


def _sign_in(request: web.Request) -> "SignIn":
    if (found := request.app.get(SIGN_IN)) is None:
        raise RefusalError(
            "not_found",
            "This server has no provider to sign in at",
            hint="Set oidc_issuer and oidc_client_id",
        )
    return found


def _redirect_uri(request: web.Request) -> str:
    """Return where the provider sends browsers back to, which it must know exactly."""
    scheme = "https" if request.secure else "http"
    return f"{request.app[PUBLIC_URL] or f'{scheme}://{request.host}'}{RETURN}"


def _keeping(request: web.Request, beginning: "Beginning", response: web.Response) -> web.Response:
    request.app[SIGN_INS].keep(request, response, beginning.kept)
    return response


def _redirect(url: str) -> web.Response:
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(status=303, headers=headers)
