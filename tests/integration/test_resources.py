"""A new resource is one module and one line in the application's list: here this module, and the line in `port`."""

import gc
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest
from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, header, whole_number
from hubbub.server.http.requests import HUB, principal_of
from hubbub.server.http.routes import RESOURCES
from hubbub.server.parts import Parts
from tests.integration.raw import connected

SHELF = whole_number("shelf", "Only toys on this shelf", 1, 9)
COLOUR = header("Toy-Colour", "Only toys of this colour")
TOYS = "/api/v1/rooms/nursery/toys"
Session = aiohttp.ClientSession

resource = Resource()


class ToysReply(msgspec.Struct):
    """The toys in a room."""

    room: str
    shelf: int
    colour: str


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/rooms/{room}/toys",
        "getToys",
        needs=Operation.READ,
        takes=(ROOM, SHELF, COLOUR),
        answers=ToysReply,
        refuses=frozenset({"gone"}),
    )
)
async def get_toys(request: web.Request) -> ToysReply:
    """Get the toys in a room."""
    snapshot = await request.app[HUB].reading.snapshot(principal_of(request), ROOM.of(request))
    return ToysReply(snapshot.room, SHELF.of(request) or 1, COLOUR.of(request) or "any")


@pytest.fixture(scope="module")
async def port(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[int]:
    """The port of a server with one more resource."""
    data = tmp_path_factory.mktemp("resources") / "data"
    settings = Settings(host="127.0.0.1", port=0, data=data)
    async with running(settings, parts=Parts(resources=(*RESOURCES, resource))) as server:
        yield server.port
    gc.unfreeze()


@pytest.fixture
async def http(port: int) -> AsyncIterator[Session]:
    """A client of this server."""
    async with Session(f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(15)) as session:
        yield session


async def test_a_new_resource_is_served(http: Session) -> None:
    async with http.get(f"{TOYS}?shelf=3", headers={"Toy-Colour": "red"}) as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert await answer.json() == {"room": "nursery", "shelf": 3, "colour": "red"}


@pytest.mark.parametrize(
    "query, headers, code",
    [
        ("", {"Origin": "https://evil.example"}, "bad_origin"),
        ("", {"Authorization": "Bearer hubbub_made_up"}, "unauthenticated"),
        ("?shelf=10", {}, "bad_request"),
    ],
)
async def test_a_new_resource_is_guarded_as_all_others(
    http: Session, query: str, headers: dict[str, str], code: str
) -> None:
    async with http.get(TOYS + query, headers=headers) as answer:
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["code"] == code
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_header_of_a_new_resource_must_be_text(port: int) -> None:
    async with connected(port) as raw:
        raw.send(
            b"GET %b HTTP/1.1\r\nHost: localhost\r\nToy-Colour: r\xfcd\r\n\r\n" % TOYS.encode()
        )
        answer = await raw.response()
    assert answer.status == 400
    assert b"Invalid text in the header Toy-Colour" in answer.body


async def test_a_new_resource_is_in_the_openapi_document(http: Session) -> None:
    async with http.get("/api/v1/openapi.json") as answer:
        document = await answer.json()
    described = document["paths"]["/api/v1/rooms/{room}/toys"]["get"]
    assert (described["operationId"], described["summary"]) == (
        "getToys",
        "Get the toys in a room.",
    )
    assert described["security"] == [{}, {"token": ["read"]}]
    its_own = [each for each in described["parameters"] if "$ref" not in each]
    assert [each["name"] for each in its_own] == ["room", "shelf", "Toy-Colour"]
    shelf = {"type": "integer", "minimum": 1, "maximum": 9}
    assert its_own[1]["schema"] == shelf
    assert "gone: " in described["responses"]["410"]["description"]
    assert "ToysReply" in document["components"]["schemas"]
