"""hubbub over Socket.IO: commands and their acknowledgements, events under their names, everything else relayed."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from hubbub.protocol.foreign import socketio
from hubbub.protocol.foreign.socketio import (
    ACK,
    CONNECT,
    CONNECT_ERROR,
    EVENT,
    Decoder,
    SocketIoPacket,
)
from tests.integration.native import native
from tests.support.server import Server
from tests.support.waiting import under_way


class Client:
    """A Socket.IO client in the main namespace, written from the protocol's description."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._decoder = Decoder()
        self._packets: deque[SocketIoPacket] = deque()
        self.greeting: Any = None
        self._last_ack = 0

    async def send(self, packet: SocketIoPacket) -> None:
        for message in socketio.encode(packet):
            if isinstance(message, bytes):
                await self._socket.send_bytes(message)
            else:
                await self._socket.send_str("4" + message)

    async def emit(self, name: str, *arguments: Any) -> None:
        await self.send(SocketIoPacket(EVENT, [name, *arguments]))

    async def ask(self, name: str, *arguments: Any) -> Any:
        """Emit, and wait for the acknowledgement's argument."""
        self._last_ack += 1
        await self.send(SocketIoPacket(EVENT, [name, *arguments], id=self._last_ack))
        packet = await self._next(ACK)
        assert packet.id == self._last_ack
        (answer,) = packet.data
        return answer

    async def heard(self, name: str) -> list[Any]:
        """The arguments of the next event of a name; others are passed over."""
        while (packet := await self._next(EVENT)).data[0] != name:
            pass
        return list(packet.data[1:])

    async def packet(self) -> SocketIoPacket:
        """The next packet, whatever it is."""
        return self._packets.popleft() if self._packets else await self._read()

    async def _next(self, kind: int) -> SocketIoPacket:
        for packet in self._packets:
            if packet.kind == kind:
                self._packets.remove(packet)
                return packet
        while (packet := await self._read()).kind != kind:
            self._packets.append(packet)
        return packet

    async def _read(self) -> SocketIoPacket:
        while True:
            message = await self._socket.receive(timeout=10)
            if message.type is aiohttp.WSMsgType.CLOSE:
                raise ConnectionResetError("the server has closed")
            assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
            data = message.data
            if data == "2":
                await self._socket.send_str("3")
            elif isinstance(data, bytes) or data[0] == "4":
                packet = self._decoder.feed(data if isinstance(data, bytes) else data[1:])
                if packet is not None:
                    return packet


@asynccontextmanager
async def socket_io(server: Server | str, **auth: Any) -> AsyncIterator[Client]:
    """A client that has connected to a server or an address; what it was greeted with is in `greeting`."""
    address = server if isinstance(server, str) else server.url
    url = f"{address}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        client = Client(socket)
        await client.send(SocketIoPacket(CONNECT, auth))
        packet = await client.packet()
        client.greeting = packet
        yield client


async def test_a_message_goes_to_everyone_under_its_own_name(
    shared_server: Server, room: str
) -> None:
    async with (
        socket_io(shared_server, room=room, name="ada") as ada,
        socket_io(shared_server, room=room, name="grace") as grace,
        native(shared_server.port, "joan") as joan,
    ):
        await joan.ask("join", room=room)
        await ada.emit("chat message", "hi")
        assert await ada.heard("chat message") == ["hi", "1"]
        assert await grace.heard("chat message") == ["hi", "1"]
        event = await joan.event()
        assert (event["by"], event["text"], event["emitted_as"]) == ("ada", "hi", "chat message")
        await joan.ask("post", room=room, text="hello")
        assert await grace.heard("message") == ["hello", "2"]


async def test_any_arguments_are_kept_verbatim_bytes_too(shared_server: Server, room: str) -> None:
    arguments = [1, {"deep": [b"\0\1", None]}, "text", b"\2"]
    async with socket_io(shared_server, room=room) as ada:
        await ada.emit("stroke", *arguments)
        assert await ada.heard("stroke") == [*arguments, "1"]
    async with socket_io(shared_server, room=room, since=0) as later:
        assert await later.heard("stroke") == [*arguments, "1"]
    async with native(shared_server.port) as joan:
        snapshot = await joan.ask("join", room=room)
        (message,) = snapshot["messages"]
        assert message["attachments"] == ["AAE=", "Ag=="]
        assert message["arguments"][1]["deep"][0] == {"_placeholder": True, "num": 0}


async def test_a_relayed_event_is_acknowledged_when_it_is_durable(
    shared_server: Server, room: str
) -> None:
    async with socket_io(shared_server, room=room) as ada:
        answer = await ada.ask("chat message", "hi")
        assert answer["ok"]["seq"] == 1


@pytest.mark.parametrize("follow, unfollow", [("join", "leave"), ("follow", "unfollow")])
async def test_commands_are_acknowledged_with_their_replies(
    shared_server: Server, room: str, follow: str, unfollow: str
) -> None:
    async with socket_io(shared_server, name="ada") as ada:
        joined = await ada.ask(follow, {"room": room})
        assert (joined["ok"]["mode"], joined["ok"]["head"]) == ("snapshot", 0)
        assert await ada.heard("joined") == ["several"]
        posted = await ada.ask("post", {"room": room, "text": "hi", "client_message_id": "a"})
        assert posted["ok"]["seq"] == 1
        (event,) = await ada.heard("posted")
        assert (event["seq"], event["text"], event["by"]) == (1, "hi", "ada")
        again = await ada.ask("post", {"room": room, "text": "hi", "client_message_id": "a"})
        assert again["ok"]["duplicate"] is True
        await ada.ask("patch", {"room": room, "patch": {"topic": "tea"}})
        assert (await ada.heard("patched"))[0]["patch"] == {"topic": "tea"}
        page = await ada.ask("history", {"room": room})
        assert [message["seq"] for message in page["ok"]["messages"]] == [1]
        await ada.ask("signal", {"room": room, "key": "k", "value": 1})
        assert (await ada.heard("value"))[0]["value"] == 1
        assert (await ada.ask(unfollow, {"room": room}))["ok"] == {"room": room}


async def test_who_resumes_gets_what_was_missed(shared_server: Server, room: str) -> None:
    async with native(shared_server.port) as joan:
        for n in range(3):
            await joan.ask("post", room=room, text=str(n))
    async with socket_io(shared_server) as ada:
        joined = await ada.ask("join", {"room": room, "since": 1})
        assert (joined["ok"]["mode"], joined["ok"]["missed"]) == ("resumed", 2)
        assert [(await ada.heard("posted"))[0]["text"] for _ in range(2)] == ["1", "2"]


async def test_a_refused_command_says_why(shared_server: Server, room: str) -> None:
    async with socket_io(shared_server) as ada:
        answer = await ada.ask("edit", {"room": room, "seq": 7, "text": "x"})
        assert answer["error"]["code"] == "not_found"
        assert (await ada.ask("post", {"room": room}))["error"]["code"] == "bad_request"
        assert (await ada.ask("post", "no object"))["error"]["code"] == "bad_request"
        assert (await ada.ask("patch", {"room": room, "patch": b"x"}))["error"][
            "code"
        ] == "bad_request"
        await ada.emit("edit", {"room": room, "seq": 7, "text": "x"})
        assert (await ada.heard("error"))[0]["code"] == "not_found"


async def test_after_twenty_bad_commands_it_ends(shared_server: Server) -> None:
    async with socket_io(shared_server) as ada:
        for _ in range(20):
            await ada.emit("post", 1)
        while (packet := await ada.packet()).kind is EVENT and packet.data[0] != "error":
            pass
        for _ in range(19):
            assert (await ada.packet()).data[0] == "error"
        with pytest.raises(ConnectionError):
            await ada.packet()


@pytest.mark.parametrize(
    "auth, code",
    [
        ({"token": "hubbub_wrong"}, "unauthenticated"),
        ({"name": " "}, "bad_request"),
        ({"name": 1}, "bad_request"),
        ({"room": "a b"}, "bad_request"),
        ({"room": 1}, "bad_request"),
        ({"since": 10**6}, "bad_position"),
        ({"since": "x"}, "bad_request"),
    ],
)
async def test_who_may_not_come_in_is_told_why(
    shared_server: Server, auth: dict[str, Any], code: str
) -> None:
    async with socket_io(shared_server, **auth) as client:
        assert client.greeting.kind == CONNECT_ERROR
        assert client.greeting.data["data"]["code"] == code


async def test_recovery_goes_on_from_the_offset_or_says_that_it_can_not(
    shared_server: Server, room: str
) -> None:
    async with socket_io(shared_server, room=room) as ada:
        pid = ada.greeting.data["pid"]
        for n in range(3):
            await ada.ask("chat message", str(n))
    async with socket_io(shared_server, room=room, pid=pid, offset="1") as again:
        assert again.greeting.data["pid"] == pid
        assert [await again.heard("chat message") for _ in range(2)] == [["1", "2"], ["2", "3"]]
    for offset in ("several", None, "x", "99"):
        async with socket_io(shared_server, room=room, pid=pid, offset=offset) as lost:
            if offset == "99":
                assert lost.greeting.kind == CONNECT_ERROR
            else:
                assert lost.greeting.data["pid"] != pid
    async with socket_io(shared_server, room=room, pid="of another log", offset="1") as other:
        assert other.greeting.data["pid"] not in {pid, "of another log"}


async def test_recovery_before_the_first_event_goes_on_from_where_the_client_began(
    shared_server: Server, room: str
) -> None:
    """Socket.IO's clients say no offset then."""
    async with socket_io(shared_server, room=room) as early:
        pid = early.greeting.data["pid"]
    async with socket_io(shared_server, room=room) as ada:
        await ada.ask("chat message", "while away")
    async with socket_io(shared_server, room=room, pid=pid) as again:
        assert again.greeting.data["pid"] == pid
        assert (await again.heard("chat message"))[0] == "while away"
    async with socket_io(shared_server, room=f"{room}-2"[-64:], pid=pid, offset="1") as elsewhere:
        assert elsewhere.greeting.data["pid"] != pid


async def test_of_one_who_joins_more_rooms_no_offset_tells_half_the_truth(
    shared_server: Server, room: str
) -> None:
    async with socket_io(shared_server, room=room) as ada:
        await ada.ask("join", {"room": f"{room}-2"[-64:]})
        assert await ada.heard("joined") == ["several"]
        await ada.emit("chat message", "hi")
        assert await ada.heard("chat message") == ["hi"]


async def test_a_page_of_an_allowed_origin_may_poll_across_origins(tmp_path: Any) -> None:
    origin = "https://app.example"
    async with (
        Server(tmp_path / "data", "--allow-origin", origin) as server,
        aiohttp.ClientSession(server.url) as http,
    ):
        path = "/socket.io/?EIO=4&transport=polling"
        async with http.get(path, headers={"Origin": origin}) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"
            assert "Origin" in answer.headers["Vary"]
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        asked["Access-Control-Request-Headers"] = "content-type"
        for door in (path, "/api/v1/rooms/lobby/messages"):
            async with http.options(door, headers=asked) as answer:
                assert answer.status == 204
                assert answer.headers["Access-Control-Allow-Origin"] == origin
                assert "POST" in answer.headers["Access-Control-Allow-Methods"]
                assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()
        asked["Origin"] = "https://evil.example"
        async with http.options(path, headers=asked) as answer:
            assert answer.status == 403
            assert "Access-Control-Allow-Origin" not in answer.headers
        async with http.get(path) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_stop_is_told_and_a_poll_is_let_go(server: Server) -> None:
    async with socket_io(server) as ada, aiohttp.ClientSession(server.url) as http:
        path = "/socket.io/?EIO=4&transport=polling"

        async def poll(sid: str = "") -> str:
            async with http.get(path, params={"sid": sid} if sid else {}) as answer:
                return await answer.text()

        sid = json.loads((await poll())[1:])["sid"]
        polling = await under_way(poll(sid), http)
        stopping = asyncio.create_task(server.terminate())
        (closing,) = await ada.heard("closing")
        assert closing["reason"] == "restarting"
        assert await polling == "1"
        await stopping
