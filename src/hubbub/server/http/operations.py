"""How a route is declared: its description stands beside the code that serves it.

One declaration registers the route and yields its entry in the OpenAPI document, so neither can change without the other.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from aiohttp import web

from hubbub.domain.access import Permission
from hubbub.protocol.errors import CODES
from hubbub.server.http.parameters import (
    DECLARED,
    JSON,
    Body,
    Content,
    Declared,
    Parameter,
    Upload,
)
from hubbub.server.http.problems import Handler
from hubbub.server.http.requests import json

R = TypeVar("R")
H = TypeVar("H", bound=Handler)
Serve = Callable[[web.Request], Awaitable[R | web.StreamResponse]]

ANY_REQUEST = frozenset(
    {
        *("bad_request", "bad_origin", "unauthenticated", "rate_limited", "head_too_large"),
        *("internal", "unavailable", "method_not_allowed"),
    }
)
ANY_PRINCIPAL = frozenset({"forbidden", "name_taken", "banned", "muted", "archived"})
ANY_BODY = frozenset({"too_large", "unsupported", "timed_out"})
_IN_PATH = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True, eq=False)
class HttpOperation(Generic[R]):
    """One operation of the API, as OpenAPI shows it. Its summary is the docstring of its code.

    `needs` is what the principal must be allowed to do. `refuses` are the codes that do not follow from
    the other fields. `also_answers` is a content type that clients may ask for instead of JSON. If it answers `bytes`, those are a
    file of the type `answers_type`.
    Raises ValueError if parameters or codes are missing or unknown.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    name: str
    needs: Permission
    answers: type[R]
    takes: tuple[Parameter[Any], ...] = ()
    body: Body[Any] | Upload | Content | None = None
    status: int = 200
    refuses: frozenset[str] = frozenset()
    also_answers: str | None = None
    answers_type: str = JSON
    allow_head: bool = True

    def __post_init__(self) -> None:
        """Check what types can't."""
        if unknown := self.refuses - CODES.keys():
            raise ValueError(f"{self.name}: No such error codes: {', '.join(sorted(unknown))}")
        if self.path_names != set(_IN_PATH.findall(self.path)):
            raise ValueError(f"{self.name}: Declare exactly the parameters in the path {self.path}")

    @property
    def path_names(self) -> set[str]:
        """The names of the parameters in the path."""
        return {each.name for each in self.takes if each.place == "path"}

    @property
    def codes(self) -> frozenset[str]:
        """All error codes that it may answer with."""
        found = self.refuses | ANY_REQUEST | ANY_PRINCIPAL
        if self.path_names:
            found |= {"not_found"}
        if "room" in self.path_names:
            found |= {"banned"} if self.method == "GET" else {"banned", "muted", "archived"}
        return found | ANY_BODY if self.body else found


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A method and a path, and what serves them. Without an operation it is not part of the API."""

    method: str
    path: str
    handler: Handler
    summary: str
    allow_head: bool
    operation: HttpOperation[Any] | None = None

    @property
    def definition(self) -> web.RouteDef:
        """The route as aiohttp takes it."""
        options = {"allow_head": self.allow_head} if self.method == "GET" else {}
        return web.route(self.method, self.path, self.handler, **options)


class Resource:
    """Routes that belong together. The only way to add one is with its description."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def operation(self, operation: HttpOperation[R]) -> Callable[[Serve[R]], Serve[R]]:
        """Add an operation of the API. Its code returns what the operation answers, or a whole response.

        Raises TypeError if the code has no docstring.
        """

        def add(serve: Serve[R]) -> Serve[R]:
            route = Route(
                operation.method,
                operation.path,
                _answering(operation, serve),
                _summary(serve),
                operation.allow_head,
                operation,
            )
            self.routes.append(route)
            return serve

        return add

    def route(self, method: str, path: str, *, allow_head: bool = True) -> Callable[[H], H]:
        """Add a route that is not part of the API: for WebSockets, other protocols, pages or operators.

        Raises TypeError if its handler has no docstring.
        """

        def add(handler: H) -> H:
            self.routes.append(Route(method, path, handler, _summary(handler), allow_head))
            return handler

        return add


def routes_of(resources: Iterable[Resource]) -> tuple[Route, ...]:
    """Return all routes of some resources."""
    return tuple(route for resource in resources for route in resource.routes)


def operations_of(routes: Iterable[Route]) -> tuple[HttpOperation[Any], ...]:
    """Return the operations among some routes."""
    return tuple(route.operation for route in routes if route.operation)


def headers_of(routes: Iterable[Route]) -> frozenset[str]:
    """Return the names of all headers that operations among some routes take."""
    taken = (parameter for each in operations_of(routes) for parameter in each.takes)
    return frozenset(parameter.name for parameter in taken if parameter.place == "header")


def reading_of(routes: Iterable[Route]) -> frozenset[str]:
    """Return the paths of those routes whose GET has no effect and is answered at once: they also take HEAD."""
    return frozenset(route.path for route in routes if route.method == "GET" and route.allow_head)


def _answering(operation: HttpOperation[R], serve: Serve[R]) -> Handler:
    body = (operation.body,) if operation.body else ()
    declared: tuple[Declared, ...] = (*operation.takes, *body)

    async def answering(request: web.Request) -> web.StreamResponse:
        request[DECLARED] = declared
        answer = await serve(request)
        if isinstance(answer, web.StreamResponse):
            return answer
        return json(answer, operation.status)

    return answering


def _summary(serve: Callable[..., object]) -> str:
    if summary := inspect.getdoc(serve):
        return summary
    raise TypeError(f"{serve} has no docstring, which is the route's summary")
