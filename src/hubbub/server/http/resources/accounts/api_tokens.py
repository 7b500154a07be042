"""API tokens of accounts, for programs: one's own, and those of the bots that one owns."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web

from hubbub.domain.aspects.people.sessions import TOKEN, CloseSession
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import RefusalError
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import ACCOUNT, ENTRANCE, OWN_ACCOUNT, REGISTER, session_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import TEXT, Body, Parameter
from hubbub.server.people.entrance import NewToken
from hubbub.server.transports.requests import place_of

MINE, OF_A_BOT = "/api/v1/me/tokens", "/api/v1/people/{account}/tokens"
DAY = 86_400.0
TOKEN_ID = Parameter(
    "id",
    "path",
    TEXT | {"pattern": "^[0-9a-z]{1,32}$", "example": "7m2q9x4w1z3k"},
    lambda request: request.match_info["id"],
)

resource = Resource()


class MakeToken(msgspec.Struct, kw_only=True):
    """An API token to be made: what it is for, what it allows, and for how many days; without `days`, until it is revoked."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    scopes: Annotated[
        tuple[Literal["read", "post", "patch", "moderate"], ...], msgspec.Meta(min_length=1)
    ] = ("read", "post")
    days: Annotated[float, msgspec.Meta(gt=0, le=3_650)] | None = None


class TokenReply(msgspec.Struct):
    """An API token that was made. Its text, `token`, is shown only once."""

    id: str
    token: str


class TokenItem(msgspec.Struct, kw_only=True):
    """An API token. `made_at` is RFC 3339, `until` seconds since 1970; null: until it is revoked."""

    id: str
    name: str
    scopes: list[str]
    made_at: str
    until: float | None


class TokensReply(msgspec.Struct):
    """The API tokens of an account, the last made first."""

    tokens: list[TokenItem]


MAKE = Body(MakeToken)


def _whose(request: web.Request) -> tuple[Principal, str]:
    """Return who asks, and whose tokens it is about. Raises RefusalError."""
    principal, _ = session_of(request)
    return principal, ACCOUNT.of(request) if "account" in request.match_info else principal.id


def _takes(path: str) -> tuple[Parameter[str], ...]:
    return (ACCOUNT,) if path == OF_A_BOT else ()


def _listing(path: str, name: str) -> HttpOperation[TokensReply]:
    return HttpOperation(
        "GET", path, name, needs=OWN_ACCOUNT, takes=_takes(path), answers=TokensReply
    )


@resource.operation(_listing(MINE, "listTokens"))
@resource.operation(_listing(OF_A_BOT, "listTokensOfBot"))
async def list_tokens(request: web.Request) -> TokensReply:
    """List the API tokens of one's own account, or of a bot that one owns, without their texts."""
    principal, account = _whose(request)
    rows = await request.app[REGISTER].tokens(principal.id, account)
    items = [
        TokenItem(
            id=row.session,
            name=row.name,
            scopes=msgspec.json.decode(row.scopes, type=list[str]),
            made_at=row.opened_at,
            until=row.until,
        )
        for row in rows
    ]
    return TokensReply(items)


def _making(path: str, name: str) -> HttpOperation[TokenReply]:
    return HttpOperation(
        "POST",
        path,
        name,
        needs=OWN_ACCOUNT,
        takes=_takes(path),
        body=MAKE,
        answers=TokenReply,
        status=201,
        refuses=frozenset({"busy", "conflict"}),
    )


@resource.operation(_making(MINE, "makeToken"))
@resource.operation(_making(OF_A_BOT, "makeTokenOfBot"))
async def make_token(request: web.Request) -> TokenReply:
    """Make an API token of one's own account, or of a bot that one owns. It never allows more than the account may do."""
    principal, account = _whose(request)
    given = await MAKE.read(request, principal)
    if not given.name.isprintable():
        raise RefusalError("bad_request", "Invalid `name`: use only visible characters")
    seconds = None if given.days is None else given.days * DAY
    new = NewToken(given.name, tuple(dict.fromkeys(given.scopes)), seconds)
    address = place_of(request).address
    token = await request.app[ENTRANCE].make_token(principal, account, new, address)
    return TokenReply(token.id, token.text)


def _revoking(path: str, name: str) -> HttpOperation[ChangeReply]:
    return HttpOperation(
        "DELETE",
        f"{path}/{{id}}",
        name,
        needs=OWN_ACCOUNT,
        takes=(*_takes(path), TOKEN_ID, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )


@resource.operation(_revoking(MINE, "revokeToken"))
@resource.operation(_revoking(OF_A_BOT, "revokeTokenOfBot"))
async def revoke_token(request: web.Request) -> ChangeReply | web.Response:
    """Revoke an API token of one's own account, or of a bot that one owns. Its connections end within a second."""
    principal, account = _whose(request)
    address = place_of(request).address
    change = CloseSession(room=account, session=TOKEN_ID.of(request), kind=TOKEN, address=address)
    return await commit(request, principal, change)
