"""Everyone in one room, each over the door they have: all see everything, once, in the same order."""

import asyncio
from collections.abc import Awaitable, Callable

from websockets.asyncio.client import ClientConnection, connect

from tests.integration.native import Native, native
from tests.integration.programs import Program, program
from tests.integration.stream import Stream, streamed
from tests.integration.web import Http, over_http
from tests.support.server import Server

EACH = 60
WRITERS = ("ws", "websocket", "python", "native", "curl")
COUNT = EACH * len(WRITERS)


async def test_all_doors_lead_to_the_same_room(shared_server: Server) -> None:
    plain = f"ws://127.0.0.1:{shared_server.port}/?room=mixed"
    async with (
        program("tutorial.js", plain) as ws,
        program("websocket_client.js", plain, "echo-protocol") as websocket,
        connect(plain) as python,
        native(shared_server.port, "ada") as ada,
        over_http(shared_server) as curl,
        streamed(curl, "/mixed/events") as stream,
    ):
        assert [await ws.says(), await websocket.says()] == ["open", "open echo-protocol"]
        await stream.line()
        head = (await ada.ask("join", room="mixed"))["head"]
        assert head == 0
        seen, *_ = await asyncio.gather(
            all_texts(
                reads(ws.hears),
                reads(websocket.hears),
                reads(python.recv),
                ada_texts(ada),
                stream_texts(stream),
                polled_texts(curl),
            ),
            write_lines("ws", ws),
            write_lines("websocket", websocket),
            write_frames("python", python),
            write_commands("native", ada),
            write_requests("curl", curl),
        )
    expected = {f"{writer} {n}" for writer in WRITERS for n in range(EACH)}
    assert len(seen[0]) == COUNT
    assert set(seen[0]) == expected
    for other in seen[1:]:
        assert other == seen[0]
    for writer in WRITERS:
        mine = [text for text in seen[0] if text.startswith(f"{writer} ")]
        assert mine == [f"{writer} {n}" for n in range(EACH)], "its own order is kept"


async def all_texts(*readers: Awaitable[list[str]]) -> list[list[str]]:
    return list(await asyncio.gather(*readers))


async def reads(hear: Callable[[], Awaitable[str | bytes]]) -> list[str]:
    return [str(await hear()) for _ in range(COUNT)]


async def ada_texts(ada: Native) -> list[str]:
    events = [await ada.event() for _ in range(COUNT)]
    assert [event["seq"] for event in events] == list(range(1, COUNT + 1))
    return [event["text"] for event in events]


async def stream_texts(stream: Stream) -> list[str]:
    events = [await stream.event() for _ in range(COUNT)]
    assert [event.seq for event in events] == list(range(1, COUNT + 1))
    return [event.data["text"] for event in events]


async def polled_texts(curl: Http) -> list[str]:
    texts: list[str] = []
    while len(texts) < COUNT:
        page = await curl.get(f"/mixed/events?since={len(texts)}&wait=10&limit=7")
        texts += [event["text"] for event in page["events"]]
    return texts


async def write_lines(writer: str, client: Program) -> None:
    for n in range(EACH):
        client.tell(f"{writer} {n}")
        await asyncio.sleep(0)


async def write_frames(writer: str, client: ClientConnection) -> None:
    for n in range(EACH):
        await client.send(f"{writer} {n}")


async def write_commands(writer: str, client: Native) -> None:
    for n in range(EACH):
        await client.send({"do": "post", "room": "mixed", "text": f"{writer} {n}"})


async def write_requests(writer: str, curl: Http) -> None:
    for n in range(EACH):
        await curl.post("mixed", f"{writer} {n}")
