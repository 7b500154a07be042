"""permessage-deflate (RFC 7692) on a server that was told to: clients that offer it, those that don't, and bombs."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from hubbub.protocol.foreign.deflate import compressed
from tests.integration.native import Native, native
from tests.integration.programs import program
from tests.integration.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    WAIT_SECONDS,
    Raw,
    frame,
    opened,
)
from tests.support.server import Server

OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
LIMIT = 65_536
RSV1 = 4
WORDS = "the more often something is said, the less of it there is to send; " * 10


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with Server(tmp_path_factory.mktemp("data"), "--compress") as server:
        yield server


def ws(server: Server, path: str) -> str:
    return f"ws://127.0.0.1:{server.port}{path}"


async def bytes_for(raw: Raw, text: str) -> int:
    """How many bytes the server sends for a message of this text."""
    first, second = await raw.exactly(2)
    size = second if second < 126 else int.from_bytes(await raw.exactly(2))
    payload = await raw.exactly(size)
    if first & 0x40:
        payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
    assert payload.decode() == text
    return size


async def test_only_who_offers_it_gets_it_and_everyone_reads_the_same(server: Server) -> None:
    async with (
        opened(server.port, "/?room=mixed", **OFFER) as small,
        opened(server.port, "/?room=mixed") as large,
        connect(ws(server, "/?room=mixed")) as library,
        program("tutorial.js", ws(server, "/?room=mixed")) as tutorial,
    ):
        assert await tutorial.says() == "open"
        for text in (WORDS, "short", WORDS + "again"):
            await library.send(text)
            assert await bytes_for(large, text) == len(text)
            assert (await bytes_for(small, text) < len(text) / 4) == (text != "short")
            assert await library.recv() == text
            assert await tutorial.hears() == text
        tutorial.tell(WORDS)  # ws compresses what is longer than 1,024 bytes, and this not
        tutorial.tell(WORDS * 3)
        assert [await library.recv(), await library.recv()] == [WORDS, WORDS * 3]
        tutorial.leave()
        assert (await tutorial.hears(), await tutorial.hears()) == (WORDS, WORDS * 3)
        assert await tutorial.says() == "closed 1000 cleanly"


async def test_without_the_option_nothing_is_agreed_upon(shared_server: Server) -> None:
    async with connect(ws(shared_server, "/ws")) as client:
        assert client.protocol.extensions == []
        assert client.response is not None
        assert "Sec-WebSocket-Extensions" not in client.response.headers


@pytest.mark.parametrize("bits", [12, 15])
async def test_a_client_may_bound_the_window(server: Server, bits: int) -> None:
    offer = ClientPerMessageDeflateFactory(
        server_max_window_bits=bits, client_max_window_bits=9, client_no_context_takeover=True
    )
    async with connect(ws(server, "/echo"), extensions=[offer]) as client:
        assert client.response is not None
        given = client.response.headers["Sec-WebSocket-Extensions"]
        assert given == f"{AGREED}; server_max_window_bits={bits}"
        for said in (WORDS * 50, WORDS.encode(), "", "x" * LIMIT):
            await client.send(said)
            assert await client.recv() == said


async def talked(ada: Native, grace: Native, room: str) -> list[str]:
    await ada.ask("join", room=room)
    await grace.ask("join", room=room)
    for number in range(50):
        await ada.ask("post", room=room, text=f"{number} {WORDS}")
    return [(await grace.event())["text"] for _ in range(50)]


async def test_replies_pages_and_events_are_compressed_on_a_native_connection(
    server: Server,
) -> None:
    async with native(server.port) as ada, native(server.port) as grace:
        assert await talked(ada, grace, "pages") == [f"{n} {WORDS}" for n in range(50)]
        missed = await grace.ask("history", room="pages", limit=50)
        assert [m["text"] for m in missed["messages"]] == [f"{n} {WORDS}" for n in range(50)]
    join = {"id": 1, "do": "join", "room": "pages", "since": 0, "epoch": missed["epoch"]}
    async with opened(server.port, "/ws", **OFFER) as raw:
        raw.send(frame(TEXT, json.dumps(join).encode()))
        await raw.frame()
        total = 0
        for number in range(50):
            first, second = await raw.exactly(2)
            size = second if second < 126 else int.from_bytes(await raw.exactly(2))
            assert first & 0x40 and size < 400
            payload = zlib.decompressobj(-15).decompress(await raw.exactly(size) + b"\0\0\xff\xff")
            assert json.loads(payload)["text"] == f"{number} {WORDS}"
            total += size


WRONG = {
    "a bomb": (frame(TEXT, zlib.compress(bytes(10**7), 9, -15), reserved=RSV1), 1009),
    "one byte too many": (frame(TEXT, compressed(b"x" * (LIMIT + 1)), reserved=RSV1), 1009),
    "no deflate at all": (frame(TEXT, b"\xff\xff\xff", reserved=RSV1), 1007),
    "no UTF-8 in it": (frame(TEXT, compressed(b"\xff\xfe"), reserved=RSV1), 1007),
    "no UTF-8 and not compressed": (frame(TEXT, b"\xff\xfe"), 1007),
    "a compressed ping": (frame(PING, b"", reserved=RSV1), 1002),
    "the bit on a later fragment": (
        frame(TEXT, b"a", is_final=False) + frame(CONTINUATION, b"b", reserved=RSV1),
        1002,
    ),
    "another reserved bit": (frame(TEXT, b"a", reserved=2), 1002),
    "an unmasked frame": (frame(TEXT, compressed(b"a"), reserved=RSV1, mask=None), 1002),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("door", ["/", "/ws", "/echo"])
async def test_a_wrong_compressed_frame_ends_the_connection(
    server: Server, door: str, wrong: tuple[bytes, int]
) -> None:
    sent, code = wrong
    async with opened(server.port, door, **OFFER) as raw:
        raw.send(sent)
        assert await raw.close_code() == code


async def test_a_bit_that_was_not_agreed_upon_is_wrong(server: Server) -> None:
    async with opened(server.port, "/echo") as raw:
        raw.send(frame(TEXT, compressed(b"a"), reserved=RSV1))
        assert await raw.close_code() == 1002


async def test_messages_come_in_any_mixture(server: Server) -> None:
    """Compressed or not, in fragments with pings between, many at once and byte by byte."""
    small = compressed(WORDS.encode())
    sent = (
        frame(TEXT, small, reserved=RSV1)
        + frame(TEXT, b"as it is")
        + frame(BINARY, small[:9], reserved=RSV1, is_final=False)
        + frame(PING, b"!")
        + frame(CONTINUATION, small[9:])
        + frame(TEXT, compressed(b""), reserved=RSV1)
    )
    for size in (len(sent), 1, 7):
        async with opened(server.port, "/echo", **OFFER) as raw:
            for at in range(0, len(sent), size):
                raw.send(sent[at : at + size])
                await asyncio.sleep(0)
            assert await bytes_for(raw, WORDS) < 200
            assert await bytes_for(raw, "as it is") == 8
            assert (await raw.frame()).payload == b"!"
            assert await bytes_for(raw, WORDS) < 200
            assert await bytes_for(raw, "") == 0
            raw.send(frame(CLOSE, b"\x03\xe8"))
            assert await raw.close_code() == 1000


async def test_many_bombs_are_told_one_by_one(server: Server) -> None:
    """Each is cut off at the bound, and its sender is out."""
    bomb = frame(TEXT, zlib.compress(bytes(10**7), 9, -15), reserved=RSV1)

    async def throw() -> int:
        async with opened(server.port, "/ws", **OFFER) as raw:
            raw.send(bomb)
            return await raw.close_code()

    async with asyncio.timeout(WAIT_SECONDS):
        assert set(await asyncio.gather(*[throw() for _ in range(50)])) == {1009}
