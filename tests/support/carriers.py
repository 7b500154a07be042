"""Every transport, with a peer that speaks over it: for the tests of what all of them promise."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from uuid import uuid4

import aiohttp
from aiohttp import web

from hubbub.protocol.foreign import engineio, sockjs_wires
from hubbub.protocol.foreign.engineio import EngineIoSettings
from hubbub.protocol.wires import NATIVE
from hubbub.server.clients.base import ServedClient
from hubbub.server.http.bounds import BoundedRunner
from hubbub.server.process.listening import bound, port_of
from hubbub.server.transports.base import Links
from hubbub.server.transports.engineio import EngineIo
from hubbub.server.transports.sockjs import SockJs, SockJsSettings
from hubbub.server.transports.sse import serve_sse
from hubbub.server.transports.websocket import Socket, serve_websocket
from tests.integration.raw import CLOSE, HANDSHAKE, TEXT, Raw, connected, frame
from tests.support.fakes import unframe
from tests.support.lean import Lean

MAX_BYTES = 65_536
PREFIX = "/sockjs"
LINKS = Links()  # of all that have a connection


class Over(Exception):
    """The server has closed the connection or session."""


class Line(Protocol):
    """One client's way to the server, seen from the other end."""

    def say(self, *messages: str) -> None:
        """Send messages, which arrive together."""

    async def next(self) -> str:
        """The next message of the server. Raises Over."""

    async def leave(self) -> None:
        """Be gone without a word."""


Carrier = Callable[[ServedClient], AbstractAsyncContextManager[Line]]


@asynccontextmanager
async def served(
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[int]:
    """The port of a server with nothing but this handler."""
    application = web.Application(client_max_size=16 * MAX_BYTES)
    application.router.add_route("*", "/{rest:.*}", handle)
    runner = BoundedRunner(application, max_connections=10, request_timeout=10, shutdown_timeout=1)
    await runner.setup()
    (socket,) = bound("127.0.0.1", 0)
    listener = await runner.listen(socket, None)
    try:
        yield port_of([socket])
    finally:
        listener.close()
        await runner.cleanup()


# --- WebSockets -------------------------------------------------------------------------------------


class WebSocketLine:
    """A WebSocket, in whose frames a protocol wraps its messages."""

    def wrapped(self, messages: tuple[str, ...]) -> list[str]:
        """The frames for some messages."""
        return list(messages)

    def unwrapped(self, payload: str) -> list[str]:
        """The messages in a frame. Raises Over."""
        return [payload]

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._waiting: list[str] = []

    def say(self, *messages: str) -> None:
        self._raw.send(b"".join(frame(TEXT, each.encode()) for each in self.wrapped(messages)))

    async def next(self) -> str:
        while not self._waiting:
            received = await self._raw.frame()
            if received.opcode == CLOSE:
                self._raw.send(frame(CLOSE, received.payload))  # or the server would wait for it
                raise Over
            self._waiting += self.unwrapped(received.payload.decode())
        return self._waiting.pop(0)

    async def leave(self) -> None:
        self._raw.writer.transport.abort()


class SockJsLine(WebSocketLine):
    def wrapped(self, messages: tuple[str, ...]) -> list[str]:
        return [json.dumps(messages)]

    def unwrapped(self, payload: str) -> list[str]:
        return messages_of(payload)


class EngineIoLine(WebSocketLine):
    def wrapped(self, messages: tuple[str, ...]) -> list[str]:
        return [engineio.MESSAGE + each for each in messages]

    def unwrapped(self, payload: str) -> list[str]:
        return messages_in(payload)


@asynccontextmanager
async def websocket_to(
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]],
    target: str,
    kind: type[WebSocketLine],
) -> AsyncIterator[Line]:
    async with served(handle) as port, connected(port) as raw:
        response = await raw.request(f"GET {target} HTTP/1.1", {"Host": "a", **HANDSHAKE})
        assert response.status == 101
        yield kind(raw)


def websocket(client: ServedClient) -> AbstractAsyncContextManager[Line]:
    """A WebSocket of its own."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await serve_websocket(request, Socket(LINKS, MAX_BYTES, None), NATIVE, client)

    return websocket_to(handle, "/", WebSocketLine)


def sockjs_raw(client: ServedClient) -> AbstractAsyncContextManager[Line]:
    return websocket_to(sockjs_door(client).handle, f"{PREFIX}/websocket", WebSocketLine)


def sockjs_framed(client: ServedClient) -> AbstractAsyncContextManager[Line]:
    return websocket_to(sockjs_door(client).handle, f"{PREFIX}/0/x/websocket", SockJsLine)


def engineio_websocket(client: ServedClient) -> AbstractAsyncContextManager[Line]:
    target = "/engine.io/?EIO=4&transport=websocket"
    return websocket_to(engineio_door(client).handle, target, EngineIoLine)


# --- polls and streams ------------------------------------------------------------------------------


class Requests:
    """Requests of one client; those that say something don't wait for their answers."""

    def __init__(self, http: aiohttp.ClientSession, port: int) -> None:
        self.http = http
        self.port = port
        self._posts: set[asyncio.Task[object]] = set()

    def post(self, target: str, body: str) -> None:
        async def post() -> None:
            async with self.http.post(target, data=body.encode()) as answer:
                await answer.read()

        task = asyncio.create_task(post())
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)

    async def end(self) -> None:
        for each in self._posts:
            each.cancel()
        await asyncio.gather(*self._posts, return_exceptions=True)


@asynccontextmanager
async def requests_to(
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[Requests]:
    async with served(handle) as port:
        timeout = aiohttp.ClientTimeout(10)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=timeout) as http:
            requests = Requests(http, port)
            yield requests
            await requests.end()


async def cut(requests: Requests, method: str, target: str, is_busy: Callable[[str], bool]) -> None:
    """Be gone during a poll. A second one shows that the first has begun: its answer `is_busy`, or the session ends."""
    polls: set[asyncio.Task[tuple[int, str]]] = set()
    is_over = False
    while not is_over:
        while len(polls) < 2:
            polls.add(asyncio.create_task(_whole(requests, method, target)))
        done, polls = await asyncio.wait(polls, return_when=asyncio.FIRST_COMPLETED)
        answers = [each.result() for each in done]
        is_over = any(status != 200 or is_busy(found) for status, found in answers)
    for each in polls:
        each.cancel()
    await asyncio.gather(*polls, return_exceptions=True)


async def _whole(requests: Requests, method: str, target: str) -> tuple[int, str]:
    async with requests.http.request(method, target) as answer:
        return answer.status, await answer.text()


class SockJsPolls:
    """Polls of a SockJS session."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._session = f"{PREFIX}/0/{uuid4()}"
        self._waiting: list[str] = []

    async def begin(self) -> None:
        assert await _whole(self._requests, "POST", f"{self._session}/xhr") == (200, "o\n")

    def say(self, *messages: str) -> None:
        self._requests.post(f"{self._session}/xhr_send", json.dumps(messages))

    async def next(self) -> str:
        while not self._waiting:
            _, found = await _whole(self._requests, "POST", f"{self._session}/xhr")
            self._waiting += messages_of(found.strip())
        return self._waiting.pop(0)

    async def leave(self) -> None:
        await cut(self._requests, "POST", f"{self._session}/xhr", lambda a: a.startswith("c"))


class EngineIoPolls:
    """Polls of an Engine.IO session."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._target = "/engine.io/?EIO=4&transport=polling"
        self._is_over = False
        self._waiting: list[str] = []

    async def begin(self) -> None:
        _, found = await _whole(self._requests, "GET", self._target)
        opening, *rest = found.split(engineio.SEPARATOR)
        self._target += f"&sid={json.loads(opening[1:])['sid']}"
        self._take(rest)

    def say(self, *messages: str) -> None:
        records = [engineio.MESSAGE + each for each in messages]
        self._requests.post(self._target, engineio.SEPARATOR.join(records))

    async def next(self) -> str:
        while not self._waiting:
            if self._is_over:
                raise Over
            status, found = await _whole(self._requests, "GET", self._target)
            if status == 200:
                self._take(found.split(engineio.SEPARATOR))
            else:
                self._is_over = True
        return self._waiting.pop(0)

    def _take(self, packets: list[str]) -> None:
        try:
            for each in packets:
                self._waiting += messages_in(each)
        except Over:
            self._is_over = True

    async def leave(self) -> None:
        await cut(self._requests, "GET", self._target, lambda a: a.endswith(engineio.CLOSE))

    @asynccontextmanager
    async def moved(self, meanwhile: Callable[[], None]) -> AsyncIterator[Line]:
        """The WebSocket that the session moves to; `meanwhile` is called when it is there, but not used yet."""
        async with connected(self._requests.port) as raw:
            target = self._target.replace("=polling", "=websocket")
            response = await raw.request(f"GET {target} HTTP/1.1", {"Host": "a", **HANDSHAKE})
            assert response.status == 101
            raw.send(frame(TEXT, (engineio.PING + engineio.PROBE).encode()))
            assert (await raw.frame()).payload.decode() == engineio.PONG + engineio.PROBE
            meanwhile()
            raw.send(frame(TEXT, engineio.UPGRADE.encode()))
            yield EngineIoLine(raw)


class Stream:
    """A response that goes on; `prefix` is that of a line with a message."""

    def __init__(
        self, requests: Requests, answer: aiohttp.ClientResponse, prefix: str, target: str | None
    ) -> None:
        self._requests = requests
        self._answer = answer
        self._prefix = prefix
        self._target = target
        self._waiting: list[str] = []

    def say(self, *messages: str) -> None:
        assert self._target is not None
        self._requests.post(self._target, json.dumps(messages))

    async def next(self) -> str:
        while not self._waiting:
            line = (await self._answer.content.readline()).decode()
            if not line:
                raise Over
            found = line.strip().removeprefix(self._prefix)
            self._waiting += messages_of(found) if self._target else [found] * bool(found)
        return self._waiting.pop(0)

    async def leave(self) -> None:
        self._answer.close()


@asynccontextmanager
async def sockjs_polling(client: ServedClient) -> AsyncIterator[Line]:
    async with requests_to(sockjs_door(client).handle) as requests:
        line = SockJsPolls(requests)
        await line.begin()
        yield line


@asynccontextmanager
async def engineio_polling(client: ServedClient) -> AsyncIterator[EngineIoPolls]:
    async with requests_to(engineio_door(client).handle) as requests:
        line = EngineIoPolls(requests)
        await line.begin()
        yield line


@asynccontextmanager
async def sockjs_streaming(client: ServedClient) -> AsyncIterator[Line]:
    session = f"{PREFIX}/0/{uuid4()}"
    async with (
        requests_to(sockjs_door(client).handle) as requests,
        requests.http.post(f"{session}/xhr_streaming") as answer,
    ):
        yield Stream(requests, answer, "", f"{session}/xhr_send")


@asynccontextmanager
async def server_sent_events(client: ServedClient) -> AsyncIterator[Line]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await serve_sse(request, LINKS, client)

    async with requests_to(handle) as requests, requests.http.get("/") as answer:
        yield Stream(requests, answer, "data: ", None)


# --- a lean connection ------------------------------------------------------------------------------


class LeanLine:
    """A peer in the same process."""

    def __init__(self, lean: Lean) -> None:
        self._lean = lean

    def say(self, *messages: str) -> None:
        self._lean.arrive(*messages)

    async def next(self) -> str:
        async with asyncio.timeout(30):
            buffer = await self._lean.written.get()
        self._lean.take(buffer)
        if not buffer:
            raise Over
        (payload,) = unframe(buffer)
        return payload.decode()

    async def leave(self) -> None:
        await asyncio.sleep(0)  # as on every other line, it is noticed in a later turn of the loop
        self._lean.gone()


@asynccontextmanager
async def lean(client: ServedClient) -> AsyncIterator[Line]:
    connection = Lean(client, NATIVE)
    yield LeanLine(connection)
    connection.gone()


# --- doors and packets ------------------------------------------------------------------------------


def sockjs_door(client: ServedClient) -> SockJs:
    wires = sockjs_wires.NATIVE
    return SockJs(PREFIX, lambda _: client, lambda _: b"", SockJsSettings(), LINKS, wires)


def engineio_door(client: ServedClient) -> EngineIo:
    settings = EngineIoSettings(max_payload=1024 * 1024)
    return EngineIo(lambda _: client, lambda _: b"", settings, LINKS, NATIVE, NATIVE)


def messages_of(found: str) -> list[str]:
    """The messages in a frame of SockJS. Raises Over."""
    if found.startswith("c"):
        raise Over
    return json.loads(found[1:]) if found.startswith("a") else []


def messages_in(packet: str) -> list[str]:
    """The message in a packet of Engine.IO, if it is one. Raises Over."""
    if packet == engineio.CLOSE:
        raise Over
    return [packet[1:]] if packet.startswith(engineio.MESSAGE) else []


# A new transport goes here, and so must pass all tests of tests/contracts/test_transports.py.
CARRIERS: dict[str, Carrier] = {
    "websocket": websocket,
    "sockjs raw": sockjs_raw,
    "sockjs framed": sockjs_framed,
    "sockjs polling": sockjs_polling,
    "sockjs streaming": sockjs_streaming,
    "engineio polling": engineio_polling,
    "engineio websocket": engineio_websocket,
    "server-sent events": server_sent_events,
    "lean": lean,
}
Moving = Callable[[ServedClient], AbstractAsyncContextManager[EngineIoPolls]]
MOVING: dict[str, Moving] = {
    "engineio polling": engineio_polling
}  # where another outlet may take over
ONE_WAY = frozenset({"server-sent events"})  # nothing can be said there
