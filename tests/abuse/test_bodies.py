"""Bodies that lie about themselves, at every door that takes one."""

import json

import pytest

from tests.abuse.doors import BODIES, SESSIONS, head, session
from tests.integration.raw import Response, connected

each_body = pytest.mark.parametrize("method, target", BODIES)


async def ask(port: int, method: str, target: str, body: bytes, *headers: str) -> Response:
    """Send a request in two parts: the head, and then the body."""
    async with connected(port) as raw:
        content_type = (
            () if any(h.startswith("Content-Type") for h in headers) else (BODIES[method, target],)
        )
        raw.send(head(target, (*content_type, *headers), line=f"{method} {{}} HTTP/1.1"))
        await raw.writer.drain()
        raw.send(body)
        return await raw.response()


def code_of(response: Response) -> str:
    code: str = json.loads(response.body)["code"]
    return code


CHUNKS = {
    "no number": b"zz\r\nhello\r\n0\r\n\r\n",
    "a negative one": b"-1\r\nhello\r\n0\r\n\r\n",
    "one that overflows": b"ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "no line end": b"5\r\nhelloXX0\r\n\r\n",
}


@each_body
@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
async def test_bad_chunks_are_refused(port: int, method: str, target: str, chunks: bytes) -> None:
    response = await ask(port, method, target, chunks, "Transfer-Encoding: chunked")
    assert (response.status, code_of(response)) == (400, "bad_request")


@pytest.mark.parametrize("opening", SESSIONS)
@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
async def test_bad_chunks_to_a_session_are_refused(port: int, opening: str, chunks: bytes) -> None:
    async with connected(port) as raw:
        target = await session(raw, opening)
        raw.send(head(target, ("Transfer-Encoding: chunked",), line="POST {} HTTP/1.1"))
        await raw.writer.drain()
        raw.send(chunks)
        response = await raw.response()
        assert (response.status, code_of(response)) == (400, "bad_request")


@each_body
async def test_a_chunk_that_never_begins_is_given_up(port: int, method: str, target: str) -> None:
    endless = b"5;" + b"a" * 65_536
    response = await ask(port, method, target, endless, "Transfer-Encoding: chunked")
    assert (response.status, code_of(response)) == (408, "timed_out")


@each_body
async def test_what_claims_to_be_too_large_is_refused_at_once(
    port: int, method: str, target: str
) -> None:
    response = await ask(port, method, target, b"", "Content-Length: 100000000")
    assert (response.status, code_of(response)) == (413, "too_large")


@each_body
async def test_what_turns_out_too_large_is_refused(port: int, method: str, target: str) -> None:
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    response = await ask(port, method, target, 4 * chunk, "Transfer-Encoding: chunked")
    assert (response.status, code_of(response)) == (413, "too_large")


@each_body
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_compressed_bodies_are_not_unpacked(
    port: int, method: str, target: str, coding: str
) -> None:
    headers = (f"Content-Encoding: {coding}", "Content-Length: 3")
    response = await ask(port, method, target, b"\x1f\x8b\x08", *headers)
    assert (response.status, code_of(response)) == (415, "unsupported")


@each_body
@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
        *("text/json", "application/octet-stream", "", "application/jsonx"),
    ],
)
async def test_a_form_of_another_site_cannot_post(
    port: int, method: str, target: str, content_type: str
) -> None:
    body = b'{"text": "hi"}'
    headers = (f"Content-Type: {content_type}", f"Content-Length: {len(body)}")
    response = await ask(port, method, target, body, *headers)
    assert (response.status, code_of(response)) == (415, "unsupported")
