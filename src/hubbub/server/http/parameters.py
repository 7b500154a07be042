"""What an operation takes: declared once, then read by the operation's code and shown in the OpenAPI document.

Only what an operation declares can be read in it.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Literal, TypeVar

import msgspec
from aiohttp import web

from hubbub.domain.principals import Principal
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.files import KEY_BYTES
from hubbub.server.http.requests import (
    HUB,
    bytes_from,
    check_plain,
    chunks_from,
    command_from,
    json_from,
    number,
    room_of,
    seq_of,
)

C = TypeVar("C", bound=msgspec.Struct)
T = TypeVar("T")
JsonObject = dict[str, Any]

JSON, MERGE_PATCH, STREAM = "application/json", "application/merge-patch+json", "text/event-stream"
TEXT: JsonObject = {"type": "string"}


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Generic[T]):
    """A part of a request's path, query or headers. `read` returns its value, or raises RefusalError."""

    name: str
    place: Literal["path", "query", "header"]
    schema: JsonObject
    read: Callable[[web.Request], T]
    description: str = ""

    def of(self, request: web.Request) -> T:
        """Return the value in a request. Raises RefusalError."""
        assert self in request[DECLARED], f"The operation does not declare `{self.name}`"
        return self.read(request)


@dataclass(frozen=True, slots=True, eq=False)
class Body(Generic[C]):
    """A request's body: the fields of a command that are not in the path, or a merge patch.

    `one_of` names fields of which it must have exactly one, `without` those that no client gives.
    """

    command: type[C]
    content_type: str = JSON
    one_of: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    async def read(self, request: web.Request, principal: Principal, **known: Any) -> C:
        """Read the command. Values that are `known` override those in the body. Raises RefusalError."""
        self._check_declared(request)
        return await command_from(request, principal, self.command, **known)

    async def read_value(self, request: web.Request, principal: Principal) -> Any:
        """Read the body as the JSON value that it is. Raises RefusalError."""
        self._check_declared(request)
        return await json_from(request, principal, Any, self.content_type)

    def _check_declared(self, request: web.Request) -> None:
        assert self in request[DECLARED], f"The operation does not declare {self}"


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """A request's body that is a file of at most so many bytes, whatever the size of messages."""

    content_type: str  # as OpenAPI writes it, such as image/*
    most: int

    async def read(self, request: web.Request, principal: Principal) -> bytes:
        """Read the file. Raises RefusalError."""
        self._check_declared(request)
        kind = self.content_type.removesuffix("*")
        return await bytes_from(request, principal, kind, self.most)

    def _check_declared(self, request: web.Request) -> None:
        assert self in request[DECLARED], f"The operation does not declare {self}"


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """A request's body that is a file, or a part of one, and is taken as it comes, however long that takes.

    `is_exact`: no other content type will do; otherwise any will that no form has.
    """

    content_type: str
    is_exact: bool = False

    def size(self, request: web.Request) -> int:
        """Return how many bytes there will be. Raises RefusalError."""
        self._check_declared(request)
        check_plain(request, self.content_type if self.is_exact else None)
        if request.content_length is None:
            raise RefusalError(
                "bad_request", "Send the header content-length: the size of the file"
            )
        return request.content_length

    def read(self, request: web.Request) -> AsyncIterator[bytes]:
        """Yield the bytes as they come. Raises RefusalError."""
        self._check_declared(request)
        check_plain(request, self.content_type if self.is_exact else None)
        return chunks_from(request)

    def _check_declared(self, request: web.Request) -> None:
        assert self in request[DECLARED], f"The operation does not declare {self}"


Declared = Parameter[Any] | Body[Any] | Upload | Content
# What the operation that is being served declares.
DECLARED = web.RequestKey("declared", tuple[Declared, ...])


def integer(low: int, high: int) -> JsonObject:
    """Return the schema of a whole number in these bounds."""
    return {"type": "integer", "minimum": low, "maximum": high}


def whole_number(
    name: str, description: str, low: int = -(2**63), high: int = 2**63 - 1
) -> Parameter[int | None]:
    """Declare a whole number in the query, or None if it is missing."""
    read = partial(number, name=name, low=low, high=high)
    return Parameter(name, "query", integer(low, high), read, description)


def text(name: str, description: str) -> Parameter[str | None]:
    """Declare a text in the query, or None if it is missing or empty."""
    return Parameter(name, "query", TEXT, lambda r: r.query.get(name) or None, description)


def header(name: str, description: str, schema: JsonObject = TEXT) -> Parameter[str | None]:
    """Declare a header, or None if it is missing."""
    return Parameter(name, "header", schema, lambda r: r.headers.get(name), description)


# What any request may have that somebody sends, whatever its operation takes: `requests.credentials` reads these.
ACCOUNT = header(
    "Hubbub-Account",
    "The key of the account that the client believes it is acting for. The request is refused if the credentials belong to another account",
)
OF_GUESTS = (
    text("name", "The name of a guest"),
    header("Hubbub-Key", "The secret with which a guest keeps this name"),
)


def file_key(name: str) -> Parameter[str]:
    """Declare a part of the path that is a key as files and pictures have it."""
    schema = TEXT | {
        "pattern": f"^[0-9a-hjkmnp-tv-z]{{{KEY_BYTES * 8 // 5}}}$",
        "example": "0" * 24,
    }
    return Parameter(name, "path", schema, lambda r: r.match_info[name])


ROOM = Parameter(
    "room",
    "path",
    TEXT | {"pattern": r"^[#\p{L}\p{N}_\-.:@+~]{1,64}$", "example": "lobby"},
    room_of,
    "Its name or its key; `#` and its alias; or `@me`, the own log of an account",
)
WHERE = Parameter(
    "where",
    "path",
    ROOM.schema,
    lambda request: request.match_info["where"],
    "A room: its name or its key, or `#` and its alias",
)
WHO = Parameter(
    "who",
    "path",
    TEXT | {"minLength": 1, "maxLength": 64, "example": "ada"},
    lambda request: request.match_info["who"],
    "An account, by its key or its handle",
)
SEQ = Parameter("seq", "path", integer(0, 10**18 - 1) | {"example": 1}, seq_of)


async def room_key(request: web.Request, principal: Principal) -> str:
    """Return the name that the room in the path has in logs. Raises RefusalError, StoreFailed."""
    return await request.app[HUB].names.key(principal, ROOM.of(request))
