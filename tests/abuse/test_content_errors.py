"""One bad value among good ones, over every door: it alone is refused, and the connection goes on."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from uuid import uuid4

import aiohttp
import pytest

from tests.abuse.contents import CONTENTS, TEXTS
from tests.integration.native import Native, native
from tests.integration.raw import TEXT, Raw, frame, opened

SOCKET_IO = "/socket.io/?EIO=4&transport="


class Talk(Protocol):
    """An open connection in a room."""

    async def send(self, *messages: str) -> None:
        """Send messages, in one request or packet if the transport can."""

    async def until(self, text: str) -> str:
        """What was received since, up to this text."""


class Socket:
    """A WebSocket; `form` makes its frames of messages."""

    def __init__(self, raw: Raw, form: Callable[[tuple[str, ...]], list[str]]) -> None:
        self._raw = raw
        self._form = form

    async def send(self, *messages: str) -> None:
        self._raw.send(b"".join(frame(TEXT, text.encode()) for text in self._form(messages)))

    async def until(self, text: str) -> str:
        received = ""
        while text not in received:
            found = await self._raw.frame()
            assert found.opcode == TEXT, found
            received += found.payload.decode()
        return received


class Polls:
    """Requests; `body` makes one of messages."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        addresses: tuple[tuple[str, str], str],
        body: Callable[[tuple[str, ...]], str],
    ) -> None:
        self._http = http
        self._poll, self._push = addresses
        self._body = body
        self.told = ""

    async def send(self, *messages: str) -> None:
        async with self._http.post(self._push, data=self._body(messages)) as answer:
            assert answer.status in (200, 204), await answer.text()
            self.told = await answer.text()

    async def until(self, text: str) -> str:
        received = ""
        while text not in received:
            async with self._http.request(*self._poll) as answer:
                assert answer.status == 200
                received += await answer.text()
        return received


def array(messages: tuple[str, ...]) -> str:
    """A body or frame of SockJS's, of messages that are JSON strings already."""
    return f"[{','.join(messages)}]"


def payload(messages: tuple[str, ...]) -> str:
    return "\x1e".join(messages)


Door = Callable[[int, str], AbstractAsyncContextManager[Talk]]


def websocket(path: str, form: Callable[[tuple[str, ...]], list[str]]) -> Door:
    @asynccontextmanager
    async def door(port: int, room: str) -> AsyncIterator[Talk]:
        async with opened(port, path.format(uuid4(), room=room)) as raw:
            yield Socket(raw, form)

    return door


def sockjs(prefix: str) -> Door:
    @asynccontextmanager
    async def door(port: int, room: str) -> AsyncIterator[Talk]:
        url = f"{prefix}/000/{uuid4()}"
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            talk = Polls(http, (("POST", f"{url}/xhr"), f"{url}/xhr_send"), array)
            await talk.until("o")
            yield talk

    return door


@asynccontextmanager
async def socket_io_polls(port: int, room: str) -> AsyncIterator[Talk]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        url = f"{SOCKET_IO}polling&room={room}"
        async with http.get(url) as answer:
            url += f"&sid={json.loads((await answer.text())[1:])['sid']}"
        talk = Polls(http, (("GET", url), url), payload)
        await talk.send("40")
        yield talk


@asynccontextmanager
async def socket_io_websocket(port: int, room: str) -> AsyncIterator[Talk]:
    async with opened(port, f"{SOCKET_IO}websocket&room={room}") as raw:
        talk = Socket(raw, list)
        await talk.send("40")
        yield talk


def command(room: str, text: str, value: str = "1") -> str:
    """A post, as JSON, which has this value in a field that means nothing."""
    return f'{{"id": 7, "do": "post", "room": "{room}", "text": "{text}", "pad": {value}}}'


def quoted(room: str, text: str, value: str = "1") -> str:
    return json.dumps(command(room, text, value))


def event(room: str, text: str, value: str = "1") -> str:
    return f'427["chat message", "{text}"' + (f", {value}]" if value != "1" else "]")


def binary_event(room: str, text: str, value: str = "1") -> str:
    if value == "1":
        return event(room, text)
    return f'451-7["chat message", {{"_placeholder": true, "num": 0}}, {value}]\x1ebAQ=='


SAID: dict[str, tuple[Door, Callable[..., str]]] = {
    "native": (websocket("/ws", list), command),
    "sockjs by polling": (sockjs("/sockjs"), quoted),
    "sockjs by websocket": (websocket("/sockjs/000/{}/websocket", lambda m: [array(m)]), quoted),
    "sockjs by raw websocket": (websocket("/sockjs/websocket", list), command),
    "socket.io by polling": (socket_io_polls, event),
    "socket.io by polling, with bytes": (socket_io_polls, binary_event),
    "socket.io by websocket": (socket_io_websocket, event),
}


@pytest.fixture
async def bystander(port: int) -> AsyncIterator[Native]:
    async with native(port) as bystander:
        yield bystander


@pytest.mark.parametrize("value", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("door", SAID)
async def test_the_sender_alone_is_told(
    port: int, bystander: Native, door: str, value: str
) -> None:
    room = f"content-{uuid4()}"
    come_in, said = SAID[door]
    await bystander.ask("join", room=room)
    async with come_in(port, room) as talk:
        await talk.send(said(room, "before"), said(room, "bad", value), said(room, "after"))
        received = await talk.until("bad_request")
        for text in ("before", "after"):
            assert (await bystander.event())["text"] == text
        await talk.send(said(room, "still here"))
        assert (await bystander.event())["text"] == "still here"
    assert received.count("bad_request") == 1


async def test_without_attachments_a_placeholder_is_plain_data(
    port: int, bystander: Native
) -> None:
    """As for Socket.IO's own parser, which looks for placeholders only in packets with attachments."""
    room = f"content-{uuid4()}"
    await bystander.ask("join", room=room)
    async with socket_io_websocket(port, room) as talk:
        await talk.send(event(room, "odd", '{"_placeholder": true, "num": 0}'))
        assert '{"_placeholder":true,"num":0}' in await talk.until("odd")
        assert (await bystander.event())["arguments"] == ["odd", {"_placeholder": True, "num": 0}]


PLAIN: dict[str, Door] = {
    "by polling": sockjs("/sockjs-plain"),
    "by websocket": websocket("/sockjs-plain/000/{}/websocket", lambda m: [array(m)]),
}


@pytest.mark.parametrize("value", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("door", PLAIN)
async def test_plain_clients_go_on_too(port: int, door: str, value: str) -> None:
    """They have no words for a refusal, but SockJS's answer to a request has."""
    mark = str(uuid4())
    async with PLAIN[door](port, "lobby") as talk:
        await talk.send(f'"{mark} before"', value, f'"{mark} after"')
        received = await talk.until(f"{mark} after")
        assert f"{mark} before" in received
        if isinstance(talk, Polls):
            assert json.loads(talk.told)["error"]["code"] == "bad_request"


async def test_a_plain_websocket_passes_nul_on_verbatim(port: int) -> None:
    async with opened(port, f"/?room=content-{uuid4()}") as raw:
        await Socket(raw, list).send("before", "a\0b", "after")
        received = [(await raw.frame()).payload for _ in range(3)]
        assert received == [b"before", b"a\0b", b"after"]


async def test_a_flaw_in_what_a_socket_io_client_connects_with_is_told(port: int) -> None:
    async with opened(port, f"{SOCKET_IO}websocket") as raw:
        talk = Socket(raw, list)
        await talk.send(r'40{"name": "\ud800"}', "40")
        received = await talk.until('"sid"') + await talk.until('40{"sid"')
        assert received.index("bad_request") < received.index('40{"sid"')
