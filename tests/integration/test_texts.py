"""Bytes from outside JSON that are no text: refused alone wherever a text is taken, while others' posts in the same commits go through."""

import asyncio
import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any, NamedTuple

import pytest

from hubbub.server.http.operations import HttpOperation, headers_of, operations_of
from hubbub.server.http.parameters import JSON
from hubbub.server.http.problems import CREDENTIALS
from hubbub.server.http.routes import ROUTES
from tests.integration.web import Http
from tests.support.every_case import EVERY_CASE
from tests.support.server import Server

PARTS = {
    "room": b"texts",
    "seq": b"1",
    "emoji": b"x",
    "session": b"x",
    "id": b"x",
    "invite": b"x",
    "account": b"x",
    "who": b"x",
}
BODY = b'{"text":"x"}'
AT_ONCE = 25
OPERATIONS = operations_of(ROUTES)
HEADERS = {*CREDENTIALS, *headers_of(ROUTES)}

BAD: dict[str, bytes] = {
    "Latin-1": b"k\xfcy",
    "NUL": b"k\0y",
    "a surrogate": b"k\xed\xb3\xbcy",
    "Latin-1, escaped": b"k%fcy",
    "NUL, escaped": b"k%00y",
    "a surrogate, escaped": b"k%ED%B3%BCy",
    "1 MiB": b"k" * 2**20,
}


class Place(NamedTuple):
    """Where an operation takes a text: in the path, the query or a header."""

    operation: HttpOperation[Any]
    kind: str
    name: str

    def request(self, value: bytes) -> bytes:
        """The operation, asked for with this text there."""
        parts = PARTS | ({self.name: value} if self.kind == "path" else {})
        path = re.sub(
            rb"{(\w+)}",
            lambda part: parts.get(part[1].decode(), b"x"),
            self.operation.path.encode(),
        )
        if self.kind == "query":
            path += b"?" + self.name.encode() + b"=" + value
        head = [
            b"%b %b HTTP/1.1" % (self.operation.method.encode(), path),
            *(b"Host: localhost", b"Connection: close"),
        ]
        if self.kind == "header":
            head.append(self.name.encode() + b": " + value)
        declared = self.operation.body
        body, content_type = (BODY, declared.content_type) if declared else (b"", JSON)
        head += [
            b"Content-Type: " + content_type.encode(),
            b"Content-Length: %d" % len(body),
        ]
        return b"\r\n".join((*head, b"", body))


def places() -> Iterator[Place]:
    """All that an operation itself takes; and of what is checked before every operation, one query parameter and one header each, in turn."""
    queries, headers = cycle(["name", "access_token"]), cycle(sorted(HEADERS))
    for operation in OPERATIONS:
        yield from (Place(operation, each.place, each.name) for each in operation.takes)
        for _ in range(2 if EVERY_CASE else 1):
            yield Place(operation, "query", next(queries))
        for _ in range(len(HEADERS) if EVERY_CASE else 1):
            yield Place(operation, "header", next(headers))


async def status(server: Server, request: bytes) -> int:
    """What a request is answered with; 0 if it is cut off."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        async with asyncio.timeout(30):
            writer.write(request)
            line = await reader.readline()
    except ConnectionError:
        line = b""
    finally:
        writer.close()
    return int(line.split()[1]) if line else 0


@pytest.mark.parametrize("value", BAD.values(), ids=BAD.keys())
async def test_what_is_no_text_is_refused_alone(
    shared_server: Server, curl: Http, room: str, value: bytes
) -> None:
    is_text = b"\0" not in value and b"\xfc" not in value and b"\xed" not in value
    todo = list(places())
    for begin in range(0, len(todo), AT_ONCE):
        cells = todo[begin : begin + AT_ONCE]
        statuses = asyncio.gather(*(status(shared_server, cell.request(value)) for cell in cells))
        posts = [curl.ask("POST", f"/{room}/messages", {"text": str(n)}) for n in range(8)]
        answers = await asyncio.gather(*posts)
        assert [answer.status for answer in answers] == [201] * 8, "others were refused with it"
        for cell, got in zip(cells, await statuses, strict=True):
            assert got < 500, (cell, got)
            if not is_text and cell.name in {"after", "Idempotency-Key", "room", "emoji"}:
                assert 400 <= got < 500 or got == 0, (cell, got)


async def test_a_refusal_says_where_the_text_stands(shared_server: Server) -> None:
    (post,) = (operation for operation in OPERATIONS if operation.name == "postMessage")
    reader, writer = await asyncio.open_connection("127.0.0.1", shared_server.port)
    writer.write(Place(post, "header", "Idempotency-Key").request(BAD["Latin-1"]))
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"Invalid text in the header Idempotency-Key" in answer


async def test_a_room_that_is_no_text_is_refused_where_rooms_are_listed(curl: Http) -> None:
    answer = await curl.ask("GET", "?after=%00")
    assert (answer.status, answer.code) == (400, "bad_request")
