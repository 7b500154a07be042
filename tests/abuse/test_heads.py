"""Heads of requests that are none, at every door."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.abuse.doors import DOORS, head
from tests.integration.raw import connected


@dataclass(frozen=True)
class Wrong:
    """What is wrong about a head, and how it is refused."""

    headers: tuple[str, ...] = ()
    status: int = 400
    line: str = "GET {} HTTP/1.1"
    host: tuple[str, ...] = ("Host: localhost",)
    ends: bool = True  # whether nothing can be understood after it


HEADS = {
    "2,000 headers": Wrong(tuple(f"X-{n}: y" for n in range(2000)), 431),
    "a cookie of 64 KiB": Wrong(("Cookie: " + "a" * 65_536,), 431),
    "a name of 64 KiB": Wrong(("a" * 65_536 + ": x",), 431),
    "a target of 64 KiB": Wrong((), 431, line="GET {}?" + "a" * 65_536 + " HTTP/1.1"),
    "90 headers of 8,000 bytes": Wrong(tuple(f"X-{n}: {'y' * 8000}" for n in range(90)), 431),
    "no Host": Wrong(host=()),
    "two Hosts": Wrong(host=("Host: localhost", "Host: localhost")),
    "a foreign Host": Wrong((), 403, host=("Host: evil.example",)),
    "a Host that looks like ours": Wrong((), 403, host=("Host: localhost.evil.example",)),
    "a foreign host in the target": Wrong((), 403, line="GET http://evil.example{} HTTP/1.1"),
    "a line folded": Wrong(("X-A: b", " c")),
    "a blank before the colon": Wrong(("X-A : b",)),
    "no colon": Wrong(("nonsense",)),
    "no name": Wrong((": x",)),
    "a NUL": Wrong(("X-A: a\0b",)),
    "a bare CR": Wrong(("X-A: a\rb",)),
    "CL and TE": Wrong(("Content-Length: 5", "Transfer-Encoding: chunked")),
    "two lengths": Wrong(("Content-Length: 5", "Content-Length: 6")),
    "a negative length": Wrong(("Content-Length: -1",)),
    "a length with a plus": Wrong(("Content-Length: +1",)),
    "a length of 20 digits": Wrong(("Content-Length: 99999999999999999999",)),
    "a coding that nobody knows": Wrong(("Transfer-Encoding: xchunked",), ends=False),
    "chunked twice": Wrong(("Transfer-Encoding: chunked, chunked",)),
    "a fragment": Wrong(line="GET {}#x HTTP/1.1"),
    "HTTP/1.2": Wrong(line="GET {} HTTP/1.2"),
    "HTTP/2.0": Wrong(line="GET {} HTTP/2.0"),
    "no version": Wrong(line="GET {}"),
    "a small method": Wrong(line="get {} HTTP/1.1"),
    "an invented method": Wrong(line="PLEASE {} HTTP/1.1"),
    "a Host that stumbles": Wrong((), 403, host=("Host: []:1@",)),
    "an Origin that stumbles": Wrong(("Origin: http://[]:1@",), 403),
    "a target that stumbles": Wrong(line="GET http://[]:1@{} HTTP/1.1"),
    "a port that is none": Wrong(line="GET http://localhost:99999{} HTTP/1.1"),
    "two blanks": Wrong(line="GET {} x HTTP/1.1"),
    "the preface of HTTP/2": Wrong(line="PRI * HTTP/2.0"),
    "foreign Origin": Wrong(("Origin: https://evil.example",), 403),
    "Origin null": Wrong(("Origin: null",), 403),
    "an Origin that looks like ours": Wrong(("Origin: http://localhost.evil.example",), 403),
    "an Origin that ends like ours": Wrong(("Origin: http://notlocalhost",), 403),
    "two Origins": Wrong(("Origin: http://localhost", "Origin: http://evil.example"), ends=False),
    "a foreign Origin and a cookie": Wrong(("Cookie: a=b", "Origin: https://evil.example"), 403),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("wrong", HEADS.values(), ids=HEADS)
async def test_a_wrong_head_is_refused_in_our_own_words(port: int, door: str, wrong: Wrong) -> None:
    async with connected(port) as raw:
        raw.send(head(door, (*wrong.headers, *DOORS[door]), line=wrong.line, host=wrong.host))
        response = await raw.response()
        assert response.status == wrong.status
        assert response.headers["server"] == "hubbub"
        assert json.loads(response.body)["code"] == code_for(wrong.status)
        if wrong.ends and wrong.status != 403:
            assert await raw.rest() == b""


def code_for(status: int) -> str:
    """The error code that a head is refused with."""
    return {400: "bad_request", 403: "bad_origin", 431: "head_too_large"}[status]


async def test_a_query_in_plain_utf_8_is_told_what_to_do(port: int) -> None:
    async with connected(port) as raw:
        raw.send(head("/api/v1/rooms?name=" + "தமிழ்".encode().decode("latin-1")))
        details = json.loads((await raw.response()).body)
        assert (details["code"], "percent-encode" in details["detail"]) == ("bad_request", True)


async def test_what_is_no_http_at_all_is_refused(port: int) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0\1\2\3\r\n\r\n", b"\r\nx"):
        async with connected(port) as raw:
            raw.send(garbage + b"\r\n\r\n")
            response = await raw.response()
            details: Any = json.loads(response.body)
            assert (response.status, details["code"]) == (400, "bad_request")


async def test_a_wrong_request_after_a_right_one_is_refused_by_itself(port: int) -> None:
    async with connected(port) as raw:
        raw.send(head("/healthz"))
        assert (await raw.response()).status == 200
        raw.send(head("/healthz", ("X-A : b",)) + head("/healthz"))
        assert (await raw.response()).status == 400
        assert await raw.rest() == b""


@pytest.mark.parametrize(
    "path",
    [
        *("/web/../../etc/passwd", "/web/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/web/..%00", "/%00"),
        *("/web/....//hubbub.db", "/web/%c0%ae%c0%ae/x", "//etc/passwd", "/web/page.js%00.css"),
    ],
)
async def test_no_path_leads_out(port: int, path: str) -> None:
    async with connected(port) as raw:
        raw.send(head(path))
        assert (await raw.response()).status in {400, 403, 404}
