"""As thousand.js, with PyPI's websocket-client, or with websockets as it is without asyncio."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import websocket
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

library, url, mode, name = sys.argv[1:5]
lines, total = int(sys.argv[5]), int(sys.argv[6])
WINDOW = 20


def tell(**said: Any) -> None:
    print(json.dumps(said), flush=True)


class WebSocketClient:
    """websocket-client."""

    def __init__(self) -> None:
        self._socket = websocket.create_connection(url, timeout=20)
        self.send: Callable[[str], object] = self._socket.send

    def receive(self) -> str:
        text = self._socket.recv()
        assert isinstance(text, str)
        return text

    def close(self) -> int:
        """Begin to close; returns the code of the answer."""
        self._socket.send_close(1000, b"bye")
        opcode, data = 0, b""
        while opcode != websocket.ABNF.OPCODE_CLOSE:
            opcode, data = self._socket.recv_data(control_frame=True)
        return int.from_bytes(data[:2])


class WebSockets:
    """websockets."""

    def __init__(self) -> None:
        self._socket = connect(url).__enter__()
        self.send: Callable[[str], object] = self._socket.send

    def receive(self) -> str:
        text = self._socket.recv(timeout=20)
        assert isinstance(text, str)
        return text

    def close(self) -> int:
        """Begin to close; returns the code of the answer."""
        self._socket.close(1000, "bye")
        assert self._socket.protocol.close_rcvd is not None
        return self._socket.protocol.close_rcvd.code


CUT = (OSError, EOFError, ConnectionClosed, websocket.WebSocketException)
Client = WebSocketClient | WebSockets


class Chat:
    """What was said and heard so far, through all connections."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._spoken = 0
        self._since = 0
        self._unanswered: dict[int, str] = {}

    def visit(self, client: Client) -> None:
        """Say and hear what is left."""
        if mode == "native":
            client.send(json.dumps({"id": 0, "do": "join", "room": "lobby", "since": self._since}))
            assert json.loads(client.receive())["ok"]["mode"] == "resumed"
            for command in self._unanswered.values():
                client.send(command)
        tell(open=mode)
        if not self._spoken:
            sys.stdin.readline()
        while len(self.heard) < total or self._unanswered:
            self._speak(client)
            before = len(self.heard)
            self._take(client.receive())
            if before < total // 3 <= len(self.heard):
                tell(third=True)

    def _speak(self, client: Client) -> None:
        while self._spoken < lines and len(self._unanswered) < WINDOW:
            self._spoken += 1
            text = f"{name} {self._spoken}"
            if mode == "plain":
                client.send(text)
                continue
            post = {"do": "post", "room": "lobby", "text": text, "client_message_id": text}
            self._unanswered[self._spoken] = json.dumps({"id": self._spoken} | post)
            client.send(self._unanswered[self._spoken])

    def _take(self, received: str) -> None:
        if mode == "plain":
            self.heard.append(received)
            return
        frame = json.loads(received)
        if frame.get("event") == "posted":
            self.heard.append(frame["text"])
            self._since = frame["seq"]
        elif frame.get("re"):
            assert "ok" in frame, frame
            self._unanswered.pop(frame["re"])


def main() -> None:
    chat = Chat()
    while True:
        try:
            client: Client = WebSockets() if library == "websockets" else WebSocketClient()
            chat.visit(client)
            return tell(heard=chat.heard, code=client.close(), clean=True)
        except CUT:
            time.sleep(0.05)


main()
