"""Header fields over HTTP: lists in several lines, any case, parameters, and what `*` and `identity` mean."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import hubbub.server
from tests.integration.raw import HANDSHAKE, Response, connected
from tests.integration.web import Http
from tests.support.server import Server

Lines = Sequence[tuple[str, str]]
PATCH = ("Content-Type", "application/merge-patch+json")
JSON = ("Content-Type", "application/json")


async def ask(
    server: Server, line: str, lines: Lines, body: bytes = b"", *, has_body: bool = True
) -> Response:
    """A request with these header lines, which may have the same name."""
    head = [f"{line} HTTP/1.1", "Host: localhost", *(": ".join(pair) for pair in lines)]
    async with connected(server.port) as raw:
        length = [f"Content-Length: {len(body)}"] if body else []
        raw.send("\r\n".join([*head, *length, "", ""]).encode() + body)
        return await raw.response(has_body=has_body)


@pytest.mark.parametrize("path", ["/", "/ws"])
@pytest.mark.parametrize("offer", [["x, hubbub.v1"], ["x", "hubbub.v1"], ["x", "y, hubbub.v1"]])
async def test_a_subprotocol_may_be_offered_in_any_line(
    shared_server: Server, path: str, offer: list[str]
) -> None:
    lines = [*HANDSHAKE.items(), *(("Sec-WebSocket-Protocol", line) for line in offer)]
    answer = await ask(shared_server, f"GET {path}", lines)
    assert answer.status == 101
    assert answer.headers["sec-websocket-protocol"] == "hubbub.v1"


@pytest.mark.parametrize("path", ["/", "/ws", "/echo", "/sockjs/websocket"])
async def test_connection_may_have_several_lines(shared_server: Server, path: str) -> None:
    handshake = [pair for pair in HANDSHAKE.items() if pair[0] != "Connection"]
    lines = [*handshake, ("Connection", "keep-alive"), ("Connection", "UPGRADE")]
    assert (await ask(shared_server, f"GET {path}", lines)).status == 101


@pytest.mark.parametrize(
    "accept",
    [
        ["Text/Event-Stream"],
        ["application/json", "text/event-stream"],
        ["text/event-stream; charset=utf-8, */*;q=0.1"],
    ],
)
async def test_a_stream_may_be_asked_for_in_any_line(
    shared_server: Server, room: str, accept: list[str]
) -> None:
    lines = [("Accept", line) for line in accept]
    target = f"GET /api/v1/rooms/{room}/events"
    answer = await ask(shared_server, target, lines, has_body=False)
    assert answer.headers["content-type"] == "text/event-stream"


@pytest.mark.parametrize("accept", ["text/event-stream;q=0", "text/event-streams", "*/*"])
async def test_no_stream_is_sent_unasked(shared_server: Server, room: str, accept: str) -> None:
    target = f"GET /api/v1/rooms/{room}/events"
    answer = await ask(shared_server, target, [("Accept", accept)])
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "lines, status",
    [
        ([("Content-Type", "Application/JSON; Charset=UTF-8")], 201),
        ([JSON, ("Content-Encoding", "identity")], 201),
        ([JSON, ("Content-Encoding", "Identity"), ("Content-Encoding", "identity")], 201),
        ([JSON, ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")], 415),
        ([JSON, ("Content-Type", "text/plain")], 400),  # no HTTP
        ([("Content-Type", "application/json, text/plain")], 415),
        ([("Content-Type", "text/plain; x=application/json")], 415),
    ],
)
async def test_a_body_is_json_if_it_says_so(
    shared_server: Server, room: str, lines: Lines, status: int
) -> None:
    target = f"POST /api/v1/rooms/{room}/messages"
    answer = await ask(shared_server, target, lines, b'{"text": "hi"}')
    assert answer.status == status


@pytest.mark.parametrize(
    "tags, status",
    [
        (["*"], 200),
        (['"1"', '"2"'], 200),
        (['"1", W/"2"'], 200),
        (['"1"'], 409),
        (["*", '"2"'], 400),
        (['"2", x'], 400),
        (["2"], 400),
    ],
)
async def test_a_patch_can_hang_on_one_of_several_versions_or_on_any(
    shared_server: Server, curl: Http, room: str, tags: list[str], status: int
) -> None:
    for n in (1, 2):
        options: dict[str, Any] = {"json": {"n": n}, "headers": dict([PATCH])}
        assert (await curl.ask("PATCH", f"/{room}/state", **options)).status == 200
    lines = [PATCH, *(("If-Match", tag) for tag in tags)]
    target = f"PATCH /api/v1/rooms/{room}/state"
    assert (await ask(shared_server, target, lines, b'{"n": 3}')).status == status


@pytest.mark.parametrize(
    "path", ["/api/v1/rooms/lobby/messages", "/socket.io/", "/sockjs/000/a/xhr_send"]
)
async def test_a_preflight_may_ask_in_several_lines(shared_server: Server, path: str) -> None:
    lines = [
        ("Origin", shared_server.url),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
        ("Access-Control-Request-Headers", "hubbub-key"),
    ]
    answer = await ask(shared_server, f"OPTIONS {path}", lines, has_body=False)
    assert answer.status == 204
    allowed = answer.headers["access-control-allow-headers"]
    assert {"content-type", "hubbub-key"} <= {name.strip() for name in allowed.split(",")}


# What has one value by its definition: everything else is a list, and is read as one.
SINGLE = {
    *("Authorization", "Host", "Hubbub-Account", "Hubbub-Key", "Idempotency-Key"),
    *("Last-Event-ID", "Origin"),
    *(
        "Content-Type",
        "Sec-Fetch-Dest",
        "Sec-Fetch-Mode",
        "Sec-Fetch-Site",
        "Sec-WebSocket-Key",
        "User-Agent",
    ),
    "Upgrade",  # one that names several is refused
    "If-Range",  # one that names several matches none
    "Location",  # of a page that is to be previewed
    "Retry-After",  # of a push service's answer
}
READS = re.compile(r'(?:request\.headers|(?<!error\.)\bheaders)(?:\.get\(|\[)"([\w-]+)"(?!\] =)')


def test_no_list_is_read_as_if_it_had_one_line() -> None:
    sources = Path(str(hubbub.server.__file__)).parent.rglob("*.py")
    found = {name for source in sources for name in READS.findall(source.read_text())}
    assert "Authorization" in found
    assert found - SINGLE == set()
