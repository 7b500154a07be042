"""Ways to speak native JSON with a server, as other people's protocols carry it; written from their descriptions."""

import asyncio
import itertools
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import ClientSession, ClientTimeout
from websockets.asyncio.client import connect

UNHURRIED: dict[str, Any] = {
    "compression": None,
    "ping_interval": None,
    "max_queue": None,
    "max_size": None,
}
SEPARATOR = "\x1e"
POLL_TIMEOUT = ClientTimeout(60)  # Engine.IO's pings come sooner


class Line:
    """One connection: takes commands, gives the server's JSON, each event as it stands in the log."""

    def __init__(
        self, said: AsyncIterator[str], send: Callable[[dict[str, Any]], Awaitable[object]]
    ) -> None:
        self.said = said
        self.send = send


OpenLine = Callable[[str], AbstractAsyncContextManager[Line]]


class HungUp(ConnectionError):
    """The server has ended it."""


@asynccontextmanager
async def native(address: str) -> AsyncIterator[Line]:
    """hubbub.v1 over a WebSocket."""
    async with connect(f"ws://{address}/ws", **UNHURRIED) as socket:
        yield Line(_texts(socket), lambda command: socket.send(_encoded(command)))


@asynccontextmanager
async def sockjs_websocket(address: str) -> AsyncIterator[Line]:
    """SockJS over a WebSocket."""
    uri = f"ws://{address}/sockjs/000/{secrets.token_hex(8)}/websocket"
    async with connect(uri, **UNHURRIED) as socket:
        said = await _opened(_texts(socket))
        yield Line(said, lambda command: socket.send(json.dumps([_encoded(command)])))


@asynccontextmanager
async def sockjs_polling(address: str) -> AsyncIterator[Line]:
    """SockJS over requests, one after the other."""
    url = f"http://{address}/sockjs/000/{secrets.token_hex(8)}"
    async with ClientSession(timeout=POLL_TIMEOUT) as http:

        async def polls() -> AsyncIterator[str]:
            while True:
                yield (await _asked(http, f"{url}/xhr")).rstrip("\n")

        async def send(command: dict[str, Any]) -> None:
            await _asked(http, f"{url}/xhr_send", json.dumps([_encoded(command)]))

        yield Line(await _opened(polls()), send)


class Packets(NamedTuple):
    """A Socket.IO connection: its packets, and what the server said to its connect packet."""

    said: AsyncIterator[str]
    send: Callable[[str], Awaitable[object]]
    welcome: dict[str, Any]


@asynccontextmanager
async def socketio(address: str, room: str, auth: dict[str, Any]) -> AsyncIterator[Packets]:
    """Socket.IO over a WebSocket, following a room from the beginning."""
    uri = f"ws://{address}/socket.io/?EIO=4&transport=websocket&room={room}"
    async with connect(uri, **UNHURRIED) as socket:
        packets = _packets(_texts(socket), socket.send)
        await _expect(packets, "0")
        await socket.send(f"40{json.dumps(auth)}")
        yield Packets(packets, socket.send, json.loads(await _expect(packets, "40")))


@asynccontextmanager
async def socketio_websocket(address: str) -> AsyncIterator[Line]:
    """Socket.IO's commands and events, in a room where nobody says anything until it joins others."""
    async with socketio(address, "aside", {}) as (packets, send, _):
        yield Line(_pushes(packets), lambda command: send(_event(command)))


@asynccontextmanager
async def socketio_polling(address: str) -> AsyncIterator[Line]:
    """Socket.IO over requests."""
    url = f"http://{address}/socket.io/?EIO=4&transport=polling&room=aside"
    async with ClientSession(timeout=POLL_TIMEOUT) as http:
        opening = await _fetched(http, url)
        url += f"&sid={json.loads(opening.removeprefix('0'))['sid']}"
        stamps = itertools.count()  # whatever repeats a request repeats this, too

        async def payloads() -> AsyncIterator[str]:
            while True:
                for packet in (await _fetched(http, f"{url}&t={next(stamps)}")).split(SEPARATOR):
                    yield packet

        async def send(packet: str) -> None:
            await _asked(http, f"{url}&t={next(stamps)}", packet)

        packets = _packets(payloads(), send)
        await send("40")
        await _expect(packets, "40")
        yield Line(_pushes(packets), lambda command: send(_event(command)))


def _encoded(command: dict[str, Any]) -> str:
    return json.dumps(command, separators=(",", ":"))


async def _texts(socket: Any) -> AsyncIterator[str]:
    async for text in socket:
        assert isinstance(text, str)
        yield text


async def _opened(frames: AsyncIterator[str]) -> AsyncIterator[str]:
    """What is in the frames of a session that begins."""
    first = await anext(frames, "nothing")
    if first != "o":
        raise HungUp(first)
    return _elements(frames)


async def _elements(frames: AsyncIterator[str]) -> AsyncIterator[str]:
    async for frame in frames:
        match frame[:1]:
            case "a":
                for element in json.loads(frame[1:]):
                    yield element
            case "c" | "o":  # the server has ended it, or lost it and begun another
                raise HungUp(frame)
            case other:
                assert other == "h", frame


async def _packets(
    packets: AsyncIterator[str], send: Callable[[str], Awaitable[object]]
) -> AsyncIterator[str]:
    async for packet in packets:
        if packet == "2":
            await send("3")
        elif packet == "1" or packet.startswith(("41", "44")):
            raise HungUp(packet)
        elif packet != "6":
            yield packet


async def _pushes(packets: AsyncIterator[str]) -> AsyncIterator[str]:
    """What stands in events is JSON of its own; an acknowledgement says what a reply would."""
    async for packet in packets:
        kind, rest = packet[:2], packet[2:]
        if kind == "42":
            name, body = rest[1:-1].split(",", 1)
            if name not in ('"joined"', '"message"'):  # what was emitted comes under both names
                yield body
        else:
            assert kind == "43", packet
            number, _, answer = rest.partition("[")
            yield f'{{"re":{number},{answer[1:-1]}'


def _event(command: dict[str, Any]) -> str:
    fields = {name: value for name, value in command.items() if name not in ("id", "do")}
    return f"42{command['id']}{json.dumps([command['do'], fields])}"


async def _expect(packets: AsyncIterator[str], begin: str) -> str:
    async for packet in packets:
        assert packet.startswith(begin), packet
        return packet.removeprefix(begin)
    raise HungUp("before it was open")


async def _asked(http: ClientSession, url: str, body: str | None = None) -> str:
    async with http.post(url, data=body) as response:
        return await _body(response)


async def _fetched(http: ClientSession, url: str) -> str:
    async with http.get(url) as response:
        return await _body(response)


async def _body(response: Any) -> str:
    text: str = await response.text()
    if response.status >= 400:
        raise HungUp(f"{response.status} {text}")
    await asyncio.sleep(0)
    return text
