"""Who is shut out of a room gets the event that says so, and nothing after it: on every door, on every node.

The rooms are the clubs of `tests.support.toy_guard`.
"""

import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import hubbub
from hubbub.client import Client
from hubbub.protocol.errors import Close
from hubbub.protocol.foreign.socketio import (
    CONNECT,
    CONNECT_ERROR,
    DISCONNECT,
    EVENT,
    SocketIoPacket,
)
from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.parts import Parts
from hubbub.server.transports.sockjs import METHODS
from tests.integration.conftest import KEY
from tests.integration.native import Native, native
from tests.integration.stream import streamed
from tests.integration.test_socketio_rooms import socket_io
from tests.integration.test_sockjs_rooms import Poller, command
from tests.integration.web import Http
from tests.support.fakes import guest
from tests.support.nodes import NODES, shared_by
from tests.support.postgres import Postgres
from tests.support.toy_guard import CLUB_RULES, make_postgres, make_sqlite

GRACE = guest("grace", KEY)
WHO = {"name": "grace", "key": KEY}
REFUSED = {"code": "not_found", "message": "No such room, or no access to it", "temporary": False}


class Nodes(NamedTuple):
    """The ports of two nodes, which may be one."""

    here: int
    there: int


@pytest.fixture(scope="module", params=NODES)
async def nodes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> AsyncIterator[Nodes]:
    folder = tmp_path_factory.mktemp("clubs")
    async with AsyncExitStack() as stack:
        given: dict[str, Any] = {**await shared_by(request.param, stack, postgres)}
        if request.param == "one node":
            (folder / "0").mkdir()
            await make_sqlite(folder / "0")
        else:
            await make_postgres(given["store"])
        ports: list[int] = []
        for n in range(1 if request.param == "one node" else 2):
            settings = Settings(host="127.0.0.1", port=0, data=folder / str(n), **given)
            server = await stack.enter_async_context(
                running(settings, parts=Parts(rules=CLUB_RULES))
            )
            ports.append(server.port)
        yield Nodes(ports[0], ports[-1])
    gc.unfreeze()


@pytest.fixture
def club() -> str:
    """A room of the test's own."""
    return f"club-{uuid4().hex[:12]}"


class Ear(NamedTuple):
    """Someone who follows a room over some door.

    `next` returns the text of the next message, or another event's name. It returns "" once it was told that this was
    all; then `again` returns the code with which following again is refused.
    """

    next: Callable[[], Awaitable[str]]
    again: Callable[[], Awaitable[str]]


class Whom(NamedTuple):
    """Who follows: how they say who they are, and the error that they get once they are shut out."""

    hello: dict[str, str]
    refused: dict[str, Any]

    @property
    def query(self) -> str:
        """What an address says of them."""
        return f"name={self.hello['name']}" if "name" in self.hello else ""

    @property
    def headers(self) -> dict[str, str]:
        """What the headers say of them."""
        token = self.hello.get("token")
        return {"Authorization": f"Bearer {token}"} if token else {"Hubbub-Key": self.hello["key"]}

    @property
    def code(self) -> str:
        """The code of the error."""
        return str(self.refused["code"])


VISITOR = Whom(WHO, REFUSED)
Door = Callable[[int, str, Whom], AbstractAsyncContextManager[Ear]]


def shown(event: dict[str, Any]) -> str:
    """The text of a message, or another event's name."""
    return str(event.get("text") or event["event"])


@asynccontextmanager
async def by_native(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    async with native(port, **who.hello) as grace:
        await grace.ask("follow", room=room)

        async def take() -> str:
            while not (grace.events or grace.notices):
                await grace._read()
            if grace.events:
                return shown(grace.events.popleft())
            assert grace.notices.popleft() == {
                "notice": "unfollowed",
                "room": room,
                "why": who.refused,
            }
            return ""

        async def again() -> str:
            refused = await grace.refused("follow", room=room, since=0)
            assert await grace.refused("history", room=room) == refused
            assert await grace.refused("signal", room=room, signal="typing") == refused
            assert not grace.events
            return str(refused["code"])

        yield Ear(take, again)


@asynccontextmanager
async def by_plain(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    url, headers = f"ws://127.0.0.1:{port}/?room={room}&{who.query}", who.headers
    async with connect(url, additional_headers=headers) as plain:

        async def take() -> str:
            try:
                return str(await plain.recv())
            except ConnectionClosed as closed:
                if closed.rcvd is None or closed.rcvd.code != Close.SHUT_OUT:
                    raise
                return ""

        async def again() -> str:
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{url}&since=0", additional_headers=headers)
            return str(json.loads(refused.value.response.body or b"")["code"])

        yield Ear(take, again)


async def of_native_frames(
    read: Callable[[], Awaitable[list[Any]]],
    send: Callable[[str], Awaitable[None]],
    room: str,
    who: Whom,
) -> Ear:
    """Someone to whom native frames come over another protocol, and who is following by now."""
    waiting: list[Any] = []

    async def frame(*kinds: str) -> Any:
        while True:
            while not waiting:
                waiting.extend(await read())
            if kinds & (found := waiting.pop(0)).keys():
                return found

    async def take() -> str:
        found = await frame("event", "notice")
        if "event" in found:
            return shown(found)
        assert (found["notice"], found["room"], found["why"]) == ("unfollowed", room, who.refused)
        return ""

    async def again() -> str:
        await send(command("follow", room=room, since=0))
        found = await frame("event", "error")
        return str(found["error"]["code"])

    while (await frame("ok"))["ok"].get("room") != room:
        pass
    return Ear(take, again)


@asynccontextmanager
async def by_sockjs_polls(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        grace = Poller(http)
        await grace.take()
        await grace.send(command("hello", **who.hello), command("follow", room=room))
        yield await of_native_frames(grace.messages, grace.send, room, who)


@asynccontextmanager
async def by_sockjs_stream(transport: str, port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    """One response that goes on for as long as the session does."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        grace = Poller(http)
        async with http.request(METHODS[transport], f"{grace.url}/{transport}") as stream:

            async def read() -> list[Any]:
                while line := (await stream.content.readline()).decode().strip():
                    frame = line.removeprefix("data: ")
                    if frame.startswith("a"):
                        return [json.loads(message) for message in json.loads(frame[1:])]
                    if frame.startswith("c"):
                        raise ConnectionResetError(frame)
                return []

            while (await stream.content.readline()).decode().strip() not in ("o", "data: o"):
                pass
            await grace.send(command("hello", **who.hello), command("follow", room=room))
            yield await of_native_frames(read, grace.send, room, who)


@asynccontextmanager
async def by_sockjs_socket(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    async with connect(f"ws://127.0.0.1:{port}/sockjs/0/{uuid4()}/websocket") as socket:
        assert await socket.recv() == "o"

        async def read() -> list[Any]:
            frame = str(await socket.recv())
            return [json.loads(each) for each in json.loads(frame[1:])] if frame[0] == "a" else []

        async def send(message: str) -> None:
            await socket.send(json.dumps([message]))

        await send(command("hello", **who.hello))
        await send(command("follow", room=room))
        yield await of_native_frames(read, send, room, who)


@asynccontextmanager
async def by_raw_sockjs(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    async with connect(f"ws://127.0.0.1:{port}/sockjs/websocket") as socket:

        async def read() -> list[Any]:
            return [json.loads(await socket.recv())]

        await socket.send(command("hello", **who.hello))
        await socket.send(command("follow", room=room))
        yield await of_native_frames(read, socket.send, room, who)


@asynccontextmanager
async def by_socket_io(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    """The room that it follows by itself: then it is in no room, and is disconnected."""
    async with socket_io(f"http://127.0.0.1:{port}", room=room, **who.hello) as grace:

        async def take() -> str:
            name, content, *_ = (await grace._next(EVENT)).data
            if name == "message":
                return str(content)
            assert (name, content["room"], content["why"]) == ("unfollowed", room, who.refused)
            await grace._next(DISCONNECT)
            return ""

        async def again() -> str:
            await grace.send(SocketIoPacket(CONNECT, {"room": room, "since": 0, **who.hello}))
            return str((await grace._next(CONNECT_ERROR)).data["data"]["code"])

        yield Ear(take, again)


@asynccontextmanager
async def by_socket_io_joined(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    """One of several rooms: it stays connected for the others."""
    async with socket_io(f"http://127.0.0.1:{port}", **who.hello) as grace:
        await grace.ask("follow", {"room": room})

        async def take() -> str:
            while (data := (await grace._next(EVENT)).data)[0] in ("presence", "joined", "receipt"):
                pass
            if data[0] != "unfollowed":
                return shown(data[1])
            assert (data[1]["room"], data[1]["why"]) == (room, who.refused)
            return ""

        async def again() -> str:
            answer = await grace.ask("follow", {"room": room, "since": 0})
            return str(answer["error"]["code"])

        yield Ear(take, again)


@asynccontextmanager
async def by_socket_io_polls(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        path, waiting = "/socket.io/?EIO=4&transport=polling", list[str]()

        async def read(prefix: str) -> Any:
            while True:
                while not waiting:
                    async with http.get(path) as answer:
                        if answer.status != 200:
                            raise ConnectionResetError("the session has ended")
                        waiting.extend((await answer.text()).split("\x1e"))
                if (packet := waiting.pop(0)).startswith(prefix):
                    return json.loads(packet[len(prefix) :] or "null")

        async def send(packet: str) -> None:
            async with http.post(path, data=packet) as answer:
                assert answer.status == 200

        path += "&sid=" + (await read("0"))["sid"]
        auth = json.dumps({"room": room, **who.hello})
        await send(f"40{auth}")
        await read("40")

        async def take() -> str:
            name, content, *_ = await read("42")
            if name == "message":
                return str(content)
            assert (name, content["room"], content["why"]) == ("unfollowed", room, who.refused)
            await read("41")
            return ""

        async def again() -> str:
            await send(f"40{auth}")
            return str((await read("44"))["data"]["code"])

        yield Ear(take, again)


@asynccontextmanager
async def over_http(port: int, who: Whom) -> AsyncIterator[Http]:
    url = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession(url, headers=who.headers) as session:
        yield Http(session, url, who.hello.get("name"))


@asynccontextmanager
async def by_stream(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    async with over_http(port, who) as http, streamed(http, f"/{room}/events") as stream:

        async def take() -> str:
            while (line := await stream.line()) is not None:
                found = json.loads(line[6:]) if line.startswith("data: ") else {}
                if "event" in found:
                    return shown(found)
            return ""

        async def again() -> str:
            headers = {"Accept": "text/event-stream"}
            return (await http.ask("GET", f"/{room}/events?since=0", headers=headers)).code

        yield Ear(take, again)


@asynccontextmanager
async def by_polls(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    async with over_http(port, who) as http:
        since = (await http.ask("GET", f"/{room}/events")).body["head"]
        waiting: list[Any] = []

        async def take() -> str:
            nonlocal since
            while not waiting:
                answer = await http.ask("GET", f"/{room}/events?since={since}&wait=20")
                if answer.status != 200:
                    assert answer.code == who.code
                    return ""
                waiting.extend(answer.body["events"])
            event = waiting.pop(0)
            since = event["seq"]
            return shown(event)

        async def again() -> str:
            codes = {
                (await http.ask("GET", f"/{room}{path}")).code
                for path in ("/events?since=0", "", "/messages", "/state")
            }
            body = {"signal": "typing"}
            codes.add((await http.ask("POST", f"/{room}/signals", body)).code)
            listed = (await http.ask("GET", "?limit=1000")).body["rooms"]
            assert room not in [each["room"] for each in listed]
            (code,) = codes
            return code

        yield Ear(take, again)


@asynccontextmanager
async def by_sdk(port: int, room: str, who: Whom) -> AsyncIterator[Ear]:
    url = f"http://127.0.0.1:{port}"
    hello: dict[str, Any] = {**who.hello}
    async with Client(url, **hello, rules=CLUB_RULES) as grace:
        followed = await grace.follow(room)

        async def take() -> str:
            try:
                event = await anext(followed.stream())
            except hubbub.Refused as refused:
                return "" if refused.code == who.code else refused.code
            return str(getattr(event, "text", type(event).__name__.lower()))

        async def again() -> str:
            with pytest.raises(hubbub.Refused) as refused:
                await grace.follow(room, since=0)
            return refused.value.code

        yield Ear(take, again)


DOORS: dict[str, Door] = {
    "native": by_native,
    "plain": by_plain,
    "sockjs xhr": by_sockjs_polls,
    **{
        f"sockjs {transport}": partial(by_sockjs_stream, transport)
        for transport in METHODS
        if transport not in ("xhr", "xhr_send")
    },
    "sockjs": by_sockjs_socket,
    "raw sockjs": by_raw_sockjs,
    "socket.io": by_socket_io,
    "socket.io, several rooms": by_socket_io_joined,
    "socket.io polls": by_socket_io_polls,
    "stream": by_stream,
    "long polls": by_polls,
    "sdk": by_sdk,
}
ONLY_MESSAGES = {"plain", "socket.io", "socket.io polls"}


async def until(ear: Callable[[], Awaitable[str]], last: str) -> list[str]:
    """What comes up to and with `last`."""
    found = [await ear()]
    while found[-1] != last:
        found.append(await ear())
    return found


async def say(client: Native, *commands: dict[str, Any]) -> None:
    """Send commands without waiting, so that they may come into one commit."""
    for each in commands:
        await client.send(each)


@pytest.mark.parametrize("door", DOORS)
async def test_the_last_one_gets_is_the_event_that_shuts_one_out(
    nodes: Nodes, club: str, door: str
) -> None:
    async with (
        native(nodes.here, "ada") as ada,
        native(nodes.there, "mary") as mary,
    ):
        await ada.ask("post", room=club, text="first")
        async with DOORS[door](nodes.there, club, VISITOR) as grace:
            await mary.ask("follow", room=club)
            await ada.ask("post", room=club, text="hello")
            await until(grace.next, "hello")
            out = {"do": "shut_out", "room": club, "who": GRACE.id}
            before, after = (
                {"do": "post", "room": club, "text": text} for text in ("before", "after")
            )
            await say(ada, before, out, after)
            heard = await until(grace.next, "")
            told = ["excluded"] if door not in ONLY_MESSAGES else []
            if door == "long polls" and len(heard) == 2:
                told = []  # the event came between two of them: the next one is refused
            assert heard == ["before", *told, ""]
            assert await grace.again() == "not_found"
        undisturbed = [shown(await mary.event()) for _ in range(4)]
        assert undisturbed == ["hello", "before", "excluded", "after"]


async def test_who_is_let_in_again_follows_from_where_they_were(nodes: Nodes, club: str) -> None:
    async with native(nodes.here, "ada") as ada, native(nodes.there, **WHO) as grace:
        await ada.ask("post", room=club, text="1")
        await grace.ask("follow", room=club)
        whom = {"room": club, "who": GRACE.id}
        out, let_in = {"do": "shut_out", **whom}, {"do": "let_in", **whom}
        await say(ada, out, {"do": "post", "room": club, "text": "2"}, let_in)
        assert shown(await grace.event()) == "excluded"
        while not grace.notices:
            await grace._read()
        # Where events travel by the store, the next node may learn a moment later that she is let in.
        while "ok" not in (answer := await grace._answered("follow", {"room": club, "since": 2})):
            assert answer["error"] == REFUSED
        await ada.ask("post", room=club, text="3")
        assert [shown(await grace.event()) for _ in range(3)] == ["2", "included", "3"]
