"""Pages of other sites stay out, at each door: by their Origin, and by the Host they know us under."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.integration.raw import HANDSHAKE, Response, connected
from tests.support.server import Server

WEBSOCKET_DOORS = (
    "/",
    "/ws",
    "/echo",
    "/socket.io/?EIO=4&transport=websocket",
    "/sockjs/websocket",
    "/sockjs-plain/000/x/websocket",
)
HTTP_DOORS = (
    "/socket.io/?EIO=4&transport=polling",
    "/sockjs/info",
    "/sockjs/000/x/eventsource",
    "/",
    "/api/v1/rooms",
    "/api/v1/rooms/lobby/events",
    "/healthz",
    "/readyz",
)
FOREIGN_NAMES = [
    "evil.example",
    "localhost.evil.example",
    "evil-localhost",
    "notlocalhost",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.example",
    "10.0.0.1",
    "0.0.0.0",
    "[::2]",
    "localhost@evil.example",
    "localhost:1@evil.example",
    "chat.example.org.evil.example",
]
FOREIGN_ORIGINS = [
    "null",
    "",
    "*",
    "localhost",
    "file://",
    "http://",
    "https://evil.example/http://localhost",
    "https://evil.example#http://localhost",
    "https://evil.example?localhost",
    "http://localhost:99999999",
    *(f"http://{name}" for name in FOREIGN_NAMES),
]
OUR_ORIGINS = [
    "http://localhost",
    "http://localhost:3000",
    "https://LOCALHOST:8443",
    "http://app.localhost:5173",
    "http://127.0.0.1:8181",
    "http://127.8.8.8",
    "http://[::1]:3000",
]


async def ask(server: Server, door: str, headers: dict[str, str]) -> Response:
    async with connected(server.port) as raw:
        return await raw.request(f"GET {door} HTTP/1.1", {"Host": "localhost"} | headers)


def is_refused(response: Response) -> bool:
    if response.status != 403:
        return False
    problem = json.loads(response.body)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "bad_origin"
    if "Pages of" in problem["detail"]:  # an origin that can't be allowed gets no hint
        assert "--allow-origin" in problem.get("hint", "--allow-origin")
    else:
        assert "--public-url" in problem["hint"]
    return True


@pytest.mark.parametrize("door", WEBSOCKET_DOORS)
@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
async def test_pages_of_other_sites_get_no_websocket(
    shared_server: Server, door: str, origin: str
) -> None:
    assert is_refused(await ask(shared_server, door, HANDSHAKE | {"Origin": origin}))


@pytest.mark.parametrize("door", HTTP_DOORS)
@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://localhost.evil.example"]
)
async def test_pages_of_other_sites_get_no_answer(
    shared_server: Server, door: str, origin: str
) -> None:
    assert is_refused(await ask(shared_server, door, {"Origin": origin}))


@pytest.mark.parametrize("door", WEBSOCKET_DOORS)
@pytest.mark.parametrize("host", FOREIGN_NAMES)
async def test_a_foreign_name_that_resolves_to_us_is_not_ours(
    shared_server: Server, door: str, host: str
) -> None:
    """DNS rebinding: the page is same-origin with us then, and sends no Origin with a GET."""
    for name in (host, f"{host}:{shared_server.port}"):
        assert is_refused(await ask(shared_server, door, HANDSHAKE | {"Host": name}))
        own = {"Host": name, "Origin": f"http://{name}"}
        assert is_refused(await ask(shared_server, door, HANDSHAKE | own))
        assert is_refused(await ask(shared_server, "/api/v1/rooms", {"Host": name}))


async def test_a_request_without_a_host_is_refused(shared_server: Server) -> None:
    async with connected(shared_server.port) as raw:
        assert (await raw.request("GET /api/v1/rooms HTTP/1.1", {})).status in {400, 403}
    async with connected(shared_server.port) as raw:
        assert (await raw.request("GET /ws HTTP/1.1", HANDSHAKE)).status in {400, 403}


@pytest.mark.parametrize("door", WEBSOCKET_DOORS)
@pytest.mark.parametrize("origin", OUR_ORIGINS)
async def test_pages_on_this_machine_may_connect_from_any_port(
    shared_server: Server, door: str, origin: str
) -> None:
    host = origin.partition("://")[2]
    for headers in ({"Origin": origin}, {"Origin": origin, "Host": host}, {"Host": host}):
        assert (await ask(shared_server, door, HANDSHAKE | headers)).status == 101


async def test_who_is_no_page_has_no_origin_and_may_come_in(shared_server: Server) -> None:
    assert (await ask(shared_server, "/ws", HANDSHAKE)).status == 101
    assert (await ask(shared_server, "/api/v1/rooms", {})).status == 200


@pytest.fixture(scope="module")
async def open_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server that two sites may use."""
    data = tmp_path_factory.mktemp("origins") / "data"
    origins = ("https://chat.example.org", "http://intranet:8080/")
    async with Server(data, *(f"--allow-origin={origin}" for origin in origins)) as server:
        yield server


@pytest.mark.parametrize("door", WEBSOCKET_DOORS)
@pytest.mark.parametrize(
    "origin", ["https://chat.example.org", "https://Chat.Example.org", "http://intranet:8080"]
)
async def test_an_allowed_origin_may_connect_also_through_its_own_name(
    open_server: Server, door: str, origin: str
) -> None:
    host = origin.partition("://")[2]
    for headers in ({"Origin": origin}, {"Origin": origin, "Host": host}, {"Host": host}):
        assert (await ask(open_server, door, HANDSHAKE | headers)).status == 101


@pytest.mark.parametrize("door", WEBSOCKET_DOORS)
@pytest.mark.parametrize(
    "origin",
    [
        "http://chat.example.org",
        "https://chat.example.org:8443",
        "https://other.example.org",
        "https://example.org",
        "http://intranet",
        "null",
    ],
)
async def test_an_allowed_origin_lets_no_other_in(
    open_server: Server, door: str, origin: str
) -> None:
    assert is_refused(await ask(open_server, door, HANDSHAKE | {"Origin": origin}))
