"""Parses request heads more strictly than aiohttp does."""

import logging
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError, LineTooLong

from hubbub.protocol.errors import Refusal, RefusalError

MAX_HEADERS = 100
MAX_LINE_BYTES = 8190  # of the request line, and of each header
MAX_HEAD_BYTES = 65_536
HEAD = "head"
_TOO_MANY_HEADERS = "Too many headers"  # aiohttp has no exception of its own for it

log = logging.getLogger(__name__)


class HeadTooLarge(BadHttpMessage):
    """The head is too large in all."""

    def __init__(self) -> None:
        super().__init__(f"Request head too large: use at most {MAX_HEAD_BYTES} bytes")


class StrictParser:
    """Feeds aiohttp's parser, and checks the heads that it returns.

    `held_bytes` is the size of a head that is not yet complete. `is_broken`: a body was malformed
    or did not arrive, and nothing after it can be parsed.
    """

    def __init__(self, parser: Any) -> None:
        self.held_bytes = 0
        self.is_broken = False
        self._parser: Any = parser
        self._body: Any = None  # of the newest request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def release(self) -> None:
        """Let go of aiohttp's parser and the head that it keeps: the connection no longer speaks HTTP."""
        self._parser = None

    @property
    def awaited(self) -> object:
        """What has begun to arrive and is incomplete: a head, or this body. None if nothing is."""
        if self._body is not None and not self._body.is_eof():
            return self._body
        return HEAD if self.held_bytes else None

    def give_up_body(self, why: RefusalError) -> None:
        """Tell the reader of the body why it ends here; aiohttp would leave it waiting."""
        self.is_broken = True
        self._body.set_exception(why)
        self._body.feed_eof()

    def feed_data(self, data: bytes) -> Any:
        """Parse received data. Returns what aiohttp's parser returns. Raises HttpProcessingError."""
        is_head = self._body is None or self._body.is_eof()
        try:
            parsed = self._parser.feed_data(data)
        except HttpProcessingError as error:
            if is_head:
                raise
            log.debug("Malformed request body: %s", error)
            self.give_up_body(RefusalError("bad_request", "Malformed request body"))
            return (), False, b""
        except (ValueError, IndexError) as error:  # aiohttp's, of http://[]:1@/
            raise BadHttpMessage("Malformed request target: it is not a URL") from error
        self.held_bytes = self.held_bytes + len(data) if is_head else 0
        is_large = self.held_bytes > MAX_HEAD_BYTES
        messages, is_upgraded, tail = parsed
        for message, body in messages:
            _check(message, is_large)
            self.held_bytes, self._body = 0, body
        if self.held_bytes > MAX_HEAD_BYTES:
            raise HeadTooLarge
        if is_upgraded:  # the last head stays in memory as long as the connection: one form will do
            message, body = messages[-1]
            messages = [*messages[:-1], (message._replace(raw_headers=()), body)]
        return messages, is_upgraded, tail


def refusal_of(error: BaseException | None) -> Refusal:
    """Return the refusal of a malformed head, without repeating its content."""
    why = error.message.partition("\n")[0] if isinstance(error, HttpProcessingError) else ""
    is_large = isinstance(error, LineTooLong | HeadTooLarge) or why.startswith(_TOO_MANY_HEADERS)
    if is_large:
        most = f"{MAX_HEADERS} headers, {MAX_LINE_BYTES} bytes per line and {MAX_HEAD_BYTES} bytes in all"
        return Refusal("head_too_large", f"Request head too large: use at most {most}")
    return Refusal("bad_request", why.rstrip(":") or "Malformed request: it is not HTTP/1.1")


def _check(message: Any, is_large: bool) -> None:
    if not HttpVersion10 <= message.version <= HttpVersion11:
        raise BadHttpMessage("Unsupported HTTP version: use HTTP/1.1")
    if "#" in message.path:
        raise BadHttpMessage("Malformed request target: it has a fragment")
    if is_large and sum(map(len, sum(message.raw_headers, ()))) > MAX_HEAD_BYTES:
        raise HeadTooLarge
