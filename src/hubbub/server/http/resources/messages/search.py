"""Searching messages."""

from typing import Any, get_args

from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol.commands.search import LONGEST_QUERY, MOST_HITS, Order, Search, SearchPage
from hubbub.protocol.errors import RefusalError
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import Parameter, text, whole_number
from hubbub.server.http.requests import HUB, principal_of

DEFAULT = 20

resource = Resource()


def _query(request: web.Request) -> str:
    query = request.query.get("q", "")
    if not 1 <= len(query) <= LONGEST_QUERY:
        raise RefusalError("bad_request", f"Invalid `q`: use 1 to {LONGEST_QUERY} characters")
    return query


def _order(request: web.Request) -> Any:
    order = request.query.get("order", "newest")
    if order not in get_args(Order):
        raise RefusalError("bad_request", "Invalid `order`: use newest or relevance")
    return order


QUERY = Parameter(
    "q",
    "query",
    {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_QUERY,
        "example": 'deploy "on friday" from:ada',
    },
    _query,
    'Words, "phrases", beginnings of words*, and filters: from: in: before: after: has: is:',
)
ORDER = Parameter(
    "order",
    "query",
    {"type": "string", "enum": list(get_args(Order)), "default": "newest"},
    _order,
    "The newest first, or the best of the newest",
)
BEFORE = text("before", "The `then` of the answer after which to go on")
LIMIT = whole_number("limit", "Maximum number of messages", 1, MOST_HITS)


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/search",
        "search",
        needs=Operation.READ,
        takes=(QUERY, ORDER, BEFORE, LIMIT),
        answers=SearchPage,
        refuses=frozenset({"busy", "timed_out", "not_found"}),
    )
)
async def search(request: web.Request) -> SearchPage:
    """Search messages in the rooms that one may read, the newest first, in pages."""
    principal, searching = principal_of(request), request.app[HUB].searching
    searching.require(principal)
    asked = Search(
        query=QUERY.of(request),
        before=BEFORE.of(request),
        limit=LIMIT.of(request) or DEFAULT,
        order=ORDER.of(request),
    )
    return await searching.search(principal, asked)
