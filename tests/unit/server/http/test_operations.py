"""A route without its description can't be declared, and reads nothing that it doesn't declare."""

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from hubbub.domain.access import Operation
from hubbub.server.http.operations import HttpOperation, Resource, headers_of, operations_of
from hubbub.server.http.parameters import ROOM, Body, header, whole_number


class Toy(msgspec.Struct):
    """A toy."""

    name: str


LIMIT = whole_number("limit", "Maximum number of toys", 1, 9)
COLOUR = header("Toy-Colour", "The colour of the toys")
BODY = Body(Toy)
TOYS = HttpOperation(
    "GET", "/api/v1/toys", "getToys", needs=Operation.READ, answers=Toy, takes=(LIMIT, COLOUR)
)


def test_a_route_without_a_docstring_is_refused() -> None:
    resource = Resource()

    async def undescribed(_: web.Request) -> web.Response:
        return web.Response()

    with pytest.raises(TypeError, match="no docstring"):
        resource.operation(TOYS)(undescribed)
    with pytest.raises(TypeError, match="no docstring"):
        resource.route("GET", "/toys")(undescribed)
    assert resource.routes == []


def test_a_path_whose_parameters_are_not_declared_is_refused() -> None:
    with pytest.raises(ValueError, match="exactly the parameters in the path"):
        HttpOperation("GET", "/toys/{room}", "getToys", needs=Operation.READ, answers=Toy)
    with pytest.raises(ValueError, match="exactly the parameters in the path"):
        HttpOperation("GET", "/toys", "getToys", needs=Operation.READ, answers=Toy, takes=(ROOM,))


def test_an_error_code_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="No such error codes: broken"):
        HttpOperation(
            *("GET", "/toys", "getToys"),
            needs=Operation.READ,
            answers=Toy,
            refuses=frozenset({"broken", "gone"}),
        )


def test_error_codes_follow_from_what_an_operation_takes() -> None:
    with_body = HttpOperation(
        *("POST", "/toys/{room}", "addToy"),
        needs=Operation.POST,
        answers=Toy,
        takes=(ROOM,),
        body=BODY,
    )
    assert with_body.codes - TOYS.codes == {"not_found", "too_large", "unsupported", "timed_out"}


async def test_an_answer_becomes_json_with_the_declared_status() -> None:
    resource = Resource()

    @resource.operation(
        HttpOperation("POST", "/toys", "addToy", needs=Operation.POST, answers=Toy, status=201)
    )
    async def add(_: web.Request) -> Toy:
        """Add a toy."""
        return Toy("bear")

    (route,) = resource.routes
    answer = await route.handler(make_mocked_request("POST", "/toys"))
    assert isinstance(answer, web.Response)
    assert (answer.status, answer.body) == (201, b'{"name":"bear"}')
    assert (route.summary, operations_of(resource.routes)) == ("Add a toy.", (route.operation,))


@pytest.mark.parametrize("query, limit", [("", "None"), ("?limit=7", "7")])
async def test_only_what_an_operation_declares_can_be_read(query: str, limit: str) -> None:
    resource = Resource()

    @resource.operation(TOYS)
    async def get(request: web.Request) -> Toy:
        """Get toys."""
        with pytest.raises(AssertionError, match="does not declare `room`"):
            ROOM.of(request)
        with pytest.raises(AssertionError, match="does not declare"):
            await BODY.read_value(request, None)  # type: ignore[arg-type]
        return Toy(str(LIMIT.of(request)))

    (route,) = resource.routes
    answer = await route.handler(make_mocked_request("GET", f"/api/v1/toys{query}"))
    assert isinstance(answer, web.Response)
    assert answer.body == b'{"name":"%b"}' % limit.encode()
    assert headers_of(resource.routes) == {"Toy-Colour"}
