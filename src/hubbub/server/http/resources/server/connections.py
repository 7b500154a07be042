"""Live connections, as owners and admins see them: whose each is, since when, and how it is carried; and ending one."""

import time
from collections.abc import Set

import msgspec
from aiohttp import web

from hubbub.domain.principals import Principal, Role
from hubbub.domain.tables.accounts import Account
from hubbub.protocol.errors import Close, RefusalError
from hubbub.server.audit import audit
from hubbub.server.http.entering import REGISTER, session_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import Parameter, integer, whole_number
from hubbub.server.http.requests import HUB, LINKS
from hubbub.server.http.resources.rooms.rooms import LIMIT
from hubbub.server.http.resources.server.administration import ADMIN, ADMINISTER, admin_of
from hubbub.server.people.visits import Arrival, Visit

CONNECTIONS = f"{ADMIN}/connections"
AFTER = whole_number("after", "Only connections with larger numbers than this one", 0, 2**53)
MOST_DIGITS = 16

resource = Resource()


def _number(request: web.Request) -> int:
    text = request.match_info["connection"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else -1


CONNECTION = Parameter("connection", "path", integer(0, 2**53), _number)


class ConnectionItem(msgspec.Struct):
    """A connection: `by` is an account's key or a name, `kind` is that of its holder, `session` is a session or API token.

    `since` and `heard_at` are in seconds since 1970. `heard_at` is when the client was last known to be active; null if it sends nothing, or polls.
    """

    connection: int
    by: str
    kind: str
    session: str
    transport: str
    address: str
    since: float
    heard_at: float | None


class ConnectionsReply(msgspec.Struct):
    """Open connections and sessions of this process, oldest first. `more` tells whether others follow the last one."""

    connections: list[ConnectionItem]
    more: bool


@resource.operation(
    HttpOperation(
        "GET",
        CONNECTIONS,
        "listConnections",
        needs=ADMINISTER,
        takes=(AFTER, LIMIT),
        answers=ConnectionsReply,
    )
)
async def list_connections(request: web.Request) -> ConnectionsReply:
    """List the live connections of this process, in pages. For owners, and for admins those of anyone up to moderator."""
    own = await _own(request)
    after, limit = AFTER.of(request) or 0, LIMIT.of(request) or 100
    hidden = await _hidden_from(request, own)
    found = [
        (arrival, visit)
        for arrival, visit in request.app[HUB].door.visits.connected()
        if arrival.number > after and visit.principal.id not in hidden
    ]
    items = [_item(request, *each) for each in found[:limit]]
    return ConnectionsReply(items, len(found) > limit)


@resource.operation(
    HttpOperation(
        "DELETE",
        f"{CONNECTIONS}/{{connection}}",
        "endConnection",
        needs=ADMINISTER,
        takes=(CONNECTION,),
        answers=type(None),
        status=204,
    )
)
async def end_connection(request: web.Request) -> web.Response:
    """End a connection. Its client may reconnect unless its session is ended, too. By those who see it in the list."""
    own = await _own(request)
    number, hidden = CONNECTION.of(request), await _hidden_from(request, own)
    for arrival, visit in request.app[HUB].door.visits.connected():
        who = visit.principal
        if arrival.number == number and visit.carrier and who.id not in hidden:
            visit.carrier.hang_up(Close.GOING_AWAY)
            audit("ended", owner=who.id, who=who.name, address=arrival.address, by=own.account)
            return web.Response(status=204)
    raise RefusalError("not_found", "No such connection")


async def _own(request: web.Request) -> Account:
    session_of(request)  # since there are addresses: as for lists of sessions, a token isn't enough
    return await request.app[REGISTER].account((await admin_of(request)).id)


async def _hidden_from(request: web.Request, own: Account) -> Set[str]:
    """Return whose connections one may not see: owners see all, admins those of no other admin and no owner."""
    if own.role == "owner":
        return frozenset()
    return await request.app[REGISTER].leaders() - {own.account}


def _item(request: web.Request, arrival: Arrival, visit: Visit) -> ConnectionItem:
    principal, carrier = visit.principal, visit.carrier
    ago = request.app[LINKS].heard_since(carrier)
    return ConnectionItem(
        connection=arrival.number,
        by=principal.name,
        kind=principal.role.value,
        session=_session_of(principal),
        transport=carrier.outlet.wire.name if carrier else "",
        address=arrival.address,
        since=arrival.at,
        heard_at=None if ago is None else max(arrival.at, time.time() - ago),
    )


def _session_of(principal: Principal) -> str:
    return principal.session[-1] if principal.role is Role.ACCOUNT and principal.session else ""
