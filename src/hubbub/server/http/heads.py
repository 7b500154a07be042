"""What a request's head must be, beside what aiohttp's parser requires."""

from typing import Any

from aiohttp import HttpVersion10, HttpVersion11

from hubbub.protocol.errors import Refusal
from hubbub.server.transports.aiohttp_internals import Flaw, MalformedHead

MAX_HEADERS = 100
MAX_LINE_BYTES = 8190  # of the request line, and of each header
MAX_HEAD_BYTES = 65_536


def check_head(head: Any, most_bytes: int) -> None:
    """Check a head that has at most so many bytes. Raises MalformedHead."""
    if not HttpVersion10 <= head.version <= HttpVersion11:
        raise MalformedHead("Unsupported HTTP version: use HTTP/1.1")
    if "#" in head.path:
        raise MalformedHead("Malformed request target: it has a fragment")
    if most_bytes > MAX_HEAD_BYTES and sum(map(len, sum(head.raw_headers, ()))) > MAX_HEAD_BYTES:
        raise MalformedHead("Request head too large", is_too_large=True)


def refusal_of(flaw: Flaw) -> Refusal:
    """Return the refusal of a malformed head, without repeating its content."""
    if flaw.is_too_large:
        most = f"{MAX_HEADERS} headers, {MAX_LINE_BYTES} bytes per line and {MAX_HEAD_BYTES} bytes in all"
        return Refusal("head_too_large", f"Request head too large: use at most {most}")
    return Refusal("bad_request", flaw.why or "Malformed request: not valid HTTP/1.1")
