"""Strict parsing of requests: credentials, numbers from the query, JSON from the body."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from hubbub.domain.principals import Principal
from hubbub.protocol import fields
from hubbub.protocol.codec import decode_body, encode
from hubbub.protocol.errors import RefusalError
from hubbub.server.http.bounds import BoundedConnection
from hubbub.server.http.files_origin import HOLDER
from hubbub.server.http.problems import token_of
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Credentials
from hubbub.server.people.visits import Visit
from hubbub.server.transports.base import Links
from hubbub.server.transports.requests import place_of

C = TypeVar("C", bound=msgspec.Struct)

HUB = web.AppKey("hub", Hub)
LINKS = web.AppKey("links", Links)
LOBBY = "lobby"  # the room of clients that name none
_OWNER = web.RequestKey("owner", bytes)  # set once it is known
_NUMBER = re.compile(r"-?[0-9]{1,24}")


def credentials(request: web.Request) -> Credentials:
    """Return the credentials in a request: a name and a key; a token, its own or a cookie's, and whose that should be; or the holder of a ticket."""
    query, place = request.query, place_of(request)
    if holder := request.get(HOLDER):
        return Credentials(address=place.address, place=place, holder=holder)
    return Credentials(
        query.get("name") or None,
        request.headers.get("Hubbub-Key"),
        token_of(request),
        place.address,
        place,
        request.headers.get("Hubbub-Account"),
    )


def owner_of(request: web.Request) -> bytes:
    """Return a digest of a request's credentials, which identifies a session's owner and reveals nothing."""
    if _OWNER not in request:
        name, key, token, *_ = credentials(request)
        request[_OWNER] = sha256(repr((name, key, token)).encode()).digest()
    return request[_OWNER]


def principal_of(request: web.Request) -> Principal:
    """Return the principal of a single request."""
    return request.app[HUB].door.recognise(credentials(request))


@asynccontextmanager
async def staying(visit: Visit) -> AsyncIterator[None]:
    """Run a waiting request. Raises RefusalError if its credential becomes invalid meanwhile."""
    task = asyncio.current_task()
    assert task is not None
    visit.when_expelled(task.cancel)
    try:
        yield
    except asyncio.CancelledError:
        if visit.is_expelled and not task.uncancel():
            raise RefusalError("unauthenticated", "The token is no longer valid") from None
        raise


def room_of(request: web.Request) -> str:
    """Return the room in the path."""
    return request.match_info["room"]


def number(
    request: web.Request, name: str, low: int = -(2**63), high: int = 2**63 - 1
) -> int | None:
    """Return a whole number from the query, or None if it is missing. Raises RefusalError."""
    text = request.query.get(name)
    if text is None:
        return None
    value = int(text) if _NUMBER.fullmatch(text) else None  # int() alone takes 1_000, too
    if value is None or not low <= value <= high:
        span = f" from {low} to {high}" if low >= 0 else ""
        raise RefusalError("bad_request", f"Invalid `{name}`: use a whole number{span}")
    return value


def seq_of(request: web.Request) -> int:
    """Return the message's number in the path."""
    text = request.match_info["seq"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise RefusalError("bad_request", "Invalid message number in the path: use a whole number")
    return int(text)


async def command_from(
    request: web.Request, principal: Principal, kind: type[C], **known: Any
) -> C:
    """Read a command from a JSON body. Values from the path override those in the body."""
    fields = await json_from(request, principal, dict[str, Any])
    fields.pop("id", None)
    try:
        return msgspec.convert(fields | known, kind)
    except msgspec.ValidationError as error:
        raise RefusalError("bad_request", str(error)) from None


async def bytes_from(request: web.Request, principal: Principal, type_: str, most: int) -> bytes:
    """Read a body of at most so many bytes, whose content type begins so: none that a form on another site can send.

    It is read only once the principal is known and may send that much.
    """
    given = fields.content_type(request.headers)
    if given is None or not given.name.startswith(type_):
        raise _unsupported(request, f"{type_}…")
    return await _body(request.clone(client_max_size=most), principal)


FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


def check_plain(request: web.Request, content_type: str | None) -> None:
    """Raise RefusalError unless a body is of this content type, or without one is at least no form's, and is not encoded."""
    given = fields.content_type(request.headers)
    name = given.name if given else None
    if (content_type is not None and name != content_type) or name in FORMS:
        raise _unsupported(request, content_type or "application/octet-stream")
    _check_encoding(request)


async def chunks_from(request: web.Request) -> AsyncIterator[bytes]:
    """Yield a body as it comes, as long as some of it comes within each time limit. Raises RefusalError."""
    protocol = request.protocol
    if isinstance(protocol, BoundedConnection):
        protocol.takes_long()
    while data := await request.content.readany():
        yield data


async def json_from(
    request: web.Request, principal: Principal, kind: Any, content_type: str = "application/json"
) -> Any:
    """Read the body. Its content type must say JSON, which a form on another site can't do.

    It is read only once the principal is known and may send that much.
    """
    given = fields.content_type(request.headers)
    if given is None or given.name != content_type:
        raise _unsupported(request, content_type)
    return decode_body(await _body(request, principal), kind)


def _unsupported(request: web.Request, content_type: str) -> RefusalError:
    return RefusalError(
        "unsupported",
        f"Unsupported content type: {request.headers.get('Content-Type', 'none')[:100]}",
        hint=f"Send the header content-type: {content_type}",
    )


def _check_encoding(request: web.Request) -> None:
    if set(fields.words(request.headers, "Content-Encoding")) - {"identity"}:
        raise RefusalError(
            "unsupported", "Unsupported content encoding: send the body uncompressed"
        )


async def _body(request: web.Request, principal: Principal) -> bytes:
    _check_encoding(request)
    most = request.client_max_size
    size = most if request.content_length is None else request.content_length
    if size > most:
        raise web.HTTPRequestEntityTooLarge(most)
    request.app[HUB].throttle.charge(principal, size)
    return await request.read()


def json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a JSON response that must not be cached."""
    return web.Response(
        status=status,
        body=encode(value),
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
