"""Everything that relies on internals of aiohttp and uvloop, which any version of theirs may change.

The rest of the server uses it under names of our own. `check` finds out at start whether the installed
versions still have what is used here; pyproject.toml has the same bounds.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

import uvloop.loop
from aiohttp import StreamReader, base_protocol, web
from aiohttp.http import HttpRequestParser, WebSocketReader
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError, LineTooLong

from hubbub.protocol.errors import RefusalError
from hubbub.server.transports.frames import StrictReader

PIECE = 16_384  # bytes parsed in one step: 2,300 frames or 500 requests, if they are tiny
HEAD = "head"
_TOO_MANY_HEADERS = "Too many headers"  # aiohttp has no exception of its own for it

log = logging.getLogger(__name__)

BaseHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


# --- the self-check -----------------------------------------------------------------------------


class MadeFor(NamedTuple):
    """The versions of a package that this module was made for: from `first`, and before `too_new`."""

    package: str
    first: str
    too_new: str


AIOHTTP = MadeFor("aiohttp", "3.14", "3.15")
UVLOOP = MadeFor("uvloop", "0.21", "0.24")

_of_uvloop: Any = uvloop.loop  # its stubs leave out what is not public

# What is used, by its owner. A test compares it with the code of this module.
USED: dict[MadeFor, dict[Any, tuple[str, ...]]] = {
    AIOHTTP: {
        web.RequestHandler: (
            "_buffer_paused",
            "_close",
            "_current_request",
            "_force_close",
            "_loop",
            "_make_error_handler",
            "_message_tail",
            "_messages",
            "_parser",
            "_pause_reading_for_buffer",
            "_pause_transport_reading",
            "_payload_parser",
            "_reading_paused",
            "_request_handler",
            "_resume_transport_reading",
            "finish_response",
            "handle_error",
            "log_exception",
        ),
        web.Server: ("_kwargs", "_loop"),
        web.AppRunner: ("_make_server",),
        web.WebSocketResponse: ("_post_start",),
        HttpRequestParser: ("feed_data",),
        WebSocketReader: ("feed_data", "feed_eof"),
        StreamReader: ("feed_eof", "is_eof", "set_exception"),
        base_protocol: ("tcp_nodelay",),
    },
    UVLOOP: {_of_uvloop.PseudoSocket: ("fileno",)},
}


class ChangedInternals(Exception):
    """A package no longer has what is used here. The message says which, and what to do."""

    def __init__(self, made_for: MadeFor, missing: list[str]) -> None:
        package, first, too_new = made_for
        super().__init__(
            f"This server was made for {package} {first}; {package} {version(package)} is installed, "
            f"and lacks {', '.join(missing)}: install '{package}>={first},<{too_new}'"
        )


def check() -> None:
    """Raise ChangedInternals unless the installed versions have all that is used here."""
    for made_for, owners in USED.items():
        missing = [
            f"{owner.__name__}.{name}"
            for owner, names in owners.items()
            for name in names
            if not (hasattr(owner, name) or name in _set_by_constructor(owner))
        ]
        if missing:
            raise ChangedInternals(made_for, missing)


def _set_by_constructor(owner: Any) -> tuple[str, ...]:
    """Return the names that a class without slots uses in its constructor."""
    has_slots = "__slots__" in vars(owner) or not hasattr(owner.__init__, "__code__")
    return () if has_slots else owner.__init__.__code__.co_names


# --- heads ----------------------------------------------------------------------------------------


class MalformedHead(BadHttpMessage):
    """A head that is refused by a rule of our own."""

    def __init__(self, why: str, *, is_too_large: bool = False) -> None:
        super().__init__(why)
        self.is_too_large = is_too_large


class Flaw(NamedTuple):
    """Why a head was refused; nothing of its content. `why` is empty if it is not HTTP/1.1."""

    why: str
    is_too_large: bool


class StrictParser:
    """Feeds aiohttp's parser. `check` gets each head that it returns, and its size, and may raise MalformedHead.

    `held_bytes` is the size of a head that is not yet complete, at most `max_bytes`. `is_broken`: a body
    was malformed or did not arrive, and nothing after it can be parsed.
    """

    __slots__ = ("_body", "_check", "_max_bytes", "_parser", "held_bytes", "is_broken")

    def __init__(self, parser: Any, check: Callable[[Any, int], None], max_bytes: int) -> None:
        self.held_bytes = 0
        self.is_broken = False
        self._check = check
        self._max_bytes = max_bytes
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
            raise MalformedHead("Malformed request target: it is not a URL") from error
        self.held_bytes = self.held_bytes + len(data) if is_head else 0
        size = self.held_bytes
        messages, is_upgraded, tail = parsed
        for message, body in messages:
            self._check(message, size)
            self.held_bytes, self._body = 0, body
        if self.held_bytes > self._max_bytes:
            raise MalformedHead("Request head too large", is_too_large=True)
        if is_upgraded:  # the last head stays in memory as long as the connection: one form will do
            message, body = messages[-1]
            messages = [*messages[:-1], (message._replace(raw_headers=()), body)]
        return messages, is_upgraded, tail


def flaw_of(error: BaseException | None) -> Flaw:
    """Return why aiohttp or one of our rules refused a head."""
    words = error.message.partition("\n")[0] if isinstance(error, HttpProcessingError) else ""
    is_ours = isinstance(error, MalformedHead) and error.is_too_large
    is_theirs = isinstance(error, LineTooLong) or words.startswith(_TOO_MANY_HEADERS)
    why = words if isinstance(error, MalformedHead) else _in_a_sentence(words.rstrip(":"))
    return Flaw(why, is_ours or is_theirs)


def _in_a_sentence(words: str) -> str:
    """Turn an error of aiohttp's parser into a helpful sentence."""
    if " url" in words:
        return "Malformed request target: percent-encode all non-ASCII characters"
    return f"Malformed request: not valid HTTP/1.1 ({words})" if words else ""


# --- connections ------------------------------------------------------------------------------------


# Connections inherit TCP_NODELAY from their listener; to set it again for each, as aiohttp does, is a cost.
_of_aiohttp: Any = base_protocol
_of_aiohttp.tcp_nodelay = lambda *_: None


class SteppedConnection(web.RequestHandler):
    """One HTTP/1.1 connection, which may turn into a WebSocket.

    A read may bring 256 KiB. It is parsed piece by piece, while other connections take turns and nothing
    more is read from this one. A subclass says what else happens: see the methods that do nothing here.
    """

    __slots__ = ("_heads", "_turn", "_unparsed")

    def __init__(
        self,
        server: "SteppedServer",
        check: Callable[[Any, int], None],
        max_head_bytes: int,
        **settings: Any,
    ) -> None:
        super().__init__(server, **settings)
        self._unparsed = memoryview(b"")  # of what was received; empty while reading
        self._turn: asyncio.Handle | None = None  # to parse some of it
        self._heads: StrictParser = StrictParser(self._parser, check, max_head_bytes)
        self._parser: Any = self._heads

    def awaits(self, awaited: object) -> None:
        """Something has begun to arrive: HEAD, or a body. None: it is complete."""

    def rests(self) -> None:
        """A request was answered; another may follow."""

    def refusing(self, flaw: Flaw) -> BaseHandler:
        """Return what answers a malformed head."""
        raise NotImplementedError

    def failed(self, error: BaseException | None) -> web.StreamResponse:
        """Return the answer to a request whose handler failed unexpectedly."""
        raise NotImplementedError

    def serve_by(self, wrap: Callable[[BaseHandler], BaseHandler]) -> None:
        """Let `wrap` of the handler answer all requests."""
        assert self._request_handler is not None
        self._request_handler = wrap(self._request_handler)

    def give_up_body(self, why: RefusalError) -> None:
        """Whoever reads the body gets an error; nothing more is read."""
        self._heads.give_up_body(why)
        self.close()

    def log_exception(self, *words: Any, **details: Any) -> None:
        """Log an error that aiohttp met. After an answer it reads on: if that body fails, nobody needs to know."""
        if not isinstance(details.get("exc_info"), RefusalError):
            super().log_exception(*words, **details)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request or the rest of its head."""
        return self._current_request is None and not self._messages and not self._unparsed

    def connection_lost(self, reason: BaseException | None) -> None:
        """Forget the lost connection."""
        self._unparsed = memoryview(b"")
        if self._turn is not None:
            self._turn.cancel()
        super().connection_lost(reason)
        # They refer to us; the cycles would keep everything in memory for long.
        self._messages.clear()
        del self._heads

    def data_received(self, data: bytes) -> None:
        """Parse what was received: now, or in pieces. aiohttp gives nothing to parse what it has kept."""
        if not data or (len(data) <= PIECE and not self._unparsed):
            self._parse(data)
            return
        self._unparsed = memoryview(bytes(self._unparsed) + data)
        self._pause_transport_reading()
        if self._turn is None:
            self._parse_piece()

    def _parse_piece(self) -> None:
        """Parse the next piece, unless aiohttp has no room for it. Then it will ask to go on."""
        self._turn = None
        if self._is_held:
            return
        piece, self._unparsed = bytes(self._unparsed[:PIECE]), self._unparsed[PIECE:]
        self._parse(piece)
        if not self._is_held:
            self._resume_transport_reading()

    @property
    def is_held(self) -> bool:
        """Whether nothing is read now, since what has come is to be taken first."""
        return self._is_held or bool(self._unparsed)

    @property
    def _is_held(self) -> bool:
        """Whether aiohttp wants no more for now."""
        return self._reading_paused or self._buffer_paused

    def _resume_transport_reading(self) -> None:
        """Go on with what was received before, and only then read more."""
        if not self._unparsed:
            super()._resume_transport_reading()
        elif self._turn is None:
            self._turn = self._loop.call_soon(self._parse_piece)

    def _parse(self, data: bytes) -> None:
        """Take frames of a WebSocket, or part of a head or body."""
        if self._payload_parser is not None:
            if not (self._force_close or self._close) and self._payload_parser.feed_data(data)[0]:
                self.close()
            return
        super().data_received(data)
        if self._message_tail and not self._buffer_paused:
            # What follows a request to upgrade is parsed at once when that is answered.
            self._pause_reading_for_buffer()
        if self._heads.is_broken:
            self.close()
        self.awaits(self._heads.awaited)

    async def finish_response(self, request: Any, response: Any, *rest: Any) -> Any:
        """Finish a response."""
        self.rests()
        if isinstance(response, web.HTTPException):
            response.with_traceback(None)  # see RefusalError: aiohttp's frames refer to it
        finished = await super().finish_response(request, response, *rest)
        if isinstance(response, web.Response):
            response.body = None  # aiohttp holds the response until the connection's next request
        return finished

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request whose handler failed unexpectedly. Raises ConnectionError if nobody is there any more."""
        is_gone = self.transport is None or self.transport.is_closing()
        if is_gone and isinstance(exc, ConnectionError):
            raise exc  # as when a player seeks: that is no failure
        return self.failed(exc)

    def _make_error_handler(self, error: Any) -> BaseHandler:
        log.debug("Not an HTTP/1.1 request: %s", error.message)
        error.exc.with_traceback(None)  # see RefusalError: the parser's frames refer to it
        return self.refusing(flaw_of(error.exc))


class SteppedServer(web.Server):
    """Gives each connection the object that `make` returns, given this server and aiohttp's settings."""

    def __init__(self, plain: web.Server, make: Callable[..., SteppedConnection]) -> None:
        super().__init__(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
            loop=plain._loop,
            **plain._kwargs,
        )
        self._make = partial(make, self, loop=self._loop, **self._kwargs)

    def __call__(self) -> SteppedConnection:
        """Return the protocol of a new connection."""
        return self._make()


class SteppedRunner(web.AppRunner):
    """Runs an application on such a server."""

    def __init__(
        self, application: web.Application, make: Callable[..., SteppedConnection], **settings: Any
    ) -> None:
        super().__init__(application, **settings)
        self._make = make

    async def _make_server(self) -> web.Server:
        return SteppedServer(await super()._make_server(), self._make)


# --- WebSockets -------------------------------------------------------------------------------------


class Response(web.WebSocketResponse):
    """aiohttp's response, but with a stricter reader, and closing and compression left to the socket."""

    reader: StrictReader
    sent_code = 0  # of our close frame

    def __init__(
        self, subprotocol: str | None, max_message_bytes: int, extensions: str | None
    ) -> None:
        super().__init__(
            compress=False,
            autoping=False,
            autoclose=False,
            max_msg_size=max_message_bytes + 1,  # aiohttp refuses messages of exactly this size
            decode_text=extensions is None,
        )
        self._is_compressed = extensions is not None
        if subprotocol is not None:  # aiohttp would look for it in the first line of the offer
            self.headers["Sec-WebSocket-Protocol"] = subprotocol
        if extensions is not None:
            self.headers["Sec-WebSocket-Extensions"] = extensions

    def closing(self, code: int) -> None:
        """A close frame was sent."""
        self.sent_code = code

    async def close(self, **_: Any) -> bool:
        """Do nothing: aiohttp would close TCP before the peer has read the reason."""
        return False

    def _post_start(self, request: web.BaseRequest, *rest: Any) -> None:
        # What came along with the handshake is read at once, and is to be read strictly, too.
        http: Any = request.protocol
        early, http._message_tail = http._message_tail, b""
        super()._post_start(request, *rest)
        http._parser.release()
        self.reader = http._payload_parser = StrictReader(
            http._payload_parser, may_be_compressed=self._is_compressed
        )
        if early:
            self.reader.feed_data(early)


# --- sockets ----------------------------------------------------------------------------------------


def descriptor_of(transport: asyncio.Transport) -> int:
    """Return the descriptor of a transport's socket.

    It may be written to beside the transport while nothing is queued there, until the transport loses it.
    """
    descriptor: int = transport.get_extra_info("socket").fileno()
    return descriptor
