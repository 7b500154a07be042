"""Accounts over HTTP: who asks, and the answer to who comes in, which brings a session as a cookie or as a token."""

from typing import Literal, Self

import msgspec
from aiohttp import web

from hubbub.domain.access import Permission, RoomKind, account
from hubbub.domain.identity import at_address
from hubbub.domain.principals import Principal, Role, Scope
from hubbub.domain.tables.accounts import Account
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import is_account_key
from hubbub.protocol.secrets import SessionToken, session_from
from hubbub.server.http.cookies import COOKIES
from hubbub.server.http.origins import may_keep_cookie
from hubbub.server.http.parameters import TEXT, Body, Parameter
from hubbub.server.http.problems import SOURCE
from hubbub.server.http.requests import json, principal_of
from hubbub.server.people.door import NAMELESS
from hubbub.server.people.entrance import Caller, Entrance, Newcomer
from hubbub.server.people.register import Register
from hubbub.server.transports.requests import place_of

ENTRANCE = web.AppKey("entrance", Entrance)
REGISTER = web.AppKey("register", Register)

# What the description says of who may do it. The ledger's rules decide.
ENTER = Permission("come in", {})  # whoever asks, so no token gives it
OWN_ACCOUNT = Permission("manage an account", {RoomKind.OWN: account(*Scope)})
READ_OWN = Permission("read", {RoomKind.OWN: account(Scope.READ)})


def _account_in_path(request: web.Request) -> str:
    key = request.match_info["account"]
    if not is_account_key(key):
        raise RefusalError("not_found", "No such account")
    return key


ACCOUNT = Parameter(
    "account",
    "path",
    TEXT | {"pattern": "^@p[0-9a-hjkmnp-tv-z]{12}$", "example": "@p7m2q9x4w1z3k"},
    _account_in_path,
)

MAX_DEVICE = 100  # characters

Wanted = Literal["cookie", "token"]


class SessionReply(msgspec.Struct, kw_only=True):
    """A session that was opened. Its `token` is here if it was wanted; otherwise it is in a cookie."""

    account: str
    session: str
    token: str | msgspec.UnsetType = msgspec.UNSET


class JoinServer(msgspec.Struct, kw_only=True):
    """Asks for an account and a session of it. `token` is what stands in the link after `#`."""

    token: str
    handle: str
    name: str
    password: str
    wants: Wanted = "cookie"


class PersonReply(msgspec.Struct, kw_only=True):
    """An account as people see it. `made_at` is RFC 3339; `owner` is that of a bot."""

    account: str
    handle: str
    name: str
    kind: str
    role: str
    status: str
    status_text: str
    time_zone: str
    avatar: str
    owner: str | None
    made_at: str

    @classmethod
    def of(cls, row: Account) -> Self:
        """Return what is shown of an account."""
        return cls(**{name: getattr(row, name) for name in cls.__struct_fields__})


def stranger_of(request: web.Request) -> Principal:
    """Return who asks to come in: nobody yet, whatever token or cookie the request has. Counted by address."""
    return Principal(NAMELESS, Role.GUEST, at_address(place_of(request).address))


def caller_of(request: web.Request, wants: Wanted) -> Caller:
    """Return where a request to come in is from.

    Raises RefusalError (`bad_origin`) if it wants a cookie for a page for which none speaks.
    """
    if wants == "cookie" and not may_keep_cookie(request[SOURCE]):
        raise RefusalError(
            "bad_origin",
            "Only pages of this server get a cookie",
            hint='Ask for the token itself, with "wants": "token"',
        )
    held = request.app[COOKIES].token(request)
    return Caller(
        place_of(request).address, device_of(request), session_from(held) if held else None
    )


def device_of(request: web.Request) -> str:
    """Return what a browser or program calls itself."""
    given = request.headers.get("User-Agent", "").encode(errors="replace").decode()
    return "".join(c for c in given if c.isprintable())[:MAX_DEVICE]


def entered(request: web.Request, token: SessionToken, wants: Wanted) -> web.Response:
    """Answer with a session, as it was wanted."""
    shown = token.text if wants == "token" else msgspec.UNSET
    reply = SessionReply(account=token.account, session=token.id, token=shown)
    response = json(reply, 201)
    if wants == "cookie":
        request.app[COOKIES].keep(request, response, token.text)
    return response


async def join(request: web.Request, body: Body[JoinServer]) -> web.Response:
    """Make an account by an invite or a claim link, and answer with a session of it. Raises RefusalError."""
    given = await body.read(request, stranger_of(request))
    caller = caller_of(request, given.wants)
    newcomer = Newcomer(given.handle, given.name, given.password)
    token = await request.app[ENTRANCE].join(given.token, newcomer, caller)
    return entered(request, token, given.wants)


def account_of(request: web.Request, needs: Permission = OWN_ACCOUNT) -> Principal:
    """Return the account that a request acts for.

    Raises RefusalError: `unauthenticated` for guests, `forbidden` for others without an account, or if the scopes of
    its credential don't allow what it `needs`.
    """
    principal = principal_of(request)
    if principal.role is Role.GUEST:
        raise RefusalError("unauthenticated", "Log in first: this needs an account")
    if not principal.is_account:
        raise RefusalError("forbidden", "Not allowed without an account")
    if not any(needs.is_given(principal.role, principal.scopes, kind) for kind in needs.rows):
        raise RefusalError("forbidden", f"Not allowed to {needs.label}")
    return principal


def session_of(request: web.Request) -> tuple[Principal, str]:
    """Return the account that a request acts for, and its session's id.

    Raises RefusalError as `account_of` does, and `forbidden` with an API token or a JWT.
    """
    principal = account_of(request)
    _, kind, session = principal.session
    if kind != "session":
        raise RefusalError(
            "forbidden", "Not allowed with an API token or a JWT: this needs a session"
        )
    return principal, session
