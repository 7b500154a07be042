"""The programs of tutorials, as they stand in them: they talk to each other, and see every line."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import websocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from tests.integration.native import Native
from tests.integration.programs import Program, program
from tests.integration.raw import TEXT, WAIT_SECONDS, connected, frame, opened
from tests.support.server import Server

PAGE = "http://localhost:3000"
LINES = [
    "hello",
    "",
    "  indented, with a tab\tand spaces at the end  ",
    "Grüße, 世界 👩‍👩‍👧 שלום",
    '{"id": 1, "do": "post"}',
    "<script>alert('hi')</script>",
    "x" * 10_000,
]


def url_of(server: Server, room: str) -> str:
    return f"ws://127.0.0.1:{server.port}/?room={quote(room)}"


@asynccontextmanager
async def talking(server: Server, room: str) -> AsyncIterator[tuple[Program, Program]]:
    """Two of the tutorial's clients, both connected."""
    url = url_of(server, room)
    async with program("tutorial.js", url) as ada, program("tutorial.js", url, PAGE) as grace:
        assert [await ada.says(), await grace.says()] == ["open", "open"]
        yield ada, grace


async def heard(client: ClientConnection) -> str | bytes:
    async with asyncio.timeout(WAIT_SECONDS):
        return await client.recv()


async def test_two_of_the_tutorials_clients_see_every_line_verbatim_their_own_too(
    shared_server: Server,
) -> None:
    async with talking(shared_server, "tutorial") as (ada, grace):
        for number, line in enumerate(LINES):
            (ada, grace)[number % 2].tell(line)
            assert [await ada.hears(), await grace.hears()] == [line, line]


async def test_the_tutorials_url_without_room_or_path_is_the_lobby(tmp_path: Path) -> None:
    """And `localhost` is reached, whichever loopback the client tries first."""
    async with Server(tmp_path / "data", "--host", "localhost") as server:
        url = f"ws://localhost:{server.port}"
        async with program("tutorial.js", url) as ada, connect(f"{url}/?room=lobby") as grace:
            assert await ada.says() == "open"
            await grace.send("hello")
            assert await ada.hears() == "hello"
        for address in loopbacks():
            async with connected(server.port, address) as raw:
                response = await raw.request("GET /healthz HTTP/1.1", {"Host": "localhost"})
                assert response.status == 200, address


def loopbacks() -> list[str]:
    """The loopback addresses that this machine has."""
    return ["127.0.0.1", *(["::1"] if has_ipv6_loopback() else [])]


def has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("protocol", ["", "echo-protocol"])
async def test_the_client_of_npm_websocket_joins_with_and_without_a_subprotocol(
    shared_server: Server, protocol: str
) -> None:
    url = url_of(shared_server, f"npm-websocket-{protocol}")
    async with (
        program("websocket_client.js", url, protocol) as client,
        connect(url) as other,
    ):
        assert await client.says() == f"open {protocol or 'undefined'}"
        client.tell("from npm")
        assert [await client.hears(), await heard(other)] == ["from npm", "from npm"]
        await other.send("from Python")
        assert [await client.hears(), await heard(other)] == ["from Python", "from Python"]
        client.tell("0x00ff80")
        assert await client.says() == "binary 00ff80"
        assert await heard(other) == b"\x00\xff\x80"
        await other.send(b"")
        assert await client.says() == "binary "
        client.leave()
        assert await client.says() == "closed 1000"
        assert await client.ended() == 0


async def test_w3cwebsocket_joins_as_a_browser_does(shared_server: Server) -> None:
    url = url_of(shared_server, "w3c")
    async with (
        program("w3c.js", url, "echo-protocol", PAGE) as client,
        connect(url, origin=Origin(PAGE)) as other,
    ):
        assert await client.says() == "open echo-protocol"
        client.tell("grüß dich")
        assert [await client.hears(), await heard(other)] == ["grüß dich", "grüß dich"]
        await other.send(b"\x01\x02")
        assert await client.says() == "binary 0102"
        client.leave()
        assert await client.says() == "closed 1000 cleanly"


async def test_rooms_do_not_hear_each_other(shared_server: Server) -> None:
    one, two = url_of(shared_server, "one"), url_of(shared_server, "two")
    async with connect(one) as ada, connect(two) as grace:
        await grace.send("in two")
        assert await heard(grace) == "in two"
        await ada.send("in one")
        assert await heard(ada) == "in one"


async def test_who_comes_later_sees_only_what_is_new(shared_server: Server) -> None:
    url = url_of(shared_server, "later")
    async with connect(url) as ada:
        await ada.send("early")
        assert await heard(ada) == "early"
        async with connect(url) as grace:
            await ada.send("late")
            assert await heard(grace) == "late"


async def test_a_plain_client_can_resume_from_a_position(shared_server: Server) -> None:
    url = url_of(shared_server, "resume")
    async with connect(url) as ada:
        for n in range(5):
            await ada.send(str(n))
            await heard(ada)
    async with connect(f"{url}&since=2") as ada:
        await ada.send("new")
        assert [await heard(ada) for _ in range(4)] == ["2", "3", "4", "new"]


async def test_native_clients_see_what_plain_ones_say(
    shared_server: Server, ada: Native, room: str
) -> None:
    await ada.ask("join", room=room)
    async with connect(f"{url_of(shared_server, room)}&name=joan") as plain:
        await plain.send("a text")
        await plain.send(b"\x00\xff")
        text, binary = await ada.event(), await ada.event()
        assert (text["by"], text["seq"], text["text"]) == ("joan", 1, "a text")
        assert (binary["by"], binary["seq"], binary["bytes"]) == ("joan", 2, "AP8=")


async def test_plain_clients_hear_the_messages_of_others_and_nothing_else(
    shared_server: Server, mary: Native, room: str
) -> None:
    async with connect(url_of(shared_server, room)) as plain:
        await mary.ask("post", room=room, text="frist")
        await mary.ask("edit", room=room, seq=1, text="first")
        await mary.ask("react", room=room, seq=1, emoji="👍")
        await mary.ask("signal", room=room, key="place", value=1)
        await mary.ask("patch", room=room, patch={"a": 1})
        await mary.ask("delete", room=room, seq=1)
        await mary.ask("post", room=room, bytes="AP8=")
        assert [await heard(plain), await heard(plain)] == ["frist", b"\x00\xff"]


async def test_the_largest_message_is_passed_on_and_a_larger_one_refused(
    shared_server: Server, room: str
) -> None:
    async with connect(url_of(shared_server, room)) as plain:
        await plain.send("x" * 65_536)
        assert await heard(plain) == "x" * 65_536
        await plain.send("x" * 65_537)
        with pytest.raises(ConnectionClosed) as closed:
            await heard(plain)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    "sent, code",
    [(frame(TEXT, b"hi", mask=None), 1002), (frame(TEXT, b"\xff"), 1007), (frame(3), 1002)],
    ids=["unmasked", "not UTF-8", "a reserved opcode"],
)
async def test_a_broken_frame_closes_and_is_passed_on_to_nobody(
    shared_server: Server, room: str, sent: bytes, code: int
) -> None:
    async with (
        connect(url_of(shared_server, room)) as other,
        opened(shared_server.port, f"/?room={quote(room)}") as raw,
    ):
        raw.send(frame(TEXT, b"before") + sent + frame(TEXT, b"after"))
        assert await raw.close_code() == code
        await other.send("next")
        assert [await heard(other), await heard(other)] == ["before", "next"]


# --- closing ---


async def test_a_client_that_closes_sees_its_own_code_back(shared_server: Server) -> None:
    async with talking(shared_server, "closing") as (ada, grace):
        ada.leave()
        assert await ada.says() == "closed 1000 cleanly"
        assert await ada.ended() == 0
        grace.tell("still here")
        assert await grace.hears() == "still here"


async def test_what_is_sent_right_before_a_close_is_posted(shared_server: Server) -> None:
    async with talking(shared_server, "last-words") as (ada, grace):
        ada.tell("last words")
        ada.leave()
        assert await grace.hears() == "last words"


async def test_a_server_that_stops_tells_everyone_to_come_back(tmp_path: Path) -> None:
    async with Server(tmp_path / "data") as server, talking(server, "lobby") as (ada, grace):
        url = f"ws://127.0.0.1:{server.port}"
        async with connect(url) as python, program("websocket_client.js", url) as joan:
            assert await joan.says() == "open undefined"
            threaded = await asyncio.to_thread(websocket.create_connection, url, WAIT_SECONDS)
            frames = asyncio.create_task(asyncio.to_thread(frames_of, threaded))
            ada.tell("before")
            for client in (ada, grace, joan):
                assert await client.hears() == "before"
            assert await server.terminate() == 0
            assert await frames == ["before", 1012]
            assert await joan.says() == "closed 1012"
            assert await heard(python) == "before"
            with pytest.raises(ConnectionClosed) as closed:
                await heard(python)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        assert await ada.says() == "closed 1012 cleanly"
        assert await grace.says() == "closed 1012 cleanly"


def frames_of(client: websocket.WebSocket) -> list[str | int]:
    """The texts that come, and the code that the server closes with."""
    frames: list[str | int] = []
    with ExitStack() as stack:
        stack.callback(client.shutdown)  # its close() does nothing after a close frame
        while (frame := client.recv_data())[0] == websocket.ABNF.OPCODE_TEXT:
            frames.append(frame[1].decode())
    return [*frames, int.from_bytes(frame[1][:2])]


async def test_a_server_that_is_killed_closes_nobody_cleanly(tmp_path: Path) -> None:
    """So that the tests above can fail."""
    async with Server(tmp_path / "data") as server, talking(server, "lobby") as (ada, _):
        await server.kill()
        assert await ada.says() == "closed 1006 not cleanly"
