"""The opening handshake of RFC 6455 section 4.2, at each of the WebSocket doors."""

import json

import pytest

from tests.integration.raw import HANDSHAKE, TEXT, Frame, Response, connected, frame
from tests.support.server import Server

DOORS = ("/", "/ws", "/echo")

each_door = pytest.mark.parametrize("door", DOORS)


async def ask(
    server: Server,
    door: str,
    *,
    without: str = "",
    line: str = "GET {door} HTTP/1.1",
    **changed: str,
) -> Response:
    """The handshake with some headers changed (`_` for `-`) or left out; what it is answered with."""
    changes = {name.replace("_", "-"): value for name, value in changed.items()}
    headers = {"Host": f"localhost:{server.port}"} | HANDSHAKE | changes
    headers.pop(without, None)
    async with connected(server.port) as raw:
        return await raw.request(line.format(door=door), headers)


def code_of(response: Response) -> str:
    """The error code in a problem's details."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = json.loads(response.body)
    assert problem["status"] == response.status
    code: str = problem["code"]
    return code


@each_door
async def test_the_example_of_the_rfc_is_answered_as_in_the_rfc(
    shared_server: Server, door: str
) -> None:
    response = await ask(shared_server, door)
    assert (response.status, response.reason) == (101, "Switching Protocols")
    assert response.headers["upgrade"].lower() == "websocket"
    assert response.headers["connection"].lower() == "upgrade"
    assert response.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert not {"sec-websocket-protocol", "sec-websocket-extensions"} & response.headers.keys()


@each_door
async def test_names_and_tokens_of_headers_may_be_written_in_any_case(
    shared_server: Server, door: str
) -> None:
    headers = {name.upper(): value for name, value in HANDSHAKE.items()}
    headers |= {"CONNECTION": "keep-alive, UPGRADE", "UPGRADE": "WebSocket"}
    async with connected(shared_server.port) as raw:
        response = await raw.request(f"GET {door} HTTP/1.1", {"hOsT": "localhost"} | headers)
    assert response.status == 101
    assert response.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@each_door
@pytest.mark.parametrize("version", ["8", "7", "0", "14", "x", ""])
async def test_another_version_is_told_which_one_is_spoken(
    shared_server: Server, door: str, version: str
) -> None:
    response = await ask(shared_server, door, Sec_WebSocket_Version=version)
    assert response.status == 426
    assert response.headers["sec-websocket-version"] == "13"
    assert response.headers["upgrade"] == "websocket"
    assert code_of(response) == "upgrade_required"


async def test_a_missing_version_is_told_which_one_is_spoken(shared_server: Server) -> None:
    response = await ask(shared_server, "/ws", without="Sec-WebSocket-Version")
    assert (response.status, response.headers["sec-websocket-version"]) == (426, "13")


@each_door
@pytest.mark.parametrize(
    "key",
    [
        "",
        "short",
        "dGhlIHNhbXBsZSBub25j",  # 15 bytes
        "dGhlIHNhbXBsZSBub25jZWU=",  # 17 bytes
        "dGhlIHNhbXBsZSBub25jZQ",  # no padding
        "dGhl*IHNhbXBsZSBub25jZQ==",  # not base64
    ],
)
async def test_a_key_that_is_not_sixteen_bytes_in_base64_is_refused(
    shared_server: Server, door: str, key: str
) -> None:
    response = await ask(shared_server, door, Sec_WebSocket_Key=key)
    assert (response.status, code_of(response)) == (400, "bad_request")


@each_door
async def test_a_handshake_without_a_key_is_refused(shared_server: Server, door: str) -> None:
    response = await ask(shared_server, door, without="Sec-WebSocket-Key")
    assert (response.status, code_of(response)) == (400, "bad_request")


@each_door
async def test_a_proxy_that_drops_the_connection_header_is_hinted_at(
    shared_server: Server, door: str
) -> None:
    response = await ask(shared_server, door, Connection="close")
    assert response.status == 426
    assert "proxy" in json.loads(response.body)["hint"]


@each_door
@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "DELETE"])
async def test_only_get_upgrades(shared_server: Server, door: str, method: str) -> None:
    response = await ask(shared_server, door, line=f"{method} {{door}} HTTP/1.1")
    assert (response.status, code_of(response)) == (405, "method_not_allowed")
    assert "GET" in response.headers["allow"]


@each_door
async def test_head_does_not_upgrade(shared_server: Server, door: str) -> None:
    headers = {"Host": "localhost"} | HANDSHAKE
    async with connected(shared_server.port) as raw:
        raw.send_request(f"HEAD {door} HTTP/1.1", headers)
        assert (await raw.response(has_body=False)).status in {400, 405}


@each_door
async def test_http_1_0_does_not_upgrade(shared_server: Server, door: str) -> None:
    response = await ask(shared_server, door, line="GET {door} HTTP/1.0")
    assert (response.status, code_of(response)) == (400, "bad_request")


@pytest.mark.parametrize("door", ["/ws", "/echo"])
async def test_a_plain_request_at_a_websocket_door_is_told_to_upgrade(
    shared_server: Server, door: str
) -> None:
    async with connected(shared_server.port) as raw:
        response = await raw.request(f"GET {door} HTTP/1.1", {"Host": "localhost"})
    assert (response.status, code_of(response)) == (426, "upgrade_required")
    assert response.headers["upgrade"] == "websocket"
    assert "ws://" in json.loads(response.body)["hint"]


async def test_an_unknown_door_is_not_found(shared_server: Server) -> None:
    response = await ask(shared_server, "/websocket")
    assert (response.status, code_of(response)) == (404, "not_found")


async def test_a_native_client_must_offer_hubbub_v1_if_it_offers_anything(
    shared_server: Server,
) -> None:
    response = await ask(shared_server, "/ws", Sec_WebSocket_Protocol="soap, wamp")
    assert (response.status, code_of(response)) == (400, "bad_request")
    response = await ask(shared_server, "/ws", Sec_WebSocket_Protocol="soap, hubbub.v1")
    assert (response.status, response.headers["sec-websocket-protocol"]) == (101, "hubbub.v1")


async def test_a_plain_client_gets_the_subprotocol_that_it_offers_first(
    shared_server: Server,
) -> None:
    response = await ask(shared_server, "/", Sec_WebSocket_Protocol="echo-protocol, soap")
    assert (response.status, response.headers["sec-websocket-protocol"]) == (101, "echo-protocol")


async def test_a_client_that_offers_hubbub_v1_at_the_root_is_a_native_one(
    shared_server: Server,
) -> None:
    async with connected(shared_server.port) as raw:
        headers = {"Host": "localhost", "Sec-WebSocket-Protocol": "hubbub.v1"} | HANDSHAKE
        assert (await raw.request("GET / HTTP/1.1", headers)).status == 101
        raw.send(frame(TEXT, b'{"id": 1, "do": "leave", "room": "lobby"}'))
        assert json.loads((await raw.frame()).payload) == {"re": 1, "ok": {"room": "lobby"}}


@pytest.mark.parametrize("door", ["/", "/ws"])
@pytest.mark.parametrize("query", ["?name=%20", f"?name={'x' * 33}", "?name=a%00b"])
async def test_a_name_that_nobody_can_have_is_refused_before_the_handshake(
    shared_server: Server, door: str, query: str
) -> None:
    response = await ask(shared_server, door + query)
    assert (response.status, code_of(response)) == (400, "bad_request")


async def test_a_room_that_cannot_be_is_refused_before_the_handshake(
    shared_server: Server,
) -> None:
    response = await ask(shared_server, "/?room=a%20b")
    assert (response.status, code_of(response)) == (400, "bad_request")
    response = await ask(shared_server, "/?room=nobody-was-here&since=7")
    assert (response.status, code_of(response)) == (400, "bad_position")


async def test_frames_sent_along_with_the_handshake_are_read(shared_server: Server) -> None:
    async with connected(shared_server.port) as raw:
        head = "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
        request = f"GET /echo HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode()
        raw.send(request + frame(TEXT, b"eager"))
        assert (await raw.response()).status == 101
        assert await raw.frame() == Frame(TEXT, b"eager")


async def test_a_wrong_frame_along_with_the_handshake_is_refused(shared_server: Server) -> None:
    async with connected(shared_server.port) as raw:
        head = "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
        request = f"GET /echo HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode()
        raw.send(request + frame(TEXT, b"unmasked", mask=None))
        assert (await raw.response()).status == 101
        assert await raw.close_code() == 1002


async def test_a_request_that_would_rather_have_http_2_gets_the_page_over_http_1(
    shared_server: Server,
) -> None:
    """As Java's HttpClient and `curl --http2` ask; what can't be upgraded to is ignored."""
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMA"}
    async with connected(shared_server.port) as raw:
        response = await raw.request("GET / HTTP/1.1", {"Host": "localhost"} | upgrade)
    assert response.status == 200
    assert response.headers["content-type"].startswith("text/html")
